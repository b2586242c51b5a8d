"""What runs taught, in SQL: outcomes are only ever added, and added up when a run first asks.

Rows instead of counters: processes that learn at once never wait for each other's row, and lose nothing. What
a run was told is kept beside its outcomes, so that it is told the same after a resume.

Runs that begin here are told out of the memory of the process: what its own runs taught is there at once, what others
taught is read again after `FRESH_S` seconds.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, Dialect, Integer, Select, cast, select
from sqlalchemy import func as sql

from agot.ids import RunId
from agot.learning import LessonKind, Outcome, Tally
from agot.stores.rows import Row, insert_new, storable
from agot.stores.schema import lessons_seen, outcomes
from agot.stores.statements import Prepared

T = TypeVar("T")

FRESH_S = 5.0
"""Seconds for which what was read of other processes' lessons is taken to be all."""

_TALLIES = TypeAdapter(dict[str, Tally])

_Name = tuple[str, str]


class _Do(Protocol):
    def __call__(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


class _Write(Protocol):
    def __call__(self, run_id: RunId, statement: Prepared, rows: Sequence[Row], /) -> Awaitable[None]: ...


class Remembered:
    """Tallies of all runs, as this process knows them. Any thread may use it.

    A tally that was read while outcomes were being written might hold them or not, so it is not kept.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tallies: dict[_Name, tuple[float, dict[str, Tally]]] = {}
        self._writes = 0
        self._writing = 0

    def get(self, name: _Name) -> Mapping[str, Tally] | None:
        """Return the tallies by arm, or None if they have to be read."""
        with self._lock:
            since_s, known = self._tallies.get(name, (float("-inf"), {}))
            return known if self._clock() - since_s < FRESH_S else None

    async def read(self, name: _Name, read: Callable[[], Awaitable[dict[str, Tally]]]) -> dict[str, Tally]:
        """Read tallies and remember them."""
        with self._lock:
            writes, quiet, began_s = self._writes, not self._writing, self._clock()
        fresh = await read()
        with self._lock:
            if quiet and writes == self._writes:
                self._tallies[name] = (began_s, fresh)
        return fresh

    @contextlib.contextmanager
    def adding(self, told: Sequence[Outcome] | None) -> Iterator[None]:
        """Around the writing of outcomes: add them once they are written.

        Args:
            told: None if it is not known which of them the database held before; all is read again then.
        """
        with self._lock:
            self._writes += 1
            self._writing += 1
        try:
            yield
        except BaseException:
            told = None
            raise
        finally:
            with self._lock:
                self._writing -= 1
                self._add(told)

    def _add(self, told: Sequence[Outcome] | None) -> None:
        if told is None:
            self._tallies.clear()
            return
        for outcome in told:
            name = (outcome.kind, storable(outcome.subject))
            if name in self._tallies:
                since_s, known = self._tallies[name]
                arm = storable(outcome.arm)
                # A new dictionary: runs that were told the old one must not see it change.
                self._tallies[name] = (since_s, known | {arm: known.get(arm, Tally()).plus(outcome)})

    def forget(self) -> None:
        """Read everything again: rows were deleted."""
        with self.adding(None):
            pass


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the runs of one store share.

    Attributes:
        read: Does work in a read transaction.
        do: Does work in a write transaction; it is committed when this returns.
        write: Writes rows of a run; they are committed when this returns.
        later: Queues rows of a run, which are committed with or before all that is written after them.
        clock: Seconds since the epoch.
    """

    read: _Do
    do: _Do
    write: _Write
    later: Callable[[RunId, Prepared, Sequence[Row]], None]
    clock: Callable[[], float]
    add_outcomes: Prepared
    add_seen: Prepared
    remembered: Remembered = field(default_factory=Remembered)


def shelf(dialect: Dialect, **access: Any) -> Shelf:
    """Return the shelf of a store, with the statements for its database."""
    return Shelf(
        add_outcomes=Prepared(insert_new(outcomes, dialect.name), dialect, outcomes.c.keys()),
        add_seen=Prepared(insert_new(lessons_seen, dialect.name), dialect, lessons_seen.c.keys()),
        **access,
    )


class LearntInSql:
    """Implements `agot.learning.Learnt` for one run; `SqlStore.learnt` makes it.

    Args:
        run_id: A run of the database.
        fresh: The run has begun here and now: the database knows neither outcomes of it nor what it was told.
    """

    def __init__(self, run_id: RunId, shelf: Shelf, *, fresh: bool = False) -> None:
        self._run, self._shelf, self._fresh = run_id, shelf, fresh
        self._seen: dict[_Name, Mapping[str, Tally]] = {}
        self._told: set[tuple[object, ...]] = set()

    async def tallies(self, kind: LessonKind, subject: str) -> Mapping[str, Tally]:
        """Return a tally for each arm that other runs tried, as it stood when this run first asked.

        Raises:
            StoreError: If the database cannot be used, or has no such run.
        """
        name = (kind, storable(subject))
        if name not in self._seen:
            # Once this run has taught, what the process remembers is not only that of others.
            tallies = await (self._now(name) if self._fresh and not self._told else self._before(name))
            # Thoughts ask side by side; the first that was told decides.
            self._seen.setdefault(name, tallies)
        return self._seen[name]

    async def _before(self, name: _Name) -> Mapping[str, Tally]:
        """Return what the run was told before if it was, else what stands in the database."""
        told = await self._shelf.read(lambda connection: connection.scalar(_told(self._run, *name)))
        if told is None:
            fresh = await self._shelf.read(lambda connection: _add_up(connection, *name, besides=self._run))
            told = await self._shelf.do(lambda connection: self._tell(connection, name, fresh))
        return _TALLIES.validate_json(told)

    async def _now(self, name: _Name) -> Mapping[str, Tally]:
        shelf = self._shelf
        known = shelf.remembered.get(name)
        if known is None:

            async def read() -> dict[str, Tally]:
                return await shelf.read(lambda connection: _add_up(connection, *name))

            known = await shelf.remembered.read(name, read)
        if name not in self._seen:
            # Nobody waits for it: the calls that follow from it are committed after it.
            shelf.later(self._run, shelf.add_seen, [self._row_seen(name, known)])
        return known

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Keep outcomes in one transaction; those this run told before are ignored.

        Raises:
            StoreError: If they could not be kept.
        """
        by_key = {(one.thought, one.ordinal, one.kind, one.subject, one.arm): one for one in reversed(outcomes)}
        told = {key: one for key, one in reversed(by_key.items()) if key not in self._told}
        if told:
            self._told |= told.keys()
            rows = [_row(self._run, outcome, self._shelf.clock()) for outcome in told.values()]
            with self._shelf.remembered.adding(list(told.values()) if self._fresh else None):
                await self._shelf.write(self._run, self._shelf.add_outcomes, rows)

    def _tell(self, connection: Connection, name: _Name, fresh: Mapping[str, Tally]) -> str:
        """Keep what the run is told, unless it was told something before, and return what it was told."""
        self._shelf.add_seen(connection, [self._row_seen(name, fresh)])
        told: str = connection.scalars(_told(self._run, *name)).one()
        return told

    def _row_seen(self, name: _Name, tallies: Mapping[str, Tally]) -> Row:
        kind, subject = name
        told = _TALLIES.dump_json(dict(tallies)).decode()
        return {"run_id": self._run, "kind": kind, "subject": subject, "tallies": told}


def _row(run_id: RunId, outcome: Outcome, at_s: float) -> Row:
    row = outcome.model_dump()
    names = {name: storable(row[name]) for name in ("subject", "arm", "thought")}
    return {**row, **names, "run_id": run_id, "at_s": at_s}


def _told(run_id: RunId, kind: str, subject: str) -> Select[Any]:
    seen = lessons_seen.c
    return select(seen.tallies).where(seen.run_id == run_id, seen.kind == kind, seen.subject == subject)


def _add_up(connection: Connection, kind: str, subject: str, *, besides: RunId = RunId("")) -> dict[str, Tally]:
    """Return the tallies of all runs but one."""
    column = outcomes.c
    query = (
        select(
            column.arm,
            sql.sum(column.n).label("n"),
            sql.sum(column.n * column.reward).label("reward_sum"),
            sql.max(column.reward).label("reward_max"),
            sql.sum(column.tokens).label("tokens"),
            sql.sum(column.n * cast(column.recovered, Integer)).label("recoveries"),
        )
        .where(column.kind == kind, column.subject == subject, column.run_id != besides)
        .group_by(column.arm)
        .order_by(column.arm)
    )
    rows = connection.execute(query).mappings()
    return {row["arm"]: Tally(**{name: row[name] for name in Tally.model_fields}) for row in rows}
