"""Safe evaluation of arithmetic: a parser and exact fractions, never `eval`.

Everything that a model or a person wrote is parsed here with bounds on length, depth and size of
numbers, so that no text can run code or take long.
"""

from __future__ import annotations

import ast
import re
from fractions import Fraction
from functools import lru_cache
from typing import cast

_LONGEST = 4000
_LONGEST_TEXT = 8000
_DEEPEST = 200
_MOST_BITS = 4096
_LARGEST_EXPONENT = 64

_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})

_RUN = re.compile(r"[-+*/×·÷−–^().\d#,_ x:]+")
_START = re.compile(r"(?<![\w.#])[-+(\d#]")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:_\d+)*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?(?![\w.]))|(?P<sign>\*\*|[-+*/()]))"
)
_HEXADECIMAL = re.compile(r"(?<![\d.])0[xX](?=[\da-fA-F])")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "u+": 3, "u-": 3, "**": 4}
_OPERATORS: dict[str, type[ast.operator]] = {
    "+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "**": ast.Pow,
}  # fmt: skip
_SEVERAL_READINGS = re.compile(r"(?:^|[-+*/(])\s*-\s*[\d.]+\s*\*\*|\*\*\s*-?\s*[\d.]+\s*\*\*")


class NotArithmetic(ValueError):
    """The text is not an arithmetic expression within the bounds, or has no value (division by zero)."""


def clean(text: str) -> str:
    """Return the expression in Python's signs: `×`, `x` between operands and `÷` replaced, separators removed."""
    text = text.strip().rstrip("=?. ").translate(_SIGNS)
    text = re.sub(r"(?<=[\d)])\s*[xX]\s*(?=[\d(#-])", "*", text)
    # A colon with spaces around it divides; without them it is a time of day.
    text = re.sub(r"(?<=[\d)])\s+:\s+(?=[\d(])", "/", text)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return text.replace("^", "**")


_SPOKEN = {"plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "divided by": "/"}
_SPOKEN_OPERATOR = re.compile(rf"(?<=[\d)])\s+({'|'.join(_SPOKEN)})\s+(?=[-(\d])", re.IGNORECASE)


def spoken_operators(text: str) -> str:
    """Replace operators in words between numbers by their signs: `3 plus 4` becomes `3 + 4`."""
    return _SPOKEN_OPERATOR.sub(lambda match: f" {_SPOKEN[match[1].lower()]} ", text)


@lru_cache(maxsize=256)
def parse(text: str) -> ast.expr:
    """Parse an arithmetic expression over numbers, + - * / ** and parentheses.

    Raises:
        NotArithmetic: If it is anything else, or too long or deep.
    """
    if len(text) > _LONGEST or _HEXADECIMAL.search(text):
        raise NotArithmetic("too long or hexadecimal")
    return _Parser().parse(clean(text))


class _Parser:
    """A shunting yard: linear in the text and without recursion, whatever the text is."""

    def __init__(self) -> None:
        self._operands: list[tuple[ast.expr, int]] = []
        self._signs: list[str] = []

    def parse(self, text: str) -> ast.expr:
        place, operand_next = 0, True
        while place < len(text):
            token = _TOKEN.match(text, place)
            if token is None:
                raise NotArithmetic("not an expression")
            place = token.end()
            if token["number"]:
                if not operand_next:
                    raise NotArithmetic("two operands without an operator")
                self._operands.append((ast.Constant(_number(token["number"])), 0))  # type: ignore[arg-type]
                operand_next = False
            else:
                operand_next = self._sign(token["sign"], operand_next)
        if operand_next:
            raise NotArithmetic("not an expression")
        self._reduce(0)
        if self._signs:
            raise NotArithmetic("an open parenthesis")
        return self._operands[0][0]

    def _sign(self, sign: str, operand_next: bool) -> bool:
        """Take an operator or parenthesis; return whether an operand must follow."""
        if sign == "(" or (operand_next and sign in "+-"):
            if not operand_next or len(self._signs) > _DEEPEST:
                raise NotArithmetic("a missing operator, or too deep")
            self._signs.append("(" if sign == "(" else f"u{sign}")
            return True
        if operand_next:
            raise NotArithmetic("a missing operand")
        if sign == ")":
            self._reduce(0)
            if not self._signs:
                raise NotArithmetic("a parenthesis that was not opened")
            self._signs.pop()
            return False
        # Powers group from the right, everything else from the left.
        self._reduce(_PRECEDENCE[sign] + (sign == "**"))
        self._signs.append(sign)
        return True

    def _reduce(self, least: int) -> None:
        while self._signs and self._signs[-1] != "(" and _PRECEDENCE[self._signs[-1]] >= least:
            sign = self._signs.pop()
            right, depth = self._operands.pop()
            node: ast.expr
            if sign.startswith("u"):
                node = ast.UnaryOp(ast.USub() if sign == "u-" else ast.UAdd(), right)
            else:
                left, left_depth = self._operands.pop()
                depth = max(depth, left_depth)
                node = ast.BinOp(left, _OPERATORS[sign](), right)
            if depth >= _DEEPEST:
                raise NotArithmetic("too deep")
            self._operands.append((node, depth + 1))


def _number(text: str) -> Fraction:
    digits, _, exponent = text.replace("_", "").lower().partition("e")
    if len(digits) > _MOST_BITS // 3 or abs(int(exponent or 0)) > 400:
        raise NotArithmetic("number too large")
    number = Fraction(int(digits)) if digits.isdecimal() else Fraction(digits)
    return number * Fraction(10) ** int(exponent) if exponent else number


@lru_cache(maxsize=256)
def value(text: str) -> Fraction:
    """Return the exact value of an expression.

    Raises:
        NotArithmetic: If it is no expression, divides by zero, or grows beyond the bounds.
    """
    return _value(parse(text))


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant():
            return cast(Fraction, node.value)
        case ast.UnaryOp(op, operand):
            inner = _value(operand)
            return -inner if isinstance(op, ast.USub) else inner
        case ast.BinOp(left, op, right):
            a, b = _value(left), _value(right)
            result = _apply(op, a, b)
            if max(result.numerator.bit_length(), result.denominator.bit_length()) > _MOST_BITS:
                raise NotArithmetic("value too large")
            return result
    raise NotArithmetic("not arithmetic")


def _apply(op: ast.operator, a: Fraction, b: Fraction) -> Fraction:
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div():
            if b == 0:
                raise NotArithmetic("division by zero")
            return a / b
        case ast.Pow():
            if b.denominator != 1 or abs(b) > _LARGEST_EXPONENT or (a == 0 and b < 0):
                raise NotArithmetic("exponent out of bounds")
            return Fraction(a ** int(b))
    raise NotArithmetic("not arithmetic")


@lru_cache(maxsize=256)
def is_expression(text: str) -> bool:
    """Return whether the text is an expression with at least one operation."""
    try:
        return not isinstance(parse(text), ast.Constant)
    except NotArithmetic:
        return False


def expressions(text: str) -> list[str]:
    """Return the arithmetic expressions with at least one operation that stand in a text, in order."""
    if len(text) > _LONGEST_TEXT:
        return []
    found = []
    for run in _RUN.finditer(text):
        start = _START.search(text, run.start(), run.end())
        if start is None:
            continue
        end = run.end()
        while end > start.start() and not (text[end - 1].isdecimal() or text[end - 1] == ")"):
            end -= 1
        expression = text[start.start() : end]
        if not re.match(r"[\w.]*\w", text[end : end + 80]) and is_expression(expression):
            found.append(expression)
    return found


def several_readings(text: str) -> bool:
    """Return whether people read the expression in more than one way: `-3^2`, `2^3^2`."""
    return bool(_SEVERAL_READINGS.search(clean(text)))


def shape(text: str) -> str:
    """Return the expression's tree as text: equal for expressions that differ only in redundant parentheses.

    Raises:
        NotArithmetic: If it is no expression.
    """
    return ast.dump(parse(text))
