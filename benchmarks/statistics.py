"""Intervals for proportions and for paired differences."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion, both ends in [0, 1] (95% for z = 1.96)."""
    if n == 0:
        return 0.0, 1.0
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def paired_difference(
    a: Sequence[bool], b: Sequence[bool], *, rng: random.Random, rounds: int = 2000
) -> tuple[float, float, float]:
    """Return mean(a) - mean(b) with its 95% bootstrap interval over the same questions."""
    if len(a) != len(b) or not a:
        raise ValueError(f"expected two equally long, non-empty sequences, got {len(a)} and {len(b)}")
    differences = [int(x) - int(y) for x, y in zip(a, b, strict=True)]
    n = len(differences)
    drawn = sorted(sum(rng.choices(differences, k=n)) / n for _ in range(rounds))
    return sum(differences) / n, drawn[int(0.025 * rounds)], drawn[int(0.975 * rounds) - 1]
