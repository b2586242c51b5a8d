"""Are two formulas the same? Exact arithmetic at random points; numbers of sixty digits where roots or functions occur.

An identity of rational functions that holds at random rational points is one (Schwartz 1980, Zippel 1979, but for
odds below one in a million million); analytic functions that agree there to forty digits are taken for the same.
Unlike a computer algebra system, which simplifies, this takes a bounded number of bounded operations.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from importlib import import_module
from typing import Any

from agot.reading.formulas import Node, NotAFormula, formula

_POINTS = 8
_FEWEST_POINTS = 3
_MOST_BITS = 8192
_LARGEST_EXPONENT = 64
_LARGEST_FACTORIAL = 60
_LARGEST_CHOICE = 1000
_DIGITS = 60
_AGREEING_DIGITS = 40
_LARGEST = 1e15
"""Beyond it, sums may cancel so many digits that nothing can be told."""
_LARGEST_LOGARITHM = 40.0


class _NotRational(ArithmeticError):
    """A root, a function or a constant that no fraction is."""


class _NoValue(ArithmeticError):
    """Undefined at this point, or too large."""


def same_expression(a: str, b: str) -> bool | None:
    """Return whether two formulas, in LaTeX or plain text, are the same for all values of their variables.

    `log` without a base is the natural one. Equations are the same if one is a multiple of the other; `x = 5` and `5` are the same.

    Returns:
        None if a text is no formula, if a value cannot be had, or if roots or functions occur and mpmath
        (extra `agot[math]`) is not installed.
    """
    try:
        return _compared(formula(a), formula(b))
    except (NotAFormula, RecursionError):  # the caller's own stack may be deep
        return None


def _compared(left: tuple[Node, ...], right: tuple[Node, ...]) -> bool | None:
    if len(left) != len(right):
        left, right = _without_name(left), _without_name(right)
        return None if len(left) != len(right) else _same(left[0], right[0])
    if len(left) == 1:
        return _same(left[0], right[0])
    if _same(left[0], right[0]) and _same(left[1], right[1]):
        return True
    return _proportional(_difference(left), _difference(right))


def _without_name(sides: tuple[Node, ...]) -> tuple[Node, ...]:
    return sides[1:] if len(sides) == 2 and sides[0].kind == "variable" else sides


def _difference(sides: tuple[Node, ...]) -> Node:
    return Node("-", operands=sides)


def _same(a: Node, b: Node) -> bool | None:
    pairs = _pairs(a, b)
    return None if pairs is None else all(_near(left, right) for left, right in pairs)


def _proportional(a: Node, b: Node) -> bool | None:
    pairs = _pairs(a, b)
    if pairs is None:
        return None
    if not all(left and right for left, right in pairs):
        return not any(left or right for left, right in pairs)
    ratios = [_quotient(left, right) for left, right in pairs]
    return all(_near(ratio, ratios[0]) for ratio in ratios)


def _pairs(a: Node, b: Node) -> list[tuple[Any, Any]] | None:
    """Return the values of both where both have one, or None if those are too few."""
    pairs = [
        (left, right)
        for left, right in zip(_at_points(a), _at_points(b), strict=True)
        if left is not None and right is not None
    ]
    return pairs if len(pairs) >= _FEWEST_POINTS else None


def _near(a: Any, b: Any) -> bool:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return bool(a == b)
    arithmetic = _many_digits()
    assert arithmetic is not None  # it gave one of the values
    return arithmetic.near(arithmetic.of(a), arithmetic.of(b))


def _quotient(a: Any, b: Any) -> Any:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a / b
    arithmetic = _many_digits()
    assert arithmetic is not None  # it gave one of the values
    return arithmetic.of(a) / arithmetic.of(b)


@lru_cache(maxsize=1024)
def _at_points(node: Node) -> tuple[Any, ...]:
    """Return the formula's value at each of the points, None where it has none or none can be had."""
    return tuple(_at(node, _Point(place)) for place in range(_POINTS))


def _at(node: Node, values: _Point) -> Any:
    try:
        return _exact(node, values)
    except _NotRational:
        arithmetic = _many_digits()
    except _NoValue:
        return None
    try:
        return None if arithmetic is None else arithmetic.value(node, values)
    except _NoValue:
        return None


class _Point:
    """Gives each variable a value that depends only on its name; every second point is negative."""

    def __init__(self, place: int) -> None:
        self._place = place

    def __getitem__(self, name: str) -> Fraction:
        value = Fraction(random.Random(f"{self._place}:{name}").randrange(2**20, 2**22), 2**20 + 7)
        return -value if self._place % 2 else value


def _exact(node: Node, values: _Point) -> Fraction:
    match node.kind:
        case "number":
            return node.value
        case "variable":
            return values[node.name]
        case "constant" | "root" | "function":
            raise _NotRational
    operands = [_exact(operand, values) for operand in node.operands]
    result = _operation(node.kind, operands)
    if max(result.numerator.bit_length(), result.denominator.bit_length()) > _MOST_BITS:
        raise _NoValue
    return result


def _operation(kind: str, operands: list[Fraction]) -> Fraction:
    a, b = operands[0], operands[-1]
    match kind:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/" | "frac":
            if b == 0:
                raise _NoValue
            return a / b
        case "abs":
            return abs(a)
        case "^":
            if b.denominator != 1:
                raise _NotRational
            size = max(a.numerator.bit_length(), a.denominator.bit_length())
            if (a == 0 and b <= 0) or size * abs(b) > _MOST_BITS:
                raise _NoValue
            return Fraction(a ** int(b))
        case "!":
            if a.denominator != 1 or not 0 <= a <= _LARGEST_FACTORIAL:
                raise _NoValue
            result = 1
            for factor in range(2, int(a) + 1):
                result *= factor
            return Fraction(result)
        case "binom":
            if a.denominator != 1 or b.denominator != 1 or not 0 <= b <= a <= _LARGEST_CHOICE:
                raise _NoValue
            return Fraction(math.comb(int(a), int(b)))
    raise _NoValue


class _Arithmetic:
    """Complex numbers of many digits, refused before they grow."""

    def __init__(self, mp: Any) -> None:
        self._mp = mp
        self._functions: dict[str, Callable[[Any], Any]] = {
            "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "cot": mp.cot, "sec": mp.sec, "csc": mp.csc,
            "arcsin": mp.asin, "arccos": mp.acos, "arctan": mp.atan, "sinh": mp.sinh, "cosh": mp.cosh,
            "tanh": mp.tanh, "ln": mp.log, "exp": mp.exp, "abs": abs, "floor": mp.floor, "ceil": mp.ceil,
        }  # fmt: skip
        self._constants = {"pi": +mp.pi, "e": +mp.e, "i": mp.mpc(0, 1)}

    def of(self, value: Any) -> Any:
        """Return a fraction as such a number."""
        return self._mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value

    def near(self, a: Any, b: Any) -> bool:
        """Return whether two values agree to forty digits."""
        return bool(abs(a - b) <= self._mp.mpf(10) ** -_AGREEING_DIGITS * max(1, abs(a), abs(b)))

    def value(self, node: Node, values: _Point) -> Any:
        """Return the value at a point.

        Raises:
            _NoValue: If there is none, or it is too large.
        """
        try:
            result = self._value(node, values)
        except (ValueError, ZeroDivisionError, OverflowError) as error:
            raise _NoValue from error
        if not self._mp.isfinite(result) or abs(result) > _LARGEST:
            raise _NoValue
        return result

    def _value(self, node: Node, values: _Point) -> Any:
        match node.kind:
            case "number":
                return self.of(node.value)
            case "variable":
                return self.of(values[node.name])
            case "constant":
                return self._constants[node.name]
        operands = [self.value(operand, values) for operand in node.operands]
        a, b = operands[0], operands[-1]
        match node.kind:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/" | "frac":
                return a / b
            case "abs":
                return abs(a)
            case "^":
                return self._power(a, b)
            case "root":
                return self._root(a, b)
            case "function":
                return self._function(node, operands)
        raise _NoValue

    def _power(self, a: Any, b: Any) -> Any:
        if a and abs(b) * abs(self._mp.log(abs(a))) > _LARGEST_LOGARITHM:
            raise _NoValue
        return self._mp.power(a, b)

    def _root(self, a: Any, degree: Any) -> Any:
        if self._mp.im(degree) or degree != self._mp.floor(degree) or not 2 <= degree <= _LARGEST_EXPONENT:
            raise _NoValue
        if self._mp.im(a) == 0 and a < 0 and int(degree) % 2:
            return -self._mp.power(-a, 1 / degree)
        return self._mp.power(a, 1 / degree)

    def _function(self, node: Node, operands: list[Any]) -> Any:
        if node.name == "exp" and abs(operands[0]) > _LARGEST_LOGARITHM:
            raise _NoValue
        if node.name == "log":
            return self._mp.log(operands[0]) / (self._mp.log(operands[1]) if len(operands) == 2 else 1)
        return self._functions[node.name](operands[0])


@lru_cache(maxsize=1)
def _many_digits() -> _Arithmetic | None:
    try:
        context = import_module("mpmath.ctx_mp").MPContext()
    except ImportError:
        return None
    context.dps = _DIGITS
    return _Arithmetic(context)
