"""The live screen in a 24x80 terminal: nothing twice, nothing too tall, a usable end."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pexpect
import pyte
import pytest

from tests.cli.fake import RUN, command

ROOT = Path(__file__).parents[2]
ROWS, COLUMNS = 24, 80


class Terminal:
    """A process in a terminal, and all that scrolled through it."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        program, *rest = command(*arguments)
        env = {
            name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")
        }
        env |= {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | environment
        self.child = pexpect.spawn(
            program, rest, dimensions=(ROWS, COLUMNS), env=env, cwd=str(ROOT), timeout=20
        )
        self.screen = pyte.HistoryScreen(COLUMNS, ROWS, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""

    def read_until(self, words: str) -> None:
        """Read until the words are on the screen."""
        end_s = time.monotonic() + 20
        while words not in "\n".join(self.screen.display):
            assert time.monotonic() < end_s, f"{words!r} never came:\n" + "\n".join(self.screen.display)
            self._feed()

    def read_all(self) -> int:
        """Read to the end; return the exit code."""
        while self._feed():
            pass
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
        above = ["".join(line[column].data for column in range(COLUMNS)) for line in self.screen.history.top]
        return [line.rstrip() for line in (*above, *self.screen.display)]


@pytest.mark.parametrize("count", [3, 30])
def test_each_thought_is_printed_once_and_folds_when_there_are_many(count: int) -> None:
    terminal = Terminal("ask", f"grow {count}")
    assert terminal.read_all() == 0
    text = "\n".join(terminal.lines())
    for index in range(count):
        assert text.count(f"part-0.{index} of it") <= 1
    if count == 3:
        assert text.count("part-0.2 of it") == 1
    assert text.count("verified: arithmetic recomputed, judge 0.93") == 1
    assert text.count(RUN) == 1
    assert "planning ·" not in text and "solving ·" not in text, "the status line is left behind"


def test_live_rows_stay_below_the_limit() -> None:
    terminal = Terminal("ask", "grow 40")
    terminal.read_until("open /")
    shown = [line for line in terminal.screen.display if line.strip()]
    assert len(shown) <= 13
    assert terminal.read_all() == 0


def test_one_ctrl_c_says_so_and_gives_the_partial_answer() -> None:
    terminal = Terminal("ask", "wait")
    terminal.read_until("open /")
    terminal.child.sendintr()
    assert terminal.read_all() == 130
    text = "\n".join(terminal.lines())
    assert "partly" in text and "partial" in text and "Traceback" not in text
    assert b"\x1b[?25h" in terminal.raw, "the cursor is shown again"


def test_two_ctrl_c_leave_the_cursor_visible() -> None:
    terminal = Terminal("ask", "stubborn")
    terminal.read_until("open /")
    terminal.child.sendintr()
    terminal.read_until("stops at once")
    terminal.child.sendintr()
    assert terminal.read_all() == 130
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")


def test_no_color_is_honoured() -> None:
    terminal = Terminal("ask", "grow 3", NO_COLOR="1")
    assert terminal.read_all() == 0
    colours = re.findall(rb"\x1b\[(?:[\d;]*;)?(?:3[0-7]|9[0-7]|38)[\d;]*m", terminal.raw)
    assert colours == []


def test_a_model_cannot_steer_the_terminal() -> None:
    terminal = Terminal("ask", "answer \x1b]0;owned\x07\x1b[2Jgone")
    assert terminal.read_all() == 0
    assert b"\x1b]0;owned" not in terminal.raw and b"\x1b[2J" not in terminal.raw


def test_a_dumb_terminal_gets_lines() -> None:
    terminal = Terminal("ask", "grow 3", TERM="dumb")
    assert terminal.read_all() == 0
    assert b"\x1b[" not in terminal.raw
    assert b"0.2: done -> value-0.2" in terminal.raw
