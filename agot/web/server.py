"""The process that serves: binding, signals, and an end within seconds that leaves every run to be resumed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Generator
from types import FrameType

import uvicorn

from agot.errors import SetupError
from agot.web.complaints import handled, log_rarely
from agot.web.connections import Places, most_connections
from agot.web.guard import is_loopback
from agot.web.service import STOP_WITHIN_S, Service


def bound(host: str, port: int, token: str | None) -> socket.socket:
    """Return a listening socket.

    Args:
        port: 0 for any free one.

    Raises:
        SetupError: If others could reach it and there is no token, or the address cannot be had.
    """
    if not is_loopback(host) and not token:
        raise SetupError(
            f"Others can reach {host}, so a token is needed: --token or AGOT_SERVE_TOKEN. Without one, serve on 127.0.0.1."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise SetupError(f"The address {host}:{port} cannot be used: {why}. Choose another --port.") from None
    return listening


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM; runs are then stopped first, so that streams end by themselves."""

    def __init__(self, service: Service) -> None:
        self.places = Places(most_connections(), told=service.metrics.connected)
        # So many are accepted in a row, before any of them can be sent away again.
        in_a_row = max(8, min(512, self.places.most // 4))
        # Two seconds beyond what runs may take to conclude, then connections are cut.
        super().__init__(uvicorn.Config(
            service.app, log_level="warning", access_log=False, server_header=False, lifespan="on", ws="none",
            http=self.places.protocol(), backlog=in_a_row,  # type: ignore[arg-type]
            timeout_graceful_shutdown=int(STOP_WITHIN_S) + 2, h11_max_incomplete_event_size=64 * 1024,
        ))  # fmt: skip
        self._desk = service.desk
        log_rarely()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        asyncio.get_running_loop().set_exception_handler(handled)
        await super().serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the runs, then the connections."""
        self._desk.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take over the signals; unlike the original, a stop that was asked for is not an end by signal."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)
