"""From a request to the arguments of litellm's call, in the form that the server is known to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agot.models import ollama
from agot.models.library import LOGIN_HEADER
from agot.models.pool import Endpoint
from agot.protocols import ModelRequest
from agot.redaction import remember

Json = dict[str, Any]


def arguments_of(request: ModelRequest, endpoint: Endpoint, key: str | None) -> Json:
    """Return the arguments of `litellm.acompletion` for a request."""
    arguments: Json = {
        "model": endpoint.called,
        "messages": [{"role": one.role, "content": one.content} for one in request.messages],
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "num_retries": 0,
        "max_retries": 0,
        "caching": False,
        # A provider without seeds or top_p is better asked without them than not at all.
        "drop_params": True,
    }
    if request.top_p != 1.0:
        arguments["top_p"] = request.top_p
    if request.n > 1 and endpoint.native_n:
        arguments["n"] = request.n
    if request.stop:
        arguments["stop"] = list(request.stop)
    if request.seed is not None:
        arguments["seed"] = request.seed
    if request.logprobs and endpoint.gives_logprobs:
        arguments["logprobs"] = True
        if request.top_logprobs > 0:
            arguments["top_logprobs"] = min(request.top_logprobs, endpoint.most_alternatives)
    if request.response_format is not None:
        arguments["response_format"] = request.response_format
    arguments |= _place(endpoint)
    if key is not None:
        remember(key)
        arguments["api_key"] = key
    if endpoint.provider in ollama.PROVIDERS:
        arguments |= ollama.options_for(endpoint.extra_body, endpoint.settings.context_window)
    elif endpoint.extra_body:
        arguments["extra_body"] = endpoint.extra_body
    return shaped(arguments, endpoint)


def _place(endpoint: Endpoint) -> Json:
    """Return the arguments that say where a request goes, and who sends it if the address says so."""
    if endpoint.base_url is None:
        return {}
    if endpoint.login is None:
        return {"api_base": endpoint.base_url}
    ours = endpoint.provider == "hosted_vllm" or endpoint.provider in ollama.PROVIDERS
    header = LOGIN_HEADER if ours else "Authorization"
    return {"api_base": endpoint.base_url, "extra_headers": {header: endpoint.login}}


def shaped(arguments: Json, endpoint: Endpoint) -> Json:
    """Return the arguments of a call with what the server does not take left out or put in its own way."""
    left_out = endpoint.leaves_out
    sent = {name: value for name, value in arguments.items() if name not in left_out}
    if not endpoint.takes_seed:
        sent.pop("seed", None)
    if "logprobs" in left_out:
        sent.pop("top_logprobs", None)
    for name in ("max_tokens", "max_completion_tokens"):
        if endpoint.most_tokens is not None and sent.get(name) is not None:
            sent[name] = min(sent[name], endpoint.most_tokens)
    if endpoint.limit_name != "max_tokens" and "max_tokens" in sent:
        sent[endpoint.limit_name] = sent.pop("max_tokens")
    if not endpoint.takes_system:
        sent["messages"] = without_system(sent["messages"])
    if endpoint.alternates:
        sent["messages"] = alternating(sent["messages"])
    return sent


def translated_fields(fields: Json, endpoint: Endpoint) -> Json:
    """Return the fields of somebody else's request in the server's own way; none of them is left out."""
    name = endpoint.limit_name or "max_tokens"
    return shaped(fields, replace(endpoint, leaves_out=frozenset(), takes_seed=True, limit_name=name))


def streaming(endpoint: Endpoint) -> Json:
    """Return the arguments that ask for a stream."""
    if "stream_options" in endpoint.leaves_out:
        return {"stream": True}
    return {"stream": True, "stream_options": {"include_usage": True}}


def without_system(messages: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Return messages where the system's words begin the next turn of the user."""
    turns: list[Json] = []
    held: Any = None
    for message in messages:
        role = message.get("role")
        if role in ("system", "developer"):
            held = _joined(held, message.get("content"))
        elif role == "user" and held:
            turns.append({**message, "content": _joined(held, message.get("content"))})
            held = None
        else:
            turns.append(dict(message))
    return [*turns, {"role": "user", "content": held}] if held else turns


def alternating(messages: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Return messages with neighbours of one speaker put together."""
    turns: list[Json] = []
    for message in messages:
        plain = message.get("role") in ("user", "assistant") and not message.get("tool_calls")
        if plain and turns and turns[-1].get("role") == message["role"] and not turns[-1].get("tool_calls"):
            turns[-1]["content"] = _joined(turns[-1].get("content"), message.get("content"))
        else:
            turns.append(dict(message))
    return turns


def _joined(first: Any, second: Any) -> Any:
    """Return the contents of two turns as one: texts, or lists of parts."""
    if not first or not second:
        return first or second
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
