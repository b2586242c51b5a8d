"""Connections of clients: bounded in number, and in the time that they may keep a place without asking anything.

Every open connection costs a file descriptor, and a process that has none left can neither accept anybody nor reach its
models. So at most half of them are given to clients; when all places are taken, the connection that was of no use for
longest makes room.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 15.0
"""Seconds within which the head of a request must be there, from the beginning of a connection or the response before."""

BODY_S = 60.0
"""Seconds within which the whole body of a request must be there."""

UNREAD_S = 60
"""Seconds for which a client may take nothing of what it is sent."""

_LOOK_S = 2.0
_WANTED_FILES = 65_536
_LEAST = 16


def most_connections() -> int:
    """Return how many connections clients may have; the process's limit on open files is raised as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WANTED_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    files = _WANTED_FILES if soft == resource.RLIM_INFINITY else soft
    return max(_LEAST, files // 2)


class Places:
    """The places of one server.

    Args:
        most: Connections at the same time.
        note: Told 1 for each place that is taken, and -1 for each that is free again.
    """

    def __init__(self, most: int, note: Callable[[int], object] = lambda by: None) -> None:
        self.most, self._note = most, note
        # The one that was not used for longest comes first.
        self._taken: dict[Connection, None] = {}

    def __len__(self) -> int:
        """Return how many are taken."""
        return len(self._taken)

    def take(self, connection: Connection) -> None:
        """Give a place to a new connection; if there is none, one for which nothing is being done has to go."""
        self._taken[connection] = None
        self._note(1)
        if len(self._taken) > self.most:
            # The new one itself, at the end, if all others are at work.
            leaving = next(one for one in self._taken if not one.at_work)
            self.leave(leaving)
            leaving.drop()

    def use(self, connection: Connection) -> None:
        """Note that a connection was of use just now."""
        if connection in self._taken:
            del self._taken[connection]
            self._taken[connection] = None

    def leave(self, connection: Connection) -> None:
        """Free a place."""
        if connection in self._taken:
            del self._taken[connection]
            self._note(-1)

    def protocol(self) -> Callable[..., asyncio.Protocol]:
        """Return what makes the protocol of each connection, for uvicorn."""

        def made(*arguments: Any, **named: Any) -> Connection:
            connection = Connection(*arguments, **named)
            connection.places = self
            return connection

        return made


class Connection(H11Protocol):
    """A connection that holds its place only while it is used."""

    places: Places
    _watch: asyncio.TimerHandle | None = None
    _began_s: float = 0.0
    _before: Any = None

    @property
    def at_work(self) -> bool:
        """A whole request was received and is being answered."""
        return self._answering and self.conn.their_state is not h11.SEND_BODY

    @property
    def _answering(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place."""
        super().connection_made(transport)
        _notice_the_dead(transport)
        self._began_s = self.loop.time()
        self._watch = self.loop.call_later(_LOOK_S, self._look)
        self.places.take(self)

    def data_received(self, data: bytes) -> None:
        """Take data; with the head of a request the time for its body begins."""
        super().data_received(data)
        if self.cycle is not self._before:
            self._before, self._began_s = self.cycle, self.loop.time()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._began_s = self.loop.time()
        self.places.use(self)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the place."""
        self.places.leave(self)
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)
        # Each of them holds this connection; without, it is freed at once and not by a collection some time later.
        self._watch = self.cycle = self._before = None  # type: ignore[assignment]

    def drop(self) -> None:
        """Close at once; nobody is answered on it."""
        self.transport.abort()

    def _look(self) -> None:
        most_s = BODY_S if self._answering else HEAD_S
        if not self.at_work and self.loop.time() - self._began_s >= most_s:
            self.drop()
            return
        self._watch = self.loop.call_later(_LOOK_S, self._look)


def _notice_the_dead(transport: asyncio.Transport) -> None:
    """Let the kernel end a connection whose client is gone without a word, or takes nothing of what it is sent."""
    connected = transport.get_extra_info("socket")
    if connected is None or connected.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with contextlib.suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_S * 1000)
