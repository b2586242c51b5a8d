"""How one thought is solved: a langgraph StateGraph, compiled once for all thoughts of the process.

    choose -> solve -> verify -> end (accepted)
                |  ^       |
                |  +---- decide -> end (the best so far, or none)
                |          ^
                +-> expand +-> verify

Each node is a function from a state to a turn: the next state, and what readers of the run are told of the way there.
`_take_turn` is the one place where a turn is taken, whether langgraph runs the node or nobody does: a step of langgraph costs
more than our part of it, and loading langgraph more than a short answer. So a thought goes its first round alone, and enters
the graph only if that does not end it. There is no checkpointer: the journal makes the thought durable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Protocol

from agot.agents import moves
from agot.agents.context import Node, Outcome, Thought, ThoughtState, replace
from agot.agents.selection.cascade import escalation
from agot.agents.selector import Move, Split, Stop, Think, Use
from agot.agents.strategies.cross_check import NAME as CROSS_CHECK
from agot.agents.tries import Try, random_for
from agot.errors import OutputError, SetupError
from agot.events import AnyEvent, PlanRejected, StrategyChosen, ThoughtExpanded, ThoughtRetried
from agot.protocols import Assessed
from agot.thought import Decline, Plan, Solution, Task, ThoughtStatus

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

PART = 0.85
"""Tokens that a part takes, in those that its question took until its plan was there; chosen on validation problems."""

ABSTAIN = 0.3
"""Reward below which the embedded model's answer is not given, if nobody set another."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A transition: the state that follows, whose `next` says where to, and what is told of it."""

    state: ThoughtState
    told: tuple[AnyEvent, ...] = ()


# -- the nodes ---------------------------------------------------------------------------------------


async def _choose(thought: Thought, state: ThoughtState) -> Turn:
    """Choose the first move."""
    move = _first_move(thought, state)
    chosen = StrategyChosen(thought=thought.task.thought, strategy=move.strategy, why=move.why)
    return Turn(replace(state, next="solve", move=move), (chosen,))


async def _solve(thought: Thought, state: ThoughtState) -> Turn:
    """Make the move: come to a solution, to a plan, or to a complaint."""
    move = state.move
    assert move is not None
    made = "chain" if isinstance(move, Think) else move.strategy
    state = replace(state, solution=None, plan=None, complaint="", made=(*state.made, made))
    if isinstance(move, Think):
        return await _or_complaint(thought, state, _think(thought, state))
    if isinstance(move, Split):
        return await _split(thought, state, None)
    return await _or_complaint(thought, state, _carry_out(thought, state, move))


async def _expand(thought: Thought, state: ThoughtState) -> Turn:
    """Run the plan as a nested graph."""
    return await _or_complaint(thought, state, _nested(thought, state))


async def _verify(thought: Thought, state: ThoughtState) -> Turn:
    """Assess the solution, and end with it if it will do."""
    assert state.solution is not None
    tried = await thought.assessor.settle(state.solution)
    state = replace(state, tried=(*state.tried, tried), unsure=_hand_over(thought, state, tried))
    if not _accepted(thought, state, tried):
        complaint = state.unsure or next((v.feedback for v in tried.verdicts if v.feedback), "the answer was doubted")
        return Turn(replace(state, next="decide", complaint=complaint))
    if not thought.crew.compact(state.role):
        return _end(state, moves.conclude(thought, state, ""))
    unverified = tried.reward is None and thought.crew.settings.verify
    return _end(state, Outcome(ThoughtStatus.DONE, tried, "nothing could verify it" if unverified else ""))


async def _decide(thought: Thought, state: ThoughtState) -> Turn:
    """Choose the next move, or end with the best there is."""
    state = replace(state, tries=state.tries + 1)
    move = await _next_move(thought, state)
    if isinstance(move, Stop):
        conclude = _settle if thought.crew.compact(state.role) else moves.conclude
        return _end(state, conclude(thought, state, move.why))
    name = thought.task.thought
    told: tuple[AnyEvent, ...] = (StrategyChosen(thought=name, strategy=move.strategy, why=move.why),)
    if move.strategy != CROSS_CHECK:
        # Further votes are no new try: the answer at hand is one of them.
        retried = ThoughtRetried(thought=name, retry=state.tries, strategy=move.strategy, why=state.complaint)
        told = (retried, *told)
    role = move.role if isinstance(move, Use) and move.role is not None else state.role
    return Turn(replace(state, next="solve", move=move, role=role), told)


def _end(state: ThoughtState, outcome: Outcome) -> Turn:
    return Turn(replace(state, next="end", outcome=outcome))


# -- solving -----------------------------------------------------------------------------------------


def _first_move(thought: Thought, state: ThoughtState) -> Move:
    crew = thought.crew
    if not crew.auto:
        return Use(crew.settings.strategy, "set by the user")
    if thought.tools is not None and "tools" not in (crew.settings.ladder or ()):
        return Use("tools", "tools were given, and the model decides which it needs")
    if state.may_expand:
        return Think("the model answers at once if it can, and plans if it cannot")
    if not crew.compact(state.role):
        return Think("the model is asked as it would be without checks")
    return Use("chain", "this deep or this late, thoughts are answered, not split")


async def _or_complaint(thought: Thought, state: ThoughtState, work: Awaitable[Turn]) -> Turn:
    """Return the turn that comes of a piece of work, or, if it came to nothing, the way on with why."""
    try:
        return await work
    except OutputError as error:
        return Turn(replace(state, next="decide", complaint=str(error)))
    except SetupError as error:
        # What was asked for by name is refused; what "auto" only tries, it goes without.
        if not thought.crew.auto or not state.tries:
            raise
        thought.ask.warn(str(error))
        return Turn(replace(state, next="decide", complaint=str(error)))


async def _think(thought: Thought, state: ThoughtState) -> Turn:
    dialect = thought.crew.dialect(state.role)
    got = await dialect.think(
        thought.ask, _with_feedback(thought, state), role=state.role, may_expand=state.may_expand
    )
    if isinstance(got, Decline):
        return _end(state, Outcome(ThoughtStatus.ABSTAINED, reason=got.reason or "The model declined to answer."))
    if isinstance(got, Plan):
        return await _split(thought, state, got)
    return Turn(replace(state, next="verify", solution=got))


async def _carry_out(thought: Thought, state: ThoughtState, move: Use) -> Turn:
    """Let a strategy answer, under its name unless it gave another."""
    crew, name = thought.crew, move.strategy
    strategy = crew.strategies.get(name)
    solution = await strategy(_with_feedback(thought, state), Try(
        thought, name, state.role, samples=move.samples or crew.samples(state.role),
        rng=random_for(crew.seed, thought.task.thought, state.tries), number=state.tries,
        drawn=tuple(tried.solution for tried in state.tried),
    ))  # fmt: skip
    if not isinstance(solution, Solution):
        raise SetupError(
            f"The strategy {name!r} returned {type(solution).__name__}. Let it return an agot.Solution, such as "
            f"`await try_.solve(task)` gives."
        )
    named = solution if solution.strategy else solution.model_copy(update={"strategy": name})
    return Turn(replace(state, next="verify", solution=named))


async def _split(thought: Thought, state: ThoughtState, plan: Plan | None) -> Turn:
    """Settle on a plan that can be paid; without one given, the model is asked for it."""
    state = replace(state, planned=True)
    return await _or_complaint(thought, state, _settle_plan(thought, state, plan))


async def _settle_plan(thought: Thought, state: ThoughtState, plan: Plan | None) -> Turn:
    crew, name = thought.crew, thought.task.thought
    accepted = await crew.planner.settle(
        thought.task, plan, thought.ask, crew.dialect(state.role), thought.emit, role=state.role
    )
    if accepted is None:
        return Turn(replace(state, next="decide", complaint="no usable plan", unable=True))
    unpaid = _unpaid(thought, accepted.repaired.plan)
    if unpaid:
        state = replace(state, next="decide", planned=False, may_expand=False, complaint=unpaid)
        return Turn(state, (PlanRejected(graph=name, feedback=unpaid),))
    why = accepted.repaired.plan.rationale or "the model chose to split it"
    return Turn(replace(state, next="expand", plan=accepted), (ThoughtExpanded(thought=name, why=why),))


async def _nested(thought: Thought, state: ThoughtState) -> Turn:
    assert state.plan is not None
    solution = await thought.expand(thought.task, state.plan)
    if solution is None:
        return Turn(replace(state, next="decide", complaint="the nested graph came to no answer"))
    return Turn(replace(state, next="verify", solution=solution))


def _unpaid(thought: Thought, plan: Plan) -> str:
    """Return why a plan cannot be paid, or "".

    A part is read and written about like the question that was planned, so it costs alike. A plan begun and not
    finished costs the answer that one chain would have given.
    """
    parts = len(plan.thoughts)
    calls, tokens = thought.left("calls"), thought.left("tokens")
    if calls is not None and calls < parts:
        return f"the plan has {parts} sub-questions, and only {calls:.0f} calls are left"
    need = int(PART * parts * thought.ask.tokens)
    if tokens is not None and tokens < need:
        return (
            f"the plan's {parts} sub-questions would take about {need} tokens, and only {tokens:.0f} are left"
        )
    return ""


def _with_feedback(thought: Thought, state: ThoughtState) -> Task:
    rejected = tuple(v.feedback for tried in state.tried for v in tried.verdicts if v.feedback)
    return thought.task.model_copy(update={"feedback": rejected}) if rejected else thought.task


# -- deciding ----------------------------------------------------------------------------------------


def _accepted(thought: Thought, state: ThoughtState, tried: Assessed) -> bool:
    if not thought.crew.compact(state.role):
        return moves.accepted(thought, state, tried)
    return (tried.reward is None or tried.reward >= thought.crew.settings.accept) and not state.unsure


def _hand_over(thought: Thought, state: ThoughtState, tried: Assessed) -> str:
    """Return why an answer that would do goes to the strong model all the same, or ""."""
    crew = thought.crew
    alone = state.role == crew.strong or not crew.strong or not crew.auto
    if alone or tried.settled or state.planned or state.tries >= crew.retries(state.role):
        return ""
    found = escalation(tried.solution.unsure, tried.solution.confidence)
    return found.why if found is not None and found.escalate else ""


async def _next_move(thought: Thought, state: ThoughtState) -> Move | Stop:
    """Return the next try, the cheapest that can help first."""
    crew = thought.crew
    if state.tries > crew.retries(state.role) or (not crew.settings.verify and state.solution is not None):
        return Stop()
    if not crew.auto:
        # The same request at temperature 0 would be answered with nothing again.
        again = isinstance(state.move, Use) and state.move.strategy in ("direct", "chain")
        vain = state.solution is None and not crew.compact(state.role) and again
        return Stop(state.complaint) if vain else Use(crew.settings.strategy, "set by the user")
    if state.planned:
        # The parts were retried on their own. What was too long for one chain is not worth many
        # of them; a single one is tried only if the plan came to nothing.
        if state.tried or (isinstance(state.move, Use) and state.move.strategy == "chain"):
            return Stop()
        return Use("chain", "the plan came to nothing, so one chain is tried")
    left = thought.left("tokens")
    tokens_left = None if left is None else int(left)
    if not crew.compact(state.role):
        return await moves.next_move(thought, state, tokens_left)
    if not isinstance(state.move, Use) and not state.tried and not state.may_expand:
        return Use("chain", f"{state.complaint}, so one chain is tried")
    if (state.tries > 1 or state.unsure) and crew.strong and state.role != crew.strong:
        why = state.unsure or "the answers are doubted"
        return Use("chain", f"{why}, so the model of the role {crew.strong!r} is asked", role=crew.strong)
    move = await crew.selector.next(
        thought.task, state.tried, state.made, tokens_left=tokens_left,
        rate=partial(_rated, thought, state.role) if crew.settings.rate else None,
    )  # fmt: skip
    if isinstance(move, Stop) and state.may_expand and state.tries > 1:
        return Split(f"{move.why}, so the question is split")
    return move


async def _rated(thought: Thought, role: str, names: Sequence[str]) -> Mapping[str, float]:
    """Return the model's rating of strategies; a model that gives none is as good as one that was not asked."""
    try:
        return await thought.crew.dialect(role).rate(thought.ask, thought.task, names, role=role)
    except OutputError:
        return {}


def _settle(thought: Thought, state: ThoughtState, why: str) -> Outcome:
    """Return the best of what was tried, or abstain if even that is too doubtful.

    A thought inside a graph abstains only if it was refuted: a doubtful part still lets the whole be
    put together, and its low reward bounds that of the whole.
    """
    best = max(state.tried, key=lambda tried: 0.5 if tried.reward is None else tried.reward, default=None)
    if best is None:
        return Outcome(ThoughtStatus.FAILED, reason=state.complaint or "nothing was answered")
    told, demanded = f" ({why})" if why else "", thought.crew.settings.abstain
    if (
        best.reward is not None
        and best.reward < (ABSTAIN if demanded is None else demanded)
        and (best.refuted or not thought.task.depth)
    ):
        reason = next((v.feedback for v in best.verdicts if v.feedback), "every answer was rejected")
        return Outcome(
            ThoughtStatus.ABSTAINED, best, reason=f"No answer passed verification: {reason}{told}."
        )
    return Outcome(ThoughtStatus.DONE, best, reason=f"accepted with doubt: the best of all tries{told}")


# -- the graph ---------------------------------------------------------------------------------------

_NODES: Mapping[Node, tuple[Callable[[Thought, ThoughtState], Awaitable[Turn]], tuple[Node, ...]]] = {
    "choose": (_choose, ("solve",)),
    "solve": (_solve, ("verify", "expand", "decide", "end")),
    "expand": (_expand, ("verify", "decide")),
    "verify": (_verify, ("decide", "end")),
    "decide": (_decide, ("solve", "end")),
}
"""Each node with those that may follow it."""


async def _take_turn(node: Node, thought: Thought, state: ThoughtState) -> ThoughtState:
    """Take the turn of a node: tell of it, and return the state that follows."""
    turn = await _NODES[node][0](thought, state)
    for event in turn.told:
        thought.emit(event)
    return turn.state


class _Runtime(Protocol):
    """What the nodes need of langgraph's runtime."""

    @property
    def context(self) -> Thought: ...


_FIELDS = tuple(field.name for field in fields(ThoughtState))


def _in_graph(node: Node) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def take(state: ThoughtState, runtime: _Runtime) -> dict[str, Any]:
        after = await _take_turn(node, runtime.context, state)
        # Each channel that is written costs langgraph more than comparing all.
        return {name: value for name in _FIELDS if (value := getattr(after, name)) is not getattr(state, name)}

    return take


async def _next(state: ThoughtState) -> Node:
    # Async because langgraph sends sync functions to a thread, which costs more than the step itself.
    return state.next


@cache
def thought_graph() -> CompiledStateGraph[ThoughtState, Thought, ThoughtState, ThoughtState]:
    """Return the graph, ready for any number of thoughts at once; a thought enters it anew or for a further try."""
    from langgraph.graph import END, START, StateGraph

    graph: Any = StateGraph(ThoughtState, context_schema=Thought)
    graph.add_conditional_edges(START, _next, {"choose": "choose", "solve": "solve"})
    for node, (_, following) in _NODES.items():
        graph.add_node(node, _in_graph(node))
        graph.add_conditional_edges(node, _next, {name: END if name == "end" else name for name in following})
    compiled: CompiledStateGraph[ThoughtState, Thought, ThoughtState, ThoughtState] = graph.compile(name="thought")
    return compiled


async def solve_thought(thought: Thought, *, may_expand: bool) -> ThoughtState:
    """Take one thought through the workflow and return the state in which it ended.

    Args:
        may_expand: The thought may become a nested graph.

    Raises:
        BudgetExceeded, ModelError: What ended the thought from outside; what was tried is known to its assessor.
    """
    state = ThoughtState(may_expand=may_expand)
    while state.next != "end" and (state.next != "solve" or not state.tries):
        state = await _take_turn(state.next, thought, state)
    if state.next != "end":
        # A retry costs four supersteps at most; the limit only guards against an endless loop of our own making.
        limit = 10 + 4 * thought.crew.settings.retries
        ended = await thought_graph().ainvoke(state, context=thought, config={"recursion_limit": limit})
        state = ThoughtState(**ended)
    thought.crew.selector.note(
        thought.task, state.tried, thought.assessor.results(), accept=thought.crew.settings.accept,
        tokens=thought.ask.tokens,
    )  # fmt: skip
    return state
