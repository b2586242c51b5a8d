"""Makes a planner's plan a DAG before it enters the graph, and says what had to be changed."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from agot.thought import Plan, PlannedThought

REFERENCE = re.compile(r"(?<![\w/&])#(\w+)")
"""`#key` in a planned question stands for the answer of thought `key`."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A plan that is a DAG over unique keys, with what had to be changed.

    Attributes:
        plan: Thoughts in the planner's order; every need names a thought of the plan or of `known`.
        faults: Pairs of fault and detail, one for each change.
    """

    plan: Plan
    faults: tuple[tuple[str, str], ...]


def repair(plan: Plan, known: Iterable[str] = (), *, question: str = "") -> Repaired:
    """Make a planner's plan a DAG, and say what was changed.

    Duplicate keys are renamed, thoughts without a question and edges to unknown thoughts or to
    themselves are dropped, and of each cycle the edge that points backwards in the planner's own order is
    dropped. `#key` in a question counts as a need.

    Args:
        plan: As the planner wrote it.
        known: Keys of thoughts that exist already (when a plan extends a graph).
        question: The question that is split. A `#2` that stands in it already is a person's own, not a
            reference, unless the planner lists it as a need.
    """
    own = set(REFERENCE.findall(question))
    faults: list[tuple[str, str]] = []
    known_keys = set(known)
    thoughts: list[PlannedThought] = []
    taken = set(known_keys)
    for position, thought in enumerate(plan.thoughts, start=1):
        key = _key(thought.key) or str(position)
        if not thought.question.strip():
            faults.append(("empty_question", f"thought {key} asks nothing and was left out"))
            continue
        if key in taken:
            fresh = next(f"{key}_{i}" for i in range(2, len(taken) + 3) if f"{key}_{i}" not in taken)
            faults.append(("duplicate_key", f"a second thought {key} was renamed to {fresh}"))
            key = fresh
        taken.add(key)
        thoughts.append(thought.model_copy(update={"key": key}))
    order = {thought.key: place for place, thought in enumerate(thoughts)}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(order)
    for thought in thoughts:
        stated = [_key(need) for need in thought.needs]
        implied = [key for key in REFERENCE.findall(thought.question) if key not in own]
        for need in dict.fromkeys((*stated, *implied)):
            if need == thought.key:
                faults.append(("self_edge", f"thought {need} needed its own answer"))
            elif need in order:
                graph.add_edge(need, thought.key)
            elif need in known_keys:
                graph.nodes[thought.key].setdefault("outside", []).append(need)
            elif need in stated:
                faults.append(("unknown_edge", f"thought {thought.key} needed the unknown thought {need}"))
    _break_cycles(graph, order, faults)
    mended = tuple(
        thought.model_copy(update={"needs": tuple(
            [*sorted(graph.predecessors(thought.key), key=order.__getitem__), *graph.nodes[thought.key].get("outside", [])]
        )})
        for thought in thoughts
    )  # fmt: skip
    final = _key(plan.final)
    if final and final not in order:
        faults.append(
            (
                "unknown_final",
                f"the final thought {final} does not exist; the answers are put together instead",
            )
        )
        final = ""
    return Repaired(plan.model_copy(update={"thoughts": mended, "final": final}), tuple(faults))


def depths(plan: Plan) -> dict[str, int]:
    """Return the layer of each thought of a repaired plan: 0 without needs, else one more than its deepest need."""
    needs = {thought.key: list(thought.needs) for thought in plan.thoughts}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(needs)
    graph.add_edges_from((need, key) for key, parents in needs.items() for need in parents if need in needs)
    return {key: layer for layer, keys in enumerate(nx.topological_generations(graph)) for key in keys}


def _key(name: str) -> str:
    """Return a planner's name of a thought as it can stand behind `#`."""
    return re.sub(r"\W+", "_", name.strip().lstrip("#").strip())


def _break_cycles(graph: nx.DiGraph[str], order: dict[str, int], faults: list[tuple[str, str]]) -> None:
    # Only edges that point backwards in the planner's order can close a cycle; dropping those inside a
    # strongly connected component, and no others, leaves a DAG and keeps harmless backward edges.
    for component in [c for c in nx.strongly_connected_components(graph) if len(c) > 1]:
        inside = graph.subgraph(component).edges
        for source, target in sorted(inside, key=lambda e: (order[e[0]], order[e[1]])):
            if order[source] > order[target]:
                faults.append(("cycle", f"the edge from {source} to {target} closed a cycle and was dropped"))
                graph.remove_edge(source, target)


def state_question(question: str, answers: Mapping[str, str], unanswered: Container[str]) -> str | None:
    """Replace each `#key` by that thought's answer.

    Args:
        answers: Answers of the thoughts that this one needs, by key.
        unanswered: Keys of the plan's other thoughts: a reference to one of them cannot be stated.

    Returns:
        The question, or None if it refers to a thought whose answer it may not use. `#` before anything
        else stays as it is.
    """
    if any(key in unanswered for key in REFERENCE.findall(question)):
        return None
    return REFERENCE.sub(lambda match: answers.get(match[1], match[0]), question)
