"""Ratings of strategies, however a model writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.selection.prior import parse_prior

NAMES = ["chain", "vote", "plan"]


@pytest.mark.parametrize(
    ("reply", "ratings"),
    [
        ('{"chain": 0.8, "vote": 0.3}', {"chain": 0.8, "vote": 0.3}),
        ('Sure!\n```json\n{"scores": {"Chain": 0.8, "VOTE": "0.3"}}\n```', {"chain": 0.8, "vote": 0.3}),
        (
            '[{"score": 8, "strategy": "chain"}, {"score": 3, "strategy": "vote"}]',
            {"chain": 0.8, "vote": 0.3},
        ),
        ('{"chain": {"rating": 1}}', {"chain": 1.0}),
        ("chain: 0.8\nvote: 0.3", {"chain": 0.8, "vote": 0.3}),
        ("1. **chain** - 80%\n2. **vote** - 30 %", {"chain": 0.8, "vote": 0.3}),
        ("I rate chain 8/10, vote 3/10 and plan at 1/5.", {"chain": 0.8, "vote": 0.3, "plan": 0.2}),
        ("chain: 8\nvote: 10", {"chain": 0.8, "vote": 1.0}),
        ("chain: 80\nvote: 5", {"chain": 0.8, "vote": 0.05}),
        ("<think>chain: 0.1</think>chain: 0.9", {"chain": 0.9}),
        ("chain: 0.1 at first, but chain = .9", {"chain": 0.9}),
        ("chain: -3\nvote: 0.5\nplan: 11/10", {"vote": 0.5}),
        ("chain: 8/0, vote: 1e9, plan: 12345", {}),
        ("vote is better than chain. unchained: 0.4", {}),
        ('{"chain": true, "vote": null, "plan": NaN}', {}),
        ('{"chain": 0, "vote": 1}', {"chain": 0.0, "vote": 1.0}),
        ("", {}),
        ("no idea", {}),
    ],
)
def test_reads_ratings(reply: str, ratings: dict[str, float]) -> None:
    assert parse_prior(reply, NAMES) == pytest.approx(ratings)


def test_longer_names_are_not_taken_for_shorter_ones() -> None:
    assert parse_prior("tree search: 0.9, tree: 0.2", ["tree", "tree search"]) == {
        "tree search": 0.9,
        "tree": 0.2,
    }


def test_nothing_is_rated_without_strategies() -> None:
    assert parse_prior("chain: 0.8", []) == {}


@given(st.text(alphabet='chainvote:0123456789./%{}[]", \n-', max_size=300))
def test_any_text_gives_ratings_between_0_and_1(reply: str) -> None:
    assert all(0.0 <= rating <= 1.0 for rating in parse_prior(reply, NAMES).values())


@pytest.mark.parametrize("part", ["chain ", "1", "{", "[", '{"chain":', "chain 1/", "[{"])
def test_long_replies_take_no_long_time(part: str) -> None:
    assert set(parse_prior(part * 20_000, NAMES)) <= set(NAMES)
