"""The one thread that writes: a queue in front of it, one transaction for all that waits in the queue.

Whoever awaits a write is told after the commit, so many concurrent writers share one. Nobody awaits
events, so they wait a moment for company. One bad row does not take the others with it: a failed batch is
halved until the row is alone.

While the database as a whole cannot be written (locked, full, read-only, gone), whoever awaits is told; events, rows and
finished calls stay in the queue, in order, and are written when it can be written again. What begins a side effect is
the exception: it is written now or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from agot.errors import LeaseLost, StoreError
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

_RETRY_S = 0.5
"""How long to wait before a database that could not be written is tried again."""

_LAST_TRIES = 4
"""How often a store that is being closed tries to write what is left: a lock or a full disk may pass."""

_PATIENCE_S = 1.0
"""How long a call that stays in the queue waits for its write while the database cannot be written."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A run this store runs, and who is told (on its own event loop) how it can be stored.

    Attributes:
        on_fault: Told why not, once in each outage, and None when all that waited is written.
    """

    run_id: RunId
    loop: asyncio.AbstractEventLoop
    on_fault: Callable[[StoreError | None], None]


@dataclass(slots=True)
class _Item:
    """One thing to write: an event, rows, or any other work.

    Attributes:
        kept: Stays in the queue while the database cannot be written.
        effect: It is of a side effect: written only under the lease, and safe from a power cut.
    """

    run_id: RunId | None
    event: AnyEvent | None = None
    statement: Prepared | None = None
    rows: Sequence[Row] = ()
    work: Callable[[Connection], Any] | None = None
    hold: Hold | None = None
    ends: RunId | None = None
    kept: bool = False
    effect: bool = False
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
        self._outage: StoreError | None = None
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
        self._queue_up(event.run_id, _Item(event.run_id, event=event, kept=True))

    def later(self, run_id: RunId, statement: Prepared, rows: Sequence[Row]) -> None:
        """Queue rows that belong to a run and that nobody waits for; they are committed with or before all that follows."""
        self._queue_up(run_id, _Item(run_id, statement=statement, rows=rows, kept=True))

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

    async def put(self, run_id: RunId, record: CallRecord, *, effect: bool = False) -> None:
        """Write a call; returns after the commit.

        Args:
            effect: The call has side effects.

        Raises:
            LeaseLost: If another process has taken the run over.
            StoreError: If it could not be written, or an event of this run could not. While the database as a whole
                cannot be written the call is written later, unless it is the beginning of a side effect.
        """
        self.raise_fault(run_id)
        kept = not (effect and record.state == "started")
        item = _Item(run_id, statement=self._put_calls, rows=[call_row(run_id, record)], kept=kept, effect=effect)
        await self._submit(item, patience_s=_PATIENCE_S if kept and self._outage is not None else None)

    async def write(self, run_id: RunId, statement: Prepared, rows: Sequence[Row]) -> None:
        """Write rows that belong to a run; returns after the commit.

        Raises:
            StoreError: If they could not be written, or an event of this run could not. While the database as a whole
                cannot be written they are written later.
        """
        self.raise_fault(run_id)
        await self._submit(_Item(run_id, statement=statement, rows=rows, kept=True))

    async def do(self, work: Callable[[Connection], T], *, hold: Hold | None = None) -> T:
        """Do any work in the writer's transaction, after all that was queued before.

        Args:
            work: May be called again after a rollback, so it must change nothing but the database.
            hold: The lease that `work` takes; renewed from the commit on.
        """
        return cast(T, await self._submit(_Item(None, work=work, hold=hold)))

    async def release(self, run_id: RunId) -> None:
        """Write all that is queued, then give the lease of the run back and forget its faults.

        Never fails: while the database cannot be written the lease is kept, so that nobody else writes before what is
        queued. A run whose end is written has given its own back.
        """
        if run_id not in self._holds and run_id not in self._faults:
            return

        def work(connection: Connection) -> None:
            leases.give_back(connection, [run_id], token=self._token)

        with contextlib.suppress(StoreError):
            await self._submit(_Item(None, work=work, ends=run_id, kept=True))

    def raise_fault(self, run_id: RunId | None) -> None:
        """Raise the StoreError because of which this run (None: any run) is no longer stored, if there is one."""
        fault = next(iter(tuple(self._faults.values())), None) if run_id is None else self._faults.get(run_id)
        if fault is not None:
            raise type(fault)(str(fault))

    def stop(self) -> None:
        """Write what is queued, give all leases back, end the thread. Blocks; a second call does nothing."""
        with self._queue.changed:
            self._queue.closed = True
            self._queue.changed.notify()
        self._thread.join()

    async def _submit(self, item: _Item, *, patience_s: float | None = None) -> Any:
        """Queue an item and wait for its commit; an item that is kept anyway, for `patience_s` at most."""
        item.future = future = asyncio.get_running_loop().create_future()
        queue = self._queue
        with queue.changed:
            if queue.closed:
                raise self._closed_error()
            queue.items.append(item)
            queue.awaited += 1
            if queue.awaited == 1:
                queue.changed.notify()
        if patience_s is not None:
            future.add_done_callback(lambda late: late.cancelled() or late.exception())
            await asyncio.wait({future}, timeout=patience_s)
            if not future.done():
                raise StoreError(str(self._outage or "The database is slow to write."))
        return await future

    def _closed_error(self) -> StoreError:
        return StoreError(f"The database {self._database.where} is closed. Open the store again.")

    # -- the writer's thread ---------------------------------------------------------------------

    def _run(self) -> None:
        try:
            last_tries = _LAST_TRIES
            while (items := self._take()) is not None:
                left = self._commit(items)
                del items  # a waiting thread must not keep the last batch alive
                if left:
                    last_tries -= self._put_back(left)
                    if not last_tries:
                        self._give_up()
                        break
            if self._holds and self._outage is None:
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
                queue.changed.wait(_LINGER_S if self._outage is None else _RETRY_S)
            items = [queue.items.popleft() for _ in range(min(MAX_BATCH, len(queue.items)))]
            queue.awaited -= sum(item.future is not None for item in items)
            return items

    def _commit(self, items: Sequence[_Item]) -> list[_Item]:
        """Write the items in one transaction, or in several if one of them is bad; then tell who waits.

        Returns:
            What is to be tried again later, because the database cannot be written.
        """
        effect = any(item.effect for item in items)
        try:
            with self._database.transaction(safe_from_power_cut=effect) as connection:
                self._beat(connection, now=effect)
                self._write(connection, items)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody awaits the outcome
            self._projection.forget({item.run_id for item in items if item.run_id is not None})
            fault = self._database.error(error)
            if not concerns_one_item(error):
                return self._put_off(items, fault)
            if len(items) > 1:
                half = len(items) // 2
                left = self._commit(items[:half])
                # What comes after must not overtake what is left.
                return self._commit(items[half:]) if not left else left + self._put_off(items[half:], fault)
            for item in items:
                item.error = fault
                if item.run_id is not None and item.kept:
                    self._fail_run(item.run_id, fault)
        else:
            self._note_leases(items)
            if self._outage is not None:
                self._outage = None
                self._tell_holders(None)
        _tell(items)
        return []

    def _put_off(self, items: Iterable[_Item], fault: StoreError) -> list[_Item]:
        """Tell who waits that the database cannot be written, and return what is kept until it can."""
        if self._outage is None:
            self._tell_holders(fault)
        self._outage = fault
        for item in items:
            item.error = item.error or fault
        _tell(items)
        # Copies: the waiting coroutines are told on their own loops, a moment later.
        return [
            replace(item, future=None, error=None)
            for item in items
            if item.kept and item.run_id not in self._faults
        ]

    def _put_back(self, left: Sequence[_Item]) -> bool:
        """Put what is left before all else in the queue; return whether the store is being closed."""
        queue = self._queue
        with queue.changed:
            queue.items.extendleft(reversed(left))
        if queue.closed:
            time.sleep(_RETRY_S)
        return queue.closed

    def _give_up(self) -> None:
        with self._queue.changed:
            for item in self._queue.items:
                item.error = self._outage
            _tell(self._queue.items)
            self._queue.items.clear()

    def _tell_holders(self, fault: StoreError | None) -> None:
        for run_id, hold in tuple(self._holds.items()):
            if run_id not in self._faults:
                _call_soon(hold.loop, hold.on_fault, fault)

    def _beat(self, connection: Connection, *, now: bool) -> None:
        """Renew the leases if it is time; before anything is written, so that nobody writes without one.

        A side effect begins only if its lease is sure at that moment: in the same transaction, `now`.
        """
        if not self._beat_is_due() and not (now and self._holds):
            return
        for run_id in leases.beat(connection, tuple(self._holds), token=self._token):
            self._fail_run(run_id, LeaseLost(
                f"The run {run_id} was taken over by another process, because this one gave no sign of life for "
                f"{leases.LEASE_S:g} s. It was stopped here; the other process goes on with it."
            ))  # fmt: skip
            self._holds.pop(run_id, None)
        self._beaten_s = self._clock()

    def _beat_is_due(self) -> bool:
        return bool(self._holds) and abs(self._clock() - self._beaten_s) >= leases.BEAT_S

    def _write(self, connection: Connection, items: Iterable[_Item]) -> None:
        """Write the items: events and rows of a stretch together, other work in its place among them."""
        events: list[AnyEvent] = []
        rows: dict[Prepared, list[Row]] = {}
        ended: set[RunId] = set()

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
                if isinstance(item.event, RunFinished):
                    ended.add(item.event.run_id)
            elif item.statement is not None:
                rows.setdefault(item.statement, []).extend(item.rows)
            elif item.work is not None:
                flush()
                # The row of a run that ends gives its lease back.
                if item.ends is None or item.ends not in ended:
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
                self._faults.pop(item.ends, None)
                self._projection.forget([item.ends])

    def _fail_run(self, run_id: RunId, fault: StoreError) -> None:
        """Store nothing more of a run, and say so once."""
        if self._faults.setdefault(run_id, fault) is not fault:
            return
        hold = self._holds.get(run_id)
        if hold is not None:
            _call_soon(hold.loop, hold.on_fault, fault)


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
