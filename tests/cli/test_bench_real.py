"""`agot bench real` and `agot bench prompts` as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.servers.loopback import Loopback, Reply

ROW = {"id": "q1", "question": "How much is 2 and 2?", "answer": "#### 4"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("test", "train"):
        path = tmp_path / f"data/gsm8k/{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(ROW) + "\n")
    return tmp_path / "data"


def always(request: dict[str, Any]) -> Reply:
    text = json.dumps(request["messages"])
    if "</proposal>" in text:
        return Reply("Yes")
    return Reply(
        '{"kind": "answer", "answer": "4"}' if 'kind \\"answer' in text else "So it is 4.\nAnswer: 4"
    )


def test_real_prints_a_table_and_leaves_rows_and_reports(agot: Any, data: Path, tmp_path: Path) -> None:
    with Loopback(always).in_thread() as server:
        arguments = (
            "bench", "real", "--base-url", server.base_url, "--model", "test-model", "--sets", "gsm8k,six", "--limit", "2",
            "--arms", "plain,plain-majority-8,direct", "--strategies", "chain", "--data", str(data), "--out",
            str(tmp_path / "out"), "--device", "a loop", "--seed", "3", "--in-flight", "2",
        )  # fmt: skip
        ended = agot(*arguments)
        asked = len(server.requests)
        again = agot(*arguments, "--output", "json")
    assert ended.code == again.code == 0, ended.err + again.err
    assert len(server.requests) == asked, "nothing is asked twice"
    lines = [line.split("\t") for line in ended.out.splitlines()]
    assert lines[0][:4] == ["set", "arm", "n", "right"]
    assert [line[1] for line in lines[1:5]] == [
        "plain",
        "plain-majority-8",
        "direct",
        "chain",
    ]
    assert any(line[:2] == ["six", "chain"] and len(line) == 10 for line in lines), "compared by a judge"
    figures = json.loads(again.out)
    assert figures["about"]["device"] == "a loop" and figures["about"]["seed"] == 3
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "answers.jsonl", "judged.jsonl", "report.json", "report.md", "six.md", "direct.db", "chain.db",
    }  # fmt: skip
    rows = [json.loads(line) for line in (tmp_path / "out/answers.jsonl").read_text().splitlines()]
    assert {"id", "arm", "answer", "right", "read", "written", "calls", "seconds", "status"} <= set(rows[0])
    assert "gsm8k, plain: 1 of 1" in ended.err and "left out" in ended.err


def test_a_stronger_judge_may_compare(agot: Any, tmp_path: Path) -> None:
    big = Loopback(lambda request: Reply("A"), models=("big",))
    with big.in_thread() as judge, Loopback(always).in_thread() as server:
        ended = agot(
            "bench", "real", "--base-url", server.base_url, "-m", "test-model", "--sets", "six", "--limit", "1",
            "--arms", "plain,direct", "--out", str(tmp_path), "--judge-base-url", judge.base_url, "--judge-model", "big",
        )  # fmt: skip
    assert ended.code == 0, ended.err
    assert len(judge.requests) == 2 and {request["model"] for request in judge.requests} == {"big"}


def test_throughput_prints_shares_of_the_plain_client(agot: Any, data: Path, tmp_path: Path) -> None:
    with Loopback(always).in_thread() as server:
        ended = agot(
            "bench", "real", "--base-url", server.base_url, "-m", "test-model", "--sets", "gsm8k", "--data", str(data),
            "--out", str(tmp_path), "--throughput",
        )  # fmt: skip
    assert ended.code == 0, ended.err
    lines = [line.split("\t") for line in ended.out.splitlines()]
    assert [line[0] for line in lines] == ["arm", "plain", "chain", "plain-majority-8", "vote"]
    assert lines[2][1].endswith("%")


def test_prompts_prints_the_same_table(agot: Any, data: Path, tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    (tmp_path / "v/terse.md").write_text("{question} Be terse.")
    with Loopback(always).in_thread() as server:
        ended = agot(
            "bench", "prompts", "--base-url", server.base_url, "-m", "test-model", "--variants", str(tmp_path / "v"),
            "--data", str(data), "--out", str(tmp_path / "out"),
        )  # fmt: skip
        assert ended.code == 0, ended.err
        assert [line.split("\t")[:4] for line in ended.out.splitlines()][2][:2] == ["gsm8k", "terse"]
        (tmp_path / "v/judge.md").write_text('+++\npurpose = "judge"\n+++\n{question} {answer}?')
        (tmp_path / "v/terse.md").unlink()
        refused = agot(
            "bench", "prompts", "--base-url", server.base_url, "-m", "test-model", "--variants", str(tmp_path / "v"),
            "--data", str(data), "--purpose", "judge",
        )  # fmt: skip
    assert refused.code == 2 and "--answers" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "m"), "--base-url"), (("--base-url", "http://127.0.0.1:9/v1"), "--model"),
        (("--base-url", "http://127.0.0.1:9/v1", "-m", "m", "--sets", "none"), "There is no set 'none'"),
        (("--base-url", "http://127.0.0.1:9/v1", "-m", "m", "--sets", "six", "--arms", "guess"), "no strategy 'guess'"),
        (("--base-url", "http://127.0.0.1:9/v1", "-m", "m", "--sets", "gsm8k"), "--data FOLDER"),
    ],
)  # fmt: skip
def test_refuses_what_it_cannot_use(agot: Any, arguments: tuple[str, ...], said: str) -> None:
    ended = agot("bench", "real", *arguments)
    assert ended.code == 2 and said in ended.err and "Traceback" not in ended.err


def test_a_server_that_is_away_is_named(agot: Any, tmp_path: Path) -> None:
    ended = agot("bench", "real", "--base-url", "http://127.0.0.1:9/v1", "-m", "m", "--sets", "six", "--out", str(tmp_path))  # fmt: skip
    assert ended.code == 69 and "No OpenAI-compatible server answers at http://127.0.0.1:9/v1" in ended.err
