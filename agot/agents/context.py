"""What the agents of a run share, and what one thought works with: nothing here changes while the work lasts."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agot.agents.assessor import Assessor
from agot.agents.planner import AcceptedPlan, Planner
from agot.agents.selector import Selector
from agot.agents.verifier import VerifierAgent
from agot.errors import LimitKind
from agot.events import AnyEvent
from agot.ids import ThoughtId
from agot.protocols import Ask, Assessed, Dialect, Programs, Recall, Tools
from agot.settings import EngineSettings, SearchSettings
from agot.thought import Solution, Task, ThoughtStatus

if TYPE_CHECKING:
    from agot.agents.strategies.registry import Registry

Expand = Callable[[Task, AcceptedPlan], Awaitable[Solution | None]]
"""Runs a nested graph; None if it came to no answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a thought ended."""

    status: ThoughtStatus
    best: Assessed | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works for one run, and under which settings.

    Attributes:
        dialect: Returns the dialect of a role's model.
        recall: Finds associations beside the model, or None.
        tools: Returns the tools of a thought; None without tools.
        programs: Returns what runs the programs that a model writes for a thought; None if nothing here can.
        strong: Role to escalate to, or "" if it is the same model as "fast".
        seed: Of all that is left to chance.
        plans: Whether the model was seen to plan; None if that is not known. Only asked of instruct models.
        judged: A judge that is worth asking can be asked.
        judge_final: It is also asked of an answer that no strategy had judged.
    """

    settings: EngineSettings
    dialect: Callable[[str], Dialect]
    planner: Planner
    verifier: VerifierAgent
    strategies: Registry
    selector: Selector
    search: SearchSettings = field(default_factory=SearchSettings)
    recall: Recall | None = None
    tools: Callable[[ThoughtId], Tools] | None = None
    programs: Callable[[ThoughtId], Programs] | None = None
    strong: str = ""
    seed: int = 0
    plans: bool | None = None
    judged: bool = False
    judge_final: bool = True


@dataclass(frozen=True, slots=True)
class Thought:
    """What one thought works with, beside the crew of its run.

    Attributes:
        expand: Runs its nested graph.
        left: Returns what is left of a limit of its budget, or None without a limit.
        searches: Numbers its searches.
    """

    crew: Crew
    task: Task
    ask: Ask
    emit: Callable[[AnyEvent], None]
    assessor: Assessor
    expand: Expand
    left: Callable[[LimitKind], float | None]
    tools: Tools | None = None
    programs: Programs | None = None
    searches: itertools.count[int] = field(default_factory=itertools.count)


@dataclass(slots=True)
class ThoughtContext:
    """One thought at work.

    Attributes:
        may_expand: The thought may become a nested graph.
        made: Names of the strategies tried so far.
        unable: The model was asked for a plan and had none that was usable.
    """

    thought: Thought
    may_expand: bool
    role: str = "fast"
    move: str = ""
    tries: int = 0
    planned: bool = False
    unable: bool = False
    solution: Solution | None = None
    complaint: str = ""
    unsure: str = ""
    samples: int | None = None
    made: list[str] = field(default_factory=list)
    tried: list[Assessed] = field(default_factory=list)
    outcome: Outcome | None = None

    @property
    def crew(self) -> Crew:
        return self.thought.crew

    @property
    def settings(self) -> EngineSettings:
        return self.thought.crew.settings

    @property
    def task(self) -> Task:
        return self.thought.task

    @property
    def auto(self) -> bool:
        """The engine chooses the strategies."""
        return self.settings.strategy == "auto"

    @property
    def retries(self) -> int:
        """New tries after the first answer."""
        fast = self.settings.effort == "fast" and not self.compact
        return min(1, self.settings.retries) if fast else self.settings.retries

    @property
    def most_samples(self) -> int:
        """Samples of one vote."""
        more = self.settings.effort == "thorough" and not self.compact
        return self.settings.samples * (2 if more else 1)

    @property
    def compact(self) -> bool:
        """The model is of the embedded kind, whose prompts, judge and searches were made for each other."""
        return self.crew.dialect(self.role).name == "compact"
