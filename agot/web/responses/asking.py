"""From a request for a response to a chat completion's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agot.web.completions.forms import form_of
from agot.web.completions.wire import CompletionRequest, Extension
from agot.web.faults import HttpFault
from agot.web.operations import checked
from agot.web.responses.wire import InputItem, InputPart, NamedTool, ResponseRequest

_REFUSED = {
    "previous_response_id": "is not served, since runs are not kept as conversations: send the earlier items as input",
    "conversation": "is not served, since runs are not kept as conversations: send the earlier items as input",
    "background": "is not served: wait for the response, stream it, or start a run at /api/runs",
    "prompt": "is not served, since no prompts are kept here: send its text",
    "top_logprobs": "is not served here: use /v1/chat/completions with agot/direct",
}
_LIKE = ("user", "service_tier", "prompt_cache_key", "safety_identifier")
"""Fields that both APIs have and that mean the same to a model's server."""


def as_completion(asked: ResponseRequest) -> CompletionRequest:
    """Return the chat completion that is asked for.

    Raises:
        HttpFault: 400, naming what is not served.
    """
    for name, why in _REFUSED.items():
        if getattr(asked, name):
            raise HttpFault(400, f"{name} {why}.", code="unsupported", param=name)
    form = asked.text.format if asked.text is not None else None
    form_of(form, "text.format")
    messages = [{"role": "system", "content": asked.instructions}] if asked.instructions else []
    messages += [{"role": "user", "content": asked.input}] if isinstance(asked.input, str) else _messages(asked.input)
    own = asked.agot or Extension()
    body: dict[str, Any] = {
        "model": asked.model,
        "messages": messages,
        "stream": asked.stream,
        # The events of a response have no place for how a run goes, but for a summary of thoughts: only for who asks for it.
        "agot": own.model_copy(update={"progress": own.progress and "progress" in own.model_fields_set}).model_dump(),
        "max_tokens": asked.max_output_tokens,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "response_format": _format(form),
        "verbosity": asked.text.verbosity if asked.text is not None else None,
        "reasoning_effort": asked.reasoning.effort if asked.reasoning is not None else None,
        **{name: (asked.model_extra or {}).get(name) for name in _LIKE},
    }
    if asked.stream:
        body["stream_options"] = {"include_usage": True}
    if asked.tools:
        body["tools"] = [
            {"type": "function", "function": tool.model_dump(exclude={"type"}, exclude_none=True)} for tool in asked.tools
        ]
        body["parallel_tool_calls"] = asked.parallel_tool_calls
        body["tool_choice"] = asked.tool_choice
        if isinstance(asked.tool_choice, NamedTool):
            body["tool_choice"] = {"type": "function", "function": {"name": asked.tool_choice.name}}
    return checked({name: value for name, value in body.items() if value is not None}, CompletionRequest)


def _format(form: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the form of an answer as chat completions name it."""
    if form is None or form.get("type") != "json_schema":
        return dict(form) if form is not None else None
    return {"type": "json_schema", "json_schema": {name: value for name, value in form.items() if name != "type"}}


def _messages(items: Sequence[InputItem]) -> list[dict[str, Any]]:
    """Return items as messages; calls of one turn are one message."""
    messages: list[dict[str, Any]] = []
    for place, item in enumerate(items):
        where = f"input.{place}"
        match item.type or "message":
            case "message":
                role = _needed(item.role, f"{where}.role")
                messages.append({"role": role, "content": _content(item.content)})
            case "function_call":
                call = {"name": _needed(item.name, f"{where}.name"), "arguments": item.arguments or "{}"}
                made = {"id": _needed(item.call_id, f"{where}.call_id"), "type": "function", "function": call}
                if not messages or messages[-1]["role"] != "assistant":
                    messages.append({"role": "assistant", "content": None})
                messages[-1].setdefault("tool_calls", []).append(made)
            case "function_call_output":
                call_id = _needed(item.call_id, f"{where}.call_id")
                messages.append({"role": "tool", "tool_call_id": call_id, "content": _content(item.output) or ""})
            case "reasoning":
                continue
    if not messages:
        raise HttpFault(400, "input holds no message.", code="no_question", param="input")
    return messages


def _needed(value: str | None, where: str) -> str:
    if value is None:
        raise HttpFault(400, f"{where}: Field required.", code="missing", param=where)
    return value


def _content(content: str | list[InputPart] | None) -> str | list[dict[str, Any]] | None:
    return [_part(part) for part in content] if isinstance(content, list) else content


def _part(part: InputPart) -> dict[str, Any]:
    match part.type:
        case "input_image":
            image = {"url": part.image_url, "detail": part.detail, "file_id": part.file_id}
            return {"type": "image_url", "image_url": {name: one for name, one in image.items() if one is not None}}
        case "input_file":
            return {"type": "file", "file": part.model_dump(exclude={"type"}, exclude_none=True)}
        case "refusal":
            return {"type": "refusal", "refusal": part.refusal or ""}
        case _:
            return {"type": "text", "text": part.text or ""}
