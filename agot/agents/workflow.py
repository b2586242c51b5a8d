"""How one thought is solved: a langgraph StateGraph of two coarse steps, compiled once.

    solve -> verify -> accepted | retry | escalate | expand | abstain

A step of langgraph costs more than our part of it, and loading langgraph more than a short answer. So a thought goes
through its first two steps alone, and enters the graph only if they do not end it. langgraph's state holds only what decides the next step; the thought's work is in its context. There
is no checkpointer: the journal makes the thought durable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

from agot.agents import moves
from agot.agents.context import Outcome, ThoughtContext
from agot.agents.selection.cascade import escalation
from agot.agents.selector import Move
from agot.agents.strategies.cross_check import NAME as CROSS_CHECK
from agot.agents.tries import Try, random_for
from agot.errors import OutputError, SetupError
from agot.events import PlanRejected, StrategyChosen, ThoughtExpanded, ThoughtRetried
from agot.protocols import Assessed
from agot.thought import Decline, Plan, Solution, Task, ThoughtStatus

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

PART = 0.85
"""Tokens that a part takes, in those that its question took until its plan was there; chosen on validation problems."""

ABSTAIN = 0.3
"""Reward below which the embedded model's answer is not given, if nobody set another."""


class _Runtime(Protocol):
    """What the steps need of langgraph's runtime."""

    @property
    def context(self) -> ThoughtContext: ...


@dataclass(frozen=True, slots=True)
class _FirstSteps:
    """The runtime of steps outside langgraph."""

    context: ThoughtContext


class ThoughtState(TypedDict):
    """What langgraph carries: which step comes next."""

    next: Literal["solve", "verify", "end"]


def _choose_first(work: ThoughtContext) -> None:
    if work.settings.strategy != "auto":
        work.move, why = work.settings.strategy, "set by the user"
    elif work.thought.tools is not None and "tools" not in (work.settings.ladder or ()):
        work.move, why = "tools", "tools were given, and the model decides which it needs"
    elif work.may_expand:
        work.move, why = "think", "the model answers at once if it can, and plans if it cannot"
    elif not work.compact:
        work.move, why = "think", "the model is asked as it would be without checks"
    else:
        work.move, why = "chain", "this deep or this late, thoughts are answered, not split"
    work.thought.emit(StrategyChosen(thought=work.task.thought, strategy=work.move, why=why))


async def _solve(state: ThoughtState, runtime: _Runtime) -> ThoughtState:
    work = runtime.context
    if not work.move:
        # Not a step of its own: a superstep of langgraph costs more than the choice.
        _choose_first(work)
    work.solution, work.complaint = None, ""
    work.made.append("chain" if work.move == "think" else work.move)
    try:
        if work.move == "think":
            await _think(work)
        elif work.move == "plan":
            await _expand(work, None)
        else:
            work.solution = await _carry_out(work)
    except OutputError as error:
        work.complaint = str(error)
    except SetupError as error:
        # What was asked for by name is refused; what "auto" only tries, it goes without.
        if work.settings.strategy != "auto" or not work.tries:
            raise
        work.complaint = str(error)
        work.thought.ask.warn(work.complaint)
    return {"next": "end" if work.outcome is not None else "verify"}


async def _think(work: ThoughtContext) -> None:
    got = await work.crew.dialect(work.role).think(
        work.thought.ask, _with_feedback(work), role=work.role, may_expand=work.may_expand
    )
    if isinstance(got, Decline):
        work.outcome = Outcome(ThoughtStatus.ABSTAINED, reason=got.reason or "The model declined to answer.")
    elif isinstance(got, Plan):
        await _expand(work, got)
    else:
        work.solution = got


async def _expand(work: ThoughtContext, plan: Plan | None) -> None:
    work.planned = True
    dialect = work.crew.dialect(work.role)
    accepted = await work.crew.planner.settle(work.task, plan, work.thought.ask, dialect, work.thought.emit, role=work.role)
    if accepted is None:
        work.complaint, work.unable = "no usable plan", True
        return
    unpaid = _unpaid(work, accepted.repaired.plan)
    if unpaid:
        work.planned, work.may_expand, work.complaint = False, False, unpaid
        work.thought.emit(PlanRejected(graph=work.task.thought, feedback=unpaid))
        return
    why = accepted.repaired.plan.rationale or "the model chose to split it"
    work.thought.emit(ThoughtExpanded(thought=work.task.thought, why=why))
    work.solution = await work.thought.expand(work.task, accepted)
    if work.solution is None:
        work.complaint = "the nested graph came to no answer"


def _unpaid(work: ThoughtContext, plan: Plan) -> str:
    """Return why a plan cannot be paid, or "".

    A part is read and written about like the question that was planned, so it costs alike. A plan begun and not
    finished costs the answer that one chain would have given.
    """
    parts = len(plan.thoughts)
    calls, tokens = work.thought.left("calls"), work.thought.left("tokens")
    if calls is not None and calls < parts:
        return f"the plan has {parts} sub-questions, and only {calls:.0f} calls are left"
    need = int(PART * parts * work.thought.ask.tokens)
    if tokens is not None and tokens < need:
        return (
            f"the plan's {parts} sub-questions would take about {need} tokens, and only {tokens:.0f} are left"
        )
    return ""


async def _verify(state: ThoughtState, runtime: _Runtime) -> ThoughtState:
    work = runtime.context
    if work.solution is not None:
        tried = await work.thought.assessor.settle(work.solution)
        work.tried.append(tried)
        work.unsure = _hand_over(work, tried)
        if _accepted(work, tried):
            reason = "nothing could verify it" if tried.reward is None and work.settings.verify else ""
            work.outcome = Outcome(ThoughtStatus.DONE, tried, reason) if work.compact else moves.conclude(work, "")
            return {"next": "end"}
        work.complaint = work.unsure or next(
            (v.feedback for v in tried.verdicts if v.feedback), "the answer was doubted"
        )
    work.tries += 1
    move = await _next_move(work)
    if not move.strategy:
        work.outcome = _settle(work, move.why) if work.compact else moves.conclude(work, move.why)
        return {"next": "end"}
    work.move, work.samples = move.strategy, move.samples
    if move.strategy != CROSS_CHECK:
        # Further votes are no new try: the answer at hand is one of them.
        work.thought.emit(ThoughtRetried(
            thought=work.task.thought, retry=work.tries, strategy=move.strategy, why=work.complaint,
        ))  # fmt: skip
    work.thought.emit(StrategyChosen(thought=work.task.thought, strategy=move.strategy, why=move.why))
    return {"next": "solve"}


def _accepted(work: ThoughtContext, tried: Assessed) -> bool:
    if not work.compact:
        return moves.accepted(work, tried)
    return (tried.reward is None or tried.reward >= work.settings.accept) and not work.unsure


def _hand_over(work: ThoughtContext, tried: Assessed) -> str:
    """Return why an answer that would do goes to the strong model all the same, or ""."""
    proven = any(verdict.conclusive for verdict in tried.verdicts)
    alone = work.role == work.crew.strong or not work.crew.strong or not work.auto
    if alone or proven or work.planned or work.tries >= work.retries:
        return ""
    found = escalation(tried.solution.unsure, tried.solution.confidence)
    return found.why if found is not None and found.escalate else ""


async def _next_move(work: ThoughtContext) -> Move:
    """Return the next try, the cheapest that can help first; an empty move if the best so far has to do."""
    if work.tries > work.retries or (not work.settings.verify and work.solution is not None):
        return Move("", "")
    if not work.auto:
        # The same request at temperature 0 would be answered with nothing again.
        vain = work.solution is None and not work.compact and work.move in ("direct", "chain")
        return Move("", work.complaint) if vain else Move(work.settings.strategy, "set by the user")
    if work.planned:
        # The parts were retried on their own. What was too long for one chain is not worth many
        # of them; a single one is tried only if the plan came to nothing.
        if work.tried or work.move == "chain":
            return Move("", "")
        return Move("chain", "the plan came to nothing, so one chain is tried")
    if not work.compact:
        left = work.thought.left("tokens")
        return await moves.next_move(work, None if left is None else int(left))
    if work.move in ("think", "plan") and not work.tried and not work.may_expand:
        return Move("chain", f"{work.complaint}, so one chain is tried")
    if (work.tries > 1 or work.unsure) and work.crew.strong and work.role != work.crew.strong:
        work.role = work.crew.strong
        why = work.unsure or "the answers are doubted"
        return Move("chain", f"{why}, so the model of the role {work.crew.strong!r} is asked")
    tokens_left = work.thought.left("tokens")
    move = await work.crew.selector.next(
        work.task, work.tried, work.made, tokens_left=None if tokens_left is None else int(tokens_left),
        rate=partial(_rated, work) if work.settings.rate else None,
    )  # fmt: skip
    if not move.strategy and work.may_expand and work.tries > 1:
        return Move("plan", f"{move.why}, so the question is split")
    return move


async def _rated(work: ThoughtContext, names: Sequence[str]) -> Mapping[str, float]:
    """Return the model's rating of strategies; a model that gives none is as good as one that was not asked."""
    try:
        return await work.crew.dialect(work.role).rate(work.thought.ask, work.task, names, role=work.role)
    except OutputError:
        return {}


def _settle(work: ThoughtContext, why: str) -> Outcome:
    """Return the best of what was tried, or abstain if even that is too doubtful.

    A thought inside a graph abstains only if it was refuted: a doubtful part still lets the whole be
    put together, and its low reward bounds that of the whole.
    """
    best = max(work.tried, key=lambda tried: 0.5 if tried.reward is None else tried.reward, default=None)
    if best is None:
        return Outcome(ThoughtStatus.FAILED, reason=work.complaint or "nothing was answered")
    told = f" ({why})" if why else ""
    if (
        best.reward is not None
        and best.reward < (ABSTAIN if work.settings.abstain is None else work.settings.abstain)
        and (_refuted(best) or not work.task.depth)
    ):
        reason = next((v.feedback for v in best.verdicts if v.feedback), "every answer was rejected")
        return Outcome(
            ThoughtStatus.ABSTAINED, best, reason=f"No answer passed verification: {reason}{told}."
        )
    return Outcome(ThoughtStatus.DONE, best, reason=f"accepted with doubt: the best of all tries{told}")


def _refuted(tried: Assessed) -> bool:
    return any(verdict.conclusive and verdict.reward == 0.0 for verdict in tried.verdicts)


def _with_feedback(work: ThoughtContext) -> Task:
    rejected = tuple(v.feedback for tried in work.tried for v in tried.verdicts if v.feedback)
    return work.task.model_copy(update={"feedback": rejected}) if rejected else work.task


async def _carry_out(work: ThoughtContext) -> Solution:
    """Return what the strategy of the move answers, under the strategy's name unless it gave another."""
    crew, name = work.crew, work.move
    strategy = crew.strategies.get(name)
    solution = await strategy(_with_feedback(work), Try(
        work.thought, name, work.role, samples=work.samples or work.most_samples,
        rng=random_for(crew.seed, work.task.thought, work.tries), number=work.tries,
        drawn=tuple(tried.solution for tried in work.tried),
    ))  # fmt: skip
    if not isinstance(solution, Solution):
        raise SetupError(
            f"The strategy {name!r} returned {type(solution).__name__}. Let it return an agot.Solution, such as "
            f"`await try_.solve(task)` gives."
        )
    return solution if solution.strategy else solution.model_copy(update={"strategy": name})


async def _next(state: ThoughtState) -> str:
    # Async because langgraph sends sync functions to a thread, which costs more than the step itself.
    return state["next"]


@cache
def _compiled() -> CompiledStateGraph[ThoughtState, ThoughtContext, ThoughtState, ThoughtState]:
    """Return the graph, ready for any number of thoughts at once."""
    from langgraph.graph import END, START, StateGraph

    graph: Any = StateGraph(ThoughtState, context_schema=ThoughtContext)
    graph.add_node("solve", _solve)
    graph.add_node("verify", _verify)
    steps = {"solve": "solve", "verify": "verify", "end": END}
    for place in (START, "solve", "verify"):
        graph.add_conditional_edges(place, _next, steps)
    compiled: CompiledStateGraph[ThoughtState, ThoughtContext, ThoughtState, ThoughtState] = graph.compile()
    return compiled


async def solve_thought(context: ThoughtContext) -> Outcome:
    """Run one thought through the workflow.

    Raises:
        BudgetExceeded, ModelError: What ended the thought from outside; what was tried is in `context.tried`.
    """
    first = _FirstSteps(context)
    state = await _solve({"next": "solve"}, first)
    if state["next"] == "verify":
        state = await _verify(state, first)
    if state["next"] != "end":
        # Each retry costs two supersteps; the limit only guards against an endless loop of our own making.
        limit = 10 + 2 * context.settings.retries
        await _compiled().ainvoke(state, context=context, config={"recursion_limit": limit})
    thought = context.thought
    thought.crew.selector.note(
        context.task, context.tried, thought.assessor.results(), accept=context.settings.accept,
        tokens=thought.ask.tokens,
    )  # fmt: skip
    if context.outcome is None:
        raise RuntimeError("the thought workflow ended without an outcome")
    return context.outcome
