"""`agot serve --workers`: processes that serve at one address, and what becomes of runs when they end."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from agot.cli.serve import shared_out
from agot.errors import SetupError
from agot.models.pool import Pool
from agot.settings import RoleSettings, Settings
from tests.servers.loopback import Loopback, Reply
from tests.web.serving import WAIT_S, ended, sse

ROOT = Path(__file__).parents[2]
SECONDS = 60.0


@dataclass
class Server:
    """A server with workers; its standard error is read as it comes."""

    process: subprocess.Popen[str]
    url: str = ""
    lines: list[str] = field(default_factory=list)
    serves: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(r"http://\S+:\d+/", line):
                self.url = found[0]
                self.serves.set()
        self.serves.set()

    def client(self) -> httpx.Client:
        """Return a client each of whose requests has a connection of its own, so that any worker may answer it."""
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.Client(base_url=self.url, timeout=WAIT_S, trust_env=False, limits=limits)

    def workers(self) -> set[int]:
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        return set(map(int, listed.stdout.split()))

    def until(self, text: str) -> None:
        """Wait until it says something."""
        until_s = time.monotonic() + SECONDS
        while not any(text in line for line in self.lines):
            assert time.monotonic() < until_s, self.lines
            time.sleep(0.02)


@contextmanager
def _workers(home: Path, *flags: str) -> Iterator[Server]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "AGOT_HOME": str(home)}
    command = [sys.executable, "-m", "agot", "serve", "--port", "0", "--workers", "2", *flags]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment,
        cwd=ROOT,
    )  # fmt: skip
    server = Server(process)
    reader = threading.Thread(target=server.read)
    reader.start()
    try:
        assert server.serves.wait(SECONDS) and server.url, server.lines
        yield server
    finally:
        workers = server.workers()
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(SECONDS)
        finally:
            process.kill()
            process.wait()
            _gone(workers)
            reader.join(SECONDS)
            assert process.stderr is not None
            process.stderr.close()


def _gone(workers: set[int]) -> None:
    """Wait until processes have ended."""
    until_s = time.monotonic() + SECONDS
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < until_s, workers
        time.sleep(0.02)


def _flags(model: Loopback) -> tuple[str, ...]:
    return ("-m", "hosted_vllm/test", "--base-url", model.base_url)


def _start(client: httpx.Client, question: str = "What is it?") -> str:
    response = client.post("/api/runs", json={"question": question})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def _owner(home: Path, run: str) -> int:
    with sqlite3.connect(home / "agot.db") as database:
        (pid,) = database.execute("SELECT owner_pid FROM served WHERE run_id = ?", (run,)).fetchone()
    database.close()
    return int(pid)


def _until_called(client: httpx.Client, run: str) -> None:
    """Watch a run until it calls the model, at whichever worker."""
    with client.stream("GET", f"/api/runs/{run}/events") as stream:
        for _, _, data in sse(stream.iter_lines()):
            if "call_started" in data:
                return


def test_a_run_of_a_killed_worker_is_taken_up_by_another_and_the_worker_replaced(home: Path) -> None:
    killed = threading.Event()

    def reply(request: dict[str, object]) -> Reply:
        return Reply("42") if killed.is_set() else Reply(fault="hang")

    with (
        Loopback(reply).in_thread() as model, _workers(home, *_flags(model)) as server, server.client() as client,
    ):  # fmt: skip
        run = _start(client)
        _until_called(client, run)
        before, owner = server.workers(), _owner(home, run)
        killed.set()
        os.kill(owner, signal.SIGKILL)
        server.until(f"Worker {owner} ended (killed by SIGKILL)")
        row = ended(client, run)
        assert (row["status"], row["answer"], row["attempts"]) == ("answered", "42", 2)
        until_s = time.monotonic() + SECONDS
        while len(now := server.workers()) < 2:
            assert time.monotonic() < until_s
            time.sleep(0.02)
        assert len(now & before) == 1 and owner not in now
        # What the dead one held is free again.
        assert [_start(client) for _ in range(3)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_all_workers_and_leaves_runs_to_be_resumed(home: Path, number: signal.Signals) -> None:
    with (
        Loopback(lambda request: Reply(fault="hang")).in_thread() as model,
        _workers(home, *_flags(model)) as server, server.client() as client,
    ):  # fmt: skip
        run = _start(client)
        _until_called(client, run)
        workers = server.workers()
        assert len(workers) == 2
        server.process.send_signal(number)
        assert server.process.wait(SECONDS) == 0
        _gone(workers)
        assert len(server.lines) == 1, server.lines
    with sqlite3.connect(home / "agot.db") as database:
        stored = database.execute("SELECT run_id, status, owner FROM runs").fetchall()
        assert stored == [(run, "interrupted", None)]
        assert database.execute("SELECT count(*) FROM served").fetchone() == (0,)
    database.close()


def test_a_second_interrupt_ends_all_at_once(home: Path) -> None:
    with (
        Loopback(lambda request: Reply(fault="hang")).in_thread() as model,
        _workers(home, *_flags(model)) as server, server.client() as client,
    ):  # fmt: skip
        _until_called(client, _start(client))
        workers = server.workers()
        for pid in workers:
            # One that does not react.
            os.kill(pid, signal.SIGSTOP)
        server.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(0.3)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(SECONDS) == 130
        _gone(workers)


def test_workers_end_with_their_parent(home: Path) -> None:
    with _workers(home) as server:
        workers = server.workers()
        server.process.kill()
        server.process.wait()
        _gone(workers)


def test_a_restart_refuses_no_request_and_loses_no_run(home: Path) -> None:
    go = threading.Event()

    def reply(request: dict[str, object]) -> Reply:
        return Reply("42", delay_s=0.0 if go.is_set() else 1.0)

    with (
        Loopback(reply).in_thread() as model, _workers(home, *_flags(model)) as server, server.client() as client,
    ):  # fmt: skip
        over, statuses, faults = threading.Event(), list[int](), list[Exception]()

        def ask(keeps: bool) -> None:
            with httpx.Client(base_url=server.url, trust_env=False, timeout=WAIT_S) if keeps else server.client() as asking:
                while not over.is_set():
                    try:
                        statuses.append(asking.get("/v1/models").status_code)
                    except httpx.HTTPError as error:
                        faults.append(error)
                    time.sleep(0.005)

        asking = [threading.Thread(target=ask, args=(keeps,)) for keeps in (True, False)]
        for thread in asking:
            thread.start()
        before, runs = server.workers(), [_start(client) for _ in range(4)]
        server.process.send_signal(signal.SIGHUP)
        server.until("All workers were restarted.")
        go.set()
        rows = [ended(client, run) for run in runs]
        until_s = time.monotonic() + SECONDS
        while before & server.workers():
            assert time.monotonic() < until_s
            time.sleep(0.05)
        over.set()
        for thread in asking:
            thread.join(SECONDS)
        assert len(server.workers()) == 2
        assert [row["status"] for row in rows] == ["answered"] * 4
        assert faults == [] and set(statuses) == {200}
        for run in runs:
            told = client.get(f"/api/runs/{run}/events.json").json()["events"]
            assert [event["seq"] for event in told] == list(range(1, len(told) + 1))
        assert len(server.lines) == 2, server.lines


def test_a_worker_that_was_only_starting_at_a_restart_goes_by_the_new_settings_too(home: Path) -> None:
    def named(model: Loopback) -> None:
        (home / "config.toml").write_text(
            f'[roles.fast]\nmodel = "hosted_vllm/test"\nbase_url = "{model.base_url}"\n'
        )

    home.mkdir(exist_ok=True)
    with (
        Loopback(lambda request: Reply("old")).in_thread() as old,
        Loopback(lambda request: Reply("new")).in_thread() as new,
    ):
        named(old)
        with _workers(home) as server, server.client() as client:
            before = server.workers()
            os.kill(min(before), signal.SIGKILL)
            server.until("another starts now")
            until_s = time.monotonic() + SECONDS
            while not (starting := server.workers() - before):
                assert time.monotonic() < until_s
            named(new)
            server.process.send_signal(signal.SIGHUP)
            server.until("All workers were restarted.")
            while (before | starting) & server.workers() or len(server.workers()) != 2:
                assert time.monotonic() < until_s
                time.sleep(0.05)
            for number in range(8):
                assert ended(client, _start(client, f"What is item {number}?"))["answer"] == "new"
            assert not old.requests


def test_bounds_hold_for_all_workers_together(home: Path) -> None:
    go = threading.Event()

    def reply(request: dict[str, object]) -> Reply:
        return Reply("42") if go.wait(0) else Reply(fault="hang")

    with (
        Loopback(reply).in_thread() as model,
        _workers(home, *_flags(model), "--max-runs", "1", "--max-waiting", "2") as server, server.client() as client,
    ):  # fmt: skip
        runs = [_start(client) for _ in range(3)]
        _until_called(client, runs[0])
        refused = [client.post("/api/runs", json={"question": "And this?"}).status_code for _ in range(8)]
        assert set(refused) == {429}
        assert model.in_flight == len(model.requests) == 1
        rows = client.get("/api/runs", params={"status": "running"}).json()["runs"]
        assert {row["id"] for row in rows} == {*runs}
        go.set()
        client.post(f"/api/runs/{runs[0]}/cancel")
        assert [ended(client, run)["status"] for run in runs] == ["interrupted", "answered", "answered"]
        assert model.max_in_flight == 1
        ended(client, _start(client))


def test_a_worker_that_cannot_start_ends_the_whole_with_its_message(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "AGOT_HOME": str(home)}
    command = [sys.executable, "-m", "agot", "serve", "--port", "0", "--workers", "2"]
    done = subprocess.run(
        [*command, "--database", f"sqlite:///{tmp_path}/file/agot.db"], capture_output=True, text=True,
        env=environment, cwd=ROOT, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode != 0 and done.stderr.count("agot: ") == 1 and "agot.db" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "http://" not in done.stderr


def test_calls_in_flight_are_shared_out_among_the_workers(home: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "AGOT_HOME": str(home), "AGOT_ROLES__FAST__CONCURRENCY": "2",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "agot", "serve", "--port", "0", "--workers", "3"], capture_output=True, text=True,
        env=environment, cwd=ROOT, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 2 and "Use at most 2 workers" in done.stderr


def test_a_bound_that_nobody_set_is_shared_out_too() -> None:
    """Roles that share a model share the bound that one of them has; an embedded model is each worker's own."""
    roles = {
        "fast": RoleSettings(model="ollama/a"),
        "strong": RoleSettings(model="openai/b"),
        "judge": RoleSettings(model="openai/c"),
        "embed": RoleSettings(model="embedded/pico"),
    }
    settings = Settings(
        roles=roles, experts={"poet": RoleSettings(model="openai/c", concurrency=200)},
        database_url="sqlite:///agot.db",
    )  # fmt: skip
    shared = shared_out(settings, 4)
    assert {name: role.concurrency for name, role in (shared.roles | shared.experts).items()} == {
        "fast": 2, "strong": 16, "judge": 50, "embed": None, "poet": 50,
    }  # fmt: skip
    assert Pool(shared).endpoint("judge").concurrency == 50
    with pytest.raises(SetupError, match="concurrency of fast allows 8. Use at most 8 workers"):
        shared_out(settings, 9)
