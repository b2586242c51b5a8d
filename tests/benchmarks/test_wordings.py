"""Questions in people's own words are read, put to the program and counted by outcome and trust."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.wordings import Row, Told, read, report, same

ROOT = Path(__file__).parents[2]


def test_rows_hold_one_answer_several_or_none(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [
        {"question": "a", "answer": 3, "kind": "x"},
        {"question": "b", "answer": ["1", "one"]},
        {"question": "c", "answer": None},
    ]
    file.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert read(file) == [Row("a", ("3",), "x"), Row("b", ("1", "one"), ""), Row("c", (), "")]


@pytest.mark.parametrize("text", ["{}", "no json", "[1]", ""])
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(ValueError, match=str(file)):
        read(file)


@pytest.mark.parametrize(
    ("given", "answer", "kind", "equal"),
    [
        ("18", "18 apples", "word problems", True), ("$4.50", "4.5", "word problems", True), ("garage", "the garage", "facts", True),
        ("[1, 2]", "1, 2", "lists", True), ("[2, 1]", "[1, 2]", "lists", False), ("March 5, 2024", "2024-03-05", "dates", True),
        ("olleh", "OLLEH", "strings", True), ("50%", "0.5", "strings", False), ("23", "18", "word problems", False),
    ],
)  # fmt: skip
def test_answers_are_compared_by_what_they_mean(given: str, answer: str, kind: str, equal: bool) -> None:
    assert same(given, answer, kind) is equal


def test_only_wrong_answers_that_are_not_doubtful_mislead() -> None:
    inside, outside = Row("q", ("18",), "a"), Row("q", (), "b")
    told = [
        Told(inside, "18", "doubtful"), Told(inside, None, "unchecked"), Told(inside, "23", "doubtful"), Told(inside, "23", "judged"),
        Told(outside, None, "unchecked"), Told(outside, "7", "unchecked"),
    ]  # fmt: skip
    assert [one.outcome for one in told] == ["right", "declined", "wrong", "wrong", "right", "wrong"]
    assert [one.misleads for one in told] == [False, False, False, True, False, True]
    found = report(told, show=True)
    assert [figure.values for figure in found.figures] == [(2 / 6,), (2 / 6,)] and not found.passed
    assert sum("expected" in note for note in found.notes) == 4


def test_the_program_is_asked_in_its_default_way(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [
        {"question": "What is 3+4?", "answer": "7", "kind": "arithmetic"},
        {"question": "Write a poem about autumn.", "answer": None, "kind": "outside"},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.wordings", str(file), "--json"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["figures"][0]["values"] == [1.0]


def test_a_missing_file_is_told_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.wordings", "nowhere.jsonl"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "nowhere.jsonl" in done.stderr and "Traceback" not in done.stderr
