"""How far the rewards of judges can be trusted as probabilities, and what they mean as such.

Everything is drawn from answers of known truth. `agot bench verifiers --keep` counts, for every reward that a
judge gave, how many of those answers were right, and keeps the counts as lessons; a curve is fitted to them when a
run first asks the judge. Of a judge that was only asked about the built-in answers (`agot.agents.worth`), a
logistic curve is all that so few can tell.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from agot.learning import Learnt, Tally, calibration_subject

Calibration = Callable[[float], float]
"""Maps a judge's reward to P(the answer is right)."""

Count = tuple[float, int, float]
"""A probability that was said, how many answers it was said of, and how many of these were right."""

ENOUGH = 100
"""Answers of known truth before a curve is fitted: fewer tell too little."""

_STEPS = 20

_OF_SAID = 0.02
"""Share that what was said keeps in what it means, so that a level line makes no two answers equal."""

_PRIOR = 1.0
"""Precision of the logistic curve's slope around 0; about that of the evidence of a dozen answers."""

# -- how good probabilities are --------------------------------------------------------------------


def brier_score(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """Return the mean squared distance of probabilities from what happened: 0 is perfect, 0.25 is a coin.

    Raises:
        ValueError: If there are none, not as many of both, or one is outside [0, 1].

    Source: Brier 1950, "Verification of Forecasts Expressed in Terms of Probability".
    """
    _check(probabilities, right)
    return math.fsum((p - good) ** 2 for p, good in zip(probabilities, right, strict=True)) / len(right)


def expected_calibration_error(
    probabilities: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> float:
    """Return the mean distance between what was said and what was so, over bins of equal width.

    It depends on the number of bins and grows with few answers; report it with both.

    Args:
        bins: At least 1.

    Raises:
        ValueError: As for `brier_score`, or if there is no bin.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv 1706.04599.
    """
    _check(probabilities, right)
    if bins < 1:
        raise ValueError(f"There are {bins} bins, but must be at least 1.")
    members: dict[int, list[float]] = {}
    for p, good in zip(probabilities, right, strict=True):
        members.setdefault(min(int(p * bins), bins - 1), []).append(p - good)
    return math.fsum(abs(math.fsum(inside)) for inside in members.values()) / len(right)


def area_under_curve(counts: Sequence[Count]) -> float:
    """Return P(a right answer is rated above a wrong one), in [0, 1]; ties count one half.

    Args:
        counts: Rewards with some right and some wrong answers in all; one may come several times.
    """
    above = below = right = 0.0
    for _, same in groupby(sorted(counts), key=lambda one: one[0]):
        _, n, good = (sum(column) for column in zip(*same, strict=True))
        above += good * (below + (n - good) / 2)
        below, right = below + n - good, right + good
    return above / (right * below)


# -- curves ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """What said probabilities mean: a rising line through points, all but constant outside of them.

    Attributes:
        said: Rising.
        meant: Never falling, as many.
    """

    said: tuple[float, ...]
    meant: tuple[float, ...]

    def __call__(self, probability: float) -> float:
        """Return the calibrated probability, in [0, 1]; of two different ones it keeps the order."""
        return (1 - _OF_SAID) * self._line(probability) + _OF_SAID * probability

    def _line(self, probability: float) -> float:
        place = bisect_left(self.said, probability)
        if place == 0 or place == len(self.said):
            return self.meant[min(place, len(self.said) - 1)]
        low, high = self.said[place - 1], self.said[place]
        below, above = self.meant[place - 1], self.meant[place]
        return min(max(below + (above - below) * ((probability - low) / (high - low)), below), above)


def fit_isotonic(told: Sequence[Count]) -> Curve:
    """Fit the never falling function with the least squared error, by pooling adjacent violators.

    To each count one answer is added that is right with the share of all: few answers move little.

    Args:
        told: Each probability once.

    Raises:
        ValueError: If there are no answers, or a count or a probability is impossible.

    Source: Ayer et al. 1955, "An Empirical Distribution Function for Sampling with Incomplete Information"; Zadrozny &
    Elkan 2002, "Transforming Classifier Scores into Accurate Multiclass Probability Estimates".
    """
    if not told or not all(0 <= p <= 1 and 0 <= right <= n and n > 0 for p, n, right in told):
        raise ValueError(
            f"Counts are (probability in [0, 1], answers, right ones among them), and some; got {list(told)[:3]}."
        )
    share = math.fsum(right for _, _, right in told) / sum(n for _, n, _ in told)
    # Each block: probabilities from and to, right answers, answers.
    blocks: list[tuple[float, float, float, int]] = []
    for p, n, right in sorted(told):
        block = (p, p, right + share, n + 1)
        while blocks and blocks[-1][2] * block[3] >= block[2] * blocks[-1][3]:
            start, _, before, count = blocks.pop()
            block = (start, block[1], before + block[2], count + block[3])
        blocks.append(block)
    points: dict[float, float] = {}
    for start, end, right, count in blocks:
        points[start] = points[end] = min(1.0, right / count)
    return Curve(tuple(points), tuple(points.values()))


def fit_logistic(points: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Return intercept and slope of the penalised logistic fit, the slope at least 0.

    Args:
        points: Where on the line each answer is, such as `logit` of a reward, and whether it was right; some.

    Source: Platt 1999, "Probabilistic Outputs for Support Vector Machines".
    """
    spread = math.sqrt(sum(x * x for x, _ in points) / len(points)) or 1.0
    scaled = [(x / spread, float(good)) for x, good in points]
    a = b = 0.0
    for _ in range(50):
        ps = [sigmoid(a + b * x) for x, _ in scaled]
        da = sum(y - p for p, (_, y) in zip(ps, scaled, strict=True)) - _PRIOR * a
        db = sum((y - p) * x for p, (x, y) in zip(ps, scaled, strict=True)) - _PRIOR * b
        ws = [p * (1.0 - p) for p in ps]
        haa = sum(ws) + _PRIOR
        hab = sum(w * x for w, (x, _) in zip(ws, scaled, strict=True))
        hbb = sum(w * x * x for w, (x, _) in zip(ws, scaled, strict=True)) + _PRIOR
        det = haa * hbb - hab * hab
        step_a, step_b = (hbb * da - hab * db) / det, (haa * db - hab * da) / det
        a, b = a + step_a, b + step_b
        if abs(step_a) + abs(step_b) < 1e-9:
            break
    # A judge that prefers wrong answers is not to be believed the other way round.
    return (a, b / spread) if b > 0.0 else (0.0, 0.0)


def logit(p: float) -> float:
    """Return the logarithm of the odds of a probability, which is taken to be in [0.001, 0.999]."""
    p = min(max(p, 0.001), 0.999)
    return math.log(p / (1.0 - p))


def sigmoid(x: float) -> float:
    """Return the probability of the logarithm of odds."""
    return 1.0 / (1.0 + math.exp(-x))


# -- what was counted ------------------------------------------------------------------------------


def arm_of(reward: float) -> str:
    """Return the name under which a reward in [0, 1] is counted: itself, rounded to the nearest twentieth."""
    return f"{round(reward * _STEPS) / _STEPS:.2f}"


def count(judged: Sequence[tuple[float, bool]]) -> dict[str, Tally]:
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


def fit_tallies(tallies: Mapping[str, Tally]) -> Calibration | None:
    """Return the curve through the counts, or None if there are too few of them.

    Args:
        tallies: As `count` gives them.
    """
    return _fit_enough(
        tuple(sorted((float(arm), one.n, one.reward_sum) for arm, one in tallies.items() if one.n))
    )


@cache
def _fit_enough(told: tuple[Count, ...]) -> Calibration | None:
    return fit_isotonic(told) if sum(n for _, n, _ in told) >= ENOUGH else None


async def calibration_of(model: str, learnt: Learnt | None) -> Calibration | None:
    """Return what the rewards of a model as a judge were measured to mean, or None if that is not known.

    Raises:
        StoreError: If the lessons cannot be read.
    """
    if learnt is None:
        return None
    return fit_tallies(await learnt.tallies("verifier", calibration_subject(model)))


def _check(probabilities: Sequence[float], right: Sequence[bool]) -> None:
    if len(probabilities) != len(right) or not right:
        raise ValueError(
            f"There are {len(probabilities)} probabilities for {len(right)} answers, but must be as many, and some."
        )
    if not all(0 <= p <= 1 for p in probabilities):
        raise ValueError("A probability is outside [0, 1].")
