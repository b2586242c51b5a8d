"""Several processes on one database, and processes that are killed while they write."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import agot
from agot.errors import StoreError
from agot.ids import RunId
from agot.stores.database import SqlStore

WRITE = """
import asyncio, sys, time
from agot.events import EventStream, ThoughtAdded
from agot.ids import ROOT, RunId, ThoughtId
from agot.protocols import CallRecord
from agot.stores.database import SqlStore

async def main(url, run_id, calls):
    store = await SqlStore.open(url)
    await store.begin_run(run_id, question="?", model="m", strategy="auto", seed=0)
    await store.begin_attempt(run_id)
    stream = EventStream(run_id, time.time)
    stream.add_sink(store.sink)
    print("begun", flush=True)

    async def work(worker):
        for number in range(calls // 4):
            name = f"{worker}.{number}"
            stream.emit(ThoughtAdded(thought=ThoughtId(name), parent_graph=ROOT, depth=1, layer=0, question="?"))
            await store.put_call(run_id, CallRecord(
                key=name, kind="model", state="done", thought=ROOT, purpose="p", request="r" * 2000, reply="{}"))
            print(name, flush=True)

    await asyncio.gather(*(work(worker) for worker in range(4)))
    await store.close()

asyncio.run(main(sys.argv[1], RunId(sys.argv[2]), int(sys.argv[3])))
"""


def start(url: str, run_id: str, calls: int) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(agot.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, url, run_id, str(calls)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


async def test_two_processes_write_and_a_third_reads(url: str) -> None:
    children = {run_id: start(url, run_id, 200) for run_id in ("01aa", "01bb")}
    async with await SqlStore.open(url) as store:
        for run_id, child in children.items():
            assert told(child) == "begun"
            assert (await store.run(run_id)).question == "?"
        for run_id, child in children.items():
            output, _ = await asyncio.to_thread(child.communicate)
            assert child.returncode == 0
            assert len(output.split()) == 200
            assert len(await store.load_calls(RunId(run_id))) == 200
            assert len(await store.events(RunId(run_id))) == len(await store.thoughts(RunId(run_id))) == 200


async def test_a_killed_process_loses_no_call_that_was_confirmed(tmp_path: Path) -> None:
    moments = (1, 30, 400)
    files = [tmp_path / f"{moment}.db" for moment in moments]
    children = [start(f"sqlite:///{file}", "01aa", 100_000) for file in files]
    for moment, file, child in zip(moments, files, children, strict=True):
        confirmed = [told(child) for _ in range(moment)]
        if moment == moments[0]:
            async with await SqlStore.open(f"sqlite:///{file}") as store:
                with pytest.raises(StoreError, match=f"is being run by process {child.pid}"):
                    await store.begin_attempt(RunId("01aa"))
        child.kill()
        rest, _ = child.communicate()
        confirmed = [*confirmed, *(line for line in rest.split("\n")[:-1] if line)]
        with sqlite3.connect(file) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        async with await SqlStore.open(f"sqlite:///{file}") as store:
            stored = {record.key for record in await store.load_calls(RunId("01aa"))}
            assert set(confirmed) - {"begun"} <= stored
            assert not (await store.run("01aa")).live
            attempt, last_seq = await store.begin_attempt(RunId("01aa"))
            numbers = [event.seq for event in await store.events(RunId("01aa"))]
            assert (attempt, numbers) == (2, list(range(1, last_seq + 1)))


UNCLOSED = WRITE.replace("    await store.close()\n", "")


def test_a_program_that_forgets_to_close_still_ends_and_loses_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(agot.__file__).parents[1])}
    subprocess.run(
        [sys.executable, "-c", UNCLOSED, sqlite_url, "01aa", "40"], env=environment, check=True, timeout=60
    )
    with sqlite3.connect(tmp_path / "agot.db") as connection:
        assert connection.execute("SELECT count(*), max(seq) FROM events").fetchone() == (40, 40)
        assert connection.execute("SELECT owner FROM runs").fetchone() == (None,)
    connection.close()
