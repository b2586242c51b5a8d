"""Cuts a text of any length into passages, with where each stands in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex

GOAL = 900
"""Characters of a passage, at most, where a paragraph or a line ends in time: about 200 tokens."""

MOST = 1_500
"""Characters of a passage, at most."""

_HEADING = regex.compile(r"^#{1,6}[ \t]+(.*?)[ \t#]*$", regex.MULTILINE)
_ENDS = (
    regex.compile(r"\n[ \t]*\n"),
    regex.compile(r"\n"),
    regex.compile(r"[.!?。！？]['\"”’)\]]*\s|[。！？]"),
    regex.compile(r"\s"),
)
"""Where a passage may end, the best first: a paragraph, a line, a sentence, a word."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage: characters of the text from `start` up to but without `stop`, and the heading that it stands under."""

    text: str
    start: int
    stop: int
    heading: str = ""


def cut(texts: Iterable[str], *, headings: bool = False) -> Iterator[Piece]:
    """Yield the passages of a text that comes in parts; at no time more than one part is kept.

    Args:
        texts: The text, in parts of any size.
        headings: Lines that begin with # are Markdown's headings: a passage begins at each.
    """
    rest, offset, heading = "", 0, ""
    parts = iter(texts)
    more = True
    while more or rest:
        while more and len(rest) < 2 * MOST:
            part = next(parts, None)
            more = part is not None
            rest += part or ""
        start = 0
        while start < len(rest) and (not more or len(rest) - start >= 2 * MOST):
            end = start + _length(rest[start : start + MOST + 1], headings=headings)
            piece = rest[start:end]
            if headings and (found := _HEADING.match(piece)):
                heading = found[1].strip()
            text = piece.strip()
            if text:
                begin = offset + start + len(piece) - len(piece.lstrip())
                yield Piece(text, begin, begin + len(text), heading)
            start = end
        rest, offset = rest[start:], offset + start


def _length(window: str, *, headings: bool) -> int:
    """Return how many characters of a window are the next passage; more than 0."""
    if headings and (found := _HEADING.search(window, 1)):
        before = window[: found.start()]
        if before.strip() and found.start() <= MOST:
            return _shorter(before) if len(before) > GOAL else found.start()
    return _shorter(window) if len(window) > GOAL else len(window)


def _shorter(window: str) -> int:
    for most, ends in ((GOAL, _ENDS[:3]), (MOST, _ENDS[1:])):
        for end in ends:
            last = max((found.end() for found in end.finditer(window, GOAL // 3, most)), default=0)
            if last:
                return last
    return min(len(window), MOST)
