"""A real model's measurement against a server on loopback: what is asked, kept, asked again, and counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agot.bench.arms import ARMS, MAJORITY, PLAIN, arms_named, elected
from agot.bench.datasets import Grade, Item
from agot.bench.real import Measured
from agot.bench.real_report import busy_s, figures
from agot.bench.real_run import Order, Outcome, named_at, run
from agot.bench.suites import BenchSet, chosen
from agot.errors import ModelUnauthorised, SetupError, ToolError
from agot.settings import Settings
from tests.servers.loopback import Loopback, Reply, failure

ROWS = [{"id": f"q{n}", "question": f"How much is {n} and {n}?", "answer": f"#### {2 * n}"} for n in range(1, 7)]  # fmt: skip


def text_of(request: dict[str, Any]) -> str:
    return "\n".join(message["content"] for message in request["messages"])


def knowing(request: dict[str, Any]) -> Reply:
    """Answer right, judge truthfully, in whatever words are asked for."""
    text = text_of(request)
    if "proposed solution" in text:
        return Reply("Yes")
    if "Which reply is better" in text:
        return Reply("A" if text.index("Reply A") < text.index("Answer: ") else "B")
    right = next((row["answer"][5:] for row in ROWS if row["question"] in text), "yes")
    if 'kind "answer"' in text:
        return Reply(json.dumps({"kind": "answer", "steps": ["look"], "answer": right}))
    return Reply(f"1. look\nAnswer: {right}")


def sets(folder: Path, *names: str) -> list[BenchSet]:
    (folder / "gsm8k").mkdir(exist_ok=True)
    (folder / "gsm8k/test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return chosen("small", names or ("gsm8k",), folder, split="test", limit=None)


def order(server: Loopback, folder: Path, arms: Sequence[str], **options: Any) -> Order:
    role = {"model": "hosted_vllm/test-model", "base_url": server.base_url, "timeout_s": 10.0, "retries": 0}
    settings = Settings.model_validate({"roles": {"fast": role}, "seed": 4})
    asked = options.pop("sets", None) or sets(folder)
    return Order(settings, asked, arms, "test", options.pop("in_flight", 4), folder / "out", **options)


async def measured(
    server: Loopback, folder: Path, arms: Sequence[str], told: list[str] | None = None, **options: Any
) -> Outcome:
    lines: list[str] = [] if told is None else told
    return await run(order(server, folder, arms, **options), lines.append)


async def test_every_arm_answers_every_question(tmp_path: Path) -> None:
    async with Loopback(knowing) as server:
        outcome = await measured(server, tmp_path, ARMS)
    assert {(row.id, row.arm) for row in outcome.rows} == {(row["id"], arm) for row in ROWS for arm in ARMS}
    assert all(row.right and row.status == "answered" and row.written and row.read for row in outcome.rows)
    plain = [row for row in outcome.rows if row.arm == PLAIN]
    assert all(row.calls == 1 and row.texts == (f"1. look\nAnswer: {row.answer}",) for row in plain)
    assert all(len(row.texts) == 8 for row in outcome.rows if row.arm == MAJORITY)
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["about"]["server"]["owner"] == "vllm" and report["about"]["seed"] == 4
    assert {one["arm"]: one["right"][0] for one in report["figures"]} == dict.fromkeys(ARMS, 1.0)
    assert "| gsm8k | auto | 6 | 100.0% (61.0..100.0) |" in (tmp_path / "out/report.md").read_text()
    assert ">auto<" in (tmp_path / "out/report.svg").read_text()


async def test_the_plain_arm_meets_nothing_of_the_project(tmp_path: Path) -> None:
    async with Loopback(knowing) as server:
        await measured(server, tmp_path, [PLAIN, MAJORITY])
    (one, many) = (next(r for r in server.requests if ("n" in r) is wanted) for wanted in (False, True))
    assert len(server.requests) == 12
    assert one["messages"] == [
        {"role": "user", "content": ROWS[0]["question"] + '\n\nThink step by step, then end with "The answer is N".'}
    ]  # fmt: skip
    assert one["temperature"] == 0.0 and many["temperature"] == 0.7 and many["n"] == 8


async def test_a_second_run_asks_nothing_twice(tmp_path: Path) -> None:
    arms = [PLAIN, MAJORITY, "chain", "auto"]
    async with Loopback(knowing) as server:
        first = await measured(server, tmp_path, arms)
        asked = len(server.requests)
        again = await measured(server, tmp_path, arms)
        assert len(server.requests) == asked and again.rows == first.rows
        more = await measured(server, tmp_path, [*arms, "direct"])
        paid = sum(row.calls for row in more.rows if row.arm == "direct")
        assert len(server.requests) == asked + paid and paid >= len(ROWS), "only the new arm's calls"


async def test_comparisons_are_not_asked_twice_either(tmp_path: Path) -> None:
    async with Loopback(knowing) as server:
        asked_sets = sets(tmp_path, "six")
        await measured(server, tmp_path, [PLAIN, "direct"], sets=asked_sets)
        asked = len(server.requests)
        outcome = await measured(server, tmp_path, [PLAIN, "direct"], sets=asked_sets)
    assert len(server.requests) == asked and len(outcome.judged) == 6
    assert "## direct: answered" in (tmp_path / "out/six.md").read_text()


async def test_the_time_limit_ends_cleanly_and_the_next_run_goes_on(tmp_path: Path) -> None:
    told: list[str] = []

    def slow_at_the_end(request: dict[str, Any]) -> Reply:
        reply = knowing(request)
        late = any(row["question"] in text_of(request) for row in ROWS[3:])
        return Reply(reply.texts, delay_s=30.0) if late else reply

    async with Loopback(slow_at_the_end) as server:
        outcome = await measured(server, tmp_path, [PLAIN, "chain"], told, seconds=1.5, in_flight=1)
        assert [row.id for row in outcome.rows] == ["q1", "q2", "q3"] and "The time is over" in told[-1]
        report = json.loads((tmp_path / "out/report.json").read_text())
        assert report["figures"][0]["n"] == 3
        server.reply = knowing
        whole = await measured(server, tmp_path, [PLAIN, "chain"])
        assert len(whole.rows) == 12 and whole.rows[:3] == outcome.rows


async def test_no_time_reports_what_there_is_without_a_server(tmp_path: Path) -> None:
    async with Loopback(knowing) as server:
        first = await measured(server, tmp_path, [PLAIN])
    again = await measured(server, tmp_path, [PLAIN], seconds=0.0)
    assert again.rows == first.rows and again.about["server"] == first.about["server"]


async def test_failures_count_as_wrong_and_are_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agot.bench.plain._FIRST_WAIT_S", 0.0)

    def partly(request: dict[str, Any]) -> Reply:
        return failure(500, "out of order") if ROWS[0]["question"] in text_of(request) else knowing(request)

    async with Loopback(partly) as server:
        outcome = await measured(server, tmp_path, [PLAIN, "chain"])
        for one in figures(outcome.rows):
            assert one.right is not None and one.right[0] == 5 / 6 and (one.n, one.failed) == (6, 1)
        server.reply = knowing
        whole = await measured(server, tmp_path, [PLAIN, "chain"])
    assert all(row.right for row in whole.rows) and len(whole.rows) == 12


async def test_an_abstention_counts_as_wrong_and_is_told(tmp_path: Path) -> None:
    async with Loopback(lambda request: Reply("6 + 6 = 13\nThe answer is 13.")) as server:
        rows = (await measured(server, tmp_path, [PLAIN, "chain"])).rows
    plain, chain = figures(rows)
    assert (plain.abstained, chain.abstained, chain.failed) == (0, 6, 0)
    assert chain.right is not None and chain.right[0] == 0.0 and chain.n == 6


async def test_a_refused_key_ends_at_once_with_a_report(tmp_path: Path) -> None:
    async with Loopback(lambda request: failure(401, "no such key")) as server:
        with pytest.raises(ModelUnauthorised):
            await measured(server, tmp_path, [PLAIN])
    assert (tmp_path / "out/report.md").is_file() and len(server.requests) <= 4


async def test_a_model_that_the_server_does_not_have_is_named(tmp_path: Path) -> None:
    async with Loopback(knowing, models=("other",)) as server:
        with pytest.raises(SetupError, match=r"no model 'test-model'\. It has: other"):
            await measured(server, tmp_path, [PLAIN])


async def test_arms_of_the_project_have_a_database_each(tmp_path: Path) -> None:
    async with Loopback(knowing) as server:
        await measured(server, tmp_path, [PLAIN, "chain", "direct"])
    assert {path.name for path in (tmp_path / "out").glob("*.db")} == {"chain.db", "direct.db"}


@pytest.mark.parametrize(
    ("answers", "chosen_one"),
    [
        (["7", "8", "8.0"], "8"), (["", "", "3"], "3"), (["", ""], ""), ([], ""), (["1", "2"], "1"),
        (["1/2", "0.5", "3", "3.0", "3"], "3"),
    ],
)  # fmt: skip
def test_the_majority_is_of_equal_answers(answers: list[str], chosen_one: str) -> None:
    assert elected(answers) == chosen_one


def test_names_of_models_and_arms() -> None:
    assert named_at("qwen", "http://x/v1") == ("hosted_vllm/qwen", "qwen")
    assert named_at("hosted_vllm/Qwen/Q", "http://x/v1") == ("hosted_vllm/Qwen/Q", "Qwen/Q")
    assert arms_named(["plain", "auto", "plain"]) == ["plain", "auto"]
    with pytest.raises(SetupError, match="There is no strategy 'guess'"):
        arms_named(["guess"])
    with pytest.raises(SetupError, match="--base-url"):
        named_at("x", "")


def test_busy_seconds_count_overlaps_once() -> None:
    rows = [
        Measured(
            id=str(n), set="s", split="test", arm="a", seed=0, setup="", model="m", status="answered",
            began_s=began, seconds=seconds,
        )
        for n, (began, seconds) in enumerate([(10.0, 2.0), (11.0, 4.0), (12.0, 1.0), (100.0, 0.5)])
    ]  # fmt: skip
    assert busy_s(rows) == 5.5


async def test_an_answer_whose_grader_was_too_slow_is_kept_and_graded_next_time(tmp_path: Path) -> None:
    waiting = asyncio.Event()

    async def slowly(answer: str) -> Grade:
        await waiting.wait()
        return Grade(answer == "yes")

    slow = [BenchSet("code", "code", tuple(Item(f"c{n}", "Write.", None, (), slowly) for n in range(3)))]
    async with Loopback(lambda request: Reply("yes")) as server:
        first = await measured(server, tmp_path, [PLAIN], sets=slow, seconds=1.0)
        assert [(row.answer, row.right) for row in first.rows] == [("yes", None)] * 3
        assert figures(first.rows)[0].ungraded == 3 and figures(first.rows)[0].right is None
        waiting.set()
        again = await measured(server, tmp_path, [PLAIN], sets=slow)
    assert all(row.right and not row.ungraded for row in again.rows) and len(server.requests) == 3


async def test_slow_graders_do_not_keep_the_server_waiting(tmp_path: Path) -> None:
    async with Loopback(lambda request: Reply("yes")) as server:

        async def when_all_are_asked(answer: str) -> Grade:
            while len(server.requests) < 6:
                await asyncio.sleep(0.01)
            return Grade(True)

        items = tuple(Item(f"c{n}", "Write.", None, (), when_all_are_asked) for n in range(6))
        outcome = await measured(
            server, tmp_path, [PLAIN], sets=[BenchSet("code", "code", items)], in_flight=1
        )
    assert [row.right for row in outcome.rows] == [True] * 6


async def test_a_grader_that_cannot_tell_has_not_found_an_answer_wrong(tmp_path: Path) -> None:
    async def unable(answer: str) -> Grade:
        raise ToolError("there is no sandbox here")

    items = (Item("c", "Write.", None, (), unable),)
    async with Loopback(lambda request: Reply("yes")) as server:
        outcome = await measured(server, tmp_path, [PLAIN], sets=[BenchSet("code", "code", items)])
    assert outcome.rows[0].right is None and outcome.rows[0].ungraded == "there is no sandbox here"


async def test_kept_replies_are_read_anew_without_asking(tmp_path: Path) -> None:
    async with Loopback(lambda request: Reply("It is 2. Or 3")) as server:
        first = await measured(server, tmp_path, [PLAIN])
        kept = tmp_path / "out/answers.jsonl"
        # As a reader would have left it that took the first number.
        kept.write_text(
            kept.read_text().replace('"answer":"3"', '"answer":"2"').replace('"right":false', '"right":true')
        )
        again = await measured(server, tmp_path, [PLAIN], seconds=0.0)
        assert len(server.requests) == 6
    assert [row.answer for row in again.rows] == ["3"] * 6 and again.rows == first.rows
