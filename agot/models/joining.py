"""An HTTP transport that watches an attempt, and joins a stream to one reply before litellm reads it.

A reply that is not streamed is silent for as long as the model writes, so a slow model cannot be told from a dead
server. Streams show life, but litellm takes half a millisecond of CPU for each piece. Here pieces are only gathered.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from agot.models.assembly import is_last
from agot.models.attempts import Attempt, current
from agot.models.faults import never_sent

_TAIL_S = 0.5
"""Seconds that a stream may stay open after its end was announced; longer, and its connection is given up."""


_USAGE = (b'"prompt_tokens"', b'"prompt_eval_count"')


class JoiningTransport(httpx.AsyncBaseTransport):
    """Sends requests on by another transport.

    Args:
        inner: The transport.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the reply; a stream that was asked for only to be joined comes as a JSON reply.

        Raises:
            httpx.TransportError: As the inner transport does; if a stream breaks off or ends without a reason.
            ValueError: If an event of a stream is no JSON.
        """
        attempt = current()
        if attempt is None:
            return await self._inner.handle_async_request(request)
        attempt.status, attempt.size = 0, 0
        try:
            response = await self._inner.handle_async_request(request)
        except Exception as error:
            attempt.sent = (attempt.sent or 0) + (not never_sent(error))
            raise
        except asyncio.CancelledError:
            attempt.sent = (attempt.sent or 0) + 1
            raise
        attempt.sent = (attempt.sent or 0) + 1
        attempt.status = response.status_code
        attempt.heard()
        streams = "event-stream" in response.headers.get("content-type", "")
        if attempt.joined and streams and response.status_code == 200:
            return await _joined(response, attempt)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = WatchedBody(response.stream, attempt)
        return response

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


class WatchedBody(httpx.AsyncByteStream):
    """A body that tells an attempt of each piece that arrives."""

    def __init__(self, inner: httpx.AsyncByteStream, attempt: Attempt) -> None:
        self._inner, self._attempt = inner, attempt

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            self._attempt.size += len(piece)
            self._attempt.heard()
            if not self._attempt.told:
                self._attempt.told = any(one in piece for one in _USAGE)
            yield piece

    async def aclose(self) -> None:
        """Close the body."""
        await self._inner.aclose()


async def _joined(response: httpx.Response, attempt: Attempt) -> httpx.Response:
    """Read a stream to its end and return it as one reply."""
    attempt.pieces = pieces = []
    try:
        body = response.aiter_bytes()
        async for piece in body:
            pieces.append(piece)
            attempt.heard()
            if is_last(piece):
                await _drain(body)
                break
    finally:
        await response.aclose()
    found = attempt.assembled()
    attempt.usage = found.usage
    if found.fault is not None:
        return _reply(_status_of(found.fault), found.fault, response)
    if not found.ended:
        raise httpx.ReadError("the stream ended without a reason; expected one after the last piece")
    if found.unread is not None:
        raise found.unread
    return _reply(200, found.reply(), response)


async def _drain(body: AsyncIterator[bytes]) -> None:
    """Read what follows the end of a stream, so that its connection can be used again."""
    try:
        async with asyncio.timeout(_TAIL_S):
            async for _ in body:
                pass
    except (TimeoutError, httpx.TransportError):
        return


def _status_of(fault: dict[str, Any]) -> int:
    """Return the HTTP status that a server would have sent had it known of the error before it began to stream."""
    inner = fault.get("error")
    for told in (inner.get("code") if isinstance(inner, dict) else None, fault.get("code")):
        if isinstance(told, int) and 400 <= told < 600:
            return told
    return 500


def _reply(status: int, body: dict[str, Any], streamed: httpx.Response) -> httpx.Response:
    headers = [
        (name, value)
        for name, value in streamed.headers.items()
        if name not in ("content-type", "content-length", "content-encoding", "transfer-encoding")
    ]
    content = json.dumps(body).encode()
    headers.append(("content-type", "application/json"))
    return httpx.Response(status, headers=headers, content=content, request=streamed.request)
