"""Evaluate and rewind: write an answer step by step, look ahead at each step, and take back what turns out badly.

Source: Li et al. 2023, "RAIN: Your Language Models Can Align Themselves without Finetuning", arXiv 2309.07124.
"""

from __future__ import annotations

from functools import partial

from agot.agents.search import mcts
from agot.agents.search.tree import Node, SearchTree
from agot.agents.tries import Try
from agot.thought import Solution, Task

MOST_VISITS = 6
"""Visits after which the most visited continuation is committed ..."""
GOOD_VALUE = 0.8
"""... and the mean value from which it is committed sooner. The paper asks for both and gives every step simulations of its own;
here all steps share one number of them, so either commits."""


async def evaluate_and_rewind(task: Task, try_: Try) -> Solution:
    """Write step by step, look ahead at each, and take back what leads nowhere."""
    tree = SearchTree(task, try_)
    return await tree.grown_by(_write(tree))


async def _write(tree: SearchTree) -> None:
    """Commit the most visited continuation of each step; step back once when all that follows is worthless.

    Look-ahead is PUCT over the model's own estimates, without rollouts. All simulations together are at
    most `search.iterations`.
    """
    search = tree.search
    score = partial(mcts.puct, c=search.exploration)
    here, left = tree.root, search.iterations
    rewound: set[Node] = set()
    while left > 0 and not tree.satisfied():
        while left > 0 and not _decided(here):
            used = min(search.workers, left)
            await mcts.run(tree, score=score, iterations=used, rollouts=False, root=here)
            left -= used
            if here.closed or tree.satisfied():
                break
        best = max(
            (child for child in here.children
             if child not in rewound and (not child.closed or child.assessed is not None)),
            key=lambda child: (child.visits, child.mean), default=None,
        )  # fmt: skip
        if best is None or best.mean < search.prune:
            bad = here if best is None else best
            # A finished state is closed without being pruned, so what was taken back is remembered apart.
            rewound.add(bad)
            tree.prune(bad, "rewound: nothing good follows")
            if here.parent is None:
                return
            here = here.parent
            continue
        if best.assessed is not None:
            return
        here = best


def _decided(node: Node) -> bool:
    ranked = sorted(node.children, key=lambda child: child.visits, reverse=True)
    if not ranked:
        return False
    return ranked[0].visits > MOST_VISITS or (ranked[0].visits > 1 and ranked[0].mean > GOOD_VALUE)
