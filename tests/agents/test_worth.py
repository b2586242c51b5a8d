"""What a judge is worth, and what its words mean then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.worth import FACT, examples, fit_worth, worth_of


def test_examples_are_pairs_of_a_right_and_a_wrong_answer_to_each_question() -> None:
    shown = examples()
    assert 12 <= len(shown) <= 24
    for question in {one.question for one in shown}:
        own = [one for one in shown if one.question == question]
        assert sorted(one.right for one in own) == [False, True] and own[0].answer != own[1].answer


def judged(right: list[float], wrong: list[float]) -> list[tuple[float, bool]]:
    return [*((reward, True) for reward in right), *((reward, False) for reward in wrong)]


@pytest.mark.parametrize(
    ("right", "wrong", "auc", "level"),
    [
        ([0.9] * 10, [0.1] * 10, 1.0, "good"),
        ([0.95] * 10, [0.95] * 10, 0.5, "chance"),
        ([0.1] * 10, [0.9] * 10, 0.0, "chance"),
        ([0.9] * 7 + [0.3] * 3, [0.9] * 3 + [0.3] * 7, 0.7, "weak"),
    ],
)
def test_the_level_follows_from_the_area_under_the_curve(
    right: list[float], wrong: list[float], auc: float, level: str
) -> None:
    found = fit_worth("word", judged(right, wrong))
    assert (found.auc, found.level) == (pytest.approx(auc), level)


def test_a_judge_that_says_yes_to_everything_tells_nothing() -> None:
    found = fit_worth("word", judged([0.99] * 10, [0.99] * 10))
    assert found.chance(0.99) == pytest.approx(0.5, abs=0.02)


def test_twenty_answers_make_nobody_certain() -> None:
    sure = fit_worth("word", judged([0.99] * 10, [0.01] * 10))
    assert 0.8 < sure.chance(0.99) < 0.97 and sure.chance(0.01) == pytest.approx(1 - sure.chance(0.99), abs=0.01)
    weak = fit_worth("word", judged([0.9] * 7 + [0.3] * 3, [0.9] * 3 + [0.3] * 7))
    assert 0.5 < weak.chance(0.9) < sure.chance(0.9)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=4, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_a_greater_reward_never_means_a_smaller_chance(
    pairs: list[tuple[float, bool]], one: float, other: float
) -> None:
    pairs += [(0.5, True), (0.5, False)]
    found = fit_worth("word", pairs)
    low, high = sorted((one, other))
    assert 0.0 <= found.chance(low) <= found.chance(high) <= 1.0


def test_what_is_kept_can_be_read_again_and_anything_else_counts_as_unknown() -> None:
    found = fit_worth("reasoned", judged([1.0] * 10, [0.0] * 10))
    assert worth_of({FACT: found.model_dump(mode="json")}) == found
    assert worth_of({}) is worth_of({FACT: None}) is worth_of({FACT: {"auc": 3}}) is None
