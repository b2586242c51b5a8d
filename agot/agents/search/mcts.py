"""Monte-Carlo tree search over partial chains: one loop, with the selection rule and the association step as arguments.

Sources: Kocsis & Szepesvari 2006 (UCT); Silver et al. 2017 (PUCT); Hao et al. 2023, "Reasoning with Language
Model is Planning with World Model", arXiv 2305.14992; Chaslot et al. 2008 (parallel search with virtual loss).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from functools import partial

from agot.agents.search.together import together
from agot.agents.search.tree import Node, SearchTree
from agot.agents.tries import Try
from agot.thought import Solution, Task

BEGINNINGS = 8
"""Fewest children of the root. Chosen on validation problems: with three, the right beginning is too often not among them."""

Score = Callable[[Node, Node], float]
"""(parent, child) -> how much the child deserves the next simulation."""

Associate = Callable[[SearchTree, Node], Awaitable[float]]
"""Attaches knowledge to a new state; returns what it adds to the state's value."""


def uct(parent: Node, child: Node, *, c: float) -> float:
    """Return the UCT score of a child; a simulation under way counts as a visit that brought nothing.

    Returns:
        Mean reward + c sqrt(ln(parent visits) / visits); infinity for a child that was never visited.

    Source: Kocsis & Szepesvari 2006, "Bandit based Monte-Carlo Planning".
    """
    visits = child.visits + child.waiting
    if visits == 0:
        return math.inf
    above = max(1, parent.visits + parent.waiting)
    return child.total / visits + c * math.sqrt(math.log(above) / visits)


def puct(parent: Node, child: Node, *, c: float) -> float:
    """Return the PUCT score of a child: an unvisited one begins with its own estimate.

    Returns:
        Mean reward + c prior sqrt(parent visits) / (1 + visits), simulations under way counted as visits.

    Source: Silver et al. 2017, "Mastering the game of Go without human knowledge".
    """
    visits = child.visits + child.waiting
    mean = child.total / visits if visits else child.mean
    above = max(1, parent.visits + parent.waiting)
    return mean + c * child.prior * math.sqrt(above) / (1 + visits)


async def run(
    tree: SearchTree,
    *,
    score: Score,
    iterations: int,
    associate: Associate | None = None,
    rollouts: bool = True,
    root: Node | None = None,
) -> None:
    """Grow the tree by `iterations` simulations, `search.workers` at a time.

    Leaves of one round are selected one after another under virtual loss, then expanded and simulated side by
    side, then backed up in the order of selection. So the search is the same however long calls take, and
    a resumed one asks nothing twice. With rollouts, a tree that is explored to its ends is widened at the root while simulations
    are left.

    Args:
        rollouts: A new state is worth what a chain finished from it brings; otherwise the model's estimate.
        root: Where simulations begin; the root of the tree unless given.
    """
    done, root = 0, root or tree.root
    while done < iterations and not tree.satisfied() and (rollouts or not root.closed):
        leaves = []
        for _ in range(min(tree.search.workers, iterations - done)):
            leaf = _select(root, score)
            if leaf is None:
                break
            for node in leaf.path():
                node.waiting += 1
            leaves.append(leaf)
        if not leaves:
            if not rollouts or not root.children:
                return
            # All that was proposed is at its end, but not all there is: further chains from the root widen the tree.
            root.closed = False
            root.waiting += 1
            leaves = [root]
        done += len(leaves)
        try:
            found = await _simulated(tree, leaves, associate, rollouts=rollouts)
        finally:
            for leaf in leaves:
                for node in leaf.path():
                    node.waiting -= 1
        for node, reward in found:
            tree.back_up(node, reward)


def _select(root: Node, score: Score) -> Node | None:
    """Return the state to look at next, or None if everything below the root is closed or under way."""
    if not _free(root):
        return None
    node = root
    while node.children:
        parent = node
        node = max((child for child in node.children if _free(child)), key=lambda child: score(parent, child))
    return node


def _free(node: Node) -> bool:
    """Return whether a simulation can end below: a leaf that one is expanding already would only be repeated."""
    if node.closed:
        return False
    if not node.children:
        return node.waiting == 0
    free = any(map(_free, node.children))
    if not free and all(child.closed for child in node.children):
        node.closed = True
    return free


async def _simulated(
    tree: SearchTree, leaves: list[Node], associate: Associate | None, *, rollouts: bool
) -> list[tuple[Node, float]]:
    """Expand leaves, simulate from their children, and return what to back up from where, in order."""
    found: list[tuple[Node, float]] = []
    for leaf in leaves:
        if leaf.assessed is not None:
            leaf.closed = True
            found.append((leaf, leaf.mean))
    open_ = [leaf for leaf in leaves if leaf.assessed is None]
    wanted = [(leaf, _children(tree, leaf)) for leaf in open_]
    # The ends of chains found on the way are known; what leads nowhere is worth nothing.
    if rollouts:
        grown = await tree.unfold(wanted)
    else:
        new = await tree.extend(wanted)
        grown = [[(child, child.mean) for child in dict.fromkeys(group)] for group in new]
    outcomes = [outcome for group in grown for outcome in group]
    found += [(leaf, 0.0) for leaf in open_ if not leaf.children]
    bonus = dict.fromkeys((child for child, _ in outcomes), 0.0)
    if associate is not None:
        added = await together(*(associate(tree, child) for child in bonus))
        bonus = dict(zip(bonus, added, strict=True))
    return found + [(child, min(1.0, reward + bonus[child])) for child, reward in outcomes]


def _children(tree: SearchTree, leaf: Node) -> int:
    """Return how many children a state is given; the root has more, as it is expanded once and all chains begin there."""
    search = tree.search
    return search.branch if leaf.parent else max(search.branch, search.width, BEGINNINGS)


# -- presets -----------------------------------------------------------------------------------------


async def mcts_uct(task: Task, try_: Try) -> Solution:
    """Simulate with UCT; a new state is worth what chains finished from it bring."""
    tree = SearchTree(task, try_)
    score = partial(uct, c=tree.search.exploration)
    return await tree.grown_by(run(tree, score=score, iterations=tree.search.iterations))


async def mcts_puct(task: Task, try_: Try) -> Solution:
    """Simulate with PUCT over the model's probability of each step and its estimate of each state."""
    tree = SearchTree(task, try_)
    score = partial(puct, c=tree.search.exploration)
    return await tree.grown_by(run(tree, score=score, iterations=tree.search.iterations, rollouts=False))
