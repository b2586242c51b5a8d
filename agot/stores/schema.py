"""The schema: what a database of AGoT holds, and what may be done with it.

Tables
    schema_version  one row: the version of this schema that the database has
    runs            one row per question: what was asked, how it ended, and who is running it now
    thoughts        the latest state of each thought of a run           (a projection of events)
    edges           which thought needs which                           (a projection of events)
    verdicts        what each check said of each answer                 (a projection of events)
    events          every transition of a run as JSON, numbered from 1; never changed
    calls           the journal: every model, tool and human call, keyed by (run, hash of the request, ordinal)
    outcomes        how each try of a run went, for later runs to learn from; never changed
    lessons_seen    what a run was told of earlier outcomes, and of models, when it first asked; never changed
    remarks         what people wrote beside a run or one of its thoughts
    model_facts     what is known of a model at a server, such as what it was seen to do; the last measured stands
    served          runs that wait or work at one of several servers on this database, for the others to know
    approvals       tool calls of served runs that wait for a person's word, and the word until it is heeded
    sessions        conversations
    turns           what was said in a conversation, how it was understood, and what was answered
    memory_*        documents and conclusions; see `agot.stores.memory_schema`

Verbs
    begin    insert a run
    attempt  take the lease of a run that nobody holds and count the attempt: 1 is the first, more are resumes
    record   append an event and project it into runs, thoughts, edges and verdicts, in one transaction
    put      insert or replace a call; the reply is used only after the commit
    teach    insert outcomes; those that are there already stay as they are
    learn    add up the outcomes of other runs, and keep the sum for this run
    beat     renew the leases this process holds
    branch   insert a run with those calls of another that stand before a change
    remark   insert or delete what a person wrote
    keep     insert or replace facts of a model at a server
    enter    say which server a run waits or works at; `leave` deletes that, or lets others take the run up
    claim    take up a run whose server has ended
    delete   remove a run; everything else of it goes by cascade, except the turns that it answered
    say      begin a turn: a conversation has at most one row per number, counted from 1 without gaps
    branch   copy a conversation's turns up to one of them into a new conversation, which shares their runs

Rules
    *  `events` and `calls` are the record. `thoughts`, `edges` and `verdicts` could be computed again
       from `events`; they exist so that a reader does not have to.
    *  A run has at most one owner. `owner` is a random token of the process that runs it; the lease is
       good while `heartbeat_s` (the database's clock) is fresh and the process is not known to be dead.
    *  A resumed attempt emits its thoughts again: their rows and edges are replaced and verdicts of
       the earlier attempt are removed. The events of every attempt stay.
    *  A turn holds its own text: when its run is deleted, only `run_id` goes.
    *  What a deleted run taught is forgotten with it. `outcomes` hold names and numbers, no text of a question.
    *  A run is served by at most one server. Its row says so from before the run waits until after its end; who writes
       the run is still said by its lease alone.
    *  Times are seconds since the epoch. JSON is text, so that both databases keep it as it came.

A fresh database is made from this module in one go; an older one goes through
`agot.stores.migrations`, and a test compares the two. To change the schema, change it here *and*
append a migration.
"""

from __future__ import annotations

from typing import Any, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
    text,
)

from agot.thought import RunStatus, ThoughtStatus, Trust

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

USAGE_COLUMNS = ("calls", "prompt_tokens", "completion_tokens", "cost_usd", "wall_s", "replayed_calls")
"""Columns that hold an `agot.thought.Usage`, named like its fields."""


def _one_of(column: str, values: tuple[str, ...], name: str | None = None) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)


def _text(name: str, default: str | None = "") -> Column[str]:
    return Column(
        name, Text, nullable=False, server_default=None if default is None else text(f"'{default}'")
    )


def _trust() -> list[Column[Any]]:
    """Return the columns that say how far an answer can be trusted."""
    levels = ", ".join(f"'{level}'" for level in get_args(Trust))
    known = CheckConstraint(f"trust IN ({levels})", name="trust")
    return [
        Column("trust", Text, known, nullable=False, server_default=text("'unchecked'")),
        _text("trust_reason"),
    ]


def _usage() -> list[Column[Any]]:
    whole = ("calls", "prompt_tokens", "completion_tokens", "replayed_calls")
    return [
        Column(name, BigInteger if name in whole else Double, nullable=False, server_default=text("0"))
        for name in USAGE_COLUMNS
    ]


def _run() -> Column[str]:
    return Column("run_id", Text, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True)


schema_version = Table(
    "schema_version",
    metadata,
    Column(
        "id", Integer, CheckConstraint("id = 1", name="single_row"), primary_key=True, autoincrement=False
    ),
    Column("version", Integer, CheckConstraint("version >= 1", name="version"), nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, CheckConstraint("run_id <> ''", name="run_id"), primary_key=True),
    # what was asked
    _text("question", None),
    _text("model"),
    _text("strategy"),
    Column("seed", BigInteger, nullable=False),
    _text("settings_json", "{}"),
    Column("created_s", Double, nullable=False),
    # how it stands
    _text("status", "running"),
    Column(
        "attempt",
        Integer,
        CheckConstraint("attempt >= 0", name="attempt"),
        nullable=False,
        server_default=text("0"),
    ),
    Column("finished_s", Double),
    _text("answer"),
    Column("confidence", Double),
    _text("answer_strategy"),
    _text("verdicts", "[]"),
    _text("reason"),
    _text("error"),
    _text("limit_kind"),
    *_usage(),
    # who is running it; all NULL if nobody is
    Column("owner", Text),
    Column("owner_host", Text),
    Column("owner_pid", BigInteger),
    Column("heartbeat_s", Double),
    *_trust(),
    _text("candidate"),
    _one_of("status", get_args(RunStatus)),
    CheckConstraint(
        "(owner IS NULL) = (heartbeat_s IS NULL) AND (owner IS NULL) = (owner_pid IS NULL) "
        "AND (owner IS NULL) = (owner_host IS NULL)",
        name="lease_whole",
    ),
    CheckConstraint("(status = 'running') = (finished_s IS NULL)", name="finished"),
    Index(None, "created_s"),
)

events = Table(
    "events",
    metadata,
    _run(),
    Column("seq", BigInteger, CheckConstraint("seq >= 1", name="seq"), primary_key=True, autoincrement=False),
    Column("attempt", Integer, CheckConstraint("attempt >= 1", name="attempt"), nullable=False),
    # Not limited to today's kinds: each new kind of event would need a migration of the largest table.
    Column("kind", Text, CheckConstraint("kind <> ''", name="kind"), nullable=False),
    Column("at_s", Double, nullable=False),
    _text("body", None),
)

thoughts = Table(
    "thoughts",
    metadata,
    _run(),
    Column("thought", Text, CheckConstraint("thought <> ''", name="thought"), primary_key=True),
    Column("attempt", Integer, CheckConstraint("attempt >= 1", name="attempt"), nullable=False),
    Column("parent_graph", Text),
    Column(
        "depth",
        Integer,
        CheckConstraint("depth >= 0", name="depth"),
        nullable=False,
        server_default=text("0"),
    ),
    Column("layer", Integer, nullable=False, server_default=text("0")),
    _text("question"),
    _text("status", "pending"),
    _text("strategy"),
    _text("answer"),
    Column("reward", Double),
    Column("confidence", Double),
    _text("reason"),
    Column("retries", Integer, nullable=False, server_default=text("0")),
    Column("expanded", Boolean, nullable=False, server_default=false()),
    Column("started_s", Double),
    Column("finished_s", Double),
    *_trust(),
    _one_of("status", tuple(status.value for status in ThoughtStatus)),
)

edges = Table(
    "edges",
    metadata,
    _run(),
    Column("source", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("attempt", Integer, CheckConstraint("attempt >= 1", name="attempt"), nullable=False),
    ForeignKeyConstraint(["run_id", "source"], ["thoughts.run_id", "thoughts.thought"], ondelete="CASCADE"),
    ForeignKeyConstraint(["run_id", "target"], ["thoughts.run_id", "thoughts.thought"], ondelete="CASCADE"),
    Index(None, "run_id", "target"),
)

verdicts = Table(
    "verdicts",
    metadata,
    _run(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # of the event that told it
    _text("thought", None),
    Column("attempt", Integer, CheckConstraint("attempt >= 1", name="attempt"), nullable=False),
    _text("check_name", None),
    Column("reward", Double, CheckConstraint("reward >= 0 AND reward <= 1", name="reward")),
    _text("feedback"),
    Column("conclusive", Boolean, nullable=False),
    _text("answer"),
    Column("at_s", Double, nullable=False),
    ForeignKeyConstraint(["run_id", "thought"], ["thoughts.run_id", "thoughts.thought"], ondelete="CASCADE"),
    Index(None, "run_id", "thought"),
)

calls = Table(
    "calls",
    metadata,
    _run(),
    Column("key", Text, CheckConstraint("key <> ''", name="key"), primary_key=True),
    _text("kind", None),
    _text("state", None),
    _text("thought", None),
    _text("purpose"),
    _text("model"),
    _text("request", None),
    Column("reply", Text),
    *_usage(),
    Column("at_s", Double, nullable=False),
    Column("latency_ms", Double, nullable=False),
    _one_of("kind", ("model", "tool", "human")),
    _one_of("state", ("started", "done")),
    CheckConstraint("state = 'started' OR reply IS NOT NULL", name="done_has_reply"),
)

outcomes = Table(
    "outcomes",
    metadata,
    _run(),
    Column("thought", Text, CheckConstraint("thought <> ''", name="thought"), primary_key=True),
    Column(
        "ordinal",
        Integer,
        CheckConstraint("ordinal >= 0", name="ordinal"),
        primary_key=True,
        autoincrement=False,
    ),
    # Not limited to today's kinds, as with events.
    Column("kind", Text, CheckConstraint("kind <> ''", name="kind"), primary_key=True),
    Column("subject", Text, CheckConstraint("subject <> ''", name="subject"), primary_key=True),
    Column("arm", Text, CheckConstraint("arm <> ''", name="arm"), primary_key=True),
    Column("n", BigInteger, CheckConstraint("n >= 1", name="n"), nullable=False),
    Column("reward", Double, CheckConstraint("reward >= 0 AND reward <= 1", name="reward"), nullable=False),
    Column("tokens", BigInteger, CheckConstraint("tokens >= 0", name="tokens"), nullable=False),
    Column("recovered", Boolean, nullable=False),
    Column("at_s", Double, nullable=False),
    Index(None, "kind", "subject"),
)

lessons_seen = Table(
    "lessons_seen",
    metadata,
    _run(),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _text("tallies", None),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", Text, CheckConstraint("session_id <> ''", name="session_id"), primary_key=True),
    _text("title"),
    Column("created_s", Double, nullable=False),
    Column("changed_s", Double, nullable=False),
    Column("forked_from", Text, ForeignKey("sessions.session_id", ondelete="SET NULL")),
    Column("forked_at", Integer),
    Index(None, "changed_s"),
)

turns = Table(
    "turns",
    metadata,
    Column("session_id", Text, ForeignKey("sessions.session_id", ondelete="CASCADE"), primary_key=True),
    Column(
        "number",
        Integer,
        CheckConstraint("number >= 1", name="number"),
        primary_key=True,
        autoincrement=False,
    ),
    # what was said
    _text("said", None),
    _text("understood"),
    _text("material"),
    _text("material_names", "[]"),
    # what came of it
    Column("run_id", Text, ForeignKey("runs.run_id", ondelete="SET NULL")),
    _text("model"),
    _text("status", "running"),
    _text("answer"),
    _text("reason"),
    *_usage(),
    Column("at_s", Double, nullable=False),
    Column("finished_s", Double),
    _one_of("status", get_args(RunStatus)),
    CheckConstraint("(status = 'running') = (finished_s IS NULL)", name="finished"),
    Index(None, "run_id"),
)

remarks = Table(
    "remarks",
    metadata,
    _run(),
    Column("remark", Text, CheckConstraint("remark <> ''", name="remark"), primary_key=True),
    _text("thought"),
    Column("text", Text, CheckConstraint("text <> ''", name="text"), nullable=False),
    Column("created_s", Double, nullable=False),
)

model_facts = Table(
    "model_facts",
    metadata,
    Column("server", Text, primary_key=True),
    Column("model", Text, CheckConstraint("model <> ''", name="model"), primary_key=True),
    Column("name", Text, CheckConstraint("name <> ''", name="name"), primary_key=True),
    _text("value_json", None),
    Column("measured_at_s", Double, nullable=False),
)

served = Table(
    "served",
    metadata,
    _run(),
    Column("group_name", Text, CheckConstraint("group_name <> ''", name="group_name"), nullable=False),
    Column("owner", Text),
    Column("owner_host", Text),
    Column("owner_pid", BigInteger),
    Column("heartbeat_s", Double),
    Column("since_s", Double, nullable=False),
    Column("kept", Boolean, nullable=False),
    Column("attended", Boolean, nullable=False),
    Column("again", Boolean, nullable=False),
    _text("budget"),
    Column("moves", Integer, CheckConstraint("moves >= 0", name="moves"), nullable=False, server_default=text("0")),
    Column("cancel_asked", Boolean, nullable=False, server_default=false()),
    CheckConstraint(
        "(owner IS NULL) = (heartbeat_s IS NULL) AND (owner IS NULL) = (owner_pid IS NULL) "
        "AND (owner IS NULL) = (owner_host IS NULL)",
        name="owner_whole",
    ),
    Index(None, "group_name"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("run_id", Text, ForeignKey("served.run_id", ondelete="CASCADE"), primary_key=True),
    Column("call", Text, CheckConstraint("call <> ''", name="call"), primary_key=True),
    _text("tool", None),
    _text("arguments", "{}"),
    _text("text"),
    Column("again", Boolean, nullable=False),
    _text("decision"),
    _one_of("decision", ("", "yes", "no", "always")),
)
