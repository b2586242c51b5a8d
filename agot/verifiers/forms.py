"""Is the answer of the kind and under the constraints that the question states?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from agot.protocols import Ask
from agot.thought import Solution, Task, Verdict

_LONGEST_ANSWER = 20_000
_LONGEST_QUESTION = 20_000
_WORDS_OF_A_QUESTION = 4
"""A shorter one, such as `hello` or `5`, may well be answered by itself."""
_VIOLATION = 0.3


class FormCheck:
    """The answer must be there, and not be the question or an excuse."""

    name = "form"

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return a conclusive 0 for an unusable answer, None otherwise."""
        answer = solution.answer.strip()
        if not answer:
            return self._wrong("there is no answer")
        question = task.question.strip()
        if answer.casefold() == question.casefold() and len(question.split()) >= _WORDS_OF_A_QUESTION:
            return self._wrong("the answer repeats the question")
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
    return all(len(digits) <= places for digits in re.findall(r"\d\.(\d+)(?![eE.\d]|\s?[×*x])", answer))


def _whole(answer: str) -> bool:
    number = re.search(r"\d+(?:,\d{3})*(\.\d+)?", answer)
    return number is not None and not (number[1] or "").strip(".0")


_PLACES = {"one": 1, "two": 2, "three": 3, "four": 4}
_REPLY = r"(?:only |just )?(?:answer|reply|respond)(?: only| just)?(?: with| in)?(?: only| just| exactly)?(?: a| either)?"
_NAMED = r"(?:(?:me|the|your|its|final|answer|result|value|output|area|mean|average|sum|total|number|it|object) ?){0,6}"

# Each stated constraint: how a sentence that demands it begins, and whether an answer meets it.
_STATED: tuple[tuple[re.Pattern[str], str, Callable[[str, re.Match[str]], bool]], ...] = tuple(
    (re.compile(r"(?:please |and |finally, |then )?" + wording, re.I), complaint, holds)
    for wording, complaint, holds in (
        (
            rf"{_REPLY} (?:yes or no|yes/no)\b",
            "the answer must be yes or no",
            lambda answer, _: re.match(r"\W*(?:yes|no)\b", answer, re.I) is not None,
        ),
        (
            rf"{_REPLY} (?:single|one) word\b",
            "the answer must be one word",
            lambda answer, _: len(answer.split()) <= 1,
        ),
        (
            r"(?:(?:answer|reply|respond|give|explain|describe|summari[sz]e|write|say|tell|name)\b[^?]{0,80}? )?in (?:at most|no more than|up to) (\d{1,4}) words\b",
            "the answer has too many words",
            lambda answer, found: len(answer.split()) <= int(found[1]),
        ),
        (
            rf"(?:{_REPLY}|(?:give|return) {_NAMED}) ?(?:with |as |is )?(?:an? )?(?:integer|whole number)\b",
            "the answer must be a whole number",
            lambda answer, _: _whole(answer),
        ),
        (
            r"(?:round\b|(?:give|return|answer)\b.{0,60}\brounded\b).{0,30}?\bto (one|two|three|four|\d) decimal(?!.{0,40}scientific)",
            "the answer has too many decimals",
            lambda answer, found: _decimals(answer, _PLACES.get(found[1].lower()) or int(found[1])),
        ),
        (
            rf"(?:answer|reply|respond|output|return|give) {_NAMED}(?:as|in|with) (?:valid )?json\b",
            "the answer must be JSON",
            lambda answer, _: _is_json(answer),
        ),
    )
)
_SENTENCE = re.compile(r"(?:[.!?:;]\s|\n)\s*")
_FENCED = re.compile(r"```\w{0,20}\s(.*?)```", re.DOTALL)


def _cleaned(answer: str) -> str:
    """Return the answer without markdown; of a fenced block only what is inside."""
    fenced = _FENCED.search(answer)
    if fenced:
        return fenced[1].strip()
    return re.sub(r"\*\*|__|`|\\boxed|\$", "", answer).strip().strip("*_ ")


class StatedCheck:
    """Constraints on the answer's form that the question states in words, checked by code.

    A met constraint says nothing about the answer being right, so only a violation gives a reward.
    """

    name = "stated"

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return a low reward naming the violated constraint, None otherwise.

        What a sentence demands is too often meant loosely for a violation to be conclusive.
        """
        if len(task.question) > _LONGEST_QUESTION or len(solution.answer) > _LONGEST_ANSWER:
            return Verdict(check=self.name)
        answer = _cleaned(solution.answer)
        for sentence in _SENTENCE.split(task.question.strip()):
            for pattern, complaint, holds in _STATED:
                found = pattern.match(sentence)
                if found and "?" not in sentence and not holds(answer, found):
                    feedback = f"{complaint}, not {solution.answer[:200]!r}"
                    return Verdict(check=self.name, reward=_VIOLATION, feedback=feedback)
        return Verdict(check=self.name)
