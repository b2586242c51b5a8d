"""Whatever the interleaving of events, calls and resumes: what is read equals a model made of dictionaries."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agot.events import (
    AnyEvent,
    EdgeAdded,
    EventStream,
    Notice,
    StrategyChosen,
    TextStreamed,
    ThoughtAdded,
    ThoughtFinished,
    ThoughtRetried,
    ThoughtStarted,
    Verified,
)
from agot.ids import ROOT, RunId, ThoughtId
from agot.protocols import CallRecord
from agot.stores.database import SqlStore
from agot.thought import ThoughtStatus, Verdict

THOUGHTS = [ThoughtId(name) for name in ("0.0", "0.1", "0.1/0.0")]
RUNS = [0, 1]

thought = st.sampled_from(THOUGHTS)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
rewards = st.none() | st.floats(0, 1)

an_event = st.one_of(
    st.builds(ThoughtAdded, thought=thought, parent_graph=st.just(ROOT), depth=st.just(1), layer=st.integers(0, 3),
              question=words),
    st.builds(ThoughtStarted, thought=thought, question=words),
    st.builds(StrategyChosen, thought=thought, strategy=words, why=words),
    st.builds(ThoughtRetried, thought=thought, retry=st.integers(1, 3), strategy=words, why=words),
    st.builds(ThoughtFinished, thought=thought, status=st.sampled_from(ThoughtStatus), answer=words, reward=rewards),
    st.builds(Verified, thought=thought, answer=words,
              verdict=st.builds(Verdict, check=words, reward=rewards, feedback=words, conclusive=st.booleans())),
    st.builds(EdgeAdded, source=thought, target=thought),
    st.builds(Notice, level=st.just("info"), text=words),
    st.builds(TextStreamed, thought=thought, purpose=words, text=words),
)  # fmt: skip
a_call = st.builds(
    CallRecord, key=st.sampled_from("abc"), kind=st.sampled_from(["model", "tool", "human"]), state=st.just("done"),
    thought=thought, purpose=words, request=words, reply=words, at_s=st.floats(0, 10),
)  # fmt: skip
a_step = st.tuples(
    st.sampled_from(RUNS),
    st.one_of(an_event, an_event, an_event, a_call, st.sampled_from(["resume", "reopen", "yield"])),
)

_numbers: Iterator[int] = itertools.count()


class Model:
    """One run as dictionaries: the plainest reading of what the events mean."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.calls: dict[str, CallRecord] = {}

    def see(self, event: AnyEvent) -> None:
        if not isinstance(event, TextStreamed):
            self.events.append(event)

    def thoughts(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for event in self.events:
            match event:
                case EdgeAdded():
                    self._touch(found, event, event.source)
                    self._touch(found, event, event.target)
                case ThoughtAdded() | ThoughtStarted():
                    row = self._touch(found, event, event.thought)
                    row["question"] = event.question
                    if isinstance(event, ThoughtStarted):
                        row["status"] = "running"
                case StrategyChosen() | ThoughtRetried():
                    self._touch(found, event, event.thought)["strategy"] = event.strategy
                case ThoughtFinished():
                    row = self._touch(found, event, event.thought)
                    row |= {"status": event.status.value, "answer": event.answer, "reward": event.reward}
                case Verified():
                    told = (event.seq, event.answer, event.verdict)
                    self._touch(found, event, event.thought)["verdicts"].append(told)
                case _:
                    pass
        return found

    @staticmethod
    def _touch(found: dict[str, dict[str, Any]], event: AnyEvent, name: str) -> dict[str, Any]:
        row = found.setdefault(name, {"attempt": 0, "question": ""})
        if row["attempt"] < event.attempt:
            row |= {
                "attempt": event.attempt, "status": "pending", "strategy": "", "answer": "", "reward": None,
                "verdicts": [],
            }  # fmt: skip
        return row

    def edges(self) -> dict[tuple[str, str], int]:
        return {
            (event.source, event.target): event.attempt
            for event in self.events
            if isinstance(event, EdgeAdded)
        }


class Driver:
    """Does the steps to a store and, of each, what it means to the models."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.ids = {run: RunId(f"run{next(_numbers):06}") for run in RUNS}
        self.models = {run: Model() for run in RUNS}
        self.streams: dict[int, EventStream] = {}
        self.puts: list[asyncio.Task[None]] = []
        self.store: SqlStore

    async def open(self) -> None:
        self.store = await SqlStore.open(self.url)
        for run in RUNS:
            await self.attempt(run)

    async def attempt(self, run: int) -> None:
        attempt, last_seq = await self.store.begin_attempt(self.ids[run])
        assert last_seq == len(self.models[run].events)
        stream = EventStream(self.ids[run], lambda: 5.0, after_seq=last_seq, attempt=attempt)
        stream.add_sink(lambda event: self.store.sink(event))
        stream.add_sink(self.models[run].see)
        self.streams[run] = stream

    async def do(self, run: int, step: Any) -> None:
        if isinstance(step, CallRecord):
            self.models[run].calls[step.key] = step
            self.puts.append(asyncio.create_task(self.store.put_call(self.ids[run], step)))
        elif step == "yield":
            await asyncio.sleep(0)
        elif step == "resume":
            await self.store.end_attempt(self.ids[run])
            await self.attempt(run)
        elif step == "reopen":
            await asyncio.gather(*self.puts)
            await self.store.close()
            await self.open()
        else:
            self.streams[run].emit(step)

    async def check(self) -> None:
        await asyncio.gather(*self.puts)
        for run, model in self.models.items():
            run_id = self.ids[run]
            await self.store.flush(run_id)
            assert await self.store.events(run_id) == model.events
            assert {call.key: call for call in await self.store.calls(run_id)} == model.calls
            assert {(e.source, e.target): e.attempt for e in await self.store.edges(run_id)} == model.edges()
            expected = model.thoughts()
            verdicts: dict[str, list[Any]] = {name: [] for name in expected}
            for told in await self.store.verdicts(run_id):
                verdicts[told.thought].append((told.seq, told.answer, told.verdict))
            names = ("attempt", "question", "status", "strategy", "answer", "reward")
            found = {
                row.thought: {name: getattr(row, name) for name in names}
                | {"verdicts": verdicts[row.thought]}
                for row in await self.store.thoughts(run_id)
            }
            assert found == expected


async def _run(url: str, steps: list[tuple[int, Any]]) -> None:
    driver = Driver(url)
    async with await SqlStore.open(url) as store:
        for run_id in driver.ids.values():
            await store.begin_run(run_id, question="?", model="m", strategy="auto", seed=0)
    await driver.open()
    try:
        for run, step in steps:
            await driver.do(run, step)
        await driver.check()
    finally:
        await driver.store.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(a_step, max_size=40))
def test_what_is_read_equals_the_model_in_sqlite(sqlite_url: str, steps: list[tuple[int, Any]]) -> None:
    asyncio.run(_run(sqlite_url, steps))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(a_step, max_size=40))
def test_what_is_read_equals_the_model_in_postgresql(
    empty_postgres_url: str, steps: list[tuple[int, Any]]
) -> None:
    asyncio.run(_run(empty_postgres_url, steps))


@pytest.mark.parametrize("calls", [0, 1])
async def test_the_model_agrees_on_a_resumed_run(sqlite_url: str, calls: int) -> None:
    """A fixed example, so that the property is also tested where hypothesis draws few resumes."""
    a, b = THOUGHTS[:2]
    events: list[Any] = [
        ThoughtAdded(thought=a, parent_graph=ROOT, depth=1, layer=0, question="?"),
        Verified(thought=a, answer="3", verdict=Verdict(check="c", reward=0.0)),
        EdgeAdded(source=a, target=b), "resume" if calls else "reopen",
        Verified(thought=a, answer="4", verdict=Verdict(check="c", reward=1.0)),
    ]  # fmt: skip
    await _run(sqlite_url, [(0, step) for step in events])
