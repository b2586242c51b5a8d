"""Makes a planner's plan a DAG before it enters the graph, and says what had to be changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx

from agot.thought import Plan, PlannedThought

REFERENCE = re.compile(r"#([A-Za-z0-9_]+)")
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


def repair(plan: Plan, known: Iterable[str] = ()) -> Repaired:
    """Make a planner's plan a DAG, and say what was changed.

    Duplicate keys are renamed, thoughts without a question and edges to unknown thoughts or to
    themselves are dropped, and of each cycle the edge that points backwards in the planner's own order is
    dropped. `#key` in a question counts as a need.

    Args:
        plan: As the planner wrote it.
        known: Keys of thoughts that exist already (when a plan extends a graph).
    """
    faults: list[tuple[str, str]] = []
    known_keys = set(known)
    thoughts: list[PlannedThought] = []
    taken = set(known_keys)
    for position, thought in enumerate(plan.thoughts, start=1):
        key = thought.key.strip() or str(position)
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
        for need in dict.fromkeys((*thought.needs, *REFERENCE.findall(thought.question))):
            if need == thought.key:
                faults.append(("self_edge", f"thought {need} needed its own answer"))
            elif need in order:
                graph.add_edge(need, thought.key)
            elif need in known_keys:
                graph.nodes[thought.key].setdefault("outside", []).append(need)
            elif need in thought.needs:
                faults.append(("unknown_edge", f"thought {thought.key} needed the unknown thought {need}"))
    _break_cycles(graph, order, faults)
    mended = tuple(
        thought.model_copy(update={"needs": tuple(
            [*sorted(graph.predecessors(thought.key), key=order.__getitem__), *graph.nodes[thought.key].get("outside", [])]
        )})
        for thought in thoughts
    )  # fmt: skip
    final = plan.final
    if final and final not in order:
        faults.append(
            (
                "unknown_final",
                f"the final thought {final} does not exist; the answers are put together instead",
            )
        )
        final = ""
    return Repaired(plan.model_copy(update={"thoughts": mended, "final": final}), tuple(faults))


def _break_cycles(graph: nx.DiGraph[str], order: dict[str, int], faults: list[tuple[str, str]]) -> None:
    # Only edges that point backwards in the planner's order can close a cycle; dropping those inside a
    # strongly connected component, and no others, leaves a DAG and keeps harmless backward edges.
    for component in [c for c in nx.strongly_connected_components(graph) if len(c) > 1]:
        inside = graph.subgraph(component).edges
        for source, target in sorted(inside, key=lambda e: (order[e[0]], order[e[1]])):
            if order[source] > order[target]:
                faults.append(("cycle", f"the edge from {source} to {target} closed a cycle and was dropped"))
                graph.remove_edge(source, target)


def state_question(question: str, answers: dict[str, str]) -> tuple[str, bool]:
    """Replace each `#key` by that thought's answer.

    Returns:
        The question, and whether every reference to a known key could be replaced. `answers` maps keys to
        answers, "" standing for a known thought that has no answer.
    """
    complete = True

    def put(match: re.Match[str]) -> str:
        nonlocal complete
        answer = answers.get(match[1])
        if answer == "":
            complete = False
        return answer or match[0]

    return REFERENCE.sub(put, question), complete
