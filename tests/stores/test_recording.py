"""What is written comes back, and events are projected into thoughts, edges and verdicts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agot.errors import StoreError
from agot.events import (
    EdgeAdded,
    Notice,
    RunFinished,
    RunStarted,
    StrategyChosen,
    TextStreamed,
    ThoughtAdded,
    ThoughtExpanded,
    ThoughtFinished,
    ThoughtRetried,
    ThoughtStarted,
    Verified,
)
from agot.ids import ROOT, RunId, ThoughtId
from agot.journal import Journal, Performed
from agot.protocols import JournalStore
from agot.stores.database import SqlStore
from agot.thought import ThoughtStatus, Usage, Verdict

A, B, C = ThoughtId("0.0"), ThoughtId("0.1"), ThoughtId("0.2")


def added(thought: ThoughtId, question: str = "Sub?") -> ThoughtAdded:
    return ThoughtAdded(thought=thought, parent_graph=ROOT, depth=1, layer=0, question=question)


async def test_a_call_is_there_once_put_call_has_returned(store: SqlStore, begin: Any, call: Any) -> None:
    run = await begin(store)
    await store.put_call(run.id, call("a:0"))
    assert await store.load_calls(run.id) == [call("a:0")]


async def test_a_call_is_replaced_by_a_later_one_with_the_same_key(
    store: SqlStore, begin: Any, call: Any
) -> None:
    run = await begin(store)
    await store.put_call(run.id, call("a:0", reply=None))
    await store.put_call(run.id, call("a:0"))
    assert await store.load_calls(run.id) == [call("a:0")]


async def test_calls_come_back_oldest_first(store: SqlStore, begin: Any, call: Any) -> None:
    run = await begin(store)
    records = [call(f"{n}:0", at_s=9.0 - n) for n in range(9)]
    await asyncio.gather(*(store.put_call(run.id, record) for record in records))
    assert await store.calls(run.id) == records[::-1]


async def test_one_bad_call_does_not_take_its_neighbours_with_it(
    store: SqlStore, begin: Any, call: Any
) -> None:
    run = await begin(store)
    puts = [store.put_call(run.id, call(f"{n}:0", at_s=n)) for n in range(8)]
    puts.insert(4, store.put_call(RunId("01hznosuchrun00000"), call()))
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [StoreError]
    assert len(await store.load_calls(run.id)) == 8


async def test_a_cancelled_waiter_disturbs_nobody(store: SqlStore, begin: Any, call: Any) -> None:
    run = await begin(store)
    first = asyncio.create_task(store.put_call(run.id, call("a:0")))
    await asyncio.sleep(0)
    first.cancel()
    await store.put_call(run.id, call("b:0", at_s=2.0))
    assert [record.key for record in await store.load_calls(run.id)] == ["a:0", "b:0"]


async def test_a_journal_replays_from_the_store(store: SqlStore, begin: Any) -> None:
    run = await begin(store)
    journals: JournalStore = store
    first = Journal(run.id, journals, clock=lambda: 1.0)
    done = Performed(reply='"yes"', usage=Usage(calls=1), model="m", latency_ms=1.0)

    async def perform() -> Performed:
        return done

    key = first.key("model", "{}")
    await first.perform(key, "model", "{}", perform, thought=A, purpose="solve")
    again = Journal(run.id, journals, await store.load_calls(run.id), clock=lambda: 1.0)
    replayed = again.replay(again.key("model", "{}"))
    assert replayed is not None
    assert replayed.reply == '"yes"'


async def test_events_come_back_equal_and_in_order(store: SqlStore, begin: Any) -> None:
    run = await begin(store)
    run.emit(
        RunStarted(question="How many?", model="m", strategy="auto", seed=7, limits={"calls": 3, "usd": None}),
        added(A), ThoughtStarted(thought=A, question="Sub?"), Notice(level="info", text="naïve 木 \ud83d\ude00".encode(
            "utf-16", "surrogatepass").decode("utf-16")),
    )  # fmt: skip
    await store.flush(run.id)
    assert await store.events(run.id) == run.emitted
    assert await store.events(run.id, after_seq=2, limit=1) == run.emitted[2:3]


async def test_streamed_text_is_not_stored(store: SqlStore, begin: Any) -> None:
    run = await begin(store)
    run.emit(TextStreamed(thought=A, purpose="solve", text="fo"), added(A))
    await store.flush(run.id)
    assert [event.kind for event in await store.events(run.id)] == ["thought_added"]


async def test_a_thought_goes_through_its_life(store: SqlStore, begin: Any) -> None:
    run = await begin(store)
    run.emit(added(A, "Sub #1?"))
    await store.flush()
    (pending,) = await store.thoughts(run.id)
    assert (pending.status, pending.question, pending.depth) == (ThoughtStatus.PENDING, "Sub #1?", 1)
    run.emit(
        ThoughtStarted(thought=A, question="Sub 4?"), StrategyChosen(thought=A, strategy="vote", why=""),
        ThoughtExpanded(thought=A, why=""), ThoughtRetried(thought=A, retry=1, strategy="tree", why=""),
        ThoughtFinished(thought=A, status=ThoughtStatus.DONE, answer="4", reward=0.75, confidence=0.5, reason="ok"),
    )  # fmt: skip
    await store.flush()
    (done,) = await store.thoughts(run.id)
    assert done.model_dump() == pending.model_dump() | {
        "question": "Sub 4?", "status": ThoughtStatus.DONE, "strategy": "tree", "answer": "4", "reward": 0.75,
        "confidence": 0.5, "reason": "ok", "retries": 1, "expanded": True, "started_s": 1002.0, "finished_s": 1006.0,
    }  # fmt: skip


async def test_edges_and_verdicts_are_kept_even_of_unannounced_thoughts(store: SqlStore, begin: Any) -> None:
    run = await begin(store)
    verdict = Verdict(check="arithmetic", reward=None, feedback="cannot tell")
    run.emit(EdgeAdded(source=A, target=B), Verified(thought=ROOT, answer="4", verdict=verdict))
    await store.flush(run.id)
    assert [(edge.source, edge.target) for edge in await store.edges(run.id)] == [(A, B)]
    assert [(told.thought, told.verdict) for told in await store.verdicts(run.id)] == [(ROOT, verdict)]
    assert {thought.thought for thought in await store.thoughts(run.id)} == {A, B, ROOT}


async def test_the_end_of_a_run_is_kept_with_its_row(store: SqlStore, begin: Any) -> None:
    run = await begin(store)
    verdict = Verdict(check="judge", reward=1.0)
    run.emit(
        RunFinished(
            status="answered", answer="42", confidence=0.9, strategy="plan", verdicts=(verdict,), reason="",
            usage=Usage(calls=3, prompt_tokens=10, completion_tokens=4, cost_usd=0.5, wall_s=2.5, replayed_calls=1),
        )
    )  # fmt: skip
    await store.flush(run.id)
    stored = await store.run(run.id)
    assert (stored.status, stored.answer, stored.confidence) == ("answered", "42", 0.9)
    assert (stored.answer_strategy, stored.verdicts, stored.usage.tokens) == ("plan", (verdict,), 14)
    assert stored.finished_s == 1001.0
    assert not stored.live


async def test_a_resumed_attempt_replaces_thoughts_and_their_verdicts_but_no_events(
    store: SqlStore, begin: Any, resume: Any
) -> None:
    first = await begin(store)
    first.emit(
        added(A), added(B), EdgeAdded(source=A, target=B), Verified(thought=A, answer="3", verdict=Verdict(check="c")),
        Verified(thought=C, answer="5", verdict=Verdict(check="c")),
        ThoughtFinished(thought=A, status=ThoughtStatus.FAILED, reason="broken"),
    )  # fmt: skip
    await store.end_attempt(first.id)
    second = await resume(store)
    assert (second.attempt, second.last_seq) == (2, 6)
    second.emit(
        added(A), EdgeAdded(source=A, target=B), Verified(thought=A, answer="4", verdict=Verdict(check="d"))
    )
    await store.flush(first.id)
    of_a = next(thought for thought in await store.thoughts(first.id) if thought.thought == A)
    assert (of_a.attempt, of_a.status, of_a.reason) == (2, ThoughtStatus.PENDING, "")
    told = [(verdict.thought, verdict.attempt, verdict.answer) for verdict in await store.verdicts(first.id)]
    assert told == [(C, 1, "5"), (A, 2, "4")]
    assert await store.events(first.id) == first.emitted + second.emitted


async def test_what_no_database_can_hold_is_replaced(store: SqlStore, begin: Any, call: Any) -> None:
    run = await begin(store, question="nul \0 here")
    run.emit(
        added(A, "a\0b"), ThoughtFinished(thought=A, status=ThoughtStatus.DONE, answer="cut \ud83d"),
        Verified(thought=A, answer="\ud83d", verdict=Verdict(check="c", feedback="\ud83d")),
    )  # fmt: skip
    await store.put_call(run.id, call().model_copy(update={"reply": "half \ud800 pair"}))
    assert (await store.run(run.id)).question == "nul \ufffd here"
    (stored,) = await store.thoughts(run.id)
    assert (stored.question, stored.answer) == ("a\ufffdb", "cut \ufffd")
    assert [event.seq for event in await store.events(run.id)] == [1, 2, 3]
    assert (await store.verdicts(run.id))[0].verdict.feedback == "\ufffd"
    assert (await store.load_calls(run.id))[0].reply == "half \ufffd pair"


async def test_a_database_in_memory_works_like_any_other(begin: Any, call: Any) -> None:
    async with await SqlStore.open("sqlite://") as store:
        run = await begin(store)
        run.emit(added(A))
        await store.put_call(run.id, call())
        assert len(await store.thoughts(run.id)) == len(await store.calls(run.id)) == 1


async def test_closing_writes_what_is_queued_and_a_closed_store_says_so(
    url: str, begin: Any, call: Any
) -> None:
    store = await SqlStore.open(url)
    run = await begin(store)
    run.emit(*(added(ThoughtId(f"0.{n}")) for n in range(3_000)))
    await store.close()
    await store.close()
    async with await SqlStore.open(url) as again:
        assert len(await again.thoughts(run.id)) == 3_000
        assert not (await again.run(run.id)).live
    with pytest.raises(StoreError, match="is closed"):
        await store.put_call(run.id, call())
    with pytest.raises(StoreError, match="is closed"):
        await store.run(run.id)


def test_a_store_serves_one_event_loop_after_another(sqlite_url: str, begin: Any, call: Any) -> None:
    async def first() -> SqlStore:
        store = await SqlStore.open(sqlite_url)
        await begin(store)
        return store

    store = asyncio.run(first())
    run_id = RunId("01hzrun0000000000a")

    async def second() -> None:
        await store.put_call(run_id, call())
        assert len(await store.load_calls(run_id)) == 1
        await store.close()

    asyncio.run(second())
