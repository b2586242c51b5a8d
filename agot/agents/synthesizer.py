"""The synthesizer: from the findings of a graph to one answer, or to the thoughts that are still missing."""

from __future__ import annotations

from collections.abc import Sequence

from agot.protocols import Ask, Dialect
from agot.thought import Finding, Plan, Solution, Task


def from_final(final: Finding, findings: Sequence[Finding], plan_reward: float | None) -> Solution:
    """Return the answer of the thought that the plan marked as final, with all findings as its parts."""
    rewards = [finding.reward for finding in findings if finding.reward is not None]
    return Solution(
        answer=final.answer, steps=_steps(findings), strategy="plan", parts=tuple(findings), plan_reward=plan_reward,
        confidence=min(rewards, default=None),
    )  # fmt: skip


async def synthesize(
    task: Task, findings: Sequence[Finding], ask: Ask, dialect: Dialect, *, role: str, may_extend: bool
) -> Solution | Plan:
    """Ask a model to put the findings together; it may ask for more thoughts instead if that is allowed."""
    found = await dialect.final(ask, task, findings, role=role, may_extend=may_extend)
    if isinstance(found, Plan):
        return found
    return found.model_copy(update={
        "strategy": "synthesis", "parts": tuple(findings), "steps": (*_steps(findings), *found.steps),
    })  # fmt: skip


def _steps(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(f"{finding.question} -> {finding.answer}" for finding in findings)
