"""The process that serves: signals, and an end within seconds that leaves every run to be resumed.

A worker among several can also leave: it takes no new connection, says so to those it has, sends watchers elsewhere, lets
what it has begun end for a while, and leaves the rest to the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from types import FrameType

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from agot.web.binding import BACKLOG
from agot.web.complaints import handled, log_rarely
from agot.web.connections import Places, most_connections
from agot.web.service import STOP_WITHIN_S, Service

LEAVE_WITHIN_S = 120.0
"""What a worker that leaves gives to the requests and runs that it has begun."""


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM; runs are then stopped first, so that streams end by themselves.

    Args:
        among: Workers that serve at the same address and share the places for connections; SIGHUP then lets one leave.
        ready: Called when connections are accepted.
    """

    def __init__(self, service: Service, *, among: int = 1, ready: Callable[[], None] | None = None) -> None:
        self.places = Places(max(1, most_connections() // among))
        # So many are accepted in a row, before any of them can be sent away again; among several the next is another's.
        in_a_row = max(8, min(BACKLOG, self.places.most // 4)) if among == 1 else 1
        # Two seconds beyond what runs may take to conclude, then connections are cut.
        super().__init__(uvicorn.Config(
            self._answer, interface="asgi3", log_level="warning", access_log=False, server_header=False, lifespan="on", ws="none",
            http=self.places.protocol(), backlog=in_a_row,  # type: ignore[arg-type]
            timeout_graceful_shutdown=int(STOP_WITHIN_S) + 2, h11_max_incomplete_event_size=64 * 1024,
        ))  # fmt: skip
        self._app, self._desk, self._among = service.app, service.desk, among
        self._leaving = False
        self._left_s: float | None = None
        self._ready = ready
        log_rarely()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        asyncio.get_running_loop().set_exception_handler(handled)
        await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets)
        if self._among > 1:
            for one in sockets or []:
                # asyncio takes one number for both, and so few may be accepted in a row that others would be refused.
                one.listen(BACKLOG)
        if self._ready is not None:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Leave, if that was asked for; return whether to stop."""
        if self._leaving:
            if self._left_s is None:
                self._left_s = time.monotonic()
                for server in self.servers:
                    server.close()
                self._desk.leave()
            over = time.monotonic() - self._left_s > LEAVE_WITHIN_S
            if over or (self._desk.quiet and not self.server_state.connections):
                self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the runs, then the connections."""
        group = self._desk.group
        self._desk.close(to_others=self._leaving or (group is not None and group.lasting))
        await super().shutdown(sockets)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if self._leaving and message["type"] == "http.response.start":
                # Whoever would send the next request on this connection finds another worker on a new one.
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, receive, sending if self._among > 1 else send)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take over the signals; unlike the original, a stop that was asked for is not an end by signal."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {signal.SIGINT: self._stop, signal.SIGTERM: self._stop}
        if self._among > 1:
            handlers |= {signal.SIGHUP: self._leave}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)

    def _leave(self, number: int, frame: FrameType | None) -> None:
        self._leaving = True
