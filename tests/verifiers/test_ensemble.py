"""Several verifiers as one: those that cannot tell do not count, and none can bring it down."""

from __future__ import annotations

import pytest

from agot.errors import BudgetExceeded, SetupError
from agot.protocols import Ask
from agot.thought import Solution, Task, Verdict
from agot.verifiers.ensemble import Combine, Ensemble


class Says:
    """A verifier that always says the same."""

    def __init__(
        self, reward: float | None, *, conclusive: bool = False, feedback: str = "", name: str = "says"
    ) -> None:
        self.name = name
        self._verdict = Verdict(check=name, reward=reward, conclusive=conclusive, feedback=feedback)

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        return self._verdict


class Raises:
    """A verifier that always fails."""

    name = "raises"

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        raise self._error


async def check(ensemble: Ensemble) -> Verdict:
    return await ensemble(Task(question="q"), Solution(answer="a"), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("combine", "rewards", "combined"),
    [
        ("mean", [1.0, 0.0, None], 0.5),
        ("mean", [0.3, None, None], 0.3),
        ("min", [1.0, 0.4, None], 0.4),
        ("majority", [1.0, 0.9, 0.0], 1.0),
        ("majority", [0.2, 0.9, 0.0], 0.0),
        ("majority", [1.0, 0.0, None], None),
        ("mean", [None, None], None),
        ("min", [None], None),
    ],
)
async def test_rewards_are_combined_without_those_that_cannot_tell(
    combine: Combine, rewards: list[float | None], combined: float | None
) -> None:
    verdict = await check(Ensemble([Says(reward) for reward in rewards], combine=combine))
    assert verdict.reward == combined and not verdict.conclusive


async def test_weights_count() -> None:
    verdict = await check(Ensemble([Says(1.0), Says(0.0)], weights=[3, 1]))
    assert verdict.reward == 0.75
    assert (await check(Ensemble([Says(1.0), Says(0.0)], weights=[3, 1], combine="majority"))).reward == 1.0


async def test_verifier_that_raises_cannot_tell_and_says_why() -> None:
    verdict = await check(Ensemble([Says(0.8), Raises(ZeroDivisionError("by zero"))]))
    assert verdict.reward == 0.8 and "ZeroDivisionError: by zero" in verdict.feedback
    alone = await check(Ensemble([Raises(KeyError("x"))]))
    assert alone.reward is None and "raises" in alone.feedback


async def test_spent_budget_is_no_fault_of_a_verifier() -> None:
    with pytest.raises(BudgetExceeded):
        await check(Ensemble([Says(1.0), Raises(BudgetExceeded("calls", 1, 1))]))


async def test_only_agreeing_proofs_or_a_refutation_are_conclusive() -> None:
    proof, refutation = Says(1.0, conclusive=True), Says(0.0, conclusive=True, feedback="no")
    assert (await check(Ensemble([proof, proof, Says(None)]))).conclusive
    assert not (await check(Ensemble([proof, Says(1.0)]))).conclusive
    assert not (await check(Ensemble([proof, refutation]))).conclusive
    least = await check(Ensemble([proof, refutation, Says(0.5)], combine="min"))
    assert least.reward == 0.0 and least.conclusive and "no" in least.feedback


@pytest.mark.parametrize(
    "weights", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, float("inf")], [1.0, float("nan")]]
)
def test_weights_that_do_not_fit_are_refused(weights: list[float]) -> None:
    with pytest.raises(SetupError):
        Ensemble([Says(1.0), Says(0.0)], weights=weights)


def test_empty_ensemble_and_weighted_minimum_are_refused() -> None:
    with pytest.raises(SetupError):
        Ensemble([])
    with pytest.raises(SetupError):
        Ensemble([Says(1.0)], weights=[1.0], combine="min")
