"""Servers that act as one on one database: any of them cancels and approves what another runs, and takes up what it left.

They tell each other through `agot.stores.serving`. A server with runs looks a few times a second what is asked of it; all
look now and then for runs whose server has ended. There is nothing else to run, and nothing to lose with a server.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from agot.errors import StoreError
from agot.ids import RunId
from agot.stores import serving
from agot.stores.database import SqlStore
from agot.stores.leases import BEAT_S
from agot.stores.serving import Asked, Decision, Served, Terms
from agot.web.complaints import LOGGER

ASKED_S = 0.25
"""Time between two looks at what others ask of this server, while it has runs."""

MOST_MOVES = 3
"""How often a run is taken up: one whose server ended as often may be what ends it."""


class Host(Protocol):
    """What has the runs of this server."""

    @property
    def served(self) -> Collection[RunId]:
        """The runs that wait or work here."""
        ...

    def cancel(self, run_id: RunId) -> bool:
        """Stop a run and return whether it is here."""
        ...

    def decide(self, run_id: RunId, call: str, decision: Decision) -> bool:
        """Answer for a call of a run and return whether it was waiting here."""
        ...

    async def take_up(self, run: Served) -> bool:
        """Go on with a run, unless another server does; return False if there is no room."""
        ...


@dataclass(slots=True)
class Group:
    """One server among those of a group.

    Attributes:
        name: That all servers of the group give.
        lasting: Others of the name may start later, so that what is left at a stop is left to them.
        clock: Seconds since the epoch.
        token: Names this server.
        roused: Set when this server got a run, so that nobody has to wait for the next look.
    """

    store: SqlStore
    name: str
    lasting: bool
    clock: Callable[[], float] = time.time
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    roused: asyncio.Event = field(default_factory=asyncio.Event)

    async def enter(self, run_id: RunId, terms: Terms) -> None:
        """Note that this server has a run.

        Raises:
            RunHeld: If another has it.
            StoreError: If it could not be noted.
        """
        await self.store.change(partial(
            serving.enter, run_id=run_id, terms=terms, group=self.name, token=self.token, now_s=self.clock()
        ))  # fmt: skip
        self.roused.set()

    async def leave(self, run_id: RunId, *, to_others: bool) -> None:
        """Note that this server has a run no longer; where that cannot be written, others notice that it is over."""
        with suppress(StoreError):
            await self.store.change(
                partial(serving.leave, run_id=run_id, token=self.token, to_others=to_others)
            )

    async def claim(self, run: Served) -> bool:
        """Take up a run, and return whether nobody else did before."""
        claimed = await self.store.change(partial(serving.claim, run=run, token=self.token))
        self.roused.set()
        return claimed

    @asynccontextmanager
    async def asking(self, run_id: RunId, asked: Asked) -> AsyncIterator[None]:
        """Let other servers answer for a call within the block; their word is used up when it is left."""
        await self.store.change(partial(serving.ask_approval, run_id=run_id, asked=asked))
        try:
            yield
        finally:
            await self.store.change(partial(serving.heed_approval, run_id=run_id, call=asked.call))

    def goes_on_with(self, run: Served) -> bool:
        """Tell whether a server of this group takes a run up, if its own has ended."""
        return run.group == self.name and run.terms.kept

    async def watch(self, host: Host) -> None:
        """Do what others ask, give signs of life and take up what was left, until this is cancelled."""
        looked_s = -BEAT_S
        while True:
            try:
                if host.served:
                    await self._heed(host)
                if time.monotonic() - looked_s >= BEAT_S:
                    looked_s = time.monotonic()
                    if host.served:
                        await self.store.change(partial(serving.beat, token=self.token))
                    await self._take_up(host)
            except StoreError as error:
                LOGGER.warning(f"agot: What other workers ask cannot be read for now: {error}")
            self.roused.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.roused.wait(), ASKED_S if host.served else BEAT_S)
                # Also where many come at once, looks are apart.
                await asyncio.sleep(ASKED_S)

    async def _heed(self, host: Host) -> None:
        cancelled, decided = await self.store.view(partial(serving.asked_of, token=self.token))
        for run_id in cancelled:
            host.cancel(run_id)
        for run_id, call, decision in decided:
            host.decide(run_id, call, decision)

    async def _take_up(self, host: Host) -> None:
        for run in await self.store.view(partial(serving.left_behind, group=self.name)):
            if not run.terms.kept or run.cancel_asked or run.over or run.moves >= MOST_MOVES:
                dropped = await self.store.change(partial(serving.drop, run=run))
                if dropped and run.moves >= MOST_MOVES and not run.over:
                    LOGGER.warning(
                        f"agot: The run {run.run_id} was taken up {MOST_MOVES} times, and each time its server ended. It is left "
                        f"alone now; to go on with it: agot resume {run.run_id}"
                    )  # fmt: skip
            elif not await host.take_up(run):
                return


async def find_served(store: SqlStore, names: Iterable[str]) -> dict[str, Served]:
    """Return those of some runs that servers of any group have, by id."""
    return await store.view(partial(serving.find, names=tuple(names)))

