"""From litellm's replies, whole or streamed, to `ModelReply`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agot.errors import ContentRefused, OutputError
from agot.models.passing import choice_of, reason_of
from agot.models.pool import Endpoint
from agot.models.prices import Terms
from agot.models.thinking import ThinkingStream, answering
from agot.protocols import Completion, ModelReply, ModelRequest, OnText, TokenLogprob
from agot.reading.plain import PlainStream
from agot.thought import Usage

CHARS_PER_TOKEN = 3
"""English text has about 4 characters per token, code and most other languages fewer."""


def tokens_in(text: str) -> int:
    """Return an estimate of the tokens of a text, rather too high than too low.

    Characters outside ASCII count as a token each: for Chinese or Japanese that is about right.
    """
    if text.isascii():
        return len(text) // CHARS_PER_TOKEN + 1
    wide = sum(1 for character in text if ord(character) > 127)
    return (len(text) - wide) // CHARS_PER_TOKEN + wide + 1


def prompt_tokens_of(request: ModelRequest) -> int:
    """Return an estimate of the prompt's tokens, with the chat template's own tokens."""
    if request.verbatim is not None:
        return 3 + sum(tokens_in(text) + 5 for text in texts_of(request.verbatim))
    return 3 + sum(tokens_in(message.content) + 5 for message in request.messages)


def texts_of(body: Mapping[str, Any]) -> list[str]:
    """Return the texts that a request in OpenAI's words puts into the prompt: turns with their calls, tools and forms."""
    texts = []
    for message in body.get("messages") or ():
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"text": content}]
        # Images and sounds are left out: their bytes say nothing of their tokens.
        said = [
            str(part.get("text") or part.get("refusal") or "") for part in parts if isinstance(part, dict)
        ]
        texts.append("\n".join([*said, *(json.dumps(call) for call in message.get("tool_calls") or ())]))
    forms = [body[name] for name in ("tools", "response_format") if body.get(name)]
    return [*texts, *map(json.dumps, forms)]


def from_response(
    response: Any, request: ModelRequest, endpoint: Endpoint, terms: Terms, latency_ms: float
) -> ModelReply:
    """Return the reply of a call that was not streamed.

    Raises:
        OutputError: If it holds no sample.
        ContentRefused: If every sample was refused.
    """
    choices = sorted(_get(response, "choices") or (), key=_index)
    completions = [_completion(choice, request) for choice in choices]
    cost = (_get(response, "_hidden_params") or {}).get("response_cost")
    return _reply(completions, _get(response, "usage"), request, endpoint, terms, latency_ms, cost)


def _reply(
    completions: list[tuple[Completion, str]],
    usage: Any,
    request: ModelRequest,
    endpoint: Endpoint,
    terms: Terms,
    latency_ms: float,
    cost: object = None,
) -> ModelReply:
    if not completions:
        raise OutputError(
            f"{endpoint.place} sent a reply without any sample; expected at least one choice. "
            "Try again, or look into the server's log.",
            model=endpoint.model,
            status=200,
        )
    refusals = [why for _, why in completions if why]
    if len(refusals) == len(completions):
        raise ContentRefused(
            f"{endpoint.place} refused to answer: {refusals[0]}. Rephrase the question or set another model.",
            model=endpoint.model,
            status=200,
        )
    kept = tuple(completion for completion, why in completions if not why)
    prompt = count_of(usage, "prompt_tokens") or prompt_tokens_of(request)
    answer = count_of(usage, "completion_tokens") or sum(
        tokens_in(text) for one in kept for text in (one.text, one.reasoning) if text
    )
    if not isinstance(cost, (int, float)) or cost <= 0:
        cost = prompt * terms.usd_per_prompt_token + answer * terms.usd_per_output_token
    return ModelReply(
        completions=kept,
        usage=Usage(
            calls=1,
            prompt_tokens=prompt,
            completion_tokens=answer,
            cost_usd=float(cost),
            wall_s=latency_ms / 1000.0,
        ),
        model=endpoint.model,
        latency_ms=latency_ms,
    )


def _completion(choice: Any, request: ModelRequest) -> tuple[Completion, str]:
    """Return a sample, and why it was refused ("" if it was not).

    Some servers send log-probabilities that nobody asked for; they are not kept.
    """
    message = _get(choice, "message")
    text = _get(message, "content") or ""
    reason = str(_get(choice, "finish_reason") or "stop")
    refusal = _get(message, "refusal") or (_get(message, "provider_specific_fields") or {}).get("refusal")
    why = (
        "content filter"
        if reason == "content_filter"
        else str(refusal).rstrip(".")
        if refusal and not text
        else ""
    )
    told = _get(choice, "logprobs") if request.logprobs else None
    content = _get(told, "content") if told is not None else None
    logprobs = _tokens(content) if content else None
    if request.verbatim is not None:
        # Whoever asked word for word gets the reply so: reasoning stays where the model wrote it.
        said = choice_of(choice)
        return Completion(text=text, finish_reason=reason_of(choice), logprobs=logprobs, choice=said), why
    return answering(Completion(text=text, finish_reason=reason, logprobs=logprobs), _thought(message)), why


def _thought(message: Any) -> str:
    """Return the reasoning that a message or its piece holds apart from its content, "" for none."""
    for name in ("reasoning_content", "reasoning"):
        thought = _get(message, name)
        if isinstance(thought, str) and thought:
            return thought
    return ""


def _tokens(content: list[Any]) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(
            token=_get(item, "token") or "",
            logprob=_finite(_get(item, "logprob")),
            top=tuple(
                (_get(one, "token") or "", _finite(_get(one, "logprob")))
                for one in _get(item, "top_logprobs") or ()
            ),
        )
        for item in content
    )


def _finite(value: object) -> float:
    """Return a log-probability that JSON can hold: servers write null, -inf or -9999 for "impossible"."""
    number = float(value) if isinstance(value, (int, float)) else -9999.0
    return number if math.isfinite(number) else -9999.0


@dataclass(slots=True)
class StreamedReply:
    """Puts the pieces of a stream with one sample together.

    Args:
        on_text: Told the answer as it arrives, without reasoning.
    """

    on_text: OnText
    stream: ThinkingStream
    parts: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    finish_reason: str = ""
    usage: Any = None
    chunks: int = 0
    _told: PlainStream = field(init=False)

    def __post_init__(self) -> None:
        self._told = PlainStream(self.on_text)

    def add(self, chunk: Any) -> None:
        """Take the next piece."""
        self.chunks += 1
        usage = _get(chunk, "usage")
        if usage is not None:
            self.usage = usage
        for choice in _get(chunk, "choices") or ():
            if _index(choice) != 0:
                continue
            reason = _get(choice, "finish_reason")
            if reason:
                self.finish_reason = str(reason)
            logprobs = _get(choice, "logprobs")
            if logprobs is not None:
                self.logprobs.extend(_tokens(_get(logprobs, "content") or []))
            delta = _get(choice, "delta")
            self.thought.append(_thought(delta))
            text = _get(delta, "content")
            if text:
                self.parts.append(text)
                self._told(self.stream.feed(text))

    def reply(
        self, request: ModelRequest, endpoint: Endpoint, terms: Terms, latency_ms: float, *, finished: bool
    ) -> ModelReply:
        """Return the whole.

        Args:
            finished: The server said why it stopped; otherwise the stream broke off, or was no stream.

        Raises:
            OutputError: If the stream held no piece, or ended without saying why.
            ContentRefused: If the content was refused.
        """
        if not self.chunks or not finished:
            raise OutputError(
                f"{endpoint.place} sent a stream that ended without a reason; expected one after the last "
                "piece. Check that base_url is the API (it often ends in /v1), and look into the "
                "server's log.",
                model=endpoint.model,
                status=200,
            )
        self._told(self.stream.finish())
        self._told.finish()
        reason = self.finish_reason or "stop"
        completion = Completion(
            text="".join(self.parts), finish_reason=reason, logprobs=tuple(self.logprobs) or None
        )
        why = "content filter" if reason == "content_filter" else ""
        completion = answering(completion, "".join(self.thought))
        return _reply([(completion, why)], self.usage, request, endpoint, terms, latency_ms)


def _get(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)


def _index(choice: Any) -> int:
    value = _get(choice, "index")
    return value if isinstance(value, int) else 0


def count_of(usage: Any, name: str) -> int:
    """Return a positive count of OpenAI's usage, 0 if there is none."""
    value = _get(usage, name) if usage is not None else None
    return value if isinstance(value, int) and value > 0 else 0
