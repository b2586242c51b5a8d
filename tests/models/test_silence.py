"""Time-outs count silence; what attempts without a reply cost is told."""

import asyncio
import socket
from typing import Any

import pytest

from agot.errors import ModelError, ModelSilent, ModelUnreachable
from agot.models.gateway import Gateway
from agot.models.retry import retryable
from agot.protocols import Message, ModelReply, ModelRequest
from agot.settings import RoleSettings, Settings
from agot.spending import spending, total_of
from agot.thought import Usage
from tests.servers.loopback import Loopback, Reply, failure
from tests.servers.odd import Odd, events, piece

PROMPT = "what is it " * 30


def request(**changes: Any) -> ModelRequest:
    # More room than a model is trusted to fill in time before it was seen, so that it is watched.
    how = {"max_tokens": 4096, **changes}
    return ModelRequest(purpose="solve", messages=(Message(role="user", content=PROMPT),), **how)


def gateway(*addresses: str, **changes: Any) -> Gateway:
    first, *more = addresses
    role = RoleSettings(model="hosted_vllm/x", base_url=first, replicas=tuple(more), **changes)
    return Gateway(Settings(roles={"fast": role}))


async def asked(models: Gateway, **how: Any) -> tuple[ModelReply | ModelError, Usage]:
    """Return what came of a call, and what was told to have been spent beside its reply."""
    on_text = how.pop("on_text", None)
    timeout_s = how.pop("timeout_s", None)
    with spending() as lost:
        try:
            got: ModelReply | ModelError = await models.complete(
                request(**how), timeout_s=timeout_s, on_text=on_text
            )
        except ModelError as error:
            got = error
    return got, total_of(lost)


@pytest.mark.parametrize("told", [False, True])
async def test_a_model_that_writes_steadily_is_not_cut_however_long_it_takes(told: bool) -> None:
    async with Loopback(lambda _request: Reply("word " * 20, chunk_delay_s=0.1)) as server:
        models = gateway(server.base_url, timeout_s=1.5)
        got, lost = await asked(models, on_text=(lambda _text: None) if told else None)
        await models.close()
    assert isinstance(got, ModelReply)
    assert got.latency_ms > 500
    assert got.completions[0].text == "word " * 20
    assert got.completions[0].finish_reason == "stop"
    assert lost == Usage()


async def test_usage_log_probabilities_and_samples_come_as_without_a_stream() -> None:
    said = Reply(["one two", "three"], prompt_tokens=17, logprobs=[("one", -0.5)])
    async with Loopback(lambda _request: said) as server:
        models = gateway(server.base_url)
        got, _ = await asked(models, n=2, logprobs=True)
        await models.close()
        assert server.requests[0]["stream"] is True
    assert isinstance(got, ModelReply)
    assert [one.text for one in got.completions] == ["one two", "three"]
    assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (17, 3)
    assert got.completions[0].logprobs is not None


async def test_fast_models_are_not_streamed_once_that_is_known() -> None:
    async with Loopback(lambda _request: Reply("word " * 40)) as server:
        models = gateway(server.base_url)
        for _ in range(2):
            await asked(models)
        await models.close()
    assert ["stream" in one for one in server.requests] == [True, False]


async def test_a_model_that_was_not_seen_is_trusted_with_what_takes_no_longer_than_the_time_out() -> None:
    async with Loopback(lambda _request: Reply("ok")) as server:
        for tokens, timeout_s in ((1024, 120.0), (1024, 30.0)):
            models = gateway(server.base_url, timeout_s=timeout_s)
            await asked(models, max_tokens=tokens)
            await models.close()
    assert ["stream" in one for one in server.requests] == [False, True]


async def test_a_model_that_was_trusted_too_much_is_watched_at_the_next_try() -> None:
    def reply(asked: dict[str, Any]) -> Reply:
        streams = bool(asked.get("stream"))
        return Reply("word " * 20) if streams else Reply(fault="hang")

    async with Loopback(reply) as server:
        models = gateway(server.base_url, timeout_s=2.0)
        got, lost = await asked(models, max_tokens=12)
        assert isinstance(got, ModelUnreachable) and not isinstance(got, ModelSilent)
        assert retryable(got) and server.base_url in str(got)
        again, _ = await asked(models, max_tokens=12)
        await models.close()
    assert isinstance(again, ModelReply)
    assert ["stream" in one for one in server.requests] == [False, True]
    # Nobody saw whether it was writing.
    assert (lost.calls, lost.completion_tokens) == (1, 12)


@pytest.mark.parametrize("told", [False, True])
async def test_what_arrived_before_a_silence_is_kept_as_a_cut_text_and_counted(told: bool) -> None:
    async with Loopback(lambda _request: Reply("word " * 20, fault="hang_mid_stream")) as server:
        models = gateway(server.base_url, timeout_s=0.3)
        got, lost = await asked(models, on_text=(lambda _text: None) if told else None)
        await models.close()
    assert isinstance(got, ModelReply)
    assert got.completions[0].text.split() == ["word"] * 11
    assert got.completions[0].finish_reason == "length"
    assert "silent for 0.3 s" in got.broke_off
    assert got.usage == Usage()
    assert lost.calls == 1
    assert lost.prompt_tokens >= 90
    assert lost.completion_tokens >= 10


async def test_a_silent_server_is_passed_over_for_another_one_and_both_are_counted() -> None:
    half, whole = Reply("half an answer", fault="hang_mid_stream"), Reply("a whole answer")
    async with Loopback(lambda _request: half) as one, Loopback(lambda _request: whole) as other:
        models = gateway(one.base_url, other.base_url, timeout_s=0.3)
        got, lost = await asked(models)
        await models.close()
    assert isinstance(got, ModelReply)
    assert got.completions[0].text == "a whole answer"
    assert not got.broke_off
    assert lost.calls == 1
    assert lost.prompt_tokens > 0


async def test_a_server_that_says_nothing_is_named_and_not_asked_again() -> None:
    async with Loopback(lambda _request: Reply(fault="hang")) as server:
        models = gateway(server.base_url, timeout_s=0.2)
        got, lost = await asked(models)
        await models.close()
    assert isinstance(got, ModelSilent)
    assert not retryable(got)
    assert server.base_url in str(got)
    assert (lost.calls, lost.completion_tokens) == (1, 0)
    assert lost.prompt_tokens >= 90


async def test_a_server_without_streams_is_given_the_time_that_its_pace_needs() -> None:
    def reply(asked: dict[str, Any]) -> Reply:
        if asked.get("stream"):
            return failure(400, "stream_options is not supported")
        return Reply("word " * 30, delay_s=0.5)

    async with Loopback(reply) as server:
        models = gateway(server.base_url, timeout_s=0.2)
        got, _ = await asked(models, max_tokens=400)
        await models.close()
    assert isinstance(got, ModelReply), got
    assert ["stream" in one for one in server.requests] == [True, True, False]
    assert ["stream_options" in one for one in server.requests] == [True, False, False]


FAULTS = [
    (Reply("word " * 20, fault="drop_mid_stream"), 10),
    (Reply("word " * 20, finish_reason="content_filter"), 20),
    (Reply(fault="drop"), 0),
    (failure(500, "the engine died"), 0),
    (failure(429, "slow down"), 0),
]


@pytest.mark.parametrize(("reply", "written"), FAULTS)
@pytest.mark.parametrize("told", [False, True])
async def test_a_failed_attempt_costs_its_prompt_and_what_arrived(
    reply: Reply, written: int, told: bool
) -> None:
    async with Loopback(lambda _request: reply) as server:
        models = gateway(server.base_url)
        got, lost = await asked(models, on_text=(lambda _text: None) if told else None)
        await models.close()
    assert isinstance(got, ModelError)
    assert lost.calls == 1
    assert lost.prompt_tokens >= 90
    assert written <= lost.completion_tokens <= 12 * written


@pytest.mark.parametrize("told", [False, True])
async def test_a_stream_that_broke_off_is_asked_for_once(told: bool) -> None:
    async with Loopback(lambda _request: Reply("word " * 20, fault="drop_mid_stream")) as server:
        models = gateway(server.base_url)
        got, _ = await asked(models, on_text=(lambda _text: None) if told else None)
        await models.close()
        assert len(server.requests) == 1
    assert isinstance(got, ModelError) and retryable(got)


async def test_a_joined_stream_that_ends_without_a_reason_is_asked_for_once() -> None:
    async with Odd(lambda _body: events(piece({"content": "6"}), end=b"")) as odd:
        models = gateway(f"{odd.base_url}/v1")
        got, lost = await asked(models)
        await models.close()
    assert isinstance(got, ModelError) and retryable(got)
    assert len(odd.requests) == lost.calls == 1


async def test_an_unreadable_reply_costs_what_could_be_read_of_it() -> None:
    async with Loopback(lambda _request: Reply("word " * 20, fault="half_json")) as server:
        models = gateway(server.base_url)
        got, lost = await asked(models)
        await models.close()
    assert isinstance(got, ModelError)
    assert lost.completion_tokens >= 10


async def test_only_a_refused_connection_costs_no_tokens() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        models = gateway(f"http://127.0.0.1:{one.getsockname()[1]}/v1")
    got, lost = await asked(models)
    await models.close()
    assert isinstance(got, ModelUnreachable)
    assert (lost.calls, lost.tokens) == (1, 0)


@pytest.mark.parametrize("told", [False, True])
async def test_a_cancelled_call_costs_its_prompt_and_what_arrived(told: bool) -> None:
    async with Loopback(lambda _request: Reply("word " * 20, fault="hang_mid_stream")) as server:
        models = gateway(server.base_url)
        with spending() as lost:
            call = asyncio.create_task(models.complete(
                request(), timeout_s=None, on_text=(lambda _text: None) if told else None
            ))  # fmt: skip
            while not server.in_flight:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        await models.close()
    assert total_of(lost).prompt_tokens >= 90
    assert total_of(lost).completion_tokens >= 10


async def test_a_call_cancelled_before_it_was_sent_costs_nothing() -> None:
    async with Loopback(lambda _request: Reply(fault="hang")) as server:
        models = gateway(server.base_url, concurrency=1)
        with spending() as lost:
            first = asyncio.create_task(models.complete(request(), timeout_s=None, on_text=None))
            while not server.in_flight:
                await asyncio.sleep(0.01)
            second = asyncio.create_task(models.complete(request(), timeout_s=0.05, on_text=None))
            await asyncio.wait({second})
            assert total_of(lost) == Usage()
            first.cancel()
            await asyncio.wait({first})
        await models.close()
    assert total_of(lost).calls == 1


async def test_unseen_writing_is_counted_by_the_pace_that_was_seen() -> None:
    replies = iter([Reply("word " * 40, chunk_delay_s=0.005), Reply(fault="hang")])
    async with Loopback(lambda _request: next(replies)) as server:
        models = gateway(server.base_url)
        await asked(models)
        # So short that it is not watched.
        got, lost = await asked(models, timeout_s=0.5, max_tokens=32)
        await models.close()
        assert "stream" not in server.requests[1]
    assert isinstance(got, ModelError)
    assert lost.completion_tokens == 32


async def test_prompts_are_counted_as_the_server_counts_them() -> None:
    replies = iter([Reply("word " * 40, prompt_tokens=1000), failure(500, "died")])
    async with Loopback(lambda _request: next(replies)) as server:
        models = gateway(server.base_url)
        await asked(models)
        _, lost = await asked(models)
        await models.close()
    assert lost.prompt_tokens >= 1000
