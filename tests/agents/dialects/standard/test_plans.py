"""Plans that instruct models write as numbered lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.dialects.standard.plans import announces_plan, plan_in, renamed
from agot.thought import Plan, PlannedThought
from tests.bounded import bounded


def read(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.key, one.question, one.needs) for one in plan_in(text).thoughts]


@pytest.mark.parametrize(
    "dress",
    [
        "1. A?\n2. B of #1?", "1) A?\n2) B of #1?", "(1) A?\n(2) B of #1?", "[1] A?\n[2] B of #1?", "1: A?\n2: B of #1?",
        "1 - A?\n2 – B of #1?", "**1.** A?\n**2.** B of #1?", "**1. A?**\n**2. B of #1?**", "- 1. A?\n- 2. B of #1?",
        "* **1)** A?\n* **2)** B of #1?", "### 1. A?\n\n### 2. B of #1?", "Q1: A?\nQ2: B of #1?", "#1. A?\n#2. B of #1?",
        "Question 1: A?\nQuestion 2: B of #1?", "Sub-question 1: A?\nSubquestion 2: B of #1?", "Step 1. A?\nStep 2. B of #1?",
        "PLAN\n1. A?\n2. B of #1?", "**PLAN**\n\n1. A?\n2. B of #1?", "Here is the list:\n\n1. A?\n2. B of #1?\n\nThat is all.",
        "1. A?\n   - a detail\n   - another\n2. B of #1?", '1. "A?"\n2. `B of #1?`', "> 1. A?\n> 2. B of #1?", "\t1.\tA?\n\t2.\tB of #1?",
        "1\\. A?\n2\\. B of #1?", "1.A?\n2.B of #1?", "1. [ ] A?\n2. [x] B of #1?", "  1. A?  \r\n  2. B of #1?  ",
        "```\n1. A?\n2. B of #1?\n```", "1. A?\n1. A again?\n2. B of #1?\n2. C?",
    ],
)  # fmt: skip
def test_a_numbered_list_is_read_in_any_dress(dress: str) -> None:
    assert read(dress) == [("1", "A?", ()), ("2", "B of #1?", ("1",))]
    assert plan_in(dress).final == "2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It needs no plan.",
        "- A?\n- B?",
        "a. A?\nb. B?",
        "3.14 is pi",
        "1.5 apples are left",
        "2024: a year",
        "12/5. A",
        "1.",
        "PLAN",
    ],
)
def test_without_a_numbered_list_there_is_no_plan(text: str) -> None:
    assert plan_in(text) == Plan(thoughts=(), final="")


def test_every_answer_that_a_sub_question_speaks_of_is_needed_once_and_none_is_its_own() -> None:
    assert read("1. A?\n2. B?\n3. What is #1 + #2 * #1 - #3?")[2] == (
        "3",
        "What is #1 + #2 * #1 - #3?",
        ("1", "2"),
    )


def test_answers_that_none_uses_have_to_be_put_together() -> None:
    assert plan_in("1. A?\n2. B?").final == ""


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        ("PLAN\n1. A?", True), ("\n\n **PLAN:**\n1. A?", True), ("# PLAN\n1. A?", True), ("PLAN.", True),
        ("Plan:\n1. A?", False), ("My PLAN\n1. A?", False), ("PLAN A is best.", False), ("1. A?\nPLAN", False), ("", False),
        ("PLANET", False),
    ],
)  # fmt: skip
def test_a_plan_is_announced_by_its_mark_on_the_first_line(text: str, announced: bool) -> None:
    assert announces_plan(text) is announced


def test_names_of_findings_are_not_given_again() -> None:
    plan = Plan(
        thoughts=(
            PlannedThought(key="1", question="A of #2?", needs=("2",)),
            PlannedThought(key="3", question="B?"),
        ),
        final="1",
    )
    again = renamed(plan, {"1", "2"})
    assert [(one.key, one.needs) for one in again.thoughts] == [
        ("n1", ("2",)),
        ("3", ()),
    ] and again.final == "n1"
    assert renamed(plan, {"7"}) is plan


@given(st.text(alphabet="1234#.): PLAN*-\nab", max_size=120))
def test_any_text_can_be_read_as_a_plan(text: str) -> None:
    announces_plan(text)
    plan = plan_in(text)
    keys = [one.key for one in plan.thoughts]
    assert len(set(keys)) == len(keys) and plan.final in (*keys, "")
    assert all(one.key not in one.needs and one.question for one in plan.thoughts)


@pytest.mark.parametrize("piece", [" ", "1. ", "#1 ", "**", "PLAN ", "\n", "1. A?\n", "- "])
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    with bounded():
        for text in (piece * 200_000, f"PLAN{piece * 200_000}x", f"1. A{piece * 200_000}x"):
            announces_plan(text)
            plan_in(text)


def test_numbers_with_a_mark_and_no_stop_begin_sub_questions() -> None:
    text = "#1 How many boxes are there?\n#2 How many eggs are in #1 boxes?"
    assert read(text) == [
        ("1", "How many boxes are there?", ()), ("2", "How many eggs are in #1 boxes?", ("1",)),
    ]  # fmt: skip


def test_a_last_sub_question_that_has_to_answer_the_whole_needs_all_others_where_it_names_none() -> None:
    text = "1. How many red ones?\n2. How many blue ones?\n3. How many are there in all?"
    plan = plan_in(text, whole=True)
    assert plan.thoughts[-1].needs == ("1", "2") and plan.final == "3"
    assert plan_in(text).thoughts[-1].needs == () and plan_in(text).final == ""
    assert plan_in("1. How many are there?", whole=True).thoughts[0].needs == ()
