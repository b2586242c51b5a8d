"""Data words of the generators: plain words and first names, spelled letter by letter by the tokenizer."""

from __future__ import annotations

from pathlib import Path

_DATA = Path(__file__).resolve().parent.parent / "data"

WORDS: tuple[str, ...] = tuple((_DATA / "words.txt").read_text(encoding="utf-8").split())
"""Common lower-case words of 3 to 10 letters or a little more."""
NAMES: tuple[str, ...] = tuple((_DATA / "names.txt").read_text(encoding="utf-8").split())
"""First names."""
