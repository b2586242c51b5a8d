"""Keys that a server repeats in its replies, blotted out before anybody sees or keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agot.protocols import Completion, ModelReply
from agot.redaction import RedactedStream, redacted


def redacted_reply(reply: ModelReply) -> ModelReply:
    """Return a reply without secrets; where one was, the log-probabilities, which spell it, go too."""
    kept = tuple(map(_completion, reply.completions))
    return reply if kept == reply.completions else reply.model_copy(update={"completions": kept})


def _completion(one: Completion) -> Completion:
    if one.choice is not None:
        one = one.model_copy(update={"choice": _choice(one.choice)})
    text, reasoning = redacted(one.text), redacted(one.reasoning)
    if (text, reasoning) == (one.text, one.reasoning):
        return one
    return one.model_copy(update={"text": text, "reasoning": reasoning, "logprobs": None})


def _choice(choice: dict[str, Any]) -> dict[str, Any]:
    message = without_secrets(choice["message"])
    return choice if message == choice["message"] else {"message": message}


def without_secrets(value: Any) -> Any:
    """Return a JSON value without secrets in any of its texts."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {redacted(str(name)): without_secrets(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_secrets(one) for one in value]
    return value


_STREAMED = ("content", "reasoning_content", "reasoning", "refusal")


class RedactedChunks:
    """Passes the pieces of a streamed message on, in OpenAI's words, without secrets that the pieces spell together.

    Args:
        pass_on: Is given each piece.
    """

    def __init__(self, pass_on: Callable[[dict[str, Any]], None]) -> None:
        self._pass_on = pass_on
        self._streams: dict[tuple[str, int], tuple[RedactedStream, list[str]]] = {}

    def __call__(self, delta: dict[str, Any]) -> None:
        """Take the next piece."""
        delta = dict(delta)
        for name in _STREAMED:
            if isinstance(delta.get(name), str):
                delta[name] = self._fed((name, 0), delta[name])
        if isinstance(delta.get("tool_calls"), list):
            delta["tool_calls"] = [
                self._call(call) if isinstance(call, dict) else call for call in delta["tool_calls"]
            ]
        self._pass_on(delta)

    def finish(self) -> None:
        """Pass on what is held."""
        for (name, index), (stream, out) in self._streams.items():
            stream.finish()
            if rest := "".join(out):
                call = {"index": index, "function": {"arguments": rest}}
                self._pass_on({"tool_calls": [call]} if name == "arguments" else {name: rest})
            out.clear()

    def _call(self, call: dict[str, Any]) -> dict[str, Any]:
        function = call.get("function")
        if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
            return call
        given = self._fed(("arguments", int(call.get("index") or 0)), function["arguments"])
        return {**call, "function": {**function, "arguments": given}}

    def _fed(self, key: tuple[str, int], piece: str) -> str:
        if key not in self._streams:
            out: list[str] = []
            self._streams[key] = RedactedStream(out.append), out
        stream, out = self._streams[key]
        stream(piece)
        given = "".join(out)
        out.clear()
        return given
