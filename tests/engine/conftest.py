"""An engine over a scripted model, without a store."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from agot.agents.context import Crew, Outcome
from agot.agents.dialects.compact import CompactDialect
from agot.agents.planner import Planner
from agot.agents.selector import Selector
from agot.agents.strategies.registry import STRATEGIES
from agot.agents.verifier import VerifierAgent
from agot.budget import Budget, Meter
from agot.engine.caller import CallRoom
from agot.engine.engine import Engine
from agot.events import AnyEvent, EventStream
from agot.ids import RunId
from agot.journal import Journal
from agot.settings import EngineSettings
from tests.scripted import Script, ScriptedModels


@dataclass
class Bench:
    """One engine with everything around it."""

    models: ScriptedModels
    engine: Engine
    meter: Meter
    events: list[AnyEvent] = field(default_factory=list)

    async def run(self, question: str, material: str = "") -> Outcome:
        return await self.engine.run(question, material)

    def of(self, kind: str) -> list[AnyEvent]:
        return [event for event in self.events if event.kind == kind]


@pytest.fixture
def bench() -> Callable[..., Bench]:
    def build(
        script: Script,
        *,
        budget: Budget | None = None,
        delay_s: float = 0.0,
        retries: int = 0,
        **engine: object,
    ) -> Bench:
        models = ScriptedModels(script, delay_s=delay_s)
        settings = EngineSettings.model_validate(engine)
        stream = EventStream(RunId("test"), time.time)
        events: list[AnyEvent] = []
        stream.add_sink(events.append)
        meter = Meter(budget or Budget(), time.monotonic)
        room = CallRoom(
            models,
            Journal(RunId("test"), None, clock=time.time),
            stream.emit,
            retries=lambda role: retries,
            seed=0,
        )
        crew = Crew(
            settings=settings,
            dialect=lambda role: CompactDialect(),
            planner=Planner(most_thoughts=settings.max_plan_thoughts, retries=settings.plan_retries),
            verifier=VerifierAgent(), strategies=STRATEGIES,
            selector=Selector(None, settings.ladder or ("adaptive-best-of-n", "mcts")),
        )  # fmt: skip
        return Bench(models, Engine(crew, room, meter, stream.emit), meter, events)

    return build
