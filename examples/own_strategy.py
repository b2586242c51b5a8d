"""Add a strategy and use it by name: `python examples/own_strategy.py`."""

import agot


async def twice(task: agot.Task, try_: agot.Try) -> agot.Solution:
    """Draw two chains and keep the one that the checks like better."""
    assessed = [await try_.assess(one) for one in await try_.solve(task, n=2)]
    return max(assessed, key=lambda one: one.reward or 0.0).solution


result = agot.ask_sync("What is (8+4)*3-5?", strategy="twice", strategies=[twice])
print(result.answer, "by", result.strategy)
