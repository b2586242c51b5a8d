"""Every plan becomes a DAG, and every change is said."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.repair import repair, state_question
from agot.thought import Plan, PlannedThought

KEYS = st.sampled_from(["1", "2", "3", "4", "5", "x", ""])
THOUGHTS = st.builds(
    PlannedThought,
    key=KEYS,
    question=st.sampled_from(["", "  ", "a?", "b #1?", "c #2 #3", "d #x #nine"]),
    needs=st.lists(st.sampled_from(["1", "2", "3", "4", "5", "x", "ghost"]), max_size=4).map(tuple),
)
PLANS = st.builds(Plan, thoughts=st.lists(THOUGHTS, max_size=8).map(tuple), final=KEYS)


@given(plan=PLANS, known=st.sets(st.sampled_from(["x", "old"])))
def test_repaired_plan_is_a_dag_over_unique_known_keys(plan: Plan, known: set[str]) -> None:
    mended = repair(plan, known).plan
    keys = [thought.key for thought in mended.thoughts]
    assert len(set(keys)) == len(keys)
    assert not known & set(keys)
    graph = nx.DiGraph((need, t.key) for t in mended.thoughts for need in t.needs)
    assert nx.is_directed_acyclic_graph(graph)
    assert set(graph) <= set(keys) | known
    assert all(thought.question.strip() for thought in mended.thoughts)
    assert not mended.final or mended.final in keys


@given(plan=PLANS)
def test_repairing_a_repaired_plan_changes_nothing(plan: Plan) -> None:
    # References in the words themselves stay, so that only plans with stated edges settle at once.
    stated = tuple(thought.model_copy(update={"question": "?"}) for thought in plan.thoughts)
    once = repair(plan.model_copy(update={"thoughts": stated})).plan
    assert repair(once).plan == once


def test_cycle_loses_only_the_backward_edge() -> None:
    plan = Plan(thoughts=(
        PlannedThought(key="1", question="a", needs=("3",)),
        PlannedThought(key="2", question="b", needs=("1",)),
        PlannedThought(key="3", question="c", needs=("2",)),
    ))  # fmt: skip
    repaired = repair(plan)
    assert [fault for fault, _ in repaired.faults] == ["cycle"]
    assert [thought.needs for thought in repaired.plan.thoughts] == [(), ("1",), ("2",)]


def test_edge_to_unknown_thought_is_reported() -> None:
    repaired = repair(Plan(thoughts=(PlannedThought(key="1", question="a", needs=("9",)),)))
    assert repaired.faults == (("unknown_edge", "thought 1 needed the unknown thought 9"),)


def test_backward_edge_without_a_cycle_stays() -> None:
    plan = Plan(thoughts=(PlannedThought(key="1", question="a #2"), PlannedThought(key="2", question="b")))
    assert repair(plan).plan.thoughts[0].needs == ("2",)


def test_references_are_replaced_by_answers() -> None:
    assert state_question("Compute #1*#2", {"1": "3", "2": "4"}, set()) == "Compute 3*4"
    assert state_question("Compute #1*#12", {"1": "3", "12": "4"}, set()) == "Compute 3*4"
    assert state_question("Compute #1*#2", {"1": "3"}, {"2"}) is None
    assert state_question("Issue #42 of C#1 at /#1", {"1": "3"}, {"2"}) == "Issue #42 of C#1 at /#1"


def test_number_sign_of_the_question_itself_is_no_reference() -> None:
    plan = Plan(thoughts=(
        PlannedThought(key="1", question="Who opened issue #2?"),
        PlannedThought(key="2", question="Who closed issue #2?"),
        PlannedThought(key="3", question="Are they equal?", needs=("1", "2")),
    ))  # fmt: skip
    repaired = repair(plan, question="Did the same person open and close issue #2?")
    assert repaired.faults == ()
    assert [thought.needs for thought in repaired.plan.thoughts] == [(), (), ("1", "2")]


def test_names_of_thoughts_are_read_tolerantly() -> None:
    plan = Plan(thoughts=(
        PlannedThought(key=" a-b ", question="x"), PlannedThought(key="#c", question="y", needs=(" #a-b",)),
    ), final=" #c ")  # fmt: skip
    repaired = repair(plan)
    assert repaired.faults == ()
    assert (repaired.plan.thoughts[1].needs, repaired.plan.final) == (("a_b",), "c")
