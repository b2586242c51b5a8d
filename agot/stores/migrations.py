"""Brings a database to the version of `agot.stores.schema`.

A database without tables is made from the schema in one go. An older one goes through the steps it
lacks, all in one transaction, so a failure or a kill leaves it as it was. Two processes that start at
once are kept apart by a lock that is held until the commit; the second finds nothing left to do.

Alembic is not used: it costs 0.17 s and 19 MB at every start, and its branches and autogeneration
serve a team that shares a server, not a file on each user's disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, insert, inspect, select, text, update

import agot.stores.memory_schema  # noqa: F401 - its tables are part of the schema
from agot.errors import StoreError
from agot.stores.memory_step import add_memory
from agot.stores.schema import metadata, schema_version

Step = Callable[[Connection], None]
"""Changes a database of one version into the next. Runs in a transaction; must keep every row."""


def _add_lessons(connection: Connection) -> None:
    """Version 2: what runs taught."""
    number = "DOUBLE PRECISION" if connection.dialect.name == "postgresql" else "DOUBLE"
    for statement in (
        f"""CREATE TABLE outcomes (
            run_id TEXT NOT NULL,
            thought TEXT NOT NULL CONSTRAINT ck_outcomes_thought CHECK (thought <> ''),
            ordinal INTEGER NOT NULL CONSTRAINT ck_outcomes_ordinal CHECK (ordinal >= 0),
            kind TEXT NOT NULL CONSTRAINT ck_outcomes_kind CHECK (kind <> ''),
            subject TEXT NOT NULL CONSTRAINT ck_outcomes_subject CHECK (subject <> ''),
            arm TEXT NOT NULL CONSTRAINT ck_outcomes_arm CHECK (arm <> ''),
            n BIGINT NOT NULL CONSTRAINT ck_outcomes_n CHECK (n >= 1),
            reward {number} NOT NULL CONSTRAINT ck_outcomes_reward CHECK (reward >= 0 AND reward <= 1),
            tokens BIGINT NOT NULL CONSTRAINT ck_outcomes_tokens CHECK (tokens >= 0),
            recovered BOOLEAN NOT NULL,
            at_s {number} NOT NULL,
            CONSTRAINT pk_outcomes PRIMARY KEY (run_id, thought, ordinal, kind, subject, arm),
            CONSTRAINT fk_outcomes_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE CASCADE
        )""",
        "CREATE INDEX ix_outcomes_kind_subject ON outcomes (kind, subject)",
        """CREATE TABLE lessons_seen (
            run_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            tallies TEXT NOT NULL,
            CONSTRAINT pk_lessons_seen PRIMARY KEY (run_id, kind, subject),
            CONSTRAINT fk_lessons_seen_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE CASCADE
        )""",
    ):
        connection.execute(text(statement))


def _add_conversations(connection: Connection) -> None:
    """Version 3: what was said and answered in conversations."""
    number = "DOUBLE PRECISION" if connection.dialect.name == "postgresql" else "DOUBLE"
    for statement in (
        f"""CREATE TABLE sessions (
            session_id TEXT NOT NULL CONSTRAINT ck_sessions_session_id CHECK (session_id <> ''),
            title TEXT DEFAULT '' NOT NULL,
            created_s {number} NOT NULL,
            changed_s {number} NOT NULL,
            forked_from TEXT,
            forked_at INTEGER,
            CONSTRAINT pk_sessions PRIMARY KEY (session_id),
            CONSTRAINT fk_sessions_forked_from FOREIGN KEY (forked_from) REFERENCES sessions (session_id) ON DELETE SET NULL
        )""",
        "CREATE INDEX ix_sessions_changed_s ON sessions (changed_s)",
        f"""CREATE TABLE turns (
            session_id TEXT NOT NULL,
            number INTEGER NOT NULL CONSTRAINT ck_turns_number CHECK (number >= 1),
            said TEXT NOT NULL,
            understood TEXT DEFAULT '' NOT NULL,
            material TEXT DEFAULT '' NOT NULL,
            material_names TEXT DEFAULT '[]' NOT NULL,
            run_id TEXT,
            model TEXT DEFAULT '' NOT NULL,
            status TEXT DEFAULT 'running' NOT NULL,
            answer TEXT DEFAULT '' NOT NULL,
            reason TEXT DEFAULT '' NOT NULL,
            calls BIGINT DEFAULT 0 NOT NULL,
            prompt_tokens BIGINT DEFAULT 0 NOT NULL,
            completion_tokens BIGINT DEFAULT 0 NOT NULL,
            cost_usd {number} DEFAULT 0 NOT NULL,
            wall_s {number} DEFAULT 0 NOT NULL,
            replayed_calls BIGINT DEFAULT 0 NOT NULL,
            at_s {number} NOT NULL,
            finished_s {number},
            CONSTRAINT pk_turns PRIMARY KEY (session_id, number),
            CONSTRAINT ck_turns_status CHECK (status IN ('running', 'answered', 'abstained', 'budget', 'failed', 'interrupted')),
            CONSTRAINT ck_turns_finished CHECK ((status = 'running') = (finished_s IS NULL)),
            CONSTRAINT fk_turns_session_id FOREIGN KEY (session_id) REFERENCES sessions (session_id) ON DELETE CASCADE,
            CONSTRAINT fk_turns_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE SET NULL
        )""",
        "CREATE INDEX ix_turns_run_id ON turns (run_id)",
    ):
        connection.execute(text(statement))


def _add_remarks(connection: Connection) -> None:
    """Version 3 as well: what people wrote beside runs."""
    number = "DOUBLE PRECISION" if connection.dialect.name == "postgresql" else "DOUBLE"
    connection.execute(text(
        f"""CREATE TABLE remarks (
            run_id TEXT NOT NULL,
            remark TEXT NOT NULL CONSTRAINT ck_remarks_remark CHECK (remark <> ''),
            thought TEXT DEFAULT '' NOT NULL,
            text TEXT NOT NULL CONSTRAINT ck_remarks_text CHECK (text <> ''),
            created_s {number} NOT NULL,
            CONSTRAINT pk_remarks PRIMARY KEY (run_id, remark),
            CONSTRAINT fk_remarks_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE CASCADE
        )"""
    ))  # fmt: skip


def _to_version_3(connection: Connection) -> None:
    _add_conversations(connection)
    _add_remarks(connection)


def _add_model_facts(connection: Connection) -> None:
    """Version 4: what is known of models at servers."""
    number = "DOUBLE PRECISION" if connection.dialect.name == "postgresql" else "DOUBLE"
    connection.execute(text(
        f"""CREATE TABLE model_facts (
            server TEXT NOT NULL,
            model TEXT NOT NULL CONSTRAINT ck_model_facts_model CHECK (model <> ''),
            name TEXT NOT NULL CONSTRAINT ck_model_facts_name CHECK (name <> ''),
            value_json TEXT NOT NULL,
            measured_at_s {number} NOT NULL,
            CONSTRAINT pk_model_facts PRIMARY KEY (server, model, name)
        )"""
    ))  # fmt: skip


def _add_trust(connection: Connection) -> None:
    """Version 5: how far answers can be trusted, and the best answer of a run that withheld it."""
    levels = "'proved', 'cross-checked', 'judged', 'doubtful', 'unchecked'"
    for table in ("runs", "thoughts"):
        for column in (
            f"trust TEXT DEFAULT 'unchecked' NOT NULL CONSTRAINT ck_{table}_trust CHECK (trust IN ({levels}))",
            "trust_reason TEXT DEFAULT '' NOT NULL",
        ):
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column}"))
    connection.execute(text("ALTER TABLE runs ADD COLUMN candidate TEXT DEFAULT '' NOT NULL"))


def _add_serving(connection: Connection) -> None:
    """Version 6: what several servers on one database tell each other."""
    number = "DOUBLE PRECISION" if connection.dialect.name == "postgresql" else "DOUBLE"
    for statement in (
        f"""CREATE TABLE served (
            run_id TEXT NOT NULL,
            group_name TEXT NOT NULL CONSTRAINT ck_served_group_name CHECK (group_name <> ''),
            owner TEXT,
            owner_host TEXT,
            owner_pid BIGINT,
            heartbeat_s {number},
            since_s {number} NOT NULL,
            kept BOOLEAN NOT NULL,
            attended BOOLEAN NOT NULL,
            again BOOLEAN NOT NULL,
            budget TEXT DEFAULT '' NOT NULL,
            moves INTEGER DEFAULT 0 NOT NULL CONSTRAINT ck_served_moves CHECK (moves >= 0),
            cancel_asked BOOLEAN DEFAULT {"false" if connection.dialect.name == "postgresql" else "0"} NOT NULL,
            CONSTRAINT pk_served PRIMARY KEY (run_id),
            CONSTRAINT ck_served_owner_whole CHECK ((owner IS NULL) = (heartbeat_s IS NULL)
                AND (owner IS NULL) = (owner_pid IS NULL) AND (owner IS NULL) = (owner_host IS NULL)),
            CONSTRAINT fk_served_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE CASCADE
        )""",
        "CREATE INDEX ix_served_group_name ON served (group_name)",
        """CREATE TABLE approvals (
            run_id TEXT NOT NULL,
            call TEXT NOT NULL CONSTRAINT ck_approvals_call CHECK (call <> ''),
            tool TEXT NOT NULL,
            arguments TEXT DEFAULT '{}' NOT NULL,
            text TEXT DEFAULT '' NOT NULL,
            again BOOLEAN NOT NULL,
            decision TEXT DEFAULT '' NOT NULL
                CONSTRAINT ck_approvals_decision CHECK (decision IN ('', 'yes', 'no', 'always')),
            CONSTRAINT pk_approvals PRIMARY KEY (run_id, call),
            CONSTRAINT fk_approvals_run_id FOREIGN KEY (run_id) REFERENCES served (run_id) ON DELETE CASCADE
        )""",
    ):
        connection.execute(text(statement))


STEPS: tuple[Step, ...] = (_add_lessons, _to_version_3, _add_model_facts, _add_trust, _add_serving, add_memory)
"""Step i leads from version i + 1 to version i + 2. Append only; a released step is never edited."""

_LOCK_KEY = 0x41476F54
"""Key of PostgreSQL's advisory lock: "AGoT"."""


def version_of(connection: Connection) -> int | None:
    """Return the version of the database, or None if it has none yet."""
    if not inspect(connection).has_table(schema_version.name):
        return None
    return connection.scalar(select(schema_version.c.version))


def migrate(connection: Connection, *, where: str, steps: Sequence[Step] = STEPS) -> int:
    """Bring the database to the newest version, inside the connection's write transaction.

    Args:
        connection: In a transaction that holds SQLite's write lock (BEGIN IMMEDIATE).
        where: The database, for messages; without passwords.
        steps: The steps from version 1 on; another list only in tests.

    Returns:
        The version the database had before; 0 if it was empty.

    Raises:
        StoreError: If the database is of a newer version, or has foreign tables of the same names.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    newest = 1 + len(steps)
    version = version_of(connection)
    if version is None:
        _refuse_foreign_tables(connection, where)
        metadata.create_all(connection, checkfirst=False)
        connection.execute(insert(schema_version).values(id=1, version=newest))
        return 0
    check_not_newer(version, newest=newest, where=where)
    for step in steps[version - 1 :]:
        step(connection)
    if version < newest:
        connection.execute(update(schema_version).values(version=newest))
    return version


def check_not_newer(version: int, *, newest: int, where: str) -> None:
    """Raise StoreError if a database of `version` is too new for a program that knows `newest`."""
    if version > newest:
        raise StoreError(
            f"The database {where} has schema version {version}, but this version of AGoT only knows versions "
            f"up to {newest}. Upgrade AGoT (pip install -U agot), or name another database with AGOT_DATABASE_URL."
        )


def _refuse_foreign_tables(connection: Connection, where: str) -> None:
    clash = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if clash:
        raise StoreError(
            f"The database {where} belongs to another program: it has tables named {', '.join(clash)}, but no "
            f"{schema_version.name}. Name another database with AGOT_DATABASE_URL."
        )
