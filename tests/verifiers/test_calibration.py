"""Figures of trust, against what is known of them."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.verifiers.calibration import (
    brier_score,
    completeness,
    expected_calibration_error,
    fit_isotonic,
    fit_platt,
    reliability_table,
    soundness,
    threshold_for,
)

labelled = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60).map(
    lambda pairs: ([p for p, _ in pairs], [good for _, good in pairs])
)
Labelled = tuple[list[float], list[bool]]


def test_completeness_and_soundness_leave_out_what_cannot_be_told() -> None:
    rewards, right = [1.0, 0.2, None, 0.9, 0.1, 0.0], [True, True, True, False, False, False]
    assert completeness(rewards, right) == 1 / 2
    assert soundness(rewards, right) == 2 / 3
    assert completeness([None], [True]) is None and soundness([1.0], [True]) is None


@settings(deadline=None)
@given(data=labelled, bins=st.integers(1, 20))
def test_errors_are_bounded_and_no_answer_is_lost(data: Labelled, bins: int) -> None:
    table = reliability_table(*data, bins=bins)
    assert sum(row.count for row in table) == len(data[0])
    for row in table:
        if row.mean_probability is not None:
            assert row.low - 1e-12 <= row.mean_probability <= row.high + 1e-12
    error = expected_calibration_error(*data, bins=bins)
    assert 0 <= error <= 1 and 0 <= brier_score(*data) <= 1
    assert error <= math.sqrt(brier_score(*data)) + 1e-9  # Jensen


@settings(deadline=None)
@given(right=st.lists(st.booleans(), min_size=1))
def test_certain_and_right_has_no_error(right: list[bool]) -> None:
    said = [float(good) for good in right]
    assert brier_score(said, right) == 0 and expected_calibration_error(said, right) == 0
    assert (
        brier_score([1 - p for p in said], right) == 1
        and expected_calibration_error([1 - p for p in said], right) == 1
    )


@settings(deadline=None)
@given(data=labelled)
def test_isotonic_fit_never_falls_and_is_no_worse_than_any_constant_or_the_raw_values(data: Labelled) -> None:
    fit = fit_isotonic(*data)
    assert all(low < high for low, high in pairwise(fit.raw))
    grid = [fit(place / 50) for place in range(51)]
    assert all(0 <= low <= high <= 1 for low, high in pairwise(grid))
    after = brier_score([fit(p) for p in data[0]], data[1])
    share = sum(data[1]) / len(data[1])
    assert after <= brier_score(data[0], data[1]) + 1e-9
    assert after <= brier_score([share] * len(data[1]), data[1]) + 1e-9


@settings(deadline=None)
@given(data=labelled)
def test_platt_fit_is_finite_and_monotone(data: Labelled) -> None:
    fit = fit_platt(*data)
    assert math.isfinite(fit.slope) and math.isfinite(fit.offset)
    values = [fit(place / 50) for place in range(51)]
    assert all(0 < value < 1 for value in values) or abs(fit.slope) > 1
    assert values in (sorted(values), sorted(values, reverse=True))


def test_overconfident_judge_is_mended() -> None:
    rng = random.Random(7)
    true = [rng.random() for _ in range(4000)]
    right = [rng.random() < p for p in true]
    said = [1 / (1 + ((1 - p) / p) ** 3) for p in true]
    assert expected_calibration_error(said, right) > 0.1
    platt = fit_platt(said, right)
    assert platt.slope == pytest.approx(1 / 3, abs=0.03) and platt.offset == pytest.approx(0, abs=0.1)
    for fit in (platt, fit_isotonic(said, right)):
        assert expected_calibration_error([fit(p) for p in said], right) < 0.03


@settings(deadline=None)
@given(data=labelled, precision=st.floats(0, 1))
def test_threshold_is_the_lowest_with_the_wanted_precision(data: Labelled, precision: float) -> None:
    def enough(threshold: float) -> bool:
        accepted = [good for p, good in zip(*data, strict=True) if p >= threshold]
        return sum(accepted) >= precision * len(accepted)

    found = threshold_for(*data, precision=precision)
    assert found is None or enough(found)
    assert not any(enough(p) for p in data[0] if found is None or p < found)


@pytest.mark.parametrize(
    "call", [brier_score, reliability_table, expected_calibration_error, fit_platt, fit_isotonic]
)
def test_unusable_data_are_refused(call: object) -> None:
    for said, right in (([], []), ([0.5], []), ([1.5], [True]), ([float("nan")], [True])):
        with pytest.raises(ValueError, match=r"probabilit"):
            call(said, right)  # type: ignore[operator]
