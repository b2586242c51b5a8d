"""The gateway's calls of the embedded model need nothing of litellm's, and are like those of any other model."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agot.errors import ContextTooLong, ModelError, ModelUnknown, ModelUnreachable
from agot.models.embedded.client import shared
from agot.models.gateway import Gateway
from agot.protocols import Message, ModelReply, ModelRequest
from agot.settings import RoleSettings, Settings


async def call(
    content: str = "What is 2 + 3?", model: str = "embedded/pico", **options: object
) -> tuple[ModelReply, str]:
    """Return the reply and the text that came piece by piece."""
    pieces: list[str] = []
    stream = bool(options.pop("stream", False))
    gateway = Gateway(Settings(roles={"fast": RoleSettings(model=model)}))
    messages = (Message(role="system", content="chain"), Message(role="user", content=content))
    asked = ModelRequest(purpose="solve", messages=messages, max_tokens=64, seed=1).model_copy(update=options)
    reply = await gateway.complete(asked, timeout_s=60, on_text=pieces.append if stream else None)
    await gateway.close()
    return reply, "".join(pieces)


def test_a_question_to_the_embedded_model_loads_neither_litellm_nor_langgraph(tmp_path: Path) -> None:
    program = """
import sys, agot
print(agot.ask_sync("What is (17 + 4) * 3?").answer)
print([name for name in ("litellm", "langgraph", "openai", "httpx", "numpy") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"AGOT_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["63", "[]"], done.stderr


async def test_samples_have_their_own_text_and_what_they_cost() -> None:
    reply, _ = await call(n=3, temperature=1.0)
    assert len(reply.completions) == 3
    assert all(one.finish_reason == "stop" and one.logprobs is None for one in reply.completions)
    assert (reply.usage.calls, reply.model) == (1, "embedded/pico")
    assert reply.usage.prompt_tokens > 5 and reply.usage.completion_tokens > 10 and reply.usage.wall_s > 0


async def test_log_probabilities_come_with_alternatives_if_they_are_asked_for() -> None:
    (sample,) = (await call(logprobs=True, top_logprobs=3))[0].completions
    assert sample.logprobs is not None
    assert "".join(token.token for token in sample.logprobs).strip() == sample.text.strip()
    assert all(token.logprob <= 0.0 and len(token.top) == 3 for token in sample.logprobs)


async def test_a_streamed_reply_is_the_same_as_a_whole_one() -> None:
    whole, nothing = await call()
    streamed, text = await call(stream=True)
    assert nothing == "" and text == streamed.completions[0].text == whole.completions[0].text
    several, first = await call(n=2, stream=True)
    assert first == several.completions[0].text


async def test_what_it_cannot_do_is_told_as_of_any_model() -> None:
    with pytest.raises(ContextTooLong, match="Shorten the question"):
        await call("What is 1 + 1? " * 500)
    with pytest.raises(ModelUnknown, match="There is no embedded model 'nano'"):
        await call(model="embedded/nano")
    with pytest.raises(ModelError, match="does not accept the request"):
        await call(top_p=7.0)


LONG = {"n": 16, "temperature": 2.0, "max_tokens": 1000}


async def begun(waiting: asyncio.Task[tuple[ModelReply, str]]) -> None:
    """Wait until the model works at a call."""
    while not shared()._waiting and not waiting.done():
        await asyncio.sleep(0.005)


async def test_a_call_that_is_given_up_leaves_no_work_behind() -> None:
    waiting = asyncio.create_task(call("Compute 1+1", **LONG))
    await begun(waiting)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert shared()._waiting == {}
    assert (await call())[0].completions[0].text.endswith("5")


async def test_a_crash_is_told_as_no_answer_and_the_next_call_is_answered() -> None:
    await call()
    waiting = asyncio.create_task(call("Compute 1+1", **LONG))
    await begun(waiting)
    pid = shared().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ModelUnreachable, match="killed by signal 9"):
        await waiting
    assert (await call())[0].completions[0].text.endswith("5")
