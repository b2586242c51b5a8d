"""Text as it reads: without what steers a terminal, and with one kind of line end."""

from __future__ import annotations

import re
from collections.abc import Callable

CONTROL_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,16}[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]{0,4}[0-~]?"
)
"""Control sequences of ECMA-48: colours, movements, titles, and what is left of such a one."""

_UNFINISHED = re.compile(
    r"(?:(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,16}|\x1b[\]PX^_][^\x07\x1b\x9c]{0,4096}\x1b?|\x1b[ -/]{0,4}|\r)\Z"
)
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_MAY_STEER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Return a text without control sequences and control characters, every line ended by a line feed."""
    if not _MAY_STEER.search(text):
        return text
    return _CONTROL.sub("", _LINE_END.sub("\n", CONTROL_SEQUENCE.sub("", text)))


class PlainStream:
    """Passes a text on piece by piece as `plain` returns it; what may go on as a sequence or line end is held.

    Args:
        pass_on: Is given each piece that is not empty.
    """

    def __init__(self, pass_on: Callable[[str], None]) -> None:
        self._pass_on, self._held = pass_on, ""

    def __call__(self, piece: str) -> None:
        """Take the next piece."""
        text, self._held = self._held + piece, ""
        if _MAY_STEER.search(text) and (open_end := _UNFINISHED.search(text)):
            text, self._held = text[: open_end.start()], text[open_end.start() :]
        if told := plain(text):
            self._pass_on(told)

    def finish(self) -> None:
        """Pass on what is held: nothing follows it."""
        held, self._held = self._held, ""
        if told := plain(held):
            self._pass_on(told)
