"""What is known of models at servers: facts by name, each the last that was measured.

A fact's name and value are its teller's: what a server can do, how a judge did on questions with known answers.
Each function takes a connection in a transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from agot.ids import RunId
from agot.stores.rows import Row, storable, upsert
from agot.stores.schema import lessons_seen, model_facts
from agot.thought import Value

_SEEN = "facts"
"""Kind under which the table of what runs were told holds facts."""


class Fact(Value):
    """One fact of a model at a server.

    Attributes:
        value: A JSON value.
        measured_at_s: Seconds since the epoch.
    """

    server: str
    model: str
    name: str
    value: Any
    measured_at_s: float


def list_facts(connection: Connection, server: str | None = None, model: str | None = None) -> list[Fact]:
    """Return facts, by server, model and name; of one server or model only, if they are named."""
    column = model_facts.c
    query = select(model_facts).order_by(column.server, column.model, column.name)
    if server is not None:
        query = query.where(column.server == storable(server))
    if model is not None:
        query = query.where(column.model == storable(model))
    return [
        Fact(
            server=row["server"], model=row["model"], name=row["name"],
            value=json.loads(row["value_json"]), measured_at_s=row["measured_at_s"],
        )
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def fact_rows(server: str, model: str, facts: Mapping[str, Any], *, at_s: float) -> list[Row]:
    """Return the rows of facts.

    Args:
        facts: JSON values by name.
        at_s: When they were measured, in seconds since the epoch.

    Raises:
        ValueError: If a value is not a JSON value.
    """
    return [
        {
            "server": storable(server), "model": storable(model), "name": storable(name),
            "value_json": json.dumps(value, allow_nan=False), "measured_at_s": at_s,
        }
        for name, value in facts.items()
    ]  # fmt: skip


def seen_facts(connection: Connection, run_id: RunId, server: str, model: str) -> dict[str, Any] | None:
    """Return what a run was told of a model when it first asked; None if it has not asked yet."""
    seen = lessons_seen.c
    query = select(seen.tallies).where(
        seen.run_id == run_id, seen.kind == _SEEN, seen.subject == _subject(server, model)
    )
    told = connection.scalar(query)
    return None if told is None else json.loads(told)


def see_facts(connection: Connection, run_id: RunId, server: str, model: str) -> dict[str, Any]:
    """Tell a run what is known of a model, and return it: the same at every later time, also after a resume."""
    told = seen_facts(connection, run_id, server, model)
    if told is None:
        told = {fact.name: fact.value for fact in list_facts(connection, server, model)}
        row = {"run_id": run_id, "kind": _SEEN, "subject": _subject(server, model), "tallies": json.dumps(told)}
        connection.execute(insert(lessons_seen), [row])
    return told


def _subject(server: str, model: str) -> str:
    return storable(f"{model} at {server}")


def keep_facts(connection: Connection, rows: list[Row]) -> None:
    """Insert facts or replace those of the same name; needs a write transaction. Other facts stay."""
    if rows:
        connection.execute(upsert(model_facts, connection.dialect.name), rows)
