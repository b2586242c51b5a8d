"""Perplexity consistency with pruning: a vote in which likely chains count more and unlikely ones not at all.

Source: Zhou et al. 2025, arXiv 2502.00511.
"""

from __future__ import annotations

from agot.agents import votes
from agot.agents.tries import Try
from agot.thought import Solution, Task

PRUNE_FROM = 16
"""Fewest samples that are pruned; under it the vote is only weighted."""


async def rpc(task: Task, try_: Try) -> Solution:
    """Draw `samples` chains and elect by probability."""
    return votes.rpc(await try_.solve(task, n=try_.samples, likelihoods=True), prune_from=PRUNE_FROM)
