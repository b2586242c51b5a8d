"""What a judge is worth: measured on built-in answers of known truth, once for each model and server.

A judge is asked about each answer in two manners: one word, Yes or No, whose probability counts, and a verdict after a
check step by step. The manner that tells right from wrong better is used from then on; a judge that does so no better
than chance is not used. Twenty answers say little, so what its words mean as probabilities is drawn strongly towards
"no idea": a logistic curve with a prior (Platt 1999, "Probabilistic Outputs for Support Vector Machines").
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from agot.agents.calibration import area_under_curve, fit_logistic, logit, sigmoid
from agot.errors import ModelError, OutputError
from agot.protocols import Ask, Dialect, ModelReply, ModelRequest
from agot.thought import Solution, Task, Value, Verdict

JUDGE = "judge"
"""Name under which judges give their verdict."""

FACT = "judge"
"""Name of the fact under which a worth is kept."""

Manner = Literal["word", "reasoned"]

GOOD, CHANCE = 0.8, 0.6
"""Area under the curve from which a judge may speak for an answer alone, and up to which it may be guessing."""

SECONDS = 60.0
"""Longest time for measuring a judge; what was not judged by then does not count."""

FEWEST = 12
"""Judged answers below which nothing is said of a judge."""

_LONGEST_CHECK = 600
"""Tokens of a reasoned verdict on an answer to a built-in question."""

class Example(Value):
    """An answer of known truth."""

    question: str
    answer: str
    steps: tuple[str, ...] = ()
    right: bool


class Worth(Value):
    """What a judge is worth.

    Attributes:
        manner: How it is asked.
        auc: Area under the curve in that manner: P(a right answer is rated above a wrong one), in [0, 1].
        of: The same for each manner that was tried.
        judged: Answers of known truth that it judged in that manner.
        intercept, slope: Of the curve from the logit of its word to the logit of the chance.
    """

    manner: Manner
    auc: float = Field(ge=0.0, le=1.0)
    of: dict[Manner, float] = Field(default_factory=dict)
    judged: int = 0
    intercept: float = 0.0
    slope: float = Field(default=0.0, ge=0.0)

    @property
    def level(self) -> Literal["good", "weak", "chance"]:
        """Whether it may accept an answer alone, only weigh votes, or is not to be used."""
        return "chance" if self.auc < CHANCE else "weak" if self.auc < GOOD else "good"

    @property
    def told(self) -> str:
        """What was measured, for people."""
        how = "one word" if self.manner == "word" else "a reasoned verdict"
        use = {
            "good": "it judges answers", "weak": "a weak judge, so the votes are weighed by it and it does not choose alone",
            "chance": "no better than chance, so it is not used",
        }[self.level]  # fmt: skip
        tried = ", ".join(f"{manner} {auc:.2f}" for manner, auc in self.of.items())
        return f"by {how} it tells right from wrong with an area under the curve of {self.auc:.2f} ({tried}): {use}"

    def chance(self, reward: float) -> float:
        """Return the chance that an answer is right which the judge gave this reward, if half of all answers are."""
        return sigmoid(self.intercept + self.slope * logit(reward))


def worth_of(facts: Mapping[str, Any]) -> Worth | None:
    """Return the worth that was kept among the facts of a model, or None."""
    try:
        return Worth.model_validate(facts[FACT])
    except (KeyError, ValidationError):
        return None


@cache
def examples() -> tuple[Example, ...]:
    """Return the built-in answers of known truth, as many right as wrong."""
    text = files("agot.agents").joinpath("judged_examples.toml").read_text("utf-8")
    return tuple(Example.model_validate(row) for row in tomllib.loads(text)["examples"])


async def measure(ask: Ask, dialect: Dialect, *, role: str = JUDGE, seconds: float = SECONDS) -> Worth | None:
    """Ask a judge about the built-in answers in both manners and return what it is worth.

    Args:
        seconds: Longest time for all calls together.

    Returns:
        None if too few of them could be judged in either manner.

    Raises:
        ModelError: If no call was answered; the first fault.
    """
    shown = examples()
    short = _Short(ask)
    jobs = [
        asyncio.ensure_future(
            dialect.judge(short, Task(question=one.question), _solution(one), role=role, reasoned=manner == "reasoned")
        )
        for manner in get_args(Manner)
        for one in shown
    ]
    try:
        await asyncio.wait(jobs, timeout=seconds)
    finally:
        for job in jobs:
            job.cancel()
        said = await asyncio.gather(*jobs, return_exceptions=True)
    faults = [
        one for one in said if isinstance(one, BaseException) and not isinstance(one, asyncio.CancelledError)
    ]
    for fault in faults:
        silent = isinstance(fault, OutputError)  # it answered, but gave no verdict
        if not isinstance(fault, ModelError) or (len(faults) == len(jobs) and not silent):
            raise fault
    found: list[Worth] = []
    for place, manner in enumerate(get_args(Manner)):
        own = said[place * len(shown) : (place + 1) * len(shown)]
        pairs = [
            (verdict.reward, one.right)
            for one, verdict in zip(shown, own, strict=True)
            if isinstance(verdict, Verdict) and verdict.reward is not None
        ]
        if len(pairs) >= FEWEST and len({right for _, right in pairs}) == 2:
            found.append(fit_worth(manner, pairs))
    if not found:
        return None
    # Of equals the first: one word is cheaper than a check.
    best = max(found, key=lambda one: one.auc)
    return best.model_copy(update={"of": {one.manner: one.auc for one in found}})


def fit_worth(manner: Manner, pairs: Sequence[tuple[float, bool]]) -> Worth:
    """Return the worth that follows from rewards in [0, 1] given to answers of known truth, of both kinds."""
    auc = area_under_curve([(reward, 1, float(good)) for reward, good in pairs])
    intercept, slope = fit_logistic([(logit(reward), good) for reward, good in pairs])
    return Worth(manner=manner, auc=auc, judged=len(pairs), intercept=intercept, slope=slope)


def _solution(one: Example) -> Solution:
    return Solution(answer=one.answer, steps=one.steps)


class _Short:
    """Asks for verdicts of the length that answers to the built-in questions need."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ask, name)

    async def __call__(self, request: ModelRequest) -> ModelReply:
        room = min(request.max_tokens, _LONGEST_CHECK)
        return await self._ask(request.model_copy(update={"max_tokens": room}))
