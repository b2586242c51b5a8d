"""Cross-check: draw further answers, also by other methods, until enough of them agree, or more would not pay.

The answer at hand is the first vote. Samples come in small batches, and none is drawn once the votes are settled: when the
leader is the majority answer with enough probability, or when the rest cannot overturn it. Answers that all differ after
half of the samples are not going to agree. Two different methods rarely make the same mistake, so their agreement counts
as one vote more.

Source: Aggarwal et al. 2023, "Let's Sample Step by Step: Adaptive-Consistency", arXiv 2305.11860 (the Beta rule);
Wang et al. 2022, arXiv 2203.11171 (the vote).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agot.agents.kinds import Kind, kind_of_reply
from agot.agents.tries import Try
from agot.agents.votes import Group, by_answer, elected
from agot.errors import BudgetExceeded, ModelError, ModelUnauthorised, OutputError
from agot.thought import Solution, Task

NAME = "cross-check"

SURE, THOROUGHLY_SURE = 0.9, 0.98
"""Probability that the leader is the majority answer at which drawing stops: 3 of 3, 6 of 6."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to come to another answer.

    Attributes:
        name: As it is told to people.
        solve: Returns one answer, or None if it has none.
        fits: Whether it can answer this kind of question here.
        most: Times that it is used on one question.
    """

    name: str
    solve: Callable[[Task, Try], Awaitable[Solution | None]]
    fits: Callable[[Kind], bool]
    most: int = 1


def cross_check(arms: Sequence[Arm] = ()) -> Callable[[Task, Try], Awaitable[Solution]]:
    """Return the strategy.

    Args:
        arms: Other methods than a chain, the best second opinion first.
    """

    async def strategy(task: Task, try_: Try) -> Solution:
        return await _cross_checked(task, try_, arms)

    return strategy


async def _cross_checked(task: Task, try_: Try, arms: Sequence[Arm]) -> Solution:
    """Return the elected solution; its `votes` are all that stood for election.

    Samples that a check refutes have no vote; one that a check proves ends the election.

    Raises:
        BudgetExceeded, OutputError: If there is not even one answer.
    """
    kind = kind_of_reply(task.question, task.material)
    votes = [one.model_copy(update={"methods": ("chain",)}) for one in try_.drawn]
    if not votes:
        first = await try_.solve(task, temperature=0.0)
        votes = [first.model_copy(update={"methods": ("chain",)})]
    most = len(votes) + 1 if kind.name == "fact" else max(try_.samples, len(votes) + 1)
    others = [arm for arm in arms for _ in range(arm.most) if arm.fits(kind)]
    standing = await try_.unrefuted(votes)
    sure = THOROUGHLY_SURE if try_.effort == "thorough" else SURE
    while (size := _next_batch(votes, standing, most, sure=sure)) > 0:
        try:
            fresh = await _draw(task, try_, others.pop(0) if others else None, size)
        except OutputError as error:
            try_.ask.warn(f"A second opinion could not be had: {error}")
            if not others:
                break
            continue
        except BudgetExceeded as fired:
            try_.tell_limit(fired)
            break
        except ModelUnauthorised:
            raise
        except ModelError as error:
            # The answer at hand is not lost because nobody could be found to confirm it.
            try_.ask.warn(f"The answer could not be compared with others: {error}")
            break
        votes += fresh
        for one in fresh:
            verdicts = await try_.verify(one)
            if any(verdict.proves for verdict in verdicts):
                return one
            if not any(verdict.refutes for verdict in verdicts):
                standing.append(one)
    return await _elected(try_, standing or votes)


async def _draw(task: Task, try_: Try, arm: Arm | None, size: int) -> list[Solution]:
    if arm is not None:
        opinion = await arm.solve(task, try_)
        found = [] if opinion is None else [opinion]
    else:
        found = await try_.solve(task, n=size)
    name = "chain" if arm is None else arm.name
    return [one.model_copy(update={"methods": (name,)}) for one in found]


def _next_batch(votes: Sequence[Solution], standing: Sequence[Solution], most: int, *, sure: float) -> int:
    """Return how many chains to draw next, 0 to stop."""
    left = most - len(votes)
    ranked = sorted(by_answer(standing), key=len, reverse=True)
    counts = [len(members) for members in ranked] or [0]
    methods = len({method for one in ranked[0] for method in one.methods}) if ranked else 0
    if left <= 0 or is_settled(counts, left, bonus=max(0, methods - 1), sure=sure):
        return 0
    if counts[0] <= 1 and 2 * len(votes) >= most and len(votes) > 2:
        return 0
    return min(2, left)


def is_settled(counts: Sequence[int], left: int, *, bonus: int = 0, sure: float = SURE) -> bool:
    """Return whether an election needs no further votes.

    Args:
        counts: Votes of each answer, the most first.
        left: Votes that could still be drawn.
        bonus: Votes that the leader is given for having been found by further methods.
        sure: Probability in (0, 1) that the leader beats the second in the long run.
    """
    first, second = (*counts, 0, 0)[:2]
    if first - second > left:
        return True
    a, b = first + bonus + 1, second + 1
    # P(p > 1/2) for p ~ Beta(a, b), as a sum of binomial terms, since a and b are whole numbers.
    heads = a + b - 1
    return first > 1 and sum(math.comb(heads, k) for k in range(a)) / 2**heads >= sure


async def _elected(try_: Try, votes: Sequence[Solution]) -> Solution:
    """Return the winner; between answers of equally many votes a judge that is worth asking weighs in."""
    if len(votes) == 1:
        return votes[0].model_copy(update={"strategy": try_.name})
    ranked = [Group(members, len(members)) for members in by_answer(votes)]
    most = max(group.support for group in ranked)
    leading = [place for place, group in enumerate(ranked) if group.support == most]
    if len(leading) > 1 and try_.judged:
        for place in leading:
            try:
                reward = (await try_.assess(ranked[place].members[0])).reward
            except BudgetExceeded as fired:
                try_.tell_limit(fired)
                break
            ranked[place] = Group(ranked[place].members, most + (0.5 if reward is None else reward))
    found = elected(ranked, try_.name, total=sum(group.support for group in ranked))
    winner = next(group for group in ranked if any(found.answer == one.answer for one in group.members))
    methods = tuple(dict.fromkeys(method for one in winner.members for method in one.methods))
    share = len(winner.members) / len(votes)
    return found.model_copy(update={"confidence": share, "methods": methods})
