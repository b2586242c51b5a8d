"""Which faults are tried again, and when."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.errors import (
    BudgetExceeded,
    ContentRefused,
    ContextTooLong,
    ModelError,
    ModelRateLimited,
    ModelUnauthorised,
    ModelUnreachable,
    OutputError,
)
from agot.models.retry import delay_s, retryable


@pytest.mark.parametrize(
    "error",
    [ModelUnreachable("x"), ModelRateLimited("x", status=429), OutputError("half a JSON", status=200)],
)
def test_passing_faults_are_tried_again(error: ModelError) -> None:
    assert retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        ModelUnauthorised("x", status=401),
        ContextTooLong("x", status=400),
        ContentRefused("x", status=400),
        ModelError("unknown model", status=404),
        OutputError("after the repair rounds"),
        BudgetExceeded("calls", 1, 1),
        ValueError("a bug"),
    ],
)
def test_lasting_faults_are_not(error: Exception) -> None:
    assert not retryable(error)


@given(attempt=st.integers(0, 10_000), seed=st.integers())
def test_backoff_is_jittered_and_capped(attempt: int, seed: int) -> None:
    waited = delay_s(ModelUnreachable("x"), attempt, random.Random(seed))
    assert 0.0 <= waited <= min(30.0, 0.5 * 2 ** min(attempt, 20))


@given(asked=st.floats(0, 600), attempt=st.integers(0, 20), seed=st.integers())
def test_the_servers_own_time_is_the_minimum(asked: float, attempt: int, seed: int) -> None:
    waited = delay_s(ModelRateLimited("x", retry_after_s=asked), attempt, random.Random(seed))
    assert asked <= waited <= asked + 30.0


def test_same_rng_same_delay() -> None:
    assert delay_s(ModelUnreachable("x"), 3, random.Random(7)) == delay_s(
        ModelUnreachable("x"), 3, random.Random(7)
    )
    assert delay_s(ModelUnreachable("x"), 3, random.Random(7)) != delay_s(
        ModelUnreachable("x"), 3, random.Random(8)
    )
