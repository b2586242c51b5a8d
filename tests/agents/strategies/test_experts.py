"""Experts, through a whole run: who is recruited, who writes, what is saved, and what later runs learn of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agot.budget import Budget
from agot.errors import ModelUnauthorised, ModelUnreachable, SetupError
from agot.events import AnyEvent
from agot.ids import RunId
from agot.protocols import ModelProfile, ModelRequest
from agot.reasoner import Reasoner
from agot.settings import RoleSettings, Settings
from agot.stores.database import SqlStore
from agot.thought import Result
from tests.scripted import ScriptedModels

OPEN, SUM = "Who wrote it?", "What is 17 + 4?"


class SeveralModels(ScriptedModels):
    """A model of its own behind each role."""

    def profile(self, role: str) -> ModelProfile:
        return super().profile(role).model_copy(update={"model": f"scripted/{role}"})

    def asked(self) -> list[str]:
        return [f"{request.role} {request.purpose}" for request in self.requests]


def scripted(
    answers: dict[str, str | Exception], *, written: str | Exception = "Ann", judge: str = "Yes"
) -> SeveralModels:
    """Return models of which each expert gives its answer; others answer "Nobody"."""

    def reply(request: ModelRequest) -> str | Exception:
        if request.purpose == "judge":
            return judge
        said = written if request.purpose == "aggregate" else answers.get(request.role, "Nobody")
        return said if isinstance(said, Exception) else f"1. so it is\nAnswer: {said}"

    return SeveralModels(reply, dialect="standard", delay_s=0.02)


def chosen(*names: str, url: str = "sqlite://", **changes: Any) -> Settings:
    experts = {name: RoleSettings(model=f"scripted/{name}", retries=0) for name in names}
    fast = RoleSettings(model="scripted/fast", retries=0)
    return Settings.model_validate({
        "roles": {"fast": fast}, "experts": experts, "database_url": url, **changes,
    })  # fmt: skip


async def ask(
    models: SeveralModels, settings: Settings, question: str = OPEN, *, strategy: str = "experts", **how: Any
) -> tuple[Result, list[AnyEvent]]:
    events: list[AnyEvent] = []
    async with Reasoner(settings, models=models) as reasoner:
        result = await reasoner.ask(question, strategy=strategy, on_event=events.append, **how)
    return result, events


def whys(events: list[AnyEvent]) -> list[str]:
    return [event.why for event in events if event.kind == "strategy_chosen"]


async def test_agreeing_experts_save_the_last_call() -> None:
    models = scripted({"a": "Ann", "b": "ann", "c": "Ann."})
    result, events = await ask(models, chosen("a", "b", "c"))
    assert (result.status, result.strategy) == ("answered", "experts") and result.answer.rstrip(
        "."
    ).lower() == "ann"
    assert Counter(models.asked()) == {"a solve": 1, "b solve": 1, "c solve": 1}
    assert models.most_at_once == 3
    assert whys(events)[1] == (
        "recruited the best of 3 for facts, commonsense: a (scripted/a) 1.00, b (scripted/b) 1.00, c (scripted/c) 1.00"
    )


async def test_the_strongest_puts_different_answers_together() -> None:
    models = scripted({"a": "Bob", "b": "Cleo", "c": "Dan"}, written="Ann")
    result, _ = await ask(models, chosen("a", "b", "c"))
    assert (result.answer, result.strategy) == ("Ann", "experts")
    assert models.asked()[3] == "a aggregate"
    shown = models.requests[3].messages[-1].content
    assert all(name in shown for name in ("Bob", "Cleo", "Dan"))


async def test_a_proven_answer_needs_nobody_else() -> None:
    models = scripted({"a": "22", "b": "21", "c": "23"})
    result, _ = await ask(models, chosen("a", "b", "c"), SUM)
    assert (result.status, result.answer) == ("answered", "21")
    assert sorted(models.asked()) == ["a solve", "b solve", "c solve"]


async def test_refuted_answers_are_not_put_together_unless_all_are() -> None:
    some = scripted({"a": "Bob", "b": "Cleo", "c": "22"}, written="21")
    result, _ = await ask(some, chosen("a", "b", "c"), SUM)
    shown = next(request for request in some.requests if request.purpose == "aggregate").messages[-1].content
    assert result.answer == "21" and "Cleo" in shown and "22" not in shown
    every = scripted({"a": "22", "b": "23", "c": "24"}, written="21")
    result, _ = await ask(every, chosen("a", "b", "c"), SUM)
    shown = next(request for request in every.requests if request.purpose == "aggregate").messages[-1].content
    assert result.answer == "21" and all(answer in shown for answer in ("22", "23", "24"))


async def test_only_so_many_are_recruited() -> None:
    models = scripted(dict.fromkeys("abcd", "Ann"))
    await ask(models, chosen(*"abcd", search={"recruits": 2}))
    assert [name for name in models.asked() if "solve" in name] == ["b solve", "a solve"]
    alone = scripted(dict.fromkeys("abcd", "Ann"))
    result, _ = await ask(alone, chosen(*"abcd", search={"recruits": 1}))
    assert [name for name in alone.asked() if "solve" in name] == ["a solve"]
    assert result.answer == "Ann"


# -- what goes wrong -------------------------------------------------------------------------------


async def test_an_expert_that_fails_is_left_out_and_does_not_write() -> None:
    models = scripted({"a": ModelUnreachable("down", model="a"), "b": "Bob", "c": "Cleo"}, written="Ann")
    result, events = await ask(models, chosen("a", "b", "c"))
    assert result.answer == "Ann" and "b aggregate" in models.asked()
    assert any("'a' gave no answer" in event.text for event in events if event.kind == "notice")


async def test_without_any_answer_the_fault_is_told() -> None:
    models = scripted(dict.fromkeys("ab", ModelUnreachable("all down", model="x")))
    result, _ = await ask(models, chosen("a", "b"))
    assert (result.status, result.error) == ("failed", "ModelUnreachable") and "all down" in result.reason


async def test_a_refused_key_ends_the_run() -> None:
    models = scripted({"a": ModelUnauthorised("bad key", model="a"), "b": "Bob"})
    result, _ = await ask(models, chosen("a", "b"))
    assert (result.status, result.error) == ("failed", "ModelUnauthorised")


async def test_if_nobody_can_put_them_together_the_answers_are_voted_on() -> None:
    answers: dict[str, str | Exception] = {"a": "Bob", "b": "Ann", "c": "Ann"}
    models = scripted(answers, written=ModelUnreachable("gone", model="a"))
    result, events = await ask(models, chosen("a", "b", "c"))
    assert (result.status, result.answer) == ("answered", "Ann")
    assert any("voted on" in event.text for event in events if event.kind == "notice")


@pytest.mark.parametrize("calls", [1, 2, 3])
async def test_a_limit_chooses_among_the_answers_there_are(calls: int) -> None:
    models = scripted({"a": "Bob", "b": "Cleo", "c": "Dan"})
    result, events = await ask(models, chosen("a", "b", "c"), budget=Budget(calls=calls))
    assert result.status == "answered" and result.answer in ("Bob", "Cleo", "Dan")
    assert len(models.requests) == result.usage.calls == calls
    assert any(event.kind == "limit_fired" for event in events)


@pytest.mark.parametrize(
    "how", [{"strategy": "experts"}, {"engine": {"ladder": ["experts"]}, "strategy": "auto"}]
)
async def test_fewer_than_two_models_are_refused_before_anything_is_asked(how: dict[str, Any]) -> None:
    strategy = how.pop("strategy")
    same = {name: RoleSettings(model="scripted/a") for name in ("one", "two")}
    for settings in (chosen(**how), chosen("a", **how), chosen(**how).model_copy(update={"experts": same})):
        models = scripted({})
        with pytest.raises(SetupError, match=r"two or more different models, got [01].*\[experts.NAME\]"):
            await ask(models, settings, strategy=strategy)
        assert models.requests == []


# -- auto ------------------------------------------------------------------------------------------


async def test_auto_asks_the_experts_after_the_first_doubt() -> None:
    models = scripted({"fast": "22", "a": "21", "b": "21"})
    result, events = await ask(models, chosen("a", "b", budget={"depth": 0}), SUM, strategy="auto")
    assert (result.status, result.answer, result.strategy) == ("answered", "21", "experts")
    assert models.asked()[0] == "fast solve" and sorted(models.asked()[1:]) == ["a solve", "b solve"]
    assert whys(events)[1] == "other models may know what this one does not"


async def test_auto_keeps_the_place_that_the_ladder_gives_them() -> None:
    models = scripted({"fast": "22", "a": "21", "b": "21"})
    settings = chosen("a", "b", budget={"depth": 0}, engine={"ladder": ["direct", "experts"]})
    _, events = await ask(models, settings, SUM, strategy="auto")
    told = [event.strategy for event in events if event.kind == "strategy_chosen"]
    assert told[:2] == ["think", "direct"]


async def test_auto_does_without_experts_where_there_are_none() -> None:
    models = scripted({"fast": "22"})
    await ask(models, chosen("a", budget={"depth": 0}), SUM, strategy="auto")
    assert not any(name.startswith("a ") for name in models.asked())


# -- lessons ---------------------------------------------------------------------------------------


async def profiles(url: str) -> dict[str, tuple[int, float]]:
    """Return tries and right answers by model, on one skill of the sums."""
    async with await SqlStore.open(url) as store:
        await store.begin_run(
            RunId("looking"), question="?", model="m", strategy="auto", seed=0, settings_json="{}"
        )
        learnt = store.learnt(RunId("looking"))
        found = await learnt.tallies("skill", "arithmetic")
        assert await learnt.tallies("skill", "any") == await learnt.tallies("skill", "procedures") == found
        return {model: (tally.n, tally.reward_sum) for model, tally in found.items()}


async def test_who_was_right_is_recruited_next_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    settings = chosen("a", "b", "c", url=url, search={"recruits": 2})
    answers: dict[str, str | Exception] = {"a": "22", "b": "21", "c": "21"}
    await ask(scripted(answers), settings, SUM)
    later = scripted(answers)
    _, events = await ask(later, settings, SUM)
    assert sorted(later.asked()) == ["b solve", "c solve"]
    assert whys(events)[1].startswith(
        "recruited the best of 3 for arithmetic, procedures: b (scripted/b) 1.78, c"
    )
    assert await profiles(url) == {"scripted/a": (1, 0.0), "scripted/b": (2, 2.0), "scripted/c": (1, 1.0)}


async def test_the_strongest_of_earlier_runs_writes(tmp_path: Path) -> None:
    settings = chosen("a", "b", url=f"sqlite:///{tmp_path / 'a.db'}")
    await ask(scripted({"a": "22", "b": "21"}), settings, SUM)
    later = scripted({"a": "Bob", "b": "Ann"})
    await ask(later, settings)
    assert "b aggregate" in later.asked()


async def test_with_learning_off_nothing_is_taught(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    await ask(scripted({"a": "22", "b": "21"}), chosen("a", "b", url=url, engine={"learn": False}), SUM)
    assert await profiles(url) == {}


# -- killed and resumed ----------------------------------------------------------------------------


def hanging(answers: dict[str, str | Exception], at: str) -> SeveralModels:
    """Return the same models with one call that never comes back."""
    usual = scripted(answers)

    async def reply(request: ModelRequest) -> str:
        if f"{request.role} {request.purpose}" == at:
            await asyncio.Event().wait()
        return (await usual.complete(request, timeout_s=None, on_text=None)).completions[0].text

    return SeveralModels(reply, dialect="standard")


@pytest.mark.parametrize(("at", "paid"), [("c solve", 2), ("a aggregate", 3)])
async def test_a_killed_run_goes_on_without_repeating_a_call(tmp_path: Path, at: str, paid: int) -> None:
    settings = chosen("a", "b", "c", url=f"sqlite:///{tmp_path / 'a.db'}")
    answers: dict[str, str | Exception] = {"a": "Bob", "b": "Cleo", "c": "Dan"}
    events: list[AnyEvent] = []
    reached = asyncio.Event()

    def on_event(event: AnyEvent) -> None:
        events.append(event)
        if sum(one.kind == "call_finished" for one in events) == paid:
            reached.set()

    killed = hanging(answers, at)
    async with Reasoner(settings, models=killed) as reasoner:
        asking = asyncio.create_task(reasoner.ask(OPEN, strategy="experts", on_event=on_event))
        await asyncio.wait_for(reached.wait(), 20)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    again = scripted(answers)
    async with Reasoner(settings, models=again) as reasoner:
        result = await reasoner.resume(events[0].run_id)
    assert (result.status, result.answer) == ("answered", "Ann")
    needed = ["a solve", "b solve", "c solve", "a aggregate"]
    assert again.asked() == needed[paid:]


async def test_a_resumed_run_recruits_as_it_did_before(tmp_path: Path) -> None:
    settings = chosen("a", "b", "c", url=f"sqlite:///{tmp_path / 'a.db'}", search={"recruits": 2})
    answers: dict[str, str | Exception] = {"a": "22", "b": "21", "c": "21"}
    async with Reasoner(settings, models=scripted(answers)) as reasoner:
        first = await reasoner.ask(SUM, strategy="experts")
        await reasoner.ask(SUM, strategy="experts")
    again = scripted(answers)
    async with Reasoner(settings, models=again) as reasoner:
        result = await reasoner.resume(first.run_id, again=True)
    assert (result.answer, again.requests) == (first.answer, [])
