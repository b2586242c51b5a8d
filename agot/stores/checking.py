"""Whether a database is whole: its file, the references between its rows, and what the rows say."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError
from sqlalchemy import Connection, func, select

from agot.events import event_from_json
from agot.reading.data import is_json
from agot.stores.schema import calls, events, runs

MOST_TOLD = 100
"""Faults that are told one by one; what is damaged throughout is told of by these already."""


def faults_in(connection: Connection) -> Iterator[str]:
    """Yield what is wrong with a database, a sentence each; nothing if all is well.

    Looked at are the pages and indexes of a SQLite file (PostgreSQL guards its own), references to rows that are not
    there, the order of each run's events, and whether events and calls can be read.
    """
    if connection.dialect.name == "sqlite":
        of_file = list(_faults_of_file(connection))
        yield from of_file
        if of_file:
            # What stands on damaged pages cannot be read on.
            return
    order = select(
        events.c.run_id, func.count().label("count"), func.min(events.c.seq), func.max(events.c.seq)
    )
    for run_id, count, first, last in connection.execute(order.group_by(events.c.run_id)):
        if (first, last) != (1, count):
            yield f"Run {run_id} has {count} events numbered from {first} to {last}; expected 1 to {count}."
    for run_id, seq, body in connection.execute(select(events.c.run_id, events.c.seq, events.c.body)):
        try:
            event_from_json(body)
        except ValidationError:
            yield f"Event {seq} of run {run_id} cannot be read."
    for run_id, key, request, reply in connection.execute(
        select(calls.c.run_id, calls.c.key, calls.c.request, calls.c.reply)
    ):
        if not all(is_json(text) for text in (request, reply) if text is not None):
            yield f"Call {key} of run {run_id} cannot be read."
    for run_id, settings in connection.execute(select(runs.c.run_id, runs.c.settings_json)):
        if not is_json(settings):
            yield f"The settings of run {run_id} cannot be read; it cannot be resumed."


def _faults_of_file(connection: Connection) -> Iterator[str]:
    for (said,) in connection.exec_driver_sql(f"PRAGMA integrity_check({MOST_TOLD})"):
        if said != "ok":
            yield f"The file is damaged: {said}."
    for table, row, above, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"Row {row} of {table} refers to a row of {above} that is not there."
