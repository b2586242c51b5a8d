"""Least-to-most: split the task, then solve the parts one after another, each knowing the answers before it.

Source: Zhou et al. 2022, "Least-to-Most Prompting Enables Complex Reasoning", arXiv 2205.10625.
"""

from __future__ import annotations

from contextlib import suppress

from agot.agents.repair import repair, state_question
from agot.agents.tries import Try
from agot.errors import OutputError
from agot.thought import Decline, Finding, Plan, Solution, Task


async def least_to_most(task: Task, try_: Try) -> Solution:
    """Plan once and solve the parts in order; a task that is not split is answered by a chain."""
    plans: list[Plan] | Decline = []
    with suppress(OutputError):  # what cannot be read as parts does not split the task
        plans = await try_.plan(task)
    plan = None if isinstance(plans, Decline) or not plans else repair(plans[0], question=task.question).plan
    if plan is None or len(plan.thoughts) < 2:
        return await try_.solve(task)
    answers: dict[str, str] = {}
    findings: list[Finding] = []
    for thought in plan.thoughts:
        question = state_question(thought.question, answers, set())
        part = task.model_copy(update={"question": question or thought.question, "findings": tuple(findings)})
        solved = await try_.solve(part)
        answers[thought.key] = solved.answer
        findings.append(Finding(thought=task.thought, question=part.question, answer=solved.answer))
    steps = tuple(f"{finding.question} -> {finding.answer}" for finding in findings)
    if plan.final:
        return Solution(answer=answers[plan.final], steps=steps)
    whole = await try_.final(task, findings)
    if not isinstance(whole, Solution):
        return Solution(answer=findings[-1].answer, steps=steps)
    return whole.model_copy(update={"steps": (*steps, *whole.steps)})
