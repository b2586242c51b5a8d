"""Game of 24: is this text an expression over exactly these numbers with this value?"""

from __future__ import annotations

import ast
from collections import Counter
from fractions import Fraction

from agot.reading.expressions import NotArithmetic, clean, parse, value
from agot.reading.numbers import unmarked

_LONGEST = 200
_BRACKETS = str.maketrans("[]{}", "()()")


def expression_of(text: str, target: int) -> str | None:
    """Return the expression that an answer gives, without a `= target` before or after it; None if unclear."""
    if len(text.strip()) > _LONGEST:
        return None
    text = unmarked(text).strip("`$ .").translate(_BRACKETS)
    sides = [side.strip() for side in text.split("=") if side.strip()]
    if len(sides) == 2 and str(target) in sides:
        sides.remove(str(target))
    return clean(sides[0]) if len(sides) == 1 else None


def numbers_of(expression: str) -> Counter[int] | None:
    """Return the whole numbers of an expression over + - * /, or None if it is anything else."""
    try:
        tree = parse(expression)
    except NotArithmetic:
        return None
    used: Counter[int] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Pow):
            return None
        if isinstance(node, ast.Constant):
            number = Fraction(str(node.value))
            if number.denominator != 1:
                return None
            used[int(number)] += 1
    return used


def makes(text: str, numbers: Counter[int], target: int) -> bool:
    """Return whether an answer makes the target from exactly the numbers by + - * / and parentheses."""
    expression = expression_of(text, target)
    if expression is None or numbers_of(expression) != numbers:
        return False
    try:
        return value(expression) == target
    except NotArithmetic:
        return False


def solution(numbers: list[int], target: int) -> str | None:
    """Return one expression that makes the target from all the numbers, or None if there is none.

    Exhaustive over pairs, so meant for at most five numbers.
    """
    table = [(Fraction(number), str(number)) for number in numbers]
    return _search(table, Fraction(target))


def _search(table: list[tuple[Fraction, str]], target: Fraction) -> str | None:
    if len(table) == 1:
        return table[0][1] if table[0][0] == target else None
    for i, (a, left) in enumerate(table):
        for j, (b, right) in enumerate(table):
            if i == j:
                continue
            rest = [entry for place, entry in enumerate(table) if place not in (i, j)]
            made = [(a - b, f"({left} - {right})")]
            if b:
                made.append((a / b, f"({left} / {right})"))
            if i < j:
                made += [(a + b, f"({left} + {right})"), (a * b, f"({left} * {right})")]
            for entry in made:
                found = _search([*rest, entry], target)
                if found is not None:
                    return found
    return None
