"""Prices of one's own: by the token, and by the hour of a machine that calls share."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agot.models.gateway import Gateway
from agot.models.own_prices import SharedTime
from agot.protocols import Message, ModelRequest
from agot.settings import RoleSettings, Settings
from tests.servers.loopback import Loopback, Reply

ASKED = ModelRequest(purpose="solve", messages=(Message(role="user", content="hello there"),), n=2)


async def costs(server: Loopback, calls: int, **prices: Any) -> list[float]:
    role = RoleSettings(model="hosted_vllm/x", base_url=server.base_url, **prices)
    models = Gateway(Settings(roles={"fast": role}))
    replies = await asyncio.gather(
        *(models.complete(ASKED, timeout_s=30, on_text=None) for _ in range(calls))
    )
    await models.close()
    return [reply.usage.cost_usd for reply in replies]


def test_the_time_of_a_server_is_divided_among_the_calls_in_flight() -> None:
    now_s = 0.0
    time = SharedTime(lambda: now_s)
    with time.taking_part() as one:
        now_s = 10.0
        with time.taking_part() as two:
            now_s = 14.0
        now_s = 15.0
    now_s = 99.0
    with time.taking_part() as three:
        now_s = 100.0
    assert (one.seconds, two.seconds, three.seconds) == (13.0, 2.0, 1.0)


async def test_tokens_have_the_price_of_the_role_and_budgets_know_it() -> None:
    async with Loopback(lambda _request: Reply("three words long", prompt_tokens=1000)) as server:
        prices = {"usd_per_1m_prompt_tokens": 2.0, "usd_per_1m_output_tokens": 5.0, "usd_per_hour": 100.0}
        assert await costs(server, 1, **prices) == pytest.approx([1000 * 2e-6 + 6 * 5e-6])
        role = RoleSettings(model="hosted_vllm/x", base_url=server.base_url, **prices)
        profile = Gateway(Settings(roles={"fast": role})).profile("fast")
        assert (profile.usd_per_prompt_token, profile.usd_per_output_token) == (2e-6, 5e-6)


async def test_an_hour_is_paid_by_the_time_that_calls_take() -> None:
    async with Loopback(lambda _request: Reply("ok", delay_s=0.3)) as server:
        assert await costs(server, 1) == [0.0]
        shared = await costs(server, 8, usd_per_hour=36.0)
    # 36 USD an hour are a cent a second.
    assert sum(shared) >= 0.003 and all(shared)
