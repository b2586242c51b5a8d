"""Servers that refuse or leave out what others do: asked again with less, and remembered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel

from agot.engine.recorded import Calls, unrecorded_run
from agot.errors import ModelError
from agot.models.gateway import Gateway
from agot.models.known import Known
from agot.models.structured import structured
from agot.protocols import Message, ModelReply, ModelRequest
from agot.settings import RoleSettings, Settings
from agot.stores.facts import Fact
from tests.servers.loopback import Loopback, Reply, failure


class Size(BaseModel):
    size: int


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with Loopback() as running:
        yield running


def settings_of(server: Loopback) -> Settings:
    return Settings(roles={"fast": RoleSettings(model="hosted_vllm/x", base_url=server.base_url)})


@pytest.fixture
async def models(server: Loopback) -> AsyncIterator[Gateway]:
    gateway = Gateway(settings_of(server))
    yield gateway
    await gateway.close()


def facts(server: Loopback, **named: Any) -> Known:
    known = Known()
    place = server.base_url.removesuffix("/v1")
    known.take(
        Fact(server=place, model="x", name=name, value=value, measured_at_s=1.0)
        for name, value in named.items()
    )
    return known


async def ask(models: Gateway, system: str = "", **changes: Any) -> ModelReply:
    turns = (Message(role="user", content="hello there"),)
    if system:
        turns = (Message(role="system", content=system), *turns)
    return await models.complete(
        ModelRequest(purpose="solve", messages=turns, **changes), timeout_s=30, on_text=None
    )


def with_slots(slots: int) -> Any:
    """Answer as llama.cpp does, whose samples of one request are as many as its slots, at most."""

    def reply(request: dict[str, Any]) -> Reply:
        n = request.get("n", 1)
        if n > slots:
            return failure(400, f"Field 'n': Value must be between 1 <= value <= {slots}, but got {n}")
        return Reply(f"drawn with {request.get('seed')}")

    return reply


@pytest.mark.parametrize(("slots", "n"), [(2, 8), (1, 4), (3, 8), (4, 5), (7, 7)])
async def test_more_samples_than_the_server_takes_are_drawn_in_parts(
    server: Loopback, models: Gateway, slots: int, n: int
) -> None:
    server.reply = with_slots(slots)
    reply = await ask(models, n=n, seed=5)
    assert len(reply.completions) == n
    assert reply.usage.calls == 1 and reply.usage.completion_tokens == 3 * n
    taken = [request for request in server.requests if request.get("n", 1) <= slots]
    # Equal seeds would draw equal samples.
    assert len({request["seed"] for request in taken}) == len(taken)
    refused = len(server.requests) - len(taken)
    again = await ask(models, n=n, seed=6)
    assert len(again.completions) == n
    assert sum(request.get("n", 1) > slots for request in server.requests) == refused


async def test_what_a_doctor_measured_is_never_refused(server: Loopback) -> None:
    server.reply = with_slots(3)
    models = Gateway(settings_of(server), known=facts(server, n_most=3))
    assert len((await ask(models, n=8)).completions) == 8
    assert sorted(request.get("n", 1) for request in server.requests) == [2, 3, 3]
    await models.close()


async def test_a_refusal_of_something_else_is_told_as_it_is(server: Loopback, models: Gateway) -> None:
    server.reply = lambda _request: failure(400, "there is no such adapter")
    with pytest.raises(ModelError, match="no such adapter"):
        await ask(models, n=8)
    server.reply = with_slots(8)
    await ask(models, n=8)
    assert server.requests[-1]["n"] == 8


async def test_a_server_that_ignores_n_is_asked_for_single_samples_from_then_on(
    server: Loopback, models: Gateway
) -> None:
    server.reply = lambda _request: Reply(["one"])
    await ask(models, n=4)
    assert len((await ask(models, n=4)).completions) == 4
    assert [request.get("n", 1) for request in server.requests] == [4, 1, 1, 1, 1]


@pytest.mark.parametrize("message", ["logprobs are not supported", "unknown field"])
async def test_log_probabilities_that_are_refused_are_not_asked_for_again(
    server: Loopback, models: Gateway, message: str
) -> None:
    server.reply = lambda request: failure(400, message) if "logprobs" in request else Reply("yes")
    for _ in range(2):
        reply = await ask(models, logprobs=True, top_logprobs=5)
        assert reply.completions[0].text == "yes" and reply.completions[0].logprobs is None
    assert ["logprobs" in request for request in server.requests] == [True, False, False]


async def test_log_probabilities_that_never_come_are_not_asked_for_again(
    server: Loopback, models: Gateway
) -> None:
    for _ in range(2):
        await ask(models, logprobs=True, top_logprobs=5)
    assert ["logprobs" in request for request in server.requests] == [True, False]
    # A run plans by what was known when it began, so that a resumed one asks the same again.
    assert models.profile("fast").gives_logprobs


async def test_seeds_and_system_turns_that_are_refused_are_left_out(
    server: Loopback, models: Gateway
) -> None:
    def reply(request: dict[str, Any]) -> Reply:
        if any(turn["role"] == "system" for turn in request["messages"]):
            return failure(400, "Jinja Exception: System role not supported")
        return failure(400, "extra field: seed") if "seed" in request else Reply("yes")

    server.reply = reply
    for _ in range(2):
        assert (await ask(models, system="Be brief.", seed=3)).completions[0].text == "yes"
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "Be brief.\n\nhello there"}]
    assert len(server.requests) == 4


async def test_what_was_measured_is_what_runs_plan_by(server: Loopback) -> None:
    known = facts(server, n_most=1, logprobs=False, context_window=512, top_logprobs=0)
    profile = Gateway(settings_of(server), known=known).profile("fast")
    assert (profile.native_n, profile.gives_logprobs, profile.context_window) == (False, False, 512)
    known = facts(server, n_most=32, logprobs=True, top_logprobs=4)
    models = Gateway(settings_of(server), known=known)
    await ask(models, n=64, logprobs=True, top_logprobs=9)
    assert (server.requests[0]["n"], server.requests[0]["top_logprobs"]) == (64, 4)
    await models.close()


@pytest.mark.parametrize(
    ("named", "form"),
    [
        ({}, None),
        ({"json_schema": True, "json_object": False}, "json_schema"),
        ({"json_schema": False, "json_object": True}, "json_object"),
        ({"json_schema": False, "json_object": False}, "text"),
    ],
)
async def test_typed_answers_are_asked_for_in_the_form_that_was_seen_to_work(
    server: Loopback, named: dict[str, Any], form: str | None
) -> None:
    models = Gateway(settings_of(server), known=facts(server, **named))
    assert models.profile("fast").form == form
    server.reply = lambda _request: Reply('{"size": 3}')
    request = ModelRequest(purpose="x", messages=(Message(role="user", content="How large?"),))
    assert (await structured(unrecorded_run(Calls(models, lambda role: 0)).caller(), request, Size)).size == 3
    sent = (server.requests[0].get("response_format") or {}).get("type", "text")
    assert sent == (form or "json_schema") and len(server.requests) == 1
    await models.close()
