"""Reading a question from the command line or standard input, and refusing what is none."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from agot.errors import SetupError
from agot.question import LONGEST_QUESTION, checked_question

MAX_BYTES = 64_000_000
"""Read from standard input at most, so that an endless stream ends in a message."""


def read_question(argument: str, stdin: BinaryIO | None = None) -> str:
    """Return the question without surrounding space; `-` reads standard input to its end.

    Raises:
        SetupError: If it is empty, too long, not UTF-8, or holds NUL characters.
    """
    if argument == "-":
        if stdin is None and sys.stdin is None:
            raise SetupError("Standard input is closed. Give the question as an argument.")
        return checked_question(_from_stream(stdin or sys.stdin.buffer))
    return checked_question(_as_typed(argument))


def _as_typed(argument: str) -> str:
    """Return an argument as the UTF-8 that was typed, whatever the locale made of it."""
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeError:
        return argument


def _from_stream(stream: BinaryIO) -> str:
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SetupError(
            f"Standard input has more than {MAX_BYTES:,} bytes; a question may have {LONGEST_QUESTION:,} characters."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SetupError(
            f"Standard input is not valid UTF-8 text: byte {error.start + 1:,} is 0x{data[error.start]:02x}. "
            "Convert it, for instance with iconv."
        ) from None
