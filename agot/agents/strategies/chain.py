"""Chain of thought: worked steps, then the answer (Wei et al. 2022, arXiv 2201.11903)."""

from __future__ import annotations

from agot.protocols import Toolbox
from agot.thought import Solution, Task


async def chain(task: Task, tools: Toolbox) -> Solution:
    """Ask once for steps and answer; a retry is drawn at the sampling temperature."""
    temperature = tools.temperature if tools.retry else 0.0
    solutions = await tools.dialect.solve(
        tools.ask, task, role=tools.role, mode="chain", n=1, temperature=temperature
    )
    return solutions[0].model_copy(update={"strategy": "chain"})
