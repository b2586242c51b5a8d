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
from functools import partial
from types import FrameType

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from agot.web.accepting import Acceptor
from agot.web.binding import BACKLOG
from agot.web.complaints import handled, log_rarely
from agot.web.connections import Places, most_connections
from agot.web.counts import Ledger
from agot.web.service import STOP_WITHIN_S, Service

LEAVE_WITHIN_S = 120.0
"""What a worker that leaves gives to the requests and runs that it has begun."""


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM; runs are then stopped first, so that streams end by themselves.

    Args:
        among: Workers that serve at the same address and share the places for connections; SIGHUP then lets one leave.
        ledger: Where those workers count their connections; None where there is only this one.
        ready: Called when connections are accepted.
    """

    def __init__(
        self,
        service: Service,
        *,
        among: int = 1,
        ledger: Ledger | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        self._among, self._ledger, self._ready = among, ledger, ready
        most = max(1, most_connections() // among)

        def note(by: int) -> None:
            service.metrics.connected(by)
            if ledger is not None:
                ledger.change("connections", by)

        self.places = Places(most, note)
        # So many are accepted in a row, before any of them can be sent away again.
        in_a_row = max(8, min(BACKLOG, self.places.most // 4))
        # Two seconds beyond what runs may take to conclude, then connections are cut.
        super().__init__(uvicorn.Config(
            self._answer, interface="asgi3", log_level="warning", access_log=False, server_header=False, lifespan="on", ws="none",
            http=self.places.protocol(), backlog=in_a_row,  # type: ignore[arg-type]
            timeout_graceful_shutdown=int(STOP_WITHIN_S) + 2, h11_max_incomplete_event_size=64 * 1024,
        ))  # fmt: skip
        self._app, self._desk = service.app, service.desk
        self._leaving = False
        self._left_s: float | None = None
        self._acceptors: list[Acceptor] = []
        log_rarely()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        asyncio.get_running_loop().set_exception_handler(handled)
        await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        if self._ledger is None:
            await super().startup(sockets)
        else:
            await super().startup([])
            made = self.places.protocol()

            def protocol() -> asyncio.Protocol:
                return made(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

            self._acceptors = [Acceptor(one, protocol, self._ledger, self._among) for one in sockets or []]
        if self._ready is not None:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Leave, if that was asked for; return whether to stop."""
        if self._leaving:
            if self._left_s is None:
                self._left_s = time.monotonic()
                self._refuse()
                self._desk.leave()
            over = time.monotonic() - self._left_s > LEAVE_WITHIN_S
            if over or (self._desk.quiet and not self.server_state.connections):
                self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the runs, then the connections."""
        group = self._desk.group
        self._refuse()
        self._desk.close(to_others=self._leaving or (group is not None and group.lasting))
        await super().shutdown(sockets)

    def _refuse(self) -> None:
        """Accept no more connections."""
        for acceptor in self._acceptors:
            acceptor.close()
        self._acceptors.clear()

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
