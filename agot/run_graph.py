"""The whole run as a langgraph StateGraph, to be a node of somebody's own langgraph program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agot.events import AnyEvent

if TYPE_CHECKING:
    from agot.reasoner import Reasoner


class RunState(TypedDict, total=False):
    """State of the run's graph; give `question`, the other keys come back.

    Attributes:
        question: What to answer.
        answer: The answer, "" if there is none.
        status: As `agot.thought.RunStatus`.
        trust: How far the answer can be trusted, as `agot.thought.Trust`; `trust_reason` says why.
        candidate: The best answer that there was, also if the run withheld it.
        confidence: In [0, 1] or None.
        run_id: For `agot runs show`.
        usage: Calls, tokens, cost and seconds.
    """

    question: str
    answer: str
    status: str
    trust: str
    trust_reason: str
    candidate: str
    confidence: float | None
    run_id: str
    usage: dict[str, Any]


def run_graph(reasoner: Reasoner) -> CompiledStateGraph[RunState, None, RunState, RunState]:
    """Return the graph `question -> reason -> answer` over a reasoner, which stays the caller's to close.

    It runs on an event loop only: use `ainvoke` and `astream`.
    """

    async def reason(state: RunState) -> RunState:
        write = get_stream_writer()

        def forward(event: AnyEvent) -> None:
            write(event.model_dump(mode="json"))

        result = await reasoner.ask(state.get("question", ""), on_event=forward)
        return {
            "answer": result.answer, "status": result.status, "trust": result.trust,
            "trust_reason": result.trust_reason, "candidate": result.candidate, "confidence": result.confidence,
            "run_id": result.run_id, "usage": result.usage.model_dump(),
        }  # fmt: skip

    graph = StateGraph(RunState)
    graph.add_node("reason", reason)
    graph.add_edge(START, "reason")
    graph.add_edge("reason", END)
    return graph.compile(name="agot")
