"""Runs that pay people, under random faults for a while: nobody is paid twice, no row is lost, every call is counted.

    python -m benchmarks.soak --seconds 1800
    python -m benchmarks.soak --database postgresql://user@host/an_empty_database

The model server answers late, with status 500, or not at all; the processes that run are killed with SIGKILL and the runs
resumed; somebody else holds the database's lock, at times for longer than a writer waits. A person approves each payment,
and refuses one that may have been made already.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import re
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import sqlalchemy

from agot.settings import RoleSettings, Settings
from agot.stores.database import SqlStore
from agot.stores.rows import StoredRun
from benchmarks import child
from benchmarks.report import Figure, Report
from benchmarks.server import MODEL
from tests.servers.loopback import Loopback
from tests.servers.replies import Reply

_LANES = 3
_MOST_KILLS = 3
_LONGEST_LOCK_S = 8.0
"""Longer than a writer waits for a lock, which is 5 s."""
_LONGEST_S = 120.0
_OVER = re.compile(r"paid |did not approve|was not called|failed")


@dataclass(slots=True)
class Tally:
    """What happened.

    Attributes:
        ended: Status and answer that the runs gave, by what they were asked to pay.
    """

    kills: int = 0
    locks: int = 0
    not_begun: int = 0
    hung: int = 0
    ended: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Soak:
    """One database under faults."""

    settings: Settings
    ledger: Path
    processes: ForkServerContext
    until_s: float
    seed: int
    tally: Tally = field(default_factory=Tally)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def lane(self, number: int) -> None:
        """Begin runs one after another and see each to its end, through its kills."""
        rng = random.Random(self.seed * 1000 + number)
        made = 0
        while time.monotonic() < self.until_s:
            made += 1
            name = f"p{number}x{made}e"
            kills = rng.choice((0, 1, 1, _MOST_KILLS))
            got = None
            while got is None:
                kill_after_s = rng.uniform(0, 1.5) if kills > 0 else None
                kills -= 1
                got = self._attempt(name, kill_after_s)
            with self.guard:
                self.tally.ended[name] = got

    def _attempt(self, name: str, kill_after_s: float | None) -> tuple[str, str] | None:
        """Run or resume; return how it ended, None if it was killed or could not begin."""
        run = asyncio.run(_find_run(str(self.settings.database_url), name))
        here, there = self.processes.Pipe()
        process = self.processes.Process(
            target=child.pay,
            args=(
                self.settings.model_dump_json(),
                f"Pay [[{name}]] once.",
                run and run.run_id,
                str(self.ledger),
                there,
            ),
        )
        process.start()
        there.close()
        got: tuple[str | None, str] | None = None
        try:
            if here.poll(kill_after_s if kill_after_s is not None else _LONGEST_S):
                got = here.recv()
        except EOFError:
            got = None
        finally:
            process.kill()
            process.join()
        with self.guard:
            self.tally.kills += got is None and kill_after_s is not None
            self.tally.hung += got is None and kill_after_s is None
            self.tally.not_begun += got is not None and got[0] is None
        return None if got is None or got[0] is None else (got[0], got[1])

    def lock(self) -> None:
        """Hold the database's lock now and then."""
        rng = random.Random(self.seed)
        while time.monotonic() < self.until_s:
            time.sleep(rng.uniform(0.5, 4.0))
            held_s = rng.choice((0.2, 1.0, _LONGEST_LOCK_S * rng.random()))
            _hold_lock(str(self.settings.database_url), held_s)
            self.tally.locks += 1


async def _find_run(url: str, name: str) -> StoredRun | None:
    async with await SqlStore.open(url, to_write=False) as store:
        return next(iter(await store.runs(search=f"[[{name}]]")), None)


def _hold_lock(url: str, seconds: float) -> None:
    if url.startswith("sqlite"):
        with closing(
            sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")
        return
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.begin() as connection:
            # A writer may hold what this waits for, and wait for what this holds; then PostgreSQL ends one of them.
            connection.exec_driver_sql("LOCK TABLE calls, events IN EXCLUSIVE MODE")
            time.sleep(seconds)
    except sqlalchemy.exc.OperationalError:
        return
    finally:
        engine.dispose()


class Scripted:
    """The model: asks for the payment, then says that it is done; fails now and then, and counts.

    Attributes:
        asked: Requests.
        tokens: Of all prompts, and of the answers that it did not drop.
    """

    def __init__(self, seed: int) -> None:
        self.asked = self.tokens = 0
        self._rng = random.Random(seed)

    def __call__(self, request: dict[str, Any]) -> Reply:
        text = "\n".join(str(message["content"]) for message in request["messages"])
        prompt_tokens = len(text) // 4
        self.asked += 1
        self.tokens += prompt_tokens
        name = re.search(r"\[\[(\w+)\]\]", text)
        said: dict[str, Any] = {"thought": "t", "calls": [], "answer": "done 42"}
        if name is not None and not _OVER.search(text):
            said = {"thought": "t", "calls": [{"name": "pay", "arguments": {"name": name[1]}}], "answer": ""}
        delay_s, dice = self._rng.uniform(0, 0.3), self._rng.random()
        if dice < 0.05:
            return Reply(
                status=500, error={"message": "out of order", "type": "server_error"}, delay_s=delay_s
            )
        answer = json.dumps(said)
        if dice < 0.1:
            return Reply(answer, prompt_tokens=prompt_tokens, delay_s=delay_s, fault="drop")
        self.tokens += len(answer.split())
        return Reply(answer, prompt_tokens=prompt_tokens, delay_s=delay_s)


@dataclass(slots=True)
class Audit:
    """What the database holds, beside what was done.

    Attributes:
        lost: Ends of runs, events and calls of tools that should be there and are not.
        calls, tokens: What the stored runs say they used.
    """

    lost: int = 0
    calls: int = 0
    tokens: int = 0
    rows: int = 0


async def _audit(url: str, tally: Tally, paid: Counter[str]) -> Audit:
    audit = Audit()
    async with await SqlStore.open(url) as store:
        for name, (status, answer) in tally.ended.items():
            found = await store.runs(search=f"[[{name}]]")
            if not found:
                audit.lost += 1
                continue
            run = found[0]
            events = [event.seq for event in await store.events(run.run_id)]
            calls = await store.load_calls(run.run_id)
            audit.rows += len(events) + len(calls) + 1
            audit.lost += (run.status, run.answer) != (status, answer)
            audit.lost += (events[-1] if events else 0) - len(events)
            audit.lost += max(0, paid[name] - sum(call.kind == "tool" for call in calls))
            audit.calls += run.usage.calls
            audit.tokens += run.usage.tokens
    return audit


def measure(seconds: float, database: str | None, seed: int) -> Report:
    """Soak a database for some seconds and compare what it holds with what happened."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["benchmarks.child"])
    script = Scripted(seed)
    with tempfile.TemporaryDirectory() as folder, Loopback(script).in_thread() as server:
        ledger = Path(folder) / "ledger"
        ledger.touch()
        url = database or f"sqlite:///{Path(folder) / 'agot.db'}"
        role = RoleSettings(model=MODEL, base_url=server.base_url, retries=4, timeout_s=10.0)
        soak = Soak(
            Settings(roles={"fast": role}, database_url=url),
            ledger,
            processes,
            time.monotonic() + seconds,
            seed,
        )
        asyncio.run(_make_database(url))
        threads = [threading.Thread(target=soak.lane, args=(number,)) for number in range(_LANES)]
        threads.append(threading.Thread(target=soak.lock))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tally, paid = soak.tally, Counter(ledger.read_text().split())
        audit = asyncio.run(_audit(url, tally, paid))
    twice = sum(times - 1 for times in paid.values())
    answered = sum(status == "answered" for status, _ in tally.ended.values())
    return Report("soak", [
        Figure("payments made again", "payments", (twice,), at_most=0),
        Figure("rows lost", "rows", (audit.lost,), at_most=0),
        Figure("runs that hung", "runs", (tally.hung,), at_most=0),
        Figure("runs without an answer", "runs", (len(tally.ended) - answered,)),
        Figure("payments", "payments", (paid.total(),)),
        Figure("rows looked at", "rows", (audit.rows,)),
        Figure("kills with SIGKILL", "kills", (tally.kills,)),
        Figure("locks held by others", "locks", (tally.locks,)),
        Figure("attempts that a lock did not let begin", "attempts", (tally.not_begun,)),
        Figure("calls that the runs do not count", "calls", (max(0, script.asked - audit.calls),), at_most=0),
        Figure("requests that the server counted", "calls", (script.asked,)),
        Figure("calls that the runs count", "calls", (audit.calls,)),
        Figure("tokens that the runs do not count", "tokens", (max(0, script.tokens - audit.tokens),), at_most=0),
        Figure("tokens that the server counted", "tokens", (script.tokens,)),
        Figure("tokens that the runs count", "tokens", (audit.tokens,)),
    ], [f"{len(tally.ended)} runs in {seconds:g} s on {url.partition(':')[0]}, seed {seed}"])  # fmt: skip


async def _make_database(url: str) -> None:
    """Make the tables before anybody locks them."""
    async with await SqlStore.open(url):
        return


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="a few seconds: a smoke test, not figures")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long runs are begun (default 60)")
    parser.add_argument("--database", help="URL of an empty database; a file of SQLite by default")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    report = measure(6.0 if options.quick else options.seconds, options.database, options.seed)
    print(json.dumps(report.as_json()) if options.json else report.as_text(), flush=True)
    sys.exit(0 if report.passed else 1)


if __name__ == "__main__":
    _main()
