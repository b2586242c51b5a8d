"""Streams as servers really send them, line by line, made into what the protocol says before litellm reads them.

A line that is as it should be is passed on byte for byte. The others are written anew: deltas that are null, calls of tools
without an index or two at one, ends in words of their own. An error in the middle, or a piece that cannot be read, ends
the stream by name: a reader that passes over such a piece gives half an answer for a whole one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agot.models.complaints import (
    Json,
    ServerFault,
    Unreadable,
    WebPage,
    is_page,
    raise_broken,
    raise_error,
    read_json,
    text_of,
    words_of_page,
)
from agot.models.mending import (
    BROKEN_REASONS,
    arguments_text,
    mend_text,
    mend_usage,
    mend_whole,
    mended_logprobs,
    reason_of,
    unwrapped,
)

_SPLITTING = (b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\xc2\x85")
"""Characters at which readers of lines split although JSON allows them within a text."""

_LONGEST_PAGE = 65_536
DONE = b"data: [DONE]\n\n"


@dataclass(slots=True)
class StreamMender:
    """Mends one stream.

    Attributes:
        headers: Of the HTTP reply, for faults.
        charset: As the reply's header names it.
        ended: The server has said that nothing more follows.
        fault: What ended the stream after the bytes that `feed` returned last.
    """

    headers: Mapping[str, str]
    charset: str | None = None
    ended: bool = False
    fault: Exception | None = None
    _begun: bool = False
    _rest: list[bytes] = field(default_factory=list)
    _held: bytes = b""
    _odd: str = ""
    _page: bool = False
    _choices: dict[int, _Growing] = field(default_factory=dict)

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on after these bytes.

        Raises:
            ServerFault: If the stream tells an error.
            Unreadable: If a piece is not JSON.
        """
        if not self._begun:
            data, self._begun = data.removeprefix(b"\xef\xbb\xbf"), True
        if b"\n" not in data:
            # Put together only once: a line may be the whole of a long reply.
            self._rest.append(data)
            return b""
        lines = b"".join([*self._rest, data]).split(b"\n")
        self._rest = [lines.pop()]
        out: list[bytes] = []
        for line in lines:
            if self.ended:
                break
            try:
                out.append(self._line(line))
            except (ServerFault, Unreadable) as fault:
                if not any(out):
                    raise
                # What came before it counts as what arrived.
                self.fault = fault
                break
        return b"".join(out)

    def finish(self) -> bytes:
        """Return what is left to be passed on at the end.

        Raises:
            ServerFault, Unreadable: As `feed` does, or if there was no stream at all.
            WebPage: If a web page came.
        """
        if self.fault is not None:
            raise self.fault
        last, self._rest = b"".join(self._rest), []
        out = self._line(last) if last.strip() and not self.ended else b""
        if self.ended:
            return out
        if self._page:
            raise WebPage(words_of_page(text_of(self._held, self.charset)))
        if self._held:
            out += self._data(self._held, whole=True)
        if not self._choices and not out:
            raise Unreadable(self._odd or "an empty stream")
        if self._odd and not self._complete():
            raise Unreadable(self._odd)
        return out

    def _line(self, line: bytes) -> bytes:
        if self._page:
            self._held = (self._held + line + b"\n")[:_LONGEST_PAGE]
            return b""
        bare = line.strip()
        if bare.startswith(b"data:"):
            return self._data(bare[5:].lstrip())
        if not bare:
            # The end of an event. JSON over several lines without "data:" has no events.
            if self._held and not self._held.startswith(b"\n"):
                raise Unreadable(f"a piece that is not JSON: {text_of(self._held, self.charset)[:300]!r}")
            return b""
        if bare.startswith((b":", b"event:", b"id:", b"retry:")) and not self._held:
            # Passed on, so that a server that only says that it lives is heard.
            return bare + b"\n" if bare.startswith(b":") else b""
        if not self._choices and is_page(text_of(bare, self.charset)):
            self._page, self._held = True, line + b"\n"
            return b""
        if self._held or bare[:1] in b'{["':
            return self._json_line(line)
        self._odd = f"{self._odd} {text_of(bare, self.charset)}".strip()[:300]
        return b""

    def _json_line(self, line: bytes) -> bytes:
        """Take a line of JSON that is no event: an error or a reply of one line, or part of one of many."""
        if not self._held:
            try:
                return self._chunk(json.loads(line), line, whole=True)
            except ValueError:
                pass
        # The line break tells what has no events from an event that is not complete.
        self._held = (self._held or b"\n") + line + b"\n"
        return b""

    def _data(self, data: bytes, *, whole: bool = False) -> bytes:
        if data.startswith(b"[DONE]"):
            self.ended = True
            return self._endings() + DONE
        if self._held and not whole:
            data = self._held + data
        if not data:
            return b""
        if not whole and not self._held and data[:1] not in b'{["':
            self._odd = f"{self._odd} {text_of(data, self.charset)}".strip()[:300]
            return b""
        try:
            value = json.loads(data)
        except ValueError:
            if not whole:
                self._held = data
                return b""
            value = read_json(data, self.charset)
        self._held = b""
        return self._chunk(value, data, whole=whole)

    def _chunk(self, chunk: object, data: bytes, *, whole: bool = False) -> bytes:
        if self._is_regular(chunk):
            if data.isascii() or not any(one in data for one in _SPLITTING):
                return b"data: " + data.strip() + b"\n\n"
            return _event(chunk)
        chunk = unwrapped(chunk)
        if chunk.get("error") or not chunk.get("choices"):
            raise_error(chunk, self.headers)
        if _is_whole(chunk, alone=whole and not self._choices):
            # A server that does not stream although it was asked to.
            return b"".join(self._events_of(mend_whole(chunk, self.headers)))
        choices = chunk.get("choices")
        pieces = [
            self._piece(choice)
            for choice in (choices if isinstance(choices, list) else ())
            if isinstance(choice, dict)
        ]
        mended = {**chunk, "choices": pieces, "usage": mend_usage(chunk.get("usage"))}
        if not pieces and not mended["usage"]:
            return b""
        return _event({name: value for name, value in mended.items() if value is not None})

    def _is_regular(self, chunk: object) -> bool:
        """Return whether a piece is as it should be; what is remembered of it is remembered here."""
        if type(chunk) is not dict or chunk.get("error"):
            return False
        choices, usage = chunk.get("choices"), chunk.get("usage")
        if type(choices) is not list or (usage is not None and mend_usage(usage) is not usage):
            return False
        if not choices:
            return usage is not None
        for choice in choices:
            if type(choice) is not dict or type(choice.get("index")) is not int:
                return False
            delta, reason, logprobs = choice.get("delta"), choice.get("finish_reason"), choice.get("logprobs")
            if type(delta) is not dict or (reason is not None and reason not in ("stop", "length")):
                return False
            if logprobs is not None and type(logprobs.get("content")) is not list:
                return False
            for name, value in delta.items():
                if name not in ("content", "role", "reasoning_content") and (name != "refusal" or value):
                    return False
                if value is not None and type(value) is not str:
                    return False
        for choice in choices:
            growing = self._growing(choice["index"])
            if growing.calls and choice.get("finish_reason"):
                return False
            growing.reason = choice.get("finish_reason") or growing.reason
            growing.answers = growing.answers or bool(choice["delta"].get("content"))
            if growing.reason and growing.refusal:
                return False
        return True

    def _piece(self, choice: Json) -> Json:
        index = choice.get("index")
        growing = self._growing(index if isinstance(index, int) else 0)
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            message = choice.get("message")
            delta = message if isinstance(message, dict) else {"content": choice.get("text")}
        delta = growing.mended(delta)
        reason = reason_of(choice.get("finish_reason"), bool(growing.calls))
        if reason in BROKEN_REASONS:
            raise_broken(choice, self.headers)
        growing.reason = reason or growing.reason
        if growing.reason and growing.refusal and not (growing.answers or growing.calls):
            raise self._refused(growing.refusal)
        mended = {
            "index": index if isinstance(index, int) else 0,
            "delta": delta,
            "finish_reason": reason or None,
        }
        logprobs = mended_logprobs(choice.get("logprobs"))
        return {**mended, "logprobs": logprobs} if logprobs is not None else mended

    def _refused(self, words: str) -> ServerFault:
        """Return the fault of an answer that is a refusal only, which litellm does not read in a stream."""
        return ServerFault(400, self.headers, {"message": words.rstrip("."), "code": "content_policy"})

    def _growing(self, index: int) -> _Growing:
        growing = self._choices.get(index)
        if growing is None:
            growing = self._choices[index] = _Growing()
        return growing

    def _complete(self) -> bool:
        return bool(self._choices) and all(one.reason for one in self._choices.values())

    def _endings(self) -> bytes:
        """Return an end for each choice of which the server only said that nothing more follows."""
        open_ones = [index for index, one in self._choices.items() if not one.reason]
        return b"".join(
            _event({"choices": [_end(index, "tool_calls" if self._choices[index].calls else "stop")]})
            for index in open_ones
        )

    def _events_of(self, body: Json) -> Iterator[bytes]:
        """Yield a whole reply as a stream of events."""
        head = {name: body[name] for name in ("id", "created", "model") if body.get(name) is not None}
        for choice in body["choices"]:
            message = {name: value for name, value in choice["message"].items() if value}
            if "refusal" in message and not ("content" in message or "tool_calls" in message):
                raise self._refused(str(message["refusal"]))
            if message.get("tool_calls"):
                message["tool_calls"] = [
                    {"index": place, **call} for place, call in enumerate(message["tool_calls"])
                ]
            piece = {"index": choice["index"], "delta": message, "finish_reason": None}
            if choice.get("logprobs"):
                piece["logprobs"] = choice["logprobs"]
            yield _event({**head, "choices": [piece]})
            yield _event({**head, "choices": [_end(choice["index"], choice["finish_reason"])]})
            self._growing(choice["index"]).reason = choice["finish_reason"]
        if body.get("usage"):
            yield _event({**head, "choices": [], "usage": body["usage"]})
        self.ended = True
        yield DONE


@dataclass(slots=True)
class _Growing:
    """One choice of a stream: how it ended, and the ids of its calls of tools."""

    reason: str = ""
    answers: bool = False
    refusal: str = ""
    calls: list[str] = field(default_factory=list)
    _places: dict[object, int] = field(default_factory=dict)

    def mended(self, delta: Json) -> Json:
        """Return a piece in the protocol's form."""
        delta = {name: value for name, value in delta.items() if value is not None}
        mend_text(delta)
        self.answers = self.answers or bool(delta.get("content"))
        self.refusal += str(delta.get("refusal") or "")
        calls, legacy = delta.pop("tool_calls", None), delta.pop("function_call", None)
        if isinstance(legacy, dict):
            calls = [{"index": 0, "function": legacy}]
        pieces = [
            self._call(call) for call in (calls if isinstance(calls, list) else ()) if isinstance(call, dict)
        ]
        return {**delta, "tool_calls": pieces} if pieces else delta

    def _call(self, call: Json) -> Json:
        """Take a piece of a call: an id that is new at its index begins another one."""
        place = self._place(call.get("index"), call.get("id"))
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        told: Json = {"arguments": arguments_text(function.get("arguments"))}
        if function.get("name"):
            told["name"] = function["name"]
        if place < len(self.calls):
            return {"index": place, "function": told}
        name = str(call.get("id") or f"call_{place}")
        self.calls.append(name)
        return {"index": place, "id": name, "type": call.get("type") or "function", "function": told}

    def _place(self, index: object, name: object) -> int:
        if name and name in self._places:
            return self._places[name]
        at = ("index", index)
        known = self._places.get(at) if index is not None else (len(self.calls) - 1 if self.calls else None)
        if known is not None and not name:
            return known
        place = len(self.calls)
        self._places[at] = place
        if name:
            self._places[name] = place
        return place


def whole_of(data: bytes, headers: Mapping[str, str], charset: str | None = None) -> Json:
    """Return the whole reply of a server that streams although it was not asked to.

    Raises:
        ServerFault, Unreadable: As `StreamMender` does.
    """
    mender = StreamMender(headers, charset)
    lines = (mender.feed(data) + mender.finish()).split(b"\n")
    parts: dict[int, Json] = {}
    head: Json = {}
    for line in lines:
        if not line.startswith(b"data: {"):
            continue
        chunk = json.loads(line[6:])
        head |= {name: value for name, value in chunk.items() if name != "choices" and value is not None}
        for choice in chunk.get("choices", ()):
            _grow(parts.setdefault(choice["index"], {"index": choice["index"], "message": {}}), choice)
    cut = [part for part in parts.values() if not part.get("finish_reason")]
    if not parts or cut:
        raise Unreadable("a stream that ended without a reason")
    for part in parts.values():
        part["message"].setdefault("content", None)
    return mend_whole(
        {**head, "object": "chat.completion", "choices": [parts[at] for at in sorted(parts)]}, headers
    )


def _grow(part: Json, choice: Json) -> None:
    message = part["message"]
    for name, value in choice["delta"].items():
        if name == "tool_calls":
            calls = message.setdefault("tool_calls", [])
            for call in value:
                if call["index"] == len(calls):
                    calls.append({**call, "function": dict(call["function"])})
                else:
                    calls[call["index"]]["function"]["arguments"] += call["function"]["arguments"]
        elif isinstance(value, str) and name != "role":
            message[name] = message.get(name, "") + value
    part["finish_reason"] = choice.get("finish_reason") or part.get("finish_reason")
    tokens = (choice.get("logprobs") or {}).get("content")
    if tokens:
        part["logprobs"] = {"content": [*((part.get("logprobs") or {}).get("content") or []), *tokens]}


def _is_whole(chunk: Json, *, alone: bool) -> bool:
    """Return whether this is a whole reply rather than a piece of one.

    Args:
        alone: It is no event, and nothing came before it.
    """
    choices = chunk.get("choices")
    known = [one for one in choices if isinstance(one, dict)] if isinstance(choices, list) else []
    if any("delta" in one and one["delta"] is not None for one in known):
        return False
    return alone or any(isinstance(one.get("message"), dict) for one in known)


def _end(index: int, reason: str) -> Json:
    return {"index": index, "delta": {}, "finish_reason": reason}


def _event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
