"""Ollama's own protocol: what a request needs beside OpenAI's fields, and replies mended before litellm reads them.

litellm puts all that it does not know into `options`; Ollama looks for some of it beside them and silently overlooks it
within.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agot.models.complaints import (
    Json,
    Unreadable,
    WebPage,
    is_page,
    raise_error,
    read_json,
    text_of,
    words_of_page,
)
from agot.models.mending import mend_text

PROVIDERS = ("ollama", "ollama_chat")

_BESIDE_OPTIONS = ("truncate", "shift", "keep_alive", "think", "format", "logprobs", "top_logprobs")
_SMALLEST_WINDOW = 4096
"""What Ollama itself takes if it is told nothing; a smaller window would load the model again."""


def options_for(extra: Mapping[str, Any], window: int | None) -> dict[str, Any]:
    """Return a role's `extra_body` as arguments of litellm's, which become Ollama's options.

    Args:
        extra: Options at its top or under `options`; those under `options` count more.
        window: Tokens that prompt and answer have together, or None for what the server takes by itself.
    """
    own = extra.get("options")
    options = {name: value for name, value in extra.items() if name != "options"}
    options |= own if isinstance(own, Mapping) else {}
    # A prompt that does not fit is refused, and an answer ends at the limit: neither is cut without a word.
    return {
        "truncate": False,
        "shift": False,
        **({"num_ctx": window} if window is not None else {}),
        **options,
    }


def window_for(tokens: int) -> int:
    """Return a context window that holds so many tokens; few different sizes, since each loads the model again."""
    size = _SMALLEST_WINDOW
    while size < tokens:
        size *= 2
    return size


def lifted(body: bytes) -> bytes:
    """Return a request with what Ollama reads beside its options there."""
    request = json.loads(body)
    options = request.get("options")
    if not isinstance(options, dict):
        return body
    beside = {name: options.pop(name) for name in _BESIDE_OPTIONS if name in options}
    return json.dumps({**beside, **request}).encode() if beside else body


def mend_reply(body: object, headers: Mapping[str, str], model: str = "") -> Json:
    """Return a whole reply, or a line of a stream, with all that litellm looks for.

    Raises:
        ServerFault: If it is an error, whatever its status was.
        Unreadable: If it is no reply at all.
    """
    if not isinstance(body, dict):
        raise Unreadable(json.dumps(body)[:300])
    message = body.get("message")
    if body.get("error") or (not isinstance(message, dict) and "response" not in body and "done" not in body):
        raise_error({name: value for name, value in body.items() if name != "choices"}, headers)
        raise Unreadable(f"no message in {json.dumps(body)[:300]}")
    if not isinstance(message, dict):
        message = {"role": "assistant", "content": body.get("response"), "thinking": body.get("thinking")}
    if type(message.get("content")) is not str or not isinstance(message.get("thinking", ""), str):
        message = dict(message)
        mend_text(message)
        thought = message.pop("reasoning_content", None)
        message |= {"content": message.get("content") or "", **({"thinking": thought} if thought else {})}
    return {"model": model, "done": False, **body, "message": message}


class OllamaStreamMender:
    """Mends a stream of lines of JSON.

    Args:
        headers: Of the HTTP reply, for faults.
    """

    ended = False
    fault: Exception | None = None

    def __init__(self, headers: Mapping[str, str], charset: str | None = None) -> None:
        self._headers, self._charset = headers, charset
        self._rest = b""
        self._held = b""
        self._lines = 0

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on after these bytes.

        Raises:
            ServerFault: If the stream tells an error.
            Unreadable: If a line is not JSON.
        """
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        return b"".join(self._line(line) for line in lines if line.strip())

    def finish(self) -> bytes:
        """Return what is left to be passed on at the end.

        Raises:
            ServerFault, Unreadable: As `feed` does, or if there was no stream at all.
            WebPage: If a web page came.
        """
        last, self._rest = self._rest, b""
        out = self._line(last) if last.strip() else b""
        if self._held:
            text = text_of(self._held, self._charset)
            if is_page(text):
                raise WebPage(words_of_page(text))
            out += self._dumped(read_json(self._held, self._charset))
        if not self._lines:
            raise Unreadable("an empty stream")
        return out

    def _line(self, line: bytes) -> bytes:
        if not self._held:
            try:
                return self._dumped(json.loads(line.removeprefix(b"data:")))
            except ValueError:
                if self._lines:
                    raise Unreadable(
                        f"a piece that is not JSON: {text_of(line, self._charset)[:300]!r}"
                    ) from None
        # A page, or JSON over several lines: looked at when it is complete.
        self._held = (self._held + line + b"\n")[:65_536]
        return b""

    def _dumped(self, body: object) -> bytes:
        self._lines += 1
        return json.dumps(mend_reply(body, self._headers)).encode() + b"\n"
