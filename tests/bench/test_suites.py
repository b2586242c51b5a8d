"""Which rows of which file are asked, and how plain replies are read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from agot.bench.suites import BenchSet, Form, Split, chosen, plain_request, read_by, read_plain
from agot.errors import SetupError


def data(folder: Path) -> Path:
    """Write small files in the original formats."""
    files: dict[str, list[dict[str, object]]] = {
        "gsm8k/test.jsonl": [{"question": f"Test {n}?", "answer": f"so\n#### {n}"} for n in range(5)],
        "gsm8k/train.jsonl": [{"question": f"Train {n}?", "answer": f"so\n#### {n}"} for n in range(7)],
        "procbench/dev.jsonl": [
            {"id": f"t{n}", "prompt": f"Do {n}.", "label": {"intermediate": [n], "final": n + 1}} for n in range(700)
        ],
        "math500/test.jsonl": [{"problem": f"P {n}", "answer": str(n), "unique_id": f"m{n}"} for n in range(500)],
    }  # fmt: skip
    for name, rows in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    program = {"canonical_solution": "    return 1\n", "test": "def check(f):\n    assert f() == 1\n",
               "entry_point": "f"}  # fmt: skip
    (folder / "humaneval").mkdir()
    (folder / "humaneval/HumanEval.jsonl.gz").write_bytes(
        gzip.compress(
            "".join(
                json.dumps(program | {"task_id": f"h{n}", "prompt": f"# {n}\ndef f():\n"}) + "\n"
                for n in range(164)
            ).encode()
        )
    )
    (folder / "bbh").mkdir()
    for task in ("navigate", "snarks"):
        examples = [{"input": f"{task} {n}", "target": "Yes" if n % 2 else "No"} for n in range(20)]
        (folder / f"bbh/{task}.json").write_text(json.dumps({"examples": examples}))
    return folder


def ids(sets: list[BenchSet]) -> list[str]:
    return [item.id for bench in sets for item in bench.items]


def test_the_small_suite_holds_its_sets(tmp_path: Path) -> None:
    found = chosen("small", (), data(tmp_path), split="test", limit=None)
    assert {bench.name: len(bench.items) for bench in found} == {
        "gsm8k": 5, "math": 100, "humaneval": 100, "open": 40, "six": 6,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["gsm8k", "math", "humaneval", "bbh", "procbench"])
def test_rows_for_choosing_are_never_rows_of_a_test(tmp_path: Path, name: str) -> None:
    folder = data(tmp_path)

    def asked(suite: str, split: Split) -> set[str]:
        found = chosen(suite, [name], folder, split=split, limit=None)
        return {item.question for bench in found for item in bench.items}

    for suite in ("small", "full"):
        assert asked(suite, "train") and not asked(suite, "train") & (
            asked("small", "test") | asked("full", "test")
        )
    assert asked("small", "test") <= asked("full", "test")


def test_rows_of_several_files_take_turns(tmp_path: Path) -> None:
    found = chosen("small", ["bbh"], data(tmp_path), split="test", limit=4)
    assert ids(found) == ["navigate-0", "snarks-0", "navigate-1", "snarks-1"]


def test_the_written_requests_are_forty_different_ones() -> None:
    (found, six) = chosen("small", ["open", "six"], None, split="test", limit=None)
    assert len({item.id for item in found.items}) == len({item.question for item in found.items}) == 40
    assert next(item.question for item in six.items) == "What is the capital of France?"
    assert found.judged and not found.elects


def test_the_written_requests_are_for_reporting_only(tmp_path: Path) -> None:
    assert not {"open", "six"} & {
        bench.name for bench in chosen("small", (), data(tmp_path), split="train", limit=1)
    }
    with pytest.raises(SetupError, match="for reporting"):
        chosen("small", ["six"], None, split="train", limit=None)


@pytest.mark.parametrize(
    ("suite", "names", "said"),
    [
        ("tiny", (), "There is no suite 'tiny'"), ("small", ["gsm9k"], "There is no set 'gsm9k'"),
        ("small", ["game24"], r"There is no game24/\*\.csv"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named(tmp_path: Path, suite: str, names: list[str], said: str) -> None:
    with pytest.raises(SetupError, match=said):
        chosen(suite, names, tmp_path, split="test", limit=None)


def test_a_public_set_needs_a_folder() -> None:
    with pytest.raises(SetupError, match="--data FOLDER"):
        chosen("small", ["gsm8k"], None, split="test", limit=None)


def test_only_closed_questions_get_the_sentence_about_steps() -> None:
    asked = 'How many?\n\nThink step by step, then end with "The answer is N".'
    assert plain_request("number", "How many?") == plain_request("closed", "How many?") == asked
    for form in ("code", "text", "exact"):
        assert plain_request(form, "How many?") == "How many?"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("form", "text", "answer"),
    [
        ("number", "He has 3 + 4 = 7 apples. The answer is 7.", "7"), ("number", "so $1,234.50.", "1,234.50"),
        ("number", "in 1999, 2000", "2000"), ("number", "no idea", ""), ("number", "it is -5", "-5"),
        ("closed", "Steps.\nThe answer is $\\frac{1}{2}$.", "\\frac{1}{2}"), ("closed", "so \\boxed{7}", "7"),
        ("code", "\n    return 1\n", "    return 1"), ("text", "\nDear Sir,\n", "Dear Sir,"),
    ],
)  # fmt: skip
def test_plain_replies_are_read_by_the_form_of_their_set(form: Form, text: str, answer: str) -> None:
    read = read_plain(form, "How much is it?", text, False)
    assert read.rstrip(".").strip("$") == answer


def test_the_reader_of_the_strategies_believes_no_cut_text() -> None:
    read = read_by("chain")
    assert read("number", "How much is it?", "1. a\nAnswer: 7", False) == "7"
    assert read("number", "How much is it?", "1. a", True) == ""
    assert read("code", "Write a function f.", "def f():\n\n    ...", False) == "def f():\n\n    ..."
