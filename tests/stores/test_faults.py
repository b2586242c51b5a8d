"""Whatever is wrong with a database, the user reads what, where and what to do; no password, no traceback."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Engine, event

import agot
from agot.errors import StoreError
from agot.events import EdgeAdded, Notice
from agot.ids import ThoughtId
from agot.stores import writer
from agot.stores.connection import parse_url
from agot.stores.database import SqlStore
from agot.stores.faults import scrub

SECRET = "s3cr:t@/"
ENCODED = "s3cr%3At%40%2F"


async def refused(url: str, words: str, **more: Any) -> str:
    """Open a database that cannot be opened; return the message."""
    with pytest.raises(StoreError, match=words) as caught:
        await SqlStore.open(url, **more)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "agot.db", "mysql://me:s3cret@host/x", "postgresql+asyncpg://me:s3cret@h/x", "::s3cret"]
)
async def test_an_unusable_url_is_refused_without_repeating_it(url: str) -> None:
    assert "s3cret" not in await refused(url, r"sqlite:///path/to/file\.db")


@pytest.mark.parametrize("url", ["postgresql://h/x", "postgres://h/x", "postgresql+psycopg://h/x"])
def test_postgresql_means_psycopg(url: str) -> None:
    try:
        assert parse_url(url).drivername == "postgresql+psycopg"
    except StoreError:
        pytest.fail(f"{url} was refused")


async def test_an_unreachable_server_is_named_without_its_password() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        message = await refused(
            f"postgresql://me:{ENCODED}@127.0.0.1:{port}/db?sslpassword=hidden",
            "cannot be reached.*Check host and port",
        )
    assert f"127.0.0.1:{port}/db" in message
    assert (
        not {SECRET, ENCODED, "hidden"} & set(message.replace("'", " ").split()) and "hidden" not in message
    )
    assert SECRET not in message and ENCODED not in message


def test_passwords_are_scrubbed_from_the_drivers_words() -> None:
    url = sqlalchemy.make_url(f"postgresql://me:{ENCODED}@h/x?password=other")
    assert scrub(f"conninfo {SECRET} {ENCODED} other", url) == "conninfo *** *** ***"


async def test_a_missing_postgresql_database_is_named(postgres_url: str) -> None:
    await refused(postgres_url.replace("/postgres?", "/nowhere?"), "does not exist on this server")


async def test_a_store_survives_a_server_that_closed_its_connections(
    empty_postgres_url: str, begin: Any, call: Any, execute: Any
) -> None:
    async with await SqlStore.open(empty_postgres_url) as store:
        run = await begin(store)
        execute(
            empty_postgres_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'agot'",
        )
        await store.put_call(run.id, call())
        assert len(await store.load_calls(run.id)) == 1


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary, " * 500)
    await refused(
        f"sqlite:///{tmp_path / 'notes.txt'}", r"notes\.txt is not a SQLite database.*Name another file"
    )
    assert (tmp_path / "notes.txt").read_text() == "Dear diary, " * 500


async def test_a_folder_or_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    await refused(f"sqlite:///{tmp_path}", "cannot be opened.*Check that its folder exists")
    await refused(
        f"sqlite:///{tmp_path / 'file' / 'agot.db'}", "cannot be opened.*Check that its folder exists"
    )


async def test_a_damaged_file_is_named_as_such(
    sqlite_url: str, tmp_path: Path, begin: Any, call: Any
) -> None:
    async with await SqlStore.open(sqlite_url) as store:
        run = await begin(store)
        for number in range(20):
            await store.put_call(run.id, call(f"{number}:0", size=20_000))
    path = tmp_path / "agot.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: 4096 * 30] + b"\xff" * (len(whole) - 4096 * 30))
    with pytest.raises(StoreError, match=r"is damaged.*Restore a backup"):
        async with await SqlStore.open(sqlite_url) as store:
            await store.load_calls(run.id)


async def test_a_read_only_database_is_refused_at_once(sqlite_url: str, tmp_path: Path) -> None:
    await (await SqlStore.open(sqlite_url)).close()
    await refused(f"sqlite:///file:{tmp_path / 'agot.db'}?mode=ro&uri=true", "is read-only.*writable")


async def test_a_read_only_database_can_be_looked_at(sqlite_url: str, tmp_path: Path, begin: Any) -> None:
    async with await SqlStore.open(sqlite_url) as store:
        run = await begin(store)
    async with await SqlStore.open(
        f"sqlite:///file:{tmp_path / 'agot.db'}?mode=ro&uri=true", to_write=False
    ) as store:
        assert [found.run_id for found in await store.runs()] == [run.id]


_READ_AS_A_STRANGER = """
import asyncio, os, sys
from agot.stores.database import SqlStore
import sqlalchemy.dialects.sqlite
if os.getuid() == 0:
    os.setuid(65534)
async def main():
    async with await SqlStore.open(sys.argv[1], to_write=False) as store:
        print([str(run.run_id) for run in await store.runs()])
asyncio.run(main())
"""


@pytest.mark.parametrize("live", [False, True])
async def test_runs_are_read_where_nobody_may_write(
    sqlite_url: str, tmp_path: Path, begin: Any, live: bool
) -> None:
    store = await SqlStore.open(sqlite_url)
    run = await begin(store)
    if not live:
        await store.close()
    # Up to the folder that is everybody's; how many there are depends on whether tests run side by side.
    way = [path for path in (tmp_path, *tmp_path.parents) if not path.stat().st_mode & 0o001]
    for path in way:
        path.chmod(0o755)
    for file in tmp_path.iterdir():
        # The log of a live writer included, in which the run still is.
        file.chmod(0o444)
    try:
        told = python(_READ_AS_A_STRANGER, sqlite_url)
    finally:
        for path in way:
            path.chmod(0o700)
        if live:
            await store.close()
    assert told.strip() == str([str(run.id)])


_AS_A_STRANGER = """
import asyncio, os, sys
from agot.errors import StoreError
from agot.stores.database import SqlStore
import sqlalchemy.dialects.sqlite
if os.getuid() == 0:
    os.setuid(65534)
async def main():
    for url in sys.argv[1:]:
        try:
            await SqlStore.open(url)
        except StoreError as error:
            print(error)
asyncio.run(main())
"""


async def test_files_and_folders_without_permission_are_named(sqlite_url: str, tmp_path: Path) -> None:
    await (await SqlStore.open(sqlite_url)).close()
    folder = tmp_path / "locked"
    folder.mkdir()
    way = (tmp_path, *tmp_path.parents[:2])  # pytest's own folders let nobody else pass
    for path in way:
        path.chmod(0o755)
    (tmp_path / "agot.db").chmod(0o444)
    folder.chmod(0o555)
    new, below = f"sqlite:///{folder / 'new.db'}", f"sqlite:///{folder / 'sub' / 'new.db'}"
    try:
        told = python(_AS_A_STRANGER, sqlite_url, new, below).splitlines()
    finally:
        for path in way:
            path.chmod(0o700)
    assert len(told) == 3
    assert "agot.db is read-only" in told[0] or "cannot be opened" in told[0]
    assert f"{folder / 'new.db'} cannot be opened" in told[1]
    assert f"{folder / 'sub' / 'new.db'} cannot be opened" in told[2]


def python(script: str, *arguments: str) -> str:
    """Run a script in a process of its own and return what it printed."""
    environment = os.environ | {"PYTHONPATH": str(Path(agot.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_a_database_locked_for_too_long_is_refused_and_works_again_afterwards(
    sqlite_url: str, tmp_path: Path, begin: Any, call: Any
) -> None:
    store = await SqlStore.open(sqlite_url, busy_timeout_s=0.1)
    run = await begin(store)
    other = sqlite3.connect(tmp_path / "agot.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    locked = "is locked by another process.*try again"
    await refused(sqlite_url, locked, busy_timeout_s=0.1)
    with pytest.raises(StoreError, match=locked):
        await asyncio.wait_for(store.put_call(run.id, call()), 5)
    assert (await store.run(run.id)).run_id == run.id, "reading goes on"
    other.execute("ROLLBACK")
    other.close()
    await store.put_call(run.id, call())
    await store.close()


async def test_a_locked_postgresql_table_is_named(empty_postgres_url: str, begin: Any, call: Any) -> None:
    async with await SqlStore.open(empty_postgres_url, busy_timeout_s=0.1) as store:
        run = await begin(store)
        engine = sqlalchemy.create_engine(empty_postgres_url.replace("://", "+psycopg://", 1))
        with engine.begin() as other:
            other.execute(sqlalchemy.text("LOCK TABLE calls"))
            with pytest.raises(StoreError, match="is locked by another session"):
                await store.put_call(run.id, call())
        engine.dispose()
        await store.put_call(run.id, call())


@pytest.fixture
def small_disk() -> Iterator[None]:
    def limit(connection: Any, record: object) -> None:
        connection.execute("PRAGMA max_page_count = 128")

    event.listen(Engine, "connect", limit)
    yield
    event.remove(Engine, "connect", limit)


async def test_a_full_disk_is_told_once_and_everything_stored_before_is_kept(
    small_disk: None, sqlite_url: str, begin: Any, call: Any
) -> None:
    async with await SqlStore.open(sqlite_url) as store:
        run = await begin(store)
        stored = 0
        with pytest.raises(StoreError, match=r"the disk is full.*Free some space"):
            for number in range(100):
                await store.put_call(run.id, call(f"{number}:0", size=10_000))
                stored += 1
        for _ in range(30):
            run.emit(*(Notice(level="info", text="x" * 10_000) for _ in range(5)))
            await asyncio.sleep(0.005)
        for awaited in (store.flush(run.id), store.put_call(run.id, call("last:0"))):
            with pytest.raises(StoreError, match="the disk is full"):
                await awaited
        assert len(run.faults) == 1
        assert "Free some space" in run.faults[0]
        assert len(await store.load_calls(run.id)) == stored > 0
        await store.end_attempt(run.id)


async def test_the_fault_of_one_run_is_not_anothers(store: SqlStore, begin: Any) -> None:
    from agot.ids import RunId

    healthy, broken = await begin(store), await begin(store, RunId("01hzrun0000000000b"))
    edge = EdgeAdded(source=ThoughtId("0.0"), target=ThoughtId("0.1"))
    healthy.emit(edge)
    store.sink(edge.model_copy(update={"run_id": broken.id, "seq": -1}))
    healthy.emit(edge)
    with pytest.raises(StoreError, match="breaks its rules"):
        await store.flush(broken.id)
    await store.flush(healthy.id)
    assert len(await store.events(healthy.id)) == 2
    await asyncio.sleep(0)
    assert (healthy.faults, len(broken.faults)) == ([], 1)


async def test_events_that_pile_up_are_a_fault_and_not_a_leak(
    sqlite_url: str, tmp_path: Path, begin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_PENDING", 20)
    async with await SqlStore.open(sqlite_url) as store:
        run = await begin(store)
        other = sqlite3.connect(tmp_path / "agot.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        run.emit(*(Notice(level="info", text=str(number)) for number in range(50)))
        other.execute("ROLLBACK")
        other.close()
        with pytest.raises(StoreError, match="does not keep up"):
            await store.flush(run.id)
        assert len(run.faults) == 1


def test_importing_agot_does_not_load_the_stores() -> None:
    told = python(
        "import sys, agot; print([m for m in sys.modules if m.startswith(('agot.stores', 'sqlalchemy'))])"
    )
    assert told.strip() == "[]"
