"""How far rewards can be trusted as probabilities, measured on labelled answers, and how to make them such."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

_OF_SAID = 0.02
"""Share that what was said keeps in what it means, so that a level stretch of the line makes no two answers equal."""

Count = tuple[float, int, float]
"""A probability that was said, how many answers it was said of, and how many of these were right."""


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


def _check(probabilities: Sequence[float], right: Sequence[bool]) -> None:
    if len(probabilities) != len(right) or not right:
        raise ValueError(
            f"There are {len(probabilities)} probabilities for {len(right)} answers, but must be as many, and some."
        )
    if not all(0 <= p <= 1 for p in probabilities):
        raise ValueError("A probability is outside [0, 1].")
