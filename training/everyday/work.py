"""Worked solutions as formulas over earlier results, so that they can be written out, and gone wrong, line by line."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from training.example import Problem
from training.families.arithmetic import equation
from training.families.common import PLAN_ABOVE, Planned, between, pick

Number = int | Fraction
Operand = Number | str
"""A number, or `#k` for the result of row k (from 0)."""


def shown(value: Number) -> str:
    """Return an integer or a decimal number with at most three places.

    Raises:
        ValueError: The number has more places.
    """
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    thousandths = value * 1000
    if thousandths.denominator != 1:
        raise ValueError(f"{value} has no short decimal form")
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(thousandths.numerator), 1000)
    return f"{sign}{whole}.{rest:03d}".rstrip("0")


def _applied(a: Number, op: str, b: Number) -> Number:
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    return a * b if op == "*" else Fraction(a) / b


def _text(a: Number, op: str, b: Number, c: Number) -> str:
    if all(Fraction(value).denominator == 1 for value in (a, b, c)):
        return equation(int(a), op, int(b), int(c))
    return f"{shown(a)}{op}{shown(b)}={shown(c)}"


@dataclass(slots=True)
class Work:
    """Rows of `label: a op b = c`; the last result is the answer unless the problem says otherwise."""

    rows: list[tuple[str, Operand, str, Operand]] = field(default_factory=list)
    values: list[Number] = field(default_factory=list)

    def add(self, label: str, a: Operand, op: str, b: Operand) -> str:
        """Add a row and return the name of its result, `#k`."""
        self.rows.append((label, a, op, b))
        self.values.append(_applied(self.value(a), op, self.value(b)))
        return f"#{len(self.rows) - 1}"

    def value(self, operand: Operand) -> Number:
        """Return the number that an operand stands for."""
        return self.values[int(operand[1:])] if isinstance(operand, str) else operand

    @property
    def last(self) -> Number:
        """The result of the last row."""
        return self.values[-1]

    def lines(self) -> list[str]:
        """Return the worked lines."""
        lines = []
        for (label, a, op, b), result in zip(self.rows, self.values, strict=True):
            text = _text(self.value(a), op, self.value(b), result)
            lines.append(f"{label}: {text}" if label else text)
        return lines

    def expression(self) -> str:
        """Return one expression of the whole work, or "" where it is no such thing."""
        return self._expression(f"#{len(self.rows) - 1}") if self.rows else ""

    def _expression(self, operand: Operand) -> str:
        if not isinstance(operand, str):
            return shown(operand) if operand >= 0 else f"({shown(operand)})"
        _, a, op, b = self.rows[int(operand[1:])]
        left, right = self._expression(a), self._expression(b)
        if op in "*/" and isinstance(a, str) and self.rows[int(a[1:])][2] in "+-":
            left = f"({left})"
        if isinstance(b, str) and (op != "+" or self.rows[int(b[1:])][2] in "+-"):
            right = f"({right})"
        return f"{left}{op}{right}"

    def slipped(self, rng: random.Random) -> Work | None:
        """Return the work with one mistake of reading, carried forward, or None where none could be made."""
        at = between(rng, 0, len(self.rows) - 1)
        label, a, op, b = self.rows[at]
        kind = rng.random()
        skip = False
        if kind < 0.45:
            op = {"+": "-", "-": "+", "*": "+", "/": "*"}[op] if rng.random() < 0.8 else pick(rng, "+-*")
        elif kind < 0.65 and len(self.rows) > 1:
            skip = True
        elif kind < 0.85:
            known = [one for row in self.rows for one in (row[1], row[3]) if not isinstance(one, str)]
            if not isinstance(b, str):
                b = pick(rng, known) if rng.random() < 0.6 else b + pick(rng, (1, -1, 10))
            elif not isinstance(a, str):
                a = pick(rng, known)
        else:
            a, b = b, a
        wrong = Work()
        names: list[Operand] = []
        for index, (row_label, x, row_op, y) in enumerate(self.rows):
            if index == at:
                row_label, x, row_op, y = label, a, op, b
            x = names[int(x[1:])] if isinstance(x, str) else x
            y = names[int(y[1:])] if isinstance(y, str) else y
            if index == at and skip:
                names.append(x)
                continue
            if row_op == "/" and (wrong.value(y) == 0 or wrong.value(x) % wrong.value(y)):
                return None
            names.append(wrong.add(row_label, x, row_op, y))
            if wrong.last < 0 and min(self.values) >= 0:
                return None
        if (
            not wrong.rows
            or wrong.last == self.last
            or any(1000 % Fraction(v).denominator for v in wrong.values)
        ):
            return None
        return wrong


@dataclass(frozen=True, slots=True)
class Draft:
    """A worded problem before its text is finished.

    Attributes:
        text: The question; counts are marks, see `Speaker.n`.
        work: How the answer is worked out.
        answer: The answer where it is not the last result.
        closing: Lines after the work that lead to such an answer.
        complete: Whether it may be asked with a number missing, which makes it unanswerable.
    """

    text: str
    work: Work = field(default_factory=lambda: Work())
    answer: str = ""
    closing: tuple[str, ...] = ()
    complete: bool = True


Shape = Callable[[Number], str]
"""How an answer is written."""


def solved(
    family: str,
    question: str,
    work: Work,
    answer: str = "",
    *,
    closing: tuple[str, ...] = (),
    shape: Shape = shown,
) -> Planned:
    """Return the problem of a question and its work.

    Args:
        answer: The answer, if it is not the last result.
        closing: Lines after the work, for answers that follow from it.
    """
    steps = (*work.lines(), *closing)
    calc = ""
    if not answer:
        answer = shape(work.last)
        if shape is shown and len(work.rows) <= 6:
            calc = work.expression()
    return Planned(
        family=family, question=question, answer=answer, steps=steps, calc=calc if len(calc) < 60 else "",
        operations=max(1, min(PLAN_ABOVE, len(work.rows))), trace=(work, shape) if not closing and shape(work.last) == answer else None,
    )  # fmt: skip


def is_worked(problem: Problem) -> bool:
    """Return whether a problem carries its work, so that `slip` may go wrong in it."""
    trace = problem.trace if isinstance(problem, Planned) else None
    return isinstance(trace, tuple) and len(trace) == 2 and isinstance(trace[0], Work)


def slip(problem: Problem, rng: random.Random) -> tuple[str, ...] | None:
    """Return a chain of an everyday problem with one mistake of reading in it, or None."""
    if not (is_worked(problem) and isinstance(problem, Planned) and isinstance(problem.trace, tuple)):
        return None
    work, shape = problem.trace
    wrong = work.slipped(rng)
    if wrong is None:
        return None
    return (*wrong.lines(), f"answer: {shape(wrong.last)}")
