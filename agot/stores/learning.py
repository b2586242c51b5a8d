"""What runs taught, in SQL: outcomes are only ever added, and added up when a run first asks.

Rows instead of counters: processes that learn at once never wait for each other's row, and lose nothing. What
a run was told is kept beside its outcomes, so that it is told the same after a resume.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, Insert, Integer, Select, Table, cast, select
from sqlalchemy import func as sql

from agot.ids import RunId
from agot.learning import LessonKind, Outcome, Tally
from agot.stores.rows import Row, storable
from agot.stores.schema import lessons_seen, outcomes

T = TypeVar("T")

_TALLIES = TypeAdapter(dict[str, Tally])


class _Do(Protocol):
    def __call__(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


class LearntInSql:
    """Implements `agot.learning.Learnt` for one run; `SqlStore.learnt` makes it.

    Args:
        run_id: A run of the database.
        read: Does work in a read transaction.
        write: Does work in a write transaction; it is committed when this returns.
        clock: Seconds since the epoch.
    """

    def __init__(self, run_id: RunId, *, read: _Do, write: _Do, clock: Callable[[], float]) -> None:
        self._run, self._read, self._write, self._clock = run_id, read, write, clock
        self._seen: dict[tuple[str, str], Mapping[str, Tally]] = {}

    async def tallies(self, kind: LessonKind, subject: str) -> Mapping[str, Tally]:
        """Return a tally for each arm that other runs tried, as it stood when this run first asked.

        Raises:
            StoreError: If the database cannot be used, or has no such run.
        """
        name = (kind, storable(subject))
        if name not in self._seen:
            told = await self._read(lambda connection: connection.scalar(_told(self._run, *name)))
            if told is None:
                fresh = await self._read(lambda connection: _add_up(connection, self._run, *name))
                told = await self._write(lambda connection: _tell(connection, self._run, *name, fresh))
            self._seen[name] = _TALLIES.validate_json(told)
        return self._seen[name]

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Keep outcomes in one transaction; those this run told before are ignored.

        Raises:
            StoreError: If they could not be kept.
        """
        if outcomes:
            rows = [_row(self._run, outcome, self._clock()) for outcome in outcomes]
            await self._write(lambda connection: _insert(connection, rows))


def _row(run_id: RunId, outcome: Outcome, at_s: float) -> Row:
    row = outcome.model_dump()
    names = {name: storable(row[name]) for name in ("subject", "arm", "thought")}
    return {**row, **names, "run_id": run_id, "at_s": at_s}


def _insert(connection: Connection, rows: list[Row]) -> None:
    connection.execute(_insert_new(outcomes, connection.dialect.name), rows)


def _told(run_id: RunId, kind: str, subject: str) -> Select[Any]:
    seen = lessons_seen.c
    return select(seen.tallies).where(seen.run_id == run_id, seen.kind == kind, seen.subject == subject)


def _add_up(connection: Connection, run_id: RunId, kind: str, subject: str) -> dict[str, Tally]:
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
        .where(column.kind == kind, column.subject == subject, column.run_id != run_id)
        .group_by(column.arm)
        .order_by(column.arm)
    )
    rows = connection.execute(query).mappings()
    return {row["arm"]: Tally(**{name: row[name] for name in Tally.model_fields}) for row in rows}


def _tell(connection: Connection, run_id: RunId, kind: str, subject: str, fresh: dict[str, Tally]) -> str:
    """Keep what the run is told, unless it was told something before, and return what it was told."""
    row = {"run_id": run_id, "kind": kind, "subject": subject, "tallies": _TALLIES.dump_json(fresh).decode()}
    connection.execute(_insert_new(lessons_seen, connection.dialect.name), [row])
    told: str = connection.scalars(_told(run_id, kind, subject)).one()
    return told


def _insert_new(table: Table, dialect: str) -> Insert:
    """Return a statement that inserts rows and leaves those be whose primary key is taken."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # 75 ms that users of SQLite need not spend
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table).on_conflict_do_nothing()
