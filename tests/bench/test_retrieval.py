"""Recall measured on files of the form of the public ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agot.bench.retrieval import KS, load, measure, table
from agot.errors import SetupError

POOL = [
    ("Bubye River", "The Bubye River flows through Zimbabwe."),
    ("Victoria Falls", "Victoria Falls is a waterfall of Zimbabwe."),
    *(
        (f"Town {number}", f"A town found by a river of a country, whose name is {number}.")
        for number in range(20)
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    def write(name: str, value: object) -> None:
        (tmp_path / name).write_text(json.dumps(value))

    write("musique_train_corpus.json", [{"title": title, "text": text} for title, text in POOL])
    row = {
        "question": "What is the name of the waterfall in the country where the Bubye River is found?",
        "paragraphs": [
            {"title": title, "paragraph_text": text, "is_supporting": number < 2} for number, (title, text) in enumerate(POOL)
        ],
        "question_decomposition": [
            {"question": "Bubye River >> country", "answer": "Zimbabwe", "paragraph_support_idx": 0},
            {"question": "Which waterfall is in #1?", "answer": "Victoria Falls", "paragraph_support_idx": 1},
        ],
    }  # fmt: skip
    write("musique_train.json", [row, row])
    write("hotpotqa_train_corpus.json", {title: [text] for title, text in POOL})
    write("hotpotqa_train.json", [{
        "question": "Which waterfall is in the country of the Bubye River?",
        "supporting_facts": [["Bubye River", 0], ["Victoria Falls", 0]],
    }])  # fmt: skip
    return tmp_path


async def test_every_arm_is_measured_on_every_dataset(folder: Path) -> None:
    rows = await measure(folder, tell=lambda text: None)
    found = {(row.data, row.arm): row for row in rows}
    assert [figure.k for figure in found["musique", "BM25"].figures] == list(KS)
    assert found["musique", "full"].figures[0].recall == 1.0
    assert found["musique", "full"].figures[0].gain == 1.0 - found["musique", "BM25"].figures[0].recall
    assert found["musique, single-hop", "full"].questions == 2
    assert ("musique", "full, tuned on the other half") in found
    assert ("hotpotqa", "full, tuned on the other half") not in found  # one question has no halves
    head, cells = table(rows)
    assert all(len(cell) == len(head) for cell in cells)


def test_answers_of_earlier_steps_are_put_into_later_ones(folder: Path) -> None:
    asked, _ = load(folder, "musique").asked
    assert [(hop.question, hop.first) for hop in asked.hops] == [
        ("Bubye River   country", True),
        ("Which waterfall is in Zimbabwe?", False),
    ]
    assert asked.gold == {1, 2}


def test_files_that_are_missing_or_something_else_are_named(folder: Path) -> None:
    (folder / "musique_train.json").write_text("[{}]")
    with pytest.raises(SetupError, match=r"The files of musique in .* are not as expected"):
        load(folder, "musique")
    (folder / "hotpotqa_train.json").unlink()
    with pytest.raises(SetupError, match=r"hotpotqa_train\.json: No such file"):
        load(folder, "hotpotqa")
