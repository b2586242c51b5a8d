"""What the question asks of its answer, as one check: the constraint agent at work on the root thought.

Source: Parmar et al. 2025, "PlanGEN", arXiv 2502.16111, whose constraint agent reads instance-specific constraints first.
"""

from __future__ import annotations

from collections.abc import Callable

from agot.agents.constraints import ConstraintCheck, extract
from agot.agents.once import Once
from agot.protocols import Ask, Dialect
from agot.thought import Solution, Task, Verdict


class RequirementCheck:
    """Implements `agot.protocols.Verifier` over the constraints of the question itself; parts of it have none of their own.

    Args:
        dialect: Of the models that name and judge further constraints; None to go by the question's wording only,
            which costs no call. What a model named is a wish, since models name wrong ones.

    Attributes:
        without_models: What can be told of the wording alone.
    """

    name = ConstraintCheck.name

    def __init__(self, dialect: Callable[[str], Dialect] | None = None) -> None:
        self._dialect = dialect
        self._known: Once[str, ConstraintCheck] = Once()
        self.without_models = self if dialect is None else RequirementCheck()

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return what `ConstraintCheck` says; None for a part of a question.

        Raises:
            BudgetExceeded, ModelUnauthorised: If a model is asked and cannot be.
        """
        if task.depth:
            return Verdict(check=self.name)
        known = await self._known.get(task.question, lambda: self._read(task, ask))
        return await known(task, solution, ask)

    async def _read(self, task: Task, ask: Ask) -> ConstraintCheck:
        # What `StatedCheck` reads itself is left to it, or a breach would count twice.
        worded = tuple(one for one in await extract(task, ask) if one.check != "stated")
        if self._dialect is None:
            return ConstraintCheck(worded)
        everything = await extract(task, ask, self._dialect("fast"))
        wishes = (
            one.model_copy(update={"hard": False})
            for one in everything
            if one.check != "stated" and one not in worded
        )
        return ConstraintCheck((*worded, *wishes), self._dialect("judge"))
