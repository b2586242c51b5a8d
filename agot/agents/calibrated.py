"""What a judge's rewards mean as probabilities, from answers of known truth that it judged.

`agot bench verifiers --keep` counts, for every reward that a judge gave, how many of those answers were right, and
keeps the counts as lessons. A curve is fitted to them when a run first asks the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from agot.learning import Learnt, Tally, calibration_subject
from agot.verifiers.calibration import Count, fit_isotonic

Calibration = Callable[[float], float]
"""Maps a judge's reward to P(the answer is right)."""

ENOUGH = 100
"""Answers of known truth before a curve is fitted: fewer tell too little."""

_STEPS = 20


def arm_of(reward: float) -> str:
    """Return the name under which a reward in [0, 1] is counted: itself, rounded to the nearest twentieth."""
    return f"{round(reward * _STEPS) / _STEPS:.2f}"


def counts(judged: Sequence[tuple[float, bool]]) -> dict[str, Tally]:
    """Return how many answers were right for each reward that a judge gave.

    Args:
        judged: Reward in [0, 1] and truth of each answer.
    """
    found: dict[str, Tally] = {}
    for reward, right in judged:
        before = found.get(arm_of(reward), Tally())
        found[arm_of(reward)] = Tally(
            n=before.n + 1,
            reward_sum=before.reward_sum + right,
            reward_max=max(before.reward_max, float(right)),
        )
    return dict(sorted(found.items()))


def fitted(tallies: Mapping[str, Tally]) -> Calibration | None:
    """Return the curve through the counts, or None if there are too few of them.

    Args:
        tallies: As `counts` gives them.
    """
    return _fitted(
        tuple(sorted((float(arm), one.n, one.reward_sum) for arm, one in tallies.items() if one.n))
    )


@cache
def _fitted(told: tuple[Count, ...]) -> Calibration | None:
    return fit_isotonic(told) if sum(n for _, n, _ in told) >= ENOUGH else None


async def calibration_of(model: str, learnt: Learnt | None) -> Calibration | None:
    """Return what the rewards of a model as a judge were measured to mean, or None if that is not known.

    Raises:
        StoreError: If the lessons cannot be read.
    """
    if learnt is None:
        return None
    return fitted(await learnt.tallies("verifier", calibration_subject(model)))
