"""What happens in a run, one immutable typed event per transition.

The stream is the single account of a run: terminal, SQL, JSON lines and pages only read it. `seq`
counts from 1 within a run and goes on when the run is resumed; `attempt` tells the resumes apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from agot.ids import RunId, ThoughtId
from agot.redaction import redacted_message
from agot.thought import RunStatus, ThoughtStatus, Trust, Usage, Value, Verdict


class Event(Value):
    """What every event carries.

    Attributes:
        seq: Position in the run, from 1; 0 until the stream has numbered it.
        at_s: Seconds since the epoch.
        attempt: 1 for the first try of a run, 2 after one resume, and so on.
    """

    run_id: RunId = RunId("")
    seq: int = 0
    at_s: float = 0.0
    attempt: int = 1


class RunStarted(Event):
    kind: Literal["run_started"] = "run_started"
    question: str
    model: str
    strategy: str
    seed: int
    limits: dict[str, float | int | None]


class RunFinished(Event):
    kind: Literal["run_finished"] = "run_finished"
    status: RunStatus
    answer: str
    trust: Trust = "unchecked"
    trust_reason: str = ""
    candidate: str = ""
    confidence: float | None = None
    strategy: str = ""
    verdicts: tuple[Verdict, ...] = ()
    usage: Usage = Usage()
    reason: str = ""
    error: str = ""
    limit: str = ""
    citations: tuple[str, ...] = ()


class PlanProposed(Event):
    """A planner split a thought; `round` counts plan extensions of that graph from 0."""

    kind: Literal["plan_proposed"] = "plan_proposed"
    graph: ThoughtId
    round: int
    count: int
    rationale: str = ""


class PlanRepaired(Event):
    """A fault in a plan was mended; nothing of a plan is changed without one of these."""

    kind: Literal["plan_repaired"] = "plan_repaired"
    graph: ThoughtId
    fault: Literal["cycle", "unknown_edge", "duplicate_key", "empty_question", "self_edge", "unknown_final"]
    detail: str


class PlanRejected(Event):
    """A plan was not used; the planner is asked again with the feedback, or the thought is answered directly."""

    kind: Literal["plan_rejected"] = "plan_rejected"
    graph: ThoughtId
    feedback: str


class ThoughtAdded(Event):
    kind: Literal["thought_added"] = "thought_added"
    thought: ThoughtId
    parent_graph: ThoughtId | None
    depth: int
    layer: int
    question: str


class EdgeAdded(Event):
    kind: Literal["edge_added"] = "edge_added"
    source: ThoughtId
    target: ThoughtId


class ThoughtStarted(Event):
    kind: Literal["thought_started"] = "thought_started"
    thought: ThoughtId
    question: str


class StrategyChosen(Event):
    kind: Literal["strategy_chosen"] = "strategy_chosen"
    thought: ThoughtId
    strategy: str
    why: str


class ThoughtExpanded(Event):
    """The thought becomes a nested graph."""

    kind: Literal["thought_expanded"] = "thought_expanded"
    thought: ThoughtId
    why: str


class Verified(Event):
    kind: Literal["verified"] = "verified"
    thought: ThoughtId
    answer: str
    verdict: Verdict


class ThoughtRetried(Event):
    """An answer was not accepted and the thought is tried again."""

    kind: Literal["thought_retried"] = "thought_retried"
    thought: ThoughtId
    retry: int
    strategy: str
    why: str


class ThoughtFinished(Event):
    kind: Literal["thought_finished"] = "thought_finished"
    thought: ThoughtId
    status: ThoughtStatus
    answer: str = ""
    strategy: str = ""
    reward: float | None = None
    confidence: float | None = None
    trust: Trust = "unchecked"
    trust_reason: str = ""
    reason: str = ""


class CallStarted(Event):
    kind: Literal["call_started"] = "call_started"
    thought: ThoughtId
    call: str
    purpose: str
    role: str
    model: str
    prompt: str = ""


class CallRetried(Event):
    kind: Literal["call_retried"] = "call_retried"
    thought: ThoughtId
    call: str
    why: str
    delay_s: float


class CallFinished(Event):
    kind: Literal["call_finished"] = "call_finished"
    thought: ThoughtId
    call: str
    purpose: str
    model: str
    usage: Usage
    latency_ms: float
    replayed: bool = False
    error: str = ""
    prompt: str = ""


class TextStreamed(Event):
    """A piece of a model's text as it arrives. Not numbered and not stored: the call is."""

    kind: Literal["text_streamed"] = "text_streamed"
    thought: ThoughtId
    purpose: str
    text: str


class SearchNodeAdded(Event):
    """A search holds a new state: the chain that leads to node `parent`, and this step after it.

    Attributes:
        node: Number within the thought's search, from 0 for the root.
        value: The search's estimate in [0, 1], or None while it has none.
        done: The chain is finished; `text` ends in its answer.
    """

    kind: Literal["search_node_added"] = "search_node_added"
    thought: ThoughtId
    search: int
    node: int
    parent: int | None
    text: str
    value: float | None = None
    done: bool = False


class SearchNodeVisited(Event):
    """A backup passed the node: how often now, and the mean of what came back."""

    kind: Literal["search_node_visited"] = "search_node_visited"
    thought: ThoughtId
    search: int
    node: int
    visits: int
    value: float


class SearchPruned(Event):
    """A state will not be looked at again."""

    kind: Literal["search_pruned"] = "search_pruned"
    thought: ThoughtId
    search: int
    node: int
    why: str


class SearchFinished(Event):
    """What the search came to; `path` leads from its root to the chosen node."""

    kind: Literal["search_finished"] = "search_finished"
    thought: ThoughtId
    search: int
    strategy: str
    path: tuple[int, ...]
    why: str


class ToolStarted(Event):
    """A tool begins to work; `arguments` is JSON, cut if long."""

    kind: Literal["tool_started"] = "tool_started"
    thought: ThoughtId
    call: str
    tool: str
    arguments: str


class ToolFinished(Event):
    """What became of a tool's call, also of one that was refused; `text` is the beginning of what the model reads."""

    kind: Literal["tool_finished"] = "tool_finished"
    thought: ThoughtId
    call: str
    tool: str
    text: str
    error: bool
    latency_ms: float
    replayed: bool = False


class ApprovalAsked(Event):
    """A person is asked whether a tool with side effects may be called; `again` if it may have taken effect already."""

    kind: Literal["approval_asked"] = "approval_asked"
    thought: ThoughtId
    call: str
    tool: str
    text: str
    again: bool = False


class ApprovalGiven(Event):
    """What the person said; `approved` is also false if no answer could be had."""

    kind: Literal["approval_given"] = "approval_given"
    thought: ThoughtId
    call: str
    tool: str
    approved: bool
    replayed: bool = False


class LimitFired(Event):
    """A limit stopped something: the run, a nested graph, or one expansion."""

    kind: Literal["limit_fired"] = "limit_fired"
    thought: ThoughtId
    limit: str
    used: float
    allowed: float
    effect: str


class Notice(Event):
    """Something a person should know: a degraded feature, a fault that was survived."""

    kind: Literal["notice"] = "notice"
    level: Literal["info", "warning"]
    text: str


AnyEvent = Annotated[
    RunStarted | RunFinished | PlanProposed | PlanRepaired | PlanRejected | ThoughtAdded | EdgeAdded
    | ThoughtStarted | StrategyChosen | ThoughtExpanded | Verified | ThoughtRetried | ThoughtFinished
    | SearchNodeAdded | SearchNodeVisited | SearchPruned | SearchFinished
    | CallStarted | CallRetried | CallFinished | TextStreamed
    | ToolStarted | ToolFinished | ApprovalAsked | ApprovalGiven | LimitFired | Notice,
    Field(discriminator="kind"),
]  # fmt: skip

_ADAPTER: TypeAdapter[Any] = TypeAdapter(AnyEvent)


def event_from_json(text: str | bytes) -> AnyEvent:
    """Parse one stored event.

    Raises:
        pydantic.ValidationError: If the text is not an event of this version.
    """
    event: AnyEvent = _ADAPTER.validate_json(text)
    return event


Sink = Callable[[AnyEvent], None]
"""Reads every event, in order, on the event loop; must not block."""


class EventStream:
    """Numbers the events of one run and hands them to its readers."""

    def __init__(
        self, run_id: RunId, clock: Callable[[], float], *, after_seq: int = 0, attempt: int = 1
    ) -> None:
        self.run_id, self.attempt = run_id, attempt
        self._clock, self._seq = clock, after_seq
        self._sinks: list[Sink] = []

    def add_sink(self, sink: Sink) -> None:
        """Call `sink` with every event from now on."""
        self._sinks.append(sink)

    def emit(self, event: AnyEvent) -> None:
        """Number the event, stamp it, and hand it to every reader."""
        transient = isinstance(event, TextStreamed)
        if not transient:
            self._seq += 1
        stamp = {
            "run_id": self.run_id, "seq": 0 if transient else self._seq,
            "at_s": self._clock(), "attempt": self.attempt,
        }  # fmt: skip
        if isinstance(event, Notice):
            event = event.model_copy(update={"text": redacted_message(event.text)})
        stamped = event.model_copy(update=stamp)
        for sink in list(self._sinks):
            try:
                sink(stamped)
            except Exception as error:  # noqa: BLE001
                # A reader's fault must not end the run it reads.
                self._sinks.remove(sink)
                self.emit(
                    Notice(level="warning", text=f"A reader of the events failed and is left out: {error!r}")
                )
