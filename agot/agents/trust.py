"""How far an answer can be trusted, in one of five words and one sentence: the only place that says so.

    proved         a deterministic check settled that it is right
    cross-checked  most samples, or different methods, came to it independently
    judged         a judge accepts it whose word was measured on answers of known truth
    doubtful       a check, a judge or the votes speak against it
    unchecked      nothing could tell

The first that holds counts: what was worked out counts more than what was counted, and that more than a model's opinion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agot.agents.worth import JUDGE
from agot.protocols import Assessed
from agot.thought import Finding, Solution, Trust, Verdict
from agot.verifiers.composition import CompositionCheck

ORDER: tuple[Trust, ...] = ("doubtful", "unchecked", "judged", "cross-checked", "proved")
"""From the least trusted on."""

_PASSES = 0.5
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an answer can be trusted.

    Attributes:
        reason: Why, as one sentence without a full stop.
    """

    trust: Trust
    reason: str


NO_ANSWER = Standing("unchecked", "there is no answer")


def trusted(tried: Assessed | None) -> Standing:
    """Return how far a solution can be trusted, given what was said of it."""
    if tried is None:
        return NO_ANSWER
    solution, told = tried.solution, [verdict for verdict in tried.verdicts if verdict.reward is not None]
    found = (
        _settled(told) or _cut(solution) or _composed(solution) or _doubted(told) or _voted(solution, told)
        or _judged(told)
    )  # fmt: skip
    return Standing(found.trust, found.reason[:_LONGEST_REASON])


def _settled(told: Sequence[Verdict]) -> Standing | None:
    for verdict in told:
        if verdict.conclusive and verdict.check != CompositionCheck.name:
            if not verdict.doubts:
                return Standing("proved", f"the check {verdict.check!r} settled that it is right")
            why = f": {verdict.feedback}" if verdict.feedback else ""
            return Standing("doubtful", f"the check {verdict.check!r} refutes it{why}")
    return None


def _cut(solution: Solution) -> Standing | None:
    told = "the model's reply was cut off before its end; raise max_tokens"
    return Standing("doubtful", told) if solution.cut else None


def _composed(solution: Solution) -> Standing | None:
    """Return what the parts say of the whole: it is as good as its weakest, and proved only if the split is, too."""
    if not solution.parts:
        return None
    weakest = min(solution.parts, key=_rank)
    if solution.plan_reward is None:
        split: Trust = "unchecked"
    else:
        split = (
            "proved"
            if solution.plan_reward == 1.0
            else "judged"
            if solution.plan_reward >= _PASSES
            else "doubtful"
        )
    if ORDER.index(split) < _rank(weakest):
        return Standing(
            split, f"it was put together from {len(solution.parts)} parts, and the split is {split}"
        )
    return Standing(
        weakest.trust,
        f"it was put together from parts, the least trusted of which ({weakest.thought}) is {weakest.trust}",
    )


def _rank(part: Finding) -> int:
    return ORDER.index(part.trust)


def _doubted(told: Sequence[Verdict]) -> Standing | None:
    for verdict in told:
        if verdict.check != JUDGE and verdict.doubts:
            return Standing("doubtful", verdict.feedback or f"the check {verdict.check!r} doubts it")
    return None


def _voted(solution: Solution, told: Sequence[Verdict]) -> Standing | None:
    if solution.votes < 2:
        return None
    agreeing = solution.votes - sum(count for _, count in solution.alternatives)
    ways = f", by {' and '.join(solution.methods)}" if len(solution.methods) > 1 else ""
    if agreeing < 2 or 2 * agreeing <= solution.votes:
        return Standing("doubtful", f"only {agreeing} of {solution.votes} samples agree{ways}")
    judge = next((verdict for verdict in told if verdict.check == JUDGE and verdict.calibrated), None)
    doubt = judge is not None and judge.doubts
    aside = f"; the judge gives it a chance of {judge.reward:.2f}" if judge is not None and doubt else ""
    return Standing("cross-checked", f"{agreeing} of {solution.votes} samples agree{ways}{aside}")


def _judged(told: Sequence[Verdict]) -> Standing:
    judge = next((verdict for verdict in told if verdict.check == JUDGE), None)
    if judge is None or judge.reward is None:
        return Standing("unchecked", "nothing could tell whether it is right")
    if judge.calibrated:
        said = f"a calibrated judge gives it a chance of {judge.reward:.2f}"
        return Standing("doubtful" if judge.doubts else "judged", said)
    if not judge.doubts:
        return Standing("unchecked", "only a judge accepts it whose word was never measured")
    return Standing("doubtful", "a judge doubts it whose word was never measured")
