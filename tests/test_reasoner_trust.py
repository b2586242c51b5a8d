"""How far answers can be trusted, what that costs, and what a doubting judge may do: through a real server and database."""

from __future__ import annotations

import asyncio
import itertools
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agot.agents.worth import FACT, examples
from agot.budget import Budget
from agot.events import AnyEvent
from agot.reasoner import Reasoner
from agot.sandbox.run import why_not
from agot.settings import Settings
from agot.stores.database import SqlStore
from agot.thought import Result
from tests.servers.loopback import Loopback, Reply, failure

STORY = "A farmer has 12 cows and sells 5 of them. Then he buys 9 more. How many cows does he have?"
LETTER = "Write a short letter to my landlord about the broken heating."
FACTUAL = "Who wrote Frankenstein?"
GOOD = {"manner": "word", "auc": 0.95, "judged": 20, "intercept": 0.0, "slope": 1.0}
WEAK = {"manner": "word", "auc": 0.69, "judged": 20, "intercept": 0.0, "slope": 0.3}
CHANCE = {"manner": "word", "auc": 0.5, "judged": 20}


def text_of(request: dict[str, Any]) -> str:
    return "\n".join(str(message["content"]) for message in request["messages"])


def judging(request: dict[str, Any]) -> bool:
    text = text_of(request)
    return "Reply with one word, Yes or No" in text or "Verdict:" in text


def serving(
    answers: Iterator[str], judge: Callable[[dict[str, Any]], Reply]
) -> Callable[[dict[str, Any]], Reply]:
    """Return a script: the next answers in turn, as many as samples are asked for, and a judge."""

    def reply(request: dict[str, Any]) -> Reply:
        if judging(request):
            return judge(request)
        return Reply(
            [f"It is worked out.\nAnswer: {next(answers)}" for _ in range(int(request.get("n") or 1))]
        )

    return reply


def says(word: str, p: float = 0.99) -> Callable[[dict[str, Any]], Reply]:
    other = "No" if word == "Yes" else "Yes"
    return lambda request: Reply(word, logprobs=[(word, math.log(p)), (other, math.log(1 - p))])


NO, YES = says("No"), says("Yes")


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with Loopback() as running:
        yield running


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/agot.db"


async def ask(
    server: Loopback, database: str, question: str, *, facts: dict[str, Any] | None = None, budget: Budget | None = None,
    strategy: str | None = None, effort: Any = None, programs: bool = False, **engine: Any,
) -> tuple[Result, list[AnyEvent]]:  # fmt: skip
    fast = {"model": "hosted_vllm/x", "base_url": server.base_url, "timeout_s": 10.0, "retries": 0}
    settings = Settings.model_validate({
        "roles": {"fast": fast}, "database_url": database, "engine": engine, "tools": {"python": programs},
    })  # fmt: skip
    if facts is not None:
        store = await SqlStore.open(database)
        await store.keep_facts(server.base_url.removesuffix("/v1"), "x", facts)
        await store.close()
    events: list[AnyEvent] = []
    async with Reasoner(settings) as reasoner:
        asked = reasoner.ask(
            question, budget=budget, strategy=strategy, effort=effort, on_event=events.append
        )
        return await asyncio.wait_for(asked, 30), events


def calls(server: Loopback) -> int:
    return len(server.requests)


# -- an open request ---------------------------------------------------------------------------------


@pytest.mark.parametrize("worth", [None, CHANCE, WEAK, GOOD])
async def test_an_open_request_whose_judge_always_doubts_is_answered_in_at_most_three_calls(
    server: Loopback, database: str, worth: dict[str, Any] | None
) -> None:
    server.reply = serving(itertools.repeat("Dear landlord"), NO)
    result, _ = await ask(server, database, LETTER, facts=None if worth is None else {FACT: worth})
    assert result.status == "answered" and "Dear landlord" in result.answer
    assert calls(server) == (2 if worth is GOOD else 1)
    assert result.trust == ("doubtful" if worth is GOOD else "unchecked")


async def test_an_open_request_that_a_good_judge_accepts_is_judged(server: Loopback, database: str) -> None:
    server.reply = serving(itertools.repeat("Dear landlord"), YES)
    result, _ = await ask(server, database, LETTER, facts={FACT: GOOD})
    assert (result.trust, calls(server)) == ("judged", 2)
    assert "0.99" in result.trust_reason and result.confidence == pytest.approx(0.99)


async def test_a_broken_demand_is_sent_back_with_what_was_wrong(server: Loopback, database: str) -> None:
    given = iter(["word " * 30, "Only a few words here."])
    server.reply = serving(given, NO)
    result, _ = await ask(server, database, "Describe the sea in at most 10 words.")
    assert (result.status, calls(server)) == ("answered", 2)
    assert "too many words" in text_of(server.requests[1])
    assert len(result.answer.split()) <= 10


# -- a closed question -------------------------------------------------------------------------------


async def test_agreeing_answers_are_cross_checked_and_stop_the_drawing(
    server: Loopback, database: str
) -> None:
    server.reply = serving(itertools.repeat("16"), NO)
    result, events = await ask(server, database, STORY)
    assert (result.answer, result.status, result.trust) == ("16", "answered", "cross-checked")
    assert result.trust_reason == "3 of 3 samples agree"
    assert result.usage.calls == calls(server) == 2, "the first answer, and two samples in one request"
    finished = [event for event in events if event.kind == "thought_finished"]
    assert [event.trust for event in finished] == ["cross-checked"]


def programming(program: str, answers: Iterator[str]) -> Callable[[dict[str, Any]], Reply]:
    """Return a script: one program for whoever asks for one, and the next answers in turn."""
    others = serving(answers, NO)
    return lambda request: Reply(program) if "solution()" in text_of(request) else others(request)


needs_sandbox = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@needs_sandbox
async def test_a_program_that_agrees_settles_it_at_once(server: Loopback, database: str) -> None:
    server.reply = programming("def solution():\n    return 12 - 5 + 9", itertools.repeat("16"))
    result, _ = await ask(server, database, STORY, programs=True)
    assert (result.answer, result.trust, calls(server)) == ("16", "cross-checked", 2)
    assert "chain and program" in result.trust_reason


@needs_sandbox
async def test_a_program_that_disagrees_is_one_vote(server: Loopback, database: str) -> None:
    server.reply = programming("def solution():\n    return 12 + 5", itertools.repeat("16"))
    result, _ = await ask(server, database, STORY, programs=True)
    assert (result.answer, result.trust) == ("16", "cross-checked")
    assert result.trust_reason.split()[2] > "3", "the program is among those that were asked"


@needs_sandbox
@pytest.mark.parametrize("program", ["def solution():\n    return 1 / 0", "I would rather not."])
async def test_a_program_that_gives_nothing_is_no_vote(program: str, server: Loopback, database: str) -> None:
    server.reply = programming(program, itertools.repeat("16"))
    result, events = await ask(server, database, STORY, programs=True)
    assert (result.answer, result.trust_reason, calls(server)) == ("16", "3 of 3 samples agree", 3)
    assert not any(event.kind == "notice" and event.level == "warning" for event in events)


@needs_sandbox
async def test_what_no_program_can_know_is_not_programmed(server: Loopback, database: str) -> None:
    server.reply = programming("def solution():\n    return 'Mary Shelley'", itertools.repeat("Mary Shelley"))
    await ask(server, database, FACTUAL, programs=True)
    assert not any("solution()" in text_of(request) for request in server.requests)


async def test_the_vote_corrects_the_first_answer(server: Loopback, database: str) -> None:
    server.reply = serving(iter(["17", "16", "16", "16", "16", "16", "16", "16"]), NO)
    result, _ = await ask(server, database, STORY)
    assert (result.answer, result.trust, result.strategy) == ("16", "cross-checked", "cross-check")
    assert result.candidate == "16"


async def test_answers_that_all_differ_are_given_up_early_and_doubted(
    server: Loopback, database: str
) -> None:
    server.reply = serving((str(n) for n in itertools.count(100)), NO)
    result, _ = await ask(server, database, STORY)
    assert (result.status, result.trust) == ("answered", "doubtful") and result.answer == "100"
    assert "samples agree" in result.trust_reason
    assert sum(int(request.get("n") or 1) for request in server.requests) <= 5


async def test_no_question_that_one_call_answers_takes_more_than_sixteen(
    server: Loopback, database: str
) -> None:
    server.reply = serving(itertools.cycle(["16", "17"]), NO)
    result, _ = await ask(server, database, STORY, facts={FACT: WEAK})
    assert result.status == "answered" and result.trust == "doubtful"
    assert sum(int(request.get("n") or 1) for request in server.requests) <= 16


async def test_a_fact_costs_one_call(server: Loopback, database: str) -> None:
    server.reply = serving(iter(["Mary Shelley", "Bram Stoker"]), NO)
    result, _ = await ask(server, database, FACTUAL)
    assert (result.answer, result.trust, calls(server)) == ("Mary Shelley", "unchecked", 1)


async def test_a_proven_answer_is_not_cross_checked(server: Loopback, database: str) -> None:
    server.reply = serving(itertools.repeat("21"), NO)
    result, _ = await ask(server, database, "What is 17 + 4?")
    assert (result.answer, result.trust, calls(server)) == ("21", "proved", 1)


async def test_only_what_is_refuted_is_withheld_and_then_it_is_the_candidate(
    server: Loopback, database: str
) -> None:
    server.reply = serving(itertools.repeat("22"), YES)
    result, _ = await ask(server, database, "What is 17 + 4?", facts={FACT: GOOD})
    assert (result.status, result.answer, result.candidate, result.trust) == (
        "abstained",
        "",
        "22",
        "doubtful",
    )


async def test_a_chance_below_what_is_demanded_is_withheld(server: Loopback, database: str) -> None:
    server.reply = serving(itertools.repeat("Dear landlord"), says("Yes", 0.6))
    low, _ = await ask(server, database, LETTER, facts={FACT: GOOD}, abstain=0.7)
    assert (low.status, low.answer) == ("abstained", "") and "Dear landlord" in low.candidate
    assert "0.60" in low.reason and "0.7" in low.reason
    enough, _ = await ask(server, database, LETTER, facts={FACT: GOOD}, abstain=0.5)
    assert (enough.status, enough.trust) == ("answered", "judged")


async def test_fast_asks_once_and_thorough_asks_more(server: Loopback, database: str) -> None:
    server.reply = serving(itertools.repeat("16"), YES)
    result, _ = await ask(server, database, STORY, effort="fast")
    assert (result.answer, result.trust, calls(server)) == ("16", "unchecked", 1)
    result, _ = await ask(server, database, STORY, effort="thorough", facts={FACT: WEAK})
    assert result.trust == "cross-checked" and result.usage.calls > 3


async def test_a_ladder_of_ones_own_is_climbed_although_only_a_judge_doubts(
    server: Loopback, database: str
) -> None:
    server.reply = serving(itertools.repeat("16"), NO)
    result, events = await ask(server, database, STORY, facts={FACT: WEAK}, ladder=["vote"])
    assert [event.strategy for event in events if event.kind == "strategy_chosen"] == ["think", "vote"]
    assert result.status == "answered"


# -- judges ------------------------------------------------------------------------------------------


async def test_a_weak_judge_weighs_votes_and_does_not_choose_alone(server: Loopback, database: str) -> None:
    def prefers_17(request: dict[str, Any]) -> Reply:
        return (YES if "The answer is 17" in text_of(request) else says("No", 0.9))(request)

    # Three drew 16, one drew 17: the judge is sure of 17, and would win if it chose.
    server.reply = serving(iter(["16", "16", "17", "16"]), prefers_17)
    weak, events = await ask(server, database, STORY, strategy="best-of-n", samples=4, facts={FACT: WEAK})
    assert (weak.answer, weak.trust) == ("16", "cross-checked")
    assert any("weighed by it" in event.text for event in events if event.kind == "notice")
    # Two against two: here its word tips the scales.
    server.reply = serving(iter(["16", "17", "16", "17"]), prefers_17)
    tied, _ = await ask(server, database, STORY, strategy="best-of-n", samples=4)
    assert tied.answer == "17"


async def test_a_judge_no_better_than_chance_is_not_asked(server: Loopback, database: str) -> None:
    server.reply = serving(iter(["16", "16", "17", "16"]), YES)
    result, _ = await ask(server, database, STORY, strategy="best-of-n", samples=4, facts={FACT: CHANCE})
    assert result.answer == "16" and not any(judging(request) for request in server.requests)


def knowing(request: dict[str, Any]) -> Reply:
    """A judge that knows the built-in answers in one word, and says anything when it reasons."""
    text = text_of(request)
    if "Verdict:" in text:
        return Reply("It looks fine.\nVerdict: right")
    shown = [
        one for one in examples()
        if one.question in text and (not one.steps or "\n".join(one.steps) in text)
    ]  # fmt: skip
    right = any(
        one.right for one in shown
        if re.search(rf"\b{re.escape(one.answer)}$|{re.escape(one.answer)}\n", text)
    )  # fmt: skip
    return says("Yes" if right or not shown else "No", 0.9)(request)


async def test_a_judge_is_measured_once_in_both_manners_and_the_better_one_is_kept(
    server: Loopback, database: str
) -> None:
    server.reply = serving(itertools.repeat("16"), knowing)
    result, events = await ask(server, database, STORY, strategy="best-of-n", samples=3)
    asked = sum(judging(request) for request in server.requests)
    assert asked == 2 * len(examples()) + 1, "each example twice, and one chain of three equal ones"
    assert result.usage.calls == asked + 1, "who has a judge measured pays for it, and is told so"
    (told,) = [event.text for event in events if event.kind == "notice" and "measured" in event.text]
    assert "word 1.00" in told and "reasoned 0.50" in told
    store = await SqlStore.open(database)
    kept = (await store.facts(server.base_url.removesuffix("/v1"), "x"))[FACT]
    await store.close()
    assert (kept["manner"], kept["auc"], kept["of"]) == ("word", 1.0, {"word": 1.0, "reasoned": 0.5})
    before = calls(server)
    await ask(server, database, STORY, strategy="best-of-n", samples=3)
    assert calls(server) - before == 2, "it is measured once for all runs"


async def test_limits_that_leave_no_room_for_it_keep_a_judge_from_being_measured(
    server: Loopback, database: str
) -> None:
    server.reply = serving(itertools.repeat("16"), knowing)
    result, events = await ask(
        server, database, STORY, strategy="best-of-n", samples=3, budget=Budget(calls=8)
    )
    assert result.usage.calls == calls(server) <= 8
    assert any("no room for measuring" in event.text for event in events if event.kind == "notice")


async def test_a_judge_that_gives_no_verdicts_is_not_measured_again(server: Loopback, database: str) -> None:
    server.reply = serving(itertools.repeat("16"), lambda request: Reply("Well, who knows."))
    _, events = await ask(server, database, STORY, strategy="best-of-n", samples=3)
    assert any("too few verdicts" in event.text for event in events if event.kind == "notice")
    before = calls(server)
    result, _ = await ask(server, database, STORY, strategy="best-of-n", samples=3)
    assert (result.answer, result.trust) == ("16", "cross-checked") and calls(server) - before <= 5


async def test_a_resumed_run_goes_by_what_was_known_of_the_judge_when_it_began(
    server: Loopback, database: str
) -> None:
    server.reply = serving(itertools.repeat("Dear landlord"), YES)
    stopped, _ = await ask(server, database, LETTER, facts={FACT: GOOD}, budget=Budget(calls=1))
    assert (stopped.status, calls(server)) == ("budget", 1)
    store = await SqlStore.open(database)
    await store.keep_facts(server.base_url.removesuffix("/v1"), "x", {FACT: CHANCE})
    await store.close()
    async with Reasoner(Settings.model_validate({"database_url": database})) as reasoner:
        result = await reasoner.resume(stopped.run_id, budget=Budget(calls=5))
    assert (result.trust, calls(server)) == ("judged", 2)


# -- limits ------------------------------------------------------------------------------------------


async def test_a_run_has_limits_that_nobody_set_and_says_so(
    server: Loopback, database: str, monkeypatch: Any
) -> None:
    from agot import budget

    monkeypatch.setitem(budget.DEFAULT_LIMITS, "normal", {"calls": 1, "tokens": 100_000, "seconds": 600.0})
    server.reply = serving(itertools.repeat("word " * 30), NO)
    result, _ = await ask(server, database, "Describe the sea in at most 10 words.")
    assert (result.status, result.limit, calls(server)) == ("budget", "calls", 1)
    assert "default" in result.reason and result.answer
    own, _ = await ask(server, database, "Describe the sea in at most 10 words.", budget=Budget(calls=1))
    assert "default" not in own.reason


# -- replies that were cut off, and checks that doubt ------------------------------------------------


@pytest.mark.parametrize("strategy", ["chain", "direct"])
async def test_a_reply_that_was_cut_off_is_doubtful_and_not_asked_for_again(
    server: Loopback, database: str, strategy: str
) -> None:
    server.reply = lambda request: Reply("12 cows less 5 are 7 cows, and then", finish_reason="length")
    result, _ = await ask(server, database, STORY, strategy=strategy)
    assert (result.status, result.trust, calls(server)) == ("answered", "doubtful", 1)
    assert result.answer == ("7" if strategy == "chain" else "12")
    assert "max_tokens" in result.trust_reason


async def test_steps_that_a_check_doubts_cost_no_more_than_sixteen_samples(
    server: Loopback, database: str
) -> None:
    numbers = itertools.count(20)
    server.reply = lambda request: Reply(
        [f"12 - 5 = 8\nThe answer is {next(numbers)}." for _ in range(int(request.get("n") or 1))]
    )
    result, _ = await ask(server, database, STORY)
    assert result.trust == "doubtful"
    assert sum(int(request.get("n") or 1) for request in server.requests) <= 16


async def test_an_answer_outlives_a_server_that_fails_before_it_is_compared(
    server: Loopback, database: str
) -> None:
    server.reply = lambda request: (
        Reply("The answer is 16.") if len(server.requests) == 1 else failure(500, "out of memory")
    )
    result, events = await ask(server, database, STORY)
    assert (result.status, result.answer, result.trust) == ("answered", "16", "unchecked")
    assert any("could not be compared" in event.text for event in events if event.kind == "notice")
