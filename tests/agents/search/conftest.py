"""A strategy over the scripted player, with everything around it that a run has."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from agot.agents.assessor import Assessor
from agot.agents.context import Crew, Thought
from agot.agents.dialects.compact import CompactDialect
from agot.agents.dialects.standard import StandardDialect
from agot.agents.planner import Planner
from agot.agents.selector import Selector
from agot.agents.strategies.registry import STRATEGIES
from agot.agents.tries import Try
from agot.agents.verifier import VerifierAgent
from agot.budget import Budget, Meter
from agot.engine.caller import Caller, CallRoom
from agot.events import AnyEvent, EventStream
from agot.ids import ROOT, RunId
from agot.journal import Journal
from agot.models.structured import SchemaMemory
from agot.protocols import Assessed, Dialect
from agot.settings import EngineSettings, SearchSettings
from agot.thought import Solution, Task
from tests.agents.search.puzzle import QUESTION, play
from tests.scripted import Script, ScriptedModels


@dataclass
class Stage:
    """One strategy ready to run.

    Attributes:
        candidates: What was handed out as the best so far, in order.
    """

    models: ScriptedModels
    try_: Try
    meter: Meter
    task: Task
    events: list[AnyEvent] = field(default_factory=list)
    candidates: list[Assessed] = field(default_factory=list)

    async def run(self, strategy: str) -> Solution:
        found = await STRATEGIES.get(strategy)(self.task, replace(self.try_, name=strategy))
        return found if found.strategy else found.model_copy(update={"strategy": strategy})

    def of(self, kind: str) -> list[AnyEvent]:
        return [event for event in self.events if event.kind == kind]

    def tree(self) -> list[str]:
        """Return the search as lines: number, parent, value, visits, text; pruned and chosen nodes are marked."""
        visits = {(e.search, e.node): (e.visits, e.value) for e in self.of("search_node_visited")}
        pruned = {(e.search, e.node) for e in self.of("search_pruned")}
        chosen = {(e.search, node) for e in self.of("search_finished") for node in e.path}
        lines = []
        for event in self.of("search_node_added"):
            key = event.search, event.node
            count, mean = visits.get(key, (0, 0.0))
            marks = (
                ("-" if key in pruned else "") + ("*" if key in chosen else "") + ("." if event.done else "")
            )
            value = "" if event.value is None else f"{event.value:.2f}"
            text = event.text.replace("\n", " | ")
            lines.append(
                f"{event.search}:{event.node}<{event.parent} v={value} n={count} m={mean:.2f} {marks} {text}"
            )
        return lines


Staged = Callable[..., Stage]


async def unsplit(task: Task, plan: object) -> None:
    raise AssertionError("a strategy splits nothing")


@pytest.fixture
def stage() -> Staged:
    def build(
        script: Script = play, *, question: str = QUESTION, budget: Budget | None = None, seed: int = 0,
        delay_s: float = 0.0, samples: int = 8, journal: Journal | None = None, standard: bool = False, **search: object,
    ) -> Stage:  # fmt: skip
        models = ScriptedModels(script, delay_s=delay_s, dialect="standard" if standard else "compact", temperature=0.8)
        dialect: Dialect = StandardDialect(SchemaMemory(), most_thoughts=4) if standard else CompactDialect()
        stream = EventStream(RunId("test"), time.time)
        events: list[AnyEvent] = []
        stream.add_sink(events.append)
        meter = Meter(budget or Budget(), time.monotonic)
        journal = journal or Journal(RunId("test"), None, clock=time.time)
        room = CallRoom(models, journal, stream.emit, retries=lambda role: 0, seed=seed)
        ask, task, verifier = Caller(room, meter, ROOT), Task(question=question), VerifierAgent()
        candidates: list[Assessed] = []
        assessor = Assessor(
            task, ask, verifier, lambda role: dialect, stream.emit, candidates.append
        )
        crew = Crew(
            EngineSettings(), lambda role: dialect, Planner(most_thoughts=4, retries=0), verifier, STRATEGIES, Selector(None, ()),
            search=SearchSettings.model_validate(search), seed=seed,
        )  # fmt: skip
        thought = Thought(crew, task, ask, stream.emit, assessor, expand=unsplit, left=meter.left)
        return Stage(models, Try(thought, "", "fast", samples, Random(seed)), meter, task, events, candidates)

    return build
