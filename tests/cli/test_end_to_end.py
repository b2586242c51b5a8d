"""`agot` as a user runs it: real processes, the real engine, the embedded model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agot.cli.demo import QUESTIONS
from agot.cli.outcome import ABSTAINED, BUDGET, UNREACHABLE, USAGE
from agot.reading.expressions import value

ROOT = Path(__file__).parents[2]
LONG = next(shown for shown in QUESTIONS if shown.kind.startswith("a long procedure")).question


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AGOT_")}
    return kept | {"AGOT_HOME": str(home), "PYTHONPATH": str(ROOT)}


def _agot(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agot", *arguments], capture_output=True, text=True, env=_environment(home), cwd=ROOT,
        timeout=180, check=False,
    )  # fmt: skip


def test_ask_answers_and_the_run_is_kept(home: Path) -> None:
    ended = _agot(home, "ask", "What is (17 + 4) * 3?", "--output", "json")
    told = json.loads(ended.stdout)
    assert (ended.returncode, told["status"], told["answer"]) == (0, "answered", "63")
    assert (
        told["usage"]["calls"] >= 1
        and told["usage"]["completion_tokens"] > 0
        and told["usage"]["cost_usd"] == 0
    )
    assert next(node["id"] for node in told["graph"]["nodes"]) == "root"
    shown = json.loads(_agot(home, "runs", "show", told["run_id"], "--output", "json").stdout)
    assert {**shown, "usage": None} == {**told, "usage": None}
    events = json.loads(_agot(home, "runs", "export", told["run_id"]).stdout)["events"]
    assert events[-1]["kind"] == "run_finished"


def test_the_same_seed_gives_the_same_run(home: Path) -> None:
    first, second = (
        json.loads(_agot(home, "ask", QUESTIONS[1].question, "--seed", "3", "--output", "json").stdout)
        for _ in range(2)
    )
    assert first["answer"] == second["answer"] and first["graph"] == second["graph"]


def test_a_question_outside_is_declined(home: Path) -> None:
    ended = _agot(home, "ask", "Who wrote Hamlet?")
    assert (ended.returncode, ended.stdout) == (ABSTAINED, "") and ended.stderr


def test_a_limit_ends_the_run_and_resume_goes_on_from_there(home: Path) -> None:
    stopped = json.loads(_agot(home, "ask", LONG, "--budget-calls", "5", "--output", "json").stdout)
    assert (stopped["status"], stopped["limit"]) == ("budget", "calls") and stopped["usage"]["calls"] <= 5
    assert _agot(home, "ask", LONG, "--budget-calls", "5").returncode == BUDGET
    resumed = _agot(home, "resume", stopped["run_id"], "--budget-calls", "200", "--output", "jsonl")
    events = [json.loads(line) for line in resumed.stdout.splitlines()]
    replayed = [event for event in events if event["kind"] == "call_finished" and event["replayed"]]
    assert events[-1]["status"] != "budget" and len(replayed) == stopped["usage"]["calls"]


def test_a_killed_run_is_resumed_without_repeating_a_call(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "agot", "ask", LONG, "--output", "jsonl"], stdout=subprocess.PIPE, text=True,
        env=_environment(home), cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    finished = 0
    for line in process.stdout:
        finished += json.loads(line)["kind"] == "call_finished"
        if finished == 2:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    run_id = json.loads(_agot(home, "runs", "list", "--output", "json").stdout)[0]["run_id"]
    resumed = _agot(home, "resume", run_id[:12], "--output", "jsonl")
    events = [json.loads(line) for line in resumed.stdout.splitlines()]
    calls = [event for event in events if event["kind"] == "call_finished"]
    assert resumed.returncode in (0, ABSTAINED)
    assert sum(event["replayed"] for event in calls) >= 2


def test_a_model_of_no_known_provider_is_an_error_of_usage(home: Path) -> None:
    ended = _agot(home, "ask", "hello", "-m", "nope/x")
    assert ended.returncode == USAGE and "expected PROVIDER/NAME" in ended.stderr


def test_an_unreachable_server_is_told_quickly(home: Path) -> None:
    arguments = (
        "ask",
        "2+2?",
        "-m",
        "hosted_vllm/none",
        "--base-url",
        "http://127.0.0.1:9/v1",
        "--timeout",
        "60",
    )
    environment = {"AGOT_ROLES__FAST__RETRIES": "0"}
    began_s = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "agot", *arguments], capture_output=True, text=True, timeout=120, check=False,
        env=_environment(home) | environment, cwd=ROOT,
    )  # fmt: skip
    assert (
        ended.returncode == UNREACHABLE and "127.0.0.1:9" in ended.stderr and "Traceback" not in ended.stderr
    )
    assert time.monotonic() - began_s < 45


def test_demo_shows_every_kind_and_ends_well(home: Path) -> None:
    ended = _agot(home, "demo")
    assert ended.returncode == 0, ended.stderr
    for shown in QUESTIONS:
        assert f". {shown.kind}\n" in ended.stdout
    assert "declined, as it should" in ended.stdout
    assert f"{len(QUESTIONS)} of {len(QUESTIONS)} as expected" in ended.stdout


def test_expected_answers_of_the_demo_are_right() -> None:
    by_kind = {shown.kind: shown for shown in QUESTIONS}
    assert str(value("(17 + 4) * (9 - 6) + 48 / 8")) == by_kind["nested arithmetic"].expected
    items = [8, 3, 6, 1, 9, 4][::-1][1:]
    items.insert(0, 7)
    items[0], items[-1] = items[-1], items[0]
    items = (items[2:] + items[:2] + [5])[:6][::-1][:-1]
    items.insert(0, 2)
    items = [items[-1], *items[:-1], 6][1:]
    items[0], items[-1] = items[-1], items[0]
    assert str(items) == by_kind["a long procedure, split"].expected
    nested = by_kind["a longer one, a graph inside a graph"]
    assert str(value(nested.question.removeprefix("Compute "))) == nested.expected


@pytest.mark.parametrize("name", ["NO_COLOR", "PYTHONIOENCODING"])
def test_odd_environments(home: Path, name: str) -> None:
    environment = _environment(home) | {name: "ascii"}
    ended = subprocess.run(
        [sys.executable, "-m", "agot", "ask", "What is 6 + 7?"], capture_output=True, text=True, env=environment,
        cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, "13\n")
