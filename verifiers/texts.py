"""Checks of an answer as text: exact, normalised, or by a regular expression."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from agot.errors import SetupError
from agot.protocols import Ask
from agot.thought import Solution, Task, Verdict
from agot.verifiers.answers import equivalent

_LONGEST_PATTERN = 2000
_LONGEST_ANSWER = 100_000


class ExactText:
    """The answer must be this text, character by character but for spaces around it.

    Args:
        expected: The text.
    """

    name = "exact_text"

    def __init__(self, expected: str) -> None:
        self._expected = expected.strip()

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return a conclusive 1 or 0."""
        return _verdict(self.name, solution.answer.strip() == self._expected, self._expected)


class SameAnswer:
    """The answer must mean the same as a reference, see `agot.verifiers.answers.equivalent`.

    Args:
        references: Right answers; one of them is enough.

    Raises:
        SetupError: If there is none.
    """

    name = "same_answer"

    def __init__(self, *references: str) -> None:
        if not references:
            raise SetupError("SameAnswer has no reference, but needs at least one right answer. Give one.")
        self._references = references

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return a conclusive 1 if it is the same, else a 0 that is not, since not every spelling is known."""
        same = any(equivalent(solution.answer, reference) for reference in self._references)
        verdict = _verdict(self.name, same, self._references[0])
        return verdict.model_copy(update={"conclusive": same})


class PatternCheck:
    """The whole answer must match a regular expression.

    The package `regex` is used, which looks at the clock while it matches: `re` cannot be stopped, neither from
    a thread nor by a signal outside the main thread.

    Args:
        pattern: In the syntax of `re`, at most 2000 characters.
        expected: What the pattern stands for, in words for the feedback; the pattern itself if "".
        search: The pattern may match anywhere in the answer.
        timeout_s: Seconds for one match; beyond them the check cannot tell.

    Raises:
        SetupError: If the pattern is too long or no regular expression, or the package is missing.
    """

    name = "pattern"

    def __init__(
        self, pattern: str, *, expected: str = "", search: bool = False, timeout_s: float = 0.5
    ) -> None:
        if len(pattern) > _LONGEST_PATTERN:
            raise SetupError(
                f"The pattern has {len(pattern)} characters, but may have {_LONGEST_PATTERN}. Shorten it."
            )
        try:
            regex: Any = import_module("regex")
        except ImportError as error:
            raise SetupError(
                "PatternCheck needs the package `regex`. Install it: pip install regex"
            ) from error
        try:
            compiled = regex.compile(pattern)
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            raise SetupError(
                f"{pattern[:200]!r} is no regular expression: {error}. Mend the pattern."
            ) from error
        self._match = compiled.search if search else compiled.fullmatch
        self._expected, self._timeout_s = expected or pattern, timeout_s

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return a conclusive 1 or 0; None if the answer is too long or the pattern takes too long on it."""
        if len(solution.answer) > _LONGEST_ANSWER:
            return Verdict(check=self.name, feedback=f"the answer has more than {_LONGEST_ANSWER} characters")
        try:
            found = self._match(solution.answer.strip(), timeout=self._timeout_s)
        except TimeoutError:
            return Verdict(check=self.name, feedback=f"the pattern took more than {self._timeout_s} s")
        return _verdict(self.name, found is not None, self._expected)


def _verdict(check: str, right: bool, expected: str) -> Verdict:
    feedback = "" if right else f"the answer is not {expected[:200]!r}"
    return Verdict(check=check, reward=float(right), feedback=feedback, conclusive=True)
