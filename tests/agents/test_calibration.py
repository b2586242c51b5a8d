"""Figures of trust, against what is known of them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.agents.calibration import Count, brier_score, expected_calibration_error, fit_isotonic

labelled = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60).map(
    lambda pairs: ([p for p, _ in pairs], [good for _, good in pairs])
)
Labelled = tuple[list[float], list[bool]]


@settings(deadline=None)
@given(data=labelled, bins=st.integers(1, 20))
def test_errors_are_bounded(data: Labelled, bins: int) -> None:
    error = expected_calibration_error(*data, bins=bins)
    assert 0 <= error <= 1 and 0 <= brier_score(*data) <= 1
    assert error <= math.sqrt(brier_score(*data)) + 1e-9  # Jensen


def test_the_error_is_the_distance_of_what_was_said_from_what_was_so() -> None:
    said, right = [0.9, 0.9, 0.9, 0.9, 0.2], [True, True, False, False, False]
    assert expected_calibration_error(said, right) == pytest.approx((4 * 0.4 + 0.2) / 5)
    assert expected_calibration_error(said, right, bins=1) == pytest.approx(3.8 / 5 - 2 / 5)
    with pytest.raises(ValueError, match="bins"):
        expected_calibration_error(said, right, bins=0)


@settings(deadline=None)
@given(right=st.lists(st.booleans(), min_size=1))
def test_certain_and_right_has_no_error(right: list[bool]) -> None:
    said = [float(good) for good in right]
    assert brier_score(said, right) == 0 and expected_calibration_error(said, right) == 0
    assert (
        brier_score([1 - p for p in said], right) == 1
        and expected_calibration_error([1 - p for p in said], right) == 1
    )


counts = st.dictionaries(
    st.floats(0, 1),
    st.integers(1, 50).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    min_size=1,
).map(lambda told: [(p, n, float(right)) for p, (n, right) in told.items()])


@settings(deadline=None)
@given(told=counts)
def test_fit_keeps_the_order_and_is_no_worse_than_the_share_of_right_answers(told: list[Count]) -> None:
    fit = fit_isotonic(told)
    assert all(low < high for low, high in pairwise(fit.said))
    grid = [fit(place / 50) for place in range(51)]
    assert all(0 <= low < high <= 1 for low, high in pairwise(grid))

    def squares(curve: Callable[[float], float]) -> float:
        return sum(right * (1 - curve(p)) ** 2 + (n - right) * curve(p) ** 2 for p, n, right in told)

    share = sum(right for _, _, right in told) / sum(n for _, n, _ in told)
    line = dict(zip(fit.said, fit.meant, strict=True))
    assert squares(lambda p: line.get(p, fit(p))) <= squares(lambda p: share) * 1.05 + 0.1


def test_overconfident_judge_is_mended() -> None:
    rng = random.Random(7)
    true = [rng.random() for _ in range(4000)]
    right = [rng.random() < p for p in true]
    said = [round(1 / (1 + ((1 - p) / p) ** 3), 2) for p in true]
    assert expected_calibration_error(said, right) > 0.1
    fit = fit_isotonic(
        [(p, said.count(p), sum(good for one, good in zip(said, right, strict=True) if one == p))
         for p in set(said)]
    )  # fmt: skip
    assert expected_calibration_error([fit(p) for p in said], right) < 0.03


def test_a_judge_that_says_nothing_gets_the_share_of_right_answers_for_everything() -> None:
    falling = fit_isotonic([(0.1, 100, 90), (0.9, 100, 10)])
    assert falling(0.0) == pytest.approx(0.5, abs=0.02) and falling(1.0) == pytest.approx(0.5, abs=0.02)
    always_yes = fit_isotonic([(1.0, 200, 150)])
    assert always_yes(1.0) == pytest.approx(0.75, abs=0.01)


def test_few_answers_move_little() -> None:
    fit = fit_isotonic([(0.0, 1, 0), (0.5, 100, 90), (1.0, 1, 1)])
    assert 0.4 < fit(0.0) < 0.5 and fit(1.0) < 0.96


@pytest.mark.parametrize("call", [brier_score, expected_calibration_error])
def test_unusable_data_are_refused(call: object) -> None:
    for said, right in (([], []), ([0.5], []), ([1.5], [True]), ([float("nan")], [True])):
        with pytest.raises(ValueError, match=r"probabilit"):
            call(said, right)  # type: ignore[operator]


@pytest.mark.parametrize("told", [[], [(1.5, 1, 1)], [(0.5, 1, 2)], [(0.5, 0, 0)], [(math.nan, 1, 1)]])
def test_impossible_counts_are_refused(told: list[Count]) -> None:
    with pytest.raises(ValueError, match="Counts"):
        fit_isotonic(told)
