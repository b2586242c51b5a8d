"""When to stop: the posterior against numerical integration, and the directions in which decisions move."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agot.agents.selection.stopping import (
    COMPLETENESS,
    SOUNDNESS,
    Beta,
    Rates,
    Stakes,
    chance,
    decide,
    expected_right,
    rates,
    value_of_draw,
)
from agot.learning import Tally

SHARE = st.floats(0.01, 0.99)
PRIOR = st.builds(Beta, st.floats(0.1, 20), st.floats(0.1, 20))
RATES = st.builds(Rates, SHARE, SHARE)
SENSIBLE = RATES.filter(lambda check: check.completeness + check.soundness > 1.01)


def test_rates_begin_at_what_is_believed_and_follow_what_is_seen() -> None:
    assert rates({}) == Rates(COMPLETENESS.mean, SOUNDNESS.mean)
    seen = {"tp": Tally(n=15), "fn": Tally(n=5), "tn": Tally(n=4), "fp": Tally(n=1)}
    assert rates(seen) == Rates((4 + 15) / (5 + 20), (3 + 4) / (5 + 5))


def test_the_chance_of_a_sample_follows_the_tally() -> None:
    assert chance(Tally()).mean == 0.5
    assert chance(Tally(n=8, reward_sum=8.0)).mean == pytest.approx(0.9)
    assert chance(Tally(n=8, reward_sum=2.0), strength=10) == Beta(3.0, 7.0)


def test_one_rejection_by_hand() -> None:
    # E[r (s - r(s + c - 1))] / E[s - r(s + c - 1)] for a uniform r: (s/2 - d/3) / (s - d/2), d = s + c - 1
    c, s = 0.8, 0.7
    d = s + c - 1
    assert expected_right(Beta(1, 1), Rates(c, s), 1) == pytest.approx((s / 2 - d / 3) / (s - d / 2))
    assert value_of_draw(0.4, Rates(c, s), Stakes(right=2.0, wrong=3.0, draw=0.1)) == pytest.approx(
        0.4 * 0.8 * 2.0 - 0.6 * 0.3 * 3.0 - 0.1
    )


@settings(max_examples=30)
@given(st.builds(Beta, st.floats(1, 10), st.floats(1, 10)), RATES, st.integers(0, 30))
def test_the_posterior_is_what_integration_gives(prior: Beta, check: Rates, rejections: int) -> None:
    grid = [(index + 0.5) / 1_000 for index in range(1_000)]
    weights = [
        math.exp(
            (prior.a - 1) * math.log(r)
            + (prior.b - 1) * math.log(1 - r)
            + rejections * math.log(r * (1 - check.completeness) + (1 - r) * check.soundness)
        )
        for r in grid
    ]
    integral = sum(r * w for r, w in zip(grid, weights, strict=True)) / sum(weights)
    assert expected_right(prior, check, rejections) == pytest.approx(integral, abs=5e-3)


@given(PRIOR, SENSIBLE, st.integers(0, 50))
def test_each_rejection_lowers_the_chance_if_the_check_tells_right_from_wrong(
    prior: Beta, check: Rates, rejections: int
) -> None:
    assert expected_right(prior, check, rejections + 1) <= expected_right(prior, check, rejections) + 1e-12


@given(PRIOR, RATES, SHARE, st.integers(0, 30))
def test_rejections_by_a_better_check_say_more(
    prior: Beta, check: Rates, other: float, rejections: int
) -> None:
    low, high = sorted((check.completeness, other))
    lower = expected_right(prior, Rates(high, check.soundness), rejections)
    assert lower <= expected_right(prior, Rates(low, check.soundness), rejections) + 1e-9
    low, high = sorted((check.soundness, other))
    lower = expected_right(prior, Rates(check.completeness, high), rejections)
    assert lower <= expected_right(prior, Rates(check.completeness, low), rejections) + 1e-9


@given(SHARE, RATES, SHARE, st.floats(0, 10), st.floats(0, 10))
def test_a_draw_is_worth_more_with_a_better_check_and_lower_costs(
    right: float, check: Rates, other: float, some: float, more: float
) -> None:
    some, more = sorted((some, more))
    low, high = sorted((check.completeness, other))
    stakes = Stakes()
    assert value_of_draw(right, Rates(low, check.soundness), stakes) <= value_of_draw(
        right, Rates(high, check.soundness), stakes
    )
    low, high = sorted((check.soundness, other))
    assert value_of_draw(right, Rates(check.completeness, low), stakes) <= value_of_draw(
        right, Rates(check.completeness, high), stakes
    )
    for name, sign in (("right", 1), ("wrong", -1), ("draw", -1)):
        less = value_of_draw(right, check, Stakes(**{name: some}))
        assert sign * less <= sign * value_of_draw(right, check, Stakes(**{name: more}))  # fmt: skip


@given(
    PRIOR,
    RATES,
    st.integers(0, 20),
    st.booleans(),
    st.integers(0, 5),
    st.floats(0, 5),
    st.floats(0, 5),
    st.floats(0, 1),
)
def test_decisions_are_sound(
    prior: Beta,
    check: Rates,
    rejections: int,
    accepted: bool,
    left: int,
    right: float,
    wrong: float,
    draw: float,
) -> None:
    found = decide(
        prior,
        check,
        rejections=rejections,
        accepted=accepted,
        draws_left=left,
        stakes=Stakes(right, wrong, draw),
    )
    assert 0.0 <= found.probability <= 1.0 and math.isfinite(found.value) and found.why
    assert found.action != "draw" or left > 0
    assert found.action != "answer" or accepted or rejections
    assert found.value > 0.0 or found.action == "abstain"


@given(PRIOR, SENSIBLE, st.floats(0.1, 5), st.integers(1, 30))
def test_once_another_draw_is_not_worth_it_it_never_is_again(
    prior: Beta, check: Rates, wrong: float, k: int
) -> None:
    stakes = Stakes(wrong=wrong)
    assume(value_of_draw(expected_right(prior, check, k), check, stakes) < -1e-9)
    assert value_of_draw(expected_right(prior, check, k + 1), check, stakes) < 0.0


def test_a_weak_model_stops_early_when_mistakes_cost() -> None:
    weak, check = Beta(0.4, 1.6), Rates(0.9, 0.8)

    def draws(wrong: float) -> int:
        return next(
            k for k in range(200)
            if decide(weak, check, rejections=k, accepted=False, draws_left=200 - k, stakes=Stakes(wrong=wrong)).action != "draw"
            or k == 199
        )  # fmt: skip

    assert draws(0.0) == 199
    assert 1 <= draws(1.0) < 10
    assert draws(5.0) == 0


def test_each_way_to_end_says_why() -> None:
    good = Rates(0.9, 0.9)
    accepted = decide(Beta(1, 1), good, rejections=1, accepted=True, draws_left=3)
    assert accepted.action == "answer" and accepted.why.startswith("answer: after 1 rejected")
    again = decide(Beta(1, 1), good, rejections=1, accepted=False, draws_left=3)
    assert again.action == "draw" and "draw again" in again.why
    spent = decide(Beta(1, 1), good, rejections=1, accepted=False, draws_left=0)
    assert spent.action == "abstain" and spent.why.endswith("no draws are left")
    doubt = decide(Beta(9, 1), Rates(0.5, 0.5), rejections=1, accepted=False, draws_left=0)
    assert doubt.action == "answer" and doubt.why.startswith("answer in doubt")


@pytest.mark.parametrize("check", [Rates(1.0, 0.0), Rates(1.0, 1.0), Rates(0.0, 0.0), Rates(0.0, 1.0)])
def test_checks_that_are_always_right_or_wrong_break_nothing(check: Rates) -> None:
    for rejections in (0, 1, 2_000):
        assert 0.0 <= expected_right(Beta(1, 1), check, rejections) <= 1.0
        assert decide(Beta(1, 1), check, rejections=rejections, accepted=False, draws_left=1).why


def test_refuses_numbers_that_mean_nothing() -> None:
    for make in (
        lambda: Beta(0, 1),
        lambda: Beta(1, math.inf),
        lambda: Rates(1.1, 0),
        lambda: Rates(math.nan, 0),
    ):
        with pytest.raises(ValueError):
            make()
    with pytest.raises(ValueError, match="not negative"):
        Stakes(wrong=-1.0)
    with pytest.raises(ValueError, match="rejections"):
        expected_right(Beta(1, 1), Rates(0.5, 0.5), -1)
