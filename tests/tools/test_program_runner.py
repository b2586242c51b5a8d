"""What a program answers, as people write it."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from fractions import Fraction

import pytest

from agot.tools.program_runner import NoAnswer, answer_of, written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (35, "35"), (35.0, "35"), (-0.0, "0"), (0.1 + 0.2, "0.3"), (2 / 3, "0.666666666667"), (1234567.891, "1234567.891"),
        (sum([0.1] * 10), "1"), (1e20, "100000000000000000000"), (0.00001234, "0.00001234"), (1.5e-30, "1.5e-30"),
        (Fraction(6, 2), "3"), (Fraction(7, 2), "7/2"), (Decimal("35.50"), "35.5"), (Decimal("1E+3"), "1000"),
        (Decimal(0), "0"), (True, "True"), (" 35 apples\n", "35 apples"), (3 + 0j, "3"), (2 - 1.5j, "2 - 1.5i"),
        ([1.0, 0.1 + 0.2, "a"], "[1, 0.3, 'a']"), ((1.0, 2.0), "(1, 2)"), ((1.0,), "(1,)"), ({10, 9.0, 1}, "{1, 9, 10}"),
        ({"a": 1.0}, "{'a': 1}"), (range(3), "[0, 1, 2]"), (map(float, "12"), "[1, 2]"),
        (datetime.date(2026, 11, 29), "2026-11-29"), (datetime.timedelta(days=2), "2 days, 0:00:00"),
    ],
)  # fmt: skip
def test_values_are_written_as_people_write_them(value: object, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, Decimal("NaN"), [math.inf], "  ", object(), len, iter(int, 1)]
)
def test_what_is_no_answer_is_refused(value: object) -> None:
    with pytest.raises(NoAnswer):
        written(value)


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("def solution():\n    return 7 * 5 / 1", "35"),
        ("def solution():\n    return 35\nprint('checking', 1)\nprint(solution())", "35"),
        ("def solution():\n    print('The total is 35.50')", "35.5"),
        ("def solution(apples=3):\n    return apples", "3"),
        ("solution = lambda: 4", "4"),
        ("print('a')\nprint(70 / 2)\nprint()", "35"),
        ("print('Total cost: $1,250.75')", "$1,250.75"),
        ("print('There are 3 cats: yes')", "There are 3 cats: yes"),
        ("print('35', end='')", "35"),
        ("total = 5 + 3\ntotal * 2", "16"),
        ("def total():\n    return 8", "8"),
        (
            "def add(a, b):\n    return a + b\ndef total():\n    return add(3, 5)\ndef more(a):\n    return a",
            "8",
        ),
        ("if __name__ == '__main__':\n    print(9)", "9"),
        ("import sys\nprint(9)\nsys.exit(1)", "9"),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nprint(A(3).x)", "3"),
    ],
)
def test_a_program_answers_by_what_it_returns_or_prints(source: str, answer: str) -> None:
    assert answer_of(source) == answer


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = 1", r"no function solution\(\) and prints nothing"),
        ("", r"no function solution\(\) and prints nothing"),
        ("def f(a):\n    return a", r"no function solution\(\) and prints nothing"),
        ("def solution():\n    x = 1", r"solution\(\) returned nothing and printed nothing"),
        ("import math\ndef solution():\n    return math.inf", "inf, which is no number"),
        ("def solution():\n    return solution", "which is no answer"),
    ],
)
def test_a_program_without_an_answer_is_told_what_is_missing(source: str, told: str) -> None:
    with pytest.raises(NoAnswer, match=told):
        answer_of(source)
