"""The Game of 24: exactly these numbers, exactly this value."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.bench.twenty_four import makes, solution

NUMBERS = Counter([4, 6, 8, 8])


@pytest.mark.parametrize(
    "answer",
    [
        "4*6*8/8", "6 × 8 ÷ 8 × 4", "24 = (4*6)*(8/8)", "(4*6)*(8/8) = 24.", "[8/8]*{4*6}", "-(8-8-4*6)",
        "`4*6*8/8`", "$4 * 6 * 8 / 8$", r"$(4\times 6)\times(8\div 8)$",
        r"\[4 \cdot 6 \cdot \frac{8}{8}\]", r"\boxed{4\times6\times8/8}", "**4*6*8/8**", r"\(4\times6\times8\div8 = 24\)",
    ],
)  # fmt: skip
def test_any_way_over_the_numbers_is_right(answer: str) -> None:
    assert makes(answer, NUMBERS, 24)


@pytest.mark.parametrize(
    "answer",
    [
        "", "24", "4*6", "8*6-8*4+8", "4*6*8/8+0", "48*6/8", "4*6**8/8", "4*6*8/8=25", "__import__('os')", "(4*6*8/8",
        "4*6/(8-8)", "9" * 5000, "(" * 199, "4**6**8**8", "24 = 24 = 4*6*8/8", "4!*6/(8-8)", "4*6*0.8/0.8", r"4\times6\times8", r"4^{1}\times6\times8\div8",
    ],
)  # fmt: skip
def test_refuses_everything_else(answer: str) -> None:
    assert not makes(answer, NUMBERS, 24)


@given(st.text(max_size=60))
def test_any_text_is_told_without_a_fault(text: str) -> None:
    assert makes(text, NUMBERS, 24) in (True, False)


@given(st.lists(st.integers(1, 13), min_size=4, max_size=4))
def test_found_solutions_are_right(numbers: list[int]) -> None:
    found = solution(numbers, 24)
    if found is not None:
        assert makes(found, Counter(numbers), 24)


def test_puzzles_without_a_solution_have_none() -> None:
    assert solution([1, 1, 1, 1], 24) is None
    assert solution([3, 3, 8, 8], 24) is not None
