"""Calls are recorded once and replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.errors import LeaseLost, NotRecorded, StoreError, ToolError
from agot.ids import ROOT, RunId
from agot.journal import Journal, Performed
from agot.protocols import CallRecord
from agot.thought import Usage


class MemoryStore:
    """A journal store in memory; fails after `room` calls."""

    def __init__(self, room: int = 10**6) -> None:
        self.calls: dict[str, CallRecord] = {}
        self.room = room

    async def load_calls(self, run_id: RunId) -> Sequence[CallRecord]:
        return list(self.calls.values())

    async def put_call(self, run_id: RunId, record: CallRecord, *, effect: bool = False) -> None:
        if len(self.calls) >= self.room:
            raise StoreError("disk full")
        self.calls[record.key] = record


async def ask(journal: Journal, request: str, sent: list[str]) -> str:
    key = journal.key("model", request)
    earlier = journal.replay(key)
    if earlier is not None:
        assert earlier.reply is not None
        return earlier.reply

    async def call() -> Performed:
        sent.append(request)
        await asyncio.sleep(0)
        return Performed(f"{request}/{len(sent)}", Usage(calls=1))

    return (await journal.perform(key, "model", request, call, thought=ROOT, purpose="solve")).reply


@given(requests=st.lists(st.sampled_from("abc"), max_size=12), killed_after=st.integers(0, 12))
def test_resume_repeats_no_finished_call_and_gives_the_same_replies(
    requests: list[str], killed_after: int
) -> None:
    async def run() -> None:
        store, sent = MemoryStore(), list[str]()
        first = Journal(RunId("r"), store, clock=lambda: 0.0)
        before = [await ask(first, request, sent) for request in requests[:killed_after]]
        second = Journal(RunId("r"), store, await store.load_calls(RunId("r")), clock=lambda: 0.0)
        after = [await ask(second, request, sent) for request in requests]
        assert after[: len(before)] == before
        assert sent == requests

    asyncio.run(run())


async def test_equal_requests_of_one_run_keep_their_own_replies() -> None:
    store, sent = MemoryStore(), list[str]()
    journal = Journal(RunId("r"), store, clock=lambda: 0.0)
    assert [await ask(journal, "a", sent), await ask(journal, "a", sent)] == ["a/1", "a/2"]
    assert len(store.calls) == 2


async def test_reply_is_stored_before_it_is_used() -> None:
    store = MemoryStore()
    journal = Journal(RunId("r"), store, clock=lambda: 0.0)
    reply = await ask(journal, "a", [])
    assert [record.reply for record in store.calls.values()] == [reply]


async def test_unfinished_side_effect_is_never_silently_run_again() -> None:
    store, ran = MemoryStore(), list[int]()

    async def fails() -> Performed:
        ran.append(1)
        raise KeyboardInterrupt

    first = Journal(RunId("r"), store, clock=lambda: 0.0)
    with pytest.raises(KeyboardInterrupt):
        await first.perform(
            first.key("tool", "pay"), "tool", "pay", fails, thought=ROOT, purpose="pay", side_effects=True
        )
    second = Journal(RunId("r"), store, await store.load_calls(RunId("r")), clock=lambda: 0.0)
    with pytest.raises(ToolError, match="side effects"):
        await second.perform(
            second.key("tool", "pay"), "tool", "pay", fails, thought=ROOT, purpose="pay", side_effects=True
        )
    assert ran == [1]


async def test_plain_calls_go_on_while_the_store_fails() -> None:
    journal, sent = Journal(RunId("r"), MemoryStore(room=1), clock=lambda: 0.0), list[str]()
    assert [await ask(journal, request, sent) for request in "abc"] == ["a/1", "b/2", "c/3"]


async def test_a_call_in_flight_at_a_kill_counts_at_most_what_it_may_cost_and_again_when_it_is_made_again() -> (
    None
):
    store, most = MemoryStore(), Usage(calls=1, prompt_tokens=10, completion_tokens=50)
    began = asyncio.Event()

    async def perform(journal: Journal, *, answered: bool) -> None:
        key = journal.key("model", "a")

        async def call() -> Performed:
            await journal.begin(key, most)
            began.set()
            if not answered:
                await asyncio.sleep(3600)
            return Performed("yes", Usage(calls=1, prompt_tokens=9, completion_tokens=3))

        await journal.perform(key, "model", "a", call, thought=ROOT, purpose="solve")

    killed = asyncio.create_task(perform(Journal(RunId("r"), store, clock=lambda: 0.0), answered=False))
    await began.wait()
    left = dict(store.calls)
    killed.cancel()
    assert [record.state for record in left.values()] == ["started"]
    second = Journal(RunId("r"), store, list(left.values()), clock=lambda: 0.0)
    assert second.begun() == most
    await perform(second, answered=True)
    third = Journal(RunId("r"), store, await store.load_calls(RunId("r")), clock=lambda: 0.0)
    assert third.begun() == Usage()
    replayed = third.replay(third.key("model", "a"))
    assert replayed is not None
    assert (replayed.usage.calls, replayed.usage.tokens) == (2, 72)


async def test_a_side_effect_does_not_begin_unless_its_beginning_is_stored() -> None:
    store, ran = MemoryStore(room=0), list[int]()
    journal = Journal(RunId("r"), store, clock=lambda: 0.0)

    async def pay() -> Performed:
        ran.append(1)
        return Performed("paid", Usage())

    async def perform() -> None:
        await journal.perform(
            journal.key("tool", "pay"), "tool", "pay", pay, thought=ROOT, purpose="pay", side_effects=True
        )

    with pytest.raises(NotRecorded, match="disk full"):
        await perform()
    assert ran == []
    store.room = 2
    await perform()
    assert ran == [1], "it may begin once the store can be written again"


async def test_nothing_is_called_after_another_process_took_the_run_over() -> None:
    class Taken(MemoryStore):
        async def put_call(self, run_id: RunId, record: CallRecord, *, effect: bool = False) -> None:
            raise LeaseLost("taken over")

    journal, sent = Journal(RunId("r"), Taken(), clock=lambda: 0.0), list[str]()
    for request in "abc":
        with pytest.raises(LeaseLost):
            await ask(journal, request, sent)
    assert len(sent) <= 1, "only the call that was under way when it was found out"
