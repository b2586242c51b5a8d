"""Recursive Adaptive Graph of Thoughts over one run.

Every thought, the question itself included, goes through the same workflow; a thought that is split
becomes a nested graph run by this same engine under a share of the budget. Each thought of a graph
starts the moment its parents are done.

Source: Pandey et al. 2025, "Adaptive Graph of Thoughts", arXiv 2502.05078. Differences to the
published code: edges inside a layer, no layer barrier (it stays as `mode="layered"`), "answer or
expand" in one call, budgets, verification, resume.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from agot.agents.assessor import Assessor
from agot.agents.context import Crew, Outcome, Thought
from agot.agents.planner import AcceptedPlan
from agot.agents.repair import REFERENCE, repair, state_question
from agot.agents.synthesizer import from_final, synthesize
from agot.agents.trust import trusted
from agot.agents.workflow import ABSTAIN, solve_thought
from agot.budget import Meter
from agot.engine.caller import Caller, CallRoom
from agot.engine.form import formed
from agot.engine.graph import PlacedThought, ThoughtGraph
from agot.engine.scheduler import run_ready
from agot.errors import AgotError, BudgetExceeded, Interrupted, ModelUnauthorised
from agot.events import (
    AnyEvent,
    LimitFired,
    Notice,
    PlanProposed,
    PlanRejected,
    ThoughtFinished,
    ThoughtStarted,
)
from agot.ids import ROOT, ThoughtId, final_id
from agot.memory.evidence import Evidence
from agot.protocols import Assessed, Message, ModelRequest
from agot.thought import Finding, Plan, Solution, Task, ThoughtStatus

LEAST_FOR_PLAN = 5
"""Tokens left, in those of the question, under which it is not planned: the plan reads it and writes it again in parts,
and the parts too are read and written about."""


class Engine:
    """Solves one run's question.

    Attributes:
        graph: All thoughts of the run, usable at any moment, also after the run was cancelled.
        faults: The last error of each failed thought.
        evidence: Gives thoughts what is remembered; None where nothing is. The embedded model, which reads no passages,
            is given none.
        unable: Some thought asked for a plan and got none that was usable.
    """

    def __init__(
        self,
        crew: Crew,
        room: CallRoom,
        meter: Meter,
        emit: Callable[[AnyEvent], None],
    ) -> None:
        self._crew, self._room, self._meter, self._emit = crew, room, meter, emit
        self._settings = crew.settings
        self.unable = False
        self.graph = ThoughtGraph(emit)
        self.faults: dict[ThoughtId, AgotError] = {}
        self.evidence: Evidence | None = None
        self._tried: dict[ThoughtId, dict[tuple[str, tuple[str, ...]], Assessed]] = {}

    async def run(self, question: str, material: str = "", form: Mapping[str, Any] | None = None) -> Outcome:
        """Solve the question.

        Args:
            form: JSON schema that the answer has to fit, None for none.

        Raises:
            BudgetExceeded: If a limit of the run fired; `partial` tells what was reached.
            ModelUnauthorised: At once, since every further call would fail alike.
        """
        self.graph.add_root(question)
        self._meter.admit_thoughts(1)
        outcome = await self._thought(
            Task(question=question, material=material, overall=question), self._meter
        )
        if form is None:
            return outcome
        ask = Caller(self._room, self._meter, ROOT)
        room = ask.profile("fast").max_tokens
        return await formed(outcome, question, material, form, ask, max_tokens=room)

    async def teach(self) -> None:
        """Keep what the thoughts of this run taught the selection agent.

        Raises:
            StoreError: If it could not be kept.
        """
        await self._crew.selector.teach()

    # -- one thought -----------------------------------------------------------------------------

    async def _thought(self, task: Task, meter: Meter) -> Outcome:
        """Solve one thought and record how it ended. Only what must end the whole run is raised."""
        thought = task.thought
        self._emit(ThoughtStarted(thought=thought, question=task.question))
        self.graph.update(thought, status=ThoughtStatus.RUNNING, question=task.question)
        try:
            if self.evidence is not None and self._crew.dialect("fast").name != "compact":
                task = await self.evidence.add(task)
            state = await solve_thought(self._at_work(task, meter), may_expand=self._may_expand(task, meter))
            if state.outcome is None:
                raise RuntimeError("the workflow of a thought ended without an outcome")
            outcome = state.outcome
            self.unable = self.unable or state.unable
        except (BudgetExceeded, Interrupted, asyncio.CancelledError) as stopped:
            self._finish(
                task,
                Outcome(ThoughtStatus.SKIPPED, self._best(thought), str(stopped) or "cancelled"),
            )
            raise
        except AgotError as error:
            self.faults[thought] = error
            outcome = Outcome(ThoughtStatus.FAILED, reason=str(error))
            self._finish(task, outcome)
            if isinstance(error, ModelUnauthorised):
                raise
            return outcome
        except Exception as error:  # noqa: BLE001
            # The boundary at which any fault becomes a failed thought: its siblings go on.
            self.faults[thought] = fault = AgotError(f"{type(error).__name__}: {error}")
            fault.__cause__ = error
            self._emit(
                Notice(level="warning", text=f"Thought {thought} failed by a fault of the program: {fault}")
            )
            outcome = Outcome(ThoughtStatus.FAILED, reason=str(fault))
        self._finish(task, outcome)
        return outcome

    def _at_work(self, task: Task, meter: Meter) -> Thought:
        async def expand(split: Task, accepted: AcceptedPlan) -> Solution | None:
            return await self._expand(split, accepted, meter)

        crew, ask = self._crew, Caller(self._room, meter, task.thought)
        assessor = Assessor(
            task,
            ask,
            crew.verifier,
            crew.dialect,
            self._emit,
            lambda tried: self._keep(task.thought, tried),
            enabled=self._settings.verify,
            judge_final=crew.judge_final or crew.dialect("judge").name == "compact",
        )
        return Thought(
            crew, task, ask, self._emit, assessor, expand, meter.left,
            tools=crew.tools(task.thought) if crew.tools is not None else None,
            programs=crew.programs(task.thought) if crew.programs is not None else None,
        )  # fmt: skip

    def _may_expand(self, task: Task, meter: Meter) -> bool:
        if task.depth >= self._meter.budget.depth or not self._plans():
            return False
        left = meter.left("tokens")
        if left is None:
            return True
        question = ModelRequest(purpose="think", messages=(Message(role="user", content=task.question),))
        return left >= LEAST_FOR_PLAN * self._room.models.estimate_tokens(question)

    def _plans(self) -> bool:
        """Return whether the model is to be offered a plan: an instruct model only if it was seen to plan, or has to."""
        if self._crew.dialect("fast").name == "compact" or self._settings.mode == "layered":
            return True
        return self._crew.plans is True and self._settings.effort != "fast"

    def _finish(self, task: Task, outcome: Outcome) -> None:
        best = outcome.best
        answer = best.solution.answer if best is not None and outcome.status is ThoughtStatus.DONE else ""
        strategy = best.solution.strategy if best is not None else ""
        reward = best.reward if best is not None else None
        standing = trusted(best)
        self.graph.update(
            task.thought,
            status=outcome.status,
            answer=answer,
            strategy=strategy,
            reward=reward,
            trust=standing.trust,
            reason=outcome.reason,
        )
        self._emit(ThoughtFinished(
            thought=task.thought, status=outcome.status, answer=answer, strategy=strategy, reward=reward,
            confidence=best.solution.confidence if best else None, trust=standing.trust,
            trust_reason=standing.reason, reason=outcome.reason,
        ))  # fmt: skip

    # -- a nested graph --------------------------------------------------------------------------

    async def _expand(self, task: Task, accepted: AcceptedPlan, meter: Meter) -> Solution | None:
        """Run the plan of a thought as a nested graph; None if it came to no answer or its share was spent."""
        own = meter if task.thought == ROOT else meter.child(task.thought, self._settings.child_share)
        try:
            return await self._nested(task, accepted, own)
        except BudgetExceeded as fired:
            if fired.scope != task.thought or task.thought == ROOT:
                raise
            self._limit(task.thought, fired, "the nested graph ended; the thought is answered directly")
            return None

    async def _nested(self, task: Task, accepted: AcceptedPlan, meter: Meter) -> Solution | None:
        keys: dict[str, ThoughtId] = {}
        members: list[ThoughtId] = []
        repaired, plan_reward, round_ = accepted.repaired, accepted.reward, 0
        while True:
            plan = repaired.plan
            if not meter.admit_thoughts(len(plan.thoughts)):
                used, allowed = meter.root().thoughts, meter.root().budget.thoughts
                self._emit(LimitFired(
                    thought=task.thought, limit="thoughts", used=used, allowed=allowed,
                    effect=f"a plan of {len(plan.thoughts)} thoughts was not run",
                ))  # fmt: skip
                if round_ == 0:
                    return None
                return await self._synthesize_last(task, members, meter, round_)
            self.graph.announce_repairs(task.thought, repaired)
            self._emit(PlanProposed(
                graph=task.thought, round=round_, count=len(plan.thoughts), rationale=plan.rationale
            ))  # fmt: skip
            placed = self.graph.add_plan(task.thought, round_, plan, keys)
            members += [thought.id for thought in placed]
            final = keys.get(plan.final)
            await self._run(task, placed, keys, final, meter)
            findings = self._findings(members)
            if final is not None:
                answer = self.graph.finding(final)
                return None if answer is None else from_final(answer, findings, plan_reward)
            if not findings:
                return None
            got = await self._synthesize(
                task, findings, meter, may_extend=round_ < self._settings.rounds, round_=round_
            )
            if not isinstance(got, Plan):
                return got
            round_ += 1
            # An extension names the findings 1, 2, ... as they were shown to the synthesizer.
            keys = {str(place): finding.thought for place, finding in enumerate(findings, start=1)}
            repaired, plan_reward = repair(got, known=keys, question=task.question), None
            complaint = self._crew.planner.too_large(repaired.plan)
            if complaint is not None:
                self._emit(PlanRejected(graph=task.thought, feedback=complaint))
                return await self._synthesize_last(task, members, meter, round_)

    async def _run(
        self,
        task: Task,
        placed: list[PlacedThought],
        keys: dict[str, ThoughtId],
        final: ThoughtId | None,
        meter: Meter,
    ) -> None:
        by_id = {thought.id: thought for thought in placed}
        fired: list[BudgetExceeded] = []

        async def work(thought_id: ThoughtId) -> None:
            if fired:
                # Calls in flight are let finish, but nothing new begins once a limit has fired.
                self._skip(thought_id, str(fired[0]))
                return
            try:
                await self._planned(task, by_id[thought_id], keys, meter)
            except BudgetExceeded as error:
                fired.append(error)

        needs = {thought.id: thought.needs for thought in placed}
        left = await run_ready(needs, work, until=final, barrier=self._settings.mode == "layered")
        if fired and (final is None or self.graph.finding(final) is None):
            raise fired[0]
        for thought_id in left:
            if self.graph.status(thought_id) is ThoughtStatus.PENDING:
                self._skip(thought_id, "the answer was found without it")

    async def _planned(
        self, parent: Task, thought: PlacedThought, keys: dict[str, ThoughtId], meter: Meter
    ) -> None:
        findings = [finding for need in thought.needs if (finding := self.graph.finding(need)) is not None]
        by_id = {finding.thought: finding.answer for finding in findings}
        missing = [need for need in thought.needs if need not in by_id]
        if missing:
            self._skip(thought.id, f"it needs the answer of {', '.join(missing)}, which has none")
            return
        answers = {key: by_id[thought_id] for key, thought_id in keys.items() if thought_id in by_id}
        own = REFERENCE.findall(parent.question)
        question = state_question(thought.question, answers, keys.keys() - answers.keys() - set(own))
        if question is None:
            self._skip(thought.id, "it refers to a thought whose answer it cannot use")
            return
        await self._thought(
            Task(
                thought=thought.id, question=question, material=parent.material, findings=tuple(findings),
                overall=parent.overall, depth=parent.depth + 1,
            ),
            meter,
        )  # fmt: skip

    async def _synthesize_last(
        self, task: Task, members: list[ThoughtId], meter: Meter, round_: int
    ) -> Solution | None:
        got = await self._synthesize(task, self._findings(members), meter, may_extend=False, round_=round_)
        return None if isinstance(got, Plan) else got

    async def _synthesize(
        self, task: Task, findings: list[Finding], meter: Meter, *, may_extend: bool, round_: int
    ) -> Solution | Plan:
        thought = final_id(task.thought, round_)
        self.graph.add_final(thought, task.thought, task.question, [finding.thought for finding in findings])
        self._emit(ThoughtStarted(thought=thought, question=task.question))
        ask = Caller(self._room, meter, thought)
        try:
            got = await synthesize(
                task, findings, ask, self._crew.dialect("fast"), role="fast", may_extend=may_extend
            )
        except BaseException as error:
            self._skip(thought, str(error) or "cancelled")
            raise
        answer = "" if isinstance(got, Plan) else got.answer
        status = ThoughtStatus.SKIPPED if isinstance(got, Plan) else ThoughtStatus.DONE
        reason = "more thoughts are needed first" if isinstance(got, Plan) else ""
        self.graph.update(thought, status=status, answer=answer, strategy="synthesis", reason=reason)
        self._emit(
            ThoughtFinished(
                thought=thought, status=status, answer=answer, strategy="synthesis", reason=reason
            )
        )
        return got

    def _findings(self, members: list[ThoughtId]) -> list[Finding]:
        return [finding for thought in members if (finding := self.graph.finding(thought)) is not None]

    def _skip(self, thought: ThoughtId, reason: str) -> None:
        self.graph.update(thought, status=ThoughtStatus.SKIPPED, reason=reason)
        self._emit(ThoughtFinished(thought=thought, status=ThoughtStatus.SKIPPED, reason=reason))

    def _limit(self, thought: ThoughtId, fired: BudgetExceeded, effect: str) -> None:
        self._emit(
            LimitFired(thought=thought, limit=fired.kind, used=fired.used, allowed=fired.limit, effect=effect)
        )

    # -- the best that there is ------------------------------------------------------------------

    def _keep(self, thought: ThoughtId, tried: Assessed) -> None:
        """Remember the latest that is known of a solution."""
        known = self._tried.setdefault(thought, {})
        before = known.pop(key := (tried.solution.answer, tried.solution.steps), None)
        if before is not None and not tried.verdicts:
            tried = before.model_copy(update={"solution": tried.solution})
        known[key] = tried

    def _best(self, thought: ThoughtId) -> Assessed | None:
        """Return the solution of the greatest reward, of equals the latest."""

        def worth(tried: Assessed) -> float:
            # One that nothing is known of is given, as one is of which just enough is known.
            return self._withheld if tried.reward is None else tried.reward

        return max(reversed(self._tried.get(thought, {}).values()), key=worth, default=None)

    @property
    def _withheld(self) -> float:
        return ABSTAIN if self._settings.abstain is None else self._settings.abstain

    def partial(self) -> tuple[Assessed | None, Finding | None]:
        """Return the best of what an ended run reached.

        Returns:
            The best solution of the question itself, if one was tried and not refuted; else the finding that
            stands furthest along the graph, of the least nested graph that has any.
        """
        tried = self._best(ROOT)
        if tried is not None and (tried.reward is None or tried.reward >= self._withheld):
            return tried, None
        found = [
            (-data["depth"], data["layer"], data["reward"] or 0.0, thought)
            for thought, data in self.graph.nx.nodes(data=True)
            if data["status"] is ThoughtStatus.DONE and thought != ROOT
        ]
        return None, self.graph.finding(max(found)[3]) if found else None
