"""Choosing among several answers: plain votes, votes weighted by probability or reward, and RPC.

Answers are grouped by `agot.reading.answers`, so that `1/2` and `0.5` are one answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agot.protocols import Assessed
from agot.thought import Solution
from agot.reading.answers import groups

if TYPE_CHECKING:
    # Only the fit of `rpc` needs it, and it takes longer to load than the answer of a small question.
    import numpy as np
    from numpy.typing import NDArray

_FLOOR = 1e-6
_ROUNDS = 60
_LEAST_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Group:
    """Solutions with the same answer.

    Attributes:
        members: At least one, in the order in which they were drawn.
        support: What speaks for the answer; comparable within one election only.
        ways: In how many different ways the answer was found; breaks ties of support.
    """

    members: tuple[Solution, ...]
    support: float
    ways: int = 1


def probability(solution: Solution) -> float:
    """Return the geometric mean of the token probabilities, or 0 where the model gives none."""
    return 0.0 if solution.logprob is None else math.exp(solution.logprob)


def tally(solutions: Sequence[Solution]) -> Solution:
    """Return the likeliest solution of the most frequent answer; its confidence is the vote's share.

    Ties are broken by the summed probability of the chains where it is known, else the answer that came first wins.

    Args:
        solutions: At least one.

    Source: Wang et al. 2022, "Self-Consistency Improves Chain of Thought Reasoning", arXiv 2203.11171.
    """
    return elected(
        [Group(members, len(members)) for members in by_answer(solutions)], "vote", total=len(solutions)
    )


def tally_of_ways(ways: Sequence[Sequence[Solution]], strategy: str) -> Solution:
    """Return the most frequent answer of several ways to find one; of equally frequent ones that of the most ways.

    Ways that err differently seldom meet in a wrong answer. Ties that are left are broken as `tally` does.

    Args:
        ways: The solutions that each way gave, at least one in all.
    """
    solutions = [solution for way in ways for solution in way]
    way_of = {id(solution): place for place, way in enumerate(ways) for solution in way}
    found = [
        Group(members, len(members), len({way_of[id(member)] for member in members}))
        for members in by_answer(solutions)
    ]
    return elected(found, strategy, total=len(solutions))


def rpc(solutions: Sequence[Solution], *, prune_from: int) -> Solution:
    """Return the answer with the most probability over distinct chains, unlikely chains left out.

    Args:
        solutions: At least one.
        prune_from: Fewest samples for which the two-component fit means anything; below it the vote is
            weighted by probability without pruning. Without probabilities it is a plain vote.

    Source: Zhou et al. 2025, "Reasoning with Perplexity Consistency and Reasoning Pruning", arXiv 2502.00511.
    """
    if any(solution.logprob is None for solution in solutions):
        return tally(solutions)
    distinct = list({(s.steps, s.answer): s for s in solutions}.values())
    if len(solutions) >= prune_from:
        keep = unpruned([probability(solution) for solution in distinct])
        distinct = [solution for solution, kept in zip(distinct, keep, strict=True) if kept] or distinct
    found = [Group(members, sum(map(probability, members))) for members in by_answer(distinct)]
    return elected(found, "rpc", total=sum(group.support for group in found))


def weighted(assessed: Sequence[Assessed], strategy: str) -> Assessed:
    """Return the best-rewarded solution of the answer with the greatest sum of rewards.

    Rewards of "cannot tell" count one half. A conclusive acceptance is worth more than any number of doubts: it
    wins at once.

    Source: weighted majority, Li et al. 2023, arXiv 2206.02336; Snell et al. 2024, arXiv 2408.03314.
    """
    proven = [one for one in assessed if one.proven]
    rewards = {id(one.solution): 0.5 if one.reward is None else one.reward for one in assessed}
    refuted = [one for one in assessed if one.refuted]
    standing = proven or [one for one in assessed if one not in refuted] or list(assessed)
    by_solution = {id(one.solution): one for one in standing}
    found = [
        Group(members, sum(rewards[id(member)] for member in members))
        for members in by_answer([one.solution for one in standing])
    ]
    # All rewards may be 0; then the answer given most often is the best there is.
    ranked = sorted(found, key=lambda group: (group.support, len(group.members)), reverse=True)
    best = max(ranked[0].members, key=lambda member: rewards[id(member)])
    chosen = by_solution[id(best)]
    solution = best.model_copy(update={
        "strategy": strategy,
        "votes": len(standing),
        "confidence": len(ranked[0].members) / len(standing),
        "alternatives": tuple((group.members[0].answer, len(group.members)) for group in ranked[1:]),
    })  # fmt: skip
    return chosen.model_copy(update={"solution": solution})


def by_answer(solutions: Sequence[Solution]) -> list[tuple[Solution, ...]]:
    """Return the solutions of each answer, in the order in which the answers were first given."""
    return [
        tuple(solutions[place] for place in places)
        for places in groups([solution.answer for solution in solutions])
    ]


def elected(found: Sequence[Group], strategy: str, *, total: float) -> Solution:
    """Return the likeliest solution of the best-supported answer.

    Ties go to the answer that was found in more ways, then to the likelier, then to the earlier one.
    """

    def rank(group: Group) -> tuple[float, int, float]:
        return group.support, group.ways, sum(map(probability, group.members))

    ranked = sorted(found, key=rank, reverse=True)
    best = max(ranked[0].members, key=probability)
    return best.model_copy(update={
        "strategy": strategy,
        "votes": sum(len(group.members) for group in ranked),
        "confidence": ranked[0].support / total if total > 0 else None,
        "alternatives": tuple((group.members[0].answer, len(group.members)) for group in ranked[1:]),
    })  # fmt: skip


def unpruned(probabilities: Sequence[float]) -> list[bool]:
    """Return which samples RPC keeps: all but those that a low component explains better and that are below the mean.

    A mixture of two Weibull distributions is fitted by expectation maximisation; the weight of the low component is
    kept in [0.2, 0.8].

    Args:
        probabilities: Mean token probabilities in [0, 1].
    """
    import numpy as np

    values = np.clip(np.asarray(probabilities, dtype=float), _FLOOR, 1.0)
    mean = float(values.mean())
    if len(values) < 4 or float(values.std()) < _FLOOR:
        return [True] * len(values)
    low = (values < float(np.median(values))).astype(float) * 0.8 + 0.1
    for _ in range(_ROUNDS):
        weight = float(np.clip(low.mean(), _LEAST_WEIGHT, 1.0 - _LEAST_WEIGHT))
        lower = math.log(weight) + _log_weibull(values, *_fit(values, low))
        upper = math.log(1.0 - weight) + _log_weibull(values, *_fit(values, 1.0 - low))
        updated = 1.0 / (1.0 + np.exp(np.clip(upper - lower, -500.0, 500.0)))
        if float(np.abs(updated - low).max()) < 1e-6:
            break
        low = updated
    if float(np.average(values, weights=low + 1e-12)) > float(np.average(values, weights=1.0 - low + 1e-12)):
        low = 1.0 - low
    return [not (share > 0.5 and value < mean) for share, value in zip(low, values, strict=True)]


def _log_weibull(values: NDArray[np.float64], shape: float, scale: float) -> NDArray[np.float64]:
    import numpy as np

    logs = np.log(values / scale)
    # Far in the tail the density is 0 anyway; the clip keeps the power from overflowing.
    density: NDArray[np.float64] = (
        math.log(shape / scale) + (shape - 1.0) * logs - np.exp(np.minimum(shape * logs, 500.0))
    )
    return density


def _fit(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return shape and scale of the weighted Weibull fit (fixed-point iteration of the likelihood equation)."""
    import numpy as np

    total = float(weights.sum()) + 1e-12
    logs = np.log(values)
    mean_log = float((weights * logs).sum()) / total
    shape = 1.0
    for _ in range(30):
        powered = weights * np.maximum(values**shape, 1e-300)
        ratio = float((powered * logs).sum()) / (float(powered.sum()) + 1e-300)
        step = 1.0 / max(ratio - mean_log, 1e-3)
        shape = float(np.clip(0.5 * shape + 0.5 * step, 0.05, 200.0))
    scale = float(((weights * np.maximum(values**shape, 1e-300)).sum() / total) ** (1.0 / shape))
    return shape, max(scale, _FLOOR)
