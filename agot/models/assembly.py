"""Streams of server-sent events put together to the one reply that the same request without `stream` would have got.

Read when the stream is over, not piece by piece: a piece then costs two microseconds instead of the half millisecond
that litellm takes for it. Servers differ in what they stream, so everything may be missing or null.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from agot.models.mending import parts_of

_ENDS = b"[DONE]"


@dataclass(slots=True)
class _Choice:
    message: dict[str, Any] = field(default_factory=dict)
    content: list[str] = field(default_factory=list)
    thought: dict[str, list[str]] = field(default_factory=dict)
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    logprobs: list[Any] = field(default_factory=list)
    reason: str | None = None

    def add(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta") or choice.get("message")
        for name, value in (delta if isinstance(delta, dict) else {}).items():
            if name == "content":
                self.content.append(parts_of(value)[0])
            elif name in ("reasoning_content", "reasoning"):
                self.thought.setdefault(name, []).append(parts_of(value)[0])
            elif name == "tool_calls":
                self._call(value)
            elif name == "refusal" and isinstance(value, str):
                self.message[name] = self.message.get(name, "") + value
            elif value is not None:
                self.message[name] = value
        told = choice.get("logprobs")
        if isinstance(told, dict):
            self.logprobs += told.get("content") or ()
        if choice.get("finish_reason"):
            self.reason = str(choice["finish_reason"])

    def _call(self, pieces: Any) -> None:
        for piece in pieces if isinstance(pieces, list) else ():
            if not isinstance(piece, dict):
                continue
            number = piece.get("index")
            whole = self.calls.setdefault(number if isinstance(number, int) else len(self.calls), {
                "id": None, "type": "function", "function": {"name": "", "arguments": ""},
            })  # fmt: skip
            whole["id"] = piece.get("id") or whole["id"]
            function = piece.get("function")
            for name in ("name", "arguments"):
                value = function.get(name) if isinstance(function, dict) else None
                whole["function"][name] += value if isinstance(value, str) else ""

    def whole(self, index: int) -> dict[str, Any]:
        message = {"role": "assistant", **self.message, "content": "".join(self.content)}
        message |= {name: "".join(parts) for name, parts in self.thought.items() if any(parts)}
        if self.calls:
            message["tool_calls"] = [self.calls[number] for number in sorted(self.calls)]
        logprobs = {"content": self.logprobs} if self.logprobs else None
        return {
            "index": index,
            "message": message,
            "finish_reason": self.reason or "stop",
            "logprobs": logprobs,
        }


@dataclass(slots=True)
class Assembled:
    """What a stream held.

    Attributes:
        events: Events with a piece of an answer in them.
        usage: What the server said that it spent, or None.
        fault: The event that tells of an error, or None.
        ended: The server said that the answer is at its end.
        unread: Why an event could not be read; of the last one that is no wonder where a stream broke off.
        text: Everything that was written: answers, reasoning and calls of tools.
    """

    events: int = 0
    usage: Any = None
    fault: dict[str, Any] | None = None
    ended: bool = False
    unread: ValueError | None = None
    _about: dict[str, Any] = field(default_factory=dict)
    _choices: dict[int, _Choice] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Everything that was written, for counting."""
        parts: list[str] = []
        for choice in self._choices.values():
            parts += choice.content
            parts += (part for thought in choice.thought.values() for part in thought)
            parts += (call["function"]["arguments"] for call in choice.calls.values())
        return "".join(parts)

    def reply(self) -> dict[str, Any]:
        """Return the chat completion."""
        choices = [choice.whole(index) for index, choice in sorted(self._choices.items())]
        return {**self._about, "object": "chat.completion", "choices": choices, "usage": self.usage}

    def add(self, event: Any) -> None:
        """Take one event."""
        if not isinstance(event, dict):
            return
        if event.get("error") or event.get("object") == "error":
            self.fault = event
        for name in ("id", "created", "model", "system_fingerprint"):
            if event.get(name) is not None:
                self._about[name] = event[name]
        if isinstance(event.get("usage"), dict):
            self.usage = event["usage"]
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                index = choice.get("index")
                self._choices.setdefault(index if isinstance(index, int) else 0, _Choice()).add(choice)
                self.events += 1
                self.ended = self.ended or bool(choice.get("finish_reason"))


def assemble(raw: bytes) -> Assembled:
    """Return what a stream held, as far as it came."""
    found = Assembled()
    for line in raw.splitlines():
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == _ENDS:
            found.ended = True
            break
        try:
            found.add(json.loads(data))
        except ValueError as error:
            found.unread = error
    return found


def is_last(piece: bytes) -> bool:
    """Return whether a stream's piece ends with the mark after which nothing comes."""
    return piece.rstrip().endswith((b"data: " + _ENDS, b"data:" + _ENDS))
