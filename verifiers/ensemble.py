"""Several verifiers as one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Literal

from agot.errors import BudgetExceeded, Interrupted, ModelUnauthorised, SetupError
from agot.protocols import Ask, Verifier
from agot.thought import Solution, Task, Verdict

Combine = Literal["mean", "min", "majority"]


class Ensemble:
    """Combines the rewards of several verifiers; those that cannot tell do not count.

    A verifier that raises is treated as one that cannot tell, with the reason in the feedback. Only what ends a
    run goes through: a spent budget, a person's wish, a refused key.

    Args:
        verifiers: At least one; asked at the same time.
        combine: "mean": weighted mean. "min": the lowest reward. "majority": 1 if more than half of the weight
            rewards at least 0.5, 0 if less does, None for a tie.
        weights: One per verifier, above 0; equal if None. "min" takes none.
        name: Name of the check.

    Raises:
        SetupError: If there is no verifier, or the weights do not fit.
    """

    def __init__(
        self,
        verifiers: Sequence[Verifier],
        *,
        combine: Combine = "mean",
        weights: Sequence[float] | None = None,
        name: str = "ensemble",
    ) -> None:
        if not verifiers:
            raise SetupError("The ensemble has no verifiers, but needs at least one. Give some.")
        if weights is not None and combine == "min":
            raise SetupError("The lowest reward is the same under all weights. Give no weights with 'min'.")
        if weights is not None and (
            len(weights) != len(verifiers) or not all(0 < weight < math.inf for weight in weights)
        ):
            raise SetupError(
                f"The ensemble has the weights {list(weights)}, but needs {len(verifiers)} above 0. Give one each."
            )
        self.name = name
        self._verifiers, self._combine = tuple(verifiers), combine
        self._weights = tuple(weights or [1.0] * len(verifiers))

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return the combined reward, None if no verifier can tell.

        It is conclusive if every verifier that tells is and all agree; for "min" also if one proves a 0.
        """
        verdicts = await asyncio.gather(
            *(self._ask_one(verifier, task, solution, ask) for verifier in self._verifiers)
        )
        told = [
            (verdict.reward, weight, verdict.conclusive)
            for verdict, weight in zip(verdicts, self._weights, strict=True)
            if verdict.reward is not None
        ]
        feedback = "; ".join(f"{one.check}: {one.feedback}" for one in verdicts if one.feedback)
        if not told:
            return Verdict(check=self.name, feedback=feedback)
        reward = self._combined([(reward, weight) for reward, weight, _ in told])
        agree = all(conclusive for _, _, conclusive in told) and len({reward for reward, _, _ in told}) == 1
        refuted = self._combine == "min" and any(reward == 0 and sure for reward, _, sure in told)
        conclusive = reward is not None and (agree or refuted)
        return Verdict(check=self.name, reward=reward, feedback=feedback, conclusive=conclusive)

    async def _ask_one(self, verifier: Verifier, task: Task, solution: Solution, ask: Ask) -> Verdict:
        try:
            return await verifier(task, solution, ask)
        except (BudgetExceeded, Interrupted, ModelUnauthorised):
            raise
        except Exception as error:  # noqa: BLE001 - one faulty check must not cost the verdicts of the others
            return Verdict(
                check=verifier.name, feedback=f"cannot tell: {type(error).__name__}: {error}"[:500]
            )

    def _combined(self, told: list[tuple[float, float]]) -> float | None:
        whole = math.fsum(weight for _, weight in told)
        match self._combine:
            case "min":
                return min(reward for reward, _ in told)
            case "mean":
                mean = math.fsum(reward * weight for reward, weight in told) / whole
                # Rounding may carry a mean beyond what it is the mean of.
                return min(max(mean, min(told)[0]), max(told)[0])
            case "majority":
                approving = math.fsum(weight for reward, weight in told if reward >= 0.5)
                if math.isclose(approving * 2, whole):
                    return None
                return float(approving * 2 > whole)
