"""Checking and judging the solutions of one thought, each once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agot.agents.once import Once
from agot.agents.verifier import VerifierAgent, reward_of
from agot.events import AnyEvent, Verified
from agot.protocols import Ask, Assessed, Dialect
from agot.thought import Solution, Task


@dataclass(slots=True)
class Assessor:
    """Checks and judges the solutions of one thought, each once.

    Attributes:
        on_candidate: Told of every solution, before it was checked, and before and after it was judged, for the best
            partial answer.
        enabled: False says of every solution that nothing can be told.
        judge_final: Also an answer that no strategy had judged is judged before it is given.
    """

    task: Task
    ask: Ask
    verifier: VerifierAgent
    dialect: Callable[[str], Dialect]
    emit: Callable[[AnyEvent], None]
    on_candidate: Callable[[Assessed], None]
    enabled: bool = True
    judge_final: bool = True
    _known: Once[tuple[str, tuple[str, ...], str], Assessed] = field(default_factory=Once)

    async def assess(self, solution: Solution) -> Assessed:
        """Return the solution with its verdicts and reward; a solution that is assessed again costs nothing.

        Raises:
            BudgetExceeded: If there is no budget for a check or the judge; what was known until then was told before.
        """
        key = self._key(solution)
        if not self._known.has(key):
            # Whatever stops the checks, an answer that was paid for is there to be given.
            self.on_candidate(Assessed(solution=solution))
        first = await self._known.get(key, lambda: self._assess(solution))
        reward = reward_of(solution, first.verdicts)
        same = Assessed(solution=solution, verdicts=first.verdicts, reward=reward)
        self.on_candidate(same)
        return same

    async def settle(self, solution: Solution) -> Assessed:
        """Return the solution with its verdicts and reward before it is given; as `assess`, but the judge has to be worth it.

        Raises:
            BudgetExceeded: As `assess`.
        """
        if self.judge_final or self._known.has(self._key(solution)):
            return await self.assess(solution)
        self.on_candidate(Assessed(solution=solution))
        checked = await self._checked(solution)
        self.on_candidate(checked)
        return checked

    def results(self) -> list[Assessed]:
        """Return everything that was assessed to the end, in the order of asking."""
        return self._known.results()

    def _key(self, solution: Solution) -> tuple[str, tuple[str, ...], str]:
        return (solution.answer, solution.steps, solution.strategy if solution.parts else "")

    async def _checked(self, solution: Solution) -> Assessed:
        if not self.enabled:
            return Assessed(solution=solution)
        verdicts = await self.verifier.check(self.task, solution, self.ask)
        for verdict in verdicts:
            self.emit(Verified(thought=self.task.thought, answer=solution.answer, verdict=verdict))
        return Assessed(solution=solution, verdicts=tuple(verdicts), reward=reward_of(solution, verdicts))

    async def _assess(self, solution: Solution) -> Assessed:
        assessed = await self._checked(solution)
        verdicts = assessed.verdicts
        # Kept before the judge is asked: if there is no budget for the judge, the answer is still there.
        self.on_candidate(assessed)
        if not self.enabled or assessed.settled:
            return assessed
        judged = await self.verifier.judge(self.task, solution, self.ask, self.dialect)
        if judged is None:
            return assessed
        self.emit(Verified(thought=self.task.thought, answer=solution.answer, verdict=judged))
        told = (*verdicts, judged)
        return Assessed(solution=solution, verdicts=told, reward=reward_of(solution, told))
