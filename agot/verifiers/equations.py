"""Equations that a solution wrote down, recomputed exactly."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from agot.thought import Solution, Task, Verdict
from agot.reading.expressions import (
    NotArithmetic,
    clean,
    is_expression,
    several_readings,
    value,
)
from agot.reading.numbers import reading, unmarked

_LONGEST_STEP = 1000
_MOST_TEXT = 6_000
_DOUBTFUL = 0.3
"""For an equation that is false as far as it can be cut out of its sentence."""

_REWRITE = re.compile(r"=\s?[-−]?[\d.,]+\s?->\s?([^>]+)$")
_BULLET = re.compile(r"(?:[-*•–]\s|\(?(?:\d{1,3}|[a-zA-Z])[.):]\s|[A-Za-z]{1,12}\s\d{1,3}\s?[-–—:.)]\s)")
_JOINT = re.compile(r"^(?:so|then|thus|hence|therefore|now|and|first|next|finally)[,:]?\s", re.IGNORECASE)
_INNER = re.compile(r"(?<![\w)])\(([^()]*=[^()]*)\)")
_LEFT_OVER = re.compile(r"\s?\(left: [^()]*\)")
_BOUNDARY = re.compile(r"->|=>|→|⇒|➜|;|,(?=\s|$)|(?<=[^\s\d]):\s|(?<!\.)\.(?=\s|$)|\n")
_EQUALS = re.compile(r"(?<![!<>:~])==?(?![>=~])")
_NUMBER = re.compile(r"[-−–]?\s?(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d+)?")
_SIDE = re.compile(r"[-+*/×·÷−–^().\d,_ x]+$")
_UNCLEAR = re.compile(
    r"""\b(?:not|no|isn|wrong|false|suppose|assum\w*|if|mod|modulo|base|binary|hex\w*|octal|remainder|rem|r\d*|round\w*|
    approx\w*|about|roughly|floor|ceil\w*|wait|or|contradict\w*|instead|percent|per\scent|sqrt|root|log|ln|sin|cos|tan|
    half|twice|double|square|cube|of|feb\w*|oclock|o.clock)\b|\?|[√π²³⁴₀-₉⌊⌋⌈⌉|≠≈~%°!…_□#\\]|\.\.\.""",
    re.IGNORECASE | re.VERBOSE,
)
_LETTER_OPERAND = re.compile(
    r"[^\W\d]\s?[-+*/×·÷−–^](?!>)|(?<!-)[+*/×·÷−–^]\s?[^\W\d]|\d\s?[^\W\dx]\s?[-+*/^]"
)
_CORRECTS = re.compile(
    r"\b(?:wait|correct\w*|mistake\w*|actually|wrong|oops|suppose|assum\w*|contradict\w*|instead|mod|modulo|base|binary|hex\w*|clock)\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d+/\d+/\d+|\d{4}[-–]\d\d?(?:[-–]\d\d?)?|\d{4}[-–]\d{4}|24/7|9/11")


class EquationCheck:
    """Recomputes every equation `expression = number` in the worked steps.

    Only against a solution, as true equations can still be the wrong ones; and conclusive only for an equation
    that stands alone between the ends of its step, list marks and punctuation, and that nothing takes
    back. A value is accepted if it is right to the digits that were written. In a step `a+b=c -> rest`
    the rest must have the value that the rewritten expression had before.
    """

    name = "equations"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return 0 or 0.3 with the first wrong equation, 1 if all hold, None if there is none."""
        steps = _within(solution.steps)
        firm = not any(_CORRECTS.search(step) for step in steps)
        checked, doubt, before = 0, "", ""
        right: set[str] = set()
        wrong: list[tuple[str, str]] = []
        for step in steps:
            if _UNCLEAR.search(step) or _LETTER_OPERAND.search(step):
                checked += _is_right_percentage(step)
                before = ""
                continue
            reduced: list[str] = []
            exact_step = True
            for left, number, closed in _equations(step):
                holds, exactly = _holds(left, number)
                checked += 1
                complaint = f"{left} is {_text(value(left))}, not {number}"
                exact_step = exact_step and exactly and closed
                key = clean(left).replace(" ", "")
                if holds:
                    right.add(key)
                    reduced.append(key)
                elif closed and firm and _certain(left, number):
                    wrong.append((key, complaint))
                else:
                    doubt = doubt or complaint
            rest = _REWRITE.search(step)
            after = rest[1] if rest and is_expression(rest[1]) else ""
            # Only a step that reduces a part of the last expression has to keep its value.
            if before and after and exact_step and any(part in before.replace(" ", "") for part in reduced):
                was, now = _value(before), _value(after)
                if was != now and not several_readings(before) and not several_readings(after):
                    complaint = f"the step {step!r} changes {before} into {after}"
                    if firm:
                        return Verdict(check=self.name, reward=0.0, feedback=complaint, conclusive=True)
                    doubt = doubt or complaint
            before = after
        for key, complaint in wrong:
            if key not in right:  # else a later step put it right
                return Verdict(check=self.name, reward=0.0, feedback=complaint, conclusive=True)
        if wrong or doubt:
            return Verdict(check=self.name, reward=_DOUBTFUL, feedback=doubt or wrong[0][1])
        return Verdict(check=self.name, reward=1.0 if checked else None)


def _within(steps: tuple[str, ...]) -> list[str]:
    kept, room = [], _MOST_TEXT
    for step in steps:
        if len(step) <= _LONGEST_STEP and "=" in step:
            room -= len(step)
            if room < 0:
                break
            for line in step.splitlines():
                kept.append(unmarked(line.translate({ord(sign): None for sign in "€£"})))
        else:
            kept.append("")
    return kept


def _equations(step: str) -> list[tuple[str, str, bool]]:
    """Return the left side, the number and whether it stands alone, for each equation of a step."""
    found: list[tuple[str, str, bool]] = []
    step = _LEFT_OVER.sub(";", step)
    inner = _INNER.findall(step)
    for segment in (*_BOUNDARY.split(_INNER.sub(";", _unlisted(step))), *inner):
        sides = [side.strip() for side in _EQUALS.split(_JOINT.sub("", segment.strip(), count=1))]
        for left, right in pairwise(sides):
            # A comma that splits thousands is no boundary; at the end of a side it is one.
            number = _NUMBER.match(right)
            if number is None or re.match(r"[\d.]*\d|\s*[-+*/×÷^]", right[number.end() :]):
                continue
            closed = number.end() == len(right) and _can_be_checked(left)
            if not closed:
                side = _SIDE.search(left[-200:])
                left = side[0].strip(" ,.)") if side else ""
                left = left[left.find(" ") + 1 :] if left[:1] in ".," else left
            if closed or _can_be_checked(left):
                found.append((left, number[0].strip(), closed))
    return found


def _can_be_checked(left: str) -> bool:
    return left[:1] not in "+*/" and is_expression(left) and _value(left) is not None


def _unlisted(step: str) -> str:
    """Return the step without list marks; `- ` may be a sign, so `_holds` tries both."""
    for _ in range(3):
        bullet = _BULLET.match(step)
        if bullet is None or bullet[0][0] in "-–":
            break
        step = step[bullet.end() :].strip()
    return step


def _is_right_percentage(step: str) -> bool:
    """Return whether a step is a right equation such as `5/20 = 25%`, which cannot be refuted, only confirmed."""
    left, _, right = step.partition("=")
    given, exact = reading(right), _value(left)
    return given is not None and exact is not None and is_expression(left) and given.matches(exact)


def _holds(left: str, number: str) -> tuple[bool, bool]:
    """Return whether the equation holds in some reading, and whether it holds exactly."""
    exact, given = value(left), value(number)
    if exact == given:
        return True, True
    decimals = len(number.partition(".")[2])
    if _near(exact, given, decimals):
        return True, False
    for other in (
        re.sub(r"^[-–*]\s", "", left),  # a list mark
        re.sub(r"^\d{1,2}\s[-–]\s", "", left),  # a numbered step
    ):
        if other != left and is_expression(other) and _near(value(other), given, decimals):
            return True, False
    dotted = re.compile(r"(?<=\d)\.(?=\d{3}(?!\d))")  # thousands with points
    if dotted.search(left + " " + number):
        exact_then = _value(dotted.sub("", left))
        return exact_then == value(dotted.sub("", number)), False
    return False, False


def _near(exact: Fraction, given: Fraction, decimals: int) -> bool:
    """Return whether `given` is `exact`, rounded or cut off to the decimals that were written."""
    if exact == given:
        return True
    if exact.denominator == 1:
        return decimals > 0 and abs(exact - given) <= Fraction(1, 2 * 10**decimals)
    unit = Fraction(1, 10**decimals)
    cut = 0 <= abs(exact) - abs(given) < unit and (given >= 0) == (exact >= 0)
    return cut or abs(exact - given) <= unit / 2


def _certain(left: str, number: str) -> bool:
    """Return whether a false equation cannot be meant in another way."""
    if several_readings(left) or _DATE.fullmatch(left):
        return False
    exact, given = value(left), value(number)
    # A quotient may have been rounded up, as whole buses are.
    return not (exact.denominator != 1 and given.denominator == 1 and abs(exact - given) < 1)


def _value(expression: str) -> Fraction | None:
    try:
        return value(expression)
    except NotArithmetic:
        return None


def _text(exact: Fraction) -> str:
    if exact.denominator == 1:
        return str(exact.numerator)
    return f"{float(exact):.6g}" if exact.numerator.bit_length() < 900 else "another number"
