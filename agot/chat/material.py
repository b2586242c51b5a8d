"""Text files that are given with a message."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from agot.errors import SetupError
from agot.thought import Value

LONGEST_MATERIAL = 150_000
"""Characters of one file; with its question it has to fit into one that may be asked."""

_MOST_BYTES = 4 * LONGEST_MATERIAL
_MENTION = re.compile(r'(?<!\S)@(?:"([^"\n]{1,4096})"|(\S{1,4096}))')
_TRAILING = ".,;:!?)]}'\""


class Material(Value):
    """Text with the name it was given under."""

    name: str
    text: str


def read_material(path: str, *, folder: Path) -> Material:
    """Read a text file.

    Args:
        path: As it was typed; `~` is the home folder.
        folder: What relative paths are relative to.

    Raises:
        SetupError: If it is no readable text file, or too long; says which and what to do.
    """
    try:
        file = folder / Path(os.path.expanduser(path))
        if not file.exists():
            raise SetupError(
                f"There is no file {path!r} in {folder}. Check the name, or give the whole path."
            )
        if not file.is_file():
            raise SetupError(f"{path!r} is not a file that can be read as text. Name a text file.")
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SetupError(f"The file {path!r} cannot be read: {reason}.") from None
    if b"\0" in data:
        raise SetupError(f"The file {path!r} is not text: it holds NUL bytes. Convert it to text first.")
    try:
        text = data.decode("utf-8-sig") if len(data) <= _MOST_BYTES else ""
    except UnicodeDecodeError as error:
        raise SetupError(
            f"The file {path!r} is not UTF-8 text (byte {error.start + 1:,}). Convert it, for instance with iconv."
        ) from None
    if len(data) > _MOST_BYTES or len(text) > LONGEST_MATERIAL:
        raise SetupError(
            f"The file {path!r} is too long: at most {LONGEST_MATERIAL:,} characters are taken. Give the part that matters."
        )
    if not text.strip():
        raise SetupError(f"The file {path!r} is empty. Name one that holds text.")
    return Material(name=file.name, text=text)


def mentioned(message: str, *, folder: Path) -> tuple[str, list[Material]]:
    """Return a message with each `@path` as the file's name, and those files.

    A word after `@` that is no file and does not look like a path stays as it is.

    Raises:
        SetupError: As `read_material`, for what looks like a path.
    """
    found: list[Material] = []

    def name(match: re.Match[str]) -> str:
        path, after = match[1] or match[2], ""
        if match[1] is None:
            bare = path.rstrip(_TRAILING)
            if bare and not _is_file(path, folder):
                path, after = bare, path[len(bare) :]
        if not _is_file(path, folder) and match[1] is None and not re.search(r"[./~]", path):
            return match[0]
        material = read_material(path, folder=folder)
        if material not in found:
            found.append(material)
        return material.name + after

    return _MENTION.sub(name, message), found


def joined(given: Iterable[Material]) -> str:
    """Return all material as one text, each below its name."""
    return "\n\n".join(f"{one.name}:\n{one.text.strip()}" for one in given)


def _is_file(path: str, folder: Path) -> bool:
    try:
        return (folder / Path(os.path.expanduser(path))).is_file()
    except (OSError, ValueError):
        return False
