"""Curated prompts: read, checked, locked, chosen, and named in the trace."""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path
from random import Random
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agot.agents.dialects.standard import StandardDialect
from agot.agents.prompts import library
from agot.agents.prompts.choice import LearntPrompts, PromptChoice, choose, prompt_subject
from agot.agents.prompts.library import Prompt, Purpose, default, library_of, prompt_from, variants
from agot.agents.selection.cluster import FAMILIES
from agot.budget import Budget, Meter
from agot.engine.caller import Caller, CallRoom
from agot.errors import SetupError
from agot.events import AnyEvent, CallFinished, CallStarted
from agot.ids import ROOT, RunId, ThoughtId
from agot.journal import Journal
from agot.learning import Outcome, Tally
from agot.models.structured import SchemaMemory
from agot.protocols import CallRecord, Message, ModelRequest
from agot.thought import Task
from tests.agents.conftest import Lessons
from tests.scripted import ScriptedModels

LOCK = Path(__file__).parent / "prompts.lock"
PURPOSES = get_args(Purpose)
EVERY = [prompt for purpose in PURPOSES for prompt in variants(purpose)]


def digest(prompt: Prompt) -> str:
    return hashlib.sha256(prompt.text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("prompt", EVERY, ids=lambda prompt: prompt.id)
def test_no_text_changes_without_a_new_version(prompt: Prompt) -> None:
    locked = dict(line.split() for line in LOCK.read_text().splitlines())
    line = f"{prompt.id} {digest(prompt)}"
    assert locked.get(prompt.id) == digest(prompt), (
        f"{prompt.id} is new, or its text changed: raise its version, and add the line {line!r} to {LOCK.name}"
    )


def test_no_version_is_locked_twice() -> None:
    ids = [line.split()[0] for line in LOCK.read_text().splitlines()]
    assert len(ids) == len(set(ids))


def test_every_purpose_has_a_default() -> None:
    assert all(variants(purpose)[0].variant == "plain" for purpose in PURPOSES)


def test_no_shipped_sentence_is_broken_over_lines() -> None:
    for prompt in EVERY:
        assert not re.search(r"[a-z,]\n[a-z]", prompt.text), prompt.id


@pytest.mark.parametrize("prompt", EVERY, ids=lambda prompt: prompt.id)
def test_every_kind_is_a_family(prompt: Prompt) -> None:
    assert set(prompt.kinds) <= set(FAMILIES)


def test_no_shipped_text_tells_of_tags() -> None:
    for prompt in EVERY:
        assert not re.search(r"</?\w+>", prompt.text), prompt.id


HEAD = '+++\npurpose = "{purpose}"\nvariant = "x"\nversion = 1\nabout = "a"\n+++\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no head", "no head"),
        ("+++\npurpose = \n+++\ntext", "not TOML"),
        (HEAD.format(purpose="dance") + "text", "purpose"),
        (HEAD.format(purpose="chain") + "text", "placeholders"),
        (HEAD.format(purpose="chain") + "{form} {most}", "placeholders"),
        (HEAD.format(purpose="judge") + " \n", "text"),
        (HEAD.format(purpose="judge").replace("= 1", "= 0") + "text", "version"),
        (HEAD.format(purpose="judge").replace("about", "abut") + "text", "ab"),
        (HEAD.format(purpose="judge").replace('"x"', '"X/@"') + "text", "variant"),
    ],
)
def test_a_broken_file_is_refused_with_its_name(text: str, fault: str) -> None:
    with pytest.raises(SetupError, match=rf"place\.md.*{fault}"):
        prompt_from(text, "place.md")


def test_duplicates_and_gaps_are_refused() -> None:
    with pytest.raises(SetupError, match="two prompts chain/plain"):
        library_of([*EVERY, default("chain")])
    with pytest.raises(SetupError, match="no prompt chain/plain"):
        library_of([prompt for prompt in EVERY if prompt != default("chain")])


def test_values_are_filled_in_once() -> None:
    prompt = prompt_from(HEAD.format(purpose="chain") + '{"a": {form}} {}', "x")
    assert prompt.filled(form="{form} {most}", other=1) == '{"a": {form} {most}} {}'


# -- choice ----------------------------------------------------------------------------------------


def variant(purpose: Purpose, name: str, *kinds: str) -> Prompt:
    return default(purpose).model_copy(update={"variant": name, "version": 1, "kinds": kinds})


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ship more than one prompt of some purposes."""
    more = [
        variant("chain", "careful", "arithmetic", "math"),
        variant("chain", "code", "code"),
        variant("step", "careful", "arithmetic", "math"),
        variant("judge", "strict"),
    ]
    assert set(more[0].kinds) <= set(FAMILIES)
    several = library_of([*EVERY, *more])
    monkeypatch.setattr(library, "_library", lambda: several)


CHAIN = default("chain").id


def tally(n: int, mean: float) -> Tally:
    return Tally(n=n, reward_sum=n * mean, reward_max=mean)


@pytest.mark.usefixtures("several")
def test_nothing_known_means_the_default() -> None:
    for seed in range(20):
        choice = choose("chain", "arithmetic", {"chain/gone@9": tally(50, 1.0)}, Random(seed))
        assert choice.prompt == default("chain")
        assert "nothing was tried" in choice.why and "\n" not in choice.why


@pytest.mark.usefixtures("several")
def test_the_better_prompt_wins_once_it_is_known() -> None:
    tallies = {CHAIN: tally(200, 0.3), "chain/careful@1": tally(200, 0.9)}
    chosen = [choose("chain", "arithmetic", tallies, Random(seed)).prompt.variant for seed in range(50)]
    assert set(chosen) == {"careful"}
    # The code variant is meant for other tasks, and so is the careful one here.
    assert choose("chain", "code", tallies, Random(1)).prompt.variant in ("plain", "code")


@pytest.mark.usefixtures("several")
def test_others_are_tried_now_and_then() -> None:
    tallies = {CHAIN: tally(4, 0.5)}
    chosen = [choose("chain", "arithmetic", tallies, Random(seed)).prompt.variant for seed in range(200)]
    assert 5 < chosen.count("careful") < 150


@pytest.mark.usefixtures("several")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(), st.floats(0, 1), st.integers(0, 10_000), st.sampled_from(PURPOSES))
def test_choice_is_fixed_by_the_source_of_randomness(
    seed: int, mean: float, n: int, purpose: Purpose
) -> None:
    tallies = {prompt.id: tally(n, mean) for prompt in variants(purpose)}
    first, second = (choose(purpose, "math", tallies, Random(seed)) for _ in range(2))
    assert first == second
    assert first.prompt.id in first.why


@pytest.mark.usefixtures("several")
async def test_one_try_keeps_its_prompt_and_a_resumed_run_chooses_the_same(lessons: Lessons) -> None:
    told: list[int] = []
    outcome = Outcome(
        kind="prompt", subject=prompt_subject("step", "math"), arm="step/careful@1", thought=ROOT, reward=1.0, n=30
    )  # fmt: skip
    await (await lessons.learnt(RunId("earlier"))).record([outcome])

    async def chosen() -> list[Prompt]:
        picked: list[tuple[Task, PromptChoice]] = []
        pick = LearntPrompts(
            await lessons.learnt(RunId("r")), lambda task: "math", seed=3, on_choice=lambda *one: picked.append(one)
        )
        found = [await pick("step", Task(question=f"{i}?")) for i in range(3)]
        told.append(len(picked))
        return [*found, await pick("plan", Task(question="x"))]

    first = await chosen()
    assert first == await chosen()
    assert len(set(first[:3])) == 1 and told == [1, 1]
    assert first[3] == default("plan")


# -- trace -----------------------------------------------------------------------------------------


class Kept:
    def __init__(self) -> None:
        self.records: dict[str, CallRecord] = {}

    async def load_calls(self, run_id: RunId) -> list[CallRecord]:
        return list(self.records.values())

    async def put_call(self, run_id: RunId, record: CallRecord) -> None:
        self.records[record.key] = record


async def test_the_prompt_is_named_in_events_and_journal() -> None:
    kept, events = Kept(), list[AnyEvent]()

    async def ask_once(earlier: list[CallRecord]) -> None:
        room = CallRoom(
            ScriptedModels(lambda request: "Answer: 7", dialect="standard"),
            Journal(RunId("r"), kept, earlier, clock=time.time), events.append, lambda role: 0, seed=0,
        )  # fmt: skip
        ask = Caller(room, Meter(Budget(), time.monotonic), ThoughtId(ROOT))
        dialect = StandardDialect(SchemaMemory(), most_thoughts=4)
        await dialect.solve(ask, Task(question="3 + 4?"), role="fast", mode="chain", n=1, temperature=0.0)

    await ask_once([])
    (record,) = kept.records.values()
    assert f'"prompt":"{CHAIN}"' in record.request
    await ask_once([record])
    named = [event.prompt for event in events if isinstance(event, CallStarted | CallFinished)]
    assert named == [CHAIN] * 3
    assert isinstance(events[-1], CallFinished) and events[-1].replayed


async def test_calls_without_a_prompt_keep_their_keys() -> None:
    kept = Kept()
    room = CallRoom(
        ScriptedModels(lambda request: "x"), Journal(RunId("r"), kept, clock=time.time), lambda event: None,
        lambda role: 0, seed=0,
    )  # fmt: skip
    ask = Caller(room, Meter(Budget(), time.monotonic), ThoughtId(ROOT))
    await ask(ModelRequest(purpose="solve", messages=(Message(role="user", content="hi"),)))
    (record,) = kept.records.values()
    assert '"prompt"' not in record.request
