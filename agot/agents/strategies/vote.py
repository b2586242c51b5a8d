"""Self-consistency: sample chains, drop the provably wrong ones, take the most frequent answer.

Source: Wang et al. 2022, "Self-Consistency Improves Chain of Thought Reasoning", arXiv 2203.11171;
ties are broken by the model's probability of the chains where it is known (Zhou et al. 2025, arXiv 2502.00511).
"""

from __future__ import annotations

from collections.abc import Sequence

from agot.agents.votes import tally
from agot.protocols import Toolbox
from agot.thought import Solution, Task


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
    return tally(await unrefuted(task, drawn, tools) or drawn)


async def unrefuted(task: Task, solutions: Sequence[Solution], tools: Toolbox) -> list[Solution]:
    """Return the solutions that no deterministic check proves wrong; of equal ones one is checked."""
    refuted: dict[tuple[str, tuple[str, ...]], bool] = {}
    for one in solutions:
        if (one.answer, one.steps) not in refuted:
            refuted[one.answer, one.steps] = await _refuted(task, one, tools)
    return [one for one in solutions if not refuted[one.answer, one.steps]]


async def _refuted(task: Task, solution: Solution, tools: Toolbox) -> bool:
    return any(verdict.refutes for verdict in await tools.verify(task, solution))
