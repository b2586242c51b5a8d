"""Monte-Carlo tree search with associations (CoAT): knowledge attached to a state of the search, seen by all states after it.

Source: Pan et al. 2025, "CoAT: Chain-of-Associated-Thoughts Framework", arXiv 2502.02390. V(n) = F_g(q, content) + beta F_a(content,
association): here F_a is the share of an association's words that are new to the path, so that a repetition earns nothing.
"""

from __future__ import annotations

import re
from functools import partial

from agot.agents.search import mcts
from agot.agents.search.tree import Node, SearchTree
from agot.agents.tries import Try
from agot.thought import Solution, Task

LONGEST = 400
"""Characters of an association; a long one would drown the question."""

_WORD = re.compile(r"\w{3,}")


async def coat(task: Task, try_: Try) -> Solution:
    """Simulate with UCT, attaching to each new state what memory and the model associate with it."""
    tree = SearchTree(task, try_)
    score = partial(mcts.uct, c=tree.search.exploration)
    return await tree.grown_by(
        mcts.run(tree, score=score, iterations=tree.search.iterations, associate=associate)
    )


async def associate(tree: SearchTree, node: Node) -> float:
    """Attach what memory, else the model, associates with a new state; return what it adds to its value.

    An association is kept if it shares a word with the question or the chain, adds words that the path does not
    hold yet, and is short.
    """
    try_ = tree.try_
    if node.assessed is not None:
        return 0.0
    content = "\n".join(node.steps)
    found = await try_.recall(try_.ask, f"{tree.task.question}\n{content}", k=1) if try_.recall else []
    text = found[0] if found else await try_.associate(tree.task, node.steps)
    path = " ".join((tree.task.question, tree.task.material, content, *(state.note for state in node.path())))
    new = novelty(text, path)
    if not new or len(text) > LONGEST:
        return 0.0
    node.note = text
    return tree.search.association * new


def novelty(text: str, path: str) -> float:
    """Return the share of a text's words that the path does not hold, 0 if the two have no word in common."""
    words, known = set(_WORD.findall(text.casefold())), set(_WORD.findall(path.casefold()))
    if not words or not words & known:
        return 0.0
    return len(words - known) / len(words)
