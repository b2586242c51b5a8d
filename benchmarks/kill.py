"""Resume after `kill -9`: the same answer, no finished call paid for twice, a sound database.

A run of eight thoughts with votes, about a second long, is killed at random moments and resumed in a new
process; every third one is killed again while it resumes. What the journal holds right after a kill is
compared with what reaches the server afterwards: of each prompt no more samples may be asked for than
the undisturbed run needs and the journal does not hold. A call that was in flight at the kill is sent
again, since nobody knows its reply.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

from benchmarks import child
from benchmarks.report import Figure, Report, main
from benchmarks.scenario import question_for
from benchmarks.server import Server, serving

SEED = 7
SAMPLES = 6
_LONGEST_S = 60.0
_SETTLE_S = 0.05
"""After a kill, for requests that are still on their way to the server."""

Prompts = Counter[str]


@dataclass(slots=True)
class Tally:
    """What the kills showed."""

    kills: int = 0
    runs: int = 0
    other_answers: int = 0
    sent_again: int = 0
    left_out: int = 0
    damaged: int = 0
    journaled: int = 0
    in_flight: int = 0


def measure(quick: bool) -> Report:
    """Kill runs until there were enough kills."""
    wanted = 2 if quick else 25
    rng = random.Random(SEED)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["benchmarks.child"])
    tally = Tally()
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
        bench = Bench(server, Path(name), processes)
        bench.run("warm", None)
        server.requests()
        answer = bench.run("whole", None)
        needed = Counter(logged.prompt for logged in server.requests())
        assert bench.stored("whole") == needed, "the journal of a whole run differs from what the server saw"
        lasts_s = bench.lasted_s
        for number in range(wanted):
            if tally.kills >= wanted:
                break
            moments = [rng.uniform(0, lasts_s)]
            if number % 3 == 2:
                moments.append(rng.uniform(0, lasts_s))
            _kill_and_resume(bench, f"run{number}", moments, needed, answer, tally)
    return Report("kill", [
        Figure("kills with SIGKILL", "kills", (tally.kills,), at_least=wanted),
        Figure("resumed runs with another answer", "runs", (tally.other_answers,), at_most=0),
        Figure("finished calls that were sent again", "calls", (tally.sent_again,), at_most=0),
        Figure("calls of the undisturbed run left out", "calls", (tally.left_out,), at_most=0),
        Figure("failed integrity checks", "checks", (tally.damaged,), at_most=0),
        Figure("calls in the journals at the kills", "calls", (tally.journaled,)),
        Figure("calls in flight at the kills, sent again", "calls", (tally.in_flight,)),
    ], [f"{tally.runs} runs of {needed.total()} calls and {lasts_s:.2f} s each, seed {SEED}"])  # fmt: skip


def _kill_and_resume(
    bench: Bench, name: str, moments: list[float], needed: Prompts, answer: object, tally: Tally
) -> None:
    """Run, kill at each of the moments, and resume each time; the last time to the end."""
    stored: Prompts = Counter()
    for moment_s in (*moments, None):
        got = bench.run(name, moment_s)
        sent = Counter(logged.prompt for logged in bench.server.requests())
        tally.sent_again += (sent - (needed - stored)).total()
        if moment_s is None:
            tally.left_out += (needed - stored - sent).total()
            tally.runs += 1
            tally.other_answers += got != answer
        else:
            before, stored = stored, bench.stored(name)
            tally.kills += 1
            tally.journaled += stored.total()
            tally.in_flight += (sent - (stored - before)).total()
        tally.damaged += not bench.is_sound(name)


class Bench:
    """A server, and a folder with a database for each run.

    Attributes:
        lasted_s: How long the last run was at work, from its beginning to its answer or its kill.
    """

    def __init__(self, server: Server, folder: Path, processes: ForkServerContext) -> None:
        self.server, self._folder, self._processes = server, folder, processes
        self.lasted_s = 0.0

    def run(self, name: str, kill_after_s: float | None) -> object:
        """Ask, or resume a run of that name; return its status and answer, None if it was killed."""
        settings = self.server.settings(self._folder / name, samples=SAMPLES)
        here, there = self._processes.Pipe()
        process = self._processes.Process(
            target=child.ask,
            args=(settings.model_dump_json(), question_for("kill"), self.run_id(name), there),
        )
        process.start()
        there.close()
        try:
            got: object = None
            first = here.recv() if here.poll(_LONGEST_S) else None
            if first != "begun":
                # Whoever resumes a run that was answered just before its kill is told the answer at once.
                got = first if kill_after_s is None else None
            else:
                began = time.monotonic()
                answered = here.poll(_LONGEST_S if kill_after_s is None else kill_after_s)
                self.lasted_s = time.monotonic() - began
                got = here.recv() if answered and kill_after_s is None else None
            if kill_after_s is None:
                process.join(_LONGEST_S)
        finally:
            process.kill()
            process.join()
        time.sleep(_SETTLE_S)
        return got

    def run_id(self, name: str) -> str | None:
        """Return the id of the run of that name, if it was stored."""
        rows = self._rows(name, "SELECT run_id FROM runs")
        return str(rows[0][0]) if rows else None

    def stored(self, name: str) -> Prompts:
        """Return the prompts of the finished calls in the journal."""
        rows = self._rows(name, "SELECT request FROM calls WHERE state = 'done'")
        return Counter(json.dumps(json.loads(str(row[0]))["messages"]) for row in rows)

    def is_sound(self, name: str) -> bool:
        """Return whether the database passes SQLite's integrity checks."""
        whole = self._rows(name, "PRAGMA integrity_check") == [("ok",)]
        return whole and self._rows(name, "PRAGMA foreign_key_check") == []

    def _rows(self, name: str, query: str) -> list[tuple[object, ...]]:
        path = self._folder / name / "agot.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'calls'").fetchone():
                return []
            return connection.execute(query).fetchall()


if __name__ == "__main__":
    main(measure)
