"""Wrong chains for the verify mode: the slips a small model really makes."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from training.everyday import work
from training.example import Problem
from training.families.common import Planned, between, pick
from training.families.registry import FAMILIES

_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(r"[A-Za-z]{3,}")


def wrong_chain(rng: random.Random, problem: Problem) -> str | None:
    """Return a chain of the problem with a mistake in it, or None where none could be made."""
    right = problem.chain()
    everyday = work.is_worked(problem)
    slip = FAMILIES[problem.family].slip if problem.family in FAMILIES else None
    for _ in range(4):
        wrong: str | None
        if everyday and rng.random() < 0.8:
            lines = work.slip(problem, rng)
            wrong = "\n".join(lines) if lines else None
        elif slip is not None and not everyday and isinstance(problem, Planned) and rng.random() < 0.5:
            lines = slip(problem, rng)
            wrong = "\n".join(lines) if lines else None
        else:
            wrong = _textual(rng, problem)
        if wrong is not None and wrong != right:
            return wrong
    return None


def first_difference(lines: Sequence[str], right: Sequence[str]) -> int | None:
    """Return the index of the first line that is not that of the right chain, or None if there is none."""
    for place, line in enumerate(lines):
        if place >= len(right) or line != right[place]:
            return place
    return None


def _textual(rng: random.Random, problem: Problem) -> str | None:
    kind = rng.random()
    lines = [*problem.steps, f"answer: {problem.answer}"]
    if kind < 0.2 and len(problem.steps) > 2:
        del lines[between(rng, 0, len(lines) - 3)]
        return "\n".join(lines)
    if kind < 0.5:
        line = _damaged(rng, f" {problem.answer}")
        if line is None:
            return None
        lines[-1] = f"answer:{line}"
        return "\n".join(lines)
    at = between(rng, 0, len(lines) - 2) if len(lines) > 1 else 0
    line = _damaged(rng, lines[at])
    if line is None:
        return None
    lines[at] = line
    return "\n".join(lines)


def _damaged(rng: random.Random, line: str) -> str | None:
    """Return the line with one number off or one word changed."""
    numbers = list(_DIGITS.finditer(line))
    if numbers:
        found = pick(rng, numbers)
        value = int(found.group())
        kind = rng.random()
        if kind < 0.4:
            wrong = str(abs(value + pick(rng, (1, -1, 2, -2))))
        elif kind < 0.6:
            wrong = str(abs(value + pick(rng, (10, -10, 100))))
        else:
            digits = found.group()
            at = between(rng, 0, len(digits) - 1)
            wrong = digits[:at] + str(between(rng, 0, 9)) + digits[at + 1 :]
        return line[: found.start()] + wrong + line[found.end() :] if wrong != found.group() else None
    words = list(_WORDS.finditer(line))
    if not words:
        return None
    found = pick(rng, words)
    word = found.group()
    at = between(rng, 0, len(word) - 2)
    wrong = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        if rng.random() < 0.5
        else word[:at] + word[at + 1 :]
    )
    return line[: found.start()] + wrong + line[found.end() :] if wrong != word else None
