"""What is known of models at servers: facts by name, each the last that was measured.

A fact's name and value are its teller's: what a server can do, how a judge did on questions with known answers.
Each function takes a connection in a transaction.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from agot.ids import RunId
from agot.stores.learning import FRESH_S
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
        told = facts_now(connection, server, model)
        connection.execute(insert(lessons_seen), [seen_row(run_id, server, model, told)])
    return told


def facts_now(connection: Connection, server: str, model: str) -> dict[str, Any]:
    """Return what is known of a model: JSON values by name."""
    return {fact.name: fact.value for fact in list_facts(connection, server, model)}


def seen_row(run_id: RunId, server: str, model: str, told: Mapping[str, Any]) -> Row:
    """Return the row that keeps what a run was told."""
    return {"run_id": run_id, "kind": _SEEN, "subject": _subject(server, model), "tallies": json.dumps(told)}


class RememberedFacts:
    """Facts as this process knows them, for runs that begin here; any thread may use it.

    What this process keeps is known at once, what others keep after `FRESH_S` seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}
        self._told: dict[RunId, dict[tuple[str, str], dict[str, Any]]] = {}
        self._changes = 0

    def told(self, run_id: RunId, place: tuple[str, str]) -> dict[str, Any] | None:
        """Return what a run was told of a model, if it was told anything."""
        return self._told.get(run_id, {}).get(place)

    def tell(self, run_id: RunId, place: tuple[str, str], facts: dict[str, Any]) -> None:
        """Remember what a run was told."""
        self._told.setdefault(run_id, {})[place] = facts

    async def now(
        self, place: tuple[str, str], read: Callable[[], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        """Return what is known of a model now."""
        since_s, known = self._known.get(place, (float("-inf"), {}))
        if self._clock() - since_s < FRESH_S:
            return known
        changes, began_s = self._changes, self._clock()
        fresh = await read()
        # What was kept meanwhile may be missing in it.
        if changes == self._changes:
            self._known[place] = (began_s, fresh)
        return fresh

    def changed(self) -> None:
        """Read everything again: facts were kept."""
        self._changes += 1
        self._known.clear()

    def forget(self, run_id: RunId) -> None:
        """Forget what a run was told; the database knows it."""
        self._told.pop(run_id, None)


def _subject(server: str, model: str) -> str:
    return storable(f"{model} at {server}")


def keep_facts(connection: Connection, rows: list[Row]) -> None:
    """Insert facts or replace those of the same name; needs a write transaction. Other facts stay."""
    if rows:
        connection.execute(upsert(model_facts, connection.dialect.name), rows)
