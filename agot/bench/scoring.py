"""Is an answer to a problem of known answer right?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from agot.bench.twenty_four import makes, numbers_of
from agot.reading.answers import equivalent, normal
from agot.reading.expressions import value

_LONGEST = 2000

PUZZLES = ("countdown", "hard24")
"""Families in which any expression over the numbers will do: the Game of 24, and its games with few ways."""


class Answered(Protocol):
    """A question of known answer: its family, and the answer, for countdown one of several right ones."""

    @property
    def family(self) -> str: ...
    @property
    def answer(self) -> str: ...


def is_right(problem: Answered, text: str) -> bool:
    """Return whether an answer is right.

    The answer of a puzzle is right if it is an expression over exactly the given numbers with the right value, whichever
    solution it is. Lists may come without brackets, dates and times in any spelling.
    """
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        return False
    if problem.family in PUZZLES:
        numbers = numbers_of(problem.answer)
        return numbers is not None and makes(text, numbers, int(value(problem.answer)))
    if problem.family == "strings":
        # Made-up words may look like units, times or choices, which they are not.
        return normal(text) == normal(problem.answer)
    return equivalent(text, problem.answer)


def any_right(problem: Answered, texts: Iterable[str]) -> bool:
    """Return whether one of several answers is right."""
    return any(is_right(problem, text) for text in dict.fromkeys(texts))
