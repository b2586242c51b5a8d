"""Safe evaluation of arithmetic: a parser and exact fractions, never `eval`.

Everything that a model or a person wrote is parsed here with bounds on length, depth and size of
numbers, so that no text can run code or take long.
"""

from __future__ import annotations

import ast
import re
from fractions import Fraction

_LONGEST = 4000
_DEEPEST = 200
_MOST_BITS = 4096
_LARGEST_EXPONENT = 64

_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "^"})

EXPRESSION = re.compile(r"(?<![\w.#])[-+(\d#][-+*/×·÷−^().\d#,_ x:]*[\d)](?![\w.]*\w)")
"""Where an expression may stand in a text; what it finds still has to parse."""


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
    """Replace operators in words between numbers by their signs: `3 plus 4` becomes `3+4`."""
    return _SPOKEN_OPERATOR.sub(lambda match: _SPOKEN[match[1].lower()], text)


def parse(text: str) -> ast.expr:
    """Parse an arithmetic expression over numbers, + - * / ** and parentheses.

    Raises:
        NotArithmetic: If it is anything else, or too long or deep.
    """
    text = clean(text)
    if not text or len(text) > _LONGEST:
        raise NotArithmetic("empty or too long")
    # Leading zeros are no Python literals, but people and models write them.
    text = re.sub(r"(?<![\d.])0+(?=\d)", "", text)
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise NotArithmetic("not an expression") from None
    _check(tree, 0)
    return tree


def _check(node: ast.expr, depth: int) -> None:
    if depth > _DEEPEST:
        raise NotArithmetic("too deep")
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow(), right):
            _check(left, depth + 1)
            _check(right, depth + 1)
        case ast.UnaryOp(ast.USub() | ast.UAdd(), operand):
            _check(operand, depth + 1)
        case ast.Constant(int() | float() as value) if not isinstance(value, bool):
            return
        case _:
            raise NotArithmetic("not arithmetic")


def value(text: str) -> Fraction:
    """Return the exact value of an expression.

    Raises:
        NotArithmetic: If it is no expression, divides by zero, or grows beyond the bounds.
    """
    return _value(parse(text))


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(int() | float() as number):
            if isinstance(number, int) and number.bit_length() > _MOST_BITS:
                raise NotArithmetic("number too large")
            return Fraction(str(number)) if isinstance(number, float) else Fraction(number)
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


def is_expression(text: str) -> bool:
    """Return whether the text is an expression with at least one operation."""
    try:
        return not isinstance(parse(text), ast.Constant)
    except NotArithmetic:
        return False


def expressions(text: str) -> list[str]:
    """Return the arithmetic expressions with at least one operation that stand in a text, in order."""
    if len(text) > 50 * _LONGEST:
        return []
    return [match[0].strip() for match in EXPRESSION.finditer(text) if is_expression(match[0])]


def shape(text: str) -> str:
    """Return the expression's tree as text: equal for expressions that differ only in redundant parentheses.

    Raises:
        NotArithmetic: If it is no expression.
    """
    return ast.dump(parse(text))
