"""What runs taught: counted once however often it is told, and told a run the same way again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import agot
from agot.errors import StoreError
from agot.ids import RunId, ThoughtId
from agot.learning import LessonKind, Outcome, Tally
from agot.stores.database import SqlStore

FIRST, SECOND, THIRD = RunId("01aa"), RunId("01bb"), RunId("01cc")
SUBJECT = "arithmetic/short"


def outcome(
    arm: str = "chain", *, thought: str = "root", subject: str = SUBJECT, kind: LessonKind = "strategy", **more: Any
) -> Outcome:  # fmt: skip
    told: dict[str, Any] = {"reward": 1.0, "tokens": 10} | more
    return Outcome(kind=kind, subject=subject, arm=arm, thought=ThoughtId(thought), **told)


async def begin(store: SqlStore, *run_ids: RunId) -> None:
    for run_id in run_ids:
        await store.begin_run(run_id, question="?", model="m", strategy="auto", seed=0)


async def test_a_later_run_sees_what_an_earlier_one_taught(store: SqlStore) -> None:
    await begin(store, FIRST, SECOND)
    await store.learnt(FIRST).record([
        outcome("chain", reward=0.25),
        outcome("chain", ordinal=1, reward=1.0, tokens=30, recovered=True),
        outcome("vote", reward=0.5, n=8, tokens=800),
        outcome("vote", subject="countdown/short"),
        outcome("vote", kind="prompt"),
    ])  # fmt: skip
    assert await store.learnt(SECOND).tallies("strategy", SUBJECT) == {
        "chain": Tally(n=2, reward_sum=1.25, reward_max=1.0, tokens=40, recoveries=1),
        "vote": Tally(n=8, reward_sum=4.0, reward_max=0.5, tokens=800),
    }
    assert await store.learnt(SECOND).tallies("skill", SUBJECT) == {}


async def test_a_run_that_was_closed_and_does_everything_again_counts_once(url: str) -> None:
    told = [outcome("chain", thought=f"0.{index}", ordinal=index % 2) for index in range(10)]
    for _ in range(2):
        async with await SqlStore.open(url) as store:
            if not await store.runs():
                await begin(store, FIRST, SECOND)
            learnt = store.learnt(FIRST)
            await asyncio.gather(*(learnt.record([one, one]) for one in told))
    async with await SqlStore.open(url) as store:
        tallies = await store.learnt(SECOND).tallies("strategy", SUBJECT)
    assert tallies == {"chain": Tally(n=10, reward_sum=10.0, reward_max=1.0, tokens=100)}


async def test_what_was_told_first_stands(store: SqlStore) -> None:
    await begin(store, FIRST, SECOND)
    await store.learnt(FIRST).record([outcome(reward=1.0)])
    await store.learnt(FIRST).record([outcome(reward=0.0), outcome(ordinal=1, reward=0.5)])
    tally = (await store.learnt(SECOND).tallies("strategy", SUBJECT))["chain"]
    assert (tally.n, tally.reward_sum) == (2, 1.5)


async def test_a_resumed_run_is_told_what_it_was_told_before(url: str) -> None:
    async with await SqlStore.open(url) as store:
        await begin(store, FIRST, SECOND, THIRD)
        await store.learnt(FIRST).record([outcome(reward=1 / 3)])
        before = await store.learnt(SECOND).tallies("strategy", SUBJECT)
        nothing = await store.learnt(SECOND).tallies("strategy", "countdown/short")
        await store.learnt(FIRST).record([outcome(ordinal=1), outcome("vote", subject="countdown/short")])
    async with await SqlStore.open(url) as store:
        assert await store.learnt(SECOND).tallies("strategy", SUBJECT) == before != {}
        assert await store.learnt(SECOND).tallies("strategy", "countdown/short") == nothing == {}
        assert (await store.learnt(THIRD).tallies("strategy", SUBJECT))["chain"].n == 2


async def test_a_run_is_not_told_its_own_outcomes(store: SqlStore) -> None:
    await begin(store, FIRST)
    await store.learnt(FIRST).record([outcome()])
    assert await store.learnt(FIRST).tallies("strategy", SUBJECT) == {}


async def test_many_thoughts_that_ask_at_once_are_told_the_same(store: SqlStore) -> None:
    await begin(store, FIRST, SECOND)

    async def teach() -> None:
        for ordinal in range(20):
            await store.learnt(FIRST).record([outcome(ordinal=ordinal)])

    teaching = asyncio.create_task(teach())
    told = [
        await asyncio.gather(*(store.learnt(SECOND).tallies("strategy", SUBJECT) for _ in range(5)))
        for _ in range(4)
    ]
    await teaching
    assert len({str(tallies) for batch in told for tallies in batch}) == 1


async def test_what_a_deleted_run_taught_is_forgotten(store: SqlStore) -> None:
    await begin(store, FIRST, SECOND, THIRD)
    await store.learnt(FIRST).record([outcome()])
    await store.learnt(SECOND).record([outcome("vote")])
    await store.delete(FIRST)
    assert set(await store.learnt(THIRD).tallies("strategy", SUBJECT)) == {"vote"}


async def test_an_unknown_run_can_neither_teach_nor_learn(store: SqlStore) -> None:
    await begin(store, FIRST)
    with pytest.raises(StoreError, match="breaks its rules"):
        await store.learnt(RunId("nobody")).record([outcome()])
    with pytest.raises(StoreError, match="breaks its rules"):
        await store.learnt(RunId("nobody")).tallies("strategy", SUBJECT)
    await store.learnt(FIRST).record([outcome()])


async def test_odd_names_are_kept_as_far_as_a_database_can(store: SqlStore) -> None:
    await begin(store, FIRST, SECOND)
    odd = "a\0b'; DROP TABLE runs; --"
    await store.learnt(FIRST).record([outcome(odd, subject=odd), outcome("ü" * 200, subject=odd)])
    told = await store.learnt(SECOND).tallies("strategy", odd)
    assert sorted(told) == ["a\ufffdb'; DROP TABLE runs; --", "ü" * 200]


async def test_the_largest_numbers_add_up(store: SqlStore) -> None:
    await begin(store, FIRST, SECOND)
    many = [outcome(ordinal=ordinal, n=2**31 - 1, tokens=2**53 - 1, recovered=True) for ordinal in range(9)]
    await store.learnt(FIRST).record(many)
    tally = (await store.learnt(SECOND).tallies("strategy", SUBJECT))["chain"]
    assert (tally.n, tally.tokens, tally.recoveries) == (9 * (2**31 - 1), 9 * (2**53 - 1), 9 * (2**31 - 1))


TEACH = """
import asyncio, sys
from agot.ids import RunId, ThoughtId
from agot.learning import Outcome
from agot.stores.database import SqlStore

async def main(url, run_id):
    async with await SqlStore.open(url) as store:
        await store.begin_run(run_id, question="?", model="m", strategy="auto", seed=0)
        learnt = store.learnt(run_id)
        print("begun", flush=True)
        sys.stdin.readline()
        for index in range(100):
            await learnt.record([Outcome(kind="strategy", subject="s", arm=arm, thought=ThoughtId(f"0.{index}"), reward=0.5)
                                 for arm in ("chain", "vote")])

asyncio.run(main(sys.argv[1], RunId(sys.argv[2])))
"""


async def test_processes_that_teach_at_once_lose_nothing(url: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(agot.__file__).parents[1])}
    await (await SqlStore.open(url)).close()
    children = [
        subprocess.Popen(
            [sys.executable, "-c", TEACH, url, f"01{number}"], env=environment, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for number in range(3)
    ]  # fmt: skip
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "begun"
    ended = await asyncio.gather(*(asyncio.to_thread(child.communicate, "go\n") for child in children))
    assert [child.returncode for child in children] == [0, 0, 0], ended
    async with await SqlStore.open(url) as store:
        await begin(store, THIRD)
        told = await store.learnt(THIRD).tallies("strategy", "s")
    assert {arm: (tally.n, tally.reward_sum) for arm, tally in told.items()} == {
        "chain": (300, 150.0),
        "vote": (300, 150.0),
    }


async def test_lessons_live_in_memory_too() -> None:
    async with await SqlStore.open("sqlite://") as store:
        await begin(store, FIRST, SECOND)
        await store.learnt(FIRST).record([outcome()])
        assert (await store.learnt(SECOND).tallies("strategy", SUBJECT))["chain"].n == 1


async def start(store: SqlStore, *run_ids: RunId) -> None:
    """Begin runs as `Reasoner.ask` does, which need not ask the database what it knows of them."""
    for run_id in run_ids:
        await store.start_run(run_id, question="?", model="m", strategy="auto", seed=0)


async def test_a_run_that_begins_here_is_told_at_once_what_others_of_its_process_taught(url: str) -> None:
    async with await SqlStore.open(url) as store:
        await start(store, FIRST, SECOND, THIRD)
        first, second = store.learnt(FIRST), store.learnt(SECOND)
        assert await first.tallies("strategy", SUBJECT) == {}
        for ordinal in range(3):
            await first.record([outcome(reward=0.5, ordinal=ordinal), outcome(reward=0.5, ordinal=ordinal)])
        told = await second.tallies("strategy", SUBJECT)
        assert told == {"chain": Tally(n=3, reward_sum=1.5, reward_max=0.5, tokens=30)}
        await second.record([outcome("vote", ordinal=1)])
        assert await second.tallies("strategy", SUBJECT) == told, "a run is told the same to its end"
        assert await first.tallies("strategy", SUBJECT) == {}
        assert set(await store.learnt(THIRD).tallies("strategy", SUBJECT)) == {"chain", "vote"}
        assert await first.tallies("strategy", "asked late") == {}
    async with await SqlStore.open(url) as again:
        assert await again.learnt(SECOND).tallies("strategy", SUBJECT) == told, "also after a resume"
        assert await again.learnt(FIRST).tallies("strategy", SUBJECT) == {}


async def test_memory_and_database_agree_on_what_was_taught(url: str) -> None:
    async with await SqlStore.open(url) as store, await SqlStore.open(url) as other:
        runs = [RunId(f"01run{number}") for number in range(4)]
        await start(store, *runs, SECOND)
        # Those who are asked in between make the process remember, and add, at many moments.
        for run_id in runs:
            learnt = store.learnt(run_id)
            await asyncio.gather(
                learnt.record([outcome(ordinal=place, reward=place / 4, tokens=place) for place in range(4)]),
                store.learnt(run_id).tallies("strategy", SUBJECT), learnt.tallies("strategy", "another"),
            )  # fmt: skip
        await begin(other, THIRD)
        assert await store.learnt(SECOND).tallies("strategy", SUBJECT) == await other.learnt(THIRD).tallies(
            "strategy", SUBJECT
        )


async def test_what_another_process_taught_is_seen_once_memory_is_not_fresh(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await SqlStore.open(url) as store, await SqlStore.open(url) as other:
        await start(store, FIRST, SECOND)
        await start(other, THIRD)
        assert await store.learnt(FIRST).tallies("strategy", SUBJECT) == {}
        await other.learnt(THIRD).record([outcome()])
        monkeypatch.setattr("agot.stores.learning.FRESH_S", 0.0)
        assert (await store.learnt(SECOND).tallies("strategy", SUBJECT))["chain"].n == 1


async def test_memory_forgets_what_a_deleted_run_taught(store: SqlStore) -> None:
    await start(store, FIRST, SECOND, THIRD)
    await store.learnt(SECOND).tallies("strategy", SUBJECT)
    await store.learnt(FIRST).record([outcome()])
    await store.end_attempt(FIRST)
    await store.delete(FIRST)
    assert await store.learnt(THIRD).tallies("strategy", SUBJECT) == {}
