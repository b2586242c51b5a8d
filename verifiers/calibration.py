"""How far a verifier can be trusted, measured on labelled answers, and how to make its rewards probabilities."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_MOST_STEPS = 100
_EDGE = 1e-6


def completeness(
    rewards: Sequence[float | None], right: Sequence[bool], *, threshold: float = 0.5
) -> float | None:
    """Return the share of right answers that the verifier accepts.

    Args:
        rewards: In [0, 1], or None for "cannot tell", which does not count.
        right: Whether each answer is right; as many as rewards.
        threshold: A reward of at least this accepts.

    Returns:
        In [0, 1], or None if no right answer got a reward.

    Source: Stroebl et al. 2024, "Inference Scaling fLaws", arXiv 2411.17501.
    """
    accepted = [reward >= threshold for reward, good in _told(rewards, right) if good]
    return sum(accepted) / len(accepted) if accepted else None


def soundness(
    rewards: Sequence[float | None], right: Sequence[bool], *, threshold: float = 0.5
) -> float | None:
    """Return the share of wrong answers that the verifier rejects; arguments as for `completeness`.

    Returns:
        In [0, 1], or None if no wrong answer got a reward.

    Source: arXiv 2411.17501.
    """
    rejected = [reward < threshold for reward, good in _told(rewards, right) if not good]
    return sum(rejected) / len(rejected) if rejected else None


def brier_score(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """Return the mean squared distance of probabilities from what happened: 0 is perfect, 0.25 is a coin.

    Raises:
        ValueError: If there are none, not as many of both, or one is outside [0, 1].

    Source: Brier 1950, "Verification of Forecasts Expressed in Terms of Probability".
    """
    _check(probabilities, right)
    return math.fsum((p - good) ** 2 for p, good in zip(probabilities, right, strict=True)) / len(right)


@dataclass(frozen=True)
class Bin:
    """One row of a reliability table.

    Attributes:
        low: Lower bound of the probabilities, included; `high` is excluded but in the last row.
        count: Answers in it; without any, the two means are None.
        mean_probability: What was said of them.
        share_right: What was so.
    """

    low: float
    high: float
    count: int
    mean_probability: float | None
    share_right: float | None


def reliability_table(
    probabilities: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> tuple[Bin, ...]:
    """Return what was said beside what was so, in bins of equal width.

    Args:
        bins: At least 1.

    Raises:
        ValueError: As for `brier_score`, or if there is no bin.
    """
    _check(probabilities, right)
    if bins < 1:
        raise ValueError(f"There are {bins} bins, but must be at least 1.")
    members: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    edges = [place / bins for place in range(bins + 1)]
    for p, good in zip(probabilities, right, strict=True):
        members[min(bisect_right(edges, p) - 1, bins - 1)].append((p, good))
    return tuple(
        Bin(
            low, high, len(inside),
            math.fsum(p for p, _ in inside) / len(inside) if inside else None,
            sum(good for _, good in inside) / len(inside) if inside else None,
        )
        for (low, high), inside in zip(pairwise(edges), members, strict=True)
    )  # fmt: skip


def expected_calibration_error(
    probabilities: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> float:
    """Return the mean distance between what was said and what was so, over bins of equal width.

    It depends on the number of bins and grows with few answers; report it with both.

    Raises:
        ValueError: As for `reliability_table`.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv 1706.04599.
    """
    table = reliability_table(probabilities, right, bins=bins)
    distances = [
        row.count * abs(row.mean_probability - row.share_right)
        for row in table
        if row.mean_probability is not None and row.share_right is not None
    ]
    return math.fsum(distances) / len(right)


@dataclass(frozen=True)
class Platt:
    """A calibrated probability as a logistic function of the raw one's log-odds: never decreasing if `slope` >= 0.

    Source: Platt 1999, "Probabilistic Outputs for Support Vector Machines".
    """

    slope: float
    offset: float

    def __call__(self, probability: float) -> float:
        """Return the calibrated probability, in (0, 1)."""
        return _logistic(self.slope * _logit(probability) + self.offset)


@dataclass(frozen=True)
class Isotonic:
    """A calibrated probability as a never decreasing line through points; constant outside of them.

    Source: Zadrozny & Elkan 2002, "Transforming Classifier Scores into Accurate Multiclass Probability Estimates".

    Attributes:
        raw: Rising.
        calibrated: Never falling, as many.
    """

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]

    def __call__(self, probability: float) -> float:
        """Return the calibrated probability, in [0, 1]."""
        place = bisect_left(self.raw, probability)
        if place == 0 or place == len(self.raw):
            return self.calibrated[min(place, len(self.raw) - 1)]
        low, high = self.raw[place - 1], self.raw[place]
        below, above = self.calibrated[place - 1], self.calibrated[place]
        value = below + (above - below) * ((probability - low) / (high - low))
        return min(max(value, below), above)


def fit_platt(probabilities: Sequence[float], right: Sequence[bool]) -> Platt:
    """Fit by maximum likelihood with Platt's smoothed targets, which keeps the fit finite on separable data.

    Newton's method with step halving. It needs fewer answers than `fit_isotonic`, and assumes more.

    Raises:
        ValueError: As for `brier_score`.

    Source: Lin, Lin & Weng 2007, "A Note on Platt's Probabilistic Outputs for Support Vector Machines".
    """
    _check(probabilities, right)
    positive = sum(right)
    high, low = (positive + 1) / (positive + 2), 1 / (len(right) - positive + 2)
    points = [(_logit(p), high if good else low) for p, good in zip(probabilities, right, strict=True)]
    slope, offset = 0.0, math.log((positive + 1) / (len(right) - positive + 1))
    loss = _loss(points, slope, offset)
    for _ in range(_MOST_STEPS):
        step = _newton_step(points, slope, offset)
        size = 1.0
        while size > _EDGE:
            new = slope + size * step[0], offset + size * step[1]
            new_loss = _loss(points, *new)
            if new_loss < loss:
                break
            size /= 2
        else:
            break
        (slope, offset), before, loss = new, loss, new_loss
        if before - loss < 1e-12 * max(1.0, before):
            break
    return Platt(slope, offset)


def fit_isotonic(probabilities: Sequence[float], right: Sequence[bool]) -> Isotonic:
    """Fit the never decreasing function with the least squared error, by pooling adjacent violators.

    Raises:
        ValueError: As for `brier_score`.

    Source: Ayer et al. 1955, "An Empirical Distribution Function for Sampling with Incomplete Information".
    """
    _check(probabilities, right)
    ties: dict[float, tuple[int, int]] = {}
    for p, good in zip(probabilities, right, strict=True):
        outcomes, count = ties.get(p, (0, 0))
        ties[p] = outcomes + good, count + 1
    # Each block: raw probabilities from and to, sum of outcomes, count.
    blocks: list[tuple[float, float, int, int]] = []
    for p, (outcomes, count) in sorted(ties.items()):
        block = (p, p, outcomes, count)
        while blocks and blocks[-1][2] * block[3] > block[2] * blocks[-1][3]:
            start, _, before, before_count = blocks.pop()
            block = (start, block[1], before + block[2], before_count + block[3])
        blocks.append(block)
    points: dict[float, float] = {}
    for start, end, outcomes, count in blocks:
        points[start] = points[end] = outcomes / count
    return Isotonic(tuple(points), tuple(points.values()))


def threshold_for(probabilities: Sequence[float], right: Sequence[bool], *, precision: float) -> float | None:
    """Return the lowest threshold at which the accepted answers are right often enough.

    Chosen on these very answers, it promises too much on others: measure it on held-out ones.

    Args:
        precision: Wanted share of right ones among the accepted, in [0, 1].

    Returns:
        The threshold; answers with at least this probability are accepted. None if no threshold is good enough.

    Raises:
        ValueError: As for `brier_score`, or if the precision is outside [0, 1].
    """
    _check(probabilities, right)
    if not 0 <= precision <= 1:
        raise ValueError(f"The precision is {precision}, but must be in [0, 1].")
    ranked = sorted(zip(probabilities, right, strict=True), reverse=True)
    best, good = None, 0
    for place, (p, is_right) in enumerate(ranked, start=1):
        good += is_right
        last_of_equals = place == len(ranked) or ranked[place][0] != p
        if last_of_equals and good >= precision * place:
            best = p
    return best


def _told(rewards: Sequence[float | None], right: Sequence[bool]) -> list[tuple[float, bool]]:
    if len(rewards) != len(right):
        raise ValueError(f"There are {len(rewards)} rewards for {len(right)} answers, but must be as many.")
    return [(reward, good) for reward, good in zip(rewards, right, strict=True) if reward is not None]


def _check(probabilities: Sequence[float], right: Sequence[bool]) -> None:
    if len(probabilities) != len(right) or not right:
        raise ValueError(
            f"There are {len(probabilities)} probabilities for {len(right)} answers, but must be as many, and some."
        )
    if not all(0 <= p <= 1 for p in probabilities):
        raise ValueError("A probability is outside [0, 1].")


def _logit(probability: float) -> float:
    inside = min(max(probability, _EDGE), 1 - _EDGE)
    return math.log(inside / (1 - inside))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _loss(points: list[tuple[float, float]], slope: float, offset: float) -> float:
    terms = []
    for x, target in points:
        z = slope * x + offset
        terms.append(max(z, 0) - target * z + math.log1p(math.exp(-abs(z))))
    return math.fsum(terms)


def _newton_step(points: list[tuple[float, float]], slope: float, offset: float) -> tuple[float, float]:
    g1 = g2 = h12 = 0.0
    h11 = h22 = 1e-9  # keeps the matrix invertible
    for x, target in points:
        p = _logistic(slope * x + offset)
        weight = p * (1 - p)
        g1, g2 = g1 + x * (p - target), g2 + (p - target)
        h11, h12, h22 = h11 + x * x * weight, h12 + x * weight, h22 + weight
    determinant = h11 * h22 - h12 * h12
    if determinant <= 0:
        return -g1 / h11, -g2 / h22
    return (h12 * g2 - h22 * g1) / determinant, (h12 * g1 - h11 * g2) / determinant
