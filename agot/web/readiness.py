"""Whether questions can be answered now, as far as that can be told without paying for a call."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from sqlalchemy import text

from agot.errors import AgotError
from agot.models.gateway import Gateway
from agot.protocols import Models
from agot.stores.database import SqlStore
from agot.web.desk import Desk

KEPT_S = 2.0
"""Seconds for which what was found is told again: whoever asks often makes no work."""

_WITHIN_S = 1.5


class Readiness:
    """Tells what is in the way of a question.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, desk: Desk, store: SqlStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk, self._store, self._clock = desk, store, clock
        self._asking = asyncio.Lock()
        self._found: tuple[float, list[str]] | None = None

    async def lacking(self) -> list[str]:
        """Return what is in the way: "database", "model", "places"; nothing if a question would be taken now."""
        async with self._asking:
            if self._found is None or self._clock() - self._found[0] >= KEPT_S:
                checks = {"database": self._writable(), "model": _reachable(self._desk.reasoner.models)}
                able = await asyncio.gather(*checks.values())
                self._found = self._clock(), [name for name, one in zip(checks, able, strict=True) if not one]
            lacking = self._found[1]
        return lacking if self._desk.free else [*lacking, "places"]

    async def _writable(self) -> bool:
        # A transaction to write, that writes nothing.
        with contextlib.suppress(AgotError, TimeoutError):
            async with asyncio.timeout(_WITHIN_S):
                await self._store.change(lambda connection: connection.execute(text("SELECT 1")))
                return True
        return False


async def _reachable(models: Models) -> bool:
    """Tell whether a question would find its model: its settings are usable, and its server, if the settings name one, is there."""
    try:
        models.profile("fast")
        if not isinstance(models, Gateway):
            return True
        endpoint = models.endpoint("fast")
        models.key(endpoint)
    except AgotError:
        return False
    if not endpoint.addresses or endpoint.settings.proxy:
        # Who is behind a proxy, or at a provider's own address, only a call would tell.
        return True
    there = await asyncio.gather(*map(_connects, endpoint.addresses))
    return any(there)


async def _connects(address: str) -> bool:
    """Tell whether somebody listens at an address; nothing is asked there."""
    try:
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        async with asyncio.timeout(_WITHIN_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, ValueError, TimeoutError):
        return False
    writer.close()
    return True
