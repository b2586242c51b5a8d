"""A damaged database is told of fault by fault."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from agot.stores.checking import faults_in
from agot.stores.database import SqlStore


async def _faults(url: str) -> list[str]:
    async with await SqlStore.open(url, to_write=False) as store:
        return await store.view(lambda connection: list(faults_in(connection)))


@pytest.fixture
async def filled(sqlite_url: str, begin: Any, call: Any) -> str:
    async with await SqlStore.open(sqlite_url) as store:
        run = await begin(store)
        await store.put_call(run.id, call("k:0"))
    return sqlite_url


async def test_a_whole_database_has_no_fault(filled: str) -> None:
    assert await _faults(filled) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("update calls set request = '{'", "Call k:0 of run .* cannot be read"),
        ("update runs set settings_json = 'x'", "settings of run .* cannot be resumed"),
        ("insert into events values ((select run_id from runs), 1, 1, 'notice', 0, '{}')", "Event 1 of run .* cannot be read"),
        ("insert into events values ((select run_id from runs), 7, 1, 'notice', 0, '{}')", "1 events numbered from 7 to 7"),
        ("insert into remarks values ('nobody', 'r', '', 'x', 0)", "Row .* of remarks refers to a row of runs"),
    ],
)  # fmt: skip
async def test_each_fault_is_told(filled: str, tmp_path: Path, damage: str, told: str) -> None:
    with sqlite3.connect(tmp_path / "agot.db") as connection:
        connection.execute(damage)
    connection.close()
    found = await _faults(filled)
    assert any(re.search(told, fault) for fault in found), found


async def test_an_index_without_its_entries_is_a_damaged_file(filled: str, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "agot.db")
    root = connection.execute("select rootpage from sqlite_schema where name = 'ix_runs_created_s'").fetchone()[0]
    connection.execute("pragma wal_checkpoint(truncate)")
    size = connection.execute("pragma page_size").fetchone()[0]
    connection.close()
    with (tmp_path / "agot.db").open("r+b") as file:
        # An index page that holds nothing.
        file.seek((root - 1) * size)
        file.write(bytes([10, 0, 0, 0, 0]) + size.to_bytes(2) + b"\0" + bytes(size - 8))
    found = await _faults(filled)
    assert found and all(fault.startswith("The file is damaged") for fault in found)
