"""The worker process behind litellm: OpenAI's rules, streams, cancellation, crashes, threads and loops."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agot.models.embedded.client import Client, shared
from agot.models.embedded.messages import Generation, PromptTooLong, RequestError, WorkerError
from agot.models.embedded.provider import CONTEXT, register
from agot.models.embedded.requests import generation, prompt_tokens

import litellm  # isort: skip  # after the provider, which keeps it off the network

QUESTION = "Let the list be [16, 8, 49, 2]. Append 19. Sort in descending order. Drop the last element. What is the list now?"
ENDLESS = Generation("Compute 1+1", "chain", samples=16, temperature=8.0)


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    register()
    register()
    yield
    shared().close()


def chat(*contents: str, **options: Any) -> dict[str, Any]:
    roles = {1: ["user"], 2: ["system", "user"], 3: ["system", "user", "assistant"]}[len(contents)]
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]
    return {"model": "embedded/pico", "messages": messages, **options}


async def test_chat_with_samples_and_logprobs() -> None:
    response = await litellm.acompletion(
        **chat("chain", QUESTION, n=3, temperature=0.8, seed=1, logprobs=True, top_logprobs=2)
    )
    assert [choice.index for choice in response.choices] == [0, 1, 2]
    assert response.choices[0].message.content.endswith("answer: [49, 19, 16, 8]")
    counted = 0
    for choice in response.choices:
        assert choice.finish_reason == "stop"
        content = choice.logprobs.content
        counted += len(content)
        assert "".join(token.token for token in content) == choice.message.content
        assert all(len(token.top_logprobs) == 2 for token in content)
    assert response.usage.completion_tokens == counted
    assert response.usage.total_tokens == response.usage.prompt_tokens + counted
    again = await litellm.acompletion(**chat("chain", QUESTION, n=3, temperature=0.8, seed=1))
    assert [c.message.content for c in again.choices] == [c.message.content for c in response.choices]


async def test_streaming_equals_not_streaming() -> None:
    options = {"temperature": 0.9, "seed": 5, "logprobs": True}
    whole = await litellm.acompletion(**chat(QUESTION, **options))
    stream = await litellm.acompletion(
        **chat(QUESTION, **options), stream=True, stream_options={"include_usage": True}
    )
    text, tokens, finish, usage = "", [], None, None
    async for chunk in stream:
        choice = chunk.choices[0]
        text += choice.delta.content or ""
        finish = choice.finish_reason or finish
        usage = getattr(chunk, "usage", None) or usage
        if getattr(choice, "logprobs", None):
            tokens += [token.token for token in choice.logprobs.content]
    await stream.aclose()
    assert text == whole.choices[0].message.content
    assert text.startswith("chain:\n")
    assert tokens == [token.token for token in whole.choices[0].logprobs.content]
    assert finish == "stop"
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (
        whole.usage.prompt_tokens,
        whole.usage.completion_tokens,
    )


def test_blocking_calls() -> None:
    whole = litellm.completion(**chat("chain", QUESTION, temperature=0.0))
    stream = litellm.completion(**chat("chain", QUESTION, temperature=0.0), stream=True)
    assert (
        "".join(chunk.choices[0].delta.content or "" for chunk in stream) == whole.choices[0].message.content
    )
    cut = litellm.completion(**chat("chain", QUESTION, temperature=0.0, stop=["\n"], max_tokens=50))
    assert cut.choices[0].message.content == whole.choices[0].message.content.splitlines()[0]
    short = litellm.completion(**chat("chain", QUESTION, max_tokens=3))
    assert (short.choices[0].finish_reason, short.usage.completion_tokens) == ("length", 3)


async def test_a_trailing_assistant_message_is_continued() -> None:
    whole = (
        (await litellm.acompletion(**chat("chain", "Compute 2+3*4", temperature=0.0)))
        .choices[0]
        .message.content
    )
    line = whole.splitlines()[0] + "\n"
    for messages in (chat("chain", "Compute 2+3*4", line), chat("auto", "Compute 2+3*4", f"chain:\n{line}")):
        rest = await litellm.acompletion(**messages, temperature=0.0)
        assert line + rest.choices[0].message.content == whole


@pytest.mark.parametrize("extra", [[], [{"role": "assistant", "content": "17+4=21\n"}]])
@pytest.mark.parametrize("n", [1, 3])
async def test_prompts_are_counted_exactly_before_the_call(extra: list[dict[str, str]], n: int) -> None:
    messages = [
        {"role": "system", "content": "chain"},
        {"role": "user", "content": "Compute (17+4)*3 ☃"},
        *extra,
    ]
    response = await litellm.acompletion(model="embedded/pico", messages=messages, n=n)
    assert response.usage.prompt_tokens == prompt_tokens(messages)


def test_messages_become_a_request() -> None:
    parts = [{"type": "text", "text": "Compute "}, {"type": "text", "text": "1+1"}]
    asked = generation(
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": parts}], {"seed": 4}
    )
    assert (asked.user, asked.mode, asked.prefix, asked.seed, asked.samples) == ("Compute 1+1", "", "", 4, 1)
    followed = [{"role": role, "content": role} for role in ("user", "assistant", "user")]
    assert generation(followed, {"stop": "x"}).prefix == ""
    assert generation(followed, {"stop": "x"}).stop == ("x",)
    with pytest.raises(RequestError, match="no user message"):
        generation([{"role": "system", "content": "chain"}], {})
    with pytest.raises(RequestError, match="needs a mode"):
        generation([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], {})


async def test_errors_are_litellms() -> None:
    with pytest.raises(litellm.ContextWindowExceededError, match=f"{CONTEXT}"):
        await litellm.acompletion(**chat(QUESTION, max_tokens=CONTEXT))
    with pytest.raises(litellm.ContextWindowExceededError, match="3005"):
        await litellm.acompletion(**chat("1" * 3002))
    with pytest.raises(litellm.BadRequestError, match="max_tokens"):
        await litellm.acompletion(**chat(QUESTION, max_tokens=0))
    with pytest.raises(litellm.NotFoundError, match="embedded/pico"):
        await litellm.acompletion(**{**chat(QUESTION), "model": "embedded/nano"})


def test_the_context_is_the_models() -> None:
    from agot.models.embedded.runtime import Engine

    assert Engine().context == CONTEXT


async def test_cancelling_a_request_frees_the_worker() -> None:
    client = shared()
    task = asyncio.create_task(client.generate(ENDLESS))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client._waiting == {}
    reply = await asyncio.wait_for(client.generate(Generation("Compute 2+2", "chain")), 10.0)
    assert reply.completions[0].text.endswith("answer: 4")


async def test_cancelling_while_the_worker_starts() -> None:
    client = Client()
    task = asyncio.create_task(client.generate(ENDLESS))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(200):
        if client.pid is not None and client._waiting == {}:
            break
        await asyncio.sleep(0.01)
    assert client._waiting == {}
    client.close()


async def test_closing_a_stream_cancels_it() -> None:
    events = shared().stream(ENDLESS)
    await anext(events)
    await events.aclose()
    assert shared()._waiting == {}


async def test_a_crash_is_told_and_healed() -> None:
    client = Client()
    await client.generate(Generation("Compute 1+1", "chain"))
    first = client.pid
    assert first is not None
    task = asyncio.create_task(client.generate(ENDLESS))
    await asyncio.sleep(0.2)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(WorkerError, match="killed by signal 9"):
        await task
    reply = await client.generate(Generation("Compute 3+3", "chain"))
    assert reply.completions[0].text.endswith("answer: 6")
    assert client.pid not in (None, first)
    client.close()
    assert client.pid is None


async def test_a_model_that_cannot_be_loaded(tmp_path: Any) -> None:
    client = Client(tmp_path)
    with pytest.raises(WorkerError, match=r"could not be loaded: .*card\.json"):
        await client.generate(Generation("Compute 1+1"))


def test_several_threads_and_event_loops() -> None:
    results: list[str] = []

    def ask(number: int) -> None:
        async def main() -> None:
            reply = await shared().generate(Generation(f"Compute {number}+1", "chain"))
            results.append(reply.completions[0].text)

        for _ in range(2):
            asyncio.run(main())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(f"{n}+1={n + 1}\nanswer: {n + 1}" for n in range(4) for _ in range(2))


async def test_errors_of_the_worker_keep_their_type() -> None:
    with pytest.raises(PromptTooLong):
        await shared().generate(Generation("1" * 3000))
    with pytest.raises(RequestError, match="unknown mode"):
        await shared().generate(Generation("1", "sing"))


def test_the_worker_dies_with_its_parent() -> None:
    code = (
        "import os, signal\n"
        "from agot.models.embedded.client import shared\n"
        "from agot.models.embedded.messages import Generation\n"
        "shared().generate_blocking(Generation('Compute 1+1', 'chain'))\n"
        "print(shared().pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    worker = int(parent.stdout)
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        with open(f"/proc/{worker}/stat") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "Z":
                return  # Nobody collects orphans here; it has ended all the same.
        time.sleep(0.05)
    pytest.fail("the worker outlived its parent")


def test_nothing_of_litellm_is_needed_without_the_provider() -> None:
    code = (
        "import sys, agot.models.embedded.client, agot.models.embedded.worker, agot.models.embedded.runtime\n"
        "assert 'litellm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
