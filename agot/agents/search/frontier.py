"""Searches that keep a frontier of states: beam, REBASE and depth-first with backtracking.

Sources: Yao et al. 2023, "Tree of Thoughts", arXiv 2305.10601 (breadth-first beam, depth-first with pruning); Wu et al. 2024,
"Inference Scaling Laws", arXiv 2408.00724 (REBASE).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from agot.agents.search.tree import UNKNOWN, Node, SearchTree
from agot.agents.tries import Try
from agot.thought import Solution, Task

Allocate = Callable[[Sequence[Node]], list[int]]
"""How many children each state of the frontier gets; 0 drops the state."""


def keep_best(width: int, branch: int) -> Allocate:
    """Return the beam's rule: `branch` children for each of the best `width` states."""

    def allocate(frontier: Sequence[Node]) -> list[int]:
        ranked = sorted(range(len(frontier)), key=lambda place: -_value(frontier[place]))
        kept = set(ranked[:width])
        return [branch if place in kept else 0 for place in range(len(frontier))]

    return allocate


def rebase(width: int, temperature: float) -> Allocate:
    """Return REBASE's rule: `width` children in all, by the softmax of the states' rewards.

    States are served from the best: each gets ceil(left * e^(r/T) / sum of e^(r/T) over those not yet served).
    """

    def allocate(frontier: Sequence[Node]) -> list[int]:
        highest = max(map(_value, frontier), default=0.0)
        weights = [math.exp((_value(node) - highest) / temperature) for node in frontier]
        order = sorted(range(len(frontier)), key=lambda place: -_value(frontier[place]))
        given = [0] * len(frontier)
        left, open_ = width, sum(weights)
        for place in order:
            given[place] = min(left, math.ceil(left * weights[place] / open_ - 1e-9))
            left -= given[place]
            open_ = max(open_ - weights[place], 1e-300)
        return given

    return allocate


def _value(node: Node) -> float:
    return UNKNOWN if node.value is None else node.value


async def breadth_first(tree: SearchTree, allocate: Callable[[int], Allocate], *, spare: int = 0) -> None:
    """Grow the tree level by level; all states of a level are expanded side by side.

    Args:
        allocate: Returns the rule of a level, given how many chains are finished (each takes one of
            REBASE's width).
        spare: Size up to which the rule keeps a whole level, so that its states need no values.
    """
    frontier = [tree.root]
    for level in range(tree.search.depth):
        if not frontier or tree.satisfied():
            return
        # The root is alone on its level and gets all of the width, or the beam would begin with one branch.
        counts = allocate(len(tree.finished))(frontier)
        if level == 0:
            counts = [max(counts[0], tree.search.width)]
        for node, count in zip(frontier, counts, strict=True):
            if not count:
                tree.prune(node, f"value {_value(node):.2f} is not among those that are kept")
        served = [(node, count) for node, count in zip(frontier, counts, strict=True) if count]
        grown = await tree.extend(served, spare=spare)
        frontier = [child for group in grown for child in dict.fromkeys(group) if child.assessed is None]


async def depth_first(tree: SearchTree) -> None:
    """Follow the most valued state to its end, drop what is below `search.prune`, go back, and try the next.

    Ends when a good solution is found, every state was tried, or `search.iterations` states were expanded.
    """
    open_ = [tree.root]
    for _ in range(tree.search.iterations):
        if not open_ or tree.satisfied():
            return
        node = open_.pop()
        children = await tree.expand(node, tree.search.branch)
        going_on = []
        for child in children:
            if child.assessed is None:
                if _value(child) < tree.search.prune:
                    tree.prune(child, f"value {_value(child):.2f} is below {tree.search.prune:.2f}")
                else:
                    going_on.append(child)
        open_ += sorted(going_on, key=_value)


# -- presets -----------------------------------------------------------------------------------------


async def tot_bfs(task: Task, try_: Try) -> Solution:
    """Keep the best `search.width` partial chains of each level, `search.branch` children each; levels that fit are not valued."""
    tree = SearchTree(task, try_)
    rule = keep_best(tree.search.width, tree.search.branch)
    return await tree.grown_by(breadth_first(tree, lambda finished: rule, spare=tree.search.width))


async def tot_dfs(task: Task, try_: Try) -> Solution:
    """Follow the best partial chain to its end, prune below `search.prune`, and go back."""
    tree = SearchTree(task, try_)
    return await tree.grown_by(depth_first(tree))


async def rebase_search(task: Task, try_: Try) -> Solution:
    """Share `search.width` children among partial chains by the softmax of their rewards."""
    tree = SearchTree(task, try_)

    def rule(finished: int) -> Allocate:
        return rebase(max(0, tree.search.width - finished), tree.search.allocation)

    return await tree.grown_by(breadth_first(tree, rule))
