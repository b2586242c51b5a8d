"""Limits hold whatever calls do."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.budget import Budget, Meter
from agot.errors import BudgetExceeded
from agot.thought import Usage


def meter(**limits: object) -> Meter:
    return Meter(Budget.model_validate(limits), lambda: 0.0)


async def call(
    m: Meter, prompt: int = 10, answer: int = 100, used: int | None = None, price: float = 0.0
) -> Usage:
    held = await m.reserve(
        prompt_tokens=prompt, max_tokens=answer, usd_per_prompt_token=price, usd_per_output_token=price
    )
    await asyncio.sleep(0)
    out = min(held.max_tokens, answer if used is None else used)
    usage = Usage(calls=1, prompt_tokens=prompt, completion_tokens=out, cost_usd=(prompt + out) * price)
    m.settle(held, usage)
    return usage


async def test_calls_limit_stops_before_the_next_call() -> None:
    m = meter(calls=2)
    await call(m)
    await call(m)
    with pytest.raises(BudgetExceeded) as fired:
        await call(m)
    assert (fired.value.kind, fired.value.used, fired.value.limit) == ("calls", 2, 2)


async def test_room_for_the_answer_is_cut_to_what_tokens_are_left() -> None:
    m = meter(tokens=150)
    held = await m.reserve(prompt_tokens=50, max_tokens=1000, usd_per_prompt_token=0, usd_per_output_token=0)
    assert held.max_tokens == 100


async def test_reservation_waits_for_calls_in_flight_instead_of_failing() -> None:
    m = meter(tokens=300)
    usages = await asyncio.gather(*(call(m, prompt=10, answer=200, used=20) for _ in range(5)))
    assert len(usages) == 5
    assert m.usage.tokens == 150


async def test_waiting_reservation_fails_once_nothing_can_be_given_back() -> None:
    m = meter(calls=1)
    outcomes = await asyncio.gather(call(m), call(m), return_exceptions=True)
    assert sum(isinstance(outcome, BudgetExceeded) for outcome in outcomes) == 1


async def test_dollars_are_reserved_at_the_models_price() -> None:
    m = meter(usd=1.0)
    held = await m.reserve(
        prompt_tokens=100, max_tokens=1000, usd_per_prompt_token=0.001, usd_per_output_token=0.01
    )
    assert held.max_tokens == 90
    m.settle(held, Usage(calls=1, prompt_tokens=100, completion_tokens=90, cost_usd=1.0))
    with pytest.raises(BudgetExceeded, match="usd"):
        await call(m, price=0.001)


async def test_unpriced_model_is_stopped_by_tokens() -> None:
    m = meter(usd=1.0, tokens=100)
    await call(m, prompt=50, answer=50)
    with pytest.raises(BudgetExceeded, match="tokens"):
        await call(m)


async def test_child_gets_a_share_and_charges_the_parent() -> None:
    m = meter(calls=10)
    child = m.child("0.0", 0.5)
    for _ in range(5):
        await call(child)
    with pytest.raises(BudgetExceeded) as fired:
        await call(child)
    assert fired.value.scope == "0.0"
    assert m.usage.calls == 5
    await call(m)


async def test_seconds_fire_by_the_clock() -> None:
    now = [0.0]
    m = Meter(Budget(seconds=5), lambda: now[0])
    await call(m)
    now[0] = 6.0
    with pytest.raises(BudgetExceeded, match="seconds"):
        await call(m)


async def test_settling_twice_is_refused() -> None:
    m = meter()
    held = await m.reserve(prompt_tokens=1, max_tokens=1, usd_per_prompt_token=0, usd_per_output_token=0)
    m.settle(held, Usage())
    with pytest.raises(ValueError, match="before"):
        m.settle(held, Usage())


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    calls=st.none() | st.integers(0, 20),
    tokens=st.none() | st.integers(0, 3000),
    usd=st.none() | st.floats(0, 1.0),
    depth=st.integers(1, 3),
)
def test_no_limit_is_ever_exceeded(
    seed: int, calls: int | None, tokens: int | None, usd: float | None, depth: int
) -> None:
    rng = random.Random(seed)

    async def run() -> None:
        root = Meter(Budget(calls=calls, tokens=tokens, usd=usd), lambda: 0.0)
        meters = [root]
        for level in range(depth):
            meters.append(meters[-1].child(str(level), rng.uniform(0.1, 1.0)))
        outcomes = await asyncio.gather(
            *(call(rng.choice(meters), rng.randint(0, 200), rng.randint(1, 400), rng.randint(0, 400), rng.choice((0.0, 0.001)))
              for _ in range(30)),
            return_exceptions=True,
        )  # fmt: skip
        assert all(isinstance(outcome, Usage | BudgetExceeded) for outcome in outcomes)
        for m in meters:
            assert m.budget.calls is None or m.usage.calls <= m.budget.calls
            assert m.budget.tokens is None or m.usage.tokens <= m.budget.tokens
            assert m.budget.usd is None or m.usage.cost_usd <= m.budget.usd + 1e-9

    asyncio.run(asyncio.wait_for(run(), 10))
