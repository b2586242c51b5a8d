"""Values to rows and back, and the statements that write them.

Text goes through `storable`: PostgreSQL cannot hold NUL, and no database can hold half of a surrogate
pair; models produce both.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError
from sqlalchemy import Insert, RowMapping, Table

from agot.events import AnyEvent, RunFinished
from agot.ids import RunId, ThoughtId
from agot.protocols import CallRecord
from agot.stores.schema import USAGE_COLUMNS
from agot.thought import RunStatus, ThoughtStatus, Trust, Usage, Value, Verdict

Row = dict[str, Any]

_OBJECT = TypeAdapter(dict[str, Any])
_VERDICTS = TypeAdapter(tuple[Verdict, ...])


class StoredRun(Value):
    """A run as it stands.

    Attributes:
        strategy: The strategy that was asked for; `answer_strategy` is the one that answered.
        settings_json: The settings it began with, as JSON, without the database's URL.
        attempt: 0 before its first attempt, 1, or more if it was resumed.
        finished_s: When it ended; None while its status is "running".
        live: A process holds the run now. A run that is "running" but not live was left unfinished
            and can be resumed.
    """

    run_id: RunId
    question: str
    model: str
    strategy: str
    seed: int
    settings_json: str
    status: RunStatus
    attempt: int
    created_s: float
    finished_s: float | None
    answer: str
    trust: Trust
    trust_reason: str
    candidate: str
    confidence: float | None
    answer_strategy: str
    verdicts: tuple[Verdict, ...]
    usage: Usage
    reason: str
    error: str
    limit: str
    live: bool


class StoredThought(Value):
    """The latest state of a thought; `attempt` is the last one that told of it."""

    thought: ThoughtId
    attempt: int
    parent_graph: ThoughtId | None
    depth: int
    layer: int
    question: str
    status: ThoughtStatus
    strategy: str
    answer: str
    reward: float | None
    confidence: float | None
    trust: Trust
    trust_reason: str
    reason: str
    retries: int
    expanded: bool
    started_s: float | None
    finished_s: float | None


class StoredEdge(Value):
    """`target` needs the answer of `source`."""

    source: ThoughtId
    target: ThoughtId
    attempt: int


class StoredVerdict(Value):
    """What a check said of an answer; `seq` is the number of the event that told it."""

    seq: int
    thought: ThoughtId
    attempt: int
    answer: str
    verdict: Verdict
    at_s: float


def storable(text: str) -> str:
    """Return the text with what no database can hold replaced by U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def without_database_url(settings_json: str) -> str:
    """Return the settings without the database's URL, which may hold a password.

    Raises:
        ValueError: If the text is not a JSON object.
    """
    settings = _OBJECT.validate_json(settings_json)
    settings.pop("database_url", None)
    return storable(_OBJECT.dump_json(settings).decode())


def usage_row(usage: Usage) -> Row:
    """Return the columns of a usage."""
    return {name: getattr(usage, name) for name in USAGE_COLUMNS}


def usage_of(row: RowMapping) -> Usage:
    """Return the usage in a row of `runs` or `calls`."""
    return Usage(**{name: row[name] for name in USAGE_COLUMNS})


def call_row(run_id: RunId, record: CallRecord) -> Row:
    """Return the row of a call."""
    return {
        "run_id": run_id, "key": record.key, "kind": record.kind, "state": record.state, "thought": record.thought,
        "purpose": storable(record.purpose), "model": storable(record.model), "request": storable(record.request),
        "reply": None if record.reply is None else storable(record.reply), **usage_row(record.usage),
        "at_s": record.at_s, "latency_ms": record.latency_ms,
    }  # fmt: skip


def call_of(row: RowMapping) -> CallRecord:
    """Return the call in a row."""
    names = ("key", "kind", "state", "thought", "purpose", "model", "request", "reply", "at_s", "latency_ms")
    return CallRecord(usage=usage_of(row), **{name: row[name] for name in names})


def event_row(event: AnyEvent) -> Row:
    """Return the row of an event."""
    try:
        body = event.model_dump_json()
    except PydanticSerializationError:  # half of a surrogate pair somewhere in it
        body = storable(json.dumps(event.model_dump(), ensure_ascii=False))
    return {
        "run_id": event.run_id, "seq": event.seq, "attempt": event.attempt, "kind": event.kind,
        "at_s": event.at_s, "body": body,
    }  # fmt: skip


def finish_row(event: RunFinished) -> Row:
    """Return what the end of a run changes in its row; the lease ends with it."""
    return {
        "status": event.status, "answer": storable(event.answer), "trust": event.trust,
        "trust_reason": storable(event.trust_reason), "candidate": storable(event.candidate),
        "confidence": event.confidence, "answer_strategy": event.strategy, "reason": storable(event.reason), "error": storable(event.error),
        "limit_kind": event.limit, "finished_s": event.at_s,
        "verdicts": storable(json.dumps([verdict.model_dump() for verdict in event.verdicts], ensure_ascii=False)),
        **usage_row(event.usage), **NO_LEASE,
    }  # fmt: skip


NO_LEASE: Row = {"owner": None, "owner_host": None, "owner_pid": None, "heartbeat_s": None}
NO_OUTCOME: Row = {
    "status": "running", "answer": "", "trust": "unchecked", "trust_reason": "", "candidate": "", "confidence": None, "answer_strategy": "", "reason": "", "error": "",
    "limit_kind": "", "finished_s": None, "verdicts": "[]", **usage_row(Usage()),
}  # fmt: skip


FINISHED = tuple(NO_OUTCOME | NO_LEASE)
"""Columns of a run that its end changes."""


def run_of(row: RowMapping, *, live: bool) -> StoredRun:
    """Return the run in a row."""
    names = (
        "run_id", "question", "model", "strategy", "seed", "settings_json", "status", "attempt", "created_s",
        "finished_s", "answer", "trust", "trust_reason", "candidate", "confidence", "answer_strategy", "reason", "error",
    )  # fmt: skip
    return StoredRun(
        usage=usage_of(row), verdicts=_VERDICTS.validate_json(row["verdicts"]), limit=row["limit_kind"], live=live,
        **{name: row[name] for name in names},
    )  # fmt: skip


def thought_of(row: RowMapping) -> StoredThought:
    """Return the thought in a row."""
    return StoredThought(**{name: row[name] for name in StoredThought.model_fields})


def edge_of(row: RowMapping) -> StoredEdge:
    """Return the edge in a row."""
    return StoredEdge(source=row["source"], target=row["target"], attempt=row["attempt"])


def verdict_of(row: RowMapping) -> StoredVerdict:
    """Return the verdict in a row."""
    verdict = Verdict(
        check=row["check_name"], reward=row["reward"], feedback=row["feedback"], conclusive=row["conclusive"]
    )
    names = ("seq", "thought", "attempt", "answer", "at_s")
    return StoredVerdict(verdict=verdict, **{name: row[name] for name in names})


def upsert(table: Table, dialect: str) -> Insert:
    """Return a statement that inserts rows, or replaces those with the same primary key."""
    keys = [column.name for column in table.primary_key]
    into = insert_into(table, dialect)
    rest = {column.name: into.excluded[column.name] for column in table.columns if column.name not in keys}
    replacing: Insert = into.on_conflict_do_update(index_elements=keys, set_=rest)
    return replacing


def insert_new(table: Table, dialect: str) -> Insert:
    """Return a statement that inserts rows and leaves those be whose primary key is taken."""
    keeping: Insert = insert_into(table, dialect).on_conflict_do_nothing()
    return keeping


def insert_into(table: Table, dialect: str) -> Any:
    """Return a plain INSERT that knows what this kind of database does on a conflict."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # 75 ms that users of SQLite need not spend
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table)
