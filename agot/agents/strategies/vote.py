"""Self-consistency: sample chains, drop the provably wrong ones, take the most frequent answer.

Source: Wang et al. 2022, "Self-Consistency Improves Chain of Thought Reasoning", arXiv 2203.11171;
ties are broken by the model's probability of the chains where it is known (Zhou et al. 2025, arXiv 2502.00511).
"""

from __future__ import annotations

from agot.agents.tries import Try
from agot.agents.votes import tally
from agot.thought import Solution, Task


async def vote(task: Task, try_: Try) -> Solution:
    """Draw `samples` chains and return the best-supported one.

    Samples that a deterministic check refutes do not vote, unless all are refuted.
    """
    drawn = await try_.solve(task, n=try_.samples)
    return tally(await try_.unrefuted(drawn) or drawn)
