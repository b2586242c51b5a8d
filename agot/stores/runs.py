"""Reads runs and what belongs to them. Each function takes a connection in a read transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Table, delete, select

from agot.errors import NotStored, StoreError
from agot.events import AnyEvent, event_from_json
from agot.ids import RunId
from agot.protocols import CallRecord
from agot.stores import leases
from agot.stores.rows import (
    StoredEdge,
    StoredRun,
    StoredThought,
    StoredVerdict,
    call_of,
    edge_of,
    run_of,
    storable,
    thought_of,
    verdict_of,
)
from agot.stores.schema import calls, edges, events, lessons_seen, outcomes, runs, thoughts, verdicts
from agot.thought import RunStatus

EXPORT_FORMAT = "agot.run"
EXPORT_VERSION = 1

_AMBIGUOUS_SHOWN = 5


def list_runs(
    connection: Connection, *, limit: int | None, status: RunStatus | None, search: str
) -> list[StoredRun]:
    """Return runs, newest first; `search` is looked for in question and answer, whatever its case."""
    query = select(runs, leases.now_column(connection.dialect.name))
    if status is not None:
        query = query.where(runs.c.status == status)
    if search:
        wanted = storable(search)
        query = query.where(
            runs.c.question.icontains(wanted, autoescape=True)
            | runs.c.answer.icontains(wanted, autoescape=True)
        )
    query = query.order_by(runs.c.created_s.desc(), runs.c.run_id.desc()).limit(limit)
    return [run_of(row, live=leases.is_live(row)) for row in connection.execute(query).mappings()]


def find(connection: Connection, prefix: str) -> RunId:
    """Return the run whose id begins with `prefix`.

    Raises:
        StoreError: If there is none, or more than one.
    """
    wanted = storable(prefix.strip().lower())
    found: list[str] = []
    if wanted:
        query = select(runs.c.run_id).where(runs.c.run_id.startswith(wanted, autoescape=True))
        found = list(connection.scalars(query.order_by(runs.c.run_id).limit(_AMBIGUOUS_SHOWN + 1)))
    if wanted in found:
        return RunId(wanted)
    if not found:
        raise NotStored(f"There is no run {prefix!r}. List runs with: agot runs")
    if len(found) > 1:
        shown = ", ".join(found[:_AMBIGUOUS_SHOWN]) + (", ..." if len(found) > _AMBIGUOUS_SHOWN else "")
        raise NotStored(f"{prefix!r} could be any of several runs: {shown}. Give more of the id.")
    return RunId(found[0])


def get_run(connection: Connection, run_id: RunId) -> StoredRun:
    """Return a run.

    Raises:
        StoreError: If there is none with this id.
    """
    query = select(runs, leases.now_column(connection.dialect.name)).where(runs.c.run_id == run_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotStored(f"There is no run {run_id!r}. List runs with: agot runs")
    return run_of(row, live=leases.is_live(row))


def citations_of(connection: Connection, run_id: RunId) -> tuple[str, ...]:
    """Return what the answer of a run cites, as its last end told it."""
    query = select(events.c.body).where(events.c.run_id == run_id, events.c.kind == "run_finished")
    body = connection.scalar(query.order_by(events.c.seq.desc()).limit(1))
    return () if body is None else tuple(json.loads(body).get("citations", ()))


def list_events(
    connection: Connection, run_id: RunId, *, after_seq: int, limit: int | None
) -> list[AnyEvent]:
    """Return the events of a run after number `after_seq`, in order.

    Raises:
        StoreError: If one was written by a version of AGoT that knows other events.
    """
    query = (
        select(events.c.seq, events.c.body)
        .where(events.c.run_id == run_id, events.c.seq > after_seq)
        .order_by(events.c.seq)
        .limit(limit)
    )
    found: list[AnyEvent] = []
    for seq, body in connection.execute(query):
        try:
            found.append(event_from_json(body))
        except ValidationError:
            raise StoreError(
                f"Event {seq} of run {run_id} was written by another version of AGoT and cannot be read. "
                "Use that version, or read the raw events with: agot runs export"
            ) from None
    return found


def list_thoughts(connection: Connection, run_id: RunId) -> list[StoredThought]:
    """Return the thoughts of a run, outer graphs first, each graph by layer."""
    order = (thoughts.c.depth, thoughts.c.layer, thoughts.c.thought)
    return [thought_of(row) for row in _rows(connection, thoughts, run_id, *order)]


def list_edges(connection: Connection, run_id: RunId) -> list[StoredEdge]:
    """Return the edges of a run."""
    return [edge_of(row) for row in _rows(connection, edges, run_id, edges.c.source, edges.c.target)]


def list_verdicts(connection: Connection, run_id: RunId) -> list[StoredVerdict]:
    """Return what the checks said of each thought in the last attempt that told of it, in order."""
    return [verdict_of(row) for row in _rows(connection, verdicts, run_id, verdicts.c.seq)]


def list_calls(connection: Connection, run_id: RunId) -> list[CallRecord]:
    """Return the journal of a run, oldest call first."""
    return [call_of(row) for row in _rows(connection, calls, run_id, calls.c.at_s, calls.c.key)]


def list_outcomes(connection: Connection, run_id: RunId) -> list[dict[str, Any]]:
    """Return how the tries of a run went, for later runs to learn from, as JSON values."""
    column = outcomes.c
    order = (column.thought, column.ordinal, column.kind, column.subject, column.arm)
    return [_without_run(row) for row in _rows(connection, outcomes, run_id, *order)]


def list_lessons_seen(connection: Connection, run_id: RunId) -> list[dict[str, Any]]:
    """Return what a run was told of the outcomes of others when it first asked, as JSON values."""
    column = lessons_seen.c
    rows = _rows(connection, lessons_seen, run_id, column.kind, column.subject)
    return [_without_run(row) | {"tallies": json.loads(row["tallies"])} for row in rows]


def export(connection: Connection, run_id: RunId) -> dict[str, Any]:
    """Return everything of a run as JSON values: `format`, `version`, and one entry per table.

    Raises:
        StoreError: If there is no such run.
    """
    run = get_run(connection, run_id).model_dump(mode="json", exclude={"live"})
    bodies = connection.scalars(select(events.c.body).where(events.c.run_id == run_id).order_by(events.c.seq))
    return {
        "format": EXPORT_FORMAT,
        "version": EXPORT_VERSION,
        "run": run | {"settings": json.loads(run.pop("settings_json"))},
        "thoughts": _dump(list_thoughts(connection, run_id)),
        "edges": _dump(list_edges(connection, run_id)),
        "verdicts": _dump(list_verdicts(connection, run_id)),
        "events": [json.loads(body) for body in bodies],
        "calls": _dump(list_calls(connection, run_id)),
        "outcomes": list_outcomes(connection, run_id),
        "lessons_seen": list_lessons_seen(connection, run_id),
    }


def remove(connection: Connection, run_id: RunId) -> None:
    """Delete a run with all that belongs to it; needs a write transaction.

    Raises:
        StoreError: If there is no such run, or somebody is running it.
    """
    query = select(
        runs.c.owner, runs.c.owner_host, runs.c.owner_pid, runs.c.heartbeat_s,
        leases.now_column(connection.dialect.name),
    ).where(runs.c.run_id == run_id)  # fmt: skip
    row = connection.execute(query.with_for_update()).mappings().first()
    if row is None:
        raise NotStored(f"There is no run {run_id!r}. List runs with: agot runs")
    leases.refuse_if_live(run_id, row)
    connection.execute(delete(runs).where(runs.c.run_id == run_id))


def _rows(connection: Connection, table: Table, run_id: RunId, *order: Any) -> Iterable[Any]:
    return connection.execute(select(table).where(table.c.run_id == run_id).order_by(*order)).mappings()


def _without_run(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "run_id"}


def _dump(values: Iterable[StoredThought | StoredEdge | StoredVerdict | CallRecord]) -> list[dict[str, Any]]:
    return [value.model_dump(mode="json") for value in values]
