"""Add a strategy and use it by name: `python examples/own_strategy.py`."""

import agot
from agot.agents.strategies.registry import STRATEGIES
from agot.protocols import Toolbox
from agot.thought import Solution, Task


async def twice(task: Task, tools: Toolbox) -> Solution:
    """Draw two chains and keep the one that the checks like better."""
    drawn = await tools.dialect.solve(
        tools.ask, task, role=tools.role, mode="chain", n=2, temperature=tools.temperature, retry=tools.retry
    )

    async def score(solution: Solution) -> float:
        rewards = [
            verdict.reward for verdict in await tools.verify(task, solution) if verdict.reward is not None
        ]
        return min(rewards, default=0.5)

    scores = [await score(solution) for solution in drawn]
    return drawn[scores.index(max(scores))].model_copy(update={"strategy": "twice"})


STRATEGIES.add("twice", twice)
result = agot.ask_sync("What is (8+4)*3-5?", strategy="twice")
print(result.answer, "by", result.strategy)
