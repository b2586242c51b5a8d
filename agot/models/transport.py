"""The HTTP transport of the client that is handed to litellm: replies are mended before litellm reads them.

What a server says is read here in its own words: litellm would show parts of its code where a reply is odd. A connection
that a server closed while it lay idle is replaced once, and calls to this machine go through no proxy.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import httpx

from agot.models import ollama
from agot.models.attempts import Attempt, current
from agot.models.complaints import FAILED, ServerFault, Unreadable, error_of, is_page, read_json, text_of
from agot.models.joining import WatchedBody
from agot.models.mending import mend_whole
from agot.models.pool import is_local_address
from agot.models.streams import StreamMender, whole_of

_STREAM = re.compile(rb'"stream":\s*true')
_FOLLOWED = (307, 308)
"""After these a client asks the same elsewhere; after the other ones it would ask without its question."""

MOST_BYTES = 64 * 2**20
"""Of one reply, decompressed: a server that sends more has lost its way, and would take all memory."""

_reused: ContextVar[list[bool]] = ContextVar("_reused")


class _Mender(Protocol):
    ended: bool
    fault: Exception | None

    def feed(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


class MendingTransport(httpx.AsyncBaseTransport):
    """Sends requests through litellm's own transport and mends what comes back.

    Args:
        inner: litellm's, over aiohttp.
        proxy: Address of a proxy that all calls take; None for the environment's, and none for servers of one's own.
    """

    def __init__(self, inner: Any, proxy: str | None = None) -> None:
        self._inner, self._proxy = inner, proxy
        self._trace = aiohttp.TraceConfig()
        self._trace.on_connection_reuseconn.append(_note_reuse)
        self._trace.freeze()

    async def aclose(self) -> None:
        """Do nothing: litellm closes clients that share this transport while other calls are in flight."""

    async def close(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the reply to a request, mended.

        Raises:
            ServerFault: If the server refuses or fails, whatever its status was.
            WebPage: If a web page came.
            Unreadable: If it is no reply.
            httpx.TransportError: If there was no reply; names the proxy that was in use.
        """
        path = request.url.path
        of_ollama = path.endswith(("/api/chat", "/api/generate"))
        if not of_ollama and not path.endswith("/chat/completions"):
            return await self._send(request)
        # Of a request that followed a redirect it has not been read yet.
        await request.aread()
        if of_ollama:
            request = _with_body(request, ollama.lifted(request.content))
        streams = _asks_for_stream(request.content)
        response = await self._send(request)
        headers, charset = response.headers, response.charset_encoding
        attempt = current()
        if attempt is not None:
            attempt.status = response.status_code
        if response.status_code in _FOLLOWED and "location" in headers:
            return response
        if response.status_code >= 300:
            await _raise_status(request, response, self._proxy_of(request.url))
        if streams:
            mender: _Mender
            mender = (
                ollama.OllamaStreamMender(headers, charset) if of_ollama else StreamMender(headers, charset)
            )
            kept = {name: value for name, value in headers.items() if name not in _OF_BYTES}
            kept["content-type"] = "application/x-ndjson" if of_ollama else "text/event-stream"
            return httpx.Response(
                response.status_code, headers=kept, stream=_Mended(response, mender), request=request
            )
        with _readable(headers):
            data = await _read(response, attempt)
            body: Any
            if of_ollama:
                body = ollama.mend_reply(read_json(data, charset), headers)
            elif data.lstrip()[:6].startswith((b"data:", b"event:", b": ")):
                body = whole_of(data, headers, charset)
            else:
                body = mend_whole(read_json(data, charset), headers)
        kept = {name: value for name, value in headers.items() if name not in _OF_BYTES}
        mended = httpx.Response(response.status_code, headers=kept, content=data, request=request)
        # litellm then reads what was read already.
        mended.json = lambda **_: body  # type: ignore[method-assign]
        return mended

    async def _send(self, request: httpx.Request) -> httpx.Response:
        proxy = self._proxy_of(request.url)
        self._inner.proxy_cache[request.url.host] = proxy
        session = self._inner.get_valid_client_session()
        if self._trace not in session.trace_configs:
            session.trace_configs.append(self._trace)
        reused: list[bool] = []
        _reused.set(reused)
        try:
            try:
                return await self._inner.handle_async_request(request)  # type: ignore[no-any-return]
            except httpx.TransportError as error:
                # Most likely the server had closed the idle connection before the request came.
                if not reused or not _was_closed(error):
                    raise
            if (attempt := current()) is not None:
                # From here it looks the same if the server had read the request: it counts as sent twice.
                attempt.sent = (attempt.sent or 0) + 1
            return await self._inner.handle_async_request(request)  # type: ignore[no-any-return]
        except httpx.TransportError as error:
            if proxy is not None:
                error.add_note(f"through the proxy {shown(proxy)}")
            if _was_closed(error):
                # litellm would ask once more, and the answer be paid for twice.
                raise httpx.ReadError(str(error) or "the connection was closed") from error
            raise

    def _proxy_of(self, url: httpx.URL) -> str | None:
        """Return the proxy for an address."""
        if self._proxy is not None:
            return self._proxy
        if is_local_address(str(url)):
            return None
        found = urllib.request.getproxies()
        if not found or urllib.request.proxy_bypass(url.host):
            return None
        proxy = found.get(url.scheme) or found.get("all")
        return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


_OF_BYTES = ("content-encoding", "content-length", "transfer-encoding")
"""Headers that are no longer true of a body that was read."""


class _Mended(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response, mender: _Mender) -> None:
        self._response, self._mender = response, mender

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _readable(self._response.headers):
            async for data in _bounded(self._response):
                # What follows the end is read, so that the connection can be used again.
                if not self._mender.ended and (out := self._mender.feed(data)):
                    yield out
                if self._mender.fault is not None:
                    raise self._mender.fault
            if out := self._mender.finish():
                yield out

    async def aclose(self) -> None:
        await self._response.aclose()


async def _note_reuse(*_: object) -> None:
    _reused.get().append(True)


def _was_closed(error: BaseException) -> bool:
    """Return whether a connection was closed by the server, rather than never made."""
    cause = error.__cause__
    return isinstance(cause, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)) and not isinstance(
        cause, aiohttp.ClientConnectorError
    )


def _asks_for_stream(body: bytes) -> bool:
    return _STREAM.search(body) is not None and json.loads(body).get("stream") is True


def _with_body(request: httpx.Request, body: bytes) -> httpx.Request:
    if body is request.content:
        return request
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"content-length"]
    return httpx.Request(
        request.method, request.url, headers=headers, content=body, extensions=request.extensions
    )


@contextmanager
def _readable(headers: Mapping[str, str]) -> Iterator[None]:
    """Tell what makes a body unreadable.

    Raises:
        Unreadable: If it cannot be decompressed, or is nested too deeply.
    """
    try:
        yield
    except httpx.DecodingError as error:
        named = headers.get("content-encoding", "")
        raise Unreadable(f"its body is not {named!r}, as its header says ({error})") from None
    except RecursionError:
        raise Unreadable("its JSON is nested too deeply") from None


async def _bounded(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield the pieces of a body.

    Raises:
        Unreadable: After `MOST_BYTES`.
    """
    size = 0
    async for data in response.aiter_bytes():
        size += len(data)
        if size > MOST_BYTES:
            await response.aclose()
            raise Unreadable(f"more than {MOST_BYTES // 2**20} MiB, beginning with {data[:100]!r}")
        yield data


async def _read(response: httpx.Response, attempt: Attempt | None) -> bytes:
    """Return the body; an attempt is told of each piece that arrives."""
    stream = response.stream
    if attempt is not None and isinstance(stream, httpx.AsyncByteStream):
        response.stream = WatchedBody(stream, attempt)
    return b"".join([data async for data in _bounded(response)])


async def _raise_status(request: httpx.Request, response: httpx.Response, proxy: str | None) -> None:
    """Raise what the body of an HTTP error says.

    Raises:
        ServerFault: Always.
    """
    headers: Mapping[str, str] = response.headers
    try:
        data = await _read(response, None)
    except (httpx.DecodingError, Unreadable):
        data = b""
    if response.status_code < 400:
        place = headers.get("location", "")
        said = (
            f"{request.url} has moved to {place or 'no place named'}; set that as base_url if it is the API"
        )
        raise ServerFault(404, headers, {"message": said})
    error = error_of(response.status_code, data, response.charset_encoding)
    if proxy is not None and is_page(text_of(data[:200], None)):
        error["message"] += f" (it came through the proxy {shown(proxy)})"
    raise ServerFault(response.status_code or FAILED, headers, error)


def shown(proxy: str) -> str:
    """Return a proxy's address without user and password."""
    parts = urlsplit(proxy)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
