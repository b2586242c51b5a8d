"""Arithmetic that a solution wrote down, recomputed exactly."""

from __future__ import annotations

import re
from difflib import get_close_matches
from fractions import Fraction

from agot.protocols import Ask
from agot.thought import Solution, Task, Verdict
from agot.verifiers import answers
from agot.verifiers.expressions import (
    NotArithmetic,
    clean,
    expressions,
    is_expression,
    spoken_operators,
    value,
)

_SIDE = r"[-+*/×·÷−^().\d,_ x]*[\d)]"
_EQUATION = re.compile(
    rf"(?<![\w.#=])([-(+]*\d{_SIDE}|\({_SIDE})\s*=\s*(?:\$\s*)?([-−]?\d[\d,]*(?:\.\d+)?)(?![\d.]*\d|\s*[-+*/×÷](?!>))"
)
_REWRITE = re.compile(r"=\s*[-−]?[\d.,]+\s*->\s*(.+)$")
_LONGEST_QUESTION = 4000
_LONGEST_STEP = 2000
_ASKING = frozenset(
    """a an answer arithmetic be calculate calculation can compute could determine do does equal equals equation evaluate
    exact expression final find following for get give good hello help hey hi how i if is it just kindly let maths math me
    much my need of ok out please pls problem provide q question quick quickly result s show simplify so solve solution step
    steps sum tell thank thanks that the then this to u us value want what whats will with work working would you your by
    figure exactly right now""".split()
)
"""Words that may stand around an expression whose value is all that is asked for."""


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
        before = ""
        for step in solution.steps:
            parts: list[str] = []
            for left, right in _EQUATION.findall(step[:_LONGEST_STEP]):
                if not is_expression(left):
                    continue
                try:
                    exact = value(left)
                except NotArithmetic:
                    continue
                checked += 1
                parts.append(clean(left).replace(" ", ""))
                if not _matches(exact, right):
                    return self._wrong(f"{left.strip()} is {_text(exact)}, not {right}")
            rest = _REWRITE.search(step)
            after = rest[1] if rest and is_expression(rest[1]) else ""
            # Only a step that reduces a part of the last expression has to keep its value.
            if before and after and any(part in before.replace(" ", "") for part in parts):
                was, now = _value(before), _value(after)
                if was != now:
                    return self._wrong(f"the step {step!r} changes {before} into {after}")
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
            check=self.name,
            reward=0.0,
            conclusive=True,
            feedback=f"{solution.answer!r} is not the value of {asked}",
        )


def asked_expression(question: str) -> str | None:
    """Return the expression whose value is all that the question asks for, or None.

    There must be exactly one expression, no other number, and around it only words of asking
    (one slip of the pen is allowed).
    """
    if len(question) > _LONGEST_QUESTION:
        return None
    text = spoken_operators(question)
    found = expressions(text)
    if len(found) != 1:
        return None
    around = text.replace(found[0], " ", 1)
    words = re.findall(r"[^\W\d_]+", around.casefold())
    strange = [word for word in words if word not in _ASKING]
    if re.search(r"[\d#%°]", around) or len(strange) > 1:
        return None
    if strange and not get_close_matches(strange[0], _ASKING, n=1, cutoff=0.75):
        return None
    return found[0]


def _value(expression: str) -> Fraction | None:
    try:
        return value(expression)
    except NotArithmetic:
        return None


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
