"""Arithmetic that a solution wrote down, recomputed exactly."""

from __future__ import annotations

import re
from fractions import Fraction

from agot.protocols import Ask
from agot.thought import Solution, Task, Verdict
from agot.verifiers import answers
from agot.verifiers.expressions import NotArithmetic, expressions, is_expression, value

_SIDE = r"[-+*/×·÷−^().\d,_ x]*[\d)]"
_EQUATION = re.compile(rf"(?<![\w.#=])([-(+]*\d{_SIDE}|\({_SIDE})\s*=\s*(?:\$\s*)?([-−]?\d[\d,]*(?:\.\d+)?)(?![\d.]*\d|\s*[-+*/×÷])")
_REWRITE = re.compile(r"=\s*[-−]?[\d.,]+\s*->\s*(.+)$")
_ASKS_VALUE = re.compile(
    r"^\W*(?:(?:hey|hi|hello|please|pls|ok|so)\b\W*)*(?:(?:can|could|would) you\s+)?(?:please\s+)?(?:tell me\s+)?"
    r"(?:what(?:'s| is|s)?|how much(?: is|'s)?|calculate|compute|evaluate|work out|find|solve|give me|simplify|determine)?"
    r"(?:\s+(?:the\s+)?(?:value|result|answer)\s*(?:of|to|for)?)?[\s:]*$",
    re.IGNORECASE,
)
_ENDS = re.compile(r"^[\s=?.!]*(?:please|pls|thanks|thank you|equal to|equals?)?[\s=?.!]*$", re.IGNORECASE)


class EquationCheck:
    """Recomputes every equation `expression = number` in the worked steps.

    Conclusive only against a solution: true equations can still be the wrong ones. A value is accepted if
    it is right to the digits that were written. In a step `a+b=c -> rest` the rest must have the value that
    the rewritten expression had before.
    """

    name = "equations"

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return reward 0 with the first wrong equation, 1 if all hold, None if there is none."""
        checked = 0
        before: Fraction | None = None
        for step in solution.steps:
            for left, right in _EQUATION.findall(step):
                if not is_expression(left):
                    continue
                try:
                    exact = value(left)
                except NotArithmetic:
                    continue
                checked += 1
                if not _matches(exact, right):
                    return self._wrong(f"{left.strip()} is {_text(exact)}, not {right}")
            rest = _REWRITE.search(step)
            if rest:
                try:
                    after = value(rest[1])
                except NotArithmetic:
                    before = None
                    continue
                if before is not None and after != before:
                    return self._wrong(f"the step {step!r} changes the value from {_text(before)} to {_text(after)}")
                before = after
        return Verdict(check=self.name, reward=1.0 if checked else None)

    def _wrong(self, feedback: str) -> Verdict:
        return Verdict(check=self.name, reward=0.0, feedback=feedback, conclusive=True)


class ExpressionCheck:
    """Recomputes the question itself if it asks for the value of one arithmetic expression and nothing else."""

    name = "expression"

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return a conclusive verdict, or None if the question is not a bare expression."""
        asked = asked_expression(task.question) if not task.material else None
        given = answers.number(solution.answer)
        if asked is None:
            return Verdict(check=self.name)
        try:
            exact = value(asked)
        except NotArithmetic:
            return Verdict(check=self.name)
        if given is not None and _matches(exact, str(given)):
            return Verdict(check=self.name, reward=1.0, conclusive=True)
        return Verdict(
            check=self.name, reward=0.0, conclusive=True, feedback=f"{solution.answer!r} is not the value of {asked}"
        )


def asked_expression(question: str) -> str | None:
    """Return the expression whose value is all that the question asks for, or None."""
    found = expressions(question)
    if len(found) != 1:
        return None
    start = question.find(found[0])
    before, after = question[:start], question[start + len(found[0]) :]
    return found[0] if _ASKS_VALUE.match(before) and _ENDS.match(after) else None


def _matches(exact: Fraction, written: str) -> bool:
    bare = written.replace(",", "").replace("−", "-").strip()
    given = Fraction(bare)
    if given == exact:
        return True
    decimals = len(bare.partition(".")[2])
    # 10/3 = 3.33 is right to the digits written; 10/3 = 3 is not.
    return decimals > 0 and abs(given - exact) <= Fraction(1, 2 * 10**decimals)


def _text(exact: Fraction) -> str:
    return str(exact.numerator) if exact.denominator == 1 else f"{float(exact):.6g}"
