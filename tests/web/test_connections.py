"""Clients that hold connections and ask nothing make room for those that ask, and are told of in a line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from agot.web import connections
from agot.web.complaints import EVERY_S, LOGGER, Rarely, handled
from agot.web.connections import Places
from tests.web.serving import WAIT_S, Served

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _app(scope: object, receive: object, send: object) -> None:
    while (await receive()).get("more_body"):  # type: ignore[operator]
        continue
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]


@contextlib.asynccontextmanager
async def _served(most: int, app: Any = _app) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app, port=0, http=Places(most).protocol(), lifespan="off", log_level="critical", ws="none"  # type: ignore[arg-type]
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    return (await asyncio.wait_for(reader.readuntil(b"ok"), WAIT_S))[:15]


async def _is_closed(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionResetError):
        return b"ok" not in await asyncio.wait_for(reader.read(), WAIT_S)
    return True


async def test_when_all_places_are_taken_the_one_that_waited_longest_goes() -> None:
    async with _served(3) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        # The oldest was of use since, so that it is the second that goes.
        assert await _asked(*idle[0]) == b"HTTP/1.1 200 OK"
        new = await asyncio.open_connection("127.0.0.1", port)
        assert await _asked(*new) == b"HTTP/1.1 200 OK"
        assert await _is_closed(idle[1][0])
        assert await _asked(*idle[0]) == b"HTTP/1.1 200 OK"
        for _, writer in [*idle, new]:
            writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nhos",
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhos",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
    ],
)
async def test_a_request_that_is_never_completed_loses_its_connection(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    for name in ("HEAD_S", "BODY_S", "_LOOK_S"):
        monkeypatch.setattr(connections, name, 0.1)
    async with _served(3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        if sent.count(b"GET") == 2:
            await reader.readuntil(b"ok")
        assert await _is_closed(reader)
        writer.close()


async def test_a_connection_that_is_answered_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_S", "BODY_S", "_LOOK_S"):
        monkeypatch.setattr(connections, name, 0.05)
    working = asyncio.Event()

    async def slow(scope: object, receive: object, send: object) -> None:
        working.set()
        await asyncio.sleep(0.4)
        await _app(scope, receive, send)

    async with _served(1, slow) as port:
        first: Stream = await asyncio.open_connection("127.0.0.1", port)
        asking = asyncio.create_task(_asked(*first))
        await working.wait()
        second = await asyncio.open_connection("127.0.0.1", port)
        assert await _is_closed(second[0])
        assert await asking == b"HTTP/1.1 200 OK"
        for _, writer in (first, second):
            writer.close()


def test_uploads_that_break_off_are_one_line(
    served: Served, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as leaving:
            leaving.sendall(head + b'content-length: 99\r\n\r\n{"model"')
    until_s = time.monotonic() + WAIT_S
    while not caplog.records and time.monotonic() < until_s:
        time.sleep(0.02)
    assert client.get("/v1/models").status_code == 200
    assert [record.getMessage() for record in caplog.records] == [
        "agot: A client left in the midst of what it was sending."
    ]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[str], list[float]]]:
    lines, now_s = list[str](), [0.0]
    rarely, taking = Rarely(lambda: now_s[0]), logging.Handler()
    taking.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    taking.addFilter(rarely)
    monkeypatch.setattr(LOGGER, "filters", [])
    LOGGER.addHandler(taking)
    yield lines, now_s
    LOGGER.removeHandler(taking)


def test_connections_that_cannot_be_accepted_are_told_of_once_in_a_while(
    heard: tuple[list[str], list[float]],
) -> None:
    lines, now_s = heard
    loop = asyncio.new_event_loop()
    fault = {"message": "socket.accept() out of system resource", "exception": OSError(24, "Too many open files")}
    for _ in range(500):
        handled(loop, fault)
    now_s[0] = EVERY_S
    handled(loop, fault)
    loop.close()
    assert len(lines) == 2 and "ulimit -n" in lines[0] and "(499 times more" in lines[1]


def test_what_is_wrong_is_always_told(heard: tuple[list[str], list[float]]) -> None:
    lines, _ = heard
    for number in range(3):
        LOGGER.error(json.dumps(number))
        LOGGER.error("the same")
    assert lines.count("the same") == 3


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no such time-out")
async def test_a_client_that_takes_nothing_of_what_it_is_sent_loses_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "UNREAD_S", 1)
    ended = asyncio.Event()

    async def endless(scope: object, receive: Any, send: Any) -> None:
        gone = asyncio.create_task(_gone(receive))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        ended.set()

    async with _served(8, endless) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await asyncio.wait_for(ended.wait(), WAIT_S)


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
