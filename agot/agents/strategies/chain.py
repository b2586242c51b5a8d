"""One call: the answer after worked steps, or alone.

Source: Wei et al. 2022, "Chain-of-Thought Prompting Elicits Reasoning", arXiv 2201.11903.
"""

from __future__ import annotations

from agot.agents.tries import Try
from agot.thought import Solution, Task


async def chain(task: Task, try_: Try) -> Solution:
    """Ask once for steps and answer."""
    return await try_.solve(task)


async def direct(task: Task, try_: Try) -> Solution:
    """Ask once for the answer alone: the cheapest try, and a baseline."""
    return await try_.solve(task, mode="direct")
