"""Does a plan recompose to its question? Checked without a model where the text allows it."""

from __future__ import annotations

import re
from collections import Counter

from agot.thought import Plan, Task, Verdict
from agot.verifiers.arithmetic import asked_expression
from agot.reading.expressions import NotArithmetic, expressions, shape

_REFERENCE = re.compile(r"#(\w+)")
_SPACES = re.compile(r"\s+")
_CLAUSE = re.compile(r",?[ \n]then[ \n]|\n|(?<=[.!?;]) |(?<=;)")
_LONGEST = 20_000
_LITERAL = re.compile(r"\d|[\"'“”\[\]]")
_LITERALS = re.compile(r"\d+(?:\.\d+)?|\"[^\"]*\"")
_SAME_LITERALS = 0.9
"""A verbatim planner that kept every number and quotation has most likely kept the rest."""
_NAME = "plan"


def check_plan(task: Task, plan: Plan, *, verbatim: bool) -> Verdict:
    """Return whether the plan, put back together, is the question.

    Two kinds of question can be checked exactly. For one arithmetic expression, the sub-expressions are
    substituted for their references and must give the same tree. For a procedure or a story of several
    clauses, every clause of the question must appear word for word in exactly one sub-question, in
    order, a sub-question may add no literal of its own, and each must go on from an earlier one.

    Args:
        verbatim: The planner copies rather than rephrases (a small model), so that a plan which holds other
            numbers or quotations than the question is wrong, not just differently worded.

    Returns:
        Reward 1 (conclusive if verbatim) or 0 with feedback, 0.9 if a verbatim plan at least keeps all literals, or None if the plan cannot be told right from wrong this way.
    """
    if len(task.question) + sum(len(thought.question) for thought in plan.thoughts) > _LONGEST:
        return Verdict(check=_NAME)
    expression = asked_expression(task.question) if not task.material else None
    if expression is not None:
        verdict = _check_expression(expression, plan)
    else:
        verdict = _check_clauses(task.question, plan)
    if verdict.reward != 0.0 or not verbatim:
        if verdict.reward != 1.0:
            return Verdict(check=_NAME)
        return verdict.model_copy(update={"conclusive": verbatim})
    if expression is None and _same_literals(task.question, plan):
        return Verdict(check=_NAME, reward=_SAME_LITERALS if _final_needs_all(plan) else None)
    return verdict


def _references(plan: Plan) -> dict[str, set[str]]:
    """Return for each thought the earlier thoughts that its text refers to."""
    earlier: set[str] = set()
    found: dict[str, set[str]] = {}
    for thought in plan.thoughts:
        found[thought.key] = earlier.intersection(_REFERENCE.findall(thought.question))
        earlier.add(thought.key)
    return found


def _final_needs_all(plan: Plan) -> bool:
    """Return whether the last thought is the final one and depends on all others, if only by way of others."""
    if not plan.thoughts or (plan.final and plan.final != plan.thoughts[-1].key):
        return False
    references = _references(plan)
    needed, open_ = set[str](), [plan.thoughts[-1].key]
    while open_:
        key = open_.pop()
        if key not in needed:
            needed.add(key)
            open_.extend(references[key])
    return len(needed) == len(plan.thoughts)


def _is_chain(plan: Plan) -> bool:
    """Return whether each thought goes on from an earlier one, and the last from all of them."""
    return all(list(_references(plan).values())[1:]) and _final_needs_all(plan)


def _same_literals(question: str, plan: Plan) -> bool:
    planned = " ".join(_REFERENCE.sub(" ", thought.question) for thought in plan.thoughts)
    return Counter(_LITERALS.findall(question)) == Counter(_LITERALS.findall(planned))


def _check_expression(expression: str, plan: Plan) -> Verdict:
    parts: dict[str, str] = {}
    for thought in plan.thoughts:
        # A reference stands where a number could: any number does to find the expression around it.
        text = thought.question
        keys = _REFERENCE.findall(text)
        if any(key not in parts for key in keys):
            return _wrong(f"sub-question {thought.key} refers to a later or unknown answer")
        if sum(len(parts[key]) for key in keys) > _LONGEST:
            return _wrong(f"sub-question {thought.key} grows beyond all bounds")
        found = expressions(_REFERENCE.sub(lambda m: f"({parts[m[1]]})", text))
        if len(found) != 1:
            return _wrong(f"sub-question {thought.key} is not one expression")
        parts[thought.key] = found[0]
    final = plan.final or plan.thoughts[-1].key
    try:
        same = shape(parts[final]) == shape(expression)
    except (NotArithmetic, KeyError):
        same = False
    if same:
        return Verdict(check=_NAME, reward=1.0, conclusive=True)
    return _wrong(f"put together, the sub-questions compute {parts.get(final, '?')} instead of {expression}")


def clauses(text: str) -> list[str]:
    """Return the sentences and steps of a text, without the words that join them."""
    text = _SPACES.sub(lambda run: "\n" if "\n" in run[0] else " ", text)
    return [part.strip() for part in _CLAUSE.split(text) if part and part.strip()]


def _check_clauses(question: str, plan: Plan) -> Verdict:
    wanted = clauses(question)
    if len(wanted) < 4 or len({*wanted}) < len(wanted) - len(wanted) // 2:
        return Verdict(check=_NAME)
    texts = [" ".join(thought.question.split()) for thought in plan.thoughts]
    place, cursor = 0, 0
    extra: list[list[str]] = [[] for _ in texts]
    for clause in wanted:
        at = texts[place].find(clause, cursor)
        while at < 0 and place + 1 < len(texts):
            extra[place].append(texts[place][cursor:])
            place, cursor = place + 1, 0
            at = texts[place].find(clause)
        if at < 0:
            return _wrong(f"the clause {clause!r} is missing or out of order")
        extra[place].append(texts[place][cursor:at])
        cursor = at + len(clause)
    extra[place].append(texts[place][cursor:])
    if place + 1 != len(texts):
        return _wrong("the last sub-questions hold nothing of the question")
    for thought, added in zip(plan.thoughts, extra, strict=True):
        if any(_LITERAL.search(_REFERENCE.sub("", piece)) for piece in added):
            return _wrong(f"sub-question {thought.key} adds something that the question does not say")
    if not _is_chain(plan):  # the parts are there, but nothing puts them together
        return Verdict(check=_NAME)
    return Verdict(check=_NAME, reward=1.0, conclusive=True)


def _wrong(feedback: str) -> Verdict:
    return Verdict(check=_NAME, reward=0.0, feedback=feedback, conclusive=True)
