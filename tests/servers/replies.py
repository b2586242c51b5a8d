"""What the loopback server answers: scripted replies, and their bodies in OpenAI's chat format."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Fault = Literal[
    "hang",  # never answers
    "hang_mid_stream",  # answers half of the body or of the chunks, then nothing
    "drop",  # closes the connection without an answer
    "drop_mid_stream",  # closes it after half of the body or of the chunks
    "half_json",  # a complete HTTP reply whose JSON stops in the middle
    "html",  # a web page with status 200
    "empty_choices",  # valid JSON, no samples
    "no_usage",  # leaves the usage out
    "no_finish",  # ends a stream in good order, but without a reason for the end
]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers to one request.

    Attributes:
        texts: One text, or one per sample; the last is repeated if more samples are asked for.
        delay_s: Seconds before the first byte.
        chunk_delay_s: Seconds before each chunk of a stream.
        status: HTTP status; `error` is the body if it is not 200.
        error: The OpenAI `error` object.
        logprobs: (token, logprob) pairs, given for each sample if the request asks for them.
        chunks: Pieces of a stream; by default the first text cut into words.
        finish_reason: Of each sample.
        prompt_tokens: Reported usage; counted in words by default, as are the completion tokens.
        message: Further fields of each message, such as `tool_calls`; a stream's first piece has them.
        fault: What goes wrong.
    """

    texts: str | Sequence[str] = "ok"
    delay_s: float = 0.0
    chunk_delay_s: float = 0.0
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    logprobs: Sequence[tuple[str, float]] | None = None
    chunks: Sequence[str] | None = None
    finish_reason: str = "stop"
    prompt_tokens: int | None = None
    message: Mapping[str, Any] = field(default_factory=dict)
    fault: Fault | None = None


Script = Callable[[dict[str, Any]], Reply | Awaitable[Reply]]


def failure(
    status: int, message: str, *, kind: str = "invalid_request_error", code: str | None = None, **headers: str
) -> Reply:
    """Return an OpenAI-style error; header names are given with underscores (`retry_after="2"`)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status=status, headers=named, error={"message": message, "type": kind, "param": None, "code": code}
    )


def context_too_long() -> Reply:
    """Return the 400 of a prompt that does not fit, in the words of OpenAI and vLLM."""
    return failure(
        400,
        "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens.",
        code="context_length_exceeded",
    )


def rejecting_response_format(answer: Reply, kinds: Sequence[str] = ("json_schema", "json_object")) -> Script:
    """Return a script that answers, unless asked for a response format of one of `kinds`: then 400."""

    def reply(request: dict[str, Any]) -> Reply:
        asked = (request.get("response_format") or {}).get("type")
        if asked in kinds:
            return failure(400, f"response_format type {asked!r} is not supported by this server")
        return answer

    return reply


def _texts(request: Mapping[str, Any], reply: Reply) -> list[str]:
    texts = [reply.texts] if isinstance(reply.texts, str) else list(reply.texts)
    wanted = int(request.get("n") or 1)
    if isinstance(reply.texts, str):
        return texts * wanted
    return texts[:wanted]


def _logprobs(request: Mapping[str, Any], reply: Reply) -> dict[str, Any] | None:
    if not request.get("logprobs") or reply.logprobs is None:
        return None
    top = int(request.get("top_logprobs") or 0)
    best = [{"token": t, "logprob": p, "bytes": None} for t, p in reply.logprobs][:top]
    return {
        "content": [
            {"token": t, "logprob": p, "bytes": None, "top_logprobs": best} for t, p in reply.logprobs
        ]
    }


def _usage(request: Mapping[str, Any], reply: Reply, texts: Sequence[str]) -> dict[str, int]:
    prompt = reply.prompt_tokens
    if prompt is None:
        prompt = sum(len(str(message.get("content", "")).split()) for message in request.get("messages", []))
    answer = sum(len(text.split()) for text in texts)
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def chat_completion(request: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    """Return the body of a reply that is not streamed."""
    texts = [] if reply.fault == "empty_choices" else _texts(request, reply)
    choices = [
        {
            "index": i,
            "message": {"role": "assistant", "content": text, **reply.message},
            "finish_reason": reply.finish_reason,
            "logprobs": _logprobs(request, reply),
        }
        for i, text in enumerate(texts)
    ]
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": request.get("model", ""),
        "choices": choices,
    }
    if reply.fault != "no_usage":
        body["usage"] = _usage(request, reply, texts)
    return body


def events(request: Mapping[str, Any], reply: Reply) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream: the samples one after the other, then the usage if it was asked for."""
    texts = _texts(request, reply)
    head = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": request.get("model", ""),
    }
    pieces = [_words(text) for text in texts]
    if reply.chunks is not None:
        pieces[0] = list(reply.chunks)
    for index in range(len(pieces) if reply.fault != "empty_choices" else 0):
        for number, piece in enumerate(pieces[index]):
            delta = {"content": piece} if number else {"role": "assistant", "content": piece, **reply.message}
            logprobs = _logprobs(request, reply) if number == 0 else None
            choice = {"index": index, "delta": delta, "finish_reason": None, "logprobs": logprobs}
            yield {**head, "choices": [choice]}
        if reply.fault != "no_finish":
            choice = {"index": index, "delta": {}, "finish_reason": reply.finish_reason}
            yield {**head, "choices": [choice]}
    if (request.get("stream_options") or {}).get("include_usage") and reply.fault != "no_usage":
        yield {**head, "choices": [], "usage": _usage(request, reply, ["".join(words) for words in pieces])}


def _words(text: str) -> list[str]:
    return [word if i == 0 else " " + word for i, word in enumerate(text.split(" "))]
