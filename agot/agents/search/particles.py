"""Particle filtering over partial chains, and particle Gibbs on top of it.

Source: Puri et al. 2025, "A Probabilistic Inference Approach to Inference-Time Scaling of LLMs using
Particle-Based Monte Carlo Methods", arXiv 2502.01618.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from agot.agents.search.tree import UNKNOWN, Node, SearchTree
from agot.agents.tries import Try
from agot.thought import Solution, Task

_EDGE = 1e-4
"""Rewards are kept this far from 0 and 1, where their logit is infinite."""


def weights(rewards: Sequence[float], temperature: float) -> list[float]:
    """Return softmax(logit(r) / T): at T = 1 proportional to r / (1 - r).

    Args:
        rewards: In [0, 1], at least one.
        temperature: Above 0; higher keeps more variety.
    """
    clipped = [min(max(reward, _EDGE), 1.0 - _EDGE) for reward in rewards]
    logits = [math.log(reward / (1.0 - reward)) / temperature for reward in clipped]
    highest = max(logits)
    raised = [math.exp(logit - highest) for logit in logits]
    total = sum(raised)
    return [value / total for value in raised]


async def filter_once(tree: SearchTree, *, reference: Sequence[Node] = ()) -> Node | None:
    """Run one filter of `search.particles` particles from the root.

    Each step extends every unfinished particle by one proposal, weighs all by the reward of their whole prefix and
    resamples with replacement; finished particles stay in the draw. Particles on one state ask together.

    Args:
        reference: The path of a particle that is kept through every resampling (particle Gibbs).

    Returns:
        The finished particle of the highest weight, or None if none finished.
    """
    search, rng = tree.search, tree.try_.rng
    kept = reference[:1]
    particles: list[Node] = [tree.root] * (search.particles - len(kept))
    for depth in range(search.depth):
        if all(particle.assessed is not None for particle in (*particles, *kept)) or tree.satisfied():
            break
        # The reference goes along its own path, so nothing is asked for it.
        kept = [reference[min(depth + 1, len(reference) - 1)]] if reference else []
        everyone = [*await _extended(tree, particles), *kept]
        if not everyone:
            return None
        share = weights([_reward(particle) for particle in everyone], search.weighting)
        particles = rng.choices(everyone, share, k=search.particles - len(kept))
        for particle in dict.fromkeys((*particles, *kept)):
            tree.back_up(particle, _reward(particle))
    finished = [particle for particle in tree.finished if particle in (*particles, *kept)]
    return max(finished or tree.finished, key=_reward, default=None)


async def gibbs(tree: SearchTree) -> Node | None:
    """Run filters one after another, each with the last one's best path as its reference; return the last one's best."""
    best: Node | None = None
    for _ in range(tree.search.sweeps):
        found = await filter_once(tree, reference=best.path() if best is not None else ())
        if found is None or tree.satisfied():
            return found or best
        best = found
    return best


def _reward(node: Node) -> float:
    return UNKNOWN if node.value is None else node.value


async def _extended(tree: SearchTree, particles: Sequence[Node]) -> list[Node]:
    """Return every particle one step further; one that can go nowhere is left out."""
    standing = list(dict.fromkeys(node for node in particles if node.assessed is None))
    counts = {node: sum(particle is node for particle in particles) for node in standing}
    grown = await tree.extend([(node, counts[node]) for node in standing])
    moved = [node for node in particles if node.assessed is not None]
    for children in grown:
        moved.extend(children)
    return moved


# -- presets -----------------------------------------------------------------------------------------


async def particle_filter(task: Task, try_: Try) -> Solution:
    """Move `search.particles` partial chains step by step, resampled by reward; answer with the best of the last."""
    tree = SearchTree(task, try_)
    return await tree.grown_by(filter_once(tree))


async def particle_gibbs(task: Task, try_: Try) -> Solution:
    """Run `search.sweeps` filters, each keeping the best chain of the one before."""
    tree = SearchTree(task, try_)
    return await tree.grown_by(gibbs(tree))
