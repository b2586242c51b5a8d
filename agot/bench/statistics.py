"""Intervals for proportions, means and paired differences, all at 95%."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

_Z95 = 1.96


def wilson(hits: int, n: int, z: float = _Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion, both ends in [0, 1] (95% for z = 1.96)."""
    if n == 0:
        return 0.0, 1.0
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean with its normal-theory 95% interval; no interval (three times the mean) for one value.

    Raises:
        ValueError: If there are no values.
    """
    if not values:
        raise ValueError("expected at least one value")
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return mean, mean, mean
    half = _Z95 * math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)
    return mean, mean - half, mean + half


def paired_difference(
    a: Sequence[bool], b: Sequence[bool], *, rng: random.Random, rounds: int = 2000
) -> tuple[float, float, float]:
    """Return mean(a) - mean(b) with its 95% bootstrap interval over the same questions.

    Raises:
        ValueError: If the sequences are empty or not equally long.
    """
    if len(a) != len(b) or not a:
        raise ValueError(f"expected two equally long, non-empty sequences, got {len(a)} and {len(b)}")
    import numpy as np

    n = len(a)
    won = sum(x and not y for x, y in zip(a, b, strict=True))
    lost = sum(y and not x for x, y in zip(a, b, strict=True))
    # A resample of questions is determined by how many of each kind it holds.
    draws = np.random.default_rng(rng.getrandbits(64)).multinomial(
        n, [won / n, lost / n, max(0.0, 1 - won / n - lost / n)], size=rounds
    )
    means = np.sort((draws[:, 0] - draws[:, 1]) / n)
    return (won - lost) / n, float(means[int(0.025 * rounds)]), float(means[int(0.975 * rounds) - 1])


def clustered_rate(
    clusters: Sequence[tuple[int, int]], *, rng: random.Random, rounds: int = 2000
) -> tuple[float, float, float] | None:
    """Return hits / n over all clusters with its 95% bootstrap interval; None if there is nothing to count.

    Several verdicts on one question are no independent draws, so questions are resampled, not verdicts. Where all
    or none are hits, resampling shows no spread, and the interval is Wilson's over the questions.

    Args:
        clusters: (hits, n) of each question.
    """
    counted = [(hits, n) for hits, n in clusters if n]
    if not counted:
        return None
    import numpy as np

    table = np.array(counted, dtype=float)
    hits, n = table[:, 0].sum(), table[:, 1].sum()
    if hits in (0, n):
        low, high = wilson(len(table) if hits else 0, len(table))
        return float(hits / n), low, high
    picks = np.random.default_rng(rng.getrandbits(64)).integers(0, len(table), size=(rounds, len(table)))
    rates = np.sort(table[picks, 0].sum(axis=1) / table[picks, 1].sum(axis=1))
    return float(hits / n), float(rates[int(0.025 * rounds)]), float(rates[int(0.975 * rounds) - 1])
