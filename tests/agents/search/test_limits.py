"""Searches under limits, after a kill, and side by side."""

from __future__ import annotations

import contextlib
import time

import pytest

from agot.agents.search.frontier import rebase
from agot.agents.search.tree import Node
from agot.agents.strategies.registry import STRATEGIES
from agot.budget import Budget
from agot.errors import BudgetExceeded, OutputError, SetupError
from agot.ids import RunId
from agot.journal import Journal
from agot.protocols import CallRecord, ModelRequest
from tests.agents.search.conftest import Staged
from tests.agents.search.puzzle import QUESTION, play
from tests.scripted import mode

OTHERS = "tools experts least-to-most program chain-program-vote direct chain vote rpc".split()
SEARCHES = [name for name in STRATEGIES.names() if name not in OTHERS]


@pytest.mark.parametrize("name", SEARCHES)
async def test_limit_ends_a_search_with_the_best_it_had(stage: Staged, name: str) -> None:
    s = stage(iterations=30, particles=6, budget=Budget(calls=9), seed=3)
    try:
        solution = await s.run(name)
    except (BudgetExceeded, OutputError):
        # Nothing was finished; whatever was assessed has been handed out all the same.
        assert not any(event.done for event in s.of("search_node_added"))
    else:
        assert solution.answer and solution.strategy == name.replace("evaluate-and-", "")
    assert s.meter.usage.calls <= 9


@pytest.mark.parametrize("name", SEARCHES)
async def test_budget_of_one_call_neither_hangs_nor_overspends(stage: Staged, name: str) -> None:
    s = stage(budget=Budget(calls=1))
    with contextlib.suppress(BudgetExceeded, OutputError):
        await s.run(name)
    assert s.meter.usage.calls <= 1


class Killed(BaseException):
    """The process dies."""


class Kept:
    """Keeps calls in memory; dies when so many are finished."""

    def __init__(self, dies_after: int) -> None:
        self.calls: list[CallRecord] = []
        self.dies_after = dies_after

    async def load_calls(self, run_id: RunId) -> list[CallRecord]:
        return list(self.calls)

    async def put_call(self, run_id: RunId, record: CallRecord) -> None:
        if record.state == "done" and sum(one.state == "done" for one in self.calls) == self.dies_after:
            raise Killed
        self.calls.append(record)


@pytest.mark.parametrize("name", SEARCHES)
async def test_killed_search_goes_on_without_repeating_a_call(stage: Staged, name: str) -> None:
    whole = stage(iterations=8, particles=4, width=3)
    with contextlib.suppress(OutputError):
        await whole.run(name)
    needed = len(whole.models.requests)
    store = Kept(dies_after=needed // 2)
    killed = stage(iterations=8, particles=4, width=3, journal=Journal(RunId("test"), store, clock=time.time))
    with pytest.raises(Killed):
        await killed.run(name)
    store.dies_after = -1
    again = Journal(RunId("test"), store, list(store.calls), clock=time.time)
    resumed = stage(iterations=8, particles=4, width=3, journal=again)
    with contextlib.suppress(OutputError):
        await resumed.run(name)
    assert resumed.tree() == whole.tree()
    assert len(resumed.models.requests) == needed - needed // 2


async def test_parallel_mcts_keeps_its_workers_busy(stage: Staged) -> None:
    s = stage(iterations=24, workers=8, delay_s=0.002, seed=5)
    await s.run("mcts")
    assert s.models.most_at_once >= 8


async def test_search_stops_at_the_first_proof(stage: Staged) -> None:
    def lucky(request: ModelRequest) -> str | list[str]:
        if mode(request) == "chain" and "\n" not in request.stop:
            return ["answer: (7+1)*4-8"] * request.n
        return play(request)

    s = stage(lucky, iterations=50)
    solution = await s.run("mcts")
    assert solution.answer == "(7+1)*4-8"
    assert len(s.models.requests) <= 4
    assert s.of("search_finished")[0].path[0] == 0


async def test_refuted_step_is_not_gone_on_from(stage: Staged) -> None:
    def wrong(request: ModelRequest) -> str | list[str]:
        if "\n" in request.stop and len(request.messages) == 2:
            return ["4*7=29 (left: 8 1 29)", "4*7=28 (left: 8 1 28)"]
        return play(request)

    s = stage(wrong)
    await s.run("tot-bfs")
    assert "4*7=29 (left: 8 1 29)" not in {event.text for event in s.of("search_node_added")}


async def test_judge_that_always_says_yes_ends_a_search_at_once(stage: Staged) -> None:
    def yes(request: ModelRequest) -> str | list[str]:
        return "yes" if mode(request) == "verify" else play(request)

    s = stage(yes, question="Who is it?", iterations=50)
    solution = await s.run("mcts")
    assert solution.answer
    assert sum(mode(request) == "chain" for request in s.models.requests) == 1


async def test_levels_that_fit_the_beam_are_not_valued(stage: Staged) -> None:
    s = stage(width=100, branch=2)
    await s.run("tot-bfs")
    assert not [request for request in s.models.requests if request.purpose == "value"]


async def test_allocation_of_any_temperature_is_finite() -> None:
    assert rebase(8, 1e-4)([Node(0, None, (), value=1.0), Node(1, None, (), value=0.2)]) == [8, 0]


async def test_every_solution_is_assessed_once(stage: Staged) -> None:
    def same(request: ModelRequest) -> str | list[str]:
        return "no" if mode(request) == "verify" else ["so it is\nanswer: Bob"] * request.n

    s = stage(same, question="Who is it?", samples=8)
    await s.run("best-of-n")
    assert sum(mode(request) == "verify" for request in s.models.requests) == 1


async def test_tools_without_tools_say_what_is_missing(stage: Staged) -> None:
    with pytest.raises(SetupError, match="needs tools"):
        await stage(question=QUESTION).run("tools")


async def test_least_to_most_answers_by_a_chain_if_the_parts_cannot_be_read(stage: Staged) -> None:
    def script(request: ModelRequest) -> str:
        return "no parts" if mode(request) == "plan" else "answer: 20"

    solution = await stage(script, question="Compute (2+3)*4").run("least-to-most")
    assert (solution.answer, solution.strategy) == ("20", "least-to-most")


async def test_least_to_most_hands_answers_on(stage: Staged) -> None:
    asked = []

    def script(request: ModelRequest) -> str:
        asked.append(request.messages[-1].content)
        if mode(request) == "plan":
            return "1: Compute 2+3\n2: Compute #1*4"
        return "answer: 5" if "2+3" in request.messages[-1].content else "answer: 20"

    solution = await stage(script, question="Compute (2+3)*4").run("least-to-most")
    assert (solution.answer, solution.strategy) == ("20", "least-to-most")
    assert asked[-1] == "Compute 5*4"
    assert solution.steps == ("Compute 2+3 -> 5", "Compute 5*4 -> 20")
