"""A benchmark that is killed goes on where it stopped: a real process, a real SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.loopback import Loopback, Reply

ITEMS = 16


def command(folder: Path, base_url: str) -> list[str]:
    return [
        sys.executable, "-m", "agot", "bench", "run", "gsm8k", "--path", str(folder / "rows.jsonl"), "-m", "hosted_vllm/x",
        "--base-url", base_url, "--strategy", "direct", "--results", str(folder / "results.jsonl"), "--at-once", "2",
        "--output", "json",
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = ({"id": f"q{n}", "question": f"What is {n} plus 0?", "answer": f"#### {n}"} for n in range(ITEMS))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.mark.slow
def test_a_killed_benchmark_goes_on_where_it_stopped(folder: Path) -> None:
    def slowly(request: dict[str, object]) -> Reply:
        text = json.dumps(request["messages"])
        if "proposed solution" in text:
            return Reply("Yes")
        return Reply(text.partition("What is ")[2].partition(" ")[0], delay_s=0.05)

    environment = {name: value for name, value in os.environ.items() if not name.startswith("AGOT_")}
    environment["AGOT_HOME"] = str(folder / "home")
    results = folder / "results.jsonl"
    with Loopback(slowly).in_thread() as server:
        process = subprocess.Popen(
            command(folder, server.base_url), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        deadline_s = time.monotonic() + 60
        while not (results.exists() and results.read_bytes().count(b"\n") >= 4):
            assert process.poll() is None and time.monotonic() < deadline_s
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kept = results.read_bytes()
        finished = [json.loads(line)["id"] for line in kept.splitlines()[: kept.count(b"\n")]]
        assert 4 <= len(finished) < ITEMS
        results.write_bytes(kept + b'{"id":"q15","dataset":"gs')
        before = len(server.requests)
        done = subprocess.run(
            command(folder, server.base_url),
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        asked_again = json.dumps(server.requests[before:])
    figures = json.loads(done.stdout)
    assert (figures["items"], figures["right"], figures["errors"]) == (ITEMS, ITEMS, {})
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert sorted(row["id"] for row in rows) == sorted(f"q{n}" for n in range(ITEMS))
    assert not [name for name in finished if f"What is {name[1:]} plus 0" in asked_again]
