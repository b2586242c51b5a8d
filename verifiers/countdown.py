"""Game of 24 and countdown: the answer is an expression over given numbers, each used once."""

from __future__ import annotations

import ast
import re
from collections import Counter

from agot.protocols import Ask
from agot.thought import Solution, Task, Verdict
from agot.verifiers.expressions import NotArithmetic, clean, parse, value

_NUMBERS = re.compile(
    r"(?:numbers?|digits?|using|use|with|from|combine|given)\b[^0-9]{0,40}((?:\d+(?:\s*,\s*and\s+|\s*,\s*|\s+and\s+|\s+)){2,7}\d+)",
    re.I,
)
_TARGET = re.compile(
    r"(?:make|makes|making|reach|(?:to|that) (?:get|gets|obtain)|equal to|equals?|equal|total|target(?: number)?(?: is| of)?|result(?: is| of)?|evaluates? to|form|=)\s*(?:exactly\s*)?:?\s*(\d+)",
    re.I,
)
_OTHER = re.compile(r"\b(?:how many|how much|largest|smallest|odd|even|sum of|sort|count|list)\b", re.I)


def asked(question: str) -> tuple[Counter[int], int] | None:
    """Return the numbers and the target of such a question, or None if it is not one."""
    if len(question) > 2000 or _OTHER.search(question):
        return None
    target = 24 if re.search(r"\bgame of 24\b", question, re.I) else None
    named = _TARGET.search(question)
    if named:
        target = int(named[1])
    given = _NUMBERS.search(question)
    if target is None or given is None:
        return None
    return Counter(int(digits) for digits in re.findall(r"\d+", given[1])), target


class CountdownCheck:
    """The expression must have the target's value and use the given numbers, each exactly once."""

    name = "countdown"

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return a conclusive verdict, or None if the question is of another kind."""
        puzzle = asked(task.question)
        if puzzle is None:
            return Verdict(check=self.name)
        numbers, target = puzzle
        expression = clean(solution.answer).split("=")[0]
        try:
            reached = value(expression)
            tree = parse(expression)
        except NotArithmetic:
            return self._wrong(f"{solution.answer!r} is not an expression")
        used = Counter(n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
        if used != numbers:
            return self._wrong(
                f"it uses {sorted(used.elements(), key=str)} instead of {sorted(numbers.elements())}"
            )
        if reached != target:
            return self._wrong(f"it makes {reached}, not {target}")
        return Verdict(check=self.name, reward=1.0, conclusive=True)

    def _wrong(self, feedback: str) -> Verdict:
        return Verdict(check=self.name, reward=0.0, feedback=feedback, conclusive=True)
