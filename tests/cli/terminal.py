"""A pseudo terminal with a process in it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).parents[2]
ROWS, COLUMNS = 24, 80
PATIENCE_S = 60


class Terminal:
    """A process in a terminal, and all that scrolled through it.

    Args:
        size: Rows and columns.
        new: Nobody has ever set a model, so that one is offered.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (ROWS, COLUMNS),
        new: bool = False,
        **environment: str,
    ) -> None:
        program, *rest = command
        self._columns = size[1]
        env = {
            name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")
        }
        if not new and not (Path(env["AGOT_HOME"]) / "config.toml").exists():
            env.setdefault("AGOT_MODEL", "embedded/pico")
        env |= {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | environment
        self.child = pexpect.spawn(program, rest, dimensions=size, env=env, cwd=str(ROOT), timeout=PATIENCE_S)
        self.screen = pyte.HistoryScreen(size[1], size[0], history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""

    def read_until(self, words: str) -> None:
        """Read until the words are on the screen."""
        end_s = time.monotonic() + PATIENCE_S
        while words not in "\n".join(self.screen.display):
            assert time.monotonic() < end_s, f"{words!r} never came:\n" + "\n".join(self.screen.display)
            self._feed()

    def read_while(self, waits: Callable[[], bool]) -> None:
        """Read as long as `waits` returns true."""
        end_s = time.monotonic() + PATIENCE_S
        while waits():
            assert time.monotonic() < end_s, "it never came:\n" + "\n".join(self.screen.display)
            assert self._feed(), "it ended:\n" + "\n".join(self.screen.display)

    def read_all(self) -> int:
        """Read to the end; return the exit code."""
        end_s = time.monotonic() + PATIENCE_S
        while self._feed():
            assert time.monotonic() < end_s, "it never ended:\n" + "\n".join(self.screen.display)
        self.child.close()
        return int(self.child.exitstatus)

    def _feed(self) -> bool:
        try:
            piece = self.child.read_nonblocking(4096, timeout=1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += piece
        self._stream.feed(piece)
        return True

    def lines(self) -> list[str]:
        """Return everything a person could scroll back to."""
        above = [
            "".join(line[column].data for column in range(self._columns)) for line in self.screen.history.top
        ]
        return [line.rstrip() for line in (*above, *self.screen.display)]
