"""Bad input and faults, through the whole system: real reasoner, real litellm, real HTTP, real SQLite.

Each gets a clear error or a degraded answer; nothing is lost, nothing hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from agot.budget import Budget
from agot.errors import SetupError, StoreError
from agot.events import AnyEvent
from agot.question import LONGEST_QUESTION
from agot.reasoner import Reasoner
from agot.settings import Settings
from agot.stores.database import SqlStore
from agot.thought import Result
from tests.servers.loopback import Loopback, Reply, context_too_long, failure

Script = Callable[[str, str], Reply]


def user(request: dict[str, Any]) -> str:
    return str(request["messages"][-1]["content"])


def answering(
    think: Callable[[str], Reply | str], solved: str = "plain"
) -> Callable[[dict[str, Any]], Reply]:
    """Return a script: `think` answers structured requests, chains and judges get fixed replies."""

    def reply(request: dict[str, Any]) -> Reply:
        text = user(request)
        if "Is the proposed solution right?" in text:
            return Reply("Yes")
        if not any(
            words in text
            for words in ("write PLAN", "numbered list only", "found out so far", "larger question")
        ):
            return Reply(solved)
        got = think(text)
        return Reply(got) if isinstance(got, str) else got

    return reply


def asks(text: str, question: str) -> bool:
    """Tell whether a prompt asks this question, and not only something that belongs to it."""
    return text.startswith(question) or f"The question:\n{question}" in text


def plan(*thoughts: tuple[str, str]) -> str:
    return "\n".join(("PLAN", *(f"{key}. {question}" for key, question in thoughts)))


def answer(text: str) -> str:
    return text


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with Loopback() as running:
        yield running


class Informed(Reasoner):
    """A reasoner that knows something of its model."""

    facts: dict[str, Any]

    async def _opened(self) -> SqlStore:
        store = await super()._opened()
        server = str(self.settings.role("fast").base_url).removesuffix("/v1")
        with contextlib.suppress(StoreError):
            await store.keep_facts(server, "x", self.facts)
        return store


def reasoner(server: Loopback, url: str = "sqlite://", *, judge: float = 0.0, **role: Any) -> Reasoner:
    """Return one whose model is known to plan, and to judge with this area under the curve."""
    fast = {"model": "hosted_vllm/x", "base_url": server.base_url, "timeout_s": 5.0, "retries": 0, **role}
    return informed(Settings.model_validate({"roles": {"fast": fast}, "database_url": url}), judge)


def informed(settings: Settings, judge: float = 0.0) -> Informed:
    made = Informed(settings)
    made.facts = {"plans": True, "judge": {"manner": "word", "auc": judge, "slope": 1.0}}
    return made


async def ask(
    server: Loopback, question: str = "Who?", *, budget: Budget | None = None, **how: Any
) -> tuple[Result, list[AnyEvent]]:
    events: list[AnyEvent] = []
    async with reasoner(server, **how) as r:
        return await asyncio.wait_for(r.ask(question, on_event=events.append, budget=budget), 30), events


def kinds(events: list[AnyEvent], kind: str) -> list[AnyEvent]:
    return [event for event in events if event.kind == kind]


# -- questions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question", ["", "   \n\t ", "x" * (LONGEST_QUESTION + 1), "nul \0 inside", "half \ud83d pair"]
)
async def test_unusable_question_is_refused_before_anything_is_sent(server: Loopback, question: str) -> None:
    async with reasoner(server) as r:
        with pytest.raises(SetupError):
            await r.ask(question)
    assert server.requests == []


@pytest.mark.parametrize(
    "question",
    [
        "ما هو ٣+٤؟",
        "👩‍👩‍👧‍👦 how many people? 🤔",
        "a" * 150_000,
        "line\r\nbreak\u2028separator",
        "#1 #2 {x} %s",
    ],
)
async def test_strange_but_valid_questions_arrive_whole(server: Loopback, question: str) -> None:
    server.reply = answering(lambda asked: answer("seven"), "seven")
    result, _ = await ask(server, question)
    assert (result.status, result.answer) == ("answered", "seven")
    assert question.strip() in user(server.requests[0])


# -- plans ---------------------------------------------------------------------------------------


async def test_cyclic_plan_is_mended_visibly(server: Loopback) -> None:
    cyclic = plan(("1", "A of #3?"), ("2", "B of #1?"), ("3", "C of #2?"))
    server.reply = answering(lambda asked: cyclic if asks(asked, "Who?") else answer("a"))
    result, events = await ask(server)
    assert result.answer == "plain", (
        "what refers to a dropped part cannot be asked, so the question is asked directly"
    )
    assert [event.fault for event in kinds(events, "plan_repaired")] == ["cycle"]  # type: ignore[union-attr]


async def test_edge_to_unknown_thought_is_mended_visibly(server: Loopback) -> None:
    ghost = plan(("1", "A of #9?"), ("2", "B of #1?"))
    server.reply = answering(lambda asked: ghost if asks(asked, "Who?") else answer("a"))
    _, events = await ask(server)
    assert "9" in kinds(events, "plan_repaired")[0].detail  # type: ignore[union-attr]


async def test_empty_plan_is_sent_back_then_answered_directly(server: Loopback) -> None:
    server.reply = answering(lambda asked: plan())
    result, events = await ask(server)
    assert (result.status, result.answer) == ("answered", "plain")
    assert "no sub-questions" in kinds(events, "plan_rejected")[0].feedback  # type: ignore[union-attr]


async def test_plan_of_500_thoughts_is_sent_back_then_answered_directly(server: Loopback) -> None:
    huge = plan(*((str(i), f"Q{i}?") for i in range(500)))
    server.reply = answering(lambda asked: huge)
    result, events = await ask(server)
    assert (result.status, result.answer) == ("answered", "plain")
    assert len(server.requests) < 12
    assert kinds(events, "plan_rejected")


@pytest.mark.parametrize(
    "text",
    ["", "PLAN", "<think>on and on", "**PLAN**\n\n"],
)
async def test_a_reply_that_is_neither_plan_nor_answer_is_answered_directly(
    server: Loopback, text: str
) -> None:
    server.reply = answering(lambda asked: text)
    result, _ = await ask(server)
    assert (result.status, result.answer) == ("answered", "plain")


async def test_thoughts_without_a_final_one_are_put_together(server: Loopback) -> None:
    def think(asked: str) -> str:
        if "found out so far" in asked:
            return answer("both")
        return plan(("1", "A?"), ("2", "B?")) if asks(asked, "Who?") else answer("a")

    server.reply = answering(think)
    result, _ = await ask(server)
    assert (result.answer, result.strategy) == ("both", "synthesis")
    assert result.graph is not None
    assert result.graph.has_edge("0.0", "0.final")


async def test_synthesis_may_ask_for_more_thoughts(server: Loopback) -> None:
    rounds: list[str] = []

    def think(asked: str) -> str:
        if "\n#3. " in asked:
            return answer("now complete")
        if asks(asked, "Who?") and "found out so far" in asked:
            rounds.append(asked)
            return plan(("3", "More about #1?"))
        return plan(("1", "A?"), ("2", "B?")) if asks(asked, "Who?") else answer("a")

    server.reply = answering(think)
    result, events = await ask(server)
    assert result.answer == "now complete"
    assert len(rounds) == 1
    assert [event.round for event in kinds(events, "plan_proposed")] == [0, 1]  # type: ignore[union-attr]
    assert result.graph is not None
    assert result.graph.has_edge("0.0", "1.0")
    assert result.graph.nodes["1.0"]["question"] == "More about a?"


# -- servers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(fault="drop"), "ModelUnreachable"),
        (Reply(fault="drop_mid_stream"), "ModelUnreachable"),
        (failure(500, "boom"), "ModelUnreachable"),
        (failure(401, "no"), "ModelUnauthorised"),
        (failure(429, "slow down"), "ModelRateLimited"),
        (context_too_long(), "ContextTooLong"),
        (Reply(fault="half_json"), "OutputError"),
        (Reply(fault="html"), "ModelError"),
        (Reply(fault="empty_choices"), "OutputError"),
    ],
)
async def test_server_fault_ends_the_run_with_its_name(server: Loopback, reply: Reply, error: str) -> None:
    server.reply = lambda request: reply
    result, _ = await ask(server)
    assert (result.status, result.error) == ("failed", error)
    assert result.reason


async def test_hanging_server_is_given_up_after_the_roles_timeout_of_silence(server: Loopback) -> None:
    server.reply = lambda request: Reply(fault="hang")
    result, _ = await ask(server, timeout_s=0.3)
    assert (result.status, result.error) == ("failed", "ModelSilent")


async def test_hanging_server_is_cut_by_the_budget_of_seconds(server: Loopback) -> None:
    server.reply = lambda request: Reply(fault="hang")
    result, _ = await ask(server, budget=Budget(seconds=0.5))
    assert (result.status, result.limit) == ("budget", "seconds")


async def test_nobody_listening_is_unreachable(server: Loopback) -> None:
    result, _ = await ask(server, base_url="http://127.0.0.1:9/v1")
    assert (result.status, result.error) == ("failed", "ModelUnreachable")


async def test_passing_rate_limit_is_waited_out(server: Loopback) -> None:
    replies = iter([failure(429, "slow down", retry_after="0")])
    server.reply = lambda request: next(replies, None) or answering(lambda asked: answer("late"))(request)
    result, events = await ask(server, retries=2)
    assert result.answer == "late"
    assert kinds(events, "call_retried")


async def test_reply_with_half_a_character_is_kept(server: Loopback) -> None:
    server.reply = answering(lambda asked: "bad \ud83d end", "bad \ud83d end")
    result, _ = await ask(server)
    assert result.status == "answered"
    assert result.answer.startswith("bad")


# -- databases -----------------------------------------------------------------------------------


async def test_full_disk_mid_run_still_answers_with_a_warning(server: Loopback, tmp_path: Path) -> None:
    rng = random.Random(0)
    long = " ".join("".join(rng.choices("abcdefgh", k=6)) for _ in range(2_500))
    server.reply = lambda request: Reply(long if asks(user(request), "Who?") else "7")
    path = tmp_path / "small.db"
    async with reasoner(server, f"sqlite:///{path}") as first:
        assert (await first.ask("What is 3+4?")).run_id
    pages = sqlite3.connect(path).execute("PRAGMA page_count").fetchone()[0]
    events: list[AnyEvent] = []
    async with reasoner(server, f"sqlite:///{path}") as r:
        store = await r._opened()
        await _limit_pages(store, pages + 2)
        result = await asyncio.wait_for(r.ask("Who?", on_event=events.append), 30)
    assert result.status == "answered"
    said = [event.text for event in events if event.kind == "notice"]
    assert sum("not saved for now" in text and "disk is full" in text for text in said) == 1
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone()[0] == "ok"


async def _limit_pages(store: Any, most: int) -> None:
    """Let the database grow no further, in the connection that writes and in those that follow it."""
    limit = f"PRAGMA max_page_count = {most}"
    sqlalchemy.event.listen(store._database.writing, "connect", lambda opened, record: opened.execute(limit))
    await store._writer.do(lambda connection: connection.exec_driver_sql(limit).close())


async def test_database_of_a_newer_version_is_refused(server: Loopback, tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    async with reasoner(server, f"sqlite:///{path}") as r:
        await r._opened()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE schema_version SET version = 999")
    connection.commit()
    connection.close()
    async with reasoner(server, f"sqlite:///{path}") as r:
        with pytest.raises(StoreError, match="999"):
            await r.ask("Who?")
    assert server.requests == []


async def test_file_that_is_no_database_is_refused(server: Loopback, tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, " * 100)
    async with reasoner(server, f"sqlite:///{path}") as r:
        with pytest.raises(StoreError):
            await r.ask("Who?")
    assert path.read_text().startswith("these are my notes")


async def test_two_reasoners_share_one_database(server: Loopback, tmp_path: Path) -> None:
    server.reply = answering(lambda asked: answer("a"))
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    async with reasoner(server, url) as one, reasoner(server, url) as two:
        results = await asyncio.gather(*(r.ask(f"Who {i}?") for i, r in enumerate([one, two] * 5)))
        assert {result.status for result in results} == {"answered"}
        assert len(await (await one._opened()).runs()) == 10


async def test_resume_after_a_limit_goes_on_where_it_stopped(server: Loopback, tmp_path: Path) -> None:
    split = plan(("1", "Compute 1+1"), ("2", "Say #1"), ("3", "Compute #2+1"))

    def think(asked: str) -> str:
        if asks(asked, "Who?"):
            return split
        if asks(asked, "Say 2"):
            return answer("3")
        left = asked.rsplit("Compute ", 1)[1].split("+")[0]
        return answer(str(int(left) + 1))

    server.reply = answering(think)
    async with reasoner(server, f"sqlite:///{tmp_path / 'a.db'}", judge=0.9) as r:
        # The judge of the second part takes the call that the third would need.
        stopped = await r.ask("Who?", budget=Budget(calls=4))
        assert (stopped.status, stopped.limit, stopped.answer) == ("budget", "calls", "3")
        sent = len(server.requests)
        done = await r.resume(stopped.run_id[:12], budget=Budget(calls=20))
        assert (done.status, done.answer) == ("answered", "4")
        assert done.usage.replayed_calls == 4
        assert len(server.requests) == sent + done.usage.calls - 4


async def test_answer_is_kept_if_there_is_no_budget_for_its_judge(server: Loopback) -> None:
    server.reply = answering(lambda asked: answer("Paris"))
    result, _ = await ask(server, budget=Budget(calls=1), judge=0.9)
    assert (result.status, result.limit, result.answer) == ("budget", "calls", "Paris")


async def test_answer_is_kept_if_its_judge_cannot_be_reached(server: Loopback) -> None:
    script = answering(lambda asked: answer("Paris"))

    def reply(request: dict[str, Any]) -> Reply:
        return failure(500, "boom") if "Is the proposed solution right?" in user(request) else script(request)

    server.reply = reply
    result, events = await ask(server, "Write about it.", judge=0.9)
    assert (result.status, result.answer, result.trust) == ("answered", "Paris", "unchecked")
    assert "could not be judged" in kinds(events, "notice")[0].text  # type: ignore[union-attr]


async def test_resume_uses_the_models_that_the_run_began_with(server: Loopback, tmp_path: Path) -> None:
    server.reply = answering(lambda asked: answer("Paris"))
    url = f"sqlite:///{tmp_path / 'a.db'}"
    async with reasoner(server, url, judge=0.9) as r:
        stopped = await r.ask("Write about it.", budget=Budget(calls=1))
    elsewhere = {"fast": {"model": "hosted_vllm/x", "base_url": "http://127.0.0.1:9/v1", "retries": 0}}
    async with Reasoner(Settings.model_validate({"roles": elsewhere, "database_url": url})) as r:
        done = await r.resume(stopped.run_id, budget=Budget(calls=5))
    assert (done.status, done.answer, done.usage.replayed_calls) == ("answered", "Paris", 1)


async def test_resuming_an_answered_run_returns_its_answer_and_sends_nothing(
    server: Loopback, tmp_path: Path
) -> None:
    server.reply = answering(lambda asked: answer("Paris"))
    async with reasoner(server, f"sqlite:///{tmp_path / 'a.db'}") as r:
        first = await r.ask("Who?")
        sent = len(server.requests)
        second = await r.resume(first.run_id)
    assert (second.answer, second.status, second.confidence) == (first.answer, first.status, first.confidence)
    assert second.graph is not None
    assert set(second.graph.nodes) == {"root"}
    assert len(server.requests) == sent


async def test_resume_does_not_depend_on_what_earlier_runs_learnt_of_a_server(
    server: Loopback, tmp_path: Path
) -> None:
    def think(request: dict[str, Any]) -> Reply:
        if "Is the proposed solution right?" in user(request):
            return Reply("Yes")
        wanted = (request.get("response_format") or {}).get("type")
        return Reply("Here you are: " + answer("Paris") if wanted == "json_object" else "in prose, sorry")

    server.reply = think
    url = f"sqlite:///{tmp_path / 'a.db'}"
    async with reasoner(server, url) as r:
        await r.ask("Warm up?")
        first = await r.ask("Who?")
    sent = len(server.requests)
    async with reasoner(server, url) as r:
        again = await r.resume(first.run_id, again=True)
    assert again.answer == first.answer
    assert len(server.requests) == sent


async def test_extension_larger_than_a_plan_may_be_is_not_run(server: Loopback) -> None:
    def think(asked: str) -> str:
        if asks(asked, "Who?") and "found out so far" in asked:
            return plan(*((str(i + 3), f"X{i}?") for i in range(60)))
        return plan(("1", "A?"), ("2", "B?")) if asks(asked, "Who?") else answer("a")

    server.reply = answering(think)
    result, events = await ask(server)
    assert "60 sub-questions" in kinds(events, "plan_rejected")[0].feedback  # type: ignore[union-attr]
    assert result.graph is not None
    assert len(result.graph) < 8


async def test_layered_mode_bounds_each_layer(server: Loopback) -> None:
    wide = plan(("1", "A?"), ("2", "B?"), ("3", "C of #1, #2?"), ("4", "D of #3?"))
    server.reply = answering(lambda asked: wide if asks(asked, "Who?") else answer("a"))
    settings = Settings.model_validate({
        "roles": {"fast": {"model": "hosted_vllm/x", "base_url": server.base_url}}, "database_url": "sqlite://",
        "engine": {"mode": "layered", "layer_width": 2},
    })  # fmt: skip
    async with informed(settings) as r:
        result = await r.ask("Who?")
    assert result.graph is not None
    assert [result.graph.nodes[f"0.{i}"]["layer"] for i in range(4)] == [0, 0, 1, 2]


async def test_reader_that_fails_does_not_end_the_run(server: Loopback) -> None:
    server.reply = answering(lambda asked: answer("Paris"))

    def reader(event: AnyEvent) -> None:
        raise ValueError("mine")

    async with reasoner(server) as r:
        assert (await r.ask("Who?", on_event=reader)).answer == "Paris"


async def test_interrupt_keeps_the_best_and_works_from_the_first_event(server: Loopback) -> None:
    server.reply = answering(lambda asked: answer("Paris"))
    async with reasoner(server) as r:
        early = await r.ask("Who?", on_event=lambda event: r.interrupt())
        late = await r.ask(
            "Who?", on_event=lambda event: r.interrupt() if event.kind == "call_finished" else None
        )
    assert (early.status, early.answer) == ("interrupted", "")
    assert late.status == "interrupted"


async def test_closing_interrupts_what_is_at_work(server: Loopback) -> None:
    server.reply = lambda request: Reply(fault="hang")
    r = reasoner(server)
    work = asyncio.create_task(r.ask("Who?"))
    while not server.requests:
        await asyncio.sleep(0.01)
    await asyncio.wait_for(r.close(), 10)
    assert (await work).status == "interrupted"


def test_one_reasoner_serves_several_event_loops_in_turn(tmp_path: Path) -> None:
    with Loopback(answering(lambda asked: answer("Paris"))).in_thread() as server:
        r = reasoner(server, f"sqlite:///{tmp_path / 'a.db'}")

        async def three() -> list[str]:
            async with r:
                return [
                    result.answer for result in await asyncio.gather(*(r.ask(f"Who {i}?") for i in range(3)))
                ]

        assert asyncio.run(three()) == asyncio.run(three()) == ["Paris"] * 3
