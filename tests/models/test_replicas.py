"""Several servers of one model: calls are spread, and a server that is gone is passed over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agot.errors import ModelError, ModelUnreachable, SetupError
from agot.models.gateway import Gateway
from agot.models.replicas import LEFT_OUT_S, Replicas
from agot.protocols import Message, ModelReply, ModelRequest
from agot.settings import RoleSettings, Settings
from tests.servers.loopback import Loopback, Reply, failure

GONE = "http://127.0.0.1:9/v1"


def gateway(*addresses: str, **changes: Any) -> Gateway:
    first, *others = addresses
    role = RoleSettings(model="hosted_vllm/x", base_url=first, replicas=tuple(others), **changes)
    return Gateway(Settings(roles={"fast": role}))


async def ask(models: Gateway, calls: int) -> list[ModelReply]:
    request = ModelRequest(purpose="solve", messages=(Message(role="user", content="hello"),))
    asked = (models.complete(request, timeout_s=30, on_text=None) for _ in range(calls))
    return list(await asyncio.gather(*asked))


async def test_calls_side_by_side_are_spread_evenly() -> None:
    async with Loopback() as one, Loopback() as two:
        for server in (one, two):
            server.reply = lambda _request: Reply("ok", delay_s=0.2)
        models = gateway(one.base_url, two.base_url)
        await ask(models, 8)
        await models.close()
    assert (len(one.requests), len(two.requests)) == (4, 4)


async def test_a_dead_replica_is_passed_over_and_a_failing_one_too() -> None:
    async with Loopback() as alive, Loopback(lambda _request: failure(503, "shutting down")) as failing:
        models = gateway(GONE, failing.base_url, alive.base_url)
        assert [reply.completions[0].text for reply in await ask(models, 1)] == ["ok"]
        await ask(models, 3)
        await models.close()
    assert len(alive.requests) == 4 and len(failing.requests) == 1


async def test_a_fault_that_every_server_would_have_is_not_tried_elsewhere() -> None:
    async with Loopback(lambda _request: failure(400, "no such field")) as one, Loopback() as two:
        models = gateway(one.base_url, two.base_url)
        with pytest.raises(ModelError, match="no such field"):
            await ask(models, 1)
        await models.close()
    assert not two.requests
    models = gateway(GONE, "http://127.0.0.1:10/v1")
    with pytest.raises(ModelUnreachable):
        await ask(models, 1)
    await models.close()


def test_a_server_that_was_gone_is_tried_again_after_a_while() -> None:
    now_s = 0.0
    replicas = Replicas(("a", "b"), lambda: now_s)

    async def send(address: str) -> str:
        if address == "a" and now_s < 1:
            raise ModelUnreachable("gone")
        return address

    assert asyncio.run(replicas.send(send)) == "b"
    assert replicas.choose() == "b" and replicas.choose(but=("b",)) == "a"
    now_s = LEFT_OUT_S + 1
    assert asyncio.run(replicas.send(send)) == "a"


@pytest.mark.parametrize(
    "role", [{"base_url": "http://h/v1", "replicas": ("nowhere",)}, {"replicas": ("http://h/v1",)}]
)
def test_replicas_need_addresses_and_a_first_server(role: dict[str, Any]) -> None:
    models = Gateway(Settings(roles={"fast": RoleSettings(model="hosted_vllm/x", **role)}))
    with pytest.raises(SetupError, match="replica"):
        models.profile("fast")
