"""SmolLM2 on a real llama.cpp server: the six requests of a first evening, and what a doctor says of it.

What it answers is not judged: it is the smallest of instruct models. That it answers is.
"""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Iterator

import pytest

from agot.cli import compose
from agot.models.doctor import Patient, connect, examine
from agot.models.examinations import EXAMINATIONS
from agot.models.gateway import Gateway
from agot.models.serving import Launch, Serving, launch
from agot.protocols import Message, ModelRequest
from agot.reasoner import Reasoner
from agot.settings import RoleSettings, Settings
from tests.real_models import FILE

pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif(not FILE.exists(), reason="no real model: make real-models"),
    pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed"),
]

SLOTS = 2
PARAGRAPH = (
    "The lighthouse at Cordouan was finished in 1611. It stands on a rock in the mouth of the Gironde, seven kilometres "
    "from the shore, and can be reached on foot at low tide. Four keepers lived there in turns until 2012."
)
SIX = (
    "What is the capital of France?",
    "In which country was the author of Frankenstein born?",
    "Write a Python function that returns the n-th Fibonacci number.",
    "Ana has 14 apples, buys 9 more and gives 5 away. How many apples does she have?",
    f"Summarise in one sentence: {PARAGRAPH}",
    "Plan three days in Rome.",
)


@pytest.fixture(scope="module")
def served() -> Iterator[Launch]:
    """A llama.cpp with two slots, as `agot models serve` starts it."""
    planned = launch(str(FILE), available=("xllamacpp",), slots=SLOTS, context=2048, name="smol")
    with Serving(planned) as serving:
        serving.wait_until_healthy(120)
        yield planned


def settings_of(served: Launch) -> Settings:
    role = RoleSettings(model="hosted_vllm/smol", base_url=served.base_url, timeout_s=300, max_tokens=256)
    return Settings(roles={"fast": role})


@pytest.fixture
async def models(served: Launch) -> AsyncIterator[Gateway]:
    gateway = Gateway(settings_of(served))
    yield gateway
    await gateway.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    SIX,
    ids=["capital", "two hops", "code", "word problem", "summary", "plan"],
)
async def test_each_of_the_six_requests_is_answered(served: Launch, question: str) -> None:
    async with Reasoner(settings_of(served)) as reasoner:
        result = await reasoner.ask(question)
    assert (result.status, result.error) == ("answered", "")
    assert result.answer.strip()


async def test_more_samples_than_slots_are_drawn_in_parts(models: Gateway) -> None:
    request = ModelRequest(
        purpose="solve", messages=(Message(role="user", content="Name an animal."),), n=5, max_tokens=6,
        temperature=1.0, seed=1,
    )  # fmt: skip
    reply = await models.complete(request, timeout_s=120, on_text=None)
    assert len(reply.completions) == 5 and models.endpoint("fast").largest_n == SLOTS


@pytest.mark.slow
async def test_a_doctor_tells_the_truth_about_it(models: Gateway) -> None:
    patient = Patient(models, "fast")
    found = [await connect(patient.endpoint, {})]
    found += [finding async for finding in examine(patient, EXAMINATIONS, limit_s=300)]
    facts = {name: value for finding in found for name, value in finding.facts.items()}
    assert facts["n_most"] == SLOTS and facts["context_window"] == 2048
    assert (facts["logprobs"], facts["top_logprobs"]) == (True, 20)
    assert facts["json_schema"] and facts["json_object"] and facts["stop"] and facts["system"]
    assert facts["tools"] is False, "it was never seen to call one"
    assert (facts["embeddings"], facts["thinks"]) == (0, "")
    assert facts["tokens_per_s"] > 0 and facts.get("seed") is not False


async def test_a_key_that_nobody_asks_for_does_no_harm(served: Launch) -> None:
    (found,) = await compose.scan_servers([served.base_url], "secret")
    assert (found.kind, [one.name for one in found.models]) == ("llama.cpp", ["smol"])
