"""Sentences of ARCHITECTURE that no import contract can hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "agot"


def _calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Yield file, call and the name of what is called, for all of the package."""
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                yield file.relative_to(ROOT).as_posix(), node, name


@pytest.fixture(scope="module")
def calls() -> list[tuple[str, ast.Call, str]]:
    return list(_calls())


def test_every_model_call_passes_the_caller(calls: list[tuple[str, ast.Call, str]]) -> None:
    asking = {
        file
        for file, node, name in calls
        if name == "complete" and any(one.arg == "timeout_s" for one in node.keywords)
    }
    # The doctor finds out what a server does with a single request, below all that a run is.
    assert asking == {"engine/caller.py", "models/doctor.py"}
    beyond = {file for file, _, name in calls if name in ("acompletion", "aembedding")}
    assert all(file.startswith("models/") for file in beyond)


@pytest.mark.parametrize(
    ("part", "places"),
    [
        ("Journal", {"engine/recorded.py"}),
        ("CallRoom", {"engine/recorded.py"}),
        ("EventStream", {"engine/recorded.py"}),
        ("Caller", {"engine/recorded.py", "engine/engine.py"}),
        # A nested graph counts against a meter of its own, within the run's.
        ("Meter", {"engine/recorded.py", "budget.py"}),
        ("start_run", {"engine/recorded.py"}),
        ("begin_attempt", {"engine/recorded.py"}),
        ("end_attempt", {"engine/recorded.py"}),
    ],
)
def test_what_a_run_is_made_of_is_put_together_in_one_place(
    calls: list[tuple[str, ast.Call, str]], part: str, places: set[str]
) -> None:
    assert {file for file, _, name in calls if name == part} == places
