"""When an election needs no further votes."""

from __future__ import annotations

import pytest

from agot.agents.strategies.cross_check import is_settled


@pytest.mark.parametrize(
    ("counts", "left", "bonus", "over"),
    [
        ([1], 7, 0, False),
        ([2], 6, 0, False),
        ([3], 5, 0, True),
        ([2], 6, 1, True),
        ([2, 1], 5, 0, False),
        ([3, 1], 4, 0, False),
        ([5, 1], 2, 0, True),
        ([4, 3], 1, 0, False),
        ([5, 3], 1, 0, True),
        ([1, 1], 0, 0, False),
        ([1, 1], 7, 3, False),
    ],
    ids=["one alone", "two agree", "three agree", "two methods agree", "two to one", "three to one", "five to one",
         "the last vote may make a tie", "the last vote changes nothing", "a tie at the end", "one vote by many methods"],
)  # fmt: skip
def test_an_election_is_settled(counts: list[int], left: int, bonus: int, over: bool) -> None:
    assert is_settled(counts, left, bonus=bonus) == over


def test_thoroughness_asks_for_more_votes() -> None:
    assert is_settled([3], 5, sure=0.9) and not is_settled([3], 13, sure=0.98) and is_settled([6], 10, sure=0.98)
