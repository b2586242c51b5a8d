"""Perplexity consistency with pruning: a vote in which likely chains count more and unlikely ones not at all.

Source: Zhou et al. 2025, arXiv 2502.00511.
"""

from __future__ import annotations

from agot.agents import votes
from agot.protocols import Toolbox
from agot.thought import Solution, Task

PRUNE_FROM = 16
"""Fewest samples that are pruned; under it the vote is only weighted."""


async def rpc(task: Task, tools: Toolbox) -> Solution:
    """Draw `tools.samples` chains and elect by probability."""
    drawn = await tools.dialect.solve(
        tools.ask, task, role=tools.role, mode="chain", n=tools.samples, temperature=tools.temperature,
        likelihoods=True,
    )  # fmt: skip
    return votes.rpc(drawn, prune_from=PRUNE_FROM)
