"""The graph of thoughts of one run.

One networkx DiGraph holds all thoughts, nested graphs included; `parent_graph` tells the nesting, an
edge tells that the target uses the source's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import networkx as nx

from agot.agents.repair import Repaired
from agot.events import AnyEvent, EdgeAdded, PlanRepaired, ThoughtAdded
from agot.ids import ROOT, ThoughtId, child_id, depth_of
from agot.thought import Finding, Plan, ThoughtStatus

NODE_FIELDS = (
    "parent_graph",
    "depth",
    "layer",
    "question",
    "strategy",
    "status",
    "answer",
    "reward",
    "trust",
    "reason",
)
"""Attributes of every node: heritage of the thought whose nested graph it is in (None for the root),
nesting depth, longest path from a source of its graph, the question, and the outcome."""


@dataclass(slots=True)
class PlacedThought:
    """A thought of a plan with its place in the run's graph."""

    id: ThoughtId
    key: str
    question: str
    needs: tuple[ThoughtId, ...]


class ThoughtGraph:
    """The thoughts of one run. All changes are announced as events."""

    def __init__(self, emit: Callable[[AnyEvent], None]) -> None:
        self.nx: nx.DiGraph[ThoughtId] = nx.DiGraph()
        self._emit = emit

    def add_root(self, question: str) -> None:
        """Add the run's own question."""
        self._add(ROOT, None, 0, question)

    def add_plan(
        self, graph: ThoughtId, round_: int, plan: Plan, keys: dict[str, ThoughtId]
    ) -> list[PlacedThought]:
        """Place the thoughts of a repaired plan in `graph`'s nested graph.

        Args:
            graph: The thought that is being expanded.
            round_: 0 for the first plan of this graph, 1 for its first extension, and so on.
            keys: Names of the graph's thoughts; extended in place.
        """
        ids = {thought.key: child_id(graph, round_, index) for index, thought in enumerate(plan.thoughts)}
        keys.update(ids)
        placed = [
            PlacedThought(ids[t.key], t.key, t.question, tuple(keys[need] for need in t.needs))
            for t in plan.thoughts
        ]
        waiting = {thought.id: thought for thought in placed}
        layer: dict[ThoughtId, int] = {}
        order: nx.DiGraph[ThoughtId] = nx.DiGraph()
        order.add_nodes_from(waiting)
        order.add_edges_from((need, t.id) for t in placed for need in t.needs if need in waiting)
        for thought_id in nx.topological_sort(order):
            needs = waiting[thought_id].needs
            layer[thought_id] = 1 + max(
                (layer.get(n, self.nx.nodes[n]["layer"] if n in self.nx else -1) for n in needs), default=-1
            )
            self._add(thought_id, graph, layer[thought_id], waiting[thought_id].question)
        for thought in placed:
            for need in thought.needs:
                self.add_edge(need, thought.id)
        return placed

    def add_final(
        self, thought: ThoughtId, graph: ThoughtId, question: str, parents: Iterable[ThoughtId]
    ) -> None:
        """Add the thought that puts a graph's findings together."""
        parents = list(parents)
        self._add(thought, graph, 1 + max((self.nx.nodes[p]["layer"] for p in parents), default=-1), question)
        for parent in parents:
            self.add_edge(parent, thought)

    def add_edge(self, source: ThoughtId, target: ThoughtId) -> None:
        """Let `target` use `source`'s answer."""
        self.nx.add_edge(source, target)
        self._emit(EdgeAdded(source=source, target=target))

    def _add(self, thought: ThoughtId, graph: ThoughtId | None, layer: int, question: str) -> None:
        depth = depth_of(thought)
        self.nx.add_node(
            thought, parent_graph=graph, depth=depth, layer=layer, question=question, strategy="",
            status=ThoughtStatus.PENDING, answer="", reward=None, trust="unchecked", reason="",
        )  # fmt: skip
        self._emit(
            ThoughtAdded(thought=thought, parent_graph=graph, depth=depth, layer=layer, question=question)
        )

    def update(self, thought: ThoughtId, **fields: object) -> None:
        """Set attributes of a node; the names are those of `NODE_FIELDS`."""
        self.nx.nodes[thought].update(fields)

    def status(self, thought: ThoughtId) -> ThoughtStatus:
        """Return the status of a thought."""
        status: ThoughtStatus = self.nx.nodes[thought]["status"]
        return status

    def finding(self, thought: ThoughtId) -> Finding | None:
        """Return the answer of a finished thought, or None if it has none."""
        node = self.nx.nodes[thought]
        if node["status"] is not ThoughtStatus.DONE:
            return None
        return Finding(
            thought=thought, question=node["question"], answer=node["answer"], reward=node["reward"],
            trust=node["trust"],
        )  # fmt: skip

    def announce_repairs(self, graph: ThoughtId, repaired: Repaired) -> None:
        """Say what was changed in a plan."""
        for fault, detail in repaired.faults:
            self._emit(PlanRepaired(graph=graph, fault=fault, detail=detail))  # type: ignore[arg-type]
