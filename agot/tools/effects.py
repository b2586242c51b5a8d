"""What a run's tools with side effects have done: no call takes effect twice unless a person says so.

Two calls are the same if tool and arguments are, whichever thought, try or sample asks. Arguments are compared as the
tool takes them: defaults filled in, "4" as 4 where a number is due; a tool may name those that count.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agot.errors import ToolError
from agot.ids import ROOT, ThoughtId
from agot.journal import Journal
from agot.protocols import CallRecord
from agot.thought import ToolCall
from agot.tools.rendering import plain
from agot.tools.tool import Tool, ToolOutcome

Identity = str
"""What is equal for two calls that are the same."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A call that was begun in this run.

    Attributes:
        outcome: What came of it; None if that is unknown, because it was stopped in the middle.
        began_s: When it was begun, if that was in an earlier attempt and its end is unknown; seconds since the epoch.
    """

    outcome: ToolOutcome | None = None
    began_s: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether it is known to have taken effect."""
        return self.outcome is not None and not self.outcome.error


@dataclass(slots=True)
class Effects:
    """The effects of one run.

    Attributes:
        known: The latest call of each identity, those of earlier attempts included; one that succeeded stays.
        denied: What a person did not approve in this attempt.
    """

    tools: Mapping[str, Tool]
    journal: Journal
    known: dict[Identity, Effect] = field(init=False)
    denied: set[Identity] = field(default_factory=set)
    _made: list[tuple[ThoughtId, ToolCall, ToolOutcome]] = field(default_factory=list)
    _turns: defaultdict[Identity, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def __post_init__(self) -> None:
        self.known = {}
        for record in self.journal.earlier("tool"):
            tool = self.tools.get(record.purpose)
            if tool is not None and tool.side_effects:
                self.note(identity(tool, json.loads(record.request)["arguments"]), _effect(record))

    def turn(self, same: Identity) -> asyncio.Lock:
        """Return what one call of this identity holds while the next waits for what comes of it."""
        return self._turns[same]

    def note(self, same: Identity, effect: Effect) -> None:
        """Remember how a call stands; one that succeeded is not forgotten for a later one."""
        earlier = self.known.get(same)
        if earlier is None or not earlier.succeeded:
            self.known[same] = effect

    def answered(self, thought: ThoughtId, call: ToolCall, outcome: ToolOutcome) -> None:
        """Remember that a thought was given the outcome of a call that it made."""
        self._made.append((thought, call, outcome))

    def before(self, thought: ThoughtId) -> list[tuple[ToolCall, ToolOutcome]]:
        """Return the calls that earlier tries of a thought, and the thoughts it is nested in, made in this attempt.

        Those of other thoughts are left out: whether they come sooner or later differs from attempt to attempt, and
        with them would the question that a model is asked.
        """
        return [(call, outcome) for by, call, outcome in self._made if _nested(thought, by)]


def identity(tool: Tool, arguments: Mapping[str, Any]) -> Identity:
    """Return what is the same for calls that count as one."""
    taken: Mapping[str, Any] = arguments
    if tool.check is not None:
        try:
            checked = tool.check(arguments)
        except ToolError:
            checked = None  # of an earlier attempt, whose tool took other arguments
        if isinstance(checked, Mapping):
            taken = checked
    declared = tool.parameters.get("properties", {})
    defaults = {
        name: one["default"] for name, one in declared.items() if isinstance(one, dict) and "default" in one
    }
    whole = defaults | dict(taken)
    counted = (
        whole if tool.idempotency_key is None else {name: whole.get(name) for name in tool.idempotency_key}
    )
    # An argument that is null is as one that is not given.
    given = {name: value for name, value in counted.items() if value is not None}
    return json.dumps([tool.name, _evened(json.loads(json.dumps(given, default=plain)))], sort_keys=True)


def _evened(value: Any) -> Any:
    """Write whole numbers in one way: 4.0 is 4."""
    if isinstance(value, dict):
        return {key: _evened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_evened(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _effect(record: CallRecord) -> Effect:
    if record.reply is None:
        return Effect(began_s=record.at_s)
    return Effect(ToolOutcome.model_validate_json(record.reply))


def _nested(thought: ThoughtId, outer: ThoughtId) -> bool:
    return outer in (ROOT, thought) or thought.startswith(f"{outer}/")
