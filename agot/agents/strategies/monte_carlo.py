"""Monte-Carlo tree search with UCT or PUCT, and with associations (CoAT).

Sources: see `agot.agents.search.mcts`; Pan et al. 2025, "CoAT: Chain-of-Associated-Thoughts", arXiv 2502.02390.
"""

from __future__ import annotations

from functools import partial

from agot.agents.search import mcts
from agot.agents.search.association import associate
from agot.agents.search.tree import SearchTree
from agot.protocols import Toolbox
from agot.thought import Solution, Task


async def mcts_uct(task: Task, tools: Toolbox) -> Solution:
    """Simulate with UCT; a new state is worth what chains finished from it bring."""
    tree, search = SearchTree(task, tools, "mcts"), tools.search
    score = partial(mcts.uct, c=search.exploration)
    return await tree.grown_by(mcts.run(tree, score=score, iterations=search.iterations))


async def mcts_puct(task: Task, tools: Toolbox) -> Solution:
    """Simulate with PUCT over the model's probability of each step and its estimate of each state."""
    tree, search = SearchTree(task, tools, "puct"), tools.search
    score = partial(mcts.puct, c=search.exploration)
    return await tree.grown_by(mcts.run(tree, score=score, iterations=search.iterations, rollouts=False))


async def coat(task: Task, tools: Toolbox) -> Solution:
    """Simulate with UCT, attaching to each new state what memory and the model associate with it."""
    tree, search = SearchTree(task, tools, "coat"), tools.search
    score = partial(mcts.uct, c=search.exploration)
    return await tree.grown_by(
        mcts.run(tree, score=score, iterations=search.iterations, associate=associate, rollouts=True)
    )
