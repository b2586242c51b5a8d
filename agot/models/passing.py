"""Requests that are passed on in OpenAI's own words: nothing added, nothing lost, and tool calls that can be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agot.models import ollama
from agot.models.pool import Endpoint

_OF_THE_CALL = frozenset(
    {
        "model",
        "messages",
        "timeout",
        "num_retries",
        "max_retries",
        "caching",
        "api_base",
        "api_key",
        "client",
        "extra_headers",
    }
)
"""What `litellm.acompletion` is told about a call, and not about what is asked of the model."""

_OPENAI = frozenset({"openai", "azure", "custom_openai", "hosted_vllm"})
"""Providers whose requests litellm sends as they are in `extra_body`; those of others it has to translate."""


def passed_on(
    arguments: Mapping[str, Any],
    endpoint: Endpoint,
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the arguments of `litellm.acompletion` for a request that goes to the model as a client made it.

    Args:
        arguments: Those of a call of our own to the same endpoint; what they ask of the model is left out.
        fields: All that are sent, OpenAI's and the server's own.
    """
    passed = {name: value for name, value in arguments.items() if name in _OF_THE_CALL}
    if endpoint.provider in _OPENAI:
        # litellm drops and renames what it does not know of a provider, but not here.
        return passed | {"extra_body": {**endpoint.extra_body, **fields}}
    own = {"extra_body": endpoint.extra_body} if endpoint.extra_body else {}
    if endpoint.provider in ollama.PROVIDERS:
        own = ollama.options_for(endpoint.extra_body, endpoint.settings.context_window)
    # A field that the provider has no word for is refused by name, and not silently lost.
    return passed | own | dict(fields) | {"drop_params": False}


def reason_of(choice: Any) -> str:
    """Return why a choice ended; some servers say "stop" where they call tools."""
    reason = str(choice.finish_reason or "stop")
    return "tool_calls" if reason == "stop" and choice.message.tool_calls else reason


def choice_of(choice: Any) -> dict[str, Any]:
    """Return the message of a choice, and its log-probabilities if there are any, as OpenAI writes them."""
    told = logprobs_of(choice)
    return {"message": choice.message.model_dump(exclude_none=True)} | ({"logprobs": told} if told else {})


def bounded(body: Mapping[str, Any], granted: int, *, limited: bool) -> dict[str, Any]:
    """Return a request in OpenAI's words with the room that limits grant it.

    Args:
        granted: Tokens, of which the request may name fewer.
        limited: A limit bounds the room; otherwise a request that names none gets none.
    """
    name = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    named = body.get(name)
    if named is None and not limited:
        return dict(body)
    return {**body, name: granted if named is None else min(granted, named)}


def logprobs_of(choice: Any) -> dict[str, Any] | None:
    """Return a choice's log-probabilities as OpenAI writes them, None for none."""
    found: Any = getattr(choice, "logprobs", None)
    told: Any = found.model_dump() if hasattr(found, "model_dump") else found
    return told if isinstance(told, dict) else None


class CallNumbers:
    """Numbers the tool calls of a stream: some servers give all of them the same index, but ids of their own."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._latest: dict[int, int] = {}

    def mend(self, delta: Any) -> None:
        """Put right the indexes of a piece."""
        for call in getattr(delta, "tool_calls", None) or ():
            given = call.index or 0
            if call.id and call.id not in self._number:
                taken = set(self._number.values())
                number = given if given not in taken else max(taken) + 1
                self._number[call.id] = self._latest[given] = number
            elif call.id:
                self._latest[given] = self._number[call.id]
            call.index = self._latest.setdefault(given, given)
