"""Calls in flight at a server: as many as make it faster, found by trying.

More calls at once make a server faster up to its knee; beyond it they only wait in its queue, where they run into time
limits. The knee is looked for by throughput, not by latency: a server that batches grows slower with each call
at once and still gives more tokens a second.

The limit begins at what the settings allow. While calls wait for it, tokens a second are measured in windows of `WINDOW`
calls for each that may be in flight, from how long calls take (Little's law). Every `REST` windows a quarter fewer or a third more are tried for one window, by turns.
The larger of the two limits is kept if it gave at least `WORTH` of the tokens a second that it would give if they grew in
proportion, otherwise the smaller; a step that paid is followed by the next in its direction. A server that
says that it is full (HTTP 429 or 503) halves the limit at once.

Sources: the halving is that of additive increase and multiplicative decrease (Chiu and Jain 1989, "Analysis of the Increase
and Decrease Algorithms for Congestion Avoidance in Computer Networks"); the probing of neighbouring limits by
throughput is that of Welsh and Culler 2003, "Adaptive Overload Control for Busy Internet Servers", and Heiss and
Wagner 1991, "Adaptive Load Control in Transaction Processing Systems", whose incremental steps compare
the throughput of two loads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agot.errors import ModelError

WINDOW = 2
"""Calls of a window for each that may be in flight: fewer measure the chance of long and short answers."""
REST = 8
"""Windows between two tries, so that trying costs a few percent where the limit is right."""
WORTH = 0.25
"""Share of a proportional gain in throughput that a larger limit has to bring."""

_FULL = (429, 503)


@dataclass(slots=True)
class Passage:
    """One call in flight; whoever made it says how many tokens it brought."""

    began_s: float
    era: int
    tokens: int = 0


class Pace:
    """The limit of calls in flight at one endpoint, for one event loop.

    Args:
        most: The limit's bound, at least 1.
        clock: Seconds, monotonic.

    Attributes:
        limit: Calls that may be in flight now, in [1, most].
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self.most, self.limit = most, most
        self._clock = clock
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        # The limit that is compared with, and the tokens a second it gave; None before it was measured.
        self._base: tuple[int, float] | None = None
        self._rest, self._upwards = 0, False
        self._calls, self._tokens, self._seconds = 0, 0, 0.0
        # Counts changes of the limit: what a call took says something of the limit that it began under.
        self._era = 0

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[Passage]:
        """Wait until a call may be sent; the call has to end within the block."""
        if self._in_flight >= self.limit or self._waiting:
            await self._turn()
        else:
            self._in_flight += 1
        passage = Passage(self._clock(), self._era)
        try:
            yield passage
        except ModelError as error:
            if error.status in _FULL:
                self._back_off(passage)
            raise
        else:
            self._count(passage)
        finally:
            self._in_flight -= 1
            self._go_on()

    async def _turn(self) -> None:
        if not self._waiting:
            # Until now the limit kept nobody back, so what was counted says nothing of it.
            self._begin()
        ticket = asyncio.get_running_loop().create_future()
        self._waiting.append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                # It was let in just before it was given up.
                self._in_flight -= 1
            self._go_on()
            raise

    def _go_on(self) -> None:
        while self._waiting and self._in_flight < self.limit:
            ticket = self._waiting.popleft()
            if not ticket.done():
                self._in_flight += 1
                ticket.set_result(None)

    # -- the knee --------------------------------------------------------------------------------

    def _begin(self) -> None:
        # As many calls as may be in flight still met what the server had to do before.
        self._calls, self._tokens, self._seconds = -self.limit, 0, 0.0
        self._era += 1

    def _count(self, passage: Passage) -> None:
        """Count a call in that began under this limit, while others waited for it."""
        if not self._waiting or passage.era != self._era:
            return
        self._calls += 1
        if self._calls <= 0:
            return
        self._tokens += max(1, passage.tokens)
        self._seconds += self._clock() - passage.began_s
        if self._calls >= WINDOW * self.limit and self._seconds > 0:
            # Little's law: as many are in flight as the limit says, so this needs no time between ends, which come in bunches.
            rate, limit = self.limit * self._tokens / self._seconds, self.limit
            self._measured(rate)
            if self.limit != limit:
                self._begin()
            else:
                self._calls, self._tokens, self._seconds = 0, 0, 0.0

    def _measured(self, rate: float) -> None:
        """Take the tokens a second of a whole window, and say what is tried in the next."""
        if self._base is None or self._base[0] == self.limit:
            self._base = (self.limit, rate)
            self._rest -= 1
            if self._rest < 0:
                self._step()
            return
        if self._pays(self.limit, rate, *self._base):
            self._base = (self.limit, rate)
            self._step()
            return
        self.limit, self._rest, self._upwards = self._base[0], REST, not self._upwards

    def _pays(self, limit: int, rate: float, base: int, base_rate: float) -> bool:
        """Return whether a limit that was tried is better than the one before."""
        (small, slow), (large, quick) = sorted([(limit, rate), (base, base_rate)])
        larger_pays = quick >= slow * (1.0 + WORTH * (large / small - 1.0))
        return larger_pays == (limit == large)

    def _step(self) -> None:
        """Try the next limit; the other direction where there is none in this one."""
        for _ in range(2):
            tried = -(-self.limit * 4 // 3) if self._upwards else self.limit * 3 // 4
            tried = max(1, min(self.most, tried))
            if tried != self.limit:
                self.limit = tried
                return
            self._upwards = not self._upwards
        self._rest = REST

    def _back_off(self, passage: Passage) -> None:
        """Halve the limit, once for all calls that were refused together."""
        if passage.era != self._era:
            return
        self.limit = max(1, self.limit // 2)
        self._base, self._rest, self._upwards = None, REST, True
        self._begin()
