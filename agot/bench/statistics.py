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


def mean_interval(values: Sequence[float]) -> tuple[float, float | None, float | None]:
    """Return the mean with its normal-theory 95% interval; its ends are None for one value, which tells no spread.

    Raises:
        ValueError: If there are no values.
    """
    if not values:
        raise ValueError("expected at least one value")
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return mean, None, None
    half = _Z95 * math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)
    return mean, mean - half, mean + half


def paired_difference(a: Sequence[bool], b: Sequence[bool]) -> tuple[float, float, float]:
    """Return mean(a) - mean(b) over the same questions with its 95% interval.

    Raises:
        ValueError: If the sequences are empty or not equally long.

    Source: Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions based on
    paired data", Statistics in Medicine 17:2635, method 10. Unlike resampling, it has a width where few questions
    tell the two apart, or none.
    """
    if len(a) != len(b) or not a:
        raise ValueError(f"expected two equally long, non-empty sequences, got {len(a)} and {len(b)}")
    n = len(a)
    both = sum(x and y for x, y in zip(a, b, strict=True))
    won, lost = sum(a) - both, sum(b) - both
    neither = n - both - won - lost
    (low_a, high_a), (low_b, high_b) = wilson(both + won, n), wilson(both + lost, n)
    share_a, share_b = (both + won) / n, (both + lost) / n
    excess = both * neither - won * lost
    # Corrected for continuity where it is positive.
    association = max(0.0, excess - n / 2) if excess > 0 else excess
    margins = (both + won) * (lost + neither) * (both + lost) * (won + neither)
    correlation = association / math.sqrt(margins) if margins else 0.0

    def reach(x: float, y: float) -> float:
        return math.sqrt(max(0.0, x * x - 2 * correlation * x * y + y * y))

    mean = (won - lost) / n
    low = mean - reach(share_a - low_a, high_b - share_b)
    high = mean + reach(share_b - low_b, high_a - share_a)
    return mean, max(-1.0, low), min(1.0, high)


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


def clustered_rank(
    rated: Sequence[tuple[str, float, bool]], *, rng: random.Random, rounds: int = 1000
) -> tuple[float, float, float] | None:
    """Return the chance that a right one is rated above a wrong one, ties counted half, with its 95% bootstrap interval.

    It is the area under the receiver's curve. Clusters are resampled, not single ratings, as in `clustered_rate`.

    Args:
        rated: (cluster, rating, right) of each.

    Returns:
        None unless there are right and wrong ones.
    """
    import numpy as np

    names = list(dict.fromkeys(cluster for cluster, _, _ in rated))
    place = {name: number for number, name in enumerate(names)}
    of = np.array([place[cluster] for cluster, _, _ in rated], dtype=int)
    ratings = np.array([rating for _, rating, _ in rated], dtype=float)
    right = np.array([good for _, _, good in rated], dtype=bool)
    if not rated or right.all() or not right.any():
        return None
    levels, rank = np.unique(ratings, return_inverse=True)

    def area(weights: np.ndarray) -> float | None:
        good = np.bincount(rank, weights=weights * right, minlength=len(levels))
        bad = np.bincount(rank, weights=weights * ~right, minlength=len(levels))
        pairs = good.sum() * bad.sum()
        below = np.cumsum(bad) - bad
        return float((good * (below + bad / 2)).sum() / pairs) if pairs else None

    seen = area(np.ones(len(rated)))
    assert seen is not None
    draws = np.random.default_rng(rng.getrandbits(64)).integers(0, len(names), size=(rounds, len(names)))
    areas = sorted(
        one
        for draw in draws
        if (one := area(np.bincount(draw, minlength=len(names))[of].astype(float))) is not None
    )
    return seen, areas[int(0.025 * len(areas))], areas[max(0, int(0.975 * len(areas)) - 1)]
