"""STRIPS: reads PDDL domains and problems, and carries plans out.

Source: Fikes & Nilsson 1971, "STRIPS"; the subset of PDDL with :strips, :typing and :negative-preconditions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from agot.errors import SetupError
from agot.thought import Solution, Task, Verdict
from agot.verifiers.planning.report import verdict

_LONGEST = 200_000
_MOST_TOKENS = 40_000
_DEEPEST = 40
_MOST_STEPS = 2_000
_TOKEN = re.compile(r"[()]|[^\s()]+")
_COMMENT = re.compile(r";[^\n]*")
_STEP = re.compile(r"\(\s*([a-zA-Z][\w-]{0,60}(?:\s+[\w-]{1,60}){0,12})\s*\)")

Fact: TypeAlias = tuple[str, ...]
"""A predicate and its arguments: `("on", "a", "b")`."""
Tree: TypeAlias = "str | list[Tree]"

_KNOWN_REQUIREMENTS = frozenset({":strips", ":typing", ":negative-preconditions"})


class NotPddl(SetupError):
    """The text is no PDDL of the supported subset."""


@dataclass(frozen=True)
class Literal:
    """A fact over parameters or objects that must or must not hold."""

    fact: Fact
    holds: bool = True


@dataclass(frozen=True)
class Action:
    """An action's scheme.

    Attributes:
        parameters: Names with their types, `object` if none is stated.
        needs: What must hold before.
        effects: What holds afterwards; deletions happen before additions.
    """

    name: str
    parameters: tuple[tuple[str, str], ...]
    needs: tuple[Literal, ...]
    effects: tuple[Literal, ...]


@dataclass(frozen=True)
class Domain:
    """Actions by name, and each type's parent."""

    name: str
    actions: Mapping[str, Action]
    parents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Objects with their types, the initial facts, and the goal."""

    domain: str
    objects: Mapping[str, str]
    start: frozenset[Fact]
    goal: tuple[Literal, ...]


def domain(text: str) -> Domain:
    """Read a PDDL domain.

    Raises:
        NotPddl: If it is none, or needs more than the supported subset.
    """
    name, sections = _define(text, "domain")
    actions: dict[str, Action] = {}
    parents: dict[str, str] = {}
    constants = False
    for section in sections:
        match section:
            case [":requirements", *wanted]:
                unknown = [str(one) for one in wanted if one not in _KNOWN_REQUIREMENTS]
                if unknown:
                    raise NotPddl(
                        f"The domain needs {', '.join(unknown)}, which is not supported. Use plain STRIPS."
                    )
            case [":types", *typed]:
                parents.update(_typed(typed))
            case [":predicates", *_]:
                continue
            case [":action", str(action), *parts]:
                actions[action] = _action(action, parts)
            case _:
                constants = True
    if constants or not actions:
        raise NotPddl("The domain must consist of requirements, types, predicates and at least one action.")
    return Domain(name, actions, parents)


def problem(text: str) -> Problem:
    """Read a PDDL problem.

    Raises:
        NotPddl: If it is none, or needs more than the supported subset.
    """
    _, sections = _define(text, "problem")
    of, objects, start, goal = "", dict[str, str](), frozenset[Fact](), None
    for section in sections:
        match section:
            case [":domain", str(name)]:
                of = name
            case [":objects", *typed]:
                objects = dict(_typed(typed))
            case [":init", *facts]:
                start = frozenset(_fact(fact) for fact in facts)
            case [":goal", formula]:
                goal = _literals(formula)
            case [":requirements", *_]:
                continue
            case _:
                raise NotPddl(
                    f"The section {str(section)[:80]} of the problem is not supported. Leave it out."
                )
    if goal is None:
        raise NotPddl("The problem has no goal. Add (:goal ...).")
    return Problem(of, objects, start, goal)


def plan_of(answer: str) -> list[Fact]:
    """Return the steps `(action object ...)` of an answer, in order and in lower case."""
    return [tuple(found[1].casefold().split()) for found in _STEP.finditer(answer[:_LONGEST])]


def fault(world: Domain, task: Problem, plan: Sequence[Fact]) -> str:
    """Carry out a plan and return the first thing that is wrong with it, "" if it reaches the goal.

    Args:
        plan: Steps: an action's name and its objects.
    """
    if len(plan) > _MOST_STEPS:
        return f"the plan has {len(plan)} steps, more than {_MOST_STEPS}"
    state = set(task.start)
    for number, step in enumerate(plan, start=1):
        action = world.actions.get(step[0])
        if action is None or len(action.parameters) != len(step) - 1:
            return f"step {number}: there is no action {' '.join(step)}"
        for (_, wanted), name in zip(action.parameters, step[1:], strict=True):
            if not _is_a(world, task.objects.get(name), wanted):
                return f"step {number}: {name} is no {wanted} of this problem"
        names = {parameter: name for (parameter, _), name in zip(action.parameters, step[1:], strict=True)}
        for need in action.needs:
            if not _true(need, state, names):
                return f"step {number}: ({' '.join(step)}) is not possible, since {_words(need, names)}"
        state -= {_ground(effect.fact, names) for effect in action.effects if not effect.holds}
        state |= {_ground(effect.fact, names) for effect in action.effects if effect.holds}
    missed = next((goal for goal in task.goal if not _true(goal, state, {})), None)
    return "" if missed is None else f"the goal is not reached, since {_words(missed, {})}"


class StripsCheck:
    """The answer's steps, written `(action object ...)`, must lead from the start to the goal.

    Args:
        domain_text: PDDL domain.
        problem_text: PDDL problem.

    Raises:
        NotPddl: If one of them cannot be read.
    """

    name = "strips"

    def __init__(self, domain_text: str, problem_text: str) -> None:
        self._domain, self._problem = domain(domain_text), problem(problem_text)

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return 1, or 0 naming the first impossible step or the missed goal; conclusive if there are steps.

        Parts of a question are none of its business: the problem is that of the whole.
        """
        if task.depth:
            return Verdict(check=self.name)
        plan = plan_of(solution.answer)
        wrong = fault(self._domain, self._problem, plan)
        return verdict(self.name, [wrong] if wrong else [], readable=bool(plan))


# -- reading PDDL ----------------------------------------------------------------------------------


def _define(text: str, kind: str) -> tuple[str, list[Tree]]:
    match _tree(text):
        case ["define", [str(found), str(name)], *sections] if found == kind:
            return name, sections
    raise NotPddl(f"The text is no PDDL {kind}: it must begin with (define ({kind} NAME) ...).")


def _tree(text: str) -> Tree:
    if len(text) > _LONGEST:
        raise NotPddl(f"The text has {len(text)} characters, but may have {_LONGEST}. Shorten it.")
    tokens = _TOKEN.findall(_COMMENT.sub("", text).casefold())
    if len(tokens) > _MOST_TOKENS:
        raise NotPddl(f"The text has {len(tokens)} tokens, but may have {_MOST_TOKENS}. Shorten it.")
    stack: list[list[Tree]] = [[]]
    for token in tokens:
        if token == "(":
            stack.append([])
        elif token == ")":
            inner = stack.pop()
            if not stack:
                raise NotPddl("The text closes a parenthesis that it did not open. Remove it.")
            stack[-1].append(inner)
        else:
            stack[-1].append(token)
        if len(stack) > _DEEPEST:
            raise NotPddl(f"The text nests more than {_DEEPEST} parentheses. Flatten it.")
    if len(stack) != 1 or len(stack[0]) != 1:
        raise NotPddl("The text must be one expression in parentheses, all of them closed.")
    return stack[0][0]


def _typed(tokens: Iterable[Tree]) -> list[tuple[str, str]]:
    """Read `a b - block c`: names with their types."""
    found: list[tuple[str, str]] = []
    waiting: list[str] = []
    after_dash = False
    for token in tokens:
        if not isinstance(token, str):
            raise NotPddl(f"{str(token)[:80]} stands where a name or a type must. `either` is not supported.")
        if token == "-":
            after_dash = True
        elif after_dash:
            found.extend((name, token) for name in waiting)
            waiting, after_dash = [], False
        else:
            waiting.append(token)
    return [*found, *((name, "object") for name in waiting)]


def _action(name: str, parts: list[Tree]) -> Action:
    sections = {str(key): value for key, value in zip(parts[::2], parts[1::2], strict=False)}
    if len(parts) % 2 or not set(sections) <= {":parameters", ":precondition", ":effect"}:
        raise NotPddl(f"The action {name} must have :parameters, :precondition and :effect only.")
    parameters = sections.get(":parameters", [])
    if not isinstance(parameters, list) or ":effect" not in sections:
        raise NotPddl(f"The action {name} must have a list of :parameters and an :effect.")
    needs = _literals(sections.get(":precondition", []))
    return Action(name, tuple(_typed(parameters)), needs, _literals(sections[":effect"]))


def _literals(formula: Tree) -> tuple[Literal, ...]:
    match formula:
        case []:
            return ()
        case ["and", *parts]:
            return tuple(literal for part in parts for literal in _literals(part))
        case ["not", inner]:
            return (Literal(_fact(inner), holds=False),)
    return (Literal(_fact(formula)),)


def _fact(formula: Tree) -> Fact:
    if isinstance(formula, list) and formula and all(isinstance(part, str) for part in formula):
        fact = tuple(str(part) for part in formula)
        if fact[0] not in ("or", "imply", "forall", "exists", "when", "and", "not", "=", "increase"):
            return fact
    raise NotPddl(f"{str(formula)[:80]} is no fact. Only facts, `and` and `not` of a fact are supported.")


# -- carrying out ----------------------------------------------------------------------------------


def _ground(fact: Fact, names: Mapping[str, str]) -> Fact:
    return tuple(names.get(part, part) for part in fact)


def _true(literal: Literal, state: set[Fact], names: Mapping[str, str]) -> bool:
    return (_ground(literal.fact, names) in state) == literal.holds


def _words(literal: Literal, names: Mapping[str, str]) -> str:
    return f"({' '.join(_ground(literal.fact, names))}) does {'not ' if literal.holds else ''}hold"


def _is_a(world: Domain, kind: str | None, wanted: str) -> bool:
    for _ in range(_DEEPEST):
        if kind is None or kind == wanted:
            break
        kind = world.parents.get(kind) if kind != "object" else None
    return kind is not None and (wanted == "object" or kind == wanted)
