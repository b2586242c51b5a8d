"""The verification agent: deterministic checks first, then judges if they settled nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agot.agents.judges import Judges
from agot.agents.worth import JUDGE
from agot.errors import BudgetExceeded, Interrupted, ModelUnauthorised, SetupError
from agot.installed import load, offered
from agot.protocols import Ask, Dialect, Verifier
from agot.thought import Solution, Task, Verdict
from agot.verifiers.registry import CHECKS, STEP_CHECKS, further_checks


def name_of(check: Verifier) -> str:
    """Return the name of a check: what it says itself, or that of the function that it is."""
    return str(getattr(check, "name", "") or getattr(check, "__name__", ""))


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
        name = name_of(check)
        if name in chosen or name == JUDGE or not name:
            raise SetupError(
                f"The name {name!r} of an own check is taken. "
                f"Give each a name of its own, other than {JUDGE!r}."
            )
        chosen[name] = check
    further = further_checks() if more else {}
    for name in more:
        found = further.get(name) or load("checks", name)
        if found is None:
            raise SetupError(
                f"There is no check {name!r} to add. There are: {', '.join((*further, *offered('checks')))}."
            )
        chosen.setdefault(name, found() if isinstance(found, type) else found)
    for check in built_in:
        chosen.setdefault(name_of(check), check)
    unknown = [name for name in skip if name not in chosen]
    if unknown:
        raise SetupError(f"There is no check {unknown[0]!r} to skip. There are: {', '.join(chosen)}.")
    return tuple(check for name, check in chosen.items() if name not in skip)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A check in the one form in which all are run, whether it waits or not, asks or not."""

    name: str
    call: Callable[..., Any]
    asks: bool

    @classmethod
    def of(cls, check: Verifier) -> _Bound:
        return cls(name_of(check), check, _takes_ask(check))

    async def verdict(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return what the check says; None if it fails, since one faulty check must not cost the answer."""
        try:
            said = self.call(task, solution, ask) if self.asks else self.call(task, solution)
            if isinstance(said, Verdict):
                return said
            return Verdict.model_validate(await said if inspect.isawaitable(said) else said)
        except (BudgetExceeded, Interrupted, ModelUnauthorised):
            raise
        except Exception as error:  # noqa: BLE001 - own checks may raise anything; the run tells of it
            told = f"The check {self.name!r} failed and does not count: {type(error).__name__}: {error}"
            ask.warn(told[:500])
            return Verdict(check=self.name)


def _takes_ask(check: Verifier) -> bool:
    """Return whether a check is called with what asks models: as third argument, or as one named `ask`."""
    try:
        signature = inspect.signature(check)
    except (TypeError, ValueError):  # what cannot be called, or is not written in Python
        return False
    try:
        signature.bind(None, None)
    except TypeError:
        return True
    return "ask" in signature.parameters


class VerifierAgent:
    """Says how good a solution is, and why.

    Args:
        checks: Checks in order; the first that is conclusive ends the verification.
        judges: Who is asked if no check was conclusive.
    """

    def __init__(
        self, checks: Iterable[Verifier] = tuple(CHECKS.values()), *, judges: Judges | None = None
    ) -> None:
        given, self._judges = tuple(checks), judges or Judges()
        without = (getattr(check, "without_models", check) for check in given)
        self._checks = tuple(map(_Bound.of, given))
        self._free = tuple(_Bound.of(check) for check in without if check is not None)

    async def check(self, task: Task, solution: Solution, ask: Ask, *, free: bool = False) -> list[Verdict]:
        """Run the checks only; verdicts that tell nothing are left out.

        A check that fails is one that cannot tell: whoever reads along is told why.

        Args:
            free: Ask no model: checks that would are made without, as far as they can be.

        Raises:
            BudgetExceeded, ModelUnauthorised: If a check asks a model and cannot.
        """
        verdicts: list[Verdict] = []
        for check in self._free if free else self._checks:
            verdict = await check.verdict(task, solution, ask)
            if verdict.reward is None:
                continue
            verdicts.append(verdict)
            if verdict.conclusive:
                break
        return verdicts

    async def refutes_step(self, task: Task, step: str, ask: Ask) -> bool:
        """Return whether a check of worked steps proves this one wrong."""
        solution = Solution(answer="", steps=(step,))
        for check in self._checks:
            if check.name in STEP_CHECKS and (await check.verdict(task, solution, ask)).refutes:
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
    doubted = any(verdict.doubts for verdict in told if verdict.check != JUDGE)
    if reward is None or conclusive or doubted or solution.votes < 2 or solution.confidence is None:
        return reward
    return (reward + solution.confidence) / 2
