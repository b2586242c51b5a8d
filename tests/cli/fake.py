"""A reasoner that answers by script, and a process in which `agot` uses it.

The question says what happens: `answer X`, `abstain`, `budget KIND`, `fail ERROR`, `setup`, `crash`,
`wait` (until interrupted), `stubborn` (interrupts are ignored), `block` (the loop is blocked), `grow N` (N thoughts, slowly).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any, Self

import networkx as nx

from agot import errors
from agot.budget import Budget
from agot.events import (
    AnyEvent,
    CallFinished,
    CallStarted,
    EventStream,
    PlanProposed,
    RunFinished,
    RunStarted,
    TextStreamed,
    ThoughtAdded,
    ThoughtFinished,
    ThoughtStarted,
    Verified,
)
from agot.ids import ROOT, RunId, ThoughtId
from agot.settings import RoleSettings, Settings
from agot.thought import Result, RunStatus, ThoughtStatus, Usage, Verdict
from agot.tools.tool import Approve

RUN = RunId("01fake0run00000000")
VERDICTS = (Verdict(check="expression", reward=1.0, conclusive=True), Verdict(check="judge", reward=0.93))
REFUTED = Verdict(check="expression", reward=0.0, conclusive=True)
USAGE = Usage(calls=1, prompt_tokens=40, completion_tokens=10)


class FakeReasoner:
    """Implements what the command line uses of `agot.reasoner.Reasoner`."""

    def __init__(self, settings: Settings, approve: Approve | None = None) -> None:
        self.settings = settings
        self._stopped = asyncio.Event()
        self.asked: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return

    def interrupt(self) -> None:
        self._stopped.set()

    async def ask(
        self,
        question: str,
        *,
        strategy: str | None = None,
        budget: Budget | None = None,
        seed: int | None = None,
        on_event: Callable[[AnyEvent], None] | None = None,
        stream_text: bool = False,
    ) -> Result:
        word, _, rest = question.partition(" ")
        self.asked = {"question": question, "strategy": strategy, "budget": budget, "seed": seed}
        if word == "setup":
            raise errors.SetupError(
                "There is no strategy 'guess'. Strategies are: auto, chain, direct, vote."
            )
        if word == "crash":
            raise ValueError("an invariant does not hold")
        stream = EventStream(RUN, time.time)
        if on_event is not None:
            stream.add_sink(on_event)
        stream.emit(RunStarted(
            question=question, model=self.settings.role("fast").model, strategy=strategy or "auto", seed=0,
            limits=self.settings.budget.model_dump(),
        ))  # fmt: skip
        if stream_text:
            stream.emit(TextStreamed(thought=ROOT, purpose="think", text="hm"))
        status, answer, error, limit = await self._work(stream, question, word, rest)
        reason = "" if status == "answered" else f"because of {word}"
        verdicts = VERDICTS if status == "answered" else ()
        stream.emit(
            RunFinished(
                status=status, answer=answer, verdicts=verdicts, reason=reason, error=error, limit=limit
            )
        )
        graph: nx.DiGraph[ThoughtId] = nx.DiGraph()
        graph.add_node(
            ROOT, parent_graph=None, depth=0, layer=0, question=question, strategy="direct", status=ThoughtStatus.DONE,
            answer=answer, reward=1.0, reason="",
        )  # fmt: skip
        graph.add_node(
            ThoughtId("0.0"), parent_graph=ROOT, depth=1, layer=0, question="a part", strategy="chain",
            status=ThoughtStatus.DONE, answer="1", reward=None, reason="",
        )  # fmt: skip
        graph.add_edge(ThoughtId("0.0"), ROOT)
        return Result(
            run_id=RUN, question=question, status=status, answer=answer, confidence=0.9, strategy="direct",
            verdicts=verdicts, usage=USAGE, model=self.settings.role("fast").model, reason=reason, error=error,
            limit=limit, graph=graph,
        )  # fmt: skip

    async def resume(
        self,
        run_id: str,
        *,
        budget: Budget | None = None,
        on_event: Callable[[AnyEvent], None] | None = None,
        roles: dict[str, RoleSettings] | None = None,
        again: bool = False,
    ) -> Result:
        result = await self.ask("answer again", on_event=on_event)
        self.asked = {"run_id": run_id, "budget": budget, "roles": roles, "again": again}
        return result

    async def _work(
        self, stream: EventStream, question: str, word: str, rest: str
    ) -> tuple[RunStatus, str, str, str]:
        stream.emit(ThoughtAdded(thought=ROOT, parent_graph=None, depth=0, layer=0, question=question))
        stream.emit(ThoughtStarted(thought=ROOT, question=question))
        stream.emit(CallStarted(thought=ROOT, call="a", purpose="think", role="fast", model="m"))
        stream.emit(
            CallFinished(thought=ROOT, call="a", purpose="think", model="m", usage=USAGE, latency_ms=1.0)
        )
        if word == "abstain":
            return "abstained", "", "", ""
        if word == "budget":
            return "budget", "partly", "BudgetExceeded", rest
        if word == "fail":
            return "failed", "", rest, ""
        if word == "wait":
            await self._stopped.wait()
            return "interrupted", "partly", "Interrupted", ""
        if word == "stubborn":
            stream.emit(Verified(thought=ROOT, answer="forty", verdict=REFUTED))
            stream.emit(Verified(thought=ROOT, answer="forty-two", verdict=VERDICTS[0]))
            await asyncio.sleep(60)
        if word == "block":
            for _ in range(600):
                time.sleep(0.1)
        if word == "grow":
            await self._grow(stream, int(rest))
        stream.emit(Verified(thought=ROOT, answer=rest, verdict=VERDICTS[0]))
        stream.emit(ThoughtFinished(thought=ROOT, status=ThoughtStatus.DONE, answer=rest, reward=1.0))
        return "answered", rest, "", ""

    async def _grow(self, stream: EventStream, count: int) -> None:
        stream.emit(PlanProposed(graph=ROOT, round=0, count=count))
        names = [ThoughtId(f"0.{index}") for index in range(count)]
        for name in names:
            stream.emit(
                ThoughtAdded(thought=name, parent_graph=ROOT, depth=1, layer=0, question=f"part-{name} of it")
            )
        for name in names:
            stream.emit(ThoughtStarted(thought=name, question=f"part-{name} of it"))
            await asyncio.sleep(0.05)
            stream.emit(
                ThoughtFinished(thought=name, status=ThoughtStatus.DONE, answer=f"value-{name}", reward=1.0)
            )


def install() -> None:
    """Make the command line open fake reasoners."""
    from agot.cli import compose

    compose.open_reasoner = FakeReasoner  # type: ignore[assignment]


def command(*arguments: str) -> list[str]:
    """Return the command line of a process that runs `agot` on a fake reasoner."""
    program = "from tests.cli.fake import install; install(); from agot.cli.main import main; main()"
    return [sys.executable, "-c", program, *arguments]
