"""Which strategy to try: the modified upper confidence bound of PlanGEN's selection agent.

    UCB(a) = R(a) / (C(a) Rmax) + min(sqrt(2 ln(T + 1) / C(a)), cap) + lambda / (1 + T) prior(a)
             + alpha_div / (C(a) + 1) + alpha_rec Rec(a)

C(a) is 1 plus the tries of a, R(a) the sum of their rewards, T the tries of all, Rmax the largest single
reward (1 while all are 0), Rec(a) the recoveries.

Source: Parmar et al. 2025, "PlanGEN", arXiv 2502.16111. The paper gives no values for lambda and the alphas.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agot.learning import Tally


@dataclass(frozen=True, slots=True)
class UcbSettings:
    """Weights of the terms, all dimensionless.

    Attributes:
        prior_weight: lambda. At 1 a model's full rating weighs as much as a certain success, on the first
            try.
        diversity: alpha_div, for what was seldom tried.
        recovery: alpha_rec, for what succeeded after others had failed.
        cap: Largest exploration term.
        recoveries: Rec as a "share" of the tries, C(a), or as a "count" as published. The paper counts
            within one question; over many runs a count outgrows every other term.
        unrated: Rating of a strategy that the prior leaves out.
    """

    prior_weight: float = 1.0
    diversity: float = 0.5
    recovery: float = 0.1
    cap: float = 5.0
    recoveries: Literal["share", "count"] = "share"
    unrated: float = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    """The terms of one strategy's bound, in the order of the formula."""

    reward: float
    exploration: float
    prior: float
    diversity: float
    recovery: float

    @property
    def total(self) -> float:
        """The bound."""
        return self.reward + self.exploration + self.prior + self.diversity + self.recovery


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy, why it was chosen, and the terms of all."""

    strategy: str
    why: str
    scores: Mapping[str, Score]


def ucb_scores(
    strategies: Sequence[str],
    tallies: Mapping[str, Tally],
    *,
    prior: Mapping[str, float] | None = None,
    settings: UcbSettings | None = None,
) -> dict[str, Score]:
    """Return the terms of the bound for each strategy, in the order given.

    Args:
        strategies: Those that may be chosen; what `tallies` hold of others is left out.
        tallies: By strategy, on tasks like this one.
        prior: Ratings in [0, 1] from one model call; None if it was not made, and the term is left out.
        settings: Weights; the defaults if None.
    """
    settings = settings or UcbSettings()
    known = {strategy: tallies.get(strategy, Tally()) for strategy in strategies}
    tries = sum(tally.n for tally in known.values())
    largest = max((tally.reward_max for tally in known.values()), default=0.0) or 1.0
    scores = {}
    for strategy, tally in known.items():
        count = 1 + tally.n
        recovered = tally.recoveries / (count if settings.recoveries == "share" else 1)
        rating = 0.0 if prior is None else prior.get(strategy, settings.unrated)
        scores[strategy] = Score(
            reward=tally.reward_sum / (count * largest),
            exploration=min(math.sqrt(2 * math.log(tries + 1) / count), settings.cap),
            prior=settings.prior_weight / (1 + tries) * rating,
            diversity=settings.diversity / (count + 1),
            recovery=settings.recovery * recovered,
        )
    return scores


def choose_strategy(
    strategies: Sequence[str],
    tallies: Mapping[str, Tally],
    *,
    cluster: str,
    prior: Mapping[str, float] | None = None,
    settings: UcbSettings | None = None,
) -> StrategyChoice:
    """Return the strategy with the highest bound; of equals the first given, so give the cheapest first.

    Args:
        cluster: What the tallies are about, for `why`.

    Raises:
        ValueError: If there is no strategy to choose from.

    The other arguments are those of `ucb_scores`.
    """
    if not strategies:
        raise ValueError("There is no strategy to choose from; give at least one.")
    scores = ucb_scores(strategies, tallies, prior=prior, settings=settings)
    ranked = sorted(scores, key=lambda strategy: -scores[strategy].total)
    return StrategyChoice(ranked[0], _why(ranked, scores, tallies, cluster, rated=bool(prior)), scores)


def _why(
    ranked: list[str], scores: Mapping[str, Score], tallies: Mapping[str, Tally], cluster: str, *, rated: bool
) -> str:
    best, tally = ranked[0], tallies.get(ranked[0], Tally())
    if not any(tallies[strategy].n for strategy in ranked if strategy in tallies):
        order = "rated best by the model" if rated else "the first in order"
        return f"{best}: nothing was tried on {cluster} yet, {order}"
    if not tally.n:
        told = f"not tried on {cluster} yet"
    else:
        tries = "1 try" if tally.n == 1 else f"{tally.n} tries"
        told = f"mean reward {tally.reward_sum / tally.n:.2f} in {tries} on {cluster}"
    against = f" against {scores[ranked[1]].total:.2f} of {ranked[1]}" if len(ranked) > 1 else ""
    return f"{best}: {told}; bound {scores[best].total:.2f}{against}"
