"""Intervals: known values, and what must hold for all."""

import math
import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.bench.statistics import (
    clustered_rate,
    mean_interval,
    paired_difference,
    wilson,
)


def test_wilson_agrees_with_published_values() -> None:
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_share_and_stays_within_bounds(hits: int, misses: int) -> None:
    n = hits + misses
    low, high = wilson(hits, n)
    assert 0.0 <= low <= high <= 1.0
    if n:
        assert low - 1e-12 <= hits / n <= high + 1e-12


def pairs(both: int, first: int, second: int, neither: int) -> tuple[list[bool], list[bool]]:
    """Return outcomes of two methods with these counts."""
    counts = ((True, True, both), (True, False, first), (False, True, second), (False, False, neither))
    table = [(a, b) for a, b, n in counts for _ in range(n)]
    return [a for a, _ in table], [b for _, b in table]


@given(*[st.integers(0, 30)] * 4)
def test_paired_difference_holds_the_mean_and_is_the_same_from_either_side(
    both: int, first: int, second: int, neither: int
) -> None:
    n = both + first + second + neither
    if not n:
        return
    a, b = pairs(both, first, second, neither)
    mean, low, high = paired_difference(a, b)
    assert mean == pytest.approx((first - second) / n)
    assert -1.0 <= low <= mean <= high <= 1.0 and high - low > 0.0
    assert paired_difference(b, a) == pytest.approx((-mean, -high, -low))


def test_paired_difference_agrees_with_published_values() -> None:
    mean, low, high = paired_difference(*pairs(36, 12, 2, 0))
    assert (mean, round(low, 4), round(high, 4)) == (0.2, 0.0569, 0.3404)


def test_paired_difference_sees_a_clear_one() -> None:
    mean, low, high = paired_difference([True] * 80 + [False] * 20, [False] * 100)
    assert mean == 0.8 and 0.68 < low < 0.8 < high < 0.9


@pytest.mark.parametrize("both", [0, 4, 8])
def test_a_few_equal_outcomes_are_no_proof_of_equality(both: int) -> None:
    mean, low, high = paired_difference(*pairs(both, 0, 0, 8 - both))
    assert mean == 0.0 and low < -0.1 and high > 0.1


def test_paired_intervals_of_small_samples_hold_the_truth_as_often_as_they_say() -> None:
    n, agree, better = 8, 0.9, 0.07
    truth = better - (1 - agree - better)
    shares = (agree / 2, better, 1 - agree - better, agree / 2)
    held = 0.0
    for table in product(range(n + 1), repeat=4):
        if sum(table) == n:
            chance = math.factorial(n) * math.prod(
                p**k / math.factorial(k) for p, k in zip(shares, table, strict=True)
            )
            _, low, high = paired_difference(*pairs(*table))
            held += chance * (low <= truth <= high)
    assert held > 0.93


@pytest.mark.parametrize(("a", "b"), [([], []), ([True], [])])
def test_paired_difference_refuses_unequal_or_empty_sequences(a: list[bool], b: list[bool]) -> None:
    with pytest.raises(ValueError, match="equally long"):
        paired_difference(a, b)


def test_a_mean_of_one_value_has_no_width() -> None:
    assert mean_interval([3]) == (3, None, None), "one value tells no spread"
    mean, low, high = mean_interval([1, 2, 3, 4])
    assert mean == 2.5 and low == pytest.approx(2.5 - 1.96 * 0.6455, abs=1e-3) and high > mean


def test_clusters_widen_the_interval() -> None:
    alone = [(int(i % 2 == 0), 1) for i in range(100)]
    together = [(10 * int(i % 2 == 0), 10) for i in range(10)]
    narrow, wide = (clustered_rate(one, rng=random.Random(0)) for one in (alone, together))
    assert narrow is not None and wide is not None
    assert narrow[0] == wide[0] == 0.5
    assert wide[2] - wide[1] > narrow[2] - narrow[1]


def test_a_rate_of_all_or_nothing_is_not_certain() -> None:
    assert clustered_rate([(3, 3), (2, 2), (0, 0)], rng=random.Random(0)) == (1.0, *wilson(2, 2))
    assert clustered_rate([(0, 3)], rng=random.Random(0)) == (0.0, *wilson(0, 1))
    assert clustered_rate([(0, 0)], rng=random.Random(0)) is None
