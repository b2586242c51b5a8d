"""Erasing: a document or conclusion, what rests on it, and the runs that were given it, until no byte of it is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from agot.errors import NotStored
from agot.ids import RunId
from agot.stores import runs
from agot.stores.connection import Database
from agot.stores.memory_rows import chunk_numbers, remove_chunks, remove_source
from agot.stores.memory_schema import memory_evidence, memory_items, memory_recalls, memory_sources
from agot.stores.memory_words import forget_traces
from agot.stores.rows import storable


@dataclass(frozen=True, slots=True)
class Erased:
    """What went: the conclusions that rested on it, and the runs that were given it."""

    items: tuple[str, ...]
    runs: tuple[str, ...]


def nothing_named(name: str) -> NotStored:
    """Return the error that neither a document nor a conclusion has a name."""
    return NotStored(
        f"There is no document or conclusion {name!r}. List them with: agot memory sources, items"
    )


def erase(connection: Connection, space: int, name: str) -> Erased:
    """Delete a document by its uri, or a conclusion by its id, along its lineage, in one transaction.

    With it go the conclusions that rest on it, those that rest on these, the runs that were given any of them, since their
    requests hold its text, and what those runs concluded.

    Raises:
        NotStored: If there is neither in the namespace.
        StoreError: If a live process is running one of those runs.
    """
    column = memory_sources.c
    source = connection.scalar(
        select(column.source_id).where(column.space == space, column.uri == storable(name))
    )
    item, known = memory_items.c, set[str]()
    if source is None:
        known = set(
            connection.scalars(
                select(item.item_id).where(item.space == space, item.item_id == storable(name))
            )
        )
        if not known:
            raise nothing_named(name)
    found_runs: set[RunId] = set()
    evidence, recall = memory_evidence.c, memory_recalls.c
    while True:
        of_items, of_source = sorted(known), [] if source is None else [source]
        resting = select(evidence.item_id).where(
            evidence.rests_on.in_(of_items) | evidence.source_id.in_(of_source)
        )
        given = select(recall.run_id).where(recall.rests_on.in_(of_items) | recall.source_id.in_(of_source))
        found_runs |= {RunId(run) for run in connection.scalars(given)}
        concluded = select(item.item_id).where(item.run_id.in_(sorted(found_runs)), item.run_id != "")
        more = set(connection.scalars(resting)) | set(connection.scalars(concluded))
        if more <= known:
            break
        known |= more
    for run in sorted(found_runs):
        runs.remove(connection, run)
    spaces = _remove_items(connection, sorted(known)) | {space}
    if source is not None:
        remove_source(connection, space, source)
    forget_traces(connection, spaces)
    return Erased(tuple(sorted(known)), tuple(sorted(found_runs)))


def _remove_items(connection: Connection, items: Sequence[str]) -> set[int]:
    """Delete conclusions with their passages, and return the namespaces they were in."""
    column = memory_items.c
    spaces: set[int] = set()
    for one in items:
        space = connection.scalars(select(column.space).where(column.item_id == one)).one()
        remove_chunks(connection, space, chunk_numbers(connection, item_id=one))
        connection.execute(delete(memory_items).where(column.item_id == one))
        spaces.add(space)
    return spaces


def rewrite(database: Database) -> None:
    """Write the database anew, so that nothing is left of deleted rows. Blocks, and needs room for a copy.

    On PostgreSQL the tables are written anew; the server's own log and backups keep what was in them for as long as it is set to.
    """
    postgres = database.writing.dialect.name == "postgresql"
    connection = database.writing.raw_connection()
    raw = connection.dbapi_connection
    assert raw is not None
    try:
        if postgres:
            raw.autocommit = True
            raw.cursor().execute("VACUUM FULL")
            raw.autocommit = False
            return
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
