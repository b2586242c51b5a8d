"""Opens a database: the URL, the connection's settings, and the migration.

SQLite works in WAL mode with synchronous=NORMAL: a commit survives a killed process; a power cut may
take the last commits but never damages the file. What is recorded of a side effect is committed with synchronous=FULL,
which also makes safe all that was committed before; on PostgreSQL not without synchronous_commit.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL, Connection, Engine, QueuePool, StaticPool, create_engine, delete, event, make_url
from sqlalchemy.exc import ArgumentError

from agot.errors import StoreError
from agot.private import close_to_others, make_file, make_folder
from agot.settings import agot_home
from agot.stores import faults
from agot.stores.migrations import STEPS, check_not_newer, migrate, version_of
from agot.stores.schema import schema_version

READERS = 2
"""Connections for reading, beside the writer's."""

_CONNECT_TIMEOUT_S = 10

_COMMIT_WAITS = (
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
)
"""For one transaction, where a server or a user was set not to wait for its disk."""


@dataclass(slots=True)
class Database:
    """An open database.

    Attributes:
        writing: Engine whose transactions hold the write lock from their start.
        reading: Engine whose transactions see one snapshot.
        where: The database in words, without passwords.
        in_memory: There is one connection only, and it belongs to the writer's thread.
    """

    url: URL
    where: str
    writing: Engine
    reading: Engine
    in_memory: bool
    _kept: Connection | None = None

    @contextlib.contextmanager
    def transaction(self, *, safe_from_power_cut: bool = False) -> Iterator[Connection]:
        """Begin a transaction that writes, and commit it; one after another, of one thread.

        Args:
            safe_from_power_cut: The commit waits until the disk has it, and all that was committed before.

        SQLite's connection is kept for the next: there is no server that could close it meanwhile, and fetching it
        from a pool costs more than a small transaction.
        """
        if self.writing.dialect.name != "sqlite":
            with self.writing.begin() as connection:
                if safe_from_power_cut:
                    connection.exec_driver_sql(_COMMIT_WAITS)
                yield connection
            return
        try:
            if self._kept is None:
                self._kept = self.writing.connect()
            if safe_from_power_cut:
                _execute(self._kept, "PRAGMA synchronous = FULL")
            with self._kept.begin():
                yield self._kept
            if safe_from_power_cut:
                _execute(self._kept, "PRAGMA synchronous = NORMAL")
        except Exception:
            self.close_writing()
            raise

    def close_writing(self) -> None:
        """Close the connection that `transaction` keeps; to be called in the thread that writes."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def error(self, error: Exception) -> StoreError:
        """Return what an error means for the user."""
        return faults.store_error(error, where=self.where, url=self.url)

    def close(self) -> None:
        """Close all connections; the last one of SQLite folds the write-ahead log into the file."""
        self.writing.dispose()


def parse_url(text: str) -> URL:
    """Return the URL with its driver filled in.

    Raises:
        StoreError: If it is not the URL of a SQLite or PostgreSQL database. Its text is not repeated,
            because it may hold a password.
    """
    expected = (
        "Expected sqlite:///path/to/file.db, sqlite:// (in memory) or postgresql://user:password@host/name."
    )
    try:
        url = make_url(text)
        backend, driver = url.get_backend_name(), url.drivername.partition("+")[2]
    except (ArgumentError, ValueError):
        raise StoreError(f"The database URL cannot be understood. {expected}") from None
    if backend in ("postgresql", "postgres") and driver in ("", "psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and driver in ("", "pysqlite"):
        return url.set(drivername="sqlite+pysqlite")
    raise StoreError(f"A database of the kind {url.drivername!r} is not supported. {expected}")


def describe(url: URL) -> str:
    """Return the database in words, without passwords."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    return url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


def open_database(text: str, *, busy_timeout_s: float, to_write: bool = True) -> Database:
    """Open a database, make or migrate its tables, and return it. Blocks.

    Args:
        text: SQLAlchemy URL.
        busy_timeout_s: How long to wait for another process's lock.
        to_write: Refuse a database that can only be read.

    Raises:
        StoreError: If it cannot be used; says why and what to do.
    """
    url = parse_url(text)
    where = describe(url)
    try:
        return _opened(url, where, busy_timeout_s, to_write=to_write)
    except StoreError:
        if to_write or not _is_unwritable(url):
            raise
    # A log beside a file can only be read by who may write there; a copy has both.
    copied = _copied(url, where)
    return _opened(copied, where, busy_timeout_s, to_write=False)


def _opened(url: URL, where: str, busy_timeout_s: float, *, to_write: bool) -> Database:
    try:
        database = _connect(url, where, busy_timeout_s)
    except (ImportError, OSError) as error:
        raise faults.store_error(error, where=where, url=url) from None
    try:
        _prepare(database, busy_timeout_s, to_write=to_write)
    except Exception as error:  # noqa: BLE001 - drivers' errors have no common base
        database.close()
        raise database.error(error) from None
    return database


def _file_of(url: URL) -> Path | None:
    """Return the file of a SQLite database, or None for any other."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    name = str(url.database)
    return (
        Path(unquote(name.removeprefix("file:").partition("?")[0]))
        if name.startswith("file:")
        else Path(name)
    )


def _is_unwritable(url: URL) -> bool:
    """Return whether a database is a file that can be read, and it or its folder cannot be written."""
    file = _file_of(url)
    if file is None or not file.is_file() or not os.access(file, os.R_OK):
        return False
    as_asked = str(url.query.get("mode", "")) == "ro"
    return as_asked or not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


def _copied(url: URL, where: str) -> URL:
    """Copy a database with its log into a folder of its own, which goes with the process, and return its URL."""
    file = _file_of(url)
    assert file is not None
    folder = tempfile.mkdtemp(prefix="agot-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        for end in ("", "-wal"):
            beside = file.with_name(file.name + end)
            if beside.exists():
                shutil.copyfile(beside, Path(folder, "copy.db" + end))
    except OSError as error:
        raise faults.store_error(error, where=where, url=url) from None
    return url.set(database=str(Path(folder, "copy.db")), query={})


def _connect(url: URL, where: str, busy_timeout_s: float) -> Database:
    if url.get_backend_name() == "sqlite":
        in_memory = url.database in (None, "", ":memory:")
        if not in_memory and not str(url.database).startswith("file:"):
            _make_private(Path(str(url.database)))
        engine = create_engine(
            url,
            poolclass=StaticPool if in_memory else QueuePool,
            connect_args={"check_same_thread": False, "timeout": busy_timeout_s},
        )
        event.listen(engine, "connect", _prepare_sqlite_connection)
        event.listen(engine, "begin", _begin_sqlite)
        return Database(url, where, engine.execution_options(agot_write=True), engine, in_memory)
    arguments: dict[str, Any] = {
        # A server that vanishes without a word must not hang a run.
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "tcp_user_timeout": _CONNECT_TIMEOUT_S * 1000,
        "keepalives_idle": _CONNECT_TIMEOUT_S,
        "application_name": "agot",
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    engine = create_engine(
        url, pool_size=1 + READERS, max_overflow=0, pool_pre_ping=True, connect_args=arguments
    )

    @event.listens_for(engine, "connect")
    def _prepare_postgres_connection(connection: Any, record: object) -> None:
        connection.execute(f"SET lock_timeout = {int(busy_timeout_s * 1000)}")
        connection.commit()

    reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(url, where, engine, reading, in_memory=False)


def _execute(connection: Connection, statement: str) -> None:
    """Run a statement outside of a transaction, which SQLAlchemy would begin."""
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.cursor().execute(statement)


def _make_private(path: Path) -> None:
    """Make a new database, and its folder, for their owner alone; SQLite gives its other files the rights of this one."""
    make_folder(path.parent)
    make_file(path)
    if path.parent.resolve() == agot_home().resolve():
        # What an earlier version made, or a person with `mkdir`.
        close_to_others(path.parent)
        for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
            close_to_others(file)


def _prepare_sqlite_connection(connection: Any, record: object) -> None:
    # The driver's own transaction handling would commit before DDL; `_begin_sqlite` begins instead.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    # On macOS a sync stops at the drive's own memory without it.
    connection.execute("PRAGMA fullfsync = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and then writes fails at once if another process wrote in between;
    # one that takes the write lock at its start waits for its turn.
    writes = connection.get_execution_options().get("agot_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(database: Database, busy_timeout_s: float, *, to_write: bool) -> None:
    if database.writing.dialect.name == "sqlite" and not database.in_memory:
        _use_wal(database, busy_timeout_s)
    newest = 1 + len(STEPS)
    with database.reading.connect() as connection:
        version = version_of(connection)
    if version is not None:
        check_not_newer(version, newest=newest, where=database.where)
    if version == newest:
        if to_write:
            # Shows now, and not in the middle of a run, that the database is read-only or locked.
            with database.writing.begin() as connection:
                connection.execute(
                    delete(schema_version).where(schema_version.c.id != 1)
                )  # there is no such row
        return
    with database.writing.begin() as connection:
        migrate(connection, where=database.where)


def _use_wal(database: Database, busy_timeout_s: float) -> None:
    # SQLite does not wait for locks when it changes the mode, so two processes that make the same
    # new file meet here. A folder that cannot do WAL keeps its mode, which is slower but works.
    give_up_s = time.monotonic() + busy_timeout_s
    while True:
        connection = database.writing.raw_connection()
        try:
            cursor = connection.cursor()
            if cursor.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF in (
                sqlite3.SQLITE_BUSY,
                sqlite3.SQLITE_LOCKED,
            )
            if not busy or time.monotonic() > give_up_s:
                raise
            time.sleep(0.01)
        finally:
            connection.close()
