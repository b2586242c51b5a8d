"""Intervals: known values, and what must hold for all."""

import random

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


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_paired_difference_is_repeatable_and_holds_the_mean(pairs: list[tuple[bool, bool]]) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    mean, low, high = paired_difference(a, b, rng=random.Random(3))
    assert (mean, low, high) == paired_difference(a, b, rng=random.Random(3))
    assert mean == pytest.approx((sum(a) - sum(b)) / len(a))
    assert -1.0 <= low <= high <= 1.0
    if a == b:
        assert (mean, low, high) == (0.0, 0.0, 0.0)


def test_paired_difference_sees_a_clear_one() -> None:
    mean, low, high = paired_difference([True] * 80 + [False] * 20, [False] * 100, rng=random.Random(0))
    assert mean == 0.8 and 0.68 < low < 0.8 < high < 0.9


@pytest.mark.parametrize(("a", "b"), [([], []), ([True], [])])
def test_paired_difference_refuses_unequal_or_empty_sequences(a: list[bool], b: list[bool]) -> None:
    with pytest.raises(ValueError, match="equally long"):
        paired_difference(a, b, rng=random.Random(0))


def test_a_mean_of_one_value_has_no_width() -> None:
    assert mean_interval([3]) == (3, 3, 3)
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
