"""`SqlStore`: runs, events, the journal and lessons in SQLite or PostgreSQL.

Implements `agot.protocols.JournalStore`; `learnt` gives what a run may know of others.

Use:

    store = await SqlStore.open("sqlite:///runs.db")
    await store.begin_run(run_id, question=..., model=..., strategy=..., seed=0)
    attempt, last_seq = await store.begin_attempt(run_id)
    stream = EventStream(run_id, clock, after_seq=last_seq, attempt=attempt)
    stream.add_sink(store.sink)
    journal = Journal(run_id, store, await store.load_calls(run_id), clock=clock)
    ...
    await store.flush(run_id)
    await store.end_attempt(run_id)  # in a finally: another process may then resume the run
    await store.close()
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection

from agot.errors import StoreError
from agot.events import AnyEvent, TextStreamed
from agot.ids import RunId
from agot.protocols import CallRecord
from agot.stores import leases, runs
from agot.stores.connection import READERS, Database, open_database
from agot.stores.facts import (
    Fact,
    RememberedFacts,
    fact_rows,
    facts_now,
    keep_facts,
    list_facts,
    see_facts,
    seen_facts,
    seen_row,
)
from agot.stores.learning import LearntInSql, shelf
from agot.stores.memory_erase import rewrite
from agot.stores.rows import (
    StoredEdge,
    StoredRun,
    StoredThought,
    StoredVerdict,
    storable,
    without_database_url,
)
from agot.stores.sessions import Sessions
from agot.stores.writer import Hold, Writer
from agot.thought import RunStatus

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0
"""How long to wait for another process's lock; shorter than a lease, which must be renewed meanwhile."""


def _ignore(fault: StoreError | None) -> None:
    """Take a fault and do nothing."""


class SqlStore:
    """Runs, their events and their calls in one database. Use it from any event loop of the process.

    Every method that reads or writes raises `StoreError` if the database cannot be used: it is full, read-only,
    locked for too long, damaged or unreachable. Reads see what is committed: `flush` first to
    see one's own latest events.

    Attributes:
        readers: Told every event of every run that is kept here by this process, on the event loop.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float]) -> None:
        """Use `SqlStore.open`, which makes and migrates the tables."""
        self._database, self._clock = database, clock
        self._token = secrets.token_hex(8)
        self._writer = Writer(database, clock=clock, token=self._token)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="agot-reader")
        self._insert_begun = leases.begun_run(database.writing.dialect)
        self._fresh: set[RunId] = set()
        self._facts = RememberedFacts()
        self._lessons = shelf(
            database.writing.dialect, read=self._read, do=self._writer.do, write=self._writer.write,
            later=self._writer.later, clock=clock,
        )  # fmt: skip
        self.readers: list[Callable[[AnyEvent], None]] = []
        self._closed = False
        atexit.register(self._close)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Callable[[], float] = time.time,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        to_write: bool = True,
    ) -> Self:
        """Open a database; make it, its folder and its tables if they do not exist; migrate it if it is older.

        Args:
            url: `sqlite:///path`, `sqlite://` for one in memory, or `postgresql://user:password@host/name`.
            clock: Seconds since the epoch.
            busy_timeout_s: How long to wait for another process's lock.
            to_write: False lets a read-only or locked database be opened, to look at its runs.

        Raises:
            StoreError: If it cannot be used; says what is wrong, where, and what to do.
        """
        database = await asyncio.to_thread(
            open_database, url, busy_timeout_s=busy_timeout_s, to_write=to_write
        )
        return cls(database, clock=clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Write what is queued, give back the leases, and close. A second call does nothing."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self._close)
        self._writer.stop()
        self._readers.shutdown()
        self._database.close()

    @property
    def where(self) -> str:
        """The database in words, without passwords."""
        return self._database.where

    # -- running ---------------------------------------------------------------------------------

    async def begin_run(
        self, run_id: RunId, *, question: str, model: str, strategy: str, seed: int, settings_json: str = "{}"
    ) -> None:
        """Insert a run. `begin_attempt` starts it.

        Args:
            settings_json: A JSON object; a `database_url` in it is left out, because it may hold a password.

        Raises:
            StoreError: If there is a run with this id already.
            ValueError: If `settings_json` is not a JSON object.
        """
        row = self._asked(run_id, question, model, strategy, seed, settings_json)
        await self._writer.do(lambda connection: leases.insert_run(connection, row))

    def _asked(
        self, run_id: RunId, question: str, model: str, strategy: str, seed: int, settings_json: str
    ) -> dict[str, Any]:
        return {
            "run_id": run_id, "question": storable(question), "model": model, "strategy": strategy, "seed": seed,
            "settings_json": without_database_url(settings_json), "created_s": self._clock(),
        }  # fmt: skip

    async def start_run(
        self, run_id: RunId, *, question: str, model: str, strategy: str, seed: int, settings_json: str = "{}",
        on_fault: Callable[[StoreError | None], None] = _ignore,
    ) -> None:  # fmt: skip
        """Insert a run and start its first attempt in one transaction: `begin_run` and `begin_attempt` in one.

        Raises:
            StoreError: If there is a run with this id already.
            ValueError: If `settings_json` is not a JSON object.
        """
        row = self._asked(run_id, question, model, strategy, seed, settings_json) | leases.first_lease(self._token)

        def insert(connection: Connection) -> None:
            if not self._insert_begun(connection, [row]):
                raise leases.taken(run_id)

        await self._held(run_id, insert, on_fault)
        self._fresh.add(run_id)

    async def begin_attempt(
        self, run_id: RunId, *, on_fault: Callable[[StoreError | None], None] = _ignore
    ) -> tuple[int, int]:
        """Start a run, or take over one that nobody runs to resume it. Its status becomes "running".

        The run is held, with heartbeats, until it finishes, `end_attempt` or `close`.

        Args:
            on_fault: Told on this event loop why the run cannot be stored: for good (`LeaseLost`, if another process has
                taken it over), or for now; then it is told None when all that waited is written.

        Returns:
            The number of the attempt, and of the last stored event: `EventStream(after_seq=...)`.

        Raises:
            StoreError: If there is no such run, or a live process is running it.
        """
        return await self._held(
            run_id, lambda connection: leases.take(connection, run_id, token=self._token), on_fault
        )

    async def _held(
        self, run_id: RunId, take: Callable[[Connection], T], on_fault: Callable[[StoreError | None], None]
    ) -> T:
        """Do what takes the lease of a run; if the caller is cancelled meanwhile, nobody holds it."""
        hold = Hold(run_id, asyncio.get_running_loop(), on_fault)
        taking = asyncio.create_task(self._writer.do(take, hold=hold))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            # The writer takes the lease all the same, and nobody else would give it back.
            with contextlib.suppress(StoreError):
                await taking
                await self._writer.release(run_id)
            raise

    async def end_attempt(self, run_id: RunId) -> None:
        """Write what is queued and let others resume the run. Harmless after it has finished.

        Never raises StoreError, so that it can stand in a `finally`: `flush(run_id)` tells of faults.
        """
        self._fresh.discard(run_id)
        self._facts.forget(run_id)
        await self._writer.release(run_id)

    def sink(self, event: AnyEvent) -> None:
        """Queue an event of a run; returns at once. A reader for `EventStream.add_sink`.

        If it cannot be stored for now it waits in memory, and the run's `on_fault` is told. If it cannot be stored at
        all, nothing more of the run is, and `put_call` and `flush` of this run raise StoreError.
        """
        if isinstance(event, TextStreamed):
            return
        self._writer.emit(event)
        for read in self.readers:
            read(event)

    async def flush(self, run_id: RunId | None = None) -> None:
        """Return when all events queued so far are written.

        Raises:
            StoreError: If events of `run_id` could not be; without `run_id`, of any run at work.
        """
        await self._writer.do(_nothing)
        self._writer.raise_fault(run_id)

    async def put_call(self, run_id: RunId, record: CallRecord, *, effect: bool = False) -> None:
        """Insert a call, or replace the one with the same key; durable when this returns.

        Args:
            effect: The call has side effects: it is written only while this store holds the run, safe from a power cut,
                and if it is "started", now or not at all.

        Raises:
            LeaseLost: If another process has taken the run over.
            StoreError: If it could not be written, or earlier events of the run could not. While the database cannot
                be written at all, it waits in memory with the events.
        """
        await self._writer.put(run_id, record, effect=effect)

    def learnt(self, run_id: RunId) -> LearntInSql:
        """Return what a run that was begun here may know from others, and where it tells its outcomes."""
        return LearntInSql(run_id, self._lessons, fresh=run_id in self._fresh)

    def sessions(self) -> Sessions:
        """Return the conversations of this database."""
        return Sessions(read=self._read, write=self._writer.do, clock=self._clock)

    async def keep_facts(self, server: str, model: str, facts: Mapping[str, Any]) -> None:
        """Keep what was measured of a model at a server; facts of the same names are replaced, others stay.

        Args:
            server: The server, such as `agot.models.pool.Endpoint.server` names it.
            model: The model's name there.
            facts: JSON values by name.

        Raises:
            StoreError: If they could not be kept.
            ValueError: If a value is not a JSON value.
        """
        rows = fact_rows(server, model, facts, at_s=self._clock())
        await self._writer.do(lambda connection: keep_facts(connection, rows))
        self._facts.changed()

    async def seen_facts(self, run_id: RunId, server: str, model: str) -> dict[str, Any] | None:
        """Return what a run was told of a model when it first asked; None if it has not asked yet."""
        if run_id in self._fresh:
            return self._facts.told(run_id, (server, model))
        return await self._read(lambda connection: seen_facts(connection, run_id, server, model))

    async def see_facts(self, run_id: RunId, server: str, model: str) -> dict[str, Any]:
        """Tell a run what is known of a model: JSON values by name, the same at every later time.

        Raises:
            StoreError: If it could not be kept what the run was told.
        """
        if run_id not in self._fresh:
            return await self._writer.do(lambda connection: see_facts(connection, run_id, server, model))
        place = (server, model)
        told = self._facts.told(run_id, place)
        if told is None:

            async def read() -> dict[str, Any]:
                return await self._read(lambda connection: facts_now(connection, server, model))

            now = await self._facts.now(place, read)
            # Who asked side by side is told the same.
            told = self._facts.told(run_id, place)
            if told is None:
                told = now
                self._facts.tell(run_id, place, told)
                # Nobody waits for it: the calls that follow from it are committed after it.
                self._writer.later(run_id, self._lessons.add_seen, [seen_row(run_id, server, model, told)])
        return told

    # -- reading ---------------------------------------------------------------------------------

    async def load_calls(self, run_id: RunId) -> list[CallRecord]:
        """Return all calls of a run, oldest first; none if there is no such run."""
        return await self._read(lambda connection: runs.list_calls(connection, run_id))

    async def runs(
        self, *, limit: int | None = 50, status: RunStatus | None = None, search: str = ""
    ) -> list[StoredRun]:
        """Return runs, newest first.

        Args:
            limit: At most so many; None for all.
            status: Only runs that stand so.
            search: Only runs with this text in question or answer, in any case.
        """
        return await self._read(
            lambda connection: runs.list_runs(connection, limit=limit, status=status, search=search)
        )

    async def find(self, prefix: str) -> RunId:
        """Return the id of the one run whose id begins with `prefix`.

        Raises:
            StoreError: If there is none, or more than one.
        """
        return await self._read(lambda connection: runs.find(connection, prefix))

    async def run(self, run_id: str) -> StoredRun:
        """Return a run, by its id or a beginning of it that no other id has.

        Raises:
            StoreError: If there is none, or more than one.
        """
        return await self._read(lambda connection: runs.get_run(connection, runs.find(connection, run_id)))

    async def events(self, run_id: RunId, *, after_seq: int = 0, limit: int | None = None) -> list[AnyEvent]:
        """Return the stored events of a run after number `after_seq`, in order."""
        return await self._read(
            lambda connection: runs.list_events(connection, run_id, after_seq=after_seq, limit=limit)
        )

    async def thoughts(self, run_id: RunId) -> list[StoredThought]:
        """Return the latest state of each thought of a run, outer graphs first."""
        return await self._read(lambda connection: runs.list_thoughts(connection, run_id))

    async def edges(self, run_id: RunId) -> list[StoredEdge]:
        """Return the edges of a run."""
        return await self._read(lambda connection: runs.list_edges(connection, run_id))

    async def verdicts(self, run_id: RunId) -> list[StoredVerdict]:
        """Return what the checks said, in order; of each thought only the last attempt."""
        return await self._read(lambda connection: runs.list_verdicts(connection, run_id))

    async def calls(self, run_id: RunId) -> list[CallRecord]:
        """Return the journal of a run, oldest call first; another name of `load_calls`."""
        return await self.load_calls(run_id)

    async def export(self, run_id: RunId) -> dict[str, Any]:
        """Return everything of a run as JSON values, in a versioned format.

        Raises:
            StoreError: If there is no such run.
        """
        return await self._read(lambda connection: runs.export(connection, run_id))

    async def facts(self, server: str, model: str) -> dict[str, Any]:
        """Return what is known of a model at a server: JSON values by name; empty if nothing is."""
        found = await self._read(lambda connection: list_facts(connection, server, model))
        return {fact.name: fact.value for fact in found}

    async def all_facts(self) -> list[Fact]:
        """Return what is known of all models, by server, model and name."""
        return await self._read(list_facts)

    async def view(self, query: Callable[[Connection], T]) -> T:
        """Return what a query of `agot.stores.views`, `branching` or `remarks` reads, from one snapshot."""
        return await self._read(query)

    async def change(self, work: Callable[[Connection], T]) -> T:
        """Do what `agot.stores.branching` or `remarks` write, in one transaction; committed when this returns."""
        return await self._writer.do(work)

    async def rewrite(self) -> None:
        """Write the database anew, so that no byte is left of what was deleted. Needs room for a copy of it."""
        if self._database.in_memory:
            return

        def work() -> None:
            try:
                rewrite(self._database)
            except Exception as error:  # noqa: BLE001 - drivers' errors have no common base
                raise self._database.error(error) from None

        await asyncio.to_thread(work)

    async def delete(self, run_id: RunId) -> None:
        """Delete a run and all that belongs to it, in one transaction.

        Raises:
            StoreError: If there is no such run, or a live process is running it.
        """
        await self._writer.do(lambda connection: runs.remove(connection, run_id))
        self._lessons.remembered.forget()

    async def _read(self, query: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StoreError(f"The database {self._database.where} is closed. Open the store again.")
        if self._database.in_memory:
            return await self._writer.do(query)
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read_blocking, query)

    def _read_blocking(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._database.reading.connect() as connection:
                return query(connection)
        except Exception as error:  # noqa: BLE001 - drivers' errors have no common base
            raise self._database.error(error) from None


def _nothing(connection: Connection) -> None:
    """Write nothing; whoever awaits it knows that all before it is written."""
