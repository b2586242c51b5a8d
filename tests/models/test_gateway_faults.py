"""Every kind of failure, through the real litellm, against a real server."""

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

import pytest

from agot.errors import (
    ContentRefused,
    ContextTooLong,
    ModelError,
    ModelRateLimited,
    ModelUnauthorised,
    ModelUnknown,
    ModelUnreachable,
    OutputError,
)
from agot.models.faults import retry_after_s
from agot.models.gateway import Gateway
from agot.models.retry import retryable
from agot.protocols import Message, ModelReply, ModelRequest
from agot.settings import RoleSettings, Settings
from tests.servers.loopback import Loopback, Reply, context_too_long, failure

SECRET = "sk-loopback-0123456789"


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with Loopback() as running:
        yield running


def gateway(base_url: str | None, model: str = "hosted_vllm/x", **changes: Any) -> Gateway:
    role = RoleSettings(model=model, base_url=base_url, **{"timeout_s": 20.0, **changes})
    return Gateway(Settings(roles={"fast": role}), environment={"LOOPBACK_KEY": SECRET})


async def attempt(
    models: Gateway, *, stream: bool = False, timeout_s: float | None = None, asked: Any = None
) -> ModelReply:
    asked = ModelRequest(purpose="solve", messages=(Message(role="user", content="hi"),), **(asked or {}))
    try:
        return await models.complete(
            asked, timeout_s=timeout_s, on_text=(lambda _text: None) if stream else None
        )
    finally:
        await models.close()


async def fault(models: Gateway, **how: Any) -> ModelError:
    with pytest.raises(ModelError) as got:
        await attempt(models, **how)
    error = got.value
    assert error.model
    return error


REFUSALS = [
    (failure(401, f"Incorrect API key provided: {SECRET}"), ModelUnauthorised, 401, False),
    (failure(403, "You may not use this model"), ModelUnauthorised, 403, False),
    (failure(402, "Payment required"), ModelUnauthorised, 402, False),
    (failure(404, "The model `x` does not exist", code="model_not_found"), ModelError, 404, False),
    (failure(429, "Slow down", kind="rate_limit"), ModelRateLimited, 429, True),
    (
        failure(429, "You exceeded your current quota", code="insufficient_quota"),
        ModelUnauthorised,
        429,
        False,
    ),
    (failure(500, "The engine died"), ModelUnreachable, 500, True),
    (failure(503, "Loading the model"), ModelUnreachable, 503, True),
    (failure(408, "Took too long"), ModelUnreachable, 408, True),
    (context_too_long(), ContextTooLong, 400, False),
    (failure(413, "Too large"), ContextTooLong, 413, False),
    (
        failure(400, "the request exceeds the available context size, try increasing it"),
        ContextTooLong,
        400,
        False,
    ),
    (
        failure(400, "rejected by our safety system", code="content_policy_violation"),
        ContentRefused,
        400,
        False,
    ),
    (failure(400, "frequency_penalty must be at most 1"), ModelError, 400, False),
    (failure(422, "response_format: extra field"), ModelError, 422, False),
    # Words in the body must not outweigh the status.
    (failure(400, "'rate limit 429' is no valid stop string"), ModelError, 400, False),
    (failure(500, "invalid_request_error while asking upstream"), ModelUnreachable, 500, True),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("reply", "kind", "status", "again"), REFUSALS)
async def test_refusals(
    server: Loopback, reply: Reply, kind: type[ModelError], status: int, again: bool, stream: bool
) -> None:
    server.reply = lambda _request: reply
    error = await fault(gateway(server.base_url, api_key_env="LOOPBACK_KEY"), stream=stream)
    assert type(error) is kind
    assert error.status == status
    assert retryable(error) is again
    assert server.base_url in str(error)
    assert SECRET not in str(error)
    # litellm must not have tried again on its own.
    assert len(server.requests) == 1


BROKEN = [
    ("drop", ModelUnreachable, ModelUnreachable),
    ("drop_mid_stream", ModelUnreachable, ModelUnreachable),
    ("half_json", OutputError, None),
    ("empty_choices", OutputError, None),
]


@pytest.mark.parametrize(("what", "whole", "streamed"), BROKEN)
async def test_broken_replies(
    server: Loopback, what: Any, whole: type[ModelError], streamed: type[ModelError] | None
) -> None:
    server.reply = lambda _request: Reply("one two three four", fault=what)
    for stream, kind in ((False, whole), (True, streamed)):
        if kind is not None:
            error = await fault(gateway(server.base_url), stream=stream)
            assert type(error) is kind
            assert retryable(error)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_web_page_is_told_in_its_own_words_and_not_asked_for_again(
    server: Loopback, stream: bool
) -> None:
    server.reply = lambda _request: Reply(fault="html")
    error = await fault(gateway(server.base_url), stream=stream)
    assert "Sign in to continue" in str(error) and "base_url" in str(error)
    assert type(error) is ModelError and not retryable(error)


async def test_content_filter_and_refusal(server: Loopback) -> None:
    server.reply = lambda _request: Reply("I ca", finish_reason="content_filter")
    for stream in (False, True):
        assert isinstance(await fault(gateway(server.base_url), stream=stream), ContentRefused)


async def test_nobody_there() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    for stream in (False, True):
        error = await fault(gateway(f"http://127.0.0.1:{port}/v1"), stream=stream)
        assert isinstance(error, ModelUnreachable)
        assert str(port) in str(error)
        assert "base_url" in str(error)
    assert isinstance(await fault(gateway("http://no-such-host.invalid/v1")), ModelUnreachable)


@pytest.mark.parametrize("what", ["hang", "hang_mid_stream"])
@pytest.mark.parametrize("stream", [False, True])
async def test_hanging_servers_are_given_up(server: Loopback, what: Any, stream: bool) -> None:
    await attempt(gateway(server.base_url))
    server.reply = lambda _request: Reply("one two three four", fault=what)
    for limits in ({"timeout_s": 0.3}, {}):
        # Half of a JSON object is of no use to anybody.
        form = {"response_format": {"type": "json_object"}}
        models = gateway(server.base_url, timeout_s=20.0 if limits else 0.3)
        started = time.perf_counter()
        error = await fault(models, stream=stream, asked=form, **limits)
        assert isinstance(error, ModelUnreachable)
        assert "0.3 s" in str(error)
        # Not the twenty seconds of the other limit, nor for ever.
        assert time.perf_counter() - started < 15.0
    await asyncio.sleep(0.1)
    assert server.in_flight == 0
    assert server.abandoned == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_cancelling_closes_the_request(server: Loopback, stream: bool) -> None:
    await attempt(gateway(server.base_url))
    server.reply = lambda _request: Reply("one two three four", fault="hang_mid_stream")
    models = gateway(server.base_url, concurrency=1)
    task = asyncio.create_task(attempt(models, stream=stream))
    while server.in_flight == 0:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.1)
    assert (server.in_flight, server.abandoned) == (0, 1)
    # The slot is free again, and nothing was left open (an unclosed session would warn here).
    server.reply = lambda _request: Reply("fine")
    assert (await attempt(models)).completions[0].text == "fine"
    gc.collect()


async def test_waiting_for_a_slot_counts_for_the_whole_but_not_for_the_attempt(server: Loopback) -> None:
    await attempt(gateway(server.base_url))
    server.reply = lambda _request: Reply(delay_s=0.3)
    models = gateway(server.base_url, concurrency=1, timeout_s=0.8)
    asked = ModelRequest(purpose="solve", messages=(Message(role="user", content="hi"),))
    four = [models.complete(asked, timeout_s=None, on_text=None) for _ in range(4)]
    assert len(await asyncio.gather(*four)) == 4
    several = [models.complete(asked, timeout_s=0.45, on_text=None) for _ in range(2)]
    done = await asyncio.gather(*several, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["ModelReply", "ModelUnreachable"]
    await models.close()


async def test_missing_and_used_keys(server: Loopback) -> None:
    error = await fault(gateway(server.base_url, api_key_env="NO_SUCH_KEY"))
    assert isinstance(error, ModelUnauthorised)
    assert "NO_SUCH_KEY" in str(error)
    assert not server.requests
    await attempt(gateway(server.base_url, api_key_env="LOOPBACK_KEY"))
    assert server.headers[0]["authorization"] == f"Bearer {SECRET}"


async def test_no_key_for_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    error = await fault(gateway(None, model="openai/gpt-4o"))
    assert isinstance(error, ModelUnauthorised)
    assert "OPENAI_API_KEY" in str(error)


async def test_unknown_provider() -> None:
    error = await fault(gateway(None, model="nosuchprovider/x"))
    assert type(error) is ModelUnknown
    assert "PROVIDER/NAME" in str(error)
    assert not retryable(error)


async def test_retry_after(server: Loopback) -> None:
    server.reply = lambda _request: failure(429, "Slow down", retry_after="7")
    assert (await fault(gateway(server.base_url))).retry_after_s == 7.0
    server.reply = lambda _request: failure(
        503, "Busy", retry_after=formatdate(time.time() + 60, usegmt=True)
    )
    asked = (await fault(gateway(server.base_url), stream=True)).retry_after_s
    assert asked is not None
    assert 50 < asked <= 61


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "2.5"}, 2.5),
        ({"retry-after": "-1"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_reading_retry_after(headers: dict[str, str], wait_s: float | None) -> None:
    assert retry_after_s(headers, now_s=60.0) == wait_s


async def test_what_a_reader_of_the_stream_raises_is_not_the_models_fault(server: Loopback) -> None:
    server.reply = lambda _request: Reply("one two three")

    def broken(_text: str) -> None:
        raise BrokenPipeError("the terminal is gone")

    models = gateway(server.base_url)
    asked = ModelRequest(purpose="solve", messages=(Message(role="user", content="hi"),))
    with pytest.raises(BrokenPipeError):
        await models.complete(asked, timeout_s=None, on_text=broken)
    await models.close()
