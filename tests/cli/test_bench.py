"""`agot bench` as a person calls it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.servers.loopback import Loopback, Reply

PUZZLES = "Rank,Puzzles\n1,1 1 4 6\n2,4 6 8 8\n"


def always(request: dict[str, Any]) -> Reply:
    text = json.dumps(request["messages"])
    if "proposed solution" in text:
        return Reply("Yes")
    return Reply('{"kind": "answer", "answer": "7"}' if 'kind \\"answer' in text else "Answer: 7")


def test_strategies_prints_a_table_writes_figures_and_draws(agot: Any, tmp_path: Path) -> None:
    with Loopback(always).in_thread() as server:
        ended = agot(
            "bench", "strategies", "--families", "countdown", "dates", "--strategies", "auto", "chain", "vote",
            "--per-family", "2", "--budgets", "1000", "2000", "--split", "test", "-m", "hosted_vllm/x",
            "--base-url", server.base_url, "--json", str(tmp_path / "f.json"), "--plot", str(tmp_path / "p.svg"),
            "--results", str(tmp_path / "r.jsonl"), "--seed", "3",
        )  # fmt: skip
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[0].startswith("family\tbudget\tstrategy\tn\taccuracy")
    assert "At 1000 tokens: auto 0.0%, best fixed strategy" in ended.out
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["seed"] == 3 and {cell["level"] for cell in figures["cells"]} == {1000, 2000}
    assert {cell["family"] for cell in figures["cells"]} == {"all", "countdown", "dates"}
    assert (tmp_path / "p.svg").read_text().startswith("<svg")
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 4 * 3 * 2
    assert "24 of 24" in ended.err


def test_verifiers_prints_json(agot: Any) -> None:
    with Loopback(always).in_thread() as server:
        ended = agot(
            "bench", "verifiers", "--families", "dates", "--per-family", "2", "--samples", "2", "-m", "hosted_vllm/x",
            "--base-url", server.base_url, "--output", "json",
        )  # fmt: skip
    assert ended.code == 0, ended.err
    judge = next(one for one in json.loads(ended.out)["verifiers"] if one["verifier"] == "judge")
    assert judge["wrong"] == 8 and judge["soundness"][0] == 0.0 and judge["completeness"] is None


def test_run_tells_accuracy_cost_and_errors(agot: Any, tmp_path: Path) -> None:
    (tmp_path / "24.csv").write_text(PUZZLES)
    with Loopback(
        lambda request: Reply("Yes" if "proposed solution" in str(request) else "Answer: 4*6*8/8")
    ).in_thread() as server:
        ended = agot(
            "bench", "run", "game24", "--path", str(tmp_path / "24.csv"), "-m", "hosted_vllm/x", "--strategy", "chain",
            "--base-url", server.base_url, "--budget-tokens", "5000",
        )  # fmt: skip
    assert ended.code == 0, ended.err
    assert re.search(r"accuracy: 50\.0% \(\d", ended.out)
    assert "cost: 0.0000 US dollars" in ended.out and "errors, not counted above: none" in ended.out


def test_run_fails_if_nothing_could_be_measured(
    agot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGOT_ROLES__FAST__RETRIES", "0")
    (tmp_path / "24.csv").write_text(PUZZLES)
    ended = agot("bench", "run", "game24", "--path", str(tmp_path / "24.csv"), "-m", "hosted_vllm/x", "--base-url",
                 "http://127.0.0.1:9/v1", "--limit", "1")  # fmt: skip
    assert ended.code == 1
    assert "errors, not counted above: " in ended.out and "accuracy: -, 0 of 0" in ended.out


def test_gold_grades_references_and_spoilt_ones(agot: Any, tmp_path: Path) -> None:
    (tmp_path / "24.csv").write_text(PUZZLES)
    ended = agot("bench", "gold", "game24", "--path", str(tmp_path / "24.csv"))
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "references accepted: 2 of 2 (100.0%)", "spoilt references accepted: 0 of 6 (0.0%)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("strategies", "--families", "nothing"), "There is no family 'nothing'"),
        (("strategies", "--strategies", "guess"), "There is no strategy 'guess'"),
        (("strategies", "--families", "--split", "test"), "--families"),
        (("strategies", "--strategies"), "--strategies"),
        (("strategies", "--budgets", "0"), "A budget is 0 tokens"),
        (("strategies", "--budgets", "many"), "valid integer"),
        (("strategies", "--per-family", "0"), "--per-family"),
        (("strategies", "--at-once", "0"), "--at-once"),
        (("gold", "gsm9k", "--path", "x"), "There is no dataset 'gsm9k'"),
        (("run", "gsm8k", "--path", "/nowhere/x"), "cannot be read"),
        (("run", "gsm8k"), "--path"),
    ],
)  # fmt: skip
def test_refuses_what_it_cannot_use(agot: Any, arguments: tuple[str, ...], said: str) -> None:
    ended = agot("bench", *arguments)
    assert ended.code == 2 and said in ended.err
    assert "Traceback" not in ended.err
