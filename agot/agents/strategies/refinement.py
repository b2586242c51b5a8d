"""Searches over whole answers: SPaR, RAIN, AB-MCTS, Graph of Thoughts, PRefLexOR; see `agot.agents.search`."""

from __future__ import annotations

from agot.agents.search import refinement, rewind
from agot.agents.search.tree import SearchTree
from agot.protocols import Toolbox
from agot.thought import Solution, Task


async def refinement_tree(task: Task, tools: Toolbox) -> Solution:
    """Refine answers breadth-first and keep the best two of each level (SPaR)."""
    tree = SearchTree(task, tools, "refinement-tree")
    return await tree.grown_by(refinement.refinement_tree(tree))


async def evaluate_and_rewind(task: Task, tools: Toolbox) -> Solution:
    """Write step by step, look ahead at each, and take back what leads nowhere (RAIN)."""
    tree = SearchTree(task, tools, "rewind")
    return await tree.grown_by(rewind.evaluate_and_rewind(tree))


async def ab_mcts(task: Task, tools: Toolbox) -> Solution:
    """Choose between new answers and better ones, and among the models, by Thompson sampling (AB-MCTS)."""
    tree = SearchTree(task, tools, "ab-mcts")
    return await tree.grown_by(refinement.adaptive_branching(tree))


async def graph_of_thoughts(task: Task, tools: Toolbox) -> Solution:
    """Generate, keep the best, aggregate, improve (Graph of Thoughts)."""
    tree = SearchTree(task, tools, "got")
    return await tree.grown_by(refinement.graph_operations(tree))


async def critic(task: Task, tools: Toolbox) -> Solution:
    """Answer, criticise, improve, and put the answers together (PRefLexOR)."""
    tree = SearchTree(task, tools, "critic")
    return await tree.grown_by(refinement.critic_rounds(tree))
