"""A scripted OpenAI-compatible server on 127.0.0.1, for tests and for benchmarks of overhead.

A Python callable decides each reply, faults included:

    def reply(request: dict) -> Reply:
        return Reply("42", delay_s=0.2)

    async with Loopback(reply) as server:          # in the running event loop
        ...  server.base_url, server.requests, server.max_in_flight
    with Loopback(reply).in_thread() as server:    # in a thread of its own
        ...

`python -m tests.servers.loopback --port 0 --delay 0.2` serves one fixed reply from its own process
and prints its base URL. It is written by hand on `asyncio.Protocol` because a web framework would
cost more CPU per request than the client whose overhead is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from tests.servers.replies import (
    Fault,
    Reply,
    Script,
    chat_completion,
    context_too_long,
    events,
    failure,
    rejecting_response_format,
)

__all__ = [
    "Fault",
    "Loopback",
    "Reply",
    "Script",
    "context_too_long",
    "failure",
    "rejecting_response_format",
]

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


class Loopback:
    """The server; also its own record of what was asked.

    Attributes:
        requests: Body of every chat request, oldest first.
        headers: Header lines of every chat request, lower-case names.
        max_in_flight: Most chat requests that were ever being answered at the same time.
        abandoned: Requests whose client left before the answer was complete.
        pages: (status, JSON) by path, before all else.
    """

    def __init__(
        self, reply: Script | None = None, *, models: Sequence[str] = ("test-model",), port: int = 0
    ) -> None:
        self.reply: Script = reply or (lambda _request: Reply())
        self.models = tuple(models)
        self.port = port
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.in_flight = 0
        self.max_in_flight = 0
        self.abandoned = 0
        self.pages: dict[str, tuple[int, Any]] = {}
        self.connections = 0
        self._open: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        """Address with the `/v1` that OpenAI clients expect."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", self.port, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._server is not None:
            self._server.close()
        tasks = [connection.close() for connection in list(self._open)]
        await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[Loopback]:
        """Serve from a thread with its own event loop until the block ends."""
        started = threading.Event()
        loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

        async def serve() -> None:
            async with self:
                stop = asyncio.Event()
                loops.append((asyncio.get_running_loop(), stop))
                started.set()
                await stop.wait()

        thread = threading.Thread(target=lambda: asyncio.run(serve()), name="loopback", daemon=True)
        thread.start()
        if not started.wait(10):
            raise RuntimeError("the loopback server did not start within 10 s")
        try:
            yield self
        finally:
            loop, stop = loops[0]
            loop.call_soon_threadsafe(stop.set)
            thread.join(10)


class _Connection(asyncio.Protocol):
    """One keep-alive connection; requests on it are answered one after the other."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.buffer = b""
        self.task: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections += 1
        self.server._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server._open.discard(self)
        if self.task is not None:
            self.server.abandoned += 1
            self.task.cancel()

    def close(self) -> asyncio.Task[None] | None:
        """Close at once; return the task that is still answering, if any."""
        if self.task is not None:
            self.task.cancel()
        if self.transport is not None:
            self.transport.abort()
        return self.task

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.task is None:
            self._next()

    def _next(self) -> None:
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        line, *rest = self.buffer[:head_end].decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (item.partition(":") for item in rest)}
        body, used = _body(self.buffer[head_end + 4 :], headers)
        if body is None:
            return
        self.buffer = self.buffer[head_end + 4 + used :]
        method, path, _ = line.split(" ", 2)
        self.task = asyncio.get_running_loop().create_task(self._answer(method, path, headers, body))
        self.task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.task = None
        if not task.cancelled():
            error = task.exception()
            if error is not None and self.transport is not None:
                self._send(500, {"error": {"message": f"the script failed: {error!r}", "type": "script"}})
            if self.buffer:
                self._next()

    def _write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def _send(self, status: int, payload: object, headers: Mapping[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(payload).encode(), headers or {})

    def _send_bytes(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str],
        content_type: str = "application/json",
        length: int | None = None,
    ) -> None:
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = (
            f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}\r\ncontent-type: {content_type}\r\n{extra}"
            f"content-length: {len(body) if length is None else length}\r\n\r\n"
        )
        self._write(head.encode("latin-1") + body)

    async def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        path = path.partition("?")[0].rstrip("/")
        if path in self.server.pages:
            return self._send(*self.server.pages[path])
        if method == "GET" and path.endswith("/models"):
            listed = [
                {"id": name, "object": "model", "owned_by": "vllm", "max_model_len": 4096}
                for name in self.server.models
            ]
            return self._send(200, {"object": "list", "data": listed})
        if method != "POST" or not path.endswith("/chat/completions"):
            return self._send(404, {"error": {"message": f"no route {method} {path}", "type": "not_found"}})
        request = json.loads(body)
        server = self.server
        server.requests.append(request)
        server.headers.append(headers)
        server.in_flight += 1
        server.max_in_flight = max(server.max_in_flight, server.in_flight)
        try:
            reply = server.reply(request)
            if not isinstance(reply, Reply):
                reply = await reply
            if reply.delay_s > 0:
                await asyncio.sleep(reply.delay_s)
            await self._complete(request, reply)
        finally:
            server.in_flight -= 1

    async def _complete(self, request: dict[str, Any], reply: Reply) -> None:
        assert self.transport is not None
        if reply.fault == "hang":
            await asyncio.sleep(3600)
        elif reply.fault == "drop":
            self.transport.abort()
        elif reply.fault == "html":
            self._send_bytes(
                200, b"<html><body>Sign in to continue</body></html>", reply.headers, "text/html"
            )
        elif reply.status != 200:
            self._send(reply.status, {"error": dict(reply.error or {"message": "failed"})}, reply.headers)
        elif request.get("stream"):
            await self._stream(request, reply)
        else:
            await self._whole(request, reply)

    async def _whole(self, request: dict[str, Any], reply: Reply) -> None:
        assert self.transport is not None
        body = json.dumps(chat_completion(request, reply)).encode()
        if reply.fault == "half_json":
            return self._send_bytes(200, body[: len(body) // 2], reply.headers)
        if reply.fault in ("drop_mid_stream", "hang_mid_stream"):
            self._send_bytes(200, body[: len(body) // 2], reply.headers, length=len(body))
            await asyncio.sleep(3600 if reply.fault == "hang_mid_stream" else 0.02)
            return self.transport.close()
        self._send_bytes(200, body, reply.headers)

    async def _stream(self, request: dict[str, Any], reply: Reply) -> None:
        assert self.transport is not None
        extra = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{extra}transfer-encoding: chunked"
        self._write(f"{head}\r\n\r\n".encode())
        pieces = list(events(request, reply))
        stop_after = (
            len(pieces) // 2 if reply.fault in ("drop_mid_stream", "hang_mid_stream", "half_json") else None
        )
        for number, event in enumerate(pieces):
            if number == stop_after:
                if reply.fault == "half_json":
                    self._event(json.dumps(event)[:20])
                elif reply.fault == "hang_mid_stream":
                    await asyncio.sleep(3600)
                elif reply.fault == "drop_mid_stream":
                    await asyncio.sleep(0.02)
                    return self.transport.abort()
            if reply.chunk_delay_s > 0:
                await asyncio.sleep(reply.chunk_delay_s)
            self._event(json.dumps(event))
        self._event("[DONE]")
        self._write(b"0\r\n\r\n")

    def _event(self, data: str) -> None:
        line = f"data: {data}\n\n".encode()
        self._write(f"{len(line):x}\r\n".encode() + line + b"\r\n")


def _body(data: bytes, headers: Mapping[str, str]) -> tuple[bytes | None, int]:
    """Return the request body and the bytes it took; (None, 0) if it has not arrived yet."""
    if "chunked" not in headers.get("transfer-encoding", ""):
        length = int(headers.get("content-length", "0"))
        return (data[:length], length) if len(data) >= length else (None, 0)
    parts: list[bytes] = []
    at = 0
    while (line_end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line_end].split(b";")[0], 16)
        after = line_end + 2 + size + 2
        if len(data) < after:
            return None, 0
        if size == 0:
            return b"".join(parts), after
        parts.append(data[line_end + 2 : after - 2])
        at = after
    return None, 0


async def _serve(port: int, reply: Reply) -> None:
    async with Loopback(lambda _request: reply, port=port) as server:
        print(server.base_url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve one fixed reply until interrupted; print the base URL first."""
    parser = argparse.ArgumentParser(description="OpenAI-compatible server with one fixed reply")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--text", default="ok")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.port, Reply(options.text, delay_s=options.delay)))


if __name__ == "__main__":
    main()
