"""A server on loopback whose replies a test writes byte by byte, headers included."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Raw:
    """One reply as it goes over the line.

    Attributes:
        closes: The connection is closed after it, without a word of that in the headers.
    """

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    closes: bool = False


class Odd:
    """The server.

    Attributes:
        answer: From a request's body to the reply: JSON, bytes (a stream of events where they begin with "data"), or `Raw`.
        requests: Bodies, oldest first; `paths` likewise.
    """

    def __init__(self, answer: Callable[[Json], Json | bytes | Raw]) -> None:
        self.answer = answer
        self.requests: list[Json] = []
        self.paths: list[str] = []
        self.connections = 0
        self.base_url = ""
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    int(line.split(":")[1])
                    for line in head.lower().split("\r\n")
                    if line.startswith("content-length")
                )
                body = json.loads(await reader.readexactly(length))
                self.requests.append(body)
                self.paths.append(head.split(" ")[1])
                got = self.answer(body)
                raw = got if isinstance(got, Raw) else _raw(got)
                writer.write(_bytes(raw))
                await writer.drain()
                if raw.closes:
                    # Closed when the next request is on its way, as a server closes what lay idle.
                    await reader.read(1)
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _raw(got: Json | bytes) -> Raw:
    if isinstance(got, dict):
        return Raw(json.dumps(got).encode())
    return Raw(got, kind="text/event-stream" if got.startswith(b"data") else "application/json")


def _bytes(raw: Raw) -> bytes:
    named = "".join(f"{name}: {value}\r\n" for name, value in raw.headers)
    head = f"HTTP/1.1 {raw.status} Status\r\ncontent-type: {raw.kind}\r\n{named}content-length: {len(raw.body)}\r\n\r\n"
    return head.encode() + raw.body


def whole(message: Json, finish: str | None = "stop", **more: Any) -> Json:
    """Return a chat completion with one choice."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "c", "created": 1, "choices": [choice], **more}


def piece(delta: Any, finish: str | None = None, **more: Any) -> Json:
    """Return a piece of a stream."""
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish, **more}]}


def events(*chunks: object, end: bytes = b"data: [DONE]\n\n") -> bytes:
    """Return a stream of pieces; those that are bytes are written as they are."""
    lines = (one if isinstance(one, bytes) else b"data: " + json.dumps(one).encode() for one in chunks)
    return b"".join(line + b"\n\n" for line in lines) + end


def refusing(field: str, message: str, status: int = 400, **error: Any) -> Callable[[Json], Json | Raw]:
    """Answer with 63, but refuse requests that hold a field."""

    def answer(body: Json) -> Json | Raw:
        if field in body:
            told = {"error": {"message": message, "type": "invalid_request_error", **error}}
            return Raw(json.dumps(told).encode(), status)
        return whole({"content": "63"})

    return answer
