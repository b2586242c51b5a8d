"""The worker process and its client: requests, streams, cancellation, crashes, threads and loops."""

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
from agot.models.embedded.requests import generation, prompt_tokens

ENDLESS = Generation("Compute 1+1", "chain", samples=16, temperature=8.0)


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    yield
    shared().close()


async def test_an_answer_that_was_begun_is_continued() -> None:
    asked: list[dict[str, Any]] = [{"role": "user", "content": "Compute 2+3*4"}]
    whole = await answer({"role": "system", "content": "chain"}, *asked)
    line = whole.splitlines()[0] + "\n"
    chain, auto = ({"role": "system", "content": mode} for mode in ("chain", "auto"))
    assert line + await answer(chain, *asked, {"role": "assistant", "content": line}) == whole
    assert line + await answer(auto, *asked, {"role": "assistant", "content": f"chain:\n{line}"}) == whole


async def answer(*messages: dict[str, Any]) -> str:
    reply = await shared().generate(generation(list(messages), {"temperature": 0.0}))
    return reply.completions[0].text


async def test_an_answer_ends_at_a_stop_or_where_its_room_does() -> None:
    messages = [{"role": "system", "content": "chain"}, {"role": "user", "content": "Compute 2+3*4"}]
    whole = await answer(*messages)
    cut = await shared().generate(generation(messages, {"temperature": 0.0, "stop": ["\n"]}))
    assert cut.completions[0].text == whole.splitlines()[0]
    short = await shared().generate(generation(messages, {"max_tokens": 3}))
    assert (short.completions[0].finish, short.completions[0].generated) == ("length", 3)


@pytest.mark.parametrize("extra", [[], [{"role": "assistant", "content": "17+4=21\n"}]])
@pytest.mark.parametrize("n", [1, 3])
async def test_prompts_are_counted_exactly_before_the_call(extra: list[dict[str, str]], n: int) -> None:
    messages = [
        {"role": "system", "content": "chain"},
        {"role": "user", "content": "Compute (17+4)*3 ☃"},
        *extra,
    ]
    reply = await shared().generate(generation(messages, {"n": n}))
    assert reply.prompt_tokens == prompt_tokens(messages)


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
        "import asyncio, os, signal\n"
        "from agot.models.embedded.client import shared\n"
        "from agot.models.embedded.messages import Generation\n"
        "asyncio.run(shared().generate(Generation('Compute 1+1', 'chain')))\n"
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
