"""Self-consistency: sample chains, drop the provably wrong ones, take the most frequent answer.

Source: Wang et al. 2022, "Self-Consistency Improves Chain of Thought Reasoning", arXiv 2203.11171;
ties are broken by the model's probability of the chains (Fu et al. 2025, arXiv 2502.00511).
"""

from __future__ import annotations

import math

from agot.protocols import Toolbox
from agot.thought import Solution, Task
from agot.verifiers.answers import normal


async def vote(task: Task, tools: Toolbox) -> Solution:
    """Draw `tools.samples` chains at the sampling temperature and return the best-supported one.

    Samples that a deterministic check refutes do not vote, unless all are refuted.
    """
    drawn = await tools.dialect.solve(
        tools.ask,
        task,
        role=tools.role,
        mode="chain",
        n=tools.samples,
        temperature=tools.temperature,
    )
    standing = [solution for solution in drawn if not await _refuted(task, solution, tools)]
    return tally(standing or drawn)


async def _refuted(task: Task, solution: Solution, tools: Toolbox) -> bool:
    return any(verdict.conclusive and verdict.reward == 0.0 for verdict in await tools.verify(task, solution))


def tally(solutions: list[Solution]) -> Solution:
    """Return the likeliest solution of the most frequent answer; its confidence is the vote's share.

    Args:
        solutions: At least one.
    """
    votes: dict[str, list[Solution]] = {}
    for solution in solutions:
        votes.setdefault(normal(solution.answer), []).append(solution)

    def support(answer: str) -> tuple[int, float]:
        return len(votes[answer]), sum(_probability(solution) for solution in votes[answer])

    ranked = sorted(votes, key=support, reverse=True)
    best = max(votes[ranked[0]], key=_probability)
    return best.model_copy(update={
        "strategy": "vote",
        "confidence": len(votes[ranked[0]]) / len(solutions),
        "alternatives": tuple((votes[answer][0].answer, len(votes[answer])) for answer in ranked[1:]),
    })  # fmt: skip


def _probability(solution: Solution) -> float:
    return 0.0 if solution.logprob is None else math.exp(solution.logprob)
