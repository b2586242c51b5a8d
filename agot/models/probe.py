"""Trying a model out: how fast it is and what really works, judged by what it answers.

A status code proves nothing: some servers accept `logprobs`, `n` or `response_format` and ignore them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agot.errors import ModelError
from agot.models.structured import schema_format
from agot.protocols import Message, ModelReply, ModelRequest, Models


@dataclass(frozen=True, slots=True)
class Probe:
    """What a probe found.

    Attributes:
        first_text_ms: Until the first piece of text.
        latency_ms: Until the whole answer.
        tokens_per_s: Completion tokens by the seconds after the first piece.
        logprobs: Log-probabilities came.
        n: As many samples came as were asked for.
        json_schema: The answer kept to a schema that the prompt does not mention.
        text: The beginning of the answer.
    """

    model: str
    first_text_ms: float
    latency_ms: float
    tokens_per_s: float
    logprobs: bool
    n: bool
    json_schema: bool
    text: str


class _Card(BaseModel):
    """Nobody answers a request for a greeting like this unless a grammar makes him."""

    model_config = ConfigDict(extra="forbid")

    colour: Literal["vermilion", "turquoise"]
    weight_kg: int


async def probe(
    models: Models, role: str, *, timeout_s: float = 60.0, clock: Callable[[], float] = time.perf_counter
) -> Probe:
    """Try the role's model: one streamed call for speed, and one for each feature.

    Raises:
        SetupError: If the role is not configured.
        ModelError: If the model does not answer at all.
    """
    first: list[float] = []
    started = clock()
    plain = _request(role, "Count from one to thirty in words.", max_tokens=96)
    reply = await models.complete(
        plain, timeout_s=timeout_s, on_text=lambda _text: first.append(clock()) if not first else None
    )
    ended = clock()
    first_s = (first[0] if first else ended) - started
    streaming_s = max(
        1e-6, (ended - started - first_s) if first_s < 0.9 * (ended - started) else ended - started
    )
    greeting = _request(role, "Say hello.", max_tokens=64)
    logprobs = await _try(
        models, greeting.model_copy(update={"logprobs": True, "top_logprobs": 2, "max_tokens": 4}), timeout_s
    )
    several = await _try(
        models, greeting.model_copy(update={"n": 2, "temperature": 1.0, "max_tokens": 4}), timeout_s
    )
    card = await _try(
        models, greeting.model_copy(update={"response_format": schema_format(_Card)}), timeout_s
    )
    return Probe(
        model=reply.model,
        first_text_ms=first_s * 1000.0,
        latency_ms=(ended - started) * 1000.0,
        tokens_per_s=reply.usage.completion_tokens / streaming_s,
        logprobs=logprobs is not None and bool(logprobs.completions[0].logprobs),
        n=several is not None and len(several.completions) == 2,
        json_schema=card is not None and _is_card(card.completions[0].text),
        text=reply.completions[0].text[:80],
    )


def _request(role: str, question: str, max_tokens: int) -> ModelRequest:
    return ModelRequest(
        role=role, purpose="probe", messages=(Message(role="user", content=question),), max_tokens=max_tokens
    )


async def _try(models: Models, request: ModelRequest, timeout_s: float) -> ModelReply | None:
    try:
        return await models.complete(request, timeout_s=timeout_s, on_text=None)
    except ModelError:
        # Refusing the feature is one of the two answers that are looked for.
        return None


def _is_card(text: str) -> bool:
    try:
        _Card.model_validate_json(text)
    except ValidationError:
        return False
    return True
