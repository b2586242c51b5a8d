"""Databases of other versions: migrated without loss, or refused with words."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from agot.errors import StoreError
from agot.stores.connection import Database, open_database
from agot.stores.database import SqlStore
from agot.stores.migrations import STEPS, migrate, version_of
from agot.stores.schema import metadata

RELEASED = (1, 2, 3, 4, 5, 6, 7)
A_RUN = "INSERT INTO runs (run_id, question, seed, created_s) VALUES ('01hz', 'kept?', 1, 2.0)"


def add_column(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE runs ADD COLUMN note TEXT"))


def structure(database: Database) -> dict[str, Any]:
    """Return what the database says of its own tables."""
    with database.reading.connect() as connection:
        told = inspect(connection)
        return {
            name: [
                [(column["name"], str(column["type"]), column["nullable"]) for column in told.get_columns(name)],
                told.get_pk_constraint(name)["constrained_columns"],
                sorted((str(key["constrained_columns"]), str(key.get("options"))) for key in told.get_foreign_keys(name)),
                sorted(str(index["column_names"]) for index in told.get_indexes(name)),
                sorted(" ".join(check["sqltext"].split()) for check in told.get_check_constraints(name)),
            ]
            for name in told.get_table_names()
        }  # fmt: skip


@pytest.mark.parametrize("version", RELEASED)
def test_a_database_of_any_version_becomes_like_a_new_one_and_keeps_its_rows(
    tmp_path: Path, version: int
) -> None:
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.executescript(Path(__file__).with_name(f"schema_v{version}.sql").read_text())
        old.execute("INSERT INTO schema_version (id, version) VALUES (1, ?)", (version,))
        old.execute(A_RUN)
    old.close()
    migrated = open_database(f"sqlite:///{tmp_path / 'old.db'}", busy_timeout_s=1)
    fresh = open_database(f"sqlite:///{tmp_path / 'new.db'}", busy_timeout_s=1)
    assert structure(migrated) == structure(fresh)
    assert set(structure(fresh)) == set(metadata.tables)
    with migrated.reading.connect() as connection:
        assert connection.scalar(text("SELECT question FROM runs")) == "kept?"
        assert version_of(connection) == 1 + len(STEPS)
    migrated.close()
    fresh.close()


def test_every_version_is_tried() -> None:
    assert tuple(range(1, 2 + len(STEPS))) == RELEASED


def test_tables_are_added_to_a_database_of_version_1_of_each_kind(url: str, execute: Any) -> None:
    database = open_database(url, busy_timeout_s=1)
    fresh = structure(database)
    database.close()
    execute(
        url,
        A_RUN,
        *(
            f"DROP TABLE {table.name}"
            for table in reversed(metadata.sorted_tables)
            if table.name.startswith("memory_")
        ),
        "DROP TABLE outcomes",
        "DROP TABLE lessons_seen",
        "DROP TABLE approvals",
        "DROP TABLE served",
        "DROP TABLE model_facts",
        "DROP TABLE remarks",
        "DROP TABLE turns",
        "DROP TABLE sessions",
        *(f"ALTER TABLE {table} DROP COLUMN {name}" for table in ("runs", "thoughts") for name in ("trust", "trust_reason")),
        "ALTER TABLE runs DROP COLUMN candidate",
        "UPDATE schema_version SET version = 1",
    )
    database = open_database(url, busy_timeout_s=1)
    assert structure(database) == fresh
    with database.reading.connect() as connection:
        assert connection.scalar(text("SELECT question FROM runs")) == "kept?"
    database.close()


def test_steps_run_once_and_keep_rows(url: str) -> None:
    database = open_database(url, busy_timeout_s=1)
    with database.writing.begin() as connection:
        connection.execute(text(A_RUN))
    steps = (*STEPS, add_column)
    before = []
    for _ in range(2):
        with database.writing.begin() as connection:
            before.append(migrate(connection, where="here", steps=steps))
    assert before == [1 + len(STEPS), 2 + len(STEPS)]
    with database.reading.connect() as connection:
        assert connection.execute(text("SELECT question, note FROM runs")).all() == [("kept?", None)]
    database.close()


def test_a_failing_step_leaves_the_database_as_it_was(url: str) -> None:
    database = open_database(url, busy_timeout_s=1)
    before = structure(database)

    def broken(connection: Connection) -> None:
        add_column(connection)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"), database.writing.begin() as connection:
        migrate(connection, where="here", steps=(*STEPS, broken))
    assert structure(database) == before
    database.close()


def test_two_that_migrate_at_once_do_it_once(url: str) -> None:
    database = open_database(url, busy_timeout_s=5)
    done: list[int] = []

    def step(connection: Connection) -> None:
        add_column(connection)
        done.append(1)

    def one(_: int) -> None:
        with database.writing.begin() as connection:
            migrate(connection, where="here", steps=(*STEPS, step))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(2)))
    assert done == [1]
    database.close()


def test_many_may_make_the_same_new_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_database(url, busy_timeout_s=5), range(4)))
    for database in opened:
        database.close()


async def test_a_newer_database_is_refused_with_both_versions(url: str, execute: Any) -> None:
    await (await SqlStore.open(url)).close()
    execute(url, "UPDATE schema_version SET version = 99")
    with pytest.raises(StoreError, match=rf"schema version 99.* up to {1 + len(STEPS)}\. Upgrade AGoT"):
        await SqlStore.open(url)


async def test_the_database_of_another_program_is_left_alone(url: str, execute: Any) -> None:
    execute(url, "CREATE TABLE runs (id INTEGER)")
    with pytest.raises(StoreError, match="belongs to another program: it has tables named runs"):
        await SqlStore.open(url)
    execute(url, "INSERT INTO runs VALUES (1)")


@pytest.mark.parametrize(
    "statement",
    [
        A_RUN.replace("'01hz'", "''"),
        A_RUN.replace("(run_id", "(status, run_id").replace("('01hz'", "('dreaming', '01hz'"),
        "INSERT INTO events (run_id, seq, attempt, kind, at_s, body) VALUES ('nobody', 1, 1, 'notice', 0, '{}')",
        "INSERT INTO schema_version (id, version) VALUES (2, 1)",
    ],
)
async def test_the_schema_refuses_rows_that_break_its_rules(url: str, execute: Any, statement: str) -> None:
    import sqlalchemy

    async with await SqlStore.open(url) as store:
        with pytest.raises(StoreError, match="breaks its rules"):
            await store._writer.do(lambda connection: connection.execute(sqlalchemy.text(statement)))
