"""Each dataset with two rows of its own shape: gold is right, spoilt gold is not, questions do not tell it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agot.bench.datasets import DATASETS, items
from agot.bench.procbench import prefix_accuracy
from agot.bench.public import grade_gold
from agot.errors import SetupError

GSM = {
    "id": "g1",
    "question": "Ann has 2,000 pens and gives 5 away. How many are left?",
    "answer": "2000-5=<<1995>>\n#### 1,995",
}
MATH = {"problem": "Halve $\\frac{3}{2}$.", "solution": "So \\boxed{\\frac{3}{4}}.", "idx": 1}
BBH = {
    "canary": "x",
    "examples": [
        {"input": "Which one?\nOptions:\n(A) this\n(B) that", "target": "(B)"},
        {"input": "Which two?\nOptions:\n(A) this\n(B) that", "target": "(A)"},
    ],
}
DYCK = {
    "canary": "x",
    "examples": [{"input": "Close: ( [", "target": "] )"}, {"input": "Close: (", "target": ")"}],
}
CALENDAR = {
    "num_people": "2", "duration": "0.5", "id": "c1",
    "prompt_0shot": (
        "You are an expert at scheduling meetings. Here are a few example tasks and solutions:\n\n"
        "TASK: You need to schedule a meeting for Ann and Bob for half an hour between the work hours of 9:00 to 17:00 "
        "on Monday. \n\nHere are the existing schedules for everyone during the day: \n"
        "Ann has meetings on Monday during 9:00 to 12:00; \n"
        "Bob has blocked their calendar on Monday during 12:30 to 17:00; \n\n"
        "Find a time that works for everyone's schedule and constraints. \nSOLUTION: "
    ),
    "golden_plan": "Here is the proposed time: Monday, 12:00 - 12:30 ",
}  # fmt: skip
MEETING = {
    "num_people": 1, "dist_matrix": {}, "id": "m1",
    "prompt_0shot": (
        "You are visiting San Francisco for the day and want to meet as many friends as possible.\n\n"
        "Travel distances (in minutes):\nNob Hill to Embarcadero: 9.\nEmbarcadero to Nob Hill: 10.\n\n"
        "CONSTRAINTS: You arrive at Nob Hill at 9:00AM. Tim will be at Embarcadero from 9:45AM to 5:45PM. "
        "You'd like to meet Tim for a minimum of 30 minutes.\n\nYour response should start with 'SOLUTION:'."
    ),
    "golden_plan": [
        "You start at Nob Hill at 9:00AM.", "You travel to Embarcadero in 9 minutes and arrive at 9:09AM.",
        "You wait until 9:45AM.", "You meet Tim for 30 minutes from 9:45AM to 10:15AM.",
    ],
}  # fmt: skip
TRIP = {
    "num_cities": "2", "cities": "Riga**Oslo", "durations": "2**3", "id": "t1",
    "prompt_0shot": (
        "You plan to visit 2 European cities for 4 days in total. You only take direct flights to commute between cities. "
        "You plan to stay in Riga for 2 days. You plan to stay in Oslo for 3 days.\n\n"
        "Here are the cities that have direct flights:\nRiga and Oslo.\n\n"
        "Find a trip plan of visiting the cities for 4 days by taking direct flights to commute between them."
    ),
    "golden_plan": (
        "Here is the trip plan for visiting the 2 European cities for 4 days:\n\n"
        "**Day 1-2:** Arriving in Riga and visit Riga for 2 days.\n**Day 2:** Fly from Riga to Oslo.\n"
        "**Day 2-4:** Visit Oslo for 3 days."
    ),
}  # fmt: skip
BLOCKS = {
    "instance_id": 3,
    "query": (
        "I am playing with a set of blocks.\n\n[STATEMENT]\nAs initial conditions I have that, the red block is clear, the "
        "blue block is clear, the hand is empty, the red block is on the table and the blue block is on the table.\n"
        "My goal is to have that the red block is on top of the blue block.\n\nMy plan is as follows:\n\n[PLAN]"
    ),
    "ground_truth_plan": "(pick-up red)\n(stack red blue)\n",
}  # fmt: skip
CALLS = {
    "id": "parallel_0",
    "question": [[{"role": "user", "content": "Add 1 and 2, then 3 and 4."}]],
    "function": [{"name": "add", "parameters": {"type": "dict", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]}}],
}  # fmt: skip
CALL_ANSWERS = {
    "id": "parallel_0",
    "ground_truth": [{"add": {"a": [1], "b": [2]}}, {"add": {"a": [3], "b": [4]}}],
}
PROGRAM = {
    "task_id": "P/0", "entry_point": "twice", "canonical_solution": "    return n + n\n",
    "prompt": 'def twice(n: int) -> int:\n    """ Double it.\n    >>> twice(2)\n    4\n    """\n',
    "test": "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(-3) == -6\n",
}  # fmt: skip
PROCEDURE = {
    "id": "task01/0000", "task": "task01", "steps": 2, "prompt": "Sort step by step.\n\n[Question]\nString: gxuvy",
    "label": {"final": "guvxy", "init": "gxuvy", "intermediate": ["guxvy"]},
}  # fmt: skip


def lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


FILES: list[tuple[str, str, bytes]] = [
    ("gsm8k", "test.jsonl", lines(GSM)),
    (
        "math500",
        "test.jsonl",
        lines(MATH, {"problem": "1+1?", "solution": "", "answer": "2", "unique_id": "u"}),
    ),
    ("game24", "24.csv", b"Rank,Puzzles,AMT (s)\n1,1 1 4 6,4.4\n2,3 3 8 8,9\n"),
    ("bbh", "date_understanding.json", json.dumps(BBH).encode()),
    ("bbh", "dyck_languages.json", json.dumps(DYCK).encode()),
    ("natural_plan", "calendar.jsonl", lines(CALENDAR)),
    ("natural_plan", "meeting.jsonl", lines(MEETING)),
    ("natural_plan", "trip.jsonl", lines(TRIP)),
    ("blocksworld", "task.jsonl", lines(BLOCKS)),
    ("blocksworld", "task_1.json", json.dumps({"instances": [BLOCKS]}).encode()),
    ("bfcl", "BFCL_v4_parallel.json", lines(CALLS)),
    ("bfcl", "BFCL_v4_irrelevance.json", lines(CALLS)),
    ("humaneval", "HumanEval.jsonl.gz", gzip.compress(lines(PROGRAM))),
    ("procbench", "dev.jsonl", lines(PROCEDURE)),
]


def put(folder: Path, name: str, data: bytes) -> Path:
    (folder / "answer_BFCL_v4_parallel.json").write_bytes(lines(CALL_ANSWERS))
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("dataset", "name", "data"), FILES, ids=[f"{one[0]}-{one[1]}" for one in FILES])
async def test_gold_is_right_and_spoilt_gold_is_not(
    tmp_path: Path, dataset: str, name: str, data: bytes
) -> None:
    found = items(dataset, put(tmp_path, name, data))
    report = await grade_gold(found, lambda line: None)
    assert report.items == report.accepted == len(found)
    assert report.wrong >= len(found) and report.wrong_accepted == 0 and not report.untold
    for item in found:
        assert item.gold is not None
        for nonsense in ("", "I do not know.", "#### (C) [x()] 7 7"):
            assert not (await item.grade(nonsense)).right
        if len(item.gold) > 4:
            assert item.gold not in item.question


def test_every_dataset_is_tried_here() -> None:
    assert {one[0] for one in FILES} == set(DATASETS)


@pytest.mark.parametrize("dataset", sorted(DATASETS))
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[1, 2]",
        b'{"a": 1}\n',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"question": 3, "answer": null}\n',
        b"null",
    ],
    ids=["empty", "text", "numbers", "other", "binary", "deep", "types", "null"],
)
def test_refuses_a_file_of_something_else(tmp_path: Path, dataset: str, data: bytes) -> None:
    with pytest.raises(SetupError, match="original file"):
        items(dataset, put(tmp_path, "BFCL_v4_parallel.json", data))


def test_refuses_a_missing_file_a_folder_and_broken_gzip(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"\x1f\x8b\x08 no gzip")
    for path in (tmp_path / "none", tmp_path, tmp_path / "x.gz"):
        with pytest.raises(SetupError, match="cannot be read"):
            items("gsm8k", path)


def test_refuses_an_unknown_dataset(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="There is no dataset 'gsm9k'"):
        items("gsm9k", tmp_path)


def test_refuses_calls_without_references(tmp_path: Path) -> None:
    (tmp_path / "BFCL.json").write_bytes(lines(CALLS))
    with pytest.raises(SetupError, match="references"):
        items("bfcl", tmp_path / "BFCL.json")


def test_limit_takes_the_first_rows(tmp_path: Path) -> None:
    assert [item.id for item in items("gsm8k", put(tmp_path, "a", lines(GSM, GSM, GSM)), 2)] == ["g1", "g1"]


@pytest.mark.parametrize(
    ("answer", "right"),
    [("1995", True), ("$1,995.00", True), ("1995 pens", True), ("1995 or 1996", False), ("about -1995", False), ("19.95", False)],
)  # fmt: skip
async def test_one_number_may_stand_with_its_unit(tmp_path: Path, answer: str, right: bool) -> None:
    (item,) = items("gsm8k", put(tmp_path, "a", lines(GSM)))
    assert (await item.grade(answer)).right is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [("B", True), ("(B) that", True), ("**(B)**", True), ("The answer is (B).", True), ("(A) or (B)", False), ("By then", False), ("C", False)],
)  # fmt: skip
async def test_options_are_read_in_many_spellings(tmp_path: Path, answer: str, right: bool) -> None:
    item = items("bbh", put(tmp_path, "t.json", json.dumps(BBH).encode()))[0]
    assert (await item.grade(answer)).right is right


async def test_validity_and_the_official_plan_are_told_apart(tmp_path: Path) -> None:
    roomy = CALENDAR | {
        "prompt_0shot": str(CALENDAR["prompt_0shot"]).replace("9:00 to 12:00", "9:00 to 11:30")
    }
    (item,) = items("natural_plan", put(tmp_path, "c.jsonl", lines(roomy)))
    grade = await item.grade("Monday, 11:30 - 12:00")
    assert grade.right and grade.exact is False


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ('{"intermediate": ["guxvy"], "final": "guvxy"}', 1.0), ('{"intermediate": ["guxvy"], "final": "x"}', 0.5),
        ('Thus:\n```json\n{"final": "guvxy", "intermediate": ["guxvy"]}\n```', 1.0), ('{"final": "guvxy"}', 0.0),
        ('{"intermediate": ["guxvy", "guvxy"], "final": "guvxy"}', 2 / 3), ("guxvy, guvxy", 0.0), ("{" * 1000, 0.0),
        ('first {"intermediate": [], "final": 1}, then {"intermediate": ["guxvy"], "final": "guvxy"}', 1.0),
    ],
)  # fmt: skip
async def test_a_procedure_is_right_as_far_as_its_first_states_are(
    tmp_path: Path, answer: str, score: float
) -> None:
    (item,) = items("procbench", put(tmp_path, "dev.jsonl", lines(PROCEDURE)))
    grade = await item.grade(answer)
    assert grade.score == score and grade.right is (score == 1.0)


@pytest.mark.parametrize(
    ("wanted", "given", "same"),
    [
        (["40", 45], ["40", "45"], 1.0), ([45], ["x"], 0.0), ([[1, 0]], [["1", "0"]], 1.0), ([["a"]], ["a"], 0.0),
        ([["a", "b"]], [["a"]], 0.0), (["a"], [["a"]], 0.0),
    ],
)  # fmt: skip
def test_states_are_compared_as_what_they_are(wanted: list[Any], given: list[Any], same: float) -> None:
    assert prefix_accuracy(wanted, given) == same
