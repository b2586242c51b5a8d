"""Branching a run: a new run that begins with the journal of another, up to a thought that is to be thought again.

The journal's keys are hashes of requests, so the new run is done from the start like a resumed one: calls that were
copied are replayed, all others are made. What the old run was told of earlier outcomes is copied as well, so that it
chooses as it did wherever nothing changed.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, and_, false, insert, literal, or_, select
from sqlalchemy import func as sql

from agot.errors import NotStored
from agot.ids import RunId, ThoughtId
from agot.stores.schema import calls, edges, lessons_seen, runs, thoughts
from agot.thought import Value


class Branch(Value):
    """What a branch would take over and pay for anew, if its calls cost what they did.

    Attributes:
        thoughts: Those whose calls are all made again: the chosen one and what depends on it.
    """

    replayed_calls: int
    repeated_calls: int
    tokens: int
    cost_usd: float
    thoughts: tuple[ThoughtId, ...]


def estimate(connection: Connection, run_id: RunId, thought: str) -> Branch:
    """Return what branching a run at a thought would repeat.

    Raises:
        StoreError: If the run has no such thought.
    """
    again, above = _affected(connection, run_id, thought)
    query = select(
        sql.count(), sql.coalesce(sql.sum(calls.c.prompt_tokens + calls.c.completion_tokens), 0),
        sql.coalesce(sql.sum(calls.c.cost_usd), 0.0),
    ).where(calls.c.run_id == run_id, calls.c.kind == "model", calls.c.state == "done")  # fmt: skip
    dropped = _dropped(again, above)
    repeated, tokens, cost_usd = connection.execute(query.where(dropped)).one()
    total = connection.execute(query).one()[0]
    return Branch(
        replayed_calls=total - repeated, repeated_calls=repeated, tokens=int(tokens), cost_usd=float(cost_usd),
        thoughts=tuple(sorted(again)),
    )  # fmt: skip


def branch(
    connection: Connection,
    run_id: RunId,
    thought: str,
    *,
    into: RunId,
    settings_json: str,
    strategy: str,
    now_s: float,
) -> None:
    """Insert the run `into`; needs a write transaction.

    Raises:
        StoreError: If the run has no such thought.
    """
    again, above = _affected(connection, run_id, thought)
    taken = ("question", "model", "seed")
    connection.execute(insert(runs).from_select(
        ["run_id", *taken, "strategy", "settings_json", "created_s"],
        select(literal(into), *(runs.c[name] for name in taken), literal(strategy), literal(settings_json), literal(now_s))
        .where(runs.c.run_id == run_id),
    ))  # fmt: skip
    kept = [column for column in calls.c if column.name != "run_id"]
    connection.execute(insert(calls).from_select(
        ["run_id", *(column.name for column in kept)],
        select(literal(into), *kept)
        # What was begun and not finished says nothing of a run that has not begun.
        .where(calls.c.run_id == run_id, calls.c.state == "done", ~_dropped(again, above)),
    ))  # fmt: skip
    told = [column for column in lessons_seen.c if column.name != "run_id"]
    connection.execute(insert(lessons_seen).from_select(
        ["run_id", *(column.name for column in told)],
        select(literal(into), *told).where(lessons_seen.c.run_id == run_id),
    ))  # fmt: skip


def _dropped(again: Iterable[str], above: dict[str, float]) -> ColumnElement[bool]:
    """Return which calls are not taken over; of thoughts above the change those that began after it."""
    later = [and_(calls.c.thought == name, calls.c.at_s >= at_s) for name, at_s in above.items()]
    return or_(false(), calls.c.thought.in_(list(again)), *later)


def _affected(connection: Connection, run_id: RunId, thought: str) -> tuple[set[ThoughtId], dict[str, float]]:
    """Return the thoughts that are thought again, and those above with the time from which they are."""
    column = thoughts.c
    rows = connection.execute(
        select(column.thought, column.parent_graph, column.started_s).where(column.run_id == run_id)
    ).all()
    parents: dict[ThoughtId, ThoughtId | None] = {name: parent for name, parent, _ in rows}
    started = {name: at_s for name, _, at_s in rows}
    if thought not in parents:
        raise NotStored(f"The run {run_id} has no thought {thought!r}. Its thoughts: agot runs show {run_id}")
    nested: dict[ThoughtId | None, list[ThoughtId]] = {}
    for name, parent in parents.items():
        nested.setdefault(parent, []).append(name)
    needed_by: dict[ThoughtId, list[ThoughtId]] = {}
    edge = edges.c
    for source, target in connection.execute(select(edge.source, edge.target).where(edge.run_id == run_id)):
        needed_by.setdefault(ThoughtId(source), []).append(ThoughtId(target))
    chosen = ThoughtId(thought)
    above: dict[str, float] = {}
    parent, at_s = parents[chosen], started[chosen]
    while parent is not None and parent not in above:
        # A thought that never began has no calls, and nothing above it used its answer.
        above[parent] = at_s if at_s is not None else float("inf")
        parent = parents.get(parent)
    again: set[ThoughtId] = set()
    ahead = [chosen, *(after for name in above for after in needed_by.get(ThoughtId(name), ()))]
    while ahead:
        name = ahead.pop()
        if name in again or name in above:
            continue
        again.add(name)
        ahead += [*needed_by.get(name, ()), *nested.get(name, ())]
    return again, above
