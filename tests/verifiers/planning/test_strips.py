"""PDDL is read within bounds, and plans are carried out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.thought import Solution, Task
from agot.verifiers.planning.blocksworld import BLOCKSWORLD, BlocksworldCheck, faults
from agot.verifiers.planning.strips import NotPddl, StripsCheck, domain, fault, plan_of, problem
from tests.bounded import bounded

PROBLEM = """
(define (problem two) ; two blocks
  (:domain blocksworld-4ops)
  (:objects a b c)
  (:init (handempty) (on a b) (ontable b) (ontable c) (clear a) (clear c))
  (:goal (and (on b c) (on a b))))
"""
PLAN = ["(unstack a b)", "(put-down a)", "(pick-up b)", "(stack b c)", "(pick-up a)", "(stack a b)"]

LOGISTICS = """
(define (domain moving)
  (:requirements :strips :typing :negative-preconditions)
  (:types truck box - thing place)
  (:predicates (at ?x - thing ?p - place) (in ?b - box ?t - truck) (broken ?t - truck))
  (:action drive :parameters (?t - truck ?from ?to - place)
    :precondition (and (at ?t ?from) (not (broken ?t))) :effect (and (at ?t ?to) (not (at ?t ?from))))
  (:action load :parameters (?b - box ?t - truck ?p - place)
    :precondition (and (at ?b ?p) (at ?t ?p)) :effect (and (in ?b ?t) (not (at ?b ?p)))))
"""
LOADING = """
(define (problem load) (:domain moving) (:objects t u - truck b - box here there - place)
  (:init (at t here) (at u here) (broken u) (at b there)) (:goal (and (in b t) (not (broken t)))))
"""


def _fault(plan: list[str], world: str = BLOCKSWORLD, task: str = PROBLEM) -> str:
    return fault(domain(world), problem(task), plan_of("\n".join(plan)))


def test_plan_that_reaches_the_goal_has_no_fault() -> None:
    assert _fault(PLAN) == ""
    assert _fault([step.upper() for step in PLAN]) == ""


@pytest.mark.parametrize("place", range(len(PLAN)))
def test_truncated_plan_or_plan_without_a_step_fails(place: int) -> None:
    assert "goal is not reached" in _fault(PLAN[:place])
    assert _fault(PLAN[:place] + PLAN[place + 1 :])


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("(pick-up b)", "(clear b) does not hold"),
        ("(fly a)", "no action"),
        ("(pick-up)", "no action"),
        ("(pick-up z)", "z is no object"),
        ("(unstack a c)", "(on a c) does not hold"),
    ],
)
def test_impossible_step_is_named(step: str, why: str) -> None:
    found = _fault([step, *PLAN])
    assert found.startswith("step 1") and why in found


def test_types_and_negative_preconditions_bind() -> None:
    plan = ["(drive t here there)", "(load b t there)"]
    assert _fault(plan, LOGISTICS, LOADING) == ""
    assert "(broken u) does hold" in _fault(["(drive u here there)"], LOGISTICS, LOADING)
    assert "no truck" in _fault(["(drive b here there)"], LOGISTICS, LOADING)


@pytest.mark.parametrize(
    "text",
    [
        "", "(", ")", "(define)", "(define (problem x))", "()" * 30, "(" * 1000 + ")" * 1000, "(define (domain d))",
        "(define (domain d) (:requirements :adl) (:action a :parameters () :effect (p)))",
        "(define (domain d) (:action a :parameters () :effect (when (p) (q))))",
        "(define (domain d) (:action a :parameters (?x - (either a b)) :effect (p)))",
        "(define (domain d) (:action a :parameters ()))", "x" * 300_000, "( " * 45_000,
    ],
)  # fmt: skip
def test_what_is_no_supported_pddl_is_refused(text: str) -> None:
    with pytest.raises(NotPddl):
        domain(text)
    with pytest.raises(NotPddl):
        problem(text)


@settings(deadline=None)
@given(text=st.text(alphabet="()ab:-? ;\ndefinogal", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (domain, problem):
        with pytest.raises(NotPddl):
            read(text)


def test_verifier_of_a_given_problem() -> None:
    check = StripsCheck(BLOCKSWORLD, PROBLEM)
    right = check(Task(question="q"), Solution(answer=" ".join(PLAN)))
    assert right.reward == 1.0 and right.conclusive
    wrong = check(Task(question="q"), Solution(answer="none"))
    assert wrong.reward == 0.0 and "goal" in wrong.feedback


QUESTION = """I am playing with a set of blocks.

[STATEMENT]
As initial conditions I have that, the red block is clear, the hand is empty and the red block is on the table.
My goal is to have that the red block is on the table.

[STATEMENT]
As initial conditions I have that, the red block is clear, the blue block is clear, the hand is empty, the red block is on top of the pink block, the blue block is on the table and the pink block is on the table.
My goal is to have that the red block is on top of the blue block.

My plan is as follows:

[PLAN]
"""
WORDS = "unstack the red block from on top of the pink block\nstack the red block on top of the blue block"


@pytest.mark.parametrize(
    "answer",
    [
        WORDS,
        f"[PLAN]\n{WORDS}\n[PLAN END]\npick up the pink block",
        "1. Unstack the red block from on top of the pink block.\n2. Stack the red block on top of the blue block.",
        "(unstack red pink)\n(stack red blue)",
    ],
)
def test_plan_in_words_is_carried_out(answer: str) -> None:
    assert faults(QUESTION, answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "",
        WORDS.split("\n")[0],
        WORDS.split("\n")[1],
        WORDS.replace("blue", "pink"),
        "pick up the red block",
        f"{WORDS}\n{WORDS}",
    ],
)
def test_wrong_plan_in_words_is_refuted(answer: str) -> None:
    assert faults(QUESTION, answer)


def test_blocks_verifier_is_silent_on_other_questions() -> None:
    check = BlocksworldCheck()
    task, solution = Task(question="Stack the red block."), Solution(answer=WORDS)
    assert check(task, solution).reward is None
    odd = Task(question=QUESTION.replace("the hand is empty", "the hand is full"))
    assert check(odd, solution).reward is None


@pytest.mark.parametrize(
    "unit", ["stack a ", "(a ", "( ", "a is on top of ", "as initial conditions i have that ", "\n- "]
)
def test_no_text_takes_long(unit: str) -> None:
    with bounded():
        text = unit * (39_000 // len(unit))
        faults(QUESTION, text)
        faults(text, text)
        faults(
            "As initial conditions I have that, "
            + text[:7900]
            + ". My goal is to have that "
            + text[:7900]
            + ".",
            text,
        )
