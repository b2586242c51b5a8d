"""One run at work: the engine under its deadline, interruption, and what is said at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from agot.agents.context import Outcome
from agot.agents.trust import Standing, trusted
from agot.budget import Meter
from agot.engine.engine import Engine
from agot.errors import AgotError, BudgetExceeded, LeaseLost
from agot.events import EventStream, LimitFired, RunFinished, RunStarted
from agot.ids import ROOT, RunId
from agot.memory.evidence import place_of
from agot.question import split_form, split_material
from agot.settings import Settings
from agot.thought import Result, RunStatus, ThoughtStatus, Verdict

PARTIAL = "partial"
"""Strategy of a result whose answer is that of a part, because nothing answered the question itself."""


@dataclass(slots=True, eq=False)
class Run:
    """One question with its engine.

    Attributes:
        model: Model of the fast role, for the result.
        prepare: Loads what the first call would wait for, before the limit on seconds begins; None for nothing.
        task: What is at work, once `finish` was called.
    """

    id: RunId
    question: str
    settings: Settings
    stream: EventStream
    meter: Meter
    engine: Engine
    model: str
    prepare: Callable[[], Coroutine[Any, Any, None]] | None = None
    task: asyncio.Task[Any] | None = None
    stop_asked: bool = False
    lost: LeaseLost | None = None

    def interrupt(self) -> None:
        """Stop now; `finish` then returns the best partial answer."""
        self.stop_asked = True
        if self.task is not None:
            self.task.cancel()

    def lose(self, lost: LeaseLost) -> None:
        """Stop now, because another process does the run; `finish` then returns it as failed."""
        self.lost = lost
        if self.task is not None:
            self.task.cancel()

    async def finish(self) -> Result:
        """Let the engine work until it ends, a limit fires or a person stops it; then say how it went.

        Faults do not raise; only the cancellation of the caller itself does, after the run was concluded.
        """
        seconds = self.meter.budget.seconds
        self.stream.emit(RunStarted(
            question=self.question, model=self.model, strategy=self.settings.engine.strategy,
            seed=self.settings.seed, limits=self.settings.budget.model_dump(),
        ))  # fmt: skip
        try:
            await self._prepared()
            asked, form = split_form(self.question)
            self.task = task = asyncio.create_task(self.engine.run(*split_material(asked), form))
            if self.stop_asked or self.lost is not None:
                task.cancel()
            await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            if self.task is not None:
                await _cancelled(self.task)
            self._conclude("interrupted", None, reason="The run was cancelled.", error="Interrupted")
            raise
        if self.lost is not None:
            await _cancelled(task)
            return self._conclude("failed", None, reason=str(self.lost), error=type(self.lost).__name__)
        if not task.done():
            await _cancelled(task)
            return self._stopped(BudgetExceeded("seconds", self.meter.usage.wall_s, seconds or 0.0))
        try:
            return self._ended(task.result())
        except asyncio.CancelledError:
            return self._conclude("interrupted", None, reason="Stopped on request.", error="Interrupted")
        except BudgetExceeded as fired:
            return self._stopped(fired)
        except AgotError as error:
            return self._conclude("failed", None, reason=str(error), error=type(error).__name__)

    async def _prepared(self) -> None:
        """Load what calls need, then let the time begin; whoever stops the run does not wait for it."""
        if self.prepare is None or self.stop_asked:
            return
        self.task = loading = asyncio.create_task(self.prepare())
        try:
            await asyncio.wait({loading})
        finally:
            loading.cancel()
        self.meter.restart()

    def _stopped(self, fired: BudgetExceeded) -> Result:
        self.stream.emit(
            LimitFired(
                thought=ROOT, limit=fired.kind, used=fired.used, allowed=fired.limit, effect="the run ended"
            )
        )
        reason = str(fired)
        if not fired.scope and self.meter.budget != self.settings.budget:
            reason += " Nobody set it: it is the default for this effort. Any limit of your own, or more effort, replaces it."
        return self._conclude("budget", None, reason=reason, error=type(fired).__name__, limit=fired.kind)

    def _ended(self, outcome: Outcome) -> Result:
        if outcome.status is ThoughtStatus.DONE:
            return self._conclude("answered", outcome, reason=outcome.reason)
        if outcome.status is ThoughtStatus.ABSTAINED:
            return self._conclude("abstained", outcome, reason=outcome.reason)
        faults = self.engine.faults
        fault = faults.get(ROOT) or next(iter(faults.values()), None)
        error = type(fault).__name__ if fault is not None else "OutputError"
        return self._conclude("failed", outcome, reason=outcome.reason or str(fault or ""), error=error)

    def _conclude(
        self, status: RunStatus, outcome: Outcome | None, *, reason: str, error: str = "", limit: str = ""
    ) -> Result:
        tried = outcome.best if outcome is not None and status == "answered" else None
        partial = None
        if status in ("budget", "interrupted", "failed"):
            tried, partial = self.engine.partial()
        best = tried if outcome is None or tried is not None else outcome.best
        standing = trusted(best)
        candidate = best.solution.answer if best is not None else ""
        answer, strategy = "", ""
        confidence: float | None = None
        verdicts: tuple[Verdict, ...] = ()
        if tried is not None:
            answer, strategy, verdicts = tried.solution.answer, tried.solution.strategy, tried.verdicts
            confidence = tried.reward if tried.reward is not None else tried.solution.confidence
        elif partial is not None:
            answer, strategy, confidence = partial.answer, PARTIAL, partial.reward
            standing = Standing("doubtful", "it answers a part of the question only")
            candidate = answer
            reason = f"{reason} The answer is that of a part: {partial.question}".strip()
        usage = self.meter.usage
        evidence = self.engine.evidence
        citations = (
            tuple(place_of(one) for one in evidence.cited(answer)) if evidence is not None and answer else ()
        )
        self.stream.emit(RunFinished(
            status=status, answer=answer, trust=standing.trust, trust_reason=standing.reason, candidate=candidate,
            confidence=confidence, strategy=strategy, verdicts=verdicts, usage=usage, reason=reason, error=error,
            limit=limit, citations=citations,
        ))  # fmt: skip
        return Result(
            run_id=self.id, question=self.question, status=status, answer=answer, trust=standing.trust,
            trust_reason=standing.reason, candidate=candidate, confidence=confidence, strategy=strategy,
            verdicts=verdicts, usage=usage, model=self.model, reason=reason, error=error, limit=limit,
            citations=citations, graph=self.engine.graph.nx,
        )  # fmt: skip


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
