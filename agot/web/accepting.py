"""Connections of one socket, shared evenly among the workers that all listen to it.

The kernel wakes every worker for a new connection, and the quickest would take all that come at once. So whoever has more
than its share looks again a moment later, and takes what nobody else has taken by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from agot.web.complaints import accept_failed
from agot.web.counts import Ledger

_YIELD_S = 0.003
_PAUSE_S = 1.0
"""Time without accepting after the system refused to: files or memory are short."""


class Acceptor:
    """Accepts connections for one worker, until it is closed.

    Args:
        listening: The socket.
        protocol: Makes the protocol of a connection.
        ledger: Counts the connections of all workers.
        among: How many workers there are.
    """

    def __init__(
        self, listening: socket.socket, protocol: Callable[[], asyncio.Protocol], ledger: Ledger, among: int
    ) -> None:
        self._listening, self._protocol, self._ledger, self._among = listening, protocol, ledger, among
        self._loop = asyncio.get_running_loop()
        self._later: asyncio.TimerHandle | None = None
        self._made: set[asyncio.Task[object]] = set()
        listening.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Accept nothing more; the socket stays open."""
        if self._later is not None:
            self._later.cancel()
        self._loop.remove_reader(self._listening)

    def _listen(self) -> None:
        self._loop.add_reader(self._listening, self._come)

    def _come(self) -> None:
        if self._ledger.own("connections") * self._among > self._ledger.total("connections"):
            self._pause(_YIELD_S)
        else:
            self._accept()

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening)
        self._later = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._listen()
        self._accept()

    def _accept(self) -> None:
        try:
            connected, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            # Another worker was quicker, or the client is gone.
            return
        except OSError as error:
            accept_failed(error)
            self._pause(_PAUSE_S)
            return
        connected.setblocking(False)
        task = self._loop.create_task(self._connected(connected))
        self._made.add(task)
        task.add_done_callback(self._made.discard)

    async def _connected(self, connected: socket.socket) -> None:
        with contextlib.suppress(OSError):
            await self._loop.connect_accepted_socket(self._protocol, connected)
