"""Ctrl-C, SIGTERM and readers that go away, in real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.fake import RUN, command

ROOT = Path(__file__).parents[2]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `agot` and return once the run has begun."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _until_begun(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert RUN in process.stderr.readline()
    time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_gives_the_partial_answer(number: signal.Signals) -> None:
    with started("ask", "wait", "--verbose") as process:
        _until_begun(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (130, "partly\n")
    assert "partial" in err and "Traceback" not in err


def test_an_interrupted_run_is_still_one_json_object() -> None:
    with started("ask", "wait", "--verbose", "--output", "json") as process:
        _until_begun(process)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
    assert process.returncode == 130 and '"status": "interrupted"' in out


def test_twice_within_two_seconds_stops_at_once() -> None:
    with started("ask", "stubborn", "--verbose") as process:
        _until_begun(process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 130 and out == ""
    assert f"agot resume {RUN}" in err and "Traceback" not in err
    assert "The best that there was: forty-two (proved: the check 'expression'" in err


def test_a_hard_stop_is_still_one_json_object_with_the_best_answer_so_far() -> None:
    with started("ask", "stubborn", "--verbose", "--output", "json") as process:
        _until_begun(process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
    told = json.loads(out)
    assert (told["status"], told["answer"], told["candidate"]) == ("interrupted", "", "forty-two")
    assert (told["trust"], told["run_id"]) == ("proved", RUN) and "settled" in told["trust_reason"]


def test_two_slow_ones_stay_gentle() -> None:
    with started("ask", "stubborn", "--verbose") as process:
        _until_begun(process)
        process.send_signal(signal.SIGINT)
        time.sleep(2.4)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None


def test_a_reader_that_goes_away_ends_the_run_silently() -> None:
    program = " ".join(f"'{part}'" for part in command("ask", "grow 2000", "--output", "jsonl"))
    began_s = time.monotonic()
    piped = subprocess.run(
        ["bash", "-c", f"{program} | head -c 1 >/dev/null; echo code ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=30, check=True,
    )  # fmt: skip
    # The run would go on for minutes: the first line that cannot be written ends it.
    assert piped.stderr == ""
    assert piped.stdout.startswith("code ")
    assert time.monotonic() - began_s < 20


def test_help_into_a_closed_pipe_is_silent() -> None:
    program = " ".join(f"'{part}'" for part in command("ask", "answer x"))
    piped = subprocess.run(
        ["bash", "-c", f"{program} | true"], capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=30, check=True,
    )  # fmt: skip
    assert piped.stderr == ""


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">/dev/full"])
def test_closed_and_full_outputs_are_no_tracebacks(redirection: str) -> None:
    program = " ".join(f"'{part}'" for part in command("ask", "answer x"))
    ended = subprocess.run(
        ["bash", "-c", f"{program} {redirection}"], capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=30, check=False,
    )  # fmt: skip
    full = redirection == ">/dev/full"
    assert ended.returncode == (1 if full else 0)
    assert ("No space left" in ended.stderr) == full
    assert len(ended.stderr.splitlines()) == full


@pytest.mark.parametrize("json_wanted", [True, False])
def test_a_signal_during_the_imports_is_no_traceback(json_wanted: bool) -> None:
    program = """
import builtins, os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are begun without it
real = builtins.__import__
def importing(name, *rest):
    if name == "typer":
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *rest)
builtins.__import__ = importing
from agot.cli.main import main
main()
"""
    flags = ["--output", "json"] if json_wanted else []
    ended = subprocess.run(
        [sys.executable, "-c", program, "ask", "answer x", *flags], capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=30, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (130, "agot: Interrupted.\n")
    assert (json.loads(ended.stdout)["status"] if ended.stdout else None) == (
        "interrupted" if json_wanted else None
    )


def test_a_hard_stop_is_one_json_object() -> None:
    with started("ask", "stubborn", "--verbose", "--output", "json") as process:
        _until_begun(process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
    told = json.loads(out)
    assert process.returncode == 130
    assert (told["run_id"], told["status"], told["error"]) == (RUN, "interrupted", "Interrupted")
    assert f"agot resume {RUN}" in told["reason"]


def test_a_stop_that_does_not_get_through_is_one_json_object() -> None:
    # A third signal ends the process where it stands, here within code that cannot be cancelled.
    with started("ask", "block", "--verbose", "--output", "json") as process:
        _until_begun(process)
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        out, _ = process.communicate(timeout=10)
    assert process.returncode == 130 and json.loads(out)["run_id"] == RUN
