"""The verification agent: deterministic checks first, then judges if they settled nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from agot.agents.judges import Judges
from agot.agents.worth import JUDGE
from agot.errors import BudgetExceeded, Interrupted, ModelUnauthorised, SetupError
from agot.installed import load, offered
from agot.protocols import Ask, Dialect, Verifier
from agot.thought import Solution, Task, Verdict
from agot.verifiers.arithmetic import EquationCheck, ExpressionCheck
from agot.verifiers.citations import GroundingCheck
from agot.verifiers.composition import CompositionCheck
from agot.verifiers.countdown import CountdownCheck
from agot.verifiers.forms import FormCheck, StatedCheck
from agot.verifiers.sets import SetCheck

CHECKS: dict[str, Verifier] = {
    check.name: check
    for check in (
        FormCheck(),
        StatedCheck(),
        EquationCheck(),
        CountdownCheck(),
        SetCheck(),
        ExpressionCheck(),
        CompositionCheck(),
        GroundingCheck(("quotation",)),
    )
}
"""All deterministic checks that are always made, by name, in the order in which they run."""


STEP_CHECKS = (EquationCheck.name,)
"""Checks that can tell a wrong step before there is an answer."""


def further_checks() -> dict[str, Verifier]:
    """Return the checks that settings may add by name: they fit one kind of question, or one way of answering."""
    # Imported when asked for: most runs have none of these questions.
    from agot.verifiers.planning.blocksworld import BlocksworldCheck
    from agot.verifiers.planning.calendars import CalendarCheck
    from agot.verifiers.planning.meetings import MeetingCheck
    from agot.verifiers.planning.trips import TripCheck

    checks = (GroundingCheck(), CalendarCheck(), MeetingCheck(), TripCheck(), BlocksworldCheck())
    return {check.name: check for check in checks}


def chosen_checks(
    built_in: Iterable[Verifier],
    own: Iterable[Verifier],
    *,
    more: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> tuple[Verifier, ...]:
    """Return the checks of a run in order: own ones, those named in `more`, and the built-in ones that are left.

    One check may take the place of another by having its name.

    Args:
        own: Given by a program; first, since it knows its questions best.
        more: Names out of `further_checks`, or of what installed packages offer.
        skip: Names to leave out.

    Raises:
        SetupError: If a name is unknown, taken twice by own checks, or the judge's.
    """
    chosen: dict[str, Verifier] = {}
    for check in own:
        if check.name in chosen or check.name == JUDGE or not check.name:
            raise SetupError(
                f"The name {check.name!r} of an own check is taken. Give each a name of its own, other than {JUDGE!r}."
            )
        chosen[check.name] = check
    further = further_checks() if more else {}
    for name in more:
        found = further.get(name) or load("checks", name)
        if found is None:
            raise SetupError(
                f"There is no check {name!r} to add. There are: {', '.join((*further, *offered('checks')))}."
            )
        chosen.setdefault(name, found() if isinstance(found, type) else found)
    for check in built_in:
        chosen.setdefault(check.name, check)
    unknown = [name for name in skip if name not in chosen]
    if unknown:
        raise SetupError(f"There is no check {unknown[0]!r} to skip. There are: {', '.join(chosen)}.")
    return tuple(check for check in chosen.values() if check.name not in skip)


class VerifierAgent:
    """Says how good a solution is, and why.

    Args:
        checks: Deterministic checks in order; the first that is conclusive ends the verification.
        judges: Who is asked if no check was conclusive.
    """

    def __init__(
        self, checks: Iterable[Verifier] = tuple(CHECKS.values()), *, judges: Judges | None = None
    ) -> None:
        self._checks, self._judges = tuple(checks), judges or Judges()
        without: Iterable[Verifier | None] = (getattr(one, "without_models", one) for one in self._checks)
        self._free = tuple(one for one in without if one is not None)

    async def check(self, task: Task, solution: Solution, ask: Ask, *, free: bool = False) -> list[Verdict]:
        """Run the checks only; verdicts that tell nothing are left out.

        A check that fails is one that cannot tell: whoever reads along is told why.

        Args:
            free: Ask no model: checks that would are made without, as far as they can be.

        Raises:
            BudgetExceeded, ModelUnauthorised: If a check asks a model and cannot.
        """
        verdicts: list[Verdict] = []
        for verifier in self._free if free else self._checks:
            verdict = await _checked(verifier, task, solution, ask)
            if verdict.reward is None:
                continue
            verdicts.append(verdict)
            if verdict.conclusive:
                break
        return verdicts

    async def refutes_step(self, task: Task, step: str, ask: Ask) -> bool:
        """Return whether a check of worked steps proves this one wrong."""
        solution = Solution(answer="", steps=(step,))
        for verifier in self._checks:
            if verifier.name in STEP_CHECKS:
                verdict = await _checked(verifier, task, solution, ask)
                if verdict.conclusive and verdict.reward == 0.0:
                    return True
        return False

    async def judge(
        self, task: Task, solution: Solution, ask: Ask, dialect_of: Callable[[str], Dialect]
    ) -> Verdict | None:
        """Ask the judges whether the solution is right; None if none can tell or can be had.

        Raises:
            BudgetExceeded: If there is no budget for the calls.
            ModelUnauthorised: If a key is refused.
            StoreError: If what was learnt of the judges cannot be read.
        """
        verdict = await self._judges.verdict(task, solution, ask, dialect_of)
        return verdict if verdict.reward is not None else None


async def _checked(verifier: Verifier, task: Task, solution: Solution, ask: Ask) -> Verdict:
    """Return what a check says; None if it fails, since one faulty check must not cost the answer."""
    try:
        return Verdict.model_validate(await verifier(task, solution, ask))
    except (BudgetExceeded, Interrupted, ModelUnauthorised):
        raise
    except Exception as error:  # noqa: BLE001 - own checks may raise anything; whoever reads along is told
        told = f"The check {verifier.name!r} failed and does not count: {type(error).__name__}: {error}"
        ask.warn(told[:500])
        return Verdict(check=verifier.name)


def reward_of(solution: Solution, verdicts: Sequence[Verdict]) -> float | None:
    """Return one reward in [0, 1] for a solution, or None if no check could tell.

    A conclusive verdict decides alone; otherwise the judge, who saw everything; otherwise the most critical
    check. A judge that is often wrong must not overrule a clear majority, nor a majority a clear judge, so for an
    elected answer an inconclusive reward is averaged with its share of the votes, unless a check doubts it as well.
    """
    told = [verdict for verdict in verdicts if verdict.reward is not None]
    conclusive = [verdict for verdict in told if verdict.conclusive]
    judged = [verdict for verdict in told if verdict.check == JUDGE]
    deciding = conclusive or judged or told
    reward = min((verdict.reward for verdict in deciding if verdict.reward is not None), default=None)
    doubted = any(
        verdict.check != JUDGE and verdict.reward < 0.5 for verdict in told if verdict.reward is not None
    )
    if reward is None or conclusive or doubted or solution.votes < 2 or solution.confidence is None:
        return reward
    return (reward + solution.confidence) / 2
