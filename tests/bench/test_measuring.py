"""Measurements against a real server on loopback: what is asked, kept, and asked again."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agot.bench import frozen, verifiers
from agot.bench.asking import MOST_FAULTS_IN_A_ROW
from agot.bench.candidates import answer_in
from agot.bench.datasets import items
from agot.bench.effort import MOST_SAMPLES, effort
from agot.bench.public import Graded, answer, summary
from agot.bench.results import Results
from agot.bench.strategies import Answered, checked_budgets, measure, named
from agot.errors import ModelError, ModelUnauthorised, SetupError
from agot.settings import Settings
from tests.servers.loopback import Loopback, Reply, failure

PROBLEMS = frozen.chosen("test", ["word_problems", "dates"], 3)
ANSWERS = {problem.question: problem.answer for problem in PROBLEMS}


def text_of(request: dict[str, Any]) -> str:
    return "\n".join(message["content"] for message in request["messages"])


def knowing(request: dict[str, Any]) -> Reply:
    """Answer right, judge truthfully, as instruct models do: after steps where that was asked for."""
    text = text_of(request)
    right = next((answer for question, answer in ANSWERS.items() if question[:60] in text), "unknown")
    if "proposed solution" in text:
        return Reply("Yes" if f"The answer is {right}\n" in text else "No, it is not.")
    return Reply(f"1. look\nThe answer is {right}" if "The answer is" in text else right)


def settings(server: Loopback, **role: Any) -> Settings:
    fast = {"model": "hosted_vllm/x", "base_url": server.base_url, "timeout_s": 10.0, "retries": 0, **role}
    return Settings.model_validate({"roles": {"fast": fast}})


async def ask(server: Loopback, path: Path | None = None, told: list[str] | None = None) -> list[Answered]:
    with Results(path, Answered) as results:
        return await measure(
            settings(server), PROBLEMS, strategies=["auto", "chain", "vote"], budgets=[3000, 6000], at_once=6,
            results=results, tell=(told if told is not None else []).append,
        )  # fmt: skip


async def test_every_problem_is_asked_under_every_strategy_and_budget(tmp_path: Path) -> None:
    async with Loopback(lambda request: replace(knowing(request), delay_s=0.02)) as server:
        rows = await ask(server)
    assert len(rows) == len({row.key for row in rows}) == 6 * 3 * 2
    assert all(row.right and row.given and row.covered and not row.fault for row in rows)
    assert all(0 < row.tokens <= row.level and row.calls >= 1 for row in rows)
    assert server.max_in_flight > 1


async def test_what_is_in_the_file_is_not_asked_again(tmp_path: Path) -> None:
    told: list[str] = []
    async with Loopback(knowing) as server:
        first = await ask(server, tmp_path / "r")
        asked = len(server.requests)
        again = await ask(server, tmp_path / "r", told)
        assert len(server.requests) == asked
        assert again == first and told[0].startswith("36 of 36")
        with Results(tmp_path / "r", Answered) as results:
            other = settings(server, temperature=0.3)
            await measure(
                other,
                PROBLEMS[:1],
                strategies=["chain"],
                budgets=[3000],
                at_once=1,
                results=results,
                tell=told.append,
            )
        assert len(server.requests) > asked


async def test_a_bigger_budget_draws_more_samples() -> None:
    async with Loopback(knowing) as server:
        await ask(server)
        # The first is drawn alone, to see how long an answer is; two more are the cross-check of `auto`.
        more = {level // 500 - 1 for level in (3000, 6000)}
        assert {request.get("n") or 1 for request in server.requests} == {1, 2, *more}


def test_effort_grows_with_the_level_and_stays_within_bounds() -> None:
    drawn = [
        effort(level, Settings(), "compact").engine.samples for level in (1, 500, 1000, 2000, 4000, 10**9)
    ]
    assert drawn == sorted(drawn) and drawn[0] == 1 and drawn[-1] == MOST_SAMPLES
    assert effort(2000, Settings()).budget.tokens == 2000


async def test_a_server_that_is_away_ends_the_measurement_and_is_no_wrong_answer(tmp_path: Path) -> None:
    async with Loopback(lambda request: failure(500, "out of order")) as server:
        with pytest.raises(ModelError, match=f"{MOST_FAULTS_IN_A_ROW} questions in a row failed"):
            await ask(server, tmp_path / "r")
    with Results(tmp_path / "r", Answered) as results:
        kept = results.rows()
    assert len(kept) >= MOST_FAULTS_IN_A_ROW and all(row.fault and not row.done for row in kept)
    async with Loopback(knowing) as server:
        assert all(row.right for row in await ask(server, tmp_path / "r"))


async def test_a_refused_key_ends_the_measurement_at_once() -> None:
    async with Loopback(lambda request: failure(401, "no such key")) as server:
        with pytest.raises(ModelUnauthorised):
            await ask(server)
        assert len(server.requests) <= 12


async def test_answers_that_a_check_refutes_are_withheld_and_told() -> None:
    async with Loopback(lambda request: Reply("6 + 6 = 13\nThe answer is 13.")) as server:
        rows = [row for row in await ask(server) if row.family == "word_problems"]
    assert {row.status for row in rows} == {"abstained"}
    assert all(row.withheld_right is False and row.covered is False for row in rows)


async def test_answers_that_nothing_refutes_are_given_and_wrong() -> None:
    def doubting(request: dict[str, Any]) -> Reply:
        return Reply("No, wrong." if "proposed solution" in text_of(request) else "The answer is 1.")

    async with Loopback(doubting) as server:
        rows = await ask(server)
    assert all(row.given and not row.right and row.covered is False for row in rows)


def test_refuses_what_cannot_be_measured() -> None:
    assert named([], Settings())[0] == "auto" and named(["vote", "vote"], Settings()) == ["vote"]
    able = {"experts", "tools", "program", "chain-program-vote"} & set(named([], Settings()))
    assert not able, "they need what the settings do not have"
    assert checked_budgets([4000, 500, 500]) == [500, 4000]
    with pytest.raises(SetupError, match="There is no strategy 'guess'"):
        named(["guess"], Settings())
    with pytest.raises(SetupError, match="-5 tokens"):
        checked_budgets([-5])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1. a\nAnswer: 7", "7"), ("answer: x\nmore\n**Answer:** 9", "9"), ('{"kind": "answer", "answer": 5}', "5"),
        ("<think>Answer: 1</think>\nAnswer: 2", "2"), ("forty-two", "forty-two"), ("a\nb", ""), ("", ""), ("chain:", ""),
        ("3 + 4 = 7.\nThe answer is 7.", "7"), ("so \\boxed{9}", "9"), ('{"answer": null}', ""), ("{" * 5000, ""), ("Answer:" * 5000, ""), ("The final answer is: 3", "3"),
    ],
)  # fmt: skip
def test_drawn_answers_are_found_in_replies(text: str, answer: str) -> None:
    assert answer_in(text, bare=True) == answer or (
        text.startswith("Answer:Answer") and len(answer_in(text)) <= 2000
    )


def test_a_line_of_work_is_no_answer() -> None:
    assert answer_in("3 + 4 = 7") == "" and answer_in("answer: 7") == "7"


async def test_verifiers_are_compared_with_the_truth(tmp_path: Path) -> None:
    wrong = PROBLEMS[0].question[:60]

    def mixed(request: dict[str, Any]) -> Reply:
        text = text_of(request)
        if "proposed solution" in text:
            return Reply("Yes")
        return Reply("Answer: unknown") if wrong in text else knowing(request)

    async with Loopback(mixed) as server:
        for _ in range(2):
            with Results(tmp_path / "v", verifiers.Checked) as results:
                rows = await verifiers.measure(
                    settings(server), PROBLEMS, samples=2, at_once=4, results=results, tell=lambda line: None
                )
            asked = len(server.requests)
        assert len(server.requests) == asked
    assert len(rows) == 6 and all(len(row.opinions) == 4 for row in rows)
    found = {(one.verifier, one.family): one for one in verifiers.trust(rows, accept=0.5)}
    judge = found["judge", "all"]
    assert judge.completeness is not None and judge.completeness[0] == 1.0
    assert judge.soundness is not None and judge.soundness[0] == 0.0
    assert (judge.right, judge.wrong) == (20, 4)
    assert judge.calibration_error == pytest.approx(4 / 24)
    assert found["vote_share", "all"].solutions == 6


async def test_a_dataset_is_answered_graded_and_priced(tmp_path: Path) -> None:
    (tmp_path / "24.csv").write_text("Rank,Puzzles\n1,1 1 4 6\n2,1 1 11 11\n3,1 1 3 8\n")

    def puzzled(request: dict[str, Any]) -> Reply:
        text = text_of(request)
        if "proposed solution" in text:
            return Reply("Yes")
        if re.search("1, 1, 3, 8", text):
            return failure(503, "busy")
        return Reply(
            '{"kind": "answer", "answer": "(1*1*4)*6"}' if 'kind "answer"' in text else "Answer: (1*1*4)*6"
        )

    rows_to_ask = items("game24", tmp_path / "24.csv")
    async with Loopback(puzzled) as server:
        with Results(tmp_path / "r", Graded) as results:
            rows = await answer(
                settings(server), "game24/24.csv", rows_to_ask, strategy="chain", at_once=2, results=results,
                tell=lambda line: None,
            )  # fmt: skip
    figures = summary(rows)
    assert (figures["items"], figures["measured"], figures["right"]) == (3, 2, 1)
    assert sum(figures["errors"].values()) == 1
    assert figures["accuracy"][0] == 0.5 and figures["cost_usd"] == 0.0 and figures["tokens"][0] > 0
    alone = summary([row for row in rows if not row.fault][:1])
    assert alone["tokens"][0] > 0 and alone["tokens"][1:] == (None, None), (
        "one value says nothing of the spread"
    )
