"""The one thread that writes: a queue in front of it, one transaction for all that waits in the queue.

Whoever awaits a write is told after the commit, so many concurrent writers share one. Nobody awaits
events, so they wait a moment for company. One bad row does not take the others with it: a failed batch is
halved until the row is alone; an error of the database as a whole fails the batch at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from agot.errors import StoreError
from agot.events import AnyEvent, RunFinished
from agot.ids import RunId
from agot.protocols import CallRecord
from agot.stores import leases
from agot.stores.connection import Database
from agot.stores.faults import concerns_one_item
from agot.stores.projection import Projection
from agot.stores.rows import Row, call_row, upsert
from agot.stores.schema import calls
from agot.stores.statements import Prepared

T = TypeVar("T")

MAX_BATCH = 1_000
"""Items of one transaction: it holds the write lock, which other processes wait for."""

MAX_PENDING = 50_000
"""Items in the queue; beyond it a disk that does not keep up would eat the memory."""

_LINGER_S = 0.05
"""How long events that nobody waits for may wait for more."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A run this store runs, and who is told (on its own event loop) when it can no longer be stored."""

    run_id: RunId
    loop: asyncio.AbstractEventLoop
    on_fault: Callable[[str], None]


@dataclass(slots=True)
class _Item:
    """One thing to write: an event, rows, or any other work."""

    run_id: RunId | None
    event: AnyEvent | None = None
    statement: Prepared | None = None
    rows: Sequence[Row] = ()
    work: Callable[[Connection], Any] | None = None
    hold: Hold | None = None
    ends: RunId | None = None
    future: asyncio.Future[Any] | None = None
    result: Any = None
    error: Exception | None = None


@dataclass(slots=True)
class _Queue:
    """What waits for the writer; guarded by `changed`."""

    items: deque[_Item] = field(default_factory=deque)
    changed: threading.Condition = field(default_factory=threading.Condition)
    awaited: int = 0
    closed: bool = False


class Writer:
    """Writes to a database from one thread.

    Args:
        database: Belongs to the writer until `stop`.
        clock: Seconds; paces the heartbeats.
        token: Names this store in the leases it takes.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float], token: str) -> None:
        self._database, self._clock, self._token = database, clock, token
        dialect = database.writing.dialect
        self._projection = Projection(dialect)
        self._put_calls = Prepared(upsert(calls, dialect.name), dialect, calls.c.keys())
        self._queue = _Queue()
        self._holds: dict[RunId, Hold] = {}
        self._faults: dict[RunId, StoreError] = {}
        self._beaten_s = clock()
        # A daemon, because a program that ends without closing the store must still end; the store
        # closes itself at exit.
        self._thread = threading.Thread(target=self._run, name="agot-writer", daemon=True)
        self._thread.start()

    # -- called on event loops -------------------------------------------------------------------

    def emit(self, event: AnyEvent) -> None:
        """Queue an event; returns at once."""
        queue = self._queue
        if event.run_id in self._faults:
            return
        if len(queue.items) >= MAX_PENDING:
            self._fail_run(event.run_id, StoreError(
                f"The database {self._database.where} does not keep up: {MAX_PENDING} events wait to be written. "
                "Events are no longer stored; check the disk, then resume the run."
            ))  # fmt: skip
            return
        self._queue_up(event.run_id, _Item(event.run_id, event=event))

    def later(self, run_id: RunId, statement: Prepared, rows: Sequence[Row]) -> None:
        """Queue rows that belong to a run and that nobody waits for; they are committed with or before all that follows."""
        self._queue_up(run_id, _Item(run_id, statement=statement, rows=rows))

    def _queue_up(self, run_id: RunId, item: _Item) -> None:
        queue = self._queue
        with queue.changed:
            if not queue.closed:
                queue.items.append(item)
                # While a run is held the writer looks by itself: waking a thread costs more than what it would write.
                if len(queue.items) == 1 and not self._holds:
                    queue.changed.notify()
                return
        self._fail_run(run_id, self._closed_error())

    async def put(self, run_id: RunId, record: CallRecord) -> None:
        """Write a call; returns after the commit.

        Raises:
            StoreError: If it could not be written, or an event of this run could not.
        """
        await self.write(run_id, self._put_calls, [call_row(run_id, record)])

    async def write(self, run_id: RunId, statement: Prepared, rows: Sequence[Row]) -> None:
        """Write rows that belong to a run; returns after the commit.

        Raises:
            StoreError: If they could not be written, or an event of this run could not.
        """
        self.raise_fault(run_id)
        await self._submit(_Item(run_id, statement=statement, rows=rows))

    async def do(self, work: Callable[[Connection], T], *, hold: Hold | None = None) -> T:
        """Do any work in the writer's transaction, after all that was queued before.

        Args:
            work: May be called again after a rollback, so it must change nothing but the database.
            hold: The lease that `work` takes; renewed from the commit on.
        """
        return cast(T, await self._submit(_Item(None, work=work, hold=hold)))

    async def release(self, run_id: RunId) -> None:
        """Write all that is queued, then give the lease of the run back and forget its faults.

        Never fails: a lease that could not be given back ends by itself without heartbeats. A run whose end is
        written has given its own back.
        """
        if run_id not in self._holds and run_id not in self._faults:
            return

        def work(connection: Connection) -> None:
            leases.give_back(connection, [run_id], token=self._token)

        try:
            await self._submit(_Item(None, work=work, ends=run_id))
        except StoreError:
            return
        finally:
            self._holds.pop(run_id, None)
            self._faults.pop(run_id, None)

    def raise_fault(self, run_id: RunId | None) -> None:
        """Raise the StoreError because of which this run (None: any run) is no longer stored, if there is one."""
        fault = next(iter(tuple(self._faults.values())), None) if run_id is None else self._faults.get(run_id)
        if fault is not None:
            raise StoreError(str(fault))

    def stop(self) -> None:
        """Write what is queued, give all leases back, end the thread. Blocks; a second call does nothing."""
        with self._queue.changed:
            self._queue.closed = True
            self._queue.changed.notify()
        self._thread.join()

    async def _submit(self, item: _Item) -> Any:
        item.future = asyncio.get_running_loop().create_future()
        queue = self._queue
        with queue.changed:
            if queue.closed:
                raise self._closed_error()
            queue.items.append(item)
            queue.awaited += 1
            if queue.awaited == 1:
                queue.changed.notify()
        return await item.future

    def _closed_error(self) -> StoreError:
        return StoreError(f"The database {self._database.where} is closed. Open the store again.")

    # -- the writer's thread ---------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (items := self._take()) is not None:
                self._commit(items)
                del items  # a waiting thread must not keep the last batch alive
            if self._holds:
                held = tuple(self._holds)
                self._commit(
                    [_Item(None, work=lambda connection: leases.give_back(connection, held, token=self._token))]
                )
        finally:
            self._database.close_writing()

    def _take(self) -> list[_Item] | None:
        """Wait for items; an empty list when it is time for a heartbeat, None at the end."""
        queue = self._queue
        with queue.changed:
            while not queue.items:
                if queue.closed:
                    return None
                if not queue.changed.wait(_LINGER_S if self._holds else None) and self._beat_is_due():
                    return []
            if not queue.awaited and not queue.closed:
                queue.changed.wait(_LINGER_S)
            items = [queue.items.popleft() for _ in range(min(MAX_BATCH, len(queue.items)))]
            queue.awaited -= sum(item.future is not None for item in items)
            return items

    def _commit(self, items: Sequence[_Item]) -> None:
        """Write the items in one transaction, or in several if one of them is bad; then tell who waits."""
        try:
            with self._database.transaction() as connection:
                self._beat(connection)
                self._write(connection, items)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody awaits the outcome
            self._projection.forget({item.run_id for item in items if item.run_id is not None})
            if len(items) > 1 and concerns_one_item(error):
                half = len(items) // 2
                self._commit(items[:half])
                self._commit(items[half:])
                return
            for item in items:
                item.error = self._database.error(error)
                if item.future is None and item.run_id is not None:
                    self._fail_run(item.run_id, item.error)
        else:
            self._note_leases(items)
        _tell(items)

    def _beat(self, connection: Connection) -> None:
        """Renew the leases if it is time; before anything is written, so that nobody writes without one."""
        if not self._beat_is_due():
            return
        for run_id in leases.beat(connection, tuple(self._holds), token=self._token):
            self._fail_run(run_id, StoreError(
                f"The run {run_id} was taken over by another process, because this one gave no sign of life for "
                f"{leases.LEASE_S:g} s. It is no longer stored here."
            ))  # fmt: skip
            self._holds.pop(run_id, None)
        self._beaten_s = self._clock()

    def _beat_is_due(self) -> bool:
        return bool(self._holds) and abs(self._clock() - self._beaten_s) >= leases.BEAT_S

    def _write(self, connection: Connection, items: Iterable[_Item]) -> None:
        """Write the items: events and rows of a stretch together, other work in its place among them."""
        events: list[AnyEvent] = []
        rows: dict[Prepared, list[Row]] = {}

        def flush() -> None:
            if events:
                self._projection.record(connection, events)
            for statement, together in rows.items():
                statement(connection, together)
            events.clear()
            rows.clear()

        for item in items:
            fault = None if item.run_id is None else self._faults.get(item.run_id)
            if fault is not None:
                item.error = fault
            elif item.event is not None:
                events.append(item.event)
            elif item.statement is not None:
                rows.setdefault(item.statement, []).extend(item.rows)
            elif item.work is not None:
                flush()
                item.result = item.work(connection)
        flush()

    def _note_leases(self, items: Iterable[_Item]) -> None:
        for item in items:
            if item.hold is not None:
                self._holds[item.hold.run_id] = item.hold
                self._faults.pop(item.hold.run_id, None)
            elif isinstance(item.event, RunFinished) and item.error is None:
                self._holds.pop(item.event.run_id, None)
            elif item.ends is not None:
                self._holds.pop(item.ends, None)
                self._projection.forget([item.ends])

    def _fail_run(self, run_id: RunId, fault: StoreError) -> None:
        """Store nothing more of a run, and say so once."""
        if self._faults.setdefault(run_id, fault) is not fault:
            return
        hold = self._holds.get(run_id)
        if hold is not None:
            _call_soon(hold.loop, hold.on_fault, str(fault))


def _tell(items: Iterable[_Item]) -> None:
    """Give the waiting coroutines their outcome; one wake-up per event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Item]] = {}
    for item in items:
        if item.future is not None:
            by_loop.setdefault(item.future.get_loop(), []).append(item)
    for loop, waiting in by_loop.items():
        _call_soon(loop, _settle, waiting)


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[[T], None], argument: T) -> None:
    try:
        loop.call_soon_threadsafe(function, argument)
    except RuntimeError:
        # The loop is closed: nobody waits there any more.
        return


def _settle(items: Iterable[_Item]) -> None:
    for item in items:
        if item.future is None or item.future.done():
            continue  # whoever waited was cancelled; the write stands
        if item.error is None:
            item.future.set_result(item.result)
        else:
            # Each gets an error of its own: one that many tasks raise collects all their tracebacks.
            item.future.set_exception(type(item.error)(str(item.error)))
