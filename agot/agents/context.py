"""What the agents of a run share, what one thought works with, and how far it has come; all of it is frozen."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from agot.agents.assessor import Assessor
from agot.agents.planner import AcceptedPlan, Planner
from agot.agents.selector import Move, Selector
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

    @property
    def auto(self) -> bool:
        """The engine chooses the strategies."""
        return self.settings.strategy == "auto"

    def compact(self, role: str) -> bool:
        """Return whether a role's model is of the embedded kind, whose prompts, judge and searches belong together."""
        return self.dialect(role).name == "compact"

    def retries(self, role: str) -> int:
        """Return how many new tries follow the first answer, at most."""
        fast = self.settings.effort == "fast" and not self.compact(role)
        return min(1, self.settings.retries) if fast else self.settings.retries

    def samples(self, role: str) -> int:
        """Return how many samples one vote has."""
        more = self.settings.effort == "thorough" and not self.compact(role)
        return self.settings.samples * (2 if more else 1)


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


Node = Literal["choose", "solve", "expand", "verify", "decide", "end"]
"""Where a thought is; the names are those of its drawn graph."""


@dataclass(frozen=True, slots=True)
class ThoughtState:
    """How far a thought has come: what its graph carries from node to node.

    Attributes:
        next: The node that comes next.
        role: Role whose model is asked.
        may_expand: The thought may become a nested graph.
        move: What is tried; None until the first move was chosen.
        tries: Tries that ended without an accepted answer.
        made: Names of the strategies tried so far.
        tried: Answers that were assessed, oldest first.
        solution: What the present try gave, not yet assessed.
        plan: What the nested graph is to run.
        complaint: Why the last try did not do; "" if it did.
        unsure: Why an answer that would do is handed over all the same; "" if it is not.
        planned: The thought was split.
        unable: The model was asked for a plan and had none that was usable.
        outcome: How the thought ended, once it has.
    """

    next: Node = "choose"
    role: str = "fast"
    may_expand: bool = False
    move: Move | None = None
    tries: int = 0
    made: tuple[str, ...] = ()
    tried: tuple[Assessed, ...] = ()
    solution: Solution | None = None
    plan: AcceptedPlan | None = None
    complaint: str = ""
    unsure: str = ""
    planned: bool = False
    unable: bool = False
    outcome: Outcome | None = None
