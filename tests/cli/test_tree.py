"""The fold of events into a tree, and its rows at any height."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agot.cli.paint import one_line, printable, tree_lines
from agot.cli.tree import Tree, rows, short
from agot.events import (
    RunStarted,
    SearchNodeAdded,
    ThoughtAdded,
    ThoughtFinished,
    ThoughtStarted,
    ToolStarted,
)
from agot.ids import ROOT, ThoughtId, child_id, depth_of
from agot.thought import ThoughtStatus


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """A tree in which a finished thought has nothing open below it."""
    tree = Tree()
    tree.apply(ThoughtAdded(thought=ROOT, parent_graph=None, depth=0, layer=0, question="the question"))
    tree.apply(ThoughtStarted(thought=ROOT, question="the question"))
    open_ = [ROOT]
    for index in range(draw(st.integers(0, 40))):
        parent = draw(st.sampled_from(open_))
        name = child_id(parent, 0, index)
        tree.apply(
            ThoughtAdded(
                thought=name, parent_graph=parent, depth=depth_of(name), layer=0, question=f"q {name}"
            )
        )
        fate = draw(st.sampled_from(["pending", "running", "done"]))
        if fate == "running":
            tree.apply(ThoughtStarted(thought=name, question=f"q {name}"))
            open_.append(name)
        if fate == "done":
            tree.apply(ThoughtFinished(thought=name, status=ThoughtStatus.DONE, answer="a"))
    return tree


@given(trees(), st.integers(2, 20), st.booleans())
def test_rows_never_exceed_the_limit_and_show_what_runs_first(tree: Tree, limit: int, fold: bool) -> None:
    found = rows(tree, limit, fold=fold)
    assert 1 <= len(found) <= limit
    shown = [row.node.id for row in found if row.node is not None]
    assert len(shown) == len(set(shown))
    running = [node.id for node in tree.nodes.values() if node.status == "running"]
    assert sum(name in shown for name in running) >= min(len(running), limit - 1)


@given(trees())
def test_without_a_limit_and_unfolded_everything_is_shown(tree: Tree) -> None:
    assert {row.node.id for row in rows(tree, fold=False) if row.node is not None} == set(tree.nodes)


@given(trees(), st.integers(20, 120))
def test_lines_fit_the_width(tree: Tree, width: int) -> None:
    for line in tree_lines(tree, rows(tree, 12), width=width, unicode=True):
        assert "\n" not in line.plain


@given(st.text(), st.integers(1, 40))
def test_one_line_is_one_line_that_fits(text: str, width: int) -> None:
    line = one_line(text, width)
    assert cell_len(line) <= width and "\n" not in line and "\x1b" not in line


def test_a_finished_nested_graph_is_one_row() -> None:
    tree = Tree()
    tree.apply(ThoughtAdded(thought=ROOT, parent_graph=None, depth=0, layer=0, question="all"))
    for name in ("0.0", "0.0/0.0", "0.0/0.1", "0.1"):
        parent = name.rpartition("/")[0] or ROOT
        tree.apply(
            ThoughtAdded(
                thought=ThoughtId(name), parent_graph=ThoughtId(parent), depth=1, layer=0, question=name
            )
        )
    for name in ("0.0/0.0", "0.0/0.1", "0.0"):
        tree.apply(ThoughtFinished(thought=ThoughtId(name), status=ThoughtStatus.DONE, answer="7"))
    found = rows(tree, 12)
    assert [(row.node.id if row.node else "", row.folded) for row in found] == [
        ("root", ""), ("0.0", "done 3 thoughts"), ("0.1", ""),
    ]  # fmt: skip


def test_a_resume_begins_the_tree_afresh() -> None:
    tree = Tree()
    tree.apply(ThoughtAdded(thought=ROOT, parent_graph=None, depth=0, layer=0, question="all"))
    tree.apply(RunStarted(question="all", model="m", strategy="auto", seed=0, limits={}, attempt=2))
    assert tree.nodes == {}


def test_search_and_tools_say_what_a_thought_is_at() -> None:
    tree = Tree()
    tree.apply(ThoughtAdded(thought=ROOT, parent_graph=None, depth=0, layer=0, question="q"))
    tree.apply(SearchNodeAdded(thought=ROOT, search=0, node=6, parent=0, text="a step"))
    assert tree.nodes[ROOT].activity == "searching, 7 states"
    tree.apply(ToolStarted(thought=ROOT, call="c", tool="weekday", arguments="{}"))
    assert tree.nodes[ROOT].activity == "tool weekday"


def test_short_counts() -> None:
    assert [short(n) for n in (0, 950, 1000, 9130, 14_200, 2_300_000)] == [
        "0",
        "950",
        "1.0k",
        "9.1k",
        "14k",
        "2.3M",
    ]


def test_control_characters_are_removed_and_scripts_are_not() -> None:
    assert printable("a\x1b[2Jb\x9b31m\r\nشكرا 🧮") == "a[2Jb31m\nشكرا 🧮"
