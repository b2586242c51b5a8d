"""A try: the voice with which a strategy speaks of one thought to models, checks and judges.

The host binds it to the role that is asked, to the temperature of a first try or a further one, and to the strategy's own
name, so that a strategy says no more than its paper does:

    async def vote(task, try_):
        return tally(await try_.solve(task, n=try_.samples))
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Literal, overload

from agot.agents.worth import JUDGE
from agot.errors import BudgetExceeded
from agot.events import AnyEvent, LimitFired
from agot.learning import LessonKind, Tally
from agot.protocols import Ask, Assessed, Dialect, Programs, Recall, Tools
from agot.settings import Effort, SearchSettings
from agot.thought import (
    Critique,
    Decline,
    Finding,
    Plan,
    Solution,
    Step,
    Task,
    ToolNote,
    ToolRound,
    Verdict,
)

if TYPE_CHECKING:
    from agot.agents.context import Thought


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a strategy at a thought.

    Solutions that a model gives through it carry the strategy's name. The budget is inside: a call over a limit raises
    `BudgetExceeded`. What a method says of a role is "" for the try's own.

    Attributes:
        name: The strategy's.
        role: Role whose model is asked.
        samples: Samples of one vote or batch.
        rng: The strategy's own source of randomness, fixed by the run's seed, the thought and the try.
        number: 0 for the first try of the thought, 1 after one rejected answer, and so on.
        drawn: Whole answers that the thought has already, for an election to count in.
    """

    thought: Thought
    name: str
    role: str
    samples: int
    rng: Random
    number: int = 0
    drawn: tuple[Solution, ...] = ()

    # -- what there is -----------------------------------------------------------------------------

    @property
    def ask(self) -> Ask:
        """The thought's own way to models, for what no method here says."""
        return self.thought.ask

    @property
    def search(self) -> SearchSettings:
        """How far searches go."""
        return self.thought.crew.search

    @property
    def effort(self) -> Effort:
        """How much the answer may take."""
        return self.thought.crew.settings.effort

    @property
    def accept(self) -> float:
        """Reward at which an answer is accepted."""
        return self.thought.crew.settings.accept

    @property
    def judged(self) -> bool:
        """A judge can be asked that is worth it."""
        return self.thought.crew.judged

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles that are different models, the try's own first."""
        strong = self.thought.crew.strong
        return (self.role, strong) if strong and strong != self.role else (self.role,)

    @property
    def experts(self) -> tuple[str, ...]:
        """Names of the settings' experts that are different models; each serves as a role."""
        return self.thought.crew.selector.experts

    @property
    def recall(self) -> Recall | None:
        """Finds associations, or None."""
        return self.thought.crew.recall

    @property
    def tools(self) -> Tools | None:
        """The tools of the run, or None."""
        return self.thought.tools

    @property
    def programs(self) -> Programs | None:
        """Runs what a model programs, or None if nothing here can."""
        return self.thought.programs

    def dialect_of(self, role: str) -> Dialect:
        """Return how the model of a role is spoken to."""
        return self.thought.crew.dialect(role)

    # -- asking models -----------------------------------------------------------------------------

    @overload
    async def solve(
        self, task: Task, *, mode: Literal["direct", "chain"] = ..., temperature: float | None = ...,
        steps: Sequence[str] = ..., role: str = ...,
    ) -> Solution: ...  # fmt: skip
    @overload
    async def solve(
        self, task: Task, *, n: int, mode: Literal["direct", "chain"] = ..., temperature: float | None = ...,
        steps: Sequence[str] = ..., likelihoods: bool = ..., role: str = ...,
    ) -> list[Solution]: ...  # fmt: skip
    async def solve(
        self,
        task: Task,
        *,
        n: int | None = None,
        mode: Literal["direct", "chain"] = "chain",
        temperature: float | None = None,
        steps: Sequence[str] = (),
        likelihoods: bool = False,
        role: str = "",
    ) -> Solution | list[Solution]:
        """Return one answer to a task, or up to `n` samples.

        One answer is the model's likeliest, and in a further try a sample, since it was rejected before.

        Args:
            mode: A chain of thought, or the answer alone.
            temperature: The role's own for samples unless given.
            steps: Answers are chains that go on from these.
            likelihoods: Their `logprob` decides something; it may be missing otherwise.

        Raises:
            BudgetExceeded, ModelError: If not even one could be had.
        """
        role = role or self.role
        drawn = await self.dialect_of(role).solve(
            self.ask, task, role=role, mode=mode, n=1 if n is None else n,
            temperature=self._temperature(n, role) if temperature is None else temperature, steps=steps,
            likelihoods=likelihoods,
        )  # fmt: skip
        return self._named(drawn[0]) if n is None else list(map(self._named, drawn))

    async def step(self, task: Task, steps: Sequence[str], *, n: int = 1) -> list[Step]:
        """Propose up to `n` next steps of a chain, at the temperature of searches."""
        proposed = await self.dialect_of(self.role).step(
            self.ask, task, steps, role=self.role, n=n, temperature=self.search.temperature
        )
        return [
            one if one.solution is None else one.model_copy(update={"solution": self._named(one.solution)})
            for one in proposed
        ]

    async def refine(
        self, task: Task, solution: Solution, critique: str, *, n: int = 1, role: str = ""
    ) -> list[Solution]:
        """Draw up to `n` versions of a solution that heed a critique, at the temperature of searches."""
        role = role or self.role
        drawn = await self.dialect_of(role).refine(
            self.ask, task, solution, critique, role=role, n=n, temperature=self.search.temperature
        )
        return list(map(self._named, drawn))

    async def aggregate(self, task: Task, solutions: Sequence[Solution], *, role: str = "") -> Solution:
        """Make one solution of several."""
        role = role or self.role
        return self._named(await self.dialect_of(role).aggregate(self.ask, task, solutions, role=role))

    async def associate(self, task: Task, steps: Sequence[str]) -> str:
        """Return short knowledge that the model associates with a chain so far, or "" for none."""
        return await self.dialect_of(self.role).associate(self.ask, task, steps, role=self.role)

    async def program(
        self, task: Task, *, n: int | None = None, temperature: float | None = None, failed: str = "", error: str = ""
    ) -> list[str]:  # fmt: skip
        """Draw programs whose `solution()` computes the answer; one as `solve` draws one, or up to `n` samples.

        Args:
            failed: An earlier program that gave no answer, to be corrected; `error` is what went wrong with it.
        """
        return await self.dialect_of(self.role).program(
            self.ask, task, role=self.role, n=1 if n is None else n,
            temperature=self._temperature(n, self.role) if temperature is None else temperature,
            failed=failed, error=error,
        )  # fmt: skip

    async def plan(self, task: Task) -> list[Plan] | Decline:
        """Split a task."""
        return await self.dialect_of(self.role).plan(self.ask, task, role=self.role, retry=self.number, n=1)

    async def final(self, task: Task, findings: Sequence[Finding]) -> Solution | Plan:
        """Put findings together."""
        found = await self.dialect_of(self.role).final(
            self.ask, task, findings, role=self.role, may_extend=False
        )
        return self._named(found) if isinstance(found, Solution) else found

    async def tool_round(self, task: Task, seen: Sequence[ToolNote]) -> ToolRound:
        """Return the calls of tools that the model wants next, or its answer."""
        cards = self.tools.cards() if self.tools is not None else ()
        return await self.dialect_of(self.role).tool_round(self.ask, task, cards, seen, role=self.role)

    def _temperature(self, n: int | None, role: str) -> float:
        return self.ask.profile(role).temperature if n is not None or self.number else 0.0

    def _named(self, solution: Solution) -> Solution:
        return solution.model_copy(update={"strategy": self.name})

    # -- weighing ----------------------------------------------------------------------------------

    async def assess(self, solution: Solution) -> Assessed:
        """Run the checks on an answer to the thought's question, and ask the judges if those do not settle it.

        A solution is assessed once, however often it is asked for. The best one is what is given if a limit fires.
        """
        return await self.thought.assessor.assess(self._named(solution))

    async def judge(self, solution: Solution) -> Verdict | None:
        """Ask the judges alone about an answer to the thought's question; None if none can tell."""
        crew = self.thought.crew
        return await crew.verifier.judge(self.thought.task, solution, self.ask, crew.dialect)

    async def verify(self, solution: Solution) -> tuple[Verdict, ...]:
        """Run the checks that ask no model on an answer to the thought's question."""
        found = await self.thought.crew.verifier.check(self.thought.task, solution, self.ask, free=True)
        return tuple(found)

    async def unrefuted(self, solutions: Sequence[Solution]) -> list[Solution]:
        """Return the solutions that no check proves wrong; of equal ones one is checked."""
        refuted: dict[tuple[str, tuple[str, ...]], bool] = {}
        for one in solutions:
            if (one.answer, one.steps) not in refuted:
                verdicts = await self.verify(one)
                refuted[one.answer, one.steps] = any(verdict.refutes for verdict in verdicts)
        return [one for one in solutions if not refuted[one.answer, one.steps]]

    async def refuted(self, steps: Sequence[str]) -> bool:
        """Return whether a check proves the last of these steps wrong."""
        return await self.thought.crew.verifier.refutes_step(self.thought.task, steps[-1], self.ask)

    async def value(self, task: Task, steps: Sequence[str]) -> float | None:
        """Return the judge's estimate in [0, 1] that a chain which begins so ends well; None for "cannot tell"."""
        return await self.dialect_of(JUDGE).value(self.ask, task, steps, role=JUDGE)

    async def critique(self, task: Task, solution: Solution) -> list[Critique]:
        """Return what `search.critics` critics say of a solution."""
        return await self.dialect_of(JUDGE).critique(
            self.ask, task, solution, role=JUDGE, n=self.search.critics, temperature=self.search.temperature
        )

    # -- what readers of the run and later runs see ------------------------------------------------

    def emit(self, event: AnyEvent) -> None:
        """Tell the readers of the run what the strategy does."""
        self.thought.emit(event)

    def tell_limit(self, fired: BudgetExceeded, effect: str = "") -> None:
        """Tell that a limit ended the strategy, which still has something to give."""
        self.emit(LimitFired(
            thought=self.thought.task.thought, limit=fired.kind, used=fired.used, allowed=fired.limit,
            effect=effect or f"{self.name} chose from what it had",
        ))  # fmt: skip

    def next_search(self) -> int:
        """Return the number of a search that begins: 0 for the thought's first, and so on."""
        return next(self.thought.searches)

    async def tallies(self, kind: LessonKind, subject: str) -> Mapping[str, Tally]:
        """Return what other runs taught, by arm; nothing where learning is off.

        Raises:
            StoreError: If the database cannot be used.
        """
        return await self.thought.crew.selector.tallies(kind, subject)

    def answered(self, task: Task, answers: Sequence[tuple[str, Assessed]]) -> None:
        """Remember what each model answered, to teach how it did once the thought has ended."""
        self.thought.crew.selector.answered(task, answers)


def random_for(run_seed: int, thought: str, tries: int) -> Random:
    """Return the randomness of one try, the same after a resume."""
    digest = hashlib.sha256(f"{run_seed}:{thought}:{tries}".encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))
