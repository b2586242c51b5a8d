"""Asks the person at the terminal whether a tool with side effects may be called."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from agot.cli.view import View
    from agot.tools.tool import ToolRequest

_ANSWERS: dict[str, bool | Literal["always"]] = {
    "": False, "n": False, "no": False, "y": True, "yes": True, "a": "always", "always": "always",
}  # fmt: skip
_LONGEST_LINE_BYTES = 4096


class Asker:
    """Implements `agot.tools.tool.Approve` on the terminal of this process.

    Args:
        view: What draws on the same terminal; it keeps still while a question stands.
    """

    def __init__(self, view: View) -> None:
        self._view = view

    async def __call__(self, request: ToolRequest) -> bool | Literal["always"]:
        """Ask until the answer is one; no answer is a no, and so is the end of the input."""
        # Here and not above: not every platform has it, and few runs ask.
        import termios

        try:
            self._view.pause()
            # What was typed before the question stood there is no answer to it.
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
            sys.stdout.write(f"\n{request.text}\n")
            while True:
                sys.stdout.write(f"Yes, no, or always for {request.tool} in this run? [y/N/a] ")
                sys.stdout.flush()
                answer = _ANSWERS.get((await _line()).strip().casefold())
                if answer is not None:
                    return answer
        except asyncio.CancelledError:
            # The question is taken back; what follows begins on a line of its own.
            sys.stdout.write("\n")
            raise
        finally:
            self._view.resume()


async def _line() -> str:
    """Return what is typed next, at the end of the input nothing; no thread is left waiting if this is cancelled."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()
    descriptor = sys.stdin.fileno()

    def read() -> None:
        if typed.done():
            return
        try:
            typed.set_result(os.read(descriptor, _LONGEST_LINE_BYTES).decode("utf-8", "replace"))
        except OSError as error:
            typed.set_exception(error)

    loop.add_reader(descriptor, read)
    try:
        return await typed
    finally:
        loop.remove_reader(descriptor)
