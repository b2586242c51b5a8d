"""A database that cannot be written for a while: what waits is written after all, and no side effect begins meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Engine, event

import agot
from agot.errors import LeaseLost, StoreError
from agot.events import Notice, RunFinished
from agot.protocols import CallRecord, ModelRequest
from agot.settings import RoleSettings, Settings
from agot.stores.database import SqlStore
from agot.tools.tool import ToolRequest
from tests.scripted import ScriptedModels

LONG_AGO = "UPDATE runs SET heartbeat_s = heartbeat_s - 60"


class Lock:
    """Another process that holds the write lock."""

    def __init__(self, path: Path) -> None:
        self._other = sqlite3.connect(path, isolation_level=None)

    def take(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def leave(self) -> None:
        self._other.execute("ROLLBACK")


def started(call: Any, key: str) -> CallRecord:
    record: CallRecord = call(key, reply=None)
    return record.model_copy(update={"kind": "tool"})


async def until(store: SqlStore, run: Any, kind: str) -> None:
    for _ in range(500):
        if kind in run.faults[-1:]:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"nobody was told {kind}: {run.faults}")


async def test_what_waited_for_a_lock_is_written_in_order_once_it_is_gone(
    sqlite_url: str, begin: Any, call: Any, tmp_path: Path
) -> None:
    async with await SqlStore.open(sqlite_url, busy_timeout_s=0.05) as store:
        run = await begin(store)
        lock = Lock(tmp_path / "agot.db")
        lock.take()
        run.emit(Notice(level="info", text="one"))
        for key in ("a:0", "b:0"):
            with pytest.raises(StoreError, match="is locked"):
                await store.put_call(run.id, call(key))
        with pytest.raises(StoreError, match="is locked"):
            await store.put_call(run.id, started(call, "pay:0"), effect=True)
        run.emit(Notice(level="info", text="two"))
        assert len(run.faults) == 1 and "is locked" in run.faults[0], "said once"
        lock.leave()
        await until(store, run, "None")
        await store.flush(run.id)
        assert [one.seq for one in await store.events(run.id)] == [1, 2]
        assert [one.key for one in await store.load_calls(run.id)] == ["a:0", "b:0"], "no side effect begins late"
        await store.put_call(run.id, started(call, "pay:0"), effect=True)
        assert len(await store.load_calls(run.id)) == 3


async def test_the_end_of_a_run_that_met_a_lock_is_written_when_the_store_closes(
    sqlite_url: str, begin: Any, tmp_path: Path
) -> None:
    store = await SqlStore.open(sqlite_url, busy_timeout_s=0.05)
    run = await begin(store)
    lock = Lock(tmp_path / "agot.db")
    lock.take()
    run.emit(RunFinished(status="answered", answer="4"))
    with pytest.raises(StoreError):
        await store.flush(run.id)
    await store.end_attempt(run.id)
    lock.leave()
    await store.close()
    async with await SqlStore.open(sqlite_url) as again:
        stored = await again.run(run.id)
        assert (stored.status, stored.answer, stored.live) == ("answered", "4", False)


async def test_a_store_that_stays_locked_closes_all_the_same(sqlite_url: str, begin: Any, tmp_path: Path) -> None:
    store = await SqlStore.open(sqlite_url, busy_timeout_s=0.05)
    run = await begin(store)
    lock = Lock(tmp_path / "agot.db")
    lock.take()
    run.emit(RunFinished(status="answered", answer="4"))
    await asyncio.wait_for(store.close(), 10)
    lock.leave()


async def test_a_side_effect_does_not_begin_in_a_run_that_another_process_took_over(
    url: str, begin: Any, call: Any, execute: Any
) -> None:
    async with await SqlStore.open(url) as slow, await SqlStore.open(url) as other:
        run = await begin(slow)
        execute(url, LONG_AGO)
        await other.begin_attempt(run.id)
        # Long before the next heartbeat of the slow one is due.
        with pytest.raises(LeaseLost, match="taken over"):
            await slow.put_call(run.id, started(call, "pay:0"), effect=True)
        with pytest.raises(LeaseLost):
            await slow.put_call(run.id, call("a:0"))
        assert await other.load_calls(run.id) == []
        await asyncio.sleep(0)
        assert len(run.faults) == 1


async def test_a_side_effect_is_recorded_safe_from_a_power_cut(sqlite_url: str, begin: Any, call: Any) -> None:
    modes: list[int] = []

    def look(connection: sqlalchemy.Connection) -> None:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        modes.append(raw.cursor().execute("PRAGMA synchronous").fetchone()[0])

    async with await SqlStore.open(sqlite_url) as store:
        run = await begin(store)
        event.listen(Engine, "commit", look)
        try:
            await store.put_call(run.id, started(call, "pay:0"), effect=True)
            await store.put_call(run.id, call("a:0"))
        finally:
            event.remove(Engine, "commit", look)
    normal, full = 1, 2
    assert modes == [full, normal]


async def test_postgresql_waits_for_its_disk_where_a_side_effect_is_recorded(
    empty_postgres_url: str, begin: Any, call: Any, execute: Any
) -> None:
    seen: list[str] = []

    def look(connection: sqlalchemy.Connection) -> None:
        seen.append(str(connection.exec_driver_sql("SHOW synchronous_commit").scalar()))

    quick = f"{empty_postgres_url}&options=-csynchronous_commit%3Doff"
    async with await SqlStore.open(quick) as store:
        run = await begin(store)
        event.listen(Engine, "commit", look)
        try:
            await store.put_call(run.id, started(call, "pay:0"), effect=True)
            await store.put_call(run.id, call("a:0"))
        finally:
            event.remove(Engine, "commit", look)
    assert seen == ["on", "off"]


async def test_a_run_that_is_taken_over_makes_no_further_call(
    sqlite_url: str, execute: Any
) -> None:
    paid: list[str] = []

    @agot.tool(side_effects=True)
    async def pay(name: str) -> str:
        """Pay somebody."""
        paid.append(name)
        return "paid"

    async with await SqlStore.open(sqlite_url) as other:

        async def steal(request: ToolRequest) -> bool:
            execute(sqlite_url, LONG_AGO)
            await other.begin_attempt(run_ids[0])
            return True

        run_ids: list[Any] = []
        models = ScriptedModels(
            lambda request: '{"thought": "", "calls": [{"name": "pay", "arguments": {"name": "alice"}}]}',
            dialect="standard",
        )
        settings = Settings(database_url=sqlite_url, roles={"fast": RoleSettings(model="scripted/model")})
        async with agot.Reasoner(settings, models=models, tools=[pay], approve=steal) as reasoner:
            result = await reasoner.ask(
                "Pay Alice.", strategy="tools", on_event=lambda event: run_ids.append(event.run_id)
            )
        assert (result.status, result.error, paid) == ("failed", "LeaseLost", [])
        assert "taken over by another process" in result.reason and len(models.requests) == 1
        assert (await other.run(run_ids[0])).status == "running", "the other process goes on with it"


@pytest.mark.parametrize("first", range(0, 9))
async def test_a_run_is_answered_and_saved_wherever_the_disk_is_full_for_a_while(
    sqlite_url: str, first: int
) -> None:
    """From its `first` commit after its beginning on, four commits fail."""
    commits = 0

    def fail(connection: sqlalchemy.Connection) -> None:
        nonlocal commits
        if not connection.get_execution_options().get("agot_write"):
            return
        commits += 1
        if first < commits - begun <= first + 4 and begun:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise sqlalchemy.exc.OperationalError("COMMIT", None, error)

    begun = 0
    paid: list[str] = []

    @agot.tool(side_effects=True)
    async def pay(name: str) -> str:
        """Pay somebody."""
        paid.append(name)
        return "paid"

    async def yes(request: ToolRequest) -> bool:
        return True

    def reply(request: ModelRequest) -> str:
        if "-> <untrusted" in request.messages[-1].content or "gave" in request.messages[-1].content:
            return '{"thought": "", "answer": "done"}'
        return '{"thought": "", "calls": [{"name": "pay", "arguments": {"name": "alice"}}]}'

    def on_event(one: agot.AnyEvent) -> None:
        nonlocal begun
        if one.kind == "run_started":
            begun = commits

    settings = Settings(database_url=sqlite_url, roles={"fast": RoleSettings(model="scripted/model")})
    event.listen(Engine, "commit", fail)
    try:
        models = ScriptedModels(reply, dialect="standard")
        async with agot.Reasoner(settings, models=models, tools=[pay], approve=yes) as reasoner:
            result = await reasoner.ask("Pay Alice.", strategy="tools", on_event=on_event)
            begun = 0
    finally:
        event.remove(Engine, "commit", fail)
    assert result.status == "answered" and len(paid) <= 1
    async with await SqlStore.open(sqlite_url) as store:
        assert (await store.run(result.run_id)).status == "answered"
        calls = await store.load_calls(result.run_id)
        assert [one.state for one in calls if one.kind == "tool"] == ["done"] * len(paid)
        seqs = [one.seq for one in await store.events(result.run_id)]
        assert seqs == sorted(set(seqs)) and seqs[0] == 1
