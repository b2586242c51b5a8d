"""Several servers of the same model: each call goes to the one with the fewest in flight; one that is gone is left out.

litellm has a router for this. It costs more for each call than the call itself, and keeps its own counts of limits and
retries; what is needed beside our own is a choice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from agot.errors import ModelUnreachable

T = TypeVar("T")

LEFT_OUT_S = 30.0
"""How long a server that did not answer is asked only if no other is left."""


class Replicas:
    """The servers of one role.

    Args:
        addresses: Their base addresses, at least one; the first is preferred among equals.
        clock: Seconds, monotonic.
    """

    def __init__(self, addresses: Sequence[str], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._in_flight = dict.fromkeys(addresses, 0)
        self._gone_until_s = dict.fromkeys(addresses, 0.0)

    def choose(self, but: Sequence[str] = ()) -> str:
        """Return where to send a call now.

        Args:
            but: Addresses that this call has tried; not all.
        """
        now_s = self._clock()
        left = [address for address in self._in_flight if address not in but]
        return min(left, key=lambda address: (self._gone_until_s[address] > now_s, self._in_flight[address]))

    async def send(self, send: Callable[[str], Awaitable[T]]) -> T:
        """Return what one server answers; those that are gone or fail are passed over.

        Args:
            send: Makes the call at an address.

        Raises:
            ModelUnreachable: If none answers; the last one's.
            ModelError: As `send` does, if a server answers with a fault that another would have, too.
        """
        tried: list[str] = []
        while True:
            address = self.choose(tried)
            self._in_flight[address] += 1
            try:
                reply = await send(address)
            except ModelUnreachable:
                self._gone_until_s[address] = self._clock() + LEFT_OUT_S
                tried.append(address)
                if len(tried) == len(self._in_flight):
                    raise
                continue
            finally:
                self._in_flight[address] -= 1
            self._gone_until_s[address] = 0.0
            return reply
