"""A gate before a server that holds few models at a time: calls are grouped by model, so that each is loaded once.

Without it, calls of many thoughts for several models arrive mixed, and such a server would load a model for nearly
every one of them. The gate lets calls for a loaded model pass, and changes a model only when none of its calls is in
flight. It knows of the calls of one `Gates` in one event loop: all runs of a reasoner, but no other process.

So that nobody starves, while any call waits for a model at most `MOST_AHEAD` later calls go past it before a model
is changed; then the model whose call has waited longest is loaded, and all calls waiting for it begin. A call hence
waits for at most one turn of each other model, and a turn is what had waited when it began and `MOST_AHEAD` calls more.

Source: Chen et al. 2025, "Symbolic Mixture-of-Experts", arXiv 2503.05641, groups a batch by model beforehand; here
calls are grouped as they come.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

MOST_AHEAD = 64
"""Calls that may go past one that waits, in one turn: as many as a server is sent at once by default."""


class Gate:
    """The gate of one server, for one event loop.

    Args:
        most: Models that the server holds at the same time, at least 1.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        # Calls in flight by loaded model; the least recently begun first, which a server drops first.
        self._loaded: dict[str, int] = {}
        # Calls that wait by model; the model that began to wait first stands first.
        self._waiting: dict[str, dict[asyncio.Future[None], None]] = {}
        self._ahead = 0

    @asynccontextmanager
    async def passing(self, model: str) -> AsyncIterator[None]:
        """Wait until a call may be sent to this model; the call has to end within the block."""
        if self._may_pass(model):
            self._ahead = self._ahead + 1 if self._waiting else 0
            self._begin(model)
        else:
            await self._turn(model)
        try:
            yield
        finally:
            self._loaded[model] -= 1
            self._go_on()

    def _may_pass(self, model: str) -> bool:
        if not self._waiting:
            return model in self._loaded or self._has_room()
        return model in self._loaded and self._ahead < MOST_AHEAD

    def _has_room(self) -> bool:
        return sum(in_flight > 0 for in_flight in self._loaded.values()) < self.most

    def _begin(self, model: str) -> None:
        if model not in self._loaded:
            self._ahead = 0
            while len(self._loaded) >= self.most:
                del self._loaded[next(held for held, in_flight in self._loaded.items() if not in_flight)]
        self._loaded[model] = self._loaded.pop(model, 0) + 1

    async def _turn(self, model: str) -> None:
        ticket = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(model, {})[ticket] = None
        try:
            await ticket
        except asyncio.CancelledError:
            if not ticket.cancelled():
                # It was let in just before it was given up.
                self._loaded[model] -= 1
            self._waiting.get(model, {}).pop(ticket, None)
            if model in self._waiting and not self._waiting[model]:
                del self._waiting[model]
            self._go_on()
            raise

    def _go_on(self) -> None:
        """Let in whoever may go now, in the order of waiting."""
        while self._waiting:
            model = next(iter(self._waiting))
            if model not in self._loaded and not self._has_room():
                return
            for ticket in self._waiting.pop(model):
                if not ticket.done():
                    self._begin(model)
                    ticket.set_result(None)


class Gates:
    """The gates of all servers that need one; they stand as long as their event loop does."""

    def __init__(self) -> None:
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Gate]] = WeakKeyDictionary()

    def of(self, server: str, most: int) -> Gate:
        """Return the server's gate for the running event loop.

        Args:
            most: Models that the server holds; if it was said otherwise before, what was said last counts.
        """
        gates = self._gates.setdefault(asyncio.get_running_loop(), {})
        gate = gates.setdefault(server, Gate(most))
        gate.most = most
        return gate
