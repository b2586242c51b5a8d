"""Checks that a program or the settings add, and panels of judges, as a whole run has them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import agot
from agot.agents.selection.cluster import cluster_of
from agot.agents.verifier import name_of
from agot.events import Notice
from agot.ids import RunId
from agot.learning import judge_subject
from agot.protocols import Ask, ModelProfile, ModelRequest, Verifier
from agot.settings import RoleSettings, Settings
from agot.stores.database import SqlStore
from agot.verifiers.citations import GroundingCheck
from agot.verifiers.planning.blocksworld import BLOCKSWORLD
from agot.verifiers.planning.calendars import CalendarCheck
from agot.verifiers.planning.strips import StripsCheck
from tests.scripted import ScriptedModels

MEETING = (
    "You need to schedule a meeting for Ann and Bob for half an hour between the work hours of 9:00 to 17:00 on Monday. "
    "Ann is busy on Monday during 9:00 to 12:00. Bob has no meetings the whole day."
)


def models(*answers: str) -> ScriptedModels:
    left = list(answers)

    def script(request: ModelRequest) -> str:
        if request.purpose == "judge":
            return "Yes"
        return f"Answer: {left.pop(0) if len(left) > 1 else left[0]}"

    return ScriptedModels(script, dialect="standard")


def configured(**engine: object) -> Settings:
    return Settings.model_validate({
        "database_url": "sqlite://", "roles": {"fast": RoleSettings(model="scripted/model")},
        "engine": {"strategy": "chain", **engine},
    })  # fmt: skip


def judged(seen: ScriptedModels) -> int:
    return sum(request.purpose == "judge" for request in seen.requests)


class Faulty:
    """Raises on every answer."""

    name = "faulty"

    async def __call__(self, task: agot.Task, solution: agot.Solution, ask: Ask) -> agot.Verdict:
        raise KeyError("of its own making")


@pytest.mark.parametrize(("given", "named"), [((CalendarCheck(),), ()), ((), ("calendar",))])
async def test_a_domain_check_rejects_and_settles_without_a_judge(
    given: tuple[Verifier, ...], named: tuple[str, ...]
) -> None:
    seen = models("Monday, 10:00 - 10:30", "Monday, 13:00 - 13:30")
    async with agot.Reasoner(configured(checks=named), models=seen, checks=given) as reasoner:
        result = await reasoner.ask(MEETING)
    assert (result.status, result.answer) == ("answered", "Monday, 13:00 - 13:30")
    assert [(one.check, one.reward, one.conclusive) for one in result.verdicts] == [("calendar", 1.0, True)]
    assert judged(seen) == 0


async def test_a_check_of_any_planning_domain_is_one_argument() -> None:
    problem = """(define (problem two) (:domain blocksworld-4ops) (:objects a b)
        (:init (clear a) (ontable b) (on a b) (handempty)) (:goal (and (ontable a))))"""
    seen = models("(pick-up a)", "(unstack a b) (put-down a)")
    check = StripsCheck(BLOCKSWORLD, problem)
    async with agot.Reasoner(configured(), models=seen, checks=[check]) as reasoner:
        result = await reasoner.ask("Put the block a on the table.")
    assert result.answer == "(unstack a b) (put-down a)"
    assert [(one.check, one.reward) for one in result.verdicts] == [("strips", 1.0)]
    part = agot.Task(question="Which block is above?", depth=1)
    assert check(part, agot.Solution(answer="(pick-up b)")).reward is None


def odd(task: agot.Task, solution: agot.Solution) -> agot.Verdict:
    if solution.answer == "7":
        return agot.Verdict(check="odd", reward=1.0, conclusive=True)
    return agot.Verdict(check="odd", reward=0.0, feedback="it is not 7", conclusive=True)


async def waits(task: agot.Task, solution: agot.Solution) -> agot.Verdict:
    await asyncio.sleep(0)
    return odd(task, solution)


async def asks(task: agot.Task, solution: agot.Solution, ask: Ask) -> agot.Verdict:
    ask.warn("The third argument asks.")
    return await waits(task, solution)


def counts(task: agot.Task, solution: agot.Solution, *, strict: bool = True) -> agot.Verdict:
    return odd(task, solution)


class Named:
    """A check in the form of an object that is called."""

    name = "odd"

    def __call__(self, task: agot.Task, solution: agot.Solution) -> agot.Verdict:
        return odd(task, solution)


@pytest.mark.parametrize("check", [odd, waits, asks, counts, Named()], ids=name_of)
async def test_a_check_is_any_function_plain_or_not(check: Verifier) -> None:
    told: list[agot.AnyEvent] = []
    async with agot.Reasoner(configured(), models=models("8", "7"), checks=[check]) as reasoner:
        result = await reasoner.ask("How many?", on_event=told.append)
    assert (result.answer, result.trust) == ("7", "proved")
    warned = [one.text for one in told if isinstance(one, Notice) and one.level == "warning"]
    assert any("third argument" in text for text in warned) == (check is asks)
    assert not any("does not count" in text for text in warned)


async def test_a_function_goes_by_its_own_name() -> None:
    async with agot.Reasoner(configured(), checks=[odd, odd]) as reasoner:
        with pytest.raises(agot.SetupError, match="'odd' of an own check is taken"):
            await reasoner.ask("How many?")


class Wordless(Faulty):
    """Returns nothing, as a function without a return does."""

    async def __call__(self, task: agot.Task, solution: agot.Solution, ask: Ask) -> agot.Verdict:
        return None  # type: ignore[return-value]


@pytest.mark.parametrize("check", [Faulty(), Wordless()])
async def test_a_check_that_fails_costs_nothing_but_a_warning(check: Verifier) -> None:
    told: list[agot.AnyEvent] = []
    async with agot.Reasoner(configured(), models=models("7"), checks=[check]) as reasoner:
        result = await reasoner.ask("How many?", on_event=told.append)
    assert (result.status, result.answer) == ("answered", "7")
    assert any(isinstance(one, Notice) and "'faulty' failed" in one.text for one in told)


async def test_an_own_check_takes_the_place_of_a_built_in_one_by_its_name() -> None:
    question = "Anna lives in Rome. She is 30 years old.\nQuestion: Where does she live?"
    for given, rewards in (((), []), ((GroundingCheck(),), [0.0])):
        async with agot.Reasoner(configured(retries=0), models=models("in Paris"), checks=given) as reasoner:
            result = await reasoner.ask(question)
        assert [one.reward for one in result.verdicts if one.check == "grounding"] == rewards


async def test_unusable_names_of_checks_are_refused() -> None:
    class Judge(Faulty):
        name = "judge"

    for given, engine, named in (
        ((Faulty(), Faulty()), {}, "'faulty' of an own check is taken"),
        ((Judge(),), {}, "'judge' of an own check"),
        ((), {"checks": ("calender",)}, "no check 'calender' to add. There are: .*calendar"),
        ((), {"skip_checks": ("grunding",)}, "no check 'grunding' to skip. There are: .*grounding"),
        ((), {"judges": ("jury",)}, "no role 'jury'"),
    ):  # fmt: skip
        seen = agot.Reasoner(configured(**engine), checks=given)
        async with seen as reasoner:
            with pytest.raises(agot.SetupError, match=named):
                await reasoner.ask("How many?")


async def test_a_panel_judges_and_teaches_how_each_judge_fared(tmp_path: Path) -> None:
    class Roles(ScriptedModels):
        def profile(self, role: str) -> ModelProfile:
            return super().profile(role).model_copy(update={"model": f"vendor/{role}"})

    answers = iter([("1. Count.", "7"), ("1. Guess.", "7"), ("1. Look.", "7"), ("1. Dream.", "8")])

    def script(request: ModelRequest) -> str:
        if request.purpose == "judge":
            right = "The answer is 7" in request.messages[-1].content
            return "Yes" if request.role == "judge" or right else "No, it is not."
        return "\nAnswer: ".join(next(answers))

    settings = configured(judges=("judge", "strong"), strategy="best-of-n", samples=4, calibrate=False)
    store = await SqlStore.open(f"sqlite:///{tmp_path / 'agot.db'}")
    async with store:
        async with agot.Reasoner(settings, models=Roles(script, dialect="standard"), store=store) as reasoner:
            result = await reasoner.ask("How many?")
        assert (result.answer, result.verdicts[-1].check) == ("7", "judge")
        await store.begin_run(RunId("later"), question="?", model="m", strategy="auto", seed=0)
        learnt, cluster = store.learnt(RunId("later")), cluster_of(agot.Task(question="How many?"))
        assert set(await learnt.tallies("verifier", judge_subject("vendor/judge", cluster))) == {"tp", "fp"}
        assert set(await learnt.tallies("verifier", judge_subject("vendor/strong", cluster))) == {"tp", "tn"}
