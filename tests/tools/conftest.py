"""A caller of tools over a journal in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from agot.budget import Budget, Meter
from agot.events import AnyEvent
from agot.ids import ROOT, RunId
from agot.journal import Journal
from agot.protocols import CallRecord
from agot.thought import ToolCall
from agot.tools.caller import ToolCaller, ToolRoom
from agot.tools.tool import Approve, Tool, ToolOutcome


class MemoryStore:
    """A journal store in memory."""

    def __init__(self) -> None:
        self.calls: dict[str, CallRecord] = {}

    async def load_calls(self, run_id: RunId) -> Sequence[CallRecord]:
        return list(self.calls.values())

    async def put_call(self, run_id: RunId, record: CallRecord, *, effect: bool = False) -> None:
        self.calls[record.key] = record


@dataclass
class Bench:
    """One attempt at one run; `resumed` is the next one."""

    tools: tuple[Tool, ...]
    approve: Approve | None = None
    seconds: float | None = None
    store: MemoryStore = field(default_factory=MemoryStore)
    events: list[AnyEvent] = field(default_factory=list)
    earlier: tuple[CallRecord, ...] = ()
    caller: ToolCaller = field(init=False)

    def __post_init__(self) -> None:
        ticks = iter(range(10**6))
        start = len(self.earlier) * 1000.0
        journal = Journal(RunId("r"), self.store, self.earlier, clock=lambda: start + next(ticks))
        room = ToolRoom({one.name: one for one in self.tools}, journal, self.events.append, self.approve)
        self.caller = ToolCaller(room, Meter(Budget(seconds=self.seconds), time.monotonic), ROOT)

    def resumed(self, approve: Approve | None = None) -> Bench:
        return Bench(self.tools, approve, store=self.store, earlier=tuple(self.store.calls.values()))

    async def call(self, tool: str, /, **arguments: Any) -> ToolOutcome:
        return await self.caller(ToolCall(name=tool, arguments=arguments))

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@pytest.fixture
def bench() -> Callable[..., Bench]:
    def build(*tools: Tool, approve: Approve | None = None, seconds: float | None = None) -> Bench:
        return Bench(tools, approve, seconds)

    return build
