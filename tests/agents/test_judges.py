"""Judges: panels, weights from calibration, both orders, and the knockout."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.agents.calibration import count, fit_tallies
from agot.agents.dialects.standard import StandardDialect
from agot.agents.judges import Judge, Judges, knockout, opinion, panel, preference, trust
from agot.agents.selection.cluster import cluster_of
from agot.budget import Budget, Meter
from agot.engine.caller import Caller, CallRoom
from agot.errors import BudgetExceeded, ModelUnauthorised, ModelUnreachable
from agot.events import AnyEvent, Notice
from agot.ids import ROOT, RunId, ThoughtId
from agot.journal import Journal
from agot.learning import Learnt, Outcome, Tally, calibration_subject, judge_subject
from agot.models.structured import SchemaMemory
from agot.protocols import ModelProfile, ModelRequest
from agot.stores.database import SqlStore
from agot.thought import Solution, Task
from tests.scripted import Script, ScriptedModels, user_text

TASK = Task(question="How deep is the sea?")
SOLUTION = Solution(answer="11 km")
DIALECT = StandardDialect(SchemaMemory(), most_thoughts=4)


def asked(
    script: Script, budget: Budget | None = None, **profile: object
) -> tuple[Caller, ScriptedModels, list[AnyEvent]]:
    models = ScriptedModels(script, dialect="standard", **profile)
    events: list[AnyEvent] = []
    room = CallRoom(models, Journal(RunId("r"), None, clock=time.time), events.append, lambda role: 0, seed=0)
    return Caller(room, Meter(budget or Budget(), time.monotonic), ThoughtId(ROOT)), models, events


def by_role(**said: str | Exception) -> Script:
    return lambda request: said[request.role]


def tallies(tp: int, fp: int, tn: int, fn: int) -> dict[str, Tally]:
    return {name: Tally(n=n) for name, n in (("tp", tp), ("fp", fp), ("tn", tn), ("fn", fn))}


# -- trust -----------------------------------------------------------------------------------------


def test_a_judge_that_always_agrees_or_always_doubts_counts_for_nothing() -> None:
    assert trust(tallies(tp=60, fp=60, tn=0, fn=0)) == 0.0
    assert trust(tallies(tp=0, fp=0, tn=60, fn=60)) == 0.0
    assert trust(tallies(tp=30, fp=30, tn=30, fn=30)) == 0.0


def test_a_better_judge_counts_for_more() -> None:
    assert 0.0 < trust({}) < trust(tallies(tp=80, fp=10, tn=90, fn=20)) < trust(tallies(90, 2, 98, 10)) <= 1.0


# -- one judge and several -------------------------------------------------------------------------


async def test_an_answer_is_not_lost_because_its_judge_is() -> None:
    for said in ("perhaps", ModelUnreachable("down")):
        ask, _, events = asked(lambda request, said=said: said)  # type: ignore[misc]
        assert await opinion(TASK, SOLUTION, ask, Judge(DIALECT)) is None
        assert any(
            isinstance(event, Notice) and "could not be judged by judge" in event.text for event in events
        )
    ask, _, _ = asked(lambda request: ModelUnauthorised("no"))
    with pytest.raises(ModelUnauthorised):
        await opinion(TASK, SOLUTION, ask, Judge(DIALECT))


async def test_several_samples_of_one_judge_give_a_share() -> None:
    left = iter(["Yes", "No, too deep.", "Yes", "hm"])
    ask, models, _ = asked(lambda request: next(left))
    verdict = await opinion(TASK, SOLUTION, ask, Judge(DIALECT, samples=4))
    assert verdict is not None and verdict.reward == pytest.approx(2 / 3)
    assert len(models.requests) == 4 and models.requests[0].temperature == 0.7


async def test_a_panel_tells_who_doubts() -> None:
    ask, models, _ = asked(by_role(fast="Yes", strong="No.", judge="Yes"), delay_s=0.01)
    judges = [Judge(DIALECT, role) for role in ("fast", "strong", "judge")]
    mean = await panel(TASK, SOLUTION, ask, judges)
    assert mean.verdict.reward == pytest.approx(2 / 3)
    assert mean.verdict.feedback == "1 of 3 judges doubt it. strong: the judge doubts the answer '11 km'"
    assert not mean.verdict.conclusive and models.most_at_once == 3
    judges = [Judge(DIALECT, "fast", weight=3.0), Judge(DIALECT, "strong", weight=1.0)]
    assert (await panel(TASK, SOLUTION, ask, judges)).verdict.reward == pytest.approx(3 / 4)


async def test_a_judge_alone_is_told_by_the_answer_it_doubts() -> None:
    ask, _, _ = asked(by_role(judge="No."))
    found = await panel(TASK, SOLUTION, ask, [Judge(DIALECT)])
    assert found.verdict.reward == 0.0 and found.verdict.feedback == "the judge doubts the answer '11 km'"


async def test_a_judge_without_weight_is_not_even_asked() -> None:
    ask, models, _ = asked(by_role(fast="Yes", strong="No"))
    yes_sayer = Judge(DIALECT, "fast", weight=trust(tallies(60, 60, 0, 0)))
    found = await panel(TASK, SOLUTION, ask, [yes_sayer, Judge(DIALECT, "strong")])
    assert found.verdict.reward == 0.0 and found.opinions[0] is None and found.opinions[1] is not None
    assert [request.role for request in models.requests] == ["strong"]
    alone = await panel(TASK, SOLUTION, ask, [yes_sayer])
    assert alone.verdict.reward is None


async def test_who_cannot_tell_does_not_count() -> None:
    ask, _, _ = asked(by_role(fast="Yes", strong=ModelUnreachable("down")))
    found = await panel(TASK, SOLUTION, ask, [Judge(DIALECT, "fast"), Judge(DIALECT, "strong", weight=9.0)])
    assert (found.verdict.reward, found.opinions[1]) == (1.0, None)
    ask, _, _ = asked(by_role(fast="hm", strong="hm"))
    none = await panel(TASK, SOLUTION, ask, [Judge(DIALECT, "fast"), Judge(DIALECT, "strong")])
    assert none.verdict.reward is None


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1e9)), min_size=1, max_size=6))
async def test_a_panel_stays_between_its_judges(said: list[tuple[bool, float]]) -> None:
    left = iter([word for word, weight in said if weight > 0])
    ask, _, _ = asked(lambda request: "Yes" if next(left) else "No")
    found = await panel(TASK, SOLUTION, ask, [Judge(DIALECT, weight=weight) for _, weight in said])
    counted = [float(word) for word, weight in said if weight > 0]
    assert found.verdict.reward is None or min(counted) <= found.verdict.reward <= max(counted)


async def test_a_calibrated_judge_says_what_its_reward_means() -> None:
    ask, _, _ = asked(by_role(judge="Yes"))
    said = await opinion(TASK, SOLUTION, ask, Judge(DIALECT, calibration=lambda reward: 0.6 * reward))
    assert said is not None and said.reward == pytest.approx(0.6)


# -- the judges of a run ---------------------------------------------------------------------------


class Roles(ScriptedModels):
    """Every role is a model of its own."""

    def profile(self, role: str) -> ModelProfile:
        return super().profile(role).model_copy(update={"model": f"vendor/{role}"})


async def stored(folder: Path) -> tuple[SqlStore, Callable[[str], Awaitable[Learnt]]]:
    store = await SqlStore.open(f"sqlite:///{folder / 'agot.db'}")

    async def learnt(run: str) -> Learnt:
        await store.begin_run(RunId(run), question="?", model="m", strategy="auto", seed=0)
        return store.learnt(RunId(run))

    return store, learnt


def caller(script: Script) -> tuple[Caller, ScriptedModels]:
    models = Roles(script, dialect="standard")
    events: list[AnyEvent] = []
    room = CallRoom(models, Journal(RunId("r"), None, clock=time.time), events.append, lambda role: 0, seed=0)
    return Caller(room, Meter(Budget(), time.monotonic), ThoughtId(ROOT)), models


def hits(model: str, tp: int, fp: int, tn: int, fn: int) -> list[Outcome]:
    return [
        Outcome(
            kind="verifier", subject=judge_subject(model, cluster_of(TASK)), arm=arm, thought=ROOT, n=n,
            reward=float(arm in ("tp", "tn")),
        )
        for arm, n in (("tp", tp), ("fp", fp), ("tn", tn), ("fn", fn)) if n
    ]  # fmt: skip


async def test_a_judge_that_always_says_yes_loses_its_weight_to_the_lessons(tmp_path: Path) -> None:
    store, learnt = await stored(tmp_path)
    async with store:
        ask, models = caller(by_role(judge="Yes", strong="No."))
        fresh = Judges(("judge", "strong"), learnt=await learnt("first"))
        assert (await fresh.verdict(TASK, SOLUTION, ask, lambda role: DIALECT)).reward == 0.5
        await (await learnt("measured")).record(
            hits("vendor/judge", 60, 60, 0, 0) + hits("vendor/strong", 55, 5, 35, 5)
        )
        known = Judges(("judge", "strong"), learnt=await learnt("later"))
        ask, models = caller(by_role(judge="Yes", strong="No."))
        verdict = await known.verdict(TASK, SOLUTION, ask, lambda role: DIALECT)
        assert verdict.reward == 0.0 and [request.role for request in models.requests] == ["strong"]


async def test_a_panel_teaches_how_each_judge_fared_against_the_majority(tmp_path: Path) -> None:
    def script(request: ModelRequest) -> str:
        return "Yes" if request.role == "judge" or "Answer: 7\n" in user_text(request) else "No."

    store, learnt = await stored(tmp_path)
    async with store:
        ask, _ = caller(script)
        judges = Judges(("judge", "strong", "judge"), learnt=await learnt("one"))
        for answer in ("7", "7.0", "8", "7"):
            await judges.verdict(TASK, Solution(answer=answer, steps=(answer,)), ask, lambda role: DIALECT)
        await judges.teach()
        await judges.teach()
        after = await learnt("two")
        seen = {
            name: {arm: one.n for arm, one in (
                await after.tallies("verifier", judge_subject(f"vendor/{name}", cluster_of(TASK)))
            ).items()}
            for name in ("judge", "strong")
        }  # fmt: skip
    assert seen["judge"] == {"fp": 1, "tp": 3}
    assert seen["strong"]["tn"] == 1 and "fp" not in seen["strong"]


async def test_a_single_judge_is_asked_whatever_was_learnt(tmp_path: Path) -> None:
    store, learnt = await stored(tmp_path)
    async with store:
        await (await learnt("measured")).record(hits("vendor/judge", 60, 60, 0, 0))
        ask, models = caller(by_role(judge="Yes"))
        judges = Judges(learnt=await learnt("later"))
        assert (await judges.verdict(TASK, SOLUTION, ask, lambda role: DIALECT)).reward == 1.0
        await judges.teach()
    assert len(models.requests) == 1


async def test_rewards_mean_what_was_measured_of_the_model(tmp_path: Path) -> None:
    store, learnt = await stored(tmp_path)
    async with store:
        measured = count([(1.0, place % 4 > 0) for place in range(200)] + [(0.0, False)] * 40)
        await (await learnt("measured")).record([
            Outcome(kind="verifier", subject=calibration_subject("vendor/judge"), arm=arm, thought=ROOT,
                    n=one.n, reward=one.reward_sum / one.n)
            for arm, one in measured.items()
        ])  # fmt: skip
        ask, _ = caller(by_role(judge="Yes", strong="Yes"))
        later = await learnt("later")
        for roles, wanted in ((("judge",), 0.75), (("strong",), 1.0), (("judge", "strong"), 0.875)):
            verdict = await Judges(roles, learnt=later).verdict(TASK, SOLUTION, ask, lambda role: DIALECT)
            assert verdict.reward == pytest.approx(wanted, abs=0.02)


def test_too_few_labels_make_no_calibration() -> None:
    assert fit_tallies(count([(1.0, True)] * 99)) is None and fit_tallies({}) is None
    curve = fit_tallies(count([(0.97, True)] * 90 + [(0.97, False)] * 10))
    assert curve is not None and curve(1.0) == pytest.approx(0.9, abs=0.02)


def test_impossible_judges_are_refused() -> None:
    for weight, samples in ((-1.0, 1), (float("nan"), 1), (float("inf"), 1), (1.0, 0), (1.0, 33)):
        with pytest.raises(ValueError, match="weight"):
            Judge(DIALECT, weight=weight, samples=samples)


async def test_empty_panels_and_tournaments_are_refused() -> None:
    ask, _, _ = asked(lambda request: "Yes")
    with pytest.raises(ValueError, match="at least one judge"):
        await panel(TASK, SOLUTION, ask, [])
    with pytest.raises(ValueError, match="solutions and entrants"):
        await knockout(TASK, [], ask, Judge(DIALECT))


# -- two answers -----------------------------------------------------------------------------------


def prefers(better: Callable[[str, str], bool]) -> Script:
    """Return a model that says A if `better` likes the answer shown first."""

    def script(request: ModelRequest) -> str:
        first, second = (part.split("\n")[1] for part in re.split(r"Solution [AB]:", user_text(request))[1:])
        return "A" if better(first, second) else "B"

    return script


async def test_a_liking_for_the_first_place_is_a_tie() -> None:
    ask, models, _ = asked(lambda request: "A")
    found = await preference(TASK, SOLUTION, Solution(answer="4 km"), ask, Judge(DIALECT))
    assert (found.p, found.consistent) == (0.5, False)
    assert len(models.requests) == 2


async def test_a_preference_in_both_orders_counts() -> None:
    ask, _, _ = asked(prefers(lambda first, second: len(first) > len(second)))
    found = await preference(TASK, SOLUTION, Solution(answer="4 km"), ask, Judge(DIALECT))
    assert (found.p, found.consistent) == (1.0, True)
    ask, _, _ = asked(lambda request: "neither")
    unknown = await preference(TASK, SOLUTION, Solution(answer="4 km"), ask, Judge(DIALECT))
    assert (unknown.p, unknown.consistent) == (None, False)


# -- knockout --------------------------------------------------------------------------------------


def numbers(*answers: int) -> list[Solution]:
    return [Solution(answer=str(answer)) for answer in answers]


async def test_the_best_wins_with_two_calls_a_match() -> None:
    ask, models, _ = asked(prefers(lambda first, second: int(first) > int(second)))
    found = await knockout(TASK, numbers(3, 1, 9, 9, 4, 7), ask, Judge(DIALECT))
    assert found.winner.answer == "9"
    assert len(found.matches) == 4 and len(models.requests) == 8


async def test_equal_answers_enter_once_by_their_likeliest_solution() -> None:
    ask, models, _ = asked(lambda request: "A")
    drawn = [
        Solution(answer="0.5", logprob=-2.0),
        Solution(answer="1/2", logprob=-0.5),
        Solution(answer="1/2"),
    ]
    found = await knockout(TASK, drawn, ask, Judge(DIALECT))
    assert found.winner.logprob == -0.5 and found.matches == () and models.requests == []


async def test_without_a_preference_the_more_frequent_answer_wins() -> None:
    for said in ("A", "B", "neither"):
        ask, _, _ = asked(lambda request, said=said: said)  # type: ignore[misc]
        found = await knockout(TASK, numbers(1, 2, 3, 3), ask, Judge(DIALECT))
        assert found.winner.answer == "3"


async def test_only_so_many_answers_enter() -> None:
    ask, models, _ = asked(prefers(lambda first, second: int(first) > int(second)))
    found = await knockout(TASK, numbers(1, 1, 2, 2, 99), ask, Judge(DIALECT), entrants=2)
    assert found.winner.answer == "2" and len(models.requests) == 2


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 99), min_size=1, max_size=9))
async def test_a_consistent_judge_finds_the_best_of_any_number(answers: list[int]) -> None:
    ask, models, _ = asked(prefers(lambda first, second: int(first) > int(second)))
    found = await knockout(TASK, numbers(*answers), ask, Judge(DIALECT), entrants=9)
    assert found.winner.answer == str(max(answers))
    assert len(models.requests) == 2 * (len(set(answers)) - 1)


async def test_a_spent_budget_is_not_hidden() -> None:
    ask, _, _ = asked(lambda request: "A", budget=Budget(calls=1))
    with pytest.raises(BudgetExceeded):
        await knockout(TASK, numbers(1, 2), ask, Judge(DIALECT))
