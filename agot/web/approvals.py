"""Tool calls that wait for a person's word, given over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from agot.events import ApprovalAsked
from agot.stores.serving import Asked, Decision
from agot.tools.tool import ToolRequest

_MEANT: dict[Decision, bool | Literal["always"]] = {"yes": True, "no": False, "always": "always"}

Asking = Callable[[Asked], AbstractAsyncContextManager[None]]


def _only_here(asked: Asked) -> AbstractAsyncContextManager[None]:
    """Let no other server answer."""
    return nullcontext()


@dataclass(slots=True)
class Waiting:
    """A call that waits."""

    asked: Asked
    answer: asyncio.Future[bool | Literal["always"]]


@dataclass(slots=True)
class Attendance:
    """Who may be asked about one run.

    Attributes:
        attended: Somebody may be there; otherwise calls with side effects are refused at once.
        asking: Lets other servers answer for a call while it waits.
        asked: The call that is asked about: a run asks one thing at a time, and says so first.
    """

    attended: bool
    asking: Asking = _only_here
    asked: str = ""
    waiting: dict[str, Waiting] = field(default_factory=dict)

    def take(self, event: ApprovalAsked) -> None:
        """Note which call the next question is about."""
        self.asked = event.call

    def decide(self, call: str, decision: Decision) -> bool:
        """Answer for a call and return whether it was waiting."""
        one = self.waiting.pop(call, None)
        if one is None or one.answer.done():
            return False
        one.answer.set_result(_MEANT[decision])
        return True


ATTENDANCE: ContextVar[Attendance | None] = ContextVar("ATTENDANCE", default=None)
"""That of the run whose task this is; what the reasoner starts for a run inherits it."""


async def approve(request: ToolRequest) -> bool | Literal["always"]:
    """Implement `agot.tools.tool.Approve`: wait until somebody decides, or the run ends."""
    attendance = ATTENDANCE.get()
    if attendance is None or not attendance.attended:
        return False
    asked = Asked(attendance.asked, request.tool, request.arguments, request.text, request.again)
    answer: asyncio.Future[bool | Literal["always"]] = asyncio.get_running_loop().create_future()
    attendance.waiting[asked.call] = Waiting(asked, answer)
    try:
        async with attendance.asking(asked):
            return await answer
    finally:
        attendance.waiting.pop(asked.call, None)
