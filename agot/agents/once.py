"""Work that several want at the same time, and that one of them does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Results by key, each made by whoever asks first, while others wait.

    A future, not a task for each: most results are wanted by one asker alone, and a task costs more.
    """

    def __init__(self) -> None:
        self._known: dict[K, asyncio.Future[tuple[V] | None]] = {}

    def has(self, key: K) -> bool:
        """Return whether the result is there."""
        known = self._known.get(key)
        return known is not None and known.done()

    def results(self) -> list[V]:
        """Return all results that are there, in the order in which they were asked for."""
        done = [future.result() for future in self._known.values() if future.done()]
        return [one[0] for one in done if one is not None]

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """Return the result for a key; `make` is called if nobody has made it or is at it.

        A fault is raised to all who wait, and then forgotten: who asks later tries anew. If the one who is at it is
        cancelled, one of those who wait takes over; one who waits can be cancelled without harm to the others.
        """
        while (making := self._known.get(key)) is not None:
            # A cancelled waiter cancels what it waits for, unless that is shielded.
            made = await asyncio.shield(making)
            if made is not None:
                return made[0]
        making = self._known[key] = asyncio.get_running_loop().create_future()
        try:
            value = await make()
        except BaseException as error:
            del self._known[key]
            if isinstance(error, Exception):
                making.set_exception(error)
                making.exception()  # whoever else waits is told, but nobody has to wait
            else:
                making.set_result(None)
            raise
        making.set_result((value,))
        return value
