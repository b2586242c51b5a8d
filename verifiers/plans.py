"""Does a plan recompose to its question? Checked without a model where the text allows it."""

from __future__ import annotations

import re
from collections import Counter

from agot.thought import Plan, Task, Verdict
from agot.verifiers.arithmetic import asked_expression
from agot.verifiers.expressions import NotArithmetic, expressions, shape

_REFERENCE = re.compile(r"#(\w+)")
_CLAUSE = re.compile(r"\n+|(?<=[.!?;])\s+|(?<=;)|,\s+then\s+|\s+then\s+")
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
    order, and a sub-question may add no literal of its own.

    Args:
        verbatim: The planner copies rather than rephrases (a small model), so that a plan which holds other
            numbers or quotations than the question is wrong, not just differently worded.

    Returns:
        Reward 1 or 0 with feedback, 0.9 if a verbatim plan at least keeps all literals, or None if the plan cannot be told right from wrong this way.
    """
    expression = asked_expression(task.question) if not task.material else None
    if expression is not None:
        verdict = _check_expression(expression, plan)
    else:
        verdict = _check_clauses(task.question, plan)
    if verdict.reward != 0.0 or not verbatim:
        return verdict if verdict.reward == 1.0 else Verdict(check=_NAME)
    if expression is None and _same_literals(task.question, plan):
        return Verdict(check=_NAME, reward=_SAME_LITERALS)
    return verdict


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
    return [" ".join(part.split()) for part in _CLAUSE.split(text) if part and part.strip()]


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
    return Verdict(check=_NAME, reward=1.0, conclusive=True)


def _wrong(feedback: str) -> Verdict:
    return Verdict(check=_NAME, reward=0.0, feedback=feedback, conclusive=True)
