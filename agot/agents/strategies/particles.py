"""Particle filtering and particle Gibbs (Puri et al. 2025, arXiv 2502.01618)."""

from __future__ import annotations

from agot.agents.search.particles import filter_once, gibbs
from agot.agents.search.tree import SearchTree
from agot.protocols import Toolbox
from agot.thought import Solution, Task


async def particle_filter(task: Task, tools: Toolbox) -> Solution:
    """Move `search.particles` partial chains step by step, resampled by reward; answer with the best of the last."""
    tree = SearchTree(task, tools, "particle-filter")
    return await tree.grown_by(filter_once(tree))


async def particle_gibbs(task: Task, tools: Toolbox) -> Solution:
    """Run `search.sweeps` filters, each keeping the best chain of the one before."""
    tree = SearchTree(task, tools, "particle-gibbs")
    return await tree.grown_by(gibbs(tree))
