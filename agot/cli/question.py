"""Reading a question from the command line or standard input, and refusing what is none."""

from __future__ import annotations

import sys
from typing import BinaryIO

from agot.errors import SetupError

MAX_CHARACTERS = 200_000
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
        return checked(_from_stream(stdin or sys.stdin.buffer))
    return checked(argument)


def checked(text: str) -> str:
    """Return a usable question, or say why it is none.

    Raises:
        SetupError: As `read_question`.
    """
    if len(text) > MAX_CHARACTERS:
        raise SetupError(
            f"The question has {len(text):,} characters; at most {MAX_CHARACTERS:,} are accepted. Shorten it."
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise SetupError(
            "The question is not valid UTF-8 text. Convert it, for instance with iconv."
        ) from None
    if "\0" in text:
        raise SetupError(
            f"The question holds a NUL character at position {text.index(chr(0)) + 1:,}. Is it a binary file?"
        )
    question = text.lstrip("\ufeff").strip()
    if not question:
        raise SetupError(
            "The question is empty. Give it as an argument, or - to read it from standard input."
        )
    return question


def _from_stream(stream: BinaryIO) -> str:
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SetupError(
            f"Standard input has more than {MAX_BYTES:,} bytes; a question may have {MAX_CHARACTERS:,} characters."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SetupError(
            f"Standard input is not valid UTF-8 text: byte {error.start + 1:,} is 0x{data[error.start]:02x}. "
            "Convert it, for instance with iconv."
        ) from None
