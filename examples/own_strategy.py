"""Add a strategy and use it by name: `python examples/own_strategy.py`."""

import agot
from agot.agents.strategies.registry import STRATEGIES
from agot.protocols import Toolbox
from agot.thought import Solution, Task


async def twice(task: Task, tools: Toolbox) -> Solution:
    """Draw two chains and keep the one that the checks like better."""
    drawn = await tools.dialect.solve(
        tools.ask, task, role=tools.role, mode="chain", n=2, temperature=tools.temperature
    )
    best = max([await tools.assess(task, solution) for solution in drawn], key=lambda one: one.reward or 0.0)
    return best.solution.model_copy(update={"strategy": "twice"})


STRATEGIES.add("twice", twice)
result = agot.ask_sync("What is (8+4)*3-5?", strategy="twice")
print(result.answer, "by", result.strategy)
