"""Who runs a run: taking, renewing, giving back and judging leases.

A lease is four columns of a run: a random token of the store that holds it, host and process for
messages and for telling that the process is dead, and the time of its last heartbeat by the
database's clock, so that the clocks of two machines need not agree.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Double,
    Label,
    RowMapping,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy import func as sql

from agot.errors import NotStored, RunHeld, StoreError
from agot.ids import RunId
from agot.stores.rows import NO_LEASE, NO_OUTCOME, Row, insert_new
from agot.stores.schema import events, runs
from agot.stores.statements import Prepared

ASKED = ("run_id", "question", "model", "strategy", "seed", "settings_json", "created_s")
"""Columns of a run that its beginning fills in."""

LEASE_S = 10.0
"""A lease without a heartbeat for this long can be taken over."""

BEAT_S = 2.0
"""Time between heartbeats."""


def database_time(dialect: str) -> ColumnElement[float]:
    """Return the expression for the database's clock, in seconds since the epoch."""
    if dialect == "postgresql":
        return literal_column("extract(epoch FROM clock_timestamp())::double precision", Double)
    return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Double)


@cache
def this_host() -> str:
    """Return a name for this host and its process ids: two containers may share a host name."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}".strip()


def now_column(dialect: str) -> Label[float]:
    """Return the database's clock as the column `now_s`, which `is_live` needs."""
    return database_time(dialect).label("now_s")


def is_live(row: Mapping[str, Any] | RowMapping) -> bool:
    """Tell whether somebody holds the lease in a row of `runs`, or what `served` says, with `now_s`."""
    if row["owner"] is None or row["now_s"] - row["heartbeat_s"] > LEASE_S:
        return False
    return not (row["owner_host"] == this_host() and _is_dead(row["owner_pid"]))


def _is_dead(pid: int) -> bool:
    if os.name != "posix":  # elsewhere signal 0 is not a question
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def insert_run(connection: Connection, row: Row) -> None:
    """Insert a run that nobody runs yet.

    Raises:
        StoreError: If there is a run with this id.
    """
    if connection.scalar(select(runs.c.run_id).where(runs.c.run_id == row["run_id"])) is not None:
        raise taken(row["run_id"])
    connection.execute(insert(runs).values(row))


def taken(run_id: RunId) -> StoreError:
    """Return the error for an id that a run has already."""
    return StoreError(f"There is already a run {run_id}. Resume it, or begin a run with a new id.")


def begun_run(dialect: Dialect) -> Prepared:
    """Return the statement that inserts a run with its first attempt under way; nothing if there is one with this id.

    Its rows are those of `insert_run` with `first_lease`.
    """
    names = (*ASKED, "attempt", "owner", "owner_host", "owner_pid")
    into = insert_new(runs, dialect.name).values({"heartbeat_s": database_time(dialect.name)})
    return Prepared(into, dialect, names)


def first_lease(token: str) -> Row:
    """Return the columns of a run that its beginner holds, but for the heartbeat."""
    return {"attempt": 1, "owner": token, "owner_host": this_host(), "owner_pid": os.getpid()}


def take(connection: Connection, run_id: RunId, *, token: str) -> tuple[int, int]:
    """Take the lease of a run and count the attempt.

    Returns:
        The number of the attempt, and of the last event stored by the earlier ones.

    Raises:
        StoreError: If there is no such run, or somebody is running it.
    """
    columns = (
        runs.c.attempt, runs.c.owner, runs.c.owner_host, runs.c.owner_pid, runs.c.heartbeat_s,
        now_column(connection.dialect.name),
    )  # fmt: skip
    found = (
        connection.execute(select(*columns).where(runs.c.run_id == run_id).with_for_update())
        .mappings()
        .first()
    )
    if found is None:
        raise NotStored(f"There is no run {run_id}. List runs with: agot runs")
    refuse_if_live(run_id, found)
    attempt = found["attempt"] + 1
    connection.execute(
        update(runs)
        .where(runs.c.run_id == run_id)
        .values({"attempt": attempt} | NO_OUTCOME | holding(connection, token))
    )
    last = connection.scalar(select(sql.coalesce(sql.max(events.c.seq), 0)).where(events.c.run_id == run_id))
    return attempt, int(last or 0)


def refuse_if_live(run_id: RunId, row: RowMapping) -> None:
    """Raise StoreError if somebody holds the run whose row, with `now_s`, this is."""
    if is_live(row):
        raise RunHeld(
            f"The run {run_id} is being run by process {row['owner_pid']} on {row['owner_host'].split()[0]}. "
            f"Wait for it or end it; {LEASE_S:g} s after its last sign of life the run can be taken over."
        )


def beat(connection: Connection, held: Collection[RunId], *, token: str) -> set[RunId]:
    """Renew leases and return those that are no longer ours."""
    ours = runs.c.run_id.in_(held) & (runs.c.owner == token)
    connection.execute(update(runs).where(ours).values(heartbeat_s=database_time(connection.dialect.name)))
    still = connection.scalars(select(runs.c.run_id).where(ours))
    return set(held) - {RunId(run_id) for run_id in still}


def give_back(connection: Connection, held: Collection[RunId], *, token: str) -> None:
    """End leases; runs that are no longer ours stay as they are."""
    connection.execute(update(runs).where(runs.c.run_id.in_(held), runs.c.owner == token).values(NO_LEASE))


def holding(connection: Connection, token: str) -> Row:
    """Return the columns that say that this process holds something from now on."""
    return {
        "owner": token, "owner_host": this_host(), "owner_pid": os.getpid(),
        "heartbeat_s": database_time(connection.dialect.name),
    }  # fmt: skip
