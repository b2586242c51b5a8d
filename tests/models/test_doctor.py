"""What a doctor finds of servers with the quirks of well-known ones: told by what comes, not by what is claimed."""

from __future__ import annotations

from typing import Any

import pytest

from agot.errors import ModelUnreachable
from agot.models.doctor import Finding, Patient, connect, examine
from agot.models.examinations import EXAMINATIONS
from agot.models.gateway import Gateway
from agot.settings import RoleSettings, Settings
from tests.servers import quirks
from tests.servers.loopback import Loopback, Reply, failure


def gateway(server: Loopback) -> Gateway:
    return Gateway(Settings(roles={"fast": RoleSettings(model="hosted_vllm/m", base_url=server.base_url)}))


async def examined(server: Loopback, limit_s: float = 20.0) -> dict[str, Finding]:
    models = gateway(server)
    patient = Patient(models, "fast")
    found = [await connect(patient.endpoint, {})]
    found += [finding async for finding in examine(patient, EXAMINATIONS, limit_s=limit_s)]
    await models.close()
    return {finding.name: finding for finding in found}


EVERYTHING = {
    "n_most": 32, "logprobs": True, "top_logprobs": 20, "seed": True, "stop": True, "system": True, "json_schema": True,
    "json_object": True, "tools": True, "prefill": "as is", "embeddings": 0, "thinks": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("server", "differs"),
    [
        (quirks.VLLM, {"tools": False, "prefill": "continue_final_message", "thinks": "reasoning_content", "context_window": 32768}),
        (quirks.SGLANG, {"prefill": "continue_final_message", "embeddings": 3, "thinks": "reasoning_content", "context_window": 8192}),
        (quirks.LLAMACPP, {"n_most": 4, "context_window": 4096}),
        (quirks.GEMMA_ON_LLAMACPP, {"n_most": 1, "system": False, "tools": False, "context_window": 2048}),
        (quirks.OLLAMA, {"n_most": 1, "logprobs": False, "embeddings": 3}),
        (quirks.LMSTUDIO, {"n_most": 1, "logprobs": False, "seed": False, "json_object": False, "prefill": "", "embeddings": 3}),
        (quirks.CARELESS, {
            "n_most": 1, "logprobs": False, "seed": False, "stop": False, "system": False, "json_schema": False,
            "json_object": False, "tools": False, "prefill": "",
        }),
        (quirks.Quirks(n=6, top=5), {"n_most": 6, "top_logprobs": 5}),
    ],
    ids=["vLLM", "SGLang", "llama.cpp", "Gemma on llama.cpp", "Ollama", "LM Studio", "careless", "six slots"],
)  # fmt: skip
async def test_what_each_server_does_is_found(server: quirks.Quirks, differs: dict[str, Any]) -> None:
    async with quirks.imitating(server) as running:
        found = await examined(running)
    facts = {name: value for finding in found.values() for name, value in finding.facts.items()}
    assert facts.pop("tokens_per_s") > 0 and facts.pop("first_token_ms") > 0
    wanted = EVERYTHING | differs
    if not wanted["logprobs"]:
        wanted.pop("top_logprobs")
    assert facts == wanted


async def test_a_finding_says_how_it_showed() -> None:
    async with quirks.imitating(quirks.LLAMACPP) as running:
        found = await examined(running)
    assert "5: refused (HTTP 400)" in found["n"].words and found["n"].state == "partly"
    async with quirks.imitating(quirks.CARELESS) as running:
        found = await examined(running)
    assert "the same without it" in found["system turn"].words
    assert found["n"].words == "1 sample came for 2"
    assert found["stop"].words == "ignored: the text goes on past it"


async def test_samples_that_are_copies_do_not_count() -> None:
    asked = iter(range(10_000))
    async with Loopback(lambda request: Reply([f"7 {next(asked)}"] * request.get("n", 1))) as running:
        found = await examined(running)
    assert found["n"].facts == {"n_most": 1} and "the same text" in found["n"].words


async def test_of_a_model_that_always_says_the_same_nothing_is_told_that_was_not_shown() -> None:
    async with Loopback(lambda request: Reply(["7 7 7"] * request.get("n", 1))) as running:
        found = await examined(running)
    assert [(found[name].state, found[name].facts) for name in ("n", "seed")] == [("unknown", {})] * 2


async def test_log_probabilities_must_be_some() -> None:
    def reply(request: dict[str, Any]) -> Reply:
        return Reply("a b", logprobs=[("a", 0.0), ("b", 0.0)])

    async with Loopback(reply) as running:
        found = await examined(running)
    assert found["log-probabilities"].facts == {"logprobs": False}


async def test_a_server_that_hangs_at_one_thing_is_left_there_and_the_rest_is_found() -> None:
    def reply(request: dict[str, Any]) -> Reply:
        return Reply(fault="hang") if "stop" in request else Reply("one two three four five")

    async with Loopback(reply) as running:
        found = await examined(running, limit_s=1.0)
    assert (found["stop"].state, found["stop"].facts) == ("unknown", {})
    assert found["tools"].facts == {"tools": False}


async def test_a_server_that_fails_is_no_server_that_refuses() -> None:
    def reply(request: dict[str, Any]) -> Reply:
        return failure(500, "out of memory") if "tools" in request else Reply("one two three four five")

    async with Loopback(reply) as running:
        found = await examined(running)
    assert (found["tools"].state, found["tools"].facts) == ("unknown", {})
    assert "out of memory" in found["tools"].words


async def test_a_model_that_is_not_there_is_said_and_nobody_there_is_an_error() -> None:
    async with Loopback(models=("other",)) as running:
        endpoint = gateway(running).endpoint("fast")
        found = await connect(endpoint, {})
    assert found.state == "partly" and "lists other" in found.words
    with pytest.raises(ModelUnreachable, match="Nobody answers at"):
        await connect(endpoint, {})
