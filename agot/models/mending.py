"""What servers of OpenAI's protocol really send, made into what the protocol says, before litellm reads it.

Servers differ: an error under HTTP status 200, `choices` or `delta` that are null, content as a list of parts, reasoning under
three names, reasons for the end in words of their own, arguments of a tool as an object. These are plain functions of JSON
values. A reply as the protocol wants it is only looked at, which takes microseconds. Nothing is made up that a server did
not say: what cannot be understood is a fault that carries the server's own words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from agot.models.complaints import Json, Unreadable, raise_broken, raise_error

REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
"""OpenAI's words for why an answer ended."""

_OTHER_REASONS = {
    "eos": "stop", "eos_token": "stop", "stop_sequence": "stop", "end_turn": "stop", "complete": "stop", "completed": "stop",
    "finished": "stop", "finish": "stop", "done": "stop", "end": "stop", "normal": "stop", "stop_token": "stop",
    "max_tokens": "length", "max_token": "length", "max_length": "length", "max_new_tokens": "length", "length_limit": "length",
    "model_length": "length", "context_length": "length", "model_context_window_exceeded": "length", "truncated": "length",
    "incomplete": "length", "max_output_tokens": "length", "limit": "length", "repetition": "length",
    "tool_call": "tool_calls", "tool_use": "tool_calls", "tooluse": "tool_calls", "function": "tool_calls",
    "safety": "content_filter", "recitation": "content_filter", "blocklist": "content_filter", "sensitive": "content_filter",
    "prohibited_content": "content_filter", "refusal": "content_filter", "guardrail_intervened": "content_filter",
}  # fmt: skip
BROKEN_REASONS = (
    "error",
    "abort",
    "aborted",
    "cancelled",
    "canceled",
    "network_error",
    "insufficient_system_resource",
)
"""Words under which a server gave up: what came is no answer."""

_REASONING = ("reasoning_content", "reasoning", "thinking")
_WRAPPINGS = ("data", "result", "response", "body", "output")
"""Fields in which gateways put a reply that they pass on."""


# -- whole replies ---------------------------------------------------------------------------------


def mend_whole(body: object, headers: Mapping[str, str]) -> Json:
    """Return a reply in the protocol's form; the same object if it has that form.

    Args:
        headers: Of the HTTP reply, for the fault.

    Raises:
        ServerFault: If it is an error, whatever its status was.
        Unreadable: If it is no reply at all.
    """
    if _is_regular(body):
        return body  # type: ignore[return-value]
    body = _unwrapped(body)
    choices = body.get("choices")
    usable = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    if isinstance(choices, dict):
        usable = [choices]
    mended = [_choice(choice, place) for place, choice in enumerate(usable)]
    kept = [choice for choice in mended if choice["finish_reason"] not in BROKEN_REASONS]
    if not any(_says_something(choice["message"]) for choice in kept):
        raise_error(body, headers)
    if usable and not kept:
        raise_broken(usable[0], headers)
    if not isinstance(choices, (list, dict)):
        raise Unreadable(f"no choices in {json.dumps(body)[:300]}")
    mended_body = {**body, "choices": kept, "usage": mend_usage(body.get("usage"))}
    for name, kind in (("id", str), ("created", int), ("model", str), ("object", str)):
        if not isinstance(body.get(name), kind):
            mended_body.pop(name, None)
    return mended_body


def _is_regular(body: object) -> bool:
    if type(body) is not dict or body.get("error"):
        return False
    choices, usage = body.get("choices"), body.get("usage")
    if type(choices) is not list or not choices or type(body.get("created")) is not int:
        return False
    if usage is not None and not _is_usage(usage):
        return False
    for choice in choices:
        if type(choice) is not dict or type(choice.get("index")) is not int:
            return False
        message, reason, logprobs = choice.get("message"), choice.get("finish_reason"), choice.get("logprobs")
        if type(message) is not dict or type(reason) is not str or reason not in REASONS:
            return False
        if (
            type(message.get("content")) is not str
            or message.get("tool_calls")
            or message.get("function_call")
        ):
            return False
        if logprobs is not None and (type(logprobs) is not dict or type(logprobs.get("content")) is not list):
            return False
        thought = message.get("reasoning_content")
        if (
            (thought is not None and type(thought) is not str)
            or "thinking" in message
            or message.get("reasoning")
        ):
            return False
    return len({choice["index"] for choice in choices}) == len(choices)


def _unwrapped(body: object) -> Json:
    """Return the object of a reply that may be written as JSON in JSON, as a list of one, or within another object."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            raise Unreadable(f"the text {str(body)[:300]!r}") from None
    if isinstance(body, list):
        objects = [one for one in body if isinstance(one, dict)]
        body = objects[0] if objects else body
    if not isinstance(body, dict):
        raise Unreadable(f"{json.dumps(body)[:300]}")
    if "choices" not in body:
        for name in _WRAPPINGS:
            inner = body.get(name)
            if isinstance(inner, dict) and isinstance(inner.get("choices"), list):
                return inner
    return body


def _choice(choice: Json, place: int) -> Json:
    message = next(
        (choice[name] for name in ("message", "delta") if isinstance(choice.get(name), dict)), None
    )
    message = dict(message) if message is not None else {"content": choice.get("text")}
    mend_text(message)
    calls = message.get("tool_calls")
    calls = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    legacy = message.pop("function_call", None)
    if not calls and isinstance(legacy, dict):
        calls = [{"function": legacy}]
    message.pop("tool_calls", None)
    if calls:
        ids: set[str] = set()
        message["tool_calls"] = [_call(call, number, ids) for number, call in enumerate(calls)]
    return {
        **choice,
        "index": place,
        "message": {**message, "role": "assistant", "content": message.get("content")},
        "finish_reason": reason_of(choice.get("finish_reason"), bool(calls))
        or ("tool_calls" if calls else "stop"),
        "logprobs": mended_logprobs(choice.get("logprobs")),
    }


def _says_something(message: Json) -> bool:
    return any(message.get(name) for name in ("content", "tool_calls", "refusal", "reasoning_content"))


def _call(call: Json, number: int, ids: set[str]) -> Json:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    name = str(call.get("id") or f"call_{number}")
    if name in ids:
        name = f"{name}_{number}"
    ids.add(name)
    arguments = arguments_text(function.get("arguments")) or "{}"
    return {
        **{key: value for key, value in call.items() if key != "index"},
        "id": name,
        "type": call.get("type") or "function",
        "function": {**function, "name": function.get("name") or "", "arguments": arguments},
    }


# -- parts of replies ------------------------------------------------------------------------------


def arguments_text(value: object) -> str:
    """Return a tool's arguments as JSON text, "" for none."""
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def reason_of(reason: object, calls: bool) -> str:
    """Return OpenAI's word for why an answer ended, "" if the server gives none.

    Args:
        calls: The answer calls tools.
    """
    if isinstance(reason, dict):
        reason = reason.get("type") or reason.get("reason")
    if not reason:
        return ""
    word = str(reason).strip().lower()
    word = _OTHER_REASONS.get(word, word)
    return "tool_calls" if calls and word in ("stop", "function_call") else word


def mend_text(message: Json) -> None:
    """Make content one text, and reasoning one field `reasoning_content`, in place."""
    text, thought = parts_of(message.get("content"))
    for name in _REASONING:
        said, more = parts_of(message.pop(name, None))
        thought = thought or said or more
    if message.get("content") is not None:
        message["content"] = text
    if thought:
        message["reasoning_content"] = thought


def parts_of(content: object) -> tuple[str, str]:
    """Return text and reasoning of content, which is a text, null, a number, or a list of parts."""
    if isinstance(content, str):
        return content, ""
    if isinstance(content, (int, float)):
        return json.dumps(content), ""
    if isinstance(content, dict):
        content = [content]
    text, thought = [], []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, dict):
            # {"type": "text", "text": {"value": ...}} is the form of OpenAI's assistants.
            inner = part.get("text", part.get("value", part.get("content")))
            shown, hidden = parts_of(inner)
            thoughts = "".join("".join(parts_of(part.get(name))) for name in _REASONING)
            kind = str(part.get("type")).lower()
            if thoughts or "think" in kind or "reason" in kind:
                thought.append(thoughts or shown)
            else:
                text.append(shown)
                thought.append(hidden)
    return "".join(text), "".join(thought)


def mended_logprobs(given: object) -> Json | None:
    """Return log-probabilities in today's form; the older one has lists `tokens` and `token_logprobs`."""
    if isinstance(given, list):
        given = {"content": given}
    if not isinstance(given, dict):
        return None
    content = given.get("content")
    if isinstance(content, list):
        return {**given, "content": [_token(one) for one in content if isinstance(one, dict)]}
    tokens, values, tops = given.get("tokens"), given.get("token_logprobs"), given.get("top_logprobs")
    if not isinstance(tokens, list) or not isinstance(values, list):
        return None
    return {
        "content": [
            _token({"token": token, "logprob": value, "top_logprobs": _at(tops, place)})
            for place, (token, value) in enumerate(zip(tokens, values, strict=False))
        ]
    }


def _token(one: Json) -> Json:
    top = one.get("top_logprobs")
    if isinstance(top, dict):
        top = [{"token": token, "logprob": value} for token, value in top.items()]
    top = [_plain_token(other) for other in top if isinstance(other, dict)] if isinstance(top, list) else []
    return {**_plain_token(one), "top_logprobs": top}


def _plain_token(one: Json) -> Json:
    value = one.get("logprob")
    return {
        **one,
        "token": str(one.get("token") or ""),
        "logprob": value if isinstance(value, (int, float)) else -9999.0,
    }


def _at(values: object, place: int) -> object:
    return values[place] if isinstance(values, list) and place < len(values) else None


def _is_usage(usage: object) -> bool:
    if type(usage) is not dict:
        return False
    prompt, answer = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return type(prompt) is int and type(answer) is int and prompt >= 0 and answer >= 0


def mend_usage(usage: object) -> Json | None:
    """Return usage with numbers only; None where a server's is none."""
    if _is_usage(usage):
        return usage  # type: ignore[return-value]
    if not isinstance(usage, dict):
        return None
    counts = {}
    for name, other in (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")):
        value = usage.get(name, usage.get(other))
        try:
            counts[name] = max(0, int(value))  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            return None
    return {**counts, "total_tokens": sum(counts.values())}
