"""Is the answer of the kind and under the constraints that the question states?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from agot.protocols import Ask
from agot.thought import Solution, Task, Verdict
from agot.verifiers import answers

_LONGEST_ANSWER = 20_000


class FormCheck:
    """The answer must be there, and not be the question or an excuse."""

    name = "form"

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return a conclusive 0 for an unusable answer, None otherwise."""
        answer = solution.answer.strip()
        if not answer:
            return self._wrong("there is no answer")
        if len(answer) > _LONGEST_ANSWER and len(answer) > 4 * len(task.question):
            return self._wrong(f"the answer has {len(answer)} characters")
        if answer.casefold() == task.question.strip().casefold():
            return self._wrong("the answer repeats the question")
        if re.fullmatch(r"#\w+", answer):
            return self._wrong(f"the answer is the unresolved reference {answer}")
        return Verdict(check=self.name)

    def _wrong(self, feedback: str) -> Verdict:
        return Verdict(check=self.name, reward=0.0, feedback=feedback, conclusive=True)


def _is_json(answer: str) -> bool:
    try:
        json.loads(answer)
    except (ValueError, RecursionError):
        return False
    return True


def _decimals(answer: str, places: int) -> bool:
    value = answers.number(answer)
    return value is not None and -int(value.as_tuple().exponent) <= places


# Each stated constraint: how it is worded, and whether an answer meets it.
_STATED: tuple[tuple[re.Pattern[str], str, Callable[[str, re.Match[str]], bool]], ...] = (
    (
        re.compile(
            r"\b(?:answer|reply|respond) (?:only )?(?:with )?(?:just )?(?:a )?(?:yes or no|yes/no)\b", re.I
        ),
        "the answer must be yes or no",
        lambda answer, _: answers.normal(answer) in {"yes", "no"},
    ),
    (
        re.compile(
            r"\b(?:answer|reply|respond) (?:only )?(?:with |in )(?:just |exactly )?(?:a single|one) word\b",
            re.I,
        ),
        "the answer must be one word",
        lambda answer, _: len(answer.split()) == 1,
    ),
    (
        re.compile(r"\bin (?:at most|no more than|up to) (\d{1,4}) words\b", re.I),
        "the answer has too many words",
        lambda answer, found: len(answer.split()) <= int(found[1]),
    ),
    (
        re.compile(
            r"\b(?:answer|give .{0,40}|reply|respond|as) (?:with |as |is )?(?:an integer|a whole number)\b",
            re.I,
        ),
        "the answer must be a whole number",
        lambda answer, _: (
            (value := answers.number(answer)) is not None and value == value.to_integral_value()
        ),
    ),
    (
        re.compile(r"\bround(?:ed)?\b.{0,30}?\bto (one|two|three|four|\d) decimal", re.I),
        "the answer has too many decimals",
        lambda answer, found: _decimals(
            answer, {"one": 1, "two": 2, "three": 3, "four": 4}.get(found[1].lower()) or int(found[1])
        ),
    ),
    (
        re.compile(r"\b(?:answer|reply|respond|output|return)\b.{0,30}\b(?:as|in) (?:valid )?json\b", re.I),
        "the answer must be JSON",
        lambda answer, _: _is_json(answer),
    ),
)


class StatedCheck:
    """Constraints on the answer's form that the question states in words, checked by code.

    A met constraint says nothing about the answer being right, so only a violation gives a reward.
    """

    name = "stated"

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return a conclusive 0 naming the violated constraint, None otherwise."""
        for pattern, complaint, holds in _STATED:
            found = pattern.search(task.question)
            if found and not holds(solution.answer.strip(), found):
                return Verdict(
                    check=self.name,
                    reward=0.0,
                    conclusive=True,
                    feedback=f"{complaint}, not {solution.answer!r}",
                )
        return Verdict(check=self.name)
