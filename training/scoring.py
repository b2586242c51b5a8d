"""Is a model's answer right? Stricter readings for puzzles, looser ones for dates and times."""

from __future__ import annotations

import ast
import datetime
import re
from collections import Counter
from fractions import Fraction

from agot.verifiers.answers import equivalent
from training.example import Problem

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_LONGEST = 200
_INTEGER = re.compile(r"\d+")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})\s*([ap])?\.?\s*(?:m\.?)?")
_SPAN = re.compile(r"(?:(\d+)\s*h(?:ours?|rs?)?)?\s*(?:and\s+)?(?:(\d+)\s*m(?:in(?:utes?|s)?)?)?")
_MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}  # fmt: skip


def is_correct(problem: Problem, answer_text: str) -> bool:
    """Return whether the answer text answers the problem.

    Numbers, lists and text are compared in the normal form of the runtime. A countdown answer is right
    if it is an expression over exactly the given numbers with the right value, whichever solution it is.
    """
    text = answer_text.strip()
    if not text:
        return False
    if problem.family == "countdown":
        return _countdown(problem, text)
    if equivalent(text, problem.answer) or _loose_list(text) == _loose_list(problem.answer):
        return True
    if problem.family == "dates":
        meant = _moment(problem.answer)
        return meant is not None and _moment(text) == meant
    return False


def _loose_list(text: str) -> tuple[str, ...]:
    """Return the items of a list written with or without brackets and quotes."""
    return tuple(item.strip(" \"'").casefold() for item in text.strip().strip("[]()").split(","))


def expression_value(text: str) -> tuple[Fraction, Counter[int]] | None:
    """Return the exact value of an expression and the numbers it uses, or None if it is not one."""
    if len(text) > _LONGEST:
        return None
    text = text.split("=")[0].replace("×", "*").replace("÷", "/").replace("x", "*")
    used: Counter[int] = Counter()
    try:
        value = _evaluate(ast.parse(text.strip(), mode="eval").body, used)
    except (SyntaxError, ValueError, ZeroDivisionError, MemoryError, RecursionError):
        return None
    return value, used


def _evaluate(node: ast.expr, used: Counter[int]) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        used[node.value] += 1
        return Fraction(node.value)
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, _OPERATORS):
        raise ValueError("not arithmetic over integers")
    left, right = _evaluate(node.left, used), _evaluate(node.right, used)
    if isinstance(node.op, ast.Add):
        return left + right
    if isinstance(node.op, ast.Sub):
        return left - right
    return left * right if isinstance(node.op, ast.Mult) else left / right


def _countdown(problem: Problem, text: str) -> bool:
    """Return whether the expression has the value and the numbers of the reference solution."""
    wanted, found = expression_value(problem.answer), expression_value(text)
    return wanted is not None and found == wanted


def _moment(text: str) -> tuple[str, object] | None:
    """Return what a date, time of day or duration means, or None if the text is none of them."""
    lower = text.strip().rstrip(".").casefold()
    if found := _ISO.fullmatch(lower):
        return _date(*map(int, found.groups()))
    words = re.findall(r"[a-z]+|\d+", lower)
    month = next((_MONTHS[word[:3]] for word in words if len(word) >= 3 and word[:3] in _MONTHS), None)
    if month is not None:
        numbers = sorted((int(number) for number in _INTEGER.findall(lower)), reverse=True)
        return _date(numbers[0], month, numbers[1]) if len(numbers) == 2 else None
    if found := _CLOCK.fullmatch(lower):
        hour, minute = int(found[1]), int(found[2])
        if found[3]:
            hour = hour % 12 + (12 if found[3] == "p" else 0)
        return "clock", (hour % 24, minute)
    if lower and (found := _SPAN.fullmatch(lower)) and (found[1] or found[2]):
        return "span", int(found[1] or 0) * 60 + int(found[2] or 0)
    return None


def _date(year: int, month: int, day: int) -> tuple[str, object] | None:
    try:
        return "date", datetime.date(year, month, day)
    except ValueError:
        return None
