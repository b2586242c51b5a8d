"""How one thought is solved: a langgraph StateGraph of three coarse steps, compiled once.

    prepare -> solve -> verify -> accepted | retry | escalate | expand | abstain

langgraph's state holds only what decides the next step; the thought's work is in its context. There
is no checkpointer: the journal makes the thought durable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agot.agents.planner import AcceptedPlan, Planner
from agot.agents.strategies.registry import Registry
from agot.agents.verifier import VerifierAgent, reward_of
from agot.errors import OutputError
from agot.events import AnyEvent, StrategyChosen, ThoughtExpanded, ThoughtRetried, Verified
from agot.protocols import Ask, Dialect
from agot.settings import EngineSettings
from agot.thought import Decline, Plan, Solution, Task, ThoughtStatus, Verdict

Expand = Callable[[Task, AcceptedPlan], Awaitable[Solution | None]]
"""Runs a nested graph; None if it came to no answer."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One solution, what the checks said, and the reward in [0, 1] that follows, None for "cannot tell"."""

    solution: Solution
    verdicts: tuple[Verdict, ...]
    reward: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a thought ended."""

    status: ThoughtStatus
    best: Tried | None = None
    reason: str = ""


@dataclass(slots=True)
class ThoughtContext:
    """One thought at work.

    Attributes:
        strong: Name of the role to escalate to, or "" if it is the same model.
        may_expand: The thought may become a nested graph.
        on_candidate: Told of every solution with its reward, for the best partial answer.
    """

    task: Task
    ask: Ask
    dialect: Callable[[str], Dialect]
    verifier: VerifierAgent
    planner: Planner
    strategies: Registry
    settings: EngineSettings
    emit: Callable[[AnyEvent], None]
    expand: Expand
    on_candidate: Callable[[Tried], None]
    may_expand: bool
    strong: str = ""
    role: str = "fast"
    move: str = ""
    tries: int = 0
    planned: bool = False
    solution: Solution | None = None
    complaint: str = ""
    tried: list[Tried] = field(default_factory=list)
    outcome: Outcome | None = None


class ThoughtState(TypedDict):
    """What langgraph carries: which step comes next."""

    next: Literal["solve", "verify", "end"]


@dataclass(frozen=True, slots=True)
class _Tools:
    """Implements `agot.protocols.Toolbox` for one try."""

    ask: Ask
    dialect: Dialect
    role: str
    samples: int
    temperature: float
    retry: int
    verifier: VerifierAgent

    async def verify(self, task: Task, solution: Solution) -> tuple[Verdict, ...]:
        return tuple(await self.verifier.check(task, solution, self.ask))


async def _prepare(state: ThoughtState, runtime: Runtime[ThoughtContext]) -> ThoughtState:
    work = runtime.context
    if work.settings.strategy != "auto":
        work.move, why = work.settings.strategy, "set by the user"
    elif work.may_expand:
        work.move, why = "think", "the model answers at once if it can, and plans if it cannot"
    else:
        work.move, why = "chain", "this deep or this late, thoughts are answered, not split"
    work.emit(StrategyChosen(thought=work.task.thought, strategy=work.move, why=why))
    return {"next": "solve"}


async def _solve(state: ThoughtState, runtime: Runtime[ThoughtContext]) -> ThoughtState:
    work = runtime.context
    work.solution, work.complaint = None, ""
    try:
        if work.move == "think":
            await _think(work)
        elif work.move == "plan":
            await _expand(work, None)
        else:
            work.solution = await work.strategies.get(work.move)(_with_feedback(work), _tools(work))
    except OutputError as error:
        work.complaint = str(error)
    return {"next": "end" if work.outcome is not None else "verify"}


async def _think(work: ThoughtContext) -> None:
    got = await work.dialect(work.role).think(
        work.ask, _with_feedback(work), role=work.role, may_expand=work.may_expand
    )
    if isinstance(got, Decline):
        work.outcome = Outcome(ThoughtStatus.ABSTAINED, reason=got.reason or "The model declined to answer.")
    elif isinstance(got, Plan):
        await _expand(work, got)
    else:
        work.solution = got


async def _expand(work: ThoughtContext, plan: Plan | None) -> None:
    work.planned = True
    dialect = work.dialect(work.role)
    accepted = await work.planner.settle(work.task, plan, work.ask, dialect, work.emit, role=work.role)
    if accepted is None:
        work.complaint = "no usable plan"
        return
    why = accepted.repaired.plan.rationale or "the model chose to split it"
    work.emit(ThoughtExpanded(thought=work.task.thought, why=why))
    work.solution = await work.expand(work.task, accepted)
    if work.solution is None:
        work.complaint = "the nested graph came to no answer"


async def _verify(state: ThoughtState, runtime: Runtime[ThoughtContext]) -> ThoughtState:
    work = runtime.context
    if work.solution is not None:
        tried = await _check(work, work.solution)
        work.tried.append(tried)
        if tried.reward is None or tried.reward >= work.settings.accept:
            reason = "nothing could verify it" if tried.reward is None and work.settings.verify else ""
            work.outcome = Outcome(ThoughtStatus.DONE, tried, reason)
            return {"next": "end"}
        work.complaint = next((v.feedback for v in tried.verdicts if v.feedback), "the answer was doubted")
    work.tries += 1
    move = _next_move(work)
    if move is None:
        work.outcome = _settle(work)
        return {"next": "end"}
    work.move = move
    work.emit(ThoughtRetried(thought=work.task.thought, retry=work.tries, strategy=move, why=work.complaint))
    return {"next": "solve"}


async def _check(work: ThoughtContext, solution: Solution) -> Tried:
    if not work.settings.verify:
        return _tried(work, solution, [])
    verdicts = await work.verifier.check(work.task, solution, work.ask)
    for verdict in verdicts:
        work.emit(Verified(thought=work.task.thought, answer=solution.answer, verdict=verdict))
    # Kept before the judge is asked: if there is no budget for the judge, the answer is still there.
    tried = _tried(work, solution, verdicts)
    if any(verdict.conclusive for verdict in verdicts):
        return tried
    judged = await work.verifier.judge(work.task, solution, work.ask, work.dialect("judge"))
    if judged is None:
        return tried
    work.emit(Verified(thought=work.task.thought, answer=solution.answer, verdict=judged))
    return _tried(work, solution, [*verdicts, judged])


def _tried(work: ThoughtContext, solution: Solution, verdicts: list[Verdict]) -> Tried:
    tried = Tried(solution, tuple(verdicts), reward_of(solution, verdicts))
    work.on_candidate(tried)
    return tried


def _next_move(work: ThoughtContext) -> str | None:
    """Return the next try, the cheapest that can help first, or None if the best so far has to do."""
    if work.tries > work.settings.retries or (not work.settings.verify and work.solution is not None):
        return None
    if work.settings.strategy != "auto":
        return work.settings.strategy
    if work.planned:
        # The parts were retried on their own. What was too long for one chain is not worth many
        # of them; a single one is tried only if the plan came to nothing.
        return None if work.tried or work.move == "chain" else "chain"
    if work.tries == 1:
        return "vote"
    if work.strong and work.role != work.strong:
        work.role = work.strong
        return "chain"
    return "plan" if work.may_expand else None


def _settle(work: ThoughtContext) -> Outcome:
    """Return the best of what was tried, or abstain if even that is too doubtful.

    A thought inside a graph abstains only if it was refuted: a doubtful part still lets the whole be
    put together, and its low reward bounds that of the whole.
    """
    best = max(work.tried, key=lambda tried: 0.5 if tried.reward is None else tried.reward, default=None)
    if best is None:
        return Outcome(ThoughtStatus.FAILED, reason=work.complaint or "nothing was answered")
    if (
        best.reward is not None
        and best.reward < work.settings.abstain
        and (_refuted(best) or not work.task.depth)
    ):
        reason = next((v.feedback for v in best.verdicts if v.feedback), "every answer was rejected")
        return Outcome(ThoughtStatus.ABSTAINED, best, reason=f"No answer passed verification: {reason}.")
    return Outcome(ThoughtStatus.DONE, best, reason="accepted with doubt: the best of all tries")


def _refuted(tried: Tried) -> bool:
    return any(verdict.conclusive and verdict.reward == 0.0 for verdict in tried.verdicts)


def _with_feedback(work: ThoughtContext) -> Task:
    rejected = tuple(v.feedback for tried in work.tried for v in tried.verdicts if v.feedback)
    return work.task.model_copy(update={"feedback": rejected}) if rejected else work.task


def _tools(work: ThoughtContext) -> _Tools:
    profile = work.ask.profile(work.role)
    return _Tools(
        ask=work.ask, dialect=work.dialect(work.role), role=work.role, samples=work.settings.samples,
        temperature=profile.temperature, retry=work.tries, verifier=work.verifier,
    )  # fmt: skip


async def _next(state: ThoughtState) -> str:
    # Async because langgraph sends sync functions to a thread, which costs more than the step itself.
    return state["next"]


Workflow = CompiledStateGraph[ThoughtState, ThoughtContext, ThoughtState, ThoughtState]


def compile_workflow() -> Workflow:
    """Return the workflow, ready for any number of thoughts at once."""
    graph = StateGraph(ThoughtState, context_schema=ThoughtContext)
    graph.add_node("prepare", _prepare)
    graph.add_node("solve", _solve)
    graph.add_node("verify", _verify)
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "solve")
    graph.add_conditional_edges("solve", _next, {"verify": "verify", "end": END})
    graph.add_conditional_edges("verify", _next, {"solve": "solve", "end": END})
    return graph.compile()


async def solve_thought(workflow: Workflow, context: ThoughtContext) -> Outcome:
    """Run one thought through the workflow.

    Raises:
        BudgetExceeded, ModelError: What ended the thought from outside; what was tried is in `context.tried`.
    """
    # Each retry costs two supersteps; the limit only guards against an endless loop of our own making.
    limit = 10 + 2 * context.settings.retries
    await workflow.ainvoke({"next": "solve"}, context=context, config={"recursion_limit": limit})
    if context.outcome is None:
        raise RuntimeError("the thought workflow ended without an outcome")
    return context.outcome
