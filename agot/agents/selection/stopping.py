"""When to stop drawing against a verifier that errs.

A verifier that accepts wrong answers now and then sets a limit to repeated sampling: each rejection makes it
likelier that the question is too hard, and so that the next acceptance is a mistake.

Source: Stroebl et al. 2024, "Inference Scaling fLaws: The Limits of LLM Resampling with Imperfect Verifiers",
arXiv 2411.17501.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agot.learning import Tally


@dataclass(frozen=True, slots=True)
class Beta:
    """A Beta distribution of a probability: as after `a` - 1 successes and `b` - 1 failures; both above 0."""

    a: float
    b: float

    def __post_init__(self) -> None:
        if not (0 < self.a < math.inf and 0 < self.b < math.inf):
            raise ValueError(
                f"A Beta distribution needs two finite numbers above 0, got {self.a} and {self.b}."
            )

    @property
    def mean(self) -> float:
        """The expected probability."""
        return self.a / (self.a + self.b)


COMPLETENESS = Beta(4.0, 1.0)
SOUNDNESS = Beta(3.0, 2.0)
"""What is believed of an unseen check: it accepts 0.8 of right answers and rejects 0.6 of wrong ones."""

CHANCE_STRENGTH = 2.0
"""How alike questions of a cluster are; small where some are easy and some hopeless."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How far a check can be trusted.

    Attributes:
        completeness: P(accepts | right), in [0, 1].
        soundness: P(rejects | wrong), in [0, 1].
    """

    completeness: float
    soundness: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.completeness <= 1.0 and 0.0 <= self.soundness <= 1.0):
            raise ValueError(f"Rates are probabilities in [0, 1], got {self}.")


@dataclass(frozen=True, slots=True)
class Stakes:
    """What answers are worth, in one unit of the caller's choice.

    Attributes:
        right: V_tp, the gain of giving a right answer, at least 0.
        wrong: |V_fp|, the loss of giving a wrong one, at least 0; 0 if it does no more harm than none.
        draw: Cost of one more sample, at least 0.
    """

    right: float = 1.0
    wrong: float = 1.0
    draw: float = 0.0

    def __post_init__(self) -> None:
        if not all(0.0 <= value < math.inf for value in (self.right, self.wrong, self.draw)):
            raise ValueError(f"Stakes are finite and not negative, got {self}.")


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next.

    Attributes:
        action: "draw" another sample, "answer" with the one at hand, or "abstain".
        probability: That the answer given would be right: of the next accepted sample for "draw", of the one
            at hand otherwise.
        value: Expected value of the action in the unit of the stakes; 0 for "abstain".
        why: One line for people.
    """

    action: Literal["draw", "answer", "abstain"]
    probability: float
    value: float
    why: str


def rates(
    tallies: Mapping[str, Tally], *, completeness: Beta = COMPLETENESS, soundness: Beta = SOUNDNESS
) -> Rates:
    """Return what to expect of a check from its tallies "tp", "fp", "tn" and "fn"; any may be missing."""
    seen = {arm: tallies[arm].n if arm in tallies else 0 for arm in ("tp", "fp", "tn", "fn")}
    return Rates(
        completeness=Beta(completeness.a + seen["tp"], completeness.b + seen["fn"]).mean,
        soundness=Beta(soundness.a + seen["tn"], soundness.b + seen["fp"]).mean,
    )


def chance(tally: Tally, *, strength: float = CHANCE_STRENGTH) -> Beta:
    """Return how likely a sample is right on questions like this one, as it differs between questions.

    Args:
        tally: Of the strategy on the cluster.
        strength: Above 0; the larger, the more alike the questions.
    """
    mean = (tally.reward_sum + 1.0) / (tally.n + 2.0)
    return Beta(mean * strength, (1.0 - mean) * strength)


def expected_right(prior: Beta, check: Rates, rejections: int) -> float:
    """Return the expected chance that a sample is right after so many were rejected.

    A sample of a question with chance r is rejected with probability r (1 - c) + (1 - r) s, so the posterior
    of r is a mixture of Beta distributions, summed here in closed form.

    Args:
        rejections: Samples that were rejected, at least 0.
    """
    if rejections < 0:
        raise ValueError(f"The number of rejections is {rejections}, expected at least 0.")
    missed, caught = 1.0 - check.completeness, check.soundness
    total = prior.a + prior.b + rejections
    logs: list[tuple[float, float]] = []
    for right in range(rejections + 1):
        wrong = rejections - right
        if (right and not missed) or (wrong and not caught):
            continue
        weight = -math.lgamma(right + 1) - math.lgamma(wrong + 1)
        weight += right * math.log(missed) if right else 0.0
        weight += wrong * math.log(caught) if wrong else 0.0
        weight += math.lgamma(prior.a + right) + math.lgamma(prior.b + wrong)
        logs.append((weight, (prior.a + right) / total))
    if not logs:  # a check that never rejects did: its rates are wrong, so they tell nothing
        return prior.mean
    top = max(weight for weight, _ in logs)
    weights = [math.exp(weight - top) for weight, _ in logs]
    return sum(weight * mean for weight, (_, mean) in zip(weights, logs, strict=True)) / sum(weights)


def value_of_draw(right: float, check: Rates, stakes: Stakes) -> float:
    """Return what another sample is worth if it is given whenever it is accepted.

    Args:
        right: Expected chance that it is right.

    Returns:
        E[r] c V_tp - (1 - E[r]) (1 - s) |V_fp| - cost.
    """
    gain = right * check.completeness * stakes.right
    return gain - (1.0 - right) * (1.0 - check.soundness) * stakes.wrong - stakes.draw


def decide(
    prior: Beta,
    check: Rates,
    *,
    rejections: int,
    accepted: bool,
    draws_left: int,
    stakes: Stakes | None = None,
) -> Decision:
    """Return whether to draw another sample, to answer, or to abstain.

    Args:
        prior: Of a sample being right, from `chance`.
        rejections: Samples the check rejected so far, without the one at hand if that was accepted.
        accepted: The check accepted the sample at hand.
        draws_left: Samples that may still be drawn.
        stakes: The defaults if None.
    """
    stakes = stakes or Stakes()
    right = expected_right(prior, check, rejections)
    draw = value_of_draw(right, check, stakes)
    if accepted:
        sure = _given(right, check.completeness, 1.0 - check.soundness)
    elif rejections:
        before = expected_right(prior, check, rejections - 1)
        sure = _given(before, 1.0 - check.completeness, check.soundness)
    else:
        sure = 0.0  # there is no sample yet
    answer = sure * stakes.right - (1.0 - sure) * stakes.wrong
    at_hand = accepted or rejections > 0
    told = f"after {rejections} rejected, a sample is right with {right:.0%}"
    if accepted and answer > 0.0:
        return Decision("answer", sure, answer, f"answer: {told}, and an accepted one with {sure:.0%}")
    if draw > 0.0 and draws_left > 0:
        next_sure = _given(right, check.completeness, 1.0 - check.soundness)
        return Decision("draw", next_sure, draw, f"draw again: {told}, which is worth {draw:+.2f}")
    if at_hand and answer > 0.0:
        return Decision("answer", sure, answer, f"answer in doubt: {told}, the one at hand with {sure:.0%}")
    why = "no draws are left" if draw > 0.0 else f"another is worth {draw:+.2f}"
    return Decision("abstain", sure, 0.0, f"abstain: {told}; {why}")


def _given(right: float, if_right: float, if_wrong: float) -> float:
    """Return P(right) after a word of the check, by Bayes."""
    both = right * if_right + (1.0 - right) * if_wrong
    return right * if_right / both if both else right
