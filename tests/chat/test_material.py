"""Files given with a message: read within limits, or refused with words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agot.chat.material import LONGEST_MATERIAL, mentioned, read_material
from agot.errors import SetupError


def test_a_text_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("\ufeffTea at five.")
    assert read_material("a b.txt", folder=tmp_path).text == "Tea at five."


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is empty"), (b" \n", "is empty"), (b"a\0b", "NUL bytes"), (b"\xff\xfe", "not UTF-8"),
        (b"x" * (LONGEST_MATERIAL + 1), "too long"), ("€".encode() * (2 * LONGEST_MATERIAL), "too long"),
    ],
)  # fmt: skip
def test_what_is_no_text_or_too_long_is_refused(tmp_path: Path, data: bytes, fault: str) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(SetupError, match=fault):
        read_material("x", folder=tmp_path)


@pytest.mark.parametrize("path", [".", "none.txt", "x" * 5000, "a\0b"])
def test_what_is_no_file_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(SetupError):
        read_material(path, folder=tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(SetupError, match="not a file"):
        read_material("fifo", folder=tmp_path)


def test_mentions_become_names_and_other_words_stay(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A")
    (tmp_path / "b c.txt").write_text("B")
    text, found = mentioned('Compare @a.txt, and @"b c.txt"? Ask @alice or me@a.txt. @a.txt', folder=tmp_path)
    assert text == "Compare a.txt, and b c.txt? Ask @alice or me@a.txt. a.txt"
    assert [one.text for one in found] == ["A", "B"]
    with pytest.raises(SetupError, match=r"no file 'c.txt'"):
        mentioned("Read @c.txt!", folder=tmp_path)
