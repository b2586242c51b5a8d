"""The planner: from a question to a checked DAG of sub-questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from agot.agents.repair import Repaired, depths, repair
from agot.errors import OutputError
from agot.events import AnyEvent, PlanRejected
from agot.protocols import Ask, Dialect
from agot.thought import Decline, Plan, Task
from agot.verifiers.plans import check_plan


@dataclass(frozen=True, slots=True)
class AcceptedPlan:
    """A plan that may enter the graph.

    Attributes:
        repaired: The plan as a DAG, with what was changed.
        reward: 1 if it was shown to recompose to its question, None if that could not be told.
    """

    repaired: Repaired
    reward: float | None


class Planner:
    """Checks plans and asks for better ones.

    Args:
        most_thoughts: Thoughts that one plan may have.
        widest: Thoughts that one layer of a plan may have, or None for any number.
        retries: Times that new plans are asked for after a rejected one.
        samples: Plans drawn together on a retry, where the model can draw several.
    """

    def __init__(
        self, *, most_thoughts: int, retries: int, samples: int = 1, widest: int | None = None
    ) -> None:
        self._most, self._retries = most_thoughts, retries
        self._samples, self._widest = samples, widest

    def too_large(self, plan: Plan) -> str | None:
        """Return what is wrong with the size of a repaired plan, or None."""
        count = len(plan.thoughts)
        if count == 0:
            return "the plan has no sub-questions"
        if count > self._most:
            return f"the plan has {count} sub-questions; at most {self._most} are allowed"
        width = max(Counter(depths(plan).values()).values())
        if self._widest is not None and width > self._widest:
            return f"a layer of the plan has {width} sub-questions; at most {self._widest} are allowed"
        return None

    async def settle(
        self,
        task: Task,
        plan: Plan | None,
        ask: Ask,
        dialect: Dialect,
        emit: Callable[[AnyEvent], None],
        *,
        role: str,
    ) -> AcceptedPlan | None:
        """Return a plan that passes the checks, asking again with the complaint if this one does not.

        Args:
            plan: The plan to begin with, or None to ask for one.

        Returns:
            None if no plan was good enough, or the model declined to plan; each rejection is an event.
        """
        feedback: tuple[str, ...] = ()
        plans = [] if plan is None else [plan]
        for retry in range(self._retries + 1):
            if not plans:
                wanted = task.model_copy(update={"feedback": (*task.feedback, *feedback)})
                try:
                    got = await dialect.plan(ask, wanted, role=role, retry=retry, n=self._samples)
                except OutputError as error:
                    feedback = (*feedback, str(error))
                    emit(PlanRejected(graph=task.thought, feedback=str(error)))
                    continue
                if isinstance(got, Decline):
                    emit(PlanRejected(graph=task.thought, feedback=f"no plan: {got.reason}"))
                    return None
                plans = got
            accepted, complaint = self._best(task, plans, verbatim=dialect.name == "compact")
            if accepted is not None:
                return accepted
            feedback = (*feedback, complaint)
            emit(PlanRejected(graph=task.thought, feedback=complaint))
            plans = []
        return None

    def _best(self, task: Task, plans: list[Plan], *, verbatim: bool) -> tuple[AcceptedPlan | None, str]:
        """Return the plan that the checks like best, or what was wrong with the first one."""
        best: AcceptedPlan | None = None
        first = ""
        for plan in plans:
            repaired = repair(plan, question=task.question)
            complaint, reward = self._complaint(task, repaired, verbatim=verbatim)
            if complaint is not None:
                first = first or complaint
            elif best is None or (reward or 0.0) > (best.reward or 0.0):
                best = AcceptedPlan(repaired, reward)
        return best, first

    def _complaint(
        self, task: Task, repaired: Repaired, *, verbatim: bool
    ) -> tuple[str | None, float | None]:
        size = self.too_large(repaired.plan)
        if size is not None:
            return size, None
        if len(repaired.plan.thoughts) == 1:
            return "the plan does not split the question: it has one sub-question", None
        verdict = check_plan(task, repaired.plan, verbatim=verbatim)
        if verdict.reward == 0.0:
            return verdict.feedback, 0.0
        # A planner that rephrases can only be trusted as far as the proof goes.
        return None, verdict.reward if verbatim or verdict.conclusive else None
