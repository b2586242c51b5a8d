"""One thought at work: what its workflow and the rules for its next move share."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agot.agents.planner import AcceptedPlan, Planner
from agot.agents.selector import Selector
from agot.agents.strategies.registry import Registry
from agot.agents.toolbox import Assessor
from agot.agents.verifier import VerifierAgent
from agot.errors import LimitKind
from agot.events import AnyEvent
from agot.protocols import Ask, Assessed, Dialect, Programs, Recall, Tools
from agot.settings import EngineSettings, SearchSettings
from agot.thought import Solution, Task, ThoughtStatus

Expand = Callable[[Task, AcceptedPlan], Awaitable[Solution | None]]
"""Runs a nested graph; None if it came to no answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a thought ended."""

    status: ThoughtStatus
    best: Assessed | None = None
    reason: str = ""


@dataclass(slots=True)
class ThoughtContext:
    """One thought at work.

    Attributes:
        strong: Name of the role to escalate to, or "" if it is the same model.
        may_expand: The thought may become a nested graph.
        left: Returns what is left of a limit of the thought's budget, or None without a limit.
        seed: The run's.
        judged: A judge that is worth asking can be asked.
        made: Names of the strategies tried so far.
        unable: The model was asked for a plan and had none that was usable.
    """

    task: Task
    ask: Ask
    dialect: Callable[[str], Dialect]
    verifier: VerifierAgent
    planner: Planner
    strategies: Registry
    settings: EngineSettings
    emit: Callable[[AnyEvent], None]
    expand: Expand
    assessor: Assessor
    selector: Selector
    search: SearchSettings
    left: Callable[[LimitKind], float | None]
    may_expand: bool
    seed: int = 0
    judged: bool = False
    recall: Recall | None = None
    tools: Tools | None = None
    programs: Programs | None = None
    strong: str = ""
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
    searches: itertools.count[int] = field(default_factory=itertools.count)
    tried: list[Assessed] = field(default_factory=list)
    outcome: Outcome | None = None

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
        return self.dialect(self.role).name == "compact"
