"""Tree of Thoughts (Yao et al. 2023, arXiv 2305.10601) and REBASE (Wu et al. 2024, arXiv 2408.00724)."""

from __future__ import annotations

from agot.agents.search.frontier import breadth_first, depth_first, keep_best, rebase
from agot.agents.search.tree import SearchTree
from agot.protocols import Toolbox
from agot.thought import Solution, Task


async def tot_bfs(task: Task, tools: Toolbox) -> Solution:
    """Keep the best `search.width` partial chains of each level, `search.branch` children each; levels that fit are not valued."""
    tree = SearchTree(task, tools, "tot-bfs")
    rule = keep_best(tools.search.width, tools.search.branch)
    return await tree.grown_by(breadth_first(tree, lambda finished: rule, spare=tree.tools.search.width))


async def tot_dfs(task: Task, tools: Toolbox) -> Solution:
    """Follow the best partial chain to its end, prune below `search.prune`, and go back."""
    tree = SearchTree(task, tools, "tot-dfs")
    return await tree.grown_by(depth_first(tree))


async def rebase_search(task: Task, tools: Toolbox) -> Solution:
    """Share `search.width` children among partial chains by the softmax of their rewards."""
    tree, search = SearchTree(task, tools, "rebase"), tools.search
    return await tree.grown_by(
        breadth_first(tree, lambda finished: rebase(max(0, search.width - finished), search.allocation))
    )
