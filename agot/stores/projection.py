"""Folds events into the rows of thoughts, edges and verdicts.

The latest rows of the runs at work are kept in memory, so a batch of events costs one upsert per
changed thought and no reads. Folding the same event twice gives the same rows; after a rollback
the run is forgotten and its rows are read again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, Dialect, bindparam, delete, insert, select, update

from agot.events import (
    AnyEvent,
    EdgeAdded,
    RunFinished,
    RunStarted,
    StrategyChosen,
    ThoughtAdded,
    ThoughtExpanded,
    ThoughtFinished,
    ThoughtRetried,
    ThoughtStarted,
    Verified,
)
from agot.ids import RunId, ThoughtId, depth_of
from agot.stores.rows import FINISHED, Row, event_row, finish_row, storable, upsert
from agot.stores.schema import edges, events, runs, thoughts, verdicts
from agot.stores.statements import Prepared
from agot.thought import ThoughtStatus

_FRESH: Row = {
    "status": ThoughtStatus.PENDING.value, "strategy": "", "answer": "", "reward": None, "confidence": None,
    "trust": "unchecked", "trust_reason": "", "reason": "", "retries": 0, "expanded": False, "started_s": None, "finished_s": None,
}  # fmt: skip
"""A thought nothing has happened to yet in this attempt."""


@dataclass(slots=True)
class _Changes:
    """What one batch of events changes, by primary key."""

    thoughts: dict[tuple[RunId, ThoughtId], Row] = field(default_factory=dict)
    edges: dict[tuple[RunId, ThoughtId, ThoughtId], Row] = field(default_factory=dict)
    verdicts: list[Row] = field(default_factory=list)
    begun_again: list[tuple[RunId, ThoughtId, int]] = field(default_factory=list)
    finished: list[tuple[RunId, Row]] = field(default_factory=list)


class Projection:
    """Writes events and what follows from them. Used by the writer's thread only.

    Args:
        dialect: Of the database's engine.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._known: dict[RunId, dict[ThoughtId, Row]] = {}
        self._add_events = Prepared(insert(events), dialect, events.c.keys())
        self._add_verdicts = Prepared(insert(verdicts), dialect, verdicts.c.keys())
        self._put_thoughts = Prepared(upsert(thoughts, dialect.name), dialect, thoughts.c.keys())
        self._put_edges = Prepared(upsert(edges, dialect.name), dialect, edges.c.keys())
        finish = update(runs).where(runs.c.run_id == bindparam("of_run"))
        self._finish_run = Prepared(finish, dialect, FINISHED)

    def forget(self, run_ids: Iterable[RunId]) -> None:
        """Drop what is kept in memory of these runs."""
        for run_id in run_ids:
            self._known.pop(run_id, None)

    def record(self, connection: Connection, batch: list[AnyEvent]) -> None:
        """Store events, in order, with all that follows from them, in the connection's transaction."""
        self._add_events(connection, [event_row(event) for event in batch])
        changes = _Changes()
        for event in batch:
            self._fold(connection, event, changes)
        if changes.thoughts:
            self._put_thoughts(connection, list(changes.thoughts.values()))
        if changes.begun_again:
            _delete_earlier_verdicts(connection, changes.begun_again)
        if changes.edges:
            self._put_edges(connection, list(changes.edges.values()))
        if changes.verdicts:
            self._add_verdicts(connection, changes.verdicts)
        for run_id, row in changes.finished:
            self._finish_run(connection, [row | {"of_run": run_id}])
            self.forget([run_id])

    def _fold(self, connection: Connection, event: AnyEvent, changes: _Changes) -> None:
        match event:
            case ThoughtAdded():
                row = self._row(connection, event, event.thought, changes)
                row |= {
                    "parent_graph": event.parent_graph, "depth": event.depth, "layer": event.layer,
                    "question": storable(event.question),
                }  # fmt: skip
            case EdgeAdded():
                self._row(connection, event, event.source, changes)
                self._row(connection, event, event.target, changes)
                changes.edges[event.run_id, event.source, event.target] = {
                    "run_id": event.run_id, "source": event.source, "target": event.target, "attempt": event.attempt,
                }  # fmt: skip
            case ThoughtStarted():
                row = self._row(connection, event, event.thought, changes)
                row |= {
                    "status": ThoughtStatus.RUNNING.value, "question": storable(event.question),
                    "started_s": event.at_s, "finished_s": None,
                }  # fmt: skip
            case StrategyChosen():
                self._row(connection, event, event.thought, changes)["strategy"] = event.strategy
            case ThoughtExpanded():
                self._row(connection, event, event.thought, changes)["expanded"] = True
            case ThoughtRetried():
                row = self._row(connection, event, event.thought, changes)
                row |= {"retries": event.retry, "strategy": event.strategy}
            case ThoughtFinished():
                row = self._row(connection, event, event.thought, changes)
                row |= {
                    "status": event.status.value, "answer": storable(event.answer), "reward": event.reward,
                    "confidence": event.confidence, "trust": event.trust, "trust_reason": storable(event.trust_reason),
                    "reason": storable(event.reason), "finished_s": event.at_s,
                    "strategy": event.strategy or row["strategy"],
                }  # fmt: skip
            case Verified():
                self._row(connection, event, event.thought, changes)
                changes.verdicts.append(_verdict_row(event))
            case RunStarted(seq=1):
                # Nothing of this run can be in the database.
                self._known[event.run_id] = {}
            case RunFinished():
                changes.finished.append((event.run_id, finish_row(event)))
            case _:
                pass

    def _row(self, connection: Connection, event: AnyEvent, thought: ThoughtId, changes: _Changes) -> Row:
        """Return the row of a thought for changing, as this event's attempt finds it."""
        known = self._known.get(event.run_id)
        if known is None:
            known = self._known[event.run_id] = _load(connection, event.run_id)
        row = known.get(thought)
        if row is None:
            # Also a thought that was never announced is kept: the stream is right, not the store.
            row = known[thought] = {
                "run_id": event.run_id, "thought": thought, "attempt": event.attempt, "parent_graph": None,
                "depth": depth_of(thought), "layer": 0, "question": "", **_FRESH,
            }  # fmt: skip
        elif row["attempt"] < event.attempt:
            row |= {"attempt": event.attempt, **_FRESH}
            changes.begun_again.append((event.run_id, thought, event.attempt))
        changes.thoughts[event.run_id, thought] = row
        return row


def _load(connection: Connection, run_id: RunId) -> dict[ThoughtId, Row]:
    rows = connection.execute(select(thoughts).where(thoughts.c.run_id == run_id)).mappings()
    return {row["thought"]: dict(row) for row in rows}


def _verdict_row(event: Verified) -> Row:
    verdict = event.verdict
    return {
        "run_id": event.run_id, "seq": event.seq, "thought": event.thought, "attempt": event.attempt,
        "check_name": verdict.check, "reward": verdict.reward, "feedback": storable(verdict.feedback),
        "conclusive": verdict.conclusive, "answer": storable(event.answer), "at_s": event.at_s,
    }  # fmt: skip


def _delete_earlier_verdicts(connection: Connection, begun_again: list[tuple[RunId, ThoughtId, int]]) -> None:
    earlier = delete(verdicts).where(
        verdicts.c.run_id == bindparam("in_run"),
        verdicts.c.thought == bindparam("of_thought"),
        verdicts.c.attempt < bindparam("this_attempt"),
    )
    connection.execute(
        earlier,
        [
            {"in_run": run, "of_thought": thought, "this_attempt": attempt}
            for run, thought, attempt in begun_again
        ],
    )
