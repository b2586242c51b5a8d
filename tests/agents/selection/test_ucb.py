"""The bound against values computed by hand, and what follows from it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.selection.ucb import UcbSettings, choose_strategy, ucb_scores
from agot.learning import Tally

PUBLISHED = UcbSettings(prior_weight=0.6, diversity=0.3, recovery=0.2, recoveries="count")
TALLIES = {
    "chain": Tally(n=7, reward_sum=4.0, reward_max=0.8, recoveries=2),
    "vote": Tally(n=2, reward_sum=1.2, reward_max=0.7),
    "other": Tally(n=1_000, reward_sum=1_000.0, reward_max=1.0),
}


def test_the_formula_by_hand() -> None:
    # T = 9, Rmax = 0.8, ln 10 = 2.302585
    scores = ucb_scores(
        ["chain", "vote", "plan"], TALLIES, prior={"chain": 0.9, "vote": 0.1}, settings=PUBLISHED
    )
    chain, vote, plan = scores["chain"], scores["vote"], scores["plan"]
    assert (chain.reward, vote.reward, plan.reward) == pytest.approx((4 / (8 * 0.8), 1.2 / (3 * 0.8), 0.0))
    assert (chain.exploration, vote.exploration) == pytest.approx((0.758713, 1.238974), abs=1e-6)
    assert plan.exploration == pytest.approx(2.145966, abs=1e-6)
    assert (chain.prior, vote.prior, plan.prior) == pytest.approx((0.06 * 0.9, 0.06 * 0.1, 0.06 * 0.5))
    assert (chain.diversity, vote.diversity, plan.diversity) == pytest.approx((0.3 / 9, 0.3 / 4, 0.3 / 2))
    assert (chain.recovery, vote.recovery, plan.recovery) == pytest.approx((0.4, 0.0, 0.0))
    assert chain.total == pytest.approx(0.625 + 0.758713 + 0.054 + 0.033333 + 0.4, abs=1e-5)


def test_before_anything_was_tried_only_prior_and_diversity_count() -> None:
    scores = ucb_scores(["a", "b"], {}, prior={"a": 1.0, "b": 0.0})
    assert (scores["a"].total, scores["b"].total) == pytest.approx((1.25, 0.25))
    assert scores["a"].reward == scores["a"].exploration == 0.0


def test_exploration_is_capped() -> None:
    tallies = {"a": Tally(n=10**9, reward_sum=1.0, reward_max=1.0)}
    assert ucb_scores(["a", "b"], tallies)["b"].exploration == 5.0


def test_zero_rewards_divide_by_one() -> None:
    assert ucb_scores(["a"], {"a": Tally(n=3)})["a"].reward == 0.0


def test_recoveries_of_a_long_history_do_not_outgrow_success() -> None:
    tallies = {
        "poor": Tally(n=1_000, reward_sum=300.0, reward_max=1.0, recoveries=300),
        "good": Tally(n=1_000, reward_sum=900.0, reward_max=1.0, recoveries=10),
    }
    assert choose_strategy(["poor", "good"], tallies, cluster="c").strategy == "good"


def test_of_equals_the_first_is_chosen_and_says_why() -> None:
    choice = choose_strategy(["chain", "vote"], {}, cluster="plain/short")
    assert choice.strategy == "chain"
    assert choice.why == "chain: nothing was tried on plain/short yet, the first in order"


def test_says_what_was_learnt() -> None:
    tallies = {
        "chain": Tally(n=50, reward_sum=10.0, reward_max=1.0), "vote": Tally(n=50, reward_sum=45.0, reward_max=1.0),
    }  # fmt: skip
    choice = choose_strategy(["chain", "vote"], tallies, cluster="plain/short")
    assert choice.strategy == "vote"
    assert choice.why.startswith("vote: mean reward 0.90 in 50 tries on plain/short; bound 1.")
    untried = choose_strategy(["chain", "plan"], tallies, cluster="plain/short")
    assert untried.why.startswith("plan: not tried on plain/short yet; bound")


def test_refuses_to_choose_from_nothing() -> None:
    with pytest.raises(ValueError, match="no strategy"):
        choose_strategy([], {}, cluster="c")


TALLY = st.builds(
    lambda n, share, rec: Tally(n=n, reward_sum=n * share, reward_max=share if n else 0.0, recoveries=min(n, rec)),
    st.integers(0, 10**6), st.floats(0, 1), st.integers(0, 50),
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from("abcd"), TALLY), st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1))
)
def test_bounds_are_finite_and_the_choice_has_the_highest(
    tallies: dict[str, Tally], prior: dict[str, float]
) -> None:
    choice = choose_strategy(list("abcd"), tallies, cluster="c", prior=prior)
    totals = {name: score.total for name, score in choice.scores.items()}
    assert all(math.isfinite(total) and total >= 0.0 for total in totals.values())
    assert totals[choice.strategy] == max(totals.values())


@given(st.integers(1, 100), st.floats(0, 1), st.floats(0, 1))
def test_more_reward_is_never_worse(n: int, less: float, more: float) -> None:
    less, more = sorted((less, more))
    rest = {"b": Tally(n=5, reward_sum=2.0, reward_max=1.0)}

    def total(share: float) -> float:
        return ucb_scores(["a", "b"], {**rest, "a": Tally(n=n, reward_sum=n * share, reward_max=share)})[
            "a"
        ].total

    assert total(less) <= total(more) + 1e-12


def test_a_bandit_that_follows_the_bound_finds_the_best_strategy() -> None:
    import random

    rng, truth, tallies = random.Random(3), {"chain": 0.3, "vote": 0.8, "plan": 0.5}, dict[str, Tally]()
    for _ in range(1_000):
        name = choose_strategy(list(truth), tallies, cluster="c").strategy
        old, reward = tallies.get(name, Tally()), float(rng.random() < truth[name])
        tallies[name] = Tally(
            n=old.n + 1, reward_sum=old.reward_sum + reward, reward_max=max(old.reward_max, reward)
        )
    assert tallies["vote"].n > 800
