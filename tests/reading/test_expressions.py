"""Arithmetic is recomputed exactly, and no text can do harm."""

from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.reading.expressions import NotArithmetic, expressions, shape, value
from agot.verifiers.arithmetic import asked_expression


@st.composite
def trees(draw: st.DrawFn, depth: int = 4) -> tuple[str, Fraction]:
    if depth == 0 or draw(st.booleans()):
        number = draw(st.integers(0, 999))
        return str(number), Fraction(number)
    left, a = draw(trees(depth=depth - 1))
    right, b = draw(trees(depth=depth - 1))
    operator = draw(st.sampled_from("+-*"))
    return f"({left}{operator}{right})", {"+": a + b, "-": a - b, "*": a * b}[operator]


@given(tree=trees())
def test_value_is_exact(tree: tuple[str, Fraction]) -> None:
    assert value(tree[0]) == tree[1]


@given(text=st.text(max_size=200))
def test_any_text_has_a_value_or_is_not_arithmetic(text: str) -> None:
    with contextlib.suppress(NotArithmetic):
        value(text)
    expressions(text)
    asked_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "9**9**9",
        "1/0",
        "(" * 1000 + "1" + ")" * 1000,
        "1+" * 3000 + "1",
        "0**-1",
        "a+1",
        "True+1",
        "",
    ],
)
def test_harmful_or_unbounded_text_is_refused(text: str) -> None:
    with pytest.raises(NotArithmetic):
        value(text)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("3 × (4 − 2) ÷ 3", 2),
        ("1,000 + 1", 1001),
        ("2^10", 1024),
        ("007+1", 8),
        ("3 x 4", 12),
        ("0.1+0.2", Fraction(3, 10)),
    ],
)
def test_signs_of_people_are_understood(text: str, exact: Fraction) -> None:
    assert value(text) == exact


def test_shape_ignores_redundant_parentheses_only() -> None:
    assert shape("((3+4))*2") == shape("(3+4)*2")
    assert shape("(3+4)+2") == shape("3+4+2")
    assert shape("3+(4+2)") != shape("3+4+2")


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("What is (3+4)*2 - 5?", "(3+4)*2 - 5"),
        ("hey, can you tell me what is 45+55 please?", "45+55"),
        ("Compute -6*(42-50)", "-6*(42-50)"),
        ("What is 2-5 and 3+4?", None),
        ("Tom has 3 apples and eats 4-5 pears", None),
        ("What day is 2024-03-15?", None),
    ],
)
def test_asked_expression_is_found_only_if_it_is_all_that_is_asked(question: str, asked: str | None) -> None:
    assert asked_expression(question) == asked
