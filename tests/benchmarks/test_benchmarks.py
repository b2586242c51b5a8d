"""Each benchmark works with tiny sizes. What depends on the machine's speed is not asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import scenario
from benchmarks.report import Figure, Report

ROOT = Path(__file__).parents[2]


def quick(name: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert report["benchmark"] == name
    assert (done.returncode == 0) == report["passed"]
    for figure in report["figures"]:
        assert figure["min"] <= figure["median"] <= figure["max"]
    return {figure["name"]: figure for figure in report["figures"]}


def test_barrier() -> None:
    figures = quick("barrier")
    assert figures["layered: the same with a barrier"]["min"] > 1.0


def test_fanout_counts_exactly() -> None:
    counts = [figure for figure in quick("fanout").values() if figure["unit"] == "calls"]
    assert len(counts) == 3
    assert all(figure["passed"] for figure in counts)


@pytest.mark.slow
def test_overhead() -> None:
    figures = quick("overhead")
    assert figures["bare litellm, per call"]["median"] > 0


@pytest.mark.slow
def test_kill_repeats_no_finished_call() -> None:
    figures = quick("kill")
    assert figures["kills with SIGKILL"]["median"] >= 2
    assert all(figure["passed"] is not False for figure in figures.values())


@pytest.mark.slow
def test_soak_pays_nobody_twice_and_loses_no_row() -> None:
    figures = quick("soak")
    assert figures["payments made again"]["median"] == figures["rows lost"]["median"] == 0
    assert figures["payments"]["median"] > 0 and figures["kills with SIGKILL"]["median"] > 0


@pytest.mark.slow
def test_outage_kills_a_server_and_loses_and_repeats_nothing() -> None:
    figures = quick("outage")
    assert figures["runs lost from the database"]["median"] == 0
    assert figures["replies paid for twice"]["median"] == 0
    assert figures["requests that reached the server's address"]["median"] > 8


@pytest.mark.slow
def test_speed() -> None:
    figures = quick("speed")
    assert figures["chain, checked by code"]["unit"] == "ms a call"
    assert sum(figure["target"] != "" for figure in figures.values()) == 6


def test_budgets_are_kept() -> None:
    figures = quick("budgets")
    assert figures["largest overshoot of calls"]["max"] == 0
    assert figures["calls begun after a limit was exceeded"]["max"] == 0


def test_parallel_search_solves_as_many_games_as_serial() -> None:
    figures = quick("search")
    solved = [figure["median"] for name, figure in figures.items() if name.startswith("games")]
    assert len(solved) == 2 and solved[0] == solved[1]


def test_embedded() -> None:
    assert quick("embedded")["tokens per second, 8 samples at once"]["median"] > 0


def test_install_looks_at_this_environment() -> None:
    assert quick("install")["packages, agot included"]["median"] > 10


@pytest.mark.slow
def test_load_answers_everybody_and_loses_no_event() -> None:
    figures = quick("load")
    assert figures["requests answered"]["median"] == 12
    assert figures["events that viewers saw"]["median"] > 0
    assert all(figure["passed"] is not False for figure in figures.values())


def test_planned_counts_agree_with_the_plans() -> None:
    # One call for each thought: the last ones of both plans need others, so nothing has to be put together.
    assert scenario.thoughts_in("eleven") == scenario.calls_in("eleven") == 12
    assert (scenario.thoughts_in("forest-10-2"), scenario.thoughts_in("forest-11-3")) == (1012, 10023)


def test_random_plans_are_the_same_every_time() -> None:
    first = scenario.planned("random-5")
    scenario.planned.cache_clear()
    assert scenario.planned("random-5") == first
    assert all(need < place for place, step in enumerate(first.steps, start=1) for need in step.needs)


def test_figures_are_judged_by_median_or_worst() -> None:
    values = (1.0, 2.0, 9.0)
    assert Figure("a", "s", values, at_most=2.0).passed
    assert not Figure("a", "s", values, at_most=2.0, judged_by="worst").passed
    assert Figure("a", "s", values).passed is None
    assert Figure("a", "s", (3.0,), at_most=3.0, at_least=3.0).target == "= 3"
    report = Report("b", [Figure("a", "s", values, at_least=3.0)])
    assert not report.passed
    assert "MISSED" in report.as_text()


@pytest.mark.slow
def test_relay() -> None:
    figures = quick("relay")
    assert figures["relayed request, added CPU"]["median"] > 0
    assert figures["agot/direct, 4 clients"]["median"] > 0
