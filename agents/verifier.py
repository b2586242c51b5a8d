"""The verification agent: deterministic checks first, then a judge if they settled nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agot.errors import ModelError, ModelUnauthorised
from agot.protocols import Ask, Dialect, Verifier
from agot.thought import Solution, Task, Verdict
from agot.verifiers.arithmetic import EquationCheck, ExpressionCheck
from agot.verifiers.composition import CompositionCheck
from agot.verifiers.countdown import CountdownCheck
from agot.verifiers.forms import FormCheck, StatedCheck

JUDGE = "judge"
"""Name under which every dialect's judge gives its verdict."""

CHECKS: dict[str, Verifier] = {
    check.name: check
    for check in (
        FormCheck(),
        StatedCheck(),
        EquationCheck(),
        CountdownCheck(),
        ExpressionCheck(),
        CompositionCheck(),
    )
}
"""All deterministic checks by name, in the order in which they run."""


STEP_CHECKS = (EquationCheck.name,)
"""Checks that can tell a wrong step before there is an answer."""


class VerifierAgent:
    """Says how good a solution is, and why.

    Args:
        checks: Deterministic checks in order; the first that is conclusive ends the verification.
        judge: Ask a model if no check was conclusive.
    """

    def __init__(self, checks: Iterable[Verifier] = tuple(CHECKS.values()), *, judge: bool = True) -> None:
        self._checks, self._judge = tuple(checks), judge

    async def check(self, task: Task, solution: Solution, ask: Ask) -> list[Verdict]:
        """Run the deterministic checks only; verdicts that tell nothing are left out."""
        verdicts: list[Verdict] = []
        for verifier in self._checks:
            verdict = await verifier(task, solution, ask)
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
                verdict = await verifier(task, solution, ask)
                if verdict.conclusive and verdict.reward == 0.0:
                    return True
        return False

    async def judge(
        self, task: Task, solution: Solution, ask: Ask, dialect: Dialect, *, role: str = "judge"
    ) -> Verdict | None:
        """Ask a model whether the solution is right; None if it cannot tell or cannot be had.

        An answer is not lost because its judge is: whoever reads along is told.

        Raises:
            BudgetExceeded: If there is no budget for the call.
            ModelUnauthorised: If the key is refused.
        """
        if not self._judge:
            return None
        try:
            return await dialect.judge(ask, task, solution, role=role)
        except ModelUnauthorised:
            raise
        except ModelError as error:
            ask.warn(f"The answer {solution.answer[:80]!r} could not be judged: {error}")
            return None


def reward_of(solution: Solution, verdicts: Sequence[Verdict]) -> float | None:
    """Return one reward in [0, 1] for a solution, or None if no check could tell.

    A conclusive verdict decides alone; otherwise the judge, who saw everything; otherwise the most critical
    check. A judge that is often wrong must not overrule a clear majority, nor a majority a clear judge, so for an
    elected answer an inconclusive reward is averaged with its share of the votes.
    """
    told = [verdict for verdict in verdicts if verdict.reward is not None]
    conclusive = [verdict for verdict in told if verdict.conclusive]
    judged = [verdict for verdict in told if verdict.check == JUDGE]
    deciding = conclusive or judged or told
    reward = min((verdict.reward for verdict in deciding if verdict.reward is not None), default=None)
    if reward is None or conclusive or solution.votes < 2 or solution.confidence is None:
        return reward
    return (reward + solution.confidence) / 2
