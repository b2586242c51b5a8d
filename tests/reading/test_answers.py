"""Two answers are the same if they mean the same, however each is written."""

from __future__ import annotations

import time
from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.reading.answers import equivalent, groups, normal
from agot.reading.moments import moment
from agot.reading.quantities import quantity
from tests.bounded import bounded

SAME = r"""
1/2 | 0.5
2 1/2 | 2.5
2½ | 5/2
\frac{1}{2} | 0.5
-\frac{1}{2} | -0.5
\dfrac12 | 1/2
50% | 0.5
50% | 50
10\% | 0.1
1e6 | 1,000,000
1 000 000 | 1000000
6.02 × 10^23 | 6.02e23
$5.00 | 5 dollars
-$5 | -5
3 million | 3000000
seven | 7
minus 3 | −3
5 apples | 5
5 km | 5 kilometers
6\text{ cm} | 6
90^\circ | 90
90° | 90 degrees
90^{\circ} | 90°
5 m/s | 5 meters per second
12 cm^2 | 12
20 °C | 20
5 per cent | 5%
\boxed{42} | 42
**42** | 42
The answer is 42. | 42
The final answer is: Paris | Paris
x = 5 | 5
\text{(A)} | A
(A) | a
A. | (A)
A. Paris | A
(B) some text | B
(B) -5 | B
The answer is (C). | C
[1, 2] | 1,2
[1, 2, 3] | (1, 2.0, 3)
{1,2} | {2, 1}
\{1, 2\} | {2,1}
cat, dog | [cat, dog]
a, b and c | [a, b, c]
(1, \frac{1}{2}) | (1, 0.5)
[[1, 2], [3]] | [[1,2],[3.0]]
(0,1] | (0, 1]
(-∞,-2] ∪ [2,∞) | (-\infty, -2] \cup [2, \infty)
(-\infty, \frac{1}{2}] | (-∞, 0.5]
\begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix} 1 \\ 2.0 \end{pmatrix}
March 5, 2024 | 2024-03-05
5th of March 2024 | Tuesday, March 5, 2024
03/05/2024 | 3/5/2024
13/5/2024 | May 13, 2024
2:05 PM | 14:05
2 p.m. | 14:00
noon | 12:00 PM
2024-03-05 14:05 | March 5, 2024 at 2:05 PM
1 h 5 min | 65 minutes
1.5 hours | 1 hour and 30 minutes
2 days | 48 hours
yes | True
No, it is not. | no
the Eiffel Tower | Eiffel Tower
don’t | Don't
x^2+2x+1 | (x+1)^2
2^{10} | 1024
10² | 100
10⁻² | 0.01
x² | x^2
H₂O | H2O
5 m² | 5 m^2
5! | 120
(2+1)! | 6
Yes! | yes
Paris! | paris
5 apples! | 5
5 km | 5000 m
5 kilometres | 5000 metres
100 g | 0.1 kg
250 mL | 0.25 liters
5 KM | 5 km
5 ㎞ | 5 km
0.5% | 0.005
0% | 0
{1,2,2} | {1,2}
{1,2} | 2, 1
1 and 2 | 1, 2
5 or 6 | 6 or 5
1, 2 or 3 | 3, 1 or 2
x=1, y=2 | y=2, x=1
x = 2 or x = 3 | x = 3 or x = 2
3<x<5 | (3,5)
3 \leq x < 5 | [3,5)
January 5 | 5 January
the 5th of May | May 5
twenty-one | 21
ninety nine | 99
\binom{5}{2} | 10
\emptyset | \varnothing
∅ | {}
A. Paris | Paris
(B) -5 | -5
A. Paris | (A) Paris
"Paris" | Paris
**Answer:** 42 | 42
"""
SAME_WITH_ROOTS = r"""
So the answer is \boxed{\frac{\sqrt{2}}{2}}. | \frac{\sqrt 2}{2}
2\sqrt{3} | \sqrt{12}
\frac{\pi}{2} | pi/2
(1, 2\sqrt{2}) | (1, \sqrt{8})
"""
DIFFERENT = r"""
1/2 | 0.6
50% | 5
1.234 | 1234
$5 | €5
5 | 5 km
5 km | 5 m
5 apples | 5 pears
14.05 | 14:05
A | B
(A) | (B)
(D) + 1 | (D)
(D)^2 | D
\text{(D)} + 1 | \text{(D)}
A. x | A. y
[1, 2] | [2, 1]
[1, 2] | [1, 2, 3]
(0,1] | (0,1)
(0,1) | [0,1]
\begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix}1 & 2\end{pmatrix}
March 5, 2024 | March 6, 2024
February 30, 2024 | March 1, 2024
3/5/2024 | May 6, 2024
2:05 AM | 14:05
65 minutes | 66 minutes
5 m | 5 minutes
2a | 2
3xy | 3
5 dozen | 5
3-1/2 | 3.5
5 m/s | 5 km/h
20 °C | 20 °F
yes | no
no one | no
8*3 | 24
3-2 | 1
2024-03-05 | 2016
ab | ba
12ab | 12ba
Paris | Pairs
16 or 61 | 1661
x+1 | x+2
2\sqrt{3} | \sqrt{13}
9^9^9^9^9 | 1
nothing |
10² | 102
10³ | 103
10⁴ | 104
2² | 22
x² | x2
10₂ | 102
log₂8 | log28
2½ | 21⁄2
n! | n
4! | 4
(n+1)! | n+1
5!! | 5
5!! | 120
\alpha! | \alpha
!p | p
y' | y
5' | 5
A* | A
{f', g} | {f, g}
0.5% | 0.5
1% | 1
[0.5%] | [0.5]
[$5] | [€5]
{1,2} | (2,1)
[2,1] | {1,2}
{1,2} | [1,2]
{1,2,2} | 1, 2
x = 5 | y = 5
x = [1, 2] | y = [1, 2]
3<x<5 | 3<y<5
3<x<5 | [3,5]
5 MW | 5 mW
5 mm | 5 Mm
1 Mb | 1 MB
5 M | 5 m
5 N | 5 n
5 Nm | 5 nm
5 MW | 5000 mW
5n | 5
Monday, January 5, 2024 | Friday, January 5, 2024
Monday, January 5, 2024 | January 5, 2024
January 5 | January 5, 2024
5 March | 5
I. Newton | I
A. Paris | B. Paris
[] | {}
The answer: 42 because | 42
42 maybe | 42
.5x | 5x
5 ML | 5 mL
5 yes | 5
1 or 2, 3 | 1 or 2 or 3
5 or 6 | 5 and 6
5 or 6 | 5, 6
1 and 2 | 2, 1
x=1, y=2 | y=1, x=2
1, 2 | 2, 1
twenty-one | 20
\binom{5}{2} | 5/2
"""


def _pairs(text: str) -> list[tuple[str, str]]:
    lines = [line.partition("|") for line in text.strip().splitlines()]
    return [(left.strip(), right.strip()) for left, _, right in lines]


@pytest.mark.parametrize(("answer", "reference"), _pairs(SAME))
def test_same_meaning_is_the_same(answer: str, reference: str) -> None:
    assert equivalent(answer, reference)


@pytest.mark.parametrize(("answer", "reference"), _pairs(SAME_WITH_ROOTS))
def test_same_formula_is_the_same(answer: str, reference: str) -> None:
    pytest.importorskip("mpmath")
    assert equivalent(answer, reference)


@pytest.mark.parametrize(("answer", "reference"), _pairs(DIFFERENT))
def test_other_meaning_is_not_the_same(answer: str, reference: str) -> None:
    assert not equivalent(answer, reference)


def test_unit_may_be_left_out_only_if_the_reference_has_none() -> None:
    assert equivalent("5 km", "5")
    assert not equivalent("5", "5 km")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["50%", "50", "0.5", "50"], {"50%": "50", "50": "50", "0.5": "0.5"}),
        (["50%", "50", "0.5", "0.5"], {"50%": "0.5", "50": "50", "0.5": "0.5"}),
        (["5 km", "5 m", "5", "5 km"], {"5 km": "5", "5 m": "5 m", "5": "5"}),
        (["A", "A. Paris", "Paris", "A"], {"A": "A", "A. Paris": "A", "Paris": "Paris"}),
        (["5 MW", "5 mW", "5 MW"], {"5 MW": "5 MW", "5 mW": "5 mW"}),
    ],
)
def test_groups_are_the_same_in_any_order(answers: list[str], expected: dict[str, str]) -> None:
    for order in permutations(answers):
        alike = {frozenset(order[place] for place in group) for group in groups(order)}
        wanted = {
            frozenset(answer for answer in expected if expected[answer] == name) for name in expected.values()
        }
        assert alike == wanted


def test_groups_partition_the_answers_in_order_of_appearance() -> None:
    answers = ["5", "6", "5.0", "12/2", "five", "Rome", "rome.", "$6"]
    assert groups(answers) == [[0, 2, 4], [1, 3, 7], [5, 6]]
    assert groups([]) == []


@settings(deadline=None)
@given(
    answers=st.lists(
        st.sampled_from(["1/2", "0.5", "50%", "a", "A.", "(A)", "x+1", "1+x", "", "[1]"]), max_size=12
    )
)
def test_every_answer_is_in_exactly_one_group(answers: list[str]) -> None:
    found = groups(answers)
    assert sorted(place for group in found for place in group) == list(range(len(answers)))
    assert all(
        normal(answers[i]) != normal(answers[j]) for a in found for b in found if a < b for i in a for j in b
    )


LOOKALIKES = """0.5 50 50% 0.5% 5 $5 5% 5|km 5000|m 5|m 5|MW 5|mW A A.|Paris (A) Paris paris! {1,2} {2,1} {1,2,2} [1,2]
    (1,2) 1,2 x=5 y=5 5! 120 x² x^2 1|and|2 5|or|6 6|or|5 yes No! \\emptyset {} [] May|5 5|May""".replace(
    "\n", " "
).split()


@settings(deadline=None)
@given(
    answers=st.lists(st.sampled_from([one.replace("|", " ") for one in LOOKALIKES]), max_size=9),
    random=st.randoms(use_true_random=False),
)
def test_groups_hold_only_what_is_the_same_whatever_the_order(answers: list[str], random: Random) -> None:
    shuffled = random.sample(answers, len(answers))
    found, again = groups(answers), groups(shuffled)
    assert sorted(sorted(answers[place] for place in group) for group in found) == sorted(
        sorted(shuffled[place] for place in group) for group in again
    )
    for group in found:
        for one, other in combinations((answers[place] for place in group), 2):
            assert equivalent(one, other) or equivalent(other, one)


PIECES = [one.replace("|", " ") for one in LOOKALIKES] + list(
    "!%²³⁻₂½'\"*_{}[]()<≤=,;.- °$€µ∅\\"
) + ["and", "or", "km", "MW", "\\frac", "\\binom", "\\text", "The answer is", "twenty", "Monday", "\\leq", "because", "A)", "x"]  # fmt: skip
hostile = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
                    st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join))  # fmt: skip


@settings(deadline=None)
@given(a=hostile, b=hostile)
def test_comparing_is_reflexive_and_symmetric_but_for_units(a: str, b: str) -> None:
    assert equivalent(a, a)
    if equivalent(a, b) != equivalent(b, a):
        # One gives a unit that the other leaves out.
        assert any(character.isalpha() for character in a + b)


@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_every_answer_is_equivalent_to_itself(text: str) -> None:
    assert equivalent(text, text) and equivalent(f" {text} ", text)


@settings(deadline=None)
@given(a=st.text(max_size=40), b=st.text(max_size=40))
def test_any_two_texts_can_be_compared(a: str, b: str) -> None:
    equivalent(a, b)


@settings(deadline=None)
@given(numerator=st.integers(-(10**6), 10**6), denominator=st.integers(1, 10**6))
def test_fraction_is_the_same_in_all_spellings(numerator: int, denominator: int) -> None:
    sign, size = "-" * (numerator < 0), abs(numerator)
    plain, latex = f"{numerator}/{denominator}", rf"{sign}\frac{{{size}}}{{{denominator}}}"
    mixed = f"{sign}{size // denominator} {size % denominator}/{denominator}"
    assert equivalent(latex, plain)
    assert equivalent(mixed, plain) or size % denominator == 0
    assert not equivalent(f"{numerator + 1}/{denominator}", plain)


HARMFUL = [
    "(", "[", "{", "$", "\\frac{", "\\sqrt{", "9^", "1 ", "1,", "a, ", "\\boxed{", "\\text{", "!", "|", "-", "1 h ",
    "\\begin{pmatrix}", "sin ", "(1,", "the ", "x_", "½", ". ", "and ", "log_", "²", "₂", "n!", "1 or ", "1 and ", "1<x<", "'", "*", "\\binom{9}{", "x=1, ", "twenty-", "km ",
]  # fmt: skip


def cpu_s(size: int) -> float:
    """Return the CPU seconds that all harmful texts of a size take."""
    started_s = time.process_time()
    for unit in HARMFUL:
        text = (unit * (size // len(unit) + 1))[:size]
        equivalent(text, text + "1")
        equivalent(f"${text}$", "1")
        groups([text, f"[{text}]", "x^2"])
    return time.process_time() - started_s


@pytest.mark.parametrize("size", [60, 380, 1990])
def test_no_text_is_beyond_bounds(size: int) -> None:
    with bounded():
        cpu_s(size)


def test_effort_grows_no_faster_than_the_text() -> None:
    # Squares would be 16 times as long.
    assert cpu_s(100_000) / cpu_s(25_000) < 10


@pytest.mark.parametrize(
    "text", ["5", "14.05", "5 m", "May", "2024", "25:00", "13 pm", "2024-02-30", "h", "1 min 1 h"]
)
def test_what_is_no_moment_has_none(text: str) -> None:
    assert moment(text) is None


@pytest.mark.parametrize(
    "text", ["3 + 4", "16 or 61", "5 and 6", "1,00", "1/0", "2024-03-05", "", "x", "12:30", "7 times"]
)
def test_what_is_no_quantity_has_none(text: str) -> None:
    assert quantity(text) is None
