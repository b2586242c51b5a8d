"""A run is run by one process at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agot.errors import StoreError
from agot.events import Notice, RunFinished
from agot.ids import RunId
from agot.stores import leases
from agot.stores.database import SqlStore

LONG_AGO = "UPDATE runs SET heartbeat_s = heartbeat_s - 60"


async def test_a_run_at_work_cannot_be_resumed(store: SqlStore, url: str, begin: Any) -> None:
    run = await begin(store)
    assert (await store.run(run.id)).live
    async with await SqlStore.open(url) as other:
        for asked in (store, other):
            with pytest.raises(StoreError, match="is being run by process"):
                await asked.begin_attempt(run.id)


async def test_a_run_that_ended_can_be_resumed_and_its_outcome_is_open_again(
    store: SqlStore, begin: Any, resume: Any
) -> None:
    run = await begin(store)
    run.emit(RunFinished(status="budget", answer="perhaps 4", limit="calls", reason="spent"))
    await store.flush(run.id)
    again = await resume(store)
    stored = await store.run(run.id)
    assert (again.attempt, again.last_seq) == (2, 1)
    assert (stored.status, stored.answer, stored.limit, stored.finished_s) == ("running", "", "", None)


async def test_an_attempt_that_was_given_up_can_be_resumed_elsewhere(
    store: SqlStore, url: str, begin: Any
) -> None:
    run = await begin(store)
    await store.end_attempt(run.id)
    await store.end_attempt(run.id)
    async with await SqlStore.open(url) as other:
        assert await other.begin_attempt(run.id) == (2, 0)


async def test_a_cancelled_attempt_holds_nothing(store: SqlStore, begin: Any) -> None:
    await store.begin_run(RunId("01hz"), question="?", model="m", strategy="auto", seed=0)
    waiting = asyncio.create_task(store.begin_attempt(RunId("01hz")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not (await store.run("01hz")).live
    assert await store.begin_attempt(RunId("01hz")) == (2, 0)


async def test_only_a_run_that_exists_can_be_resumed(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="There is no run"):
        await store.begin_attempt(RunId("01hz"))


async def test_a_run_without_heartbeat_is_taken_over_and_the_late_owner_is_told(
    url: str, begin: Any, call: Any, execute: Any
) -> None:
    now_s = [0.0]
    async with await SqlStore.open(url, clock=lambda: now_s[0]) as slow, await SqlStore.open(url) as other:
        run = await begin(slow)
        execute(url, LONG_AGO)
        assert await other.begin_attempt(run.id) == (2, 0)
        now_s[0] += leases.BEAT_S
        run.emit(Notice(level="info", text="still here?"))
        with pytest.raises(StoreError, match="taken over by another process"):
            await slow.flush(run.id)
        with pytest.raises(StoreError, match="taken over by another process"):
            await slow.put_call(run.id, call())
        assert len(run.faults) == 1
        assert await other.events(run.id) == []
        await slow.end_attempt(run.id)
        assert (await other.run(run.id)).live


async def test_the_heartbeat_goes_on_while_nothing_is_written(
    url: str, begin: Any, execute: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BEAT_S", 0.02)
    async with await SqlStore.open(url) as store:
        run = await begin(store)
        execute(url, LONG_AGO)
        for _ in range(200):
            if (await store.run(run.id)).live:
                break
            await asyncio.sleep(0.01)
        else:
            pytest.fail("no heartbeat in two seconds")


async def test_the_run_of_a_process_that_may_live_elsewhere_waits_for_its_heartbeat(
    store: SqlStore, url: str, begin: Any, execute: Any
) -> None:
    run = await begin(store)
    dead = 2**22 + 1  # above the highest process id of Linux
    execute(url, f"UPDATE runs SET owner_pid = {dead}, owner_host = 'elsewhere'")
    with pytest.raises(StoreError, match=f"process {dead} on elsewhere"):
        await store.begin_attempt(run.id)


async def test_the_run_of_a_dead_process_of_this_host_is_taken_over_at_once(
    store: SqlStore, url: str, begin: Any, execute: Any
) -> None:
    run = await begin(store)
    execute(url, f"UPDATE runs SET owner_pid = {2**22 + 1}")
    assert (await store.begin_attempt(run.id))[0] == 2


async def test_a_run_is_begun_and_held_in_one_step_and_only_once(store: SqlStore, url: str) -> None:
    asked: Any = {"question": "How many?", "model": "m", "strategy": "auto", "seed": 7}
    await store.start_run(RunId("01hz"), **asked)
    stored = await store.run("01hz")
    assert (stored.live, stored.attempt, stored.question, stored.seed) == (True, 1, "How many?", 7)
    with pytest.raises(StoreError, match="already a run"):
        await store.start_run(RunId("01hz"), **asked)
    await store.end_attempt(RunId("01hz"))
    async with await SqlStore.open(url) as other:
        assert await other.begin_attempt(RunId("01hz")) == (2, 0)
