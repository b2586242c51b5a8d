"""Each deterministic check accepts what is right, refutes what is wrong, and is silent otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.protocols import Check
from agot.thought import Finding, Plan, PlannedThought, Solution, Task, Verdict
from agot.reading.answers import equivalent, normal
from agot.verifiers.arithmetic import ExpressionCheck
from agot.verifiers.bindings import BINDINGS
from agot.verifiers.composition import CompositionCheck
from agot.verifiers.countdown import CountdownCheck
from agot.verifiers.equations import EquationCheck
from agot.verifiers.forms import FormCheck
from agot.verifiers.stated import StatedCheck
from agot.verifiers.plans import check_plan
from agot.verifiers.registry import CHECKS


def check(verifier: Check, question: str, answer: str, *steps: str, **more: object) -> Verdict:
    solution = Solution.model_validate({"answer": answer, "steps": steps, **more})
    return verifier(Task(question=question), solution)


@pytest.mark.parametrize(
    ("steps", "reward"),
    [
        (("3+4=7 -> 7*2", "7*2=14"), 1.0),
        (("3+4=8",), 0.0),
        (("10/3 = 3.33",), 1.0),
        (("10/3 = 3",), 1.0),
        (("10/3 = 5",), 0.0),
        (("3+4=7 -> 7*2+1", "7*2=14 -> 14+2"), 0.0),
        (("she has 3 apples",), None),
        (("x = 4", "the ratio 3:4"), None),
        (("apples: 5+3=8", "pears: 2*4=8"), 1.0),
    ],
)
def test_equations_are_recomputed(steps: tuple[str, ...], reward: float | None) -> None:
    assert check(EquationCheck(), "q", "1", *steps).reward == reward


def test_question_that_is_an_expression_is_recomputed() -> None:
    assert check(ExpressionCheck(), "What is 3+4?", "7").reward == 1.0
    assert check(ExpressionCheck(), "What is 3+4?", "8").reward == 0.0
    assert check(ExpressionCheck(), "What is 3+4?", "seven").reward == 1.0
    assert check(ExpressionCheck(), "Who is it?", "Ann").reward is None


@pytest.mark.parametrize(
    ("answer", "reward"),
    [
        ("(8-2)*4*(7-6)", 1.0),
        ("8*4-2-6", 0.0),
        ("(8-2)*4", 0.0),
        ("(8-2)*(7-6)*4 = 24", 1.0),
        ("24", 0.0),
        ("no", None),
    ],
)
def test_countdown_uses_each_number_once(answer: str, reward: float | None) -> None:
    question = "Use the numbers 8, 2, 4, 7 and 6 each exactly once with + - * / to make 24."
    assert check(CountdownCheck(), question, answer).reward == reward


def test_countdown_is_silent_on_other_questions() -> None:
    assert check(CountdownCheck(), "What is 3+4?", "7").reward is None


@pytest.mark.parametrize("answer", ["", "   ", "What is it really?"])
def test_unusable_answers_are_refuted(answer: str) -> None:
    assert check(FormCheck(), "What is it really?", answer).reward == 0.0


@pytest.mark.parametrize("verifier", CHECKS.values(), ids=CHECKS)
def test_a_long_answer_is_no_fault(verifier: Check) -> None:
    assert check(verifier, "Write a novel.", "word " * 50_000).reward is None


def test_a_long_answer_is_a_fault_where_the_question_demands_a_short_one() -> None:
    novel = "word " * 50_000
    assert check(StatedCheck(), "Write a novel in at most 300 words.", novel).reward == 0.3
    assert BINDINGS["max_words"]("50000")(novel) and not BINDINGS["max_words"]("49999")(novel)
    assert not BINDINGS["forbids"]("end")(novel + "end") and not BINDINGS["stated"]("Reply with one word.")(novel)


@pytest.mark.parametrize(
    ("question", "answer", "reward"),
    [
        ("Is it? Answer yes or no.", "maybe", 0.3),
        ("Is it? Answer yes or no.", "Yes.", None),
        ("Name it. Answer with one word.", "two words", 0.3),
        ("Explain in at most 3 words.", "one two three four", 0.3),
        ("Give the mean rounded to two decimals.", "3.14159", 0.3),
        ("Give the mean rounded to two decimals.", "3.14", None),
        ("Return the result as JSON.", "{broken", 0.3),
        ("What is it?", "anything at all", None),
    ],
)
def test_stated_constraints_hold(question: str, answer: str, reward: float | None) -> None:
    assert check(StatedCheck(), question, answer).reward == reward


def test_composition_is_as_good_as_its_weakest_part() -> None:
    parts = [
        Finding(thought="0.0", question="a", answer="1", reward=1.0),
        Finding(thought="0.1", question="b", answer="2", reward=0.4),
    ]  # type: ignore[arg-type]
    assert check(CompositionCheck(), "q", "2", parts=tuple(parts), plan_reward=1.0).reward == 0.4
    assert check(CompositionCheck(), "q", "2", parts=tuple(parts)).reward is None


def plan_of(*questions: str) -> Plan:
    thoughts = tuple(PlannedThought(key=str(i), question=q) for i, q in enumerate(questions, start=1))
    return Plan(thoughts=thoughts, final=str(len(questions)))


@pytest.mark.parametrize(
    ("plan", "reward"),
    [
        (plan_of("Compute 2+3", "Compute #1*4"), 1.0),
        (plan_of("Compute 2+4", "Compute #1*4"), 0.0),
        (plan_of("Compute 2+3", "Compute 4*#1"), 0.0),
        (plan_of("Compute #2", "Compute (2+3)*4"), 0.0),
    ],
)
def test_expression_plan_must_recompose(plan: Plan, reward: float) -> None:
    assert check_plan(Task(question="What is (2+3)*4?"), plan, verbatim=True).reward == reward


PROCEDURE = "Start with the list [4, 7, 1]. 1) Reverse it. 2) Append 5. 3) Remove the first element. What is the list?"


def test_procedure_plan_must_hold_every_clause_once_and_in_order() -> None:
    task = Task(question=PROCEDURE)
    good = plan_of(
        "Start with the list [4, 7, 1]. 1) Reverse it. What is the list now?",
        "Start with the list #1. 2) Append 5. 3) Remove the first element. What is the list?",
    )
    missing = plan_of(
        "Start with the list [4, 7, 1]. 1) Reverse it. What is the list now?",
        "Start with the list #1. 3) Remove the first element. What is the list?",
    )
    altered = plan_of(
        "Start with the list [4, 7, 1]. 1) Reverse it. What is the list now?",
        "Start with the list #1. 2) Append 6. 3) Remove the first element. What is the list?",
    )
    added = plan_of(
        "Start with the list [4, 7, 1]. 1) Reverse it. What is the list now?",
        "Start with the list #1. 2) Append 5. 3) Remove the first element. 4) Append 9. What is the list?",
    )
    assert check_plan(task, good, verbatim=True).reward == 1.0
    for wrong in (missing, altered, added):
        assert check_plan(task, wrong, verbatim=True).reward == 0.0
        assert check_plan(task, wrong, verbatim=False).reward is None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1,000", "1000"),
        ("3.50", "3.5"),
        ("[1,2]", "[1, 2]"),
        ("Paris.", "paris"),
        ('"yes"', "Yes"),
        ("-0", "0"),
        ("['a', 'b']", "[a, b]"),
    ],
)
def test_equivalent_answers(a: str, b: str) -> None:
    assert equivalent(a, b)


@given(text=st.text(max_size=100))
def test_normal_form_is_stable(text: str) -> None:
    assert normal(normal(text)) == normal(text)
