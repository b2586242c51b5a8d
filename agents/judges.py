"""Judges: one model's word on an answer, a panel of several, two answers side by side, and a knockout of many.

A judge is a model and errs like one. What is known of its errors is the weight of its word: one that always says yes
accepts every right answer (completeness 1) and rejects no wrong one (soundness 0), so it gets none.

Source: Zheng et al. 2023, "Judging LLM-as-a-Judge", arXiv 2306.05685 (position bias); Verga et al. 2024, "Replacing Judges
with Juries", arXiv 2404.18796 (panels).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agot.agents.search.together import together
from agot.agents.selection.stopping import rates
from agot.errors import ModelError, ModelUnauthorised
from agot.learning import Tally
from agot.protocols import Ask, Dialect
from agot.thought import Solution, Task, Verdict
from agot.verifiers.answers import groups

_LEAST_TRUST = 0.05
"""Less than this above guessing is within the noise of a few dozen tallied judgements."""

_MOST_SAMPLES = 32


@dataclass(frozen=True, slots=True)
class Judge:
    """One seat: a role with the dialect of its model.

    Attributes:
        weight: How much its word counts, at least 0; see `trust`.
        samples: Opinions drawn of it. More than one are critiques at `temperature`, whose share is its word.
    """

    dialect: Dialect
    role: str = "judge"
    weight: float = 1.0
    samples: int = 1
    temperature: float = 0.7

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight < float("inf") or not 1 <= self.samples <= _MOST_SAMPLES:
            raise ValueError(
                f"A judge needs a finite weight of at least 0 and 1..{_MOST_SAMPLES} samples, got {self.weight} and {self.samples}."
            )


@dataclass(frozen=True, slots=True)
class Panel:
    """What several judges said.

    Attributes:
        verdict: Their common verdict; reward None if none of those that count could tell.
        opinions: Each judge's own verdict, None where it could not be had, in the order of the judges.
        disagreement: Difference of the highest and the lowest reward among those that count, in [0, 1].
    """

    verdict: Verdict
    opinions: tuple[Verdict | None, ...]
    disagreement: float


@dataclass(frozen=True, slots=True)
class Preference:
    """Which of two answers is better, asked in both orders.

    Attributes:
        p: P(the first is better) without the bias of position; 0.5 for a tie, None for "cannot tell".
        consistent: Both orders gave the same winner. Where they did not, the model preferred a position.
    """

    p: float | None
    consistent: bool


@dataclass(frozen=True, slots=True)
class Knockout:
    """How a tournament went.

    Attributes:
        winner: One of the solutions.
        matches: Pairs of answers with the preference for the first, in the order they were decided.
    """

    winner: Solution
    matches: tuple[tuple[str, str, Preference], ...]


def trust(tallies: Mapping[str, Tally]) -> float:
    """Return the weight of a judge's word in [0, 1]: Youden's J, completeness + soundness - 1; 0 for mere guessing.

    Args:
        tallies: "tp", "fp", "tn", "fn" of the judge, as `agot.learning.verifier_subject` names them.
    """
    seen = rates(tallies)
    gain = seen.completeness + seen.soundness - 1.0
    return gain if gain >= _LEAST_TRUST else 0.0


async def opinion(task: Task, solution: Solution, ask: Ask, judge: Judge) -> Verdict | None:
    """Return what one judge says; None if it cannot tell or cannot be had.

    An answer is not lost because its judge is: whoever reads along is told.

    Raises:
        BudgetExceeded: If there is no budget for the call.
        ModelUnauthorised: If the key is refused.
    """
    try:
        if judge.samples == 1:
            return await judge.dialect.judge(ask, task, solution, role=judge.role)
        critiques = await judge.dialect.critique(
            ask, task, solution, role=judge.role, n=judge.samples, temperature=judge.temperature
        )
    except ModelUnauthorised:
        raise
    except ModelError as error:
        ask.warn(f"The answer {solution.answer[:80]!r} could not be judged by {judge.role}: {error}")
        return None
    told = [critique.reward for critique in critiques if critique.reward is not None]
    if not told:
        return None
    reward = sum(told) / len(told)
    said = next((critique.text for critique in critiques if critique.text), "")
    return Verdict(check="judge", reward=reward, feedback=said if reward < 0.5 else "")


async def panel(
    task: Task, solution: Solution, ask: Ask, judges: Sequence[Judge], *, rule: Literal["mean", "majority"] = "mean"
) -> Panel:  # fmt: skip
    """Ask several judges side by side. Those of weight 0 are not asked: their word would change nothing.

    Args:
        judges: At least one.
        rule: "mean" of the rewards, or the share of "majority": 1, 0, or 0.5 for a tie; both weighted.

    Raises:
        ValueError: If there are no judges.
        BudgetExceeded, ModelUnauthorised: As for `opinion`.
    """
    if not judges:
        raise ValueError("A panel needs at least one judge.")
    counting = [judge for judge in judges if judge.weight > 0.0]
    asked = await together(*(opinion(task, solution, ask, judge) for judge in counting))
    said = iter(asked)
    opinions = tuple(next(said) if judge.weight > 0.0 else None for judge in judges)
    told = [
        (judge, verdict, verdict.reward)
        for judge, verdict in zip(counting, asked, strict=True)
        if verdict is not None and verdict.reward is not None
    ]
    if not told:
        return Panel(Verdict(check="judge"), opinions, 0.0)
    total = sum(judge.weight for judge, _, _ in told)
    mean = sum(judge.weight * reward for judge, _, reward in told) / total
    for_it = sum(judge.weight for judge, _, reward in told if reward >= 0.5) / total
    reward = mean if rule == "mean" else 0.5 if abs(for_it - 0.5) < 1e-9 else float(for_it > 0.5)
    rewards = [reward for _, _, reward in told]
    doubts = [f"{judge.role}: {verdict.feedback}" for judge, verdict, given in told if given < 0.5]
    feedback = f"{len(doubts)} of {len(told)} judges doubt it. {' '.join(doubts)}" if doubts else ""
    # Rounding of a weighted mean must not leave [0, 1].
    verdict = Verdict(check="judge", reward=min(1.0, max(0.0, reward)), feedback=feedback)
    return Panel(verdict, opinions, max(rewards) - min(rewards))


async def preference(task: Task, a: Solution, b: Solution, ask: Ask, judge: Judge) -> Preference:
    """Compare two answers in both orders, so that a liking for the first place cancels out.

    Raises:
        BudgetExceeded, ModelUnauthorised: As for `opinion`.
    """
    shown, turned = await together(_better(task, a, b, ask, judge), _better(task, b, a, ask, judge))
    if shown is None or turned is None:
        return Preference(None, False)
    back = 1.0 - turned
    consistent = (shown > 0.5 and back > 0.5) or (shown < 0.5 and back < 0.5)
    return Preference((shown + back) / 2 if consistent else 0.5, consistent)


async def knockout(
    task: Task, solutions: Sequence[Solution], ask: Ask, judge: Judge, *, entrants: int = 8
) -> Knockout:
    """Return the solution that wins a knockout among the different answers.

    Equal answers enter once, by their likeliest solution, and the most frequent `entrants` enter; so k entrants cost
    2 (k - 1) calls, those of a round side by side. Where the judge has no preference, the more frequent answer wins.

    Args:
        solutions: At least one.
        entrants: Most answers that enter, at least 1.

    Raises:
        ValueError: If there are no solutions or no entrants.
        BudgetExceeded, ModelUnauthorised: As for `opinion`.
    """
    if not solutions or entrants < 1:
        raise ValueError(f"A knockout needs solutions and entrants, got {len(solutions)} and {entrants}.")
    by_answer = [
        [solutions[place] for place in places] for places in groups([one.answer for one in solutions])
    ]
    # A stable sort: of equally frequent answers, the one that was given first is seeded higher.
    seeds = [max(members, key=_likelihood) for members in sorted(by_answer, key=len, reverse=True)[:entrants]]
    matches: list[tuple[str, str, Preference]] = []
    while len(seeds) > 1:
        half = len(seeds) // 2
        upper, lower = seeds[:half], seeds[-half:][::-1]
        resting = seeds[half : len(seeds) - half]
        decided = await together(
            *(preference(task, a, b, ask, judge) for a, b in zip(upper, lower, strict=True))
        )
        matches += [(a.answer, b.answer, one) for a, b, one in zip(upper, lower, decided, strict=True)]
        won = [
            b if one.p is not None and one.p < 0.5 else a
            for a, b, one in zip(upper, lower, decided, strict=True)
        ]
        seeds = [*won, *resting]
    return Knockout(seeds[0], tuple(matches))


def _likelihood(solution: Solution) -> float:
    return float("-inf") if solution.logprob is None else solution.logprob


async def _better(task: Task, a: Solution, b: Solution, ask: Ask, judge: Judge) -> float | None:
    try:
        return await judge.dialect.compare(ask, task, a, b, role=judge.role)
    except ModelUnauthorised:
        raise
    except ModelError as error:
        ask.warn(f"Two answers could not be compared by {judge.role}: {error}")
        return None
