from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agot.ids import RunId
from agot.learning import Learnt
from agot.stores.database import SqlStore


class Lessons:
    """What runs teach each other through a database of their own."""

    def __init__(self, store: SqlStore) -> None:
        self._store, self._begun = store, set[RunId]()

    async def learnt(self, run_id: RunId) -> Learnt:
        """Return what a run may know; it begins when it is first named."""
        if run_id not in self._begun:
            self._begun.add(run_id)
            await self._store.begin_run(run_id, question="?", model="m", strategy="auto", seed=0)
        return self._store.learnt(run_id)


@pytest.fixture
async def lessons() -> AsyncIterator[Lessons]:
    """Lessons of no run yet."""
    async with await SqlStore.open("sqlite://") as store:
        yield Lessons(store)
