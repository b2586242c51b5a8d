"""Variants of prompts, and of judges' prompts, against a server on loopback."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from agot.bench.arms import MAJORITY
from agot.bench.judge_prompts import Opinion, judging, run_judges, verdict_in
from agot.bench.prompts import JUDGE, Variant, run_variants, variants_in
from agot.bench.real_report import figures
from agot.bench.real_run import Order, run
from agot.bench.statistics import clustered_rank, wilson
from agot.bench.suites import BenchSet, chosen
from agot.errors import SetupError
from agot.protocols import Completion, TokenLogprob
from agot.settings import Settings
from tests.servers.loopback import Loopback, Reply

HEAD = '+++\npurpose = "{purpose}"\nvariant = "{variant}"\n+++\n'


def put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


def sets(folder: Path) -> list[BenchSet]:
    (folder / "gsm8k").mkdir(exist_ok=True)
    rows = [{"id": f"q{n}", "question": f"How much is {n} and {n}?", "answer": f"#### {2 * n}"} for n in range(1, 5)]  # fmt: skip
    (folder / "gsm8k/train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return chosen("small", ["gsm8k"], folder, split="train", limit=None)


def order(server: Loopback, folder: Path, out: str) -> Order:
    role = {"model": "hosted_vllm/test-model", "base_url": server.base_url}
    settings = Settings.model_validate({"roles": {"fast": role}})
    return Order(settings, sets(folder), [], "train", 4, folder / out)


def doubled(text: str) -> int:
    return 2 * int(text.split("How much is ")[1].split()[0])


async def test_each_variant_is_one_user_turn_and_beside_the_plain_request(tmp_path: Path) -> None:
    put(
        tmp_path / "v",
        "short.md",
        HEAD.format(purpose="chain", variant="short") + "{question}\n\nBe {brief}.\n",
    )
    put(tmp_path / "v", "bare.md", "Q: {question}")
    put(tmp_path / "v", "other.md", HEAD.format(purpose="plan", variant="p") + "no place")
    variants = variants_in(tmp_path / "v", "chain")
    assert [one.name for one in variants] == ["bare", "short"]

    def reply(request: dict[str, Any]) -> Reply:
        text = request["messages"][0]["content"]
        return Reply(f"Answer: {doubled(text)}" if "Be {brief}." in text else "It may be 1 or so")

    async with Loopback(reply) as server:
        asked = order(server, tmp_path, "out")
        outcome = await run_variants(
            asked, variants, purpose="chain", samples=1, temperature=0.0, tell=lambda line: None
        )
        found = {one.arm: one for one in figures(outcome.rows)}
        assert list(found) == ["plain", "bare", "short"] and len(server.requests) == 12
        assert all(len(request["messages"]) == 1 for request in server.requests)
        assert found["short"].right == (1.0, *wilson(4, 4)) and found["bare"].right == (0.0, *wilson(0, 4))
        assert found["short"].against is not None and found["short"].against[0] == 1.0
        changed = [variants[0], Variant("short", "{question} Be {brief}. Please.")]
        await run_variants(
            asked, changed, purpose="chain", samples=1, temperature=0.0, tell=lambda line: None
        )
        assert len(server.requests) == 16, "only the variant that was changed is asked again"
    assert "| gsm8k | short | 4 | 100.0%" in (tmp_path / "out/report.md").read_text()


async def test_samples_of_a_variant_are_put_to_a_majority(tmp_path: Path) -> None:
    put(tmp_path / "v", "a.md", "{question} Go.")
    texts = ["Answer: 1", "Answer: 2", "Answer: 2"]
    async with Loopback(lambda request: Reply(texts)) as server:
        outcome = await run_variants(
            order(server, tmp_path, "out"), variants_in(tmp_path / "v", "chain"), purpose="chain", samples=3,
            temperature=0.7, tell=lambda line: None,
        )  # fmt: skip
    assert {row.answer for row in outcome.rows} == {"2"} and server.requests[0]["n"] == 3


@pytest.mark.parametrize(
    ("name", "text", "purpose", "said"),
    [
        ("a.md", "no place", "chain", "no place for what is asked"), ("a.md", "{question}", JUDGE, "{answer}"),
        ("plain.md", "{question}", "chain", "Rename"), ("a.md", "+++\nx = \n+++\n{question}", "chain", "not TOML"),
        ("a.txt", "{question}", "chain", "holds no prompt for 'chain'"),
    ],
)  # fmt: skip
def test_what_is_no_variant_is_refused(tmp_path: Path, name: str, text: str, purpose: str, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        variants_in(put(tmp_path / "v", name, text), purpose)


def test_what_is_filled_in_is_not_filled_in_itself() -> None:
    assert (
        Variant("x", "{question}|{answer}|{other}").filled("{answer}", "{question}")
        == "{answer}|{question}|{other}"
    )


async def test_a_judge_is_measured_on_kept_replies_of_known_worth(tmp_path: Path) -> None:
    def reply(request: dict[str, Any]) -> Reply:
        text = request["messages"][0]["content"]
        if "Is it right?" in text:
            right = f"Answer: {doubled(text)}." in text
            return Reply("Yes" if right else "No", logprobs=[("Yes", -0.1)] if right else [("No", -0.1)])
        return Reply([f"It is {doubled(text)}", "It is 1"])

    put(tmp_path / "v", "knows.md", "{question} Answer: {answer}. Is it right?")
    variants = variants_in(tmp_path / "v", JUDGE)
    async with Loopback(reply) as server:
        asked = order(server, tmp_path, "real")
        asked = Order(asked.settings, asked.sets, [MAJORITY], "train", 4, tmp_path / "real")
        await run(asked, lambda line: None)
        before = len(server.requests)
        found: list[Any] = []
        for _ in range(2):
            found = await run_judges(
                order(server, tmp_path, "judges"), variants, tmp_path / "real/answers.jsonl", each_question=2,
                tell=lambda line: None,
            )  # fmt: skip
        assert len(server.requests) == before + 8, "nothing is asked twice"
    (one,) = found
    assert one.n == 8 and one.area[0] == 1.0 and one.accepted[0] == one.refused[0] == 1.0
    assert server.requests[-1]["logprobs"] is True
    assert "| knows | 8 | 100.0%" in (tmp_path / "judges/report.md").read_text()
    with pytest.raises(SetupError, match="agot bench real"):
        await run_judges(asked, variants, tmp_path / "no.jsonl", each_question=1, tell=lambda line: None)


@pytest.mark.parametrize(
    ("text", "said"),
    [("Yes.", 1.0), ("No, 3 is wrong", 0.0), ("3 + 4 is 7, no doubt.\nVerdict: yes", 1.0), ("Perhaps", None)],
)
def test_a_verdict_is_the_first_word_or_the_last(text: str, said: float | None) -> None:
    assert verdict_in(Completion(text=text)) == said


def test_a_verdict_is_read_from_log_probabilities_where_there_are_some() -> None:
    words = (TokenLogprob(token="Yes", logprob=-0.1, top=(("Yes", -0.1), ("No", -2.4))),)
    said = verdict_in(Completion(text="Yes", logprobs=words))
    assert said is not None and 0.9 < said < 0.92


def test_figures_of_a_judge_are_of_what_it_said() -> None:
    rows = [
        Opinion(
            id=f"q{n}/0", variant="v", setup="s", right=n < 4, chance=said, read=10, written=1, seconds=1.0
        )
        for n, said in enumerate([0.9, 0.8, 0.4, None, 0.3, 0.6, 0.1])
    ]
    (one,) = judging(rows, seed=1)
    assert one.told is not None and one.told[0] == 6 / 7
    assert one.accepted == (2 / 3, *wilson(2, 3)) and one.refused == (2 / 3, *wilson(2, 3))
    assert one.area is not None and one.area[0] == 8 / 9, "one of nine pairs is in the wrong order"
    assert one.mean_right == pytest.approx(0.7) and one.mean_wrong == pytest.approx(1 / 3)


def test_the_area_counts_ties_half_and_needs_both_kinds() -> None:
    rated = [("a", 0.5, True), ("b", 0.5, False)]
    area = clustered_rank(rated, rng=random.Random(0))
    assert area is not None and area[0] == 0.5
    assert (
        clustered_rank(rated[:1], rng=random.Random(0)) is None
        and clustered_rank([], rng=random.Random(0)) is None
    )
    many = [(str(n // 4), n % 7 / 7, n % 3 == 0) for n in range(120)]
    first, again = (clustered_rank(many, rng=random.Random(5)) for _ in range(2))
    assert first == again and first is not None and first[1] < first[0] < first[2]
