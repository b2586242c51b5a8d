"""Drawing whole chains and choosing among them: best-of-N in one batch or in growing ones.

Sources: Cobbe et al. 2021, arXiv 2110.14168 (best-of-N); Manvi et al. 2024, "Adaptive Inference-Time Compute",
arXiv 2410.02725 (exponentially growing batches until the verifier is satisfied).
"""

from __future__ import annotations

from agot.agents.judges import Judge, knockout
from agot.agents.search.together import together
from agot.agents.search.tree import good_enough
from agot.agents.tries import Try
from agot.agents.verifier import reward_of
from agot.agents.votes import weighted
from agot.agents.worth import JUDGE
from agot.errors import BudgetExceeded, OutputError
from agot.events import Notice
from agot.protocols import Assessed
from agot.thought import Solution, Task
from agot.reading.answers import groups


async def best_of_n(task: Task, try_: Try) -> Solution:
    """Draw `samples` chains at once."""
    return await best_of(task, try_, batches=[try_.samples])


async def adaptive_best_of_n(task: Task, try_: Try) -> Solution:
    """Draw batches of 2, 2, 4, 8, ... chains, `samples` at most, until one satisfies the verifier."""
    return await best_of(task, try_, batches=growing(try_.samples))


async def best_of(task: Task, try_: Try, *, batches: list[int]) -> Solution:
    """Draw chains batch by batch, assess each, stop when one is good enough, and return the best by weighted majority.

    Equal chains are assessed once. What is finished when a limit fires is chosen from.

    Args:
        batches: Sizes, in order.

    Raises:
        BudgetExceeded, OutputError: If not even one chain could be had.
    """
    drawn: list[Assessed] = []
    fault: OutputError | None = None
    for size in batches:
        try:
            solutions = await try_.solve(task, n=size, temperature=try_.search.temperature)
            drawn += await _assessed(try_, solutions)
        except OutputError as error:
            fault = error
            continue
        except BudgetExceeded as fired:
            if not drawn:
                raise
            try_.tell_limit(fired)
            break
        if any(good_enough(one, try_) for one in drawn):
            break
    if not drawn:
        raise fault or OutputError(f"The strategy {try_.name!r} drew no sample; give it at least one.")
    return weighted(await _tie_broken(task, try_, drawn), try_.name).solution


async def _tie_broken(task: Task, try_: Try, drawn: list[Assessed]) -> list[Assessed]:
    """Return the same, those first whose answer a judge prefers among the ones that would win with equal support.

    Where nothing was judged, something is proven, or all are rejected, the order of drawing stays.
    """
    leading = _leading(drawn) if try_.search.tie_break else []
    if len(leading) < 2:
        return drawn
    best = [max(members, key=lambda one: one.reward or 0.0).solution for members in leading]
    judge = Judge(try_.dialect_of(JUDGE), JUDGE)
    try:
        found = await knockout(task, best, try_.ask, judge)
    except BudgetExceeded as fired:
        try_.tell_limit(fired)
        return drawn
    same = sum(one.consistent for _, _, one in found.matches)
    try_.emit(Notice(
        level="info",
        text=f"{len(best)} answers led with the same support, and {found.winner.answer[:80]!r} won; "
        f"{same} of {len(found.matches)} comparisons came out the same in both orders.",
    ))  # fmt: skip
    first = next(members for members in leading if any(one.solution is found.winner for one in members))
    return [*first, *(one for one in drawn if not any(one is member for member in first))]


def _leading(drawn: list[Assessed]) -> list[list[Assessed]]:
    """Return the judged solutions of each answer with the greatest sum of rewards, as `weighted` ranks them."""
    if any(one.reward is None or one.settled for one in drawn):
        return []
    found = [[drawn[place] for place in places] for places in groups([one.solution.answer for one in drawn])]
    support = [(sum(one.reward or 0.0 for one in members), len(members)) for members in found]
    most = max(support, default=(0.0, 0))
    return [members for members, own in zip(found, support, strict=True) if own == most and most[0] > 0.0]


async def _assessed(try_: Try, solutions: list[Solution]) -> list[Assessed]:
    """Return the solutions with their assessments; if a limit fires, those that were not judged stand unjudged."""
    fired: list[BudgetExceeded] = []

    async def one(solution: Solution) -> Assessed:
        try:
            return await try_.assess(solution)
        except BudgetExceeded as limit:
            fired.append(limit)
            verdicts = await try_.verify(solution)
            return Assessed(solution=solution, verdicts=verdicts, reward=reward_of(solution, verdicts))

    assessed = await together(*(one(solution) for solution in solutions))
    if fired:
        try_.tell_limit(fired[0])
    return assessed


def growing(most: int, *, first: int = 2) -> list[int]:
    """Return batch sizes that double and add up to `most`, at least 1: 2, 2, 4, 8, ..."""
    sizes: list[int] = []
    while (left := most - sum(sizes)) > 0:
        sizes.append(min(left, max(first, sum(sizes))))
    return sizes
