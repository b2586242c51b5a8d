"""The answer alone, without worked steps: the cheapest try, and a baseline."""

from __future__ import annotations

from agot.protocols import Toolbox
from agot.thought import Solution, Task


async def direct(task: Task, tools: Toolbox) -> Solution:
    """Ask once for the answer alone; a retry is drawn at the sampling temperature."""
    temperature = tools.temperature if tools.retry else 0.0
    solutions = await tools.dialect.solve(
        tools.ask, task, role=tools.role, mode="direct", n=1, temperature=temperature
    )
    return solutions[0].model_copy(update={"strategy": "direct"})
