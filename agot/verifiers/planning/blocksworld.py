"""Blocksworld in words, as PlanBench puts it, on top of the STRIPS reader.

Source: Valmeekam et al. 2022, "PlanBench", arXiv 2206.10498.
"""

from __future__ import annotations

import re
from functools import lru_cache

from agot.thought import Solution, Task, Verdict
from agot.verifiers.planning.report import verdict
from agot.verifiers.planning.strips import Domain, Fact, Literal, Problem, domain, fault, plan_of

_LONGEST = 40_000
_BLOCK = r"(?:the )?([a-z][\w-]{0,30})(?: block)?"
_FACTS = (
    (re.compile(rf"{_BLOCK} is on top of {_BLOCK}"), "on"),
    (re.compile(rf"{_BLOCK} is on the table"), "ontable"),
    (re.compile(rf"{_BLOCK} is clear"), "clear"),
    (re.compile(r"(?:the |my )?hand is empty"), "handempty"),
    (re.compile(rf"i am holding {_BLOCK}"), "holding"),
)
_STATEMENT = re.compile(
    r"as initial conditions i have that,?(?P<start>[^.]{1,8000})\.\s*my goal is to have that,?(?P<goal>[^.]{1,8000})\."
)
_JOINT = re.compile(r",\s+(?:and\s+)?|\s+and\s+")
_STEPS = tuple(
    (re.compile(rf"(?:\d{{1,3}}[.)]\s*|[-*•]\s*)?{wording}[.,;]?"), action)
    for wording, action in (
        (rf"pick(?:ing)? up {_BLOCK}(?: from the table)?", "pick-up"),
        (rf"put(?:ting)? down {_BLOCK}(?: on the table)?", "put-down"),
        (rf"unstack(?:ing)? {_BLOCK} from (?:on )?(?:top of )?{_BLOCK}", "unstack"),
        (rf"stack(?:ing)? {_BLOCK} (?:on top of|onto|on) {_BLOCK}", "stack"),
    )
)

BLOCKSWORLD = """
(define (domain blocksworld-4ops)
  (:requirements :strips)
  (:predicates (clear ?x) (ontable ?x) (handempty) (holding ?x) (on ?x ?y))
  (:action pick-up :parameters (?b)
    :precondition (and (clear ?b) (ontable ?b) (handempty))
    :effect (and (holding ?b) (not (clear ?b)) (not (ontable ?b)) (not (handempty))))
  (:action put-down :parameters (?b)
    :precondition (holding ?b)
    :effect (and (clear ?b) (ontable ?b) (handempty) (not (holding ?b))))
  (:action stack :parameters (?b ?below)
    :precondition (and (holding ?b) (clear ?below))
    :effect (and (on ?b ?below) (clear ?b) (handempty) (not (holding ?b)) (not (clear ?below))))
  (:action unstack :parameters (?b ?below)
    :precondition (and (on ?b ?below) (clear ?b) (handempty))
    :effect (and (holding ?b) (clear ?below) (not (on ?b ?below)) (not (clear ?b)) (not (handempty)))))
"""
"""The four actions of a hand that moves blocks."""


@lru_cache(maxsize=1)
def blocksworld() -> Domain:
    """Return the domain."""
    return domain(BLOCKSWORLD)


def stated(question: str) -> Problem | None:
    """Return the problem that the last statement of a question describes, or None if it cannot be read whole."""
    if len(question) > _LONGEST:
        return None
    statements = list(_STATEMENT.finditer(" ".join(question.casefold().split())))
    if not statements:
        return None
    start, goal = _facts(statements[-1]["start"]), _facts(statements[-1]["goal"])
    if start is None or not goal:
        return None
    names = {name: "object" for fact in (*start, *goal) for name in fact[1:]}
    return Problem("blocksworld-4ops", names, frozenset(start), tuple(Literal(fact) for fact in goal))


def steps(answer: str) -> list[Fact]:
    """Return the steps of a plan in words, one to a line, or in PDDL; nothing behind `[PLAN END]` counts."""
    text = answer[:_LONGEST].casefold().partition("[plan end]")[0].rpartition("[plan]")[2]
    found: list[Fact] = []
    for line in text.splitlines():
        for pattern, action in _STEPS:
            if step := pattern.fullmatch(line.strip(" *`")):
                found.append((action, *step.groups()))
    return found or plan_of(text)


def faults(question: str, answer: str) -> list[str] | None:
    """Return what is wrong with the plan; [] if it reaches the goal, None if the question is of another kind."""
    asked = stated(question)
    if asked is None:
        return None
    wrong = fault(blocksworld(), asked, steps(answer))
    return [wrong] if wrong else []


class BlocksworldCheck:
    """The plan must move the blocks as the question wants, by possible steps only."""

    name = "blocksworld"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a verdict, or None if the question is of another kind; conclusive if the answer can be read."""
        found = faults(task.question, solution.answer)
        return verdict(self.name, found, readable=bool(steps(solution.answer)))


def _facts(text: str) -> list[Fact] | None:
    found: list[Fact] = []
    for part in _JOINT.split(text.strip()):
        for pattern, predicate in _FACTS:
            if fact := pattern.fullmatch(part.strip()):
                found.append((predicate, *fact.groups()))
                break
        else:
            return None
    return found
