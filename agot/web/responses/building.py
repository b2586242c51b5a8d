"""From a chat completion, whole or in pieces, to a response with its events."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from agot.web.completions.wire import CompletionUsage
from agot.web.responses.wire import Response, ResponseRequest, ResponseUsage

Event = dict[str, Any]


@dataclass(slots=True)
class Building:
    """A response that grows.

    Attributes:
        run: Id of the run; items and response are named by it.
        events: What is to be told of the growth, taken by `take_events`.
    """

    asked: ResponseRequest
    run: str
    created: int
    items: list[dict[str, Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    _text: int | None = None
    _thoughts: int | None = None
    _calls: dict[int, int] = field(default_factory=dict)
    _told: int = 0

    def begin(self) -> None:
        """Tell that there is a response."""
        for kind in ("response.created", "response.in_progress"):
            self._tell(kind, response=self._response("in_progress"))

    def take(self, delta: dict[str, Any]) -> None:
        """Add a piece of a message."""
        if thoughts := delta.get("reasoning_content"):
            self._think(thoughts)
        if text := delta.get("content"):
            self._say(text, "output_text")
        if text := delta.get("refusal"):
            self._say(text, "refusal")
        for place, call in enumerate(delta.get("tool_calls") or ()):
            self._call(call.get("index", place), call)

    def end(self, finish_reason: str | None, usage: CompletionUsage | None, report: dict[str, Any] | None) -> Response:
        """Close all items and return the whole response."""
        if not self.items:
            self._open_message("output_text")
        cut = finish_reason == "length"
        for place, item in enumerate(self.items):
            self._close(place, item, "incomplete" if cut and item["type"] == "message" else "completed")
        status, kind = ("incomplete", "response.incomplete") if cut else ("completed", "response.completed")
        response = self._response(status) | {
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "usage": _usage(usage).model_dump() if usage is not None else None, "agot": report,
        }  # fmt: skip
        self._tell(kind, response=response)
        return Response.model_validate(response)

    def fail(self, error: dict[str, Any]) -> None:
        """Tell that nothing more comes."""
        told = {"code": error.get("code") or "server_error", "message": error.get("message", "")}
        self._tell("response.failed", response=self._response("failed") | {"error": told})

    def take_events(self) -> str:
        """Return what happened since the last time, as server-sent events."""
        taken, self.events = self.events, []
        return "".join(
            f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n" for event in taken
        )

    # -- items

    def _think(self, text: str) -> None:
        if self._thoughts is None:
            self._thoughts = self._open({"id": f"rs_{self.run}", "type": "reasoning", "summary": []})
            part = {"type": "summary_text", "text": ""}
            self.items[self._thoughts]["summary"].append(part)
            self._tell_of(self._thoughts, "response.reasoning_summary_part.added", summary_index=0, part=dict(part))
        self.items[self._thoughts]["summary"][0]["text"] += text
        self._tell_of(self._thoughts, "response.reasoning_summary_text.delta", summary_index=0, delta=text)

    def _say(self, text: str, kind: str) -> None:
        place = self._text if self._text is not None else self._open_message(kind)
        content = self.items[place]["content"]
        if content[-1]["type"] != kind:
            self._close_part(place)
            self._open_part(place, kind)
        part = content[-1]
        part["text" if kind == "output_text" else "refusal"] += text
        more: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
        self._tell_of(place, f"response.{kind}.delta", content_index=len(content) - 1, delta=text, **more)

    def _open_message(self, kind: str) -> int:
        self._text = self._open({
            "id": f"msg_{self.run}", "type": "message", "role": "assistant", "status": "in_progress", "content": [],
        })  # fmt: skip
        self._open_part(self._text, kind)
        return self._text

    def _open_part(self, place: int, kind: str) -> None:
        content = self.items[place]["content"]
        part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        if kind == "refusal":
            part = {"type": "refusal", "refusal": ""}
        content.append(part)
        self._tell_of(place, "response.content_part.added", content_index=len(content) - 1, part=dict(part))

    def _call(self, index: int, call: dict[str, Any]) -> None:
        function = call.get("function") or {}
        if index not in self._calls:
            self._calls[index] = self._open({
                "id": f"fc_{self.run}_{index}", "type": "function_call", "status": "in_progress", "arguments": "",
                "call_id": call.get("id") or f"call_{self.run}_{index}", "name": function.get("name") or "",
            })  # fmt: skip
        place = self._calls[index]
        if arguments := function.get("arguments"):
            self.items[place]["arguments"] += arguments
            self._tell_of(place, "response.function_call_arguments.delta", delta=arguments)

    def _open(self, item: dict[str, Any]) -> int:
        self.items.append(item)
        place = len(self.items) - 1
        self._tell("response.output_item.added", output_index=place, item=_copied(item))
        return place

    def _close(self, place: int, item: dict[str, Any], status: str) -> None:
        match item["type"]:
            case "message":
                self._close_part(place)
            case "function_call":
                named = {"name": item["name"], "arguments": item["arguments"]}
                self._tell_of(place, "response.function_call_arguments.done", **named)
            case "reasoning":
                part = item["summary"][0]
                self._tell_of(place, "response.reasoning_summary_text.done", summary_index=0, text=part["text"])
                self._tell_of(place, "response.reasoning_summary_part.done", summary_index=0, part=dict(part))
        if "status" in item:
            item["status"] = status
        self._tell("response.output_item.done", output_index=place, item=_copied(item))

    def _close_part(self, place: int) -> None:
        content = self.items[place]["content"]
        index, part = len(content) - 1, dict(content[-1])
        if part["type"] == "output_text":
            self._tell_of(place, "response.output_text.done", content_index=index, text=part["text"], logprobs=[])
        else:
            self._tell_of(place, "response.refusal.done", content_index=index, refusal=part["refusal"])
        self._tell_of(place, "response.content_part.done", content_index=index, part=part)

    # -- telling

    def _tell_of(self, place: int, kind: str, **more: Any) -> None:
        self._tell(kind, item_id=self.items[place]["id"], output_index=place, **more)

    def _tell(self, kind: str, **more: Any) -> None:
        self.events.append({"type": kind, "sequence_number": self._told, **more})
        self._told += 1

    def _response(self, status: str) -> dict[str, Any]:
        asked = self.asked
        text = asked.text.model_dump(exclude_none=True) if asked.text is not None else {}
        choice = asked.tool_choice
        return {
            "id": f"resp_{self.run}", "object": "response", "created_at": self.created, "status": status, "error": None,
            "incomplete_details": None, "instructions": asked.instructions, "max_output_tokens": asked.max_output_tokens,
            "metadata": asked.metadata or {}, "model": asked.model, "output": _copied(self.items),
            "parallel_tool_calls": asked.parallel_tool_calls is not False, "previous_response_id": None,
            "reasoning": asked.reasoning.model_dump() if asked.reasoning is not None else {"effort": None, "summary": None},
            "store": asked.store is not False, "temperature": asked.temperature,
            "text": {"format": {"type": "text"}} | text,
            "tool_choice": "auto" if choice is None else choice if isinstance(choice, str) else choice.model_dump(),
            "tools": [tool.model_dump() for tool in asked.tools or ()], "top_p": asked.top_p, "truncation": "disabled",
            "usage": None,
        }  # fmt: skip


def _copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _usage(usage: CompletionUsage) -> ResponseUsage:
    return ResponseUsage(
        input_tokens=usage.prompt_tokens, input_tokens_details={"cached_tokens": 0},
        output_tokens=usage.completion_tokens, output_tokens_details={"reasoning_tokens": 0},
        total_tokens=usage.total_tokens,
    )  # fmt: skip
