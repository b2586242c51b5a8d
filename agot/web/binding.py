"""The address that a server has, and who can reach it. Imports nothing heavy: the parent of workers does no more."""

from __future__ import annotations

import ipaddress
import socket

from agot.errors import SetupError

BACKLOG = 512
"""Connections that may wait to be accepted."""


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a server that is bound there."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


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
