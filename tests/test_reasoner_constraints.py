"""Runs that ask a model for constraints, under limits: what was paid for is given."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

import agot
from agot.agents.assessor import Assessor
from agot.agents.constraints import RequirementCheck
from agot.agents.verifier import VerifierAgent
from agot.budget import Budget
from agot.errors import BudgetExceeded
from agot.protocols import Ask, Assessed, ModelRequest
from agot.settings import Settings
from agot.thought import Solution, Task, Verdict
from tests.scripted import ScriptedModels

QUESTION = "Which day comes after Monday?"
WISH = json.dumps({"constraints": [{"text": "It is a weekday.", "hard": False, "check": "", "argument": ""}]})


def models(answers: list[str]) -> ScriptedModels:
    left = list(answers)

    def script(request: ModelRequest) -> str:
        if request.purpose == "constraints":
            return WISH
        if request.purpose == "judge":
            return (
                "Yes"
                if "The answer is Tuesday" in request.messages[-1].content
                else "No, that is another day."
            )
        return f"I count.\nAnswer: {left.pop(0) if len(left) > 1 else left[0]}"

    return ScriptedModels(script, dialect="standard")


def configured(strategy: str) -> Settings:
    return Settings.model_validate({
        "database_url": "sqlite://", "engine": {"strategy": strategy, "constraints": True, "samples": 8, "calibrate": False},
        "roles": {"fast": {"model": "scripted/model"}},
    })  # fmt: skip


@pytest.mark.parametrize("strategy", ["vote", "best-of-n", "chain"])
@pytest.mark.parametrize("calls", [1, 3, 8, 9, 10, 11, 12])
async def test_a_limit_leaves_the_best_answer_so_far(strategy: str, calls: int) -> None:
    seen = models(["Sunday", "Tuesday", "Tuesday", "Wednesday", "Tuesday", "Tuesday", "Sunday", "Tuesday"])
    if strategy == "chain" or calls == 1:
        seen = models(["Tuesday"])
    async with agot.Reasoner(configured(strategy), models=seen) as reasoner:
        result = await reasoner.ask(QUESTION, budget=Budget(calls=calls))
    assert len(seen.requests) <= calls
    assert result.answer == "Tuesday", result


async def test_concurrent_answers_ask_for_their_constraints_once() -> None:
    seen = models([str(number) for number in range(8)])
    async with agot.Reasoner(configured("best-of-n"), models=seen) as reasoner:
        await reasoner.ask(QUESTION)
    assert Counter(request.purpose for request in seen.requests)["constraints"] == 1


class Reading:
    """A dialect whose constraints come when they are let."""

    def __init__(self) -> None:
        self.let, self.asked = asyncio.Event(), 0
        self.fault: Exception | None = None

    async def constraints(self, ask: Ask, task: Task, *, role: str) -> list[object]:
        self.asked += 1
        await self.let.wait()
        if self.fault is not None:
            raise self.fault
        return []


async def _turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_waits_for_constraints_is_not_harmed_by_who_gives_up() -> None:
    reading = Reading()
    check = RequirementCheck(lambda role: reading)  # type: ignore[arg-type, return-value]
    task, ask = Task(question=QUESTION), None
    first, second, third = (
        asyncio.ensure_future(check(task, Solution(answer=str(i)), ask))  # type: ignore[arg-type]
        for i in range(3)
    )
    await _turn()
    assert reading.asked == 1
    third.cancel()
    first.cancel()
    await _turn()
    reading.let.set()
    assert (await second).check == check.name
    assert first.cancelled() and third.cancelled() and reading.asked == 2
    await check(task, Solution(answer="x"), ask)  # type: ignore[arg-type]
    assert reading.asked == 2


async def test_a_fault_of_the_constraints_is_told_to_all_who_wait_and_to_nobody_later() -> None:
    reading = Reading()
    reading.fault = BudgetExceeded("calls", 1, 1)
    check = RequirementCheck(lambda role: reading)  # type: ignore[arg-type, return-value]
    task, ask = Task(question=QUESTION), None
    asked = [
        asyncio.ensure_future(check(task, Solution(answer=str(i)), ask))  # type: ignore[arg-type]
        for i in range(3)
    ]
    await _turn()
    reading.let.set()
    said = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(one, BudgetExceeded) for one in said) and reading.asked == 1
    reading.fault = None
    assert (await check(task, Solution(answer="x"), ask)).reward is None  # type: ignore[arg-type]


class AsksModels:
    """A check that needs a model for its word."""

    name = "asks"
    without_models = None

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        raise BudgetExceeded("calls", 1, 1)


async def test_a_check_may_say_that_it_asks_models() -> None:
    agent = VerifierAgent([AsksModels()])
    assert await agent.check(Task(question="?"), Solution(answer="1"), None, free=True) == []  # type: ignore[arg-type]
    with pytest.raises(BudgetExceeded):
        await agent.check(Task(question="?"), Solution(answer="1"), None)  # type: ignore[arg-type]


async def test_an_answer_is_told_before_its_checks_can_fail() -> None:
    told: list[Assessed] = []
    assessor = Assessor(
        Task(question="?"), None, VerifierAgent([AsksModels()]), lambda role: None, lambda event: None, told.append  # type: ignore[arg-type, return-value]
    )  # fmt: skip
    for _ in range(2):
        with pytest.raises(BudgetExceeded):
            await assessor.assess(Solution(answer="7", votes=3))
    assert [one.solution.answer for one in told] == ["7", "7"]


async def test_an_asker_who_gives_up_does_not_end_the_assessment_for_others() -> None:
    let = asyncio.Event()

    class Slow:
        name = "slow"

        async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
            await let.wait()
            return Verdict(check=self.name, reward=1.0, conclusive=True)

    assessor = Assessor(
        Task(question="?"), None, VerifierAgent([Slow()]), lambda role: None, lambda event: None, lambda one: None  # type: ignore[arg-type, return-value]
    )  # fmt: skip
    first, second, third = (asyncio.ensure_future(assessor.assess(Solution(answer="7"))) for _ in range(3))
    await _turn()
    second.cancel()
    await _turn()
    let.set()
    assert [(await one).reward for one in (first, third)] == [1.0, 1.0]
