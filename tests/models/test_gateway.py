"""One call through the real litellm to a real server."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agot.models import library
from agot.models.gateway import Gateway
from agot.models.prices import PriceTable
from agot.models.replies import tokens_in
from agot.protocols import Message, ModelRequest
from agot.settings import RoleSettings, Settings
from tests.servers.loopback import Loopback, Reply, context_too_long, failure


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with Loopback() as running:
        yield running


def settings(server: Loopback, **changes: Any) -> Settings:
    role = RoleSettings(model="hosted_vllm/x", base_url=server.base_url, **changes)
    return Settings(roles={"fast": role})


@pytest.fixture
async def models(server: Loopback) -> AsyncIterator[Gateway]:
    gateway = Gateway(settings(server))
    yield gateway
    await gateway.close()


def request(content: str = "hello there", **changes: Any) -> ModelRequest:
    return ModelRequest(purpose="solve", messages=(Message(role="user", content=content),), **changes)


async def test_text_and_exact_usage(server: Loopback, models: Gateway) -> None:
    server.reply = lambda _request: Reply("forty two", prompt_tokens=11)
    reply = await models.complete(request(), timeout_s=30, on_text=None)
    assert [one.text for one in reply.completions] == ["forty two"]
    assert reply.completions[0].finish_reason == "stop"
    assert reply.completions[0].logprobs is None
    assert (reply.usage.calls, reply.usage.prompt_tokens, reply.usage.completion_tokens) == (1, 11, 2)
    assert reply.usage.cost_usd == 0.0
    assert reply.model == "hosted_vllm/x"
    assert reply.latency_ms > 0


async def test_what_is_sent(server: Loopback) -> None:
    models = Gateway(settings(server, extra_body={"top_k": 20}))
    server.reply = lambda _request: Reply("word " * 20)
    form = {"type": "json_object"}
    asked = request(
        temperature=0.5, top_p=0.9, max_tokens=77, n=2, stop=("END",), seed=5, logprobs=True, top_logprobs=3,
        response_format=form,
    )  # fmt: skip
    await models.complete(asked, timeout_s=30, on_text=None)
    await models.complete(request(), timeout_s=30, on_text=None)
    await models.close()
    full, plain = server.requests
    assert full == {
        "model": "x",
        "messages": [{"role": "user", "content": "hello there"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 77,
        "n": 2,
        "stop": ["END"],
        "seed": 5,
        "logprobs": True,
        "top_logprobs": 3,
        "response_format": form,
        "top_k": 20,
    }
    assert sorted(plain) == ["max_tokens", "messages", "model", "temperature", "top_k"]


async def test_several_samples_and_logprobs(server: Loopback, models: Gateway) -> None:
    server.reply = lambda _request: Reply(["a", "b", "c"], logprobs=[("a", -0.25), ("b", -2.0)])
    reply = await models.complete(request(n=3, logprobs=True, top_logprobs=2), timeout_s=30, on_text=None)
    assert [one.text for one in reply.completions] == ["a", "b", "c"]
    tokens = reply.completions[2].logprobs
    assert tokens is not None
    assert [(one.token, one.logprob) for one in tokens] == [("a", -0.25), ("b", -2.0)]
    assert tokens[0].top == (("a", -0.25), ("b", -2.0))


async def test_a_server_that_gives_fewer_samples(server: Loopback, models: Gateway) -> None:
    server.reply = lambda _request: Reply(["only"])
    reply = await models.complete(request(n=3), timeout_s=30, on_text=None)
    assert [one.text for one in reply.completions] == ["only"]


async def test_streaming(server: Loopback, models: Gateway) -> None:
    server.reply = lambda _request: Reply("one two three", logprobs=[("one", -0.5)], finish_reason="length")
    pieces: list[str] = []
    reply = await models.complete(request(logprobs=True), timeout_s=30, on_text=pieces.append)
    assert pieces == ["one", " two", " three"]
    assert reply.completions[0].text == "one two three"
    assert reply.completions[0].finish_reason == "length"
    assert reply.completions[0].logprobs is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (2, 3)
    assert server.requests[0]["stream_options"] == {"include_usage": True}


async def test_a_stream_of_equal_pieces_is_not_cut(server: Loopback, models: Gateway) -> None:
    server.reply = lambda _request: Reply(chunks=["| - "] * 250)
    reply = await models.complete(request(), timeout_s=30, on_text=lambda _text: None)
    assert reply.completions[0].text == "| - " * 250


async def test_what_steers_a_terminal_is_in_no_reply_whole_or_streamed(
    server: Loopback, models: Gateway
) -> None:
    chunks = ["\x1b[3", "1m63", "\r", "\nas told\x1b", "[0m"]
    server.reply = lambda _request: Reply("".join(chunks), chunks=chunks)
    pieces: list[str] = []
    for on_text in (None, pieces.append):
        reply = await models.complete(request(), timeout_s=30, on_text=on_text)
        assert reply.completions[0].text == "63\nas told"
    assert "".join(pieces) == "63\nas told"


async def test_several_samples_are_told_at_once(server: Loopback, models: Gateway) -> None:
    server.reply = lambda _request: Reply(["a b", "c d"])
    pieces: list[str] = []
    await models.complete(request(n=2), timeout_s=30, on_text=pieces.append)
    assert pieces == ["a b"]


async def test_usage_is_estimated_where_the_server_gives_none(server: Loopback, models: Gateway) -> None:
    server.reply = lambda _request: Reply("a rather long answer", fault="no_usage")
    for on_text in (None, lambda _text: None):
        usage = (await models.complete(request(), timeout_s=30, on_text=on_text)).usage
        assert usage.prompt_tokens > 0
        assert usage.completion_tokens > 0


async def test_the_limit_holds_and_is_used(server: Loopback) -> None:
    server.reply = lambda _request: Reply(delay_s=0.05)
    models = Gateway(settings(server, concurrency=4))
    await asyncio.gather(*(models.complete(request(), timeout_s=30, on_text=None) for _ in range(20)))
    await models.close()
    assert server.max_in_flight == 4


async def test_servers_that_batch_get_all_that_come(server: Loopback, models: Gateway) -> None:
    server.reply = lambda _request: Reply(delay_s=0.05)
    await asyncio.gather(*(models.complete(request(), timeout_s=30, on_text=None) for _ in range(20)))
    assert server.max_in_flight == 20


async def test_thirty_two_calls_at_once() -> None:
    with Loopback(lambda _request: Reply(delay_s=0.2)).in_thread() as server:
        models = Gateway(settings(server, concurrency=64))
        took_s = []
        for _ in range(3):
            started = time.perf_counter()
            await asyncio.gather(*(models.complete(request(), timeout_s=30, on_text=None) for _ in range(32)))
            took_s.append(time.perf_counter() - started)
        await models.close()
    assert server.max_in_flight == 32
    # 0.3 s on an idle machine, the server in the same process; one after the other would take 6.4 s.
    assert min(took_s) < 1.5


def test_one_gateway_in_several_event_loops() -> None:
    with Loopback(lambda _request: Reply("fine", delay_s=0.01)).in_thread() as server:
        models = Gateway(settings(server, concurrency=2))

        async def several() -> list[str]:
            try:
                calls = (models.complete(request(), timeout_s=30, on_text=None) for _ in range(6))
                return [reply.completions[0].text for reply in await asyncio.gather(*calls)]
            finally:
                await models.close()

        for _ in range(3):
            assert asyncio.run(several()) == ["fine"] * 6


async def test_providers_without_a_feature_are_not_asked_for_it(server: Loopback) -> None:
    from agot.models.asking import arguments_of
    from agot.models.pool import Pool

    endpoint = Pool(Settings(roles={"fast": RoleSettings(model="ollama/x")})).endpoint("fast")
    arguments = arguments_of(request(n=4, logprobs=True, top_logprobs=2), endpoint, None)
    assert not {"n", "logprobs", "top_logprobs"} & set(arguments)


async def test_the_first_call_leaves_the_event_loop_responsive(server: Loopback) -> None:
    models = Gateway(settings(server))
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.005)
            beats += 1

    heart = asyncio.create_task(beat())
    server.reply = lambda _request: Reply(delay_s=0.2)
    await models.complete(request(), timeout_s=60, on_text=None)
    heart.cancel()
    await models.close()
    assert beats > 5


def test_profiles_and_prices(tmp_path: Path) -> None:
    table = tmp_path / "prices.json"
    table.write_text(
        '{"gpt-x": {"litellm_provider": "openai", "input_cost_per_token": 1e-6,'
        ' "output_cost_per_token": 2e-6, "max_input_tokens": 1000, "max_tokens": 100},'
        ' "groq/llama": {"input_cost_per_token": 3e-6}, "odd": 7}'
    )
    roles = {
        "fast": RoleSettings(model="gpt-x"),
        "strong": RoleSettings(model="groq/llama", context_window=5),
        "judge": RoleSettings(model="embedded/pico", max_tokens=64, temperature=0.1),
        "embed": RoleSettings(model="openai/odd"),
    }
    models = Gateway(Settings(roles=roles), prices=PriceTable(table))
    fast, strong, judge = (models.profile(role) for role in ("fast", "strong", "judge"))
    assert (fast.usd_per_prompt_token, fast.usd_per_output_token, fast.context_window) == (1e-6, 2e-6, 1000)
    assert (strong.usd_per_prompt_token, strong.context_window, strong.native_n) == (3e-6, 5, False)
    assert (judge.dialect, judge.max_tokens, judge.temperature, judge.local) == ("compact", 64, 0.1, True)
    assert models.profile("embed").usd_per_prompt_token == 0.0
    nowhere = Gateway(Settings(roles=roles), prices=PriceTable(tmp_path / "missing.json"))
    assert nowhere.profile("fast").usd_per_prompt_token == 0.0


async def test_a_priced_model_costs(
    server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "prices.json"
    table.write_text('{"hosted_vllm/x": {"input_cost_per_token": 1e-3, "output_cost_per_token": 2e-3}}')
    monkeypatch.setattr("agot.models.pool.is_local_address", lambda _url: False)
    server.reply = lambda _request: Reply("a b c", prompt_tokens=10)
    models = Gateway(settings(server), prices=PriceTable(table))
    for on_text in (None, lambda _text: None):
        usage = (await models.complete(request(), timeout_s=30, on_text=on_text)).usage
        assert usage.cost_usd == pytest.approx(0.016)
    await models.close()


def test_estimates_are_rather_too_high() -> None:
    assert tokens_in("The quick brown fox jumps over the lazy dog.") >= 10
    assert tokens_in("東京は日本の首都です。") >= 8
    models = Gateway(Settings(roles={"fast": RoleSettings(model="embedded/pico")}))
    assert models.estimate_tokens(request("x" * 3000)) >= 1000
    assert models.estimate_tokens(request("")) > 0


async def test_a_program_that_observes_litellms_calls_sees_ours(
    server: Loopback, models: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.reply = lambda _request: Reply("seen")
    await models.complete(request(), timeout_s=30, on_text=None)
    import litellm
    from litellm.integrations.custom_logger import CustomLogger

    # litellm fills its other lists from the first one.
    for name in library._OBSERVERS:
        monkeypatch.setattr(litellm, name, list(getattr(litellm, name)))
    told = asyncio.Event()

    class Observer(CustomLogger):
        async def async_log_success_event(self, *args: Any, **named: Any) -> None:
            told.set()

    monkeypatch.setattr(litellm, "callbacks", [Observer()])
    assert (await models.complete(request(), timeout_s=30, on_text=None)).completions[0].text == "seen"
    await asyncio.wait_for(told.wait(), 10)


async def test_calls_without_litellms_account_fail_with_the_same_errors(
    server: Loopback, models: Gateway
) -> None:
    import litellm

    arguments = {
        "model": "hosted_vllm/x", "messages": [{"role": "user", "content": "?"}], "api_base": server.base_url,
        "max_retries": 0, "timeout": 5.0,
    }  # fmt: skip
    for script in (
        failure(401, "no"),
        failure(429, "slow down"),
        failure(500, "broken"),
        context_too_long(),
        Reply(fault="drop"),
    ):
        server.reply = lambda _request, script=script: script
        errors = []
        for attempt in (litellm.acompletion(**arguments), library.complete(litellm, arguments)):
            with pytest.raises(Exception) as caught:
                await attempt
            errors.append((type(caught.value), getattr(caught.value, "status_code", None)))
        assert errors[0] == errors[1]
