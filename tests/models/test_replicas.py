"""Several servers of one model: calls are spread, and a server that is gone is passed over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agot.errors import ModelError, ModelRateLimited, ModelUnreachable, SetupError
from agot.models.gateway import Gateway
from agot.models.library import import_litellm
from agot.models.replicas import Replicas
from agot.protocols import Message, ModelReply, ModelRequest
from agot.reasoner import Reasoner
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


async def test_a_server_that_failed_is_left_out_for_a_while_and_then_asked_again() -> None:
    import_litellm()
    replicas = Replicas(("a", "b"), left_out_s=0.2)
    gone = {"a"}

    async def send(address: str) -> str:
        if address in gone:
            raise ModelUnreachable("gone")
        return address

    assert await replicas.send(send) == "b"
    assert replicas.choose() == "b" and replicas.choose(but=("b",)) == "a"
    gone.clear()
    await asyncio.sleep(0.25)
    assert await replicas.send(send) == "a"


async def test_a_server_that_refuses_for_the_moment_is_left_alone_as_long_as_it_says() -> None:
    busy = failure(429, "queue full", retry_after="60")
    async with Loopback(lambda _request: busy) as full, Loopback() as free:
        models = gateway(full.base_url, free.base_url)
        for _ in range(4):
            assert [reply.server for reply in await ask(models, 1)] == [free.base_url]
        await models.close()
    assert (len(full.requests), len(free.requests)) == (1, 4)


async def test_when_all_servers_refuse_the_refusal_is_told() -> None:
    async with (
        Loopback(lambda _request: failure(429, "queue full")) as one,
        Loopback(lambda _request: failure(429, "queue full")) as two,
    ):
        models = gateway(one.base_url, two.base_url)
        with pytest.raises(ModelRateLimited):
            await ask(models, 1)
        await models.close()
    assert (len(one.requests), len(two.requests)) == (1, 1)


async def test_a_slow_server_gets_fewer_calls() -> None:
    async with Loopback() as slow, Loopback() as quick:
        slow.reply = lambda _request: Reply("ok", delay_s=0.4)
        quick.reply = lambda _request: Reply("ok", delay_s=0.02)
        models = gateway(slow.base_url, quick.base_url, concurrency=2)

        left = list(range(12))

        async def worker() -> None:
            while left:
                left.pop()
                await ask(models, 1)

        await asyncio.gather(worker(), worker())
        await models.close()
    assert len(slow.requests) + len(quick.requests) == 12
    assert len(slow.requests) < len(quick.requests)


async def test_a_server_that_dies_mid_run_costs_no_answer_and_no_call_is_made_a_third_time(
    tmp_path: Path,
) -> None:
    """What the dead server was answering is asked elsewhere, and the reply kept with the server that gave it."""
    dying, alive = Loopback(), Loopback()
    async with alive, dying:
        for server in (dying, alive):
            server.reply = lambda _request: Reply("The item is 7.\n\nAnswer: 7", delay_s=0.1)
        role = RoleSettings(model="hosted_vllm/x", base_url=dying.base_url, replicas=(alive.base_url,))
        settings = Settings(roles={"fast": role}, database_url=f"sqlite:///{tmp_path / 'agot.db'}")
        async with Reasoner(settings) as reasoner:
            await reasoner.ask("Report item 0.", strategy="chain")
            asked = [
                asyncio.create_task(reasoner.ask(f"Report item {number}.", strategy="chain"))
                for number in range(1, 9)
            ]
            while dying.in_flight < 4:
                await asyncio.sleep(0.005)
            await dying.__aexit__()
            results = await asyncio.gather(*asked)
            runs = [await reasoner._store.load_calls(one.run_id) for one in results]  # type: ignore[union-attr]
    assert [one.status for one in results] == ["answered"] * 8
    servers = [ModelReply.model_validate_json(call.reply or "").server for calls in runs for call in calls]
    assert servers == [alive.base_url] * 8 and len(alive.requests) == 8
    # What the dead server had been asked counts as well: it may have been paid for.
    assert sorted(one.usage.calls for one in results) == [1] * 4 + [2] * 4


@pytest.mark.parametrize(
    "role", [{"base_url": "http://h/v1", "replicas": ("nowhere",)}, {"replicas": ("http://h/v1",)}]
)
def test_replicas_need_addresses_and_a_first_server(role: dict[str, Any]) -> None:
    models = Gateway(Settings(roles={"fast": RoleSettings(model="hosted_vllm/x", **role)}))
    with pytest.raises(SetupError, match="replica"):
        models.profile("fast")
