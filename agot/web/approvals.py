"""Tool calls that wait for a person's word, given over HTTP."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from agot.events import ApprovalAsked
from agot.tools.tool import ToolRequest

Decision = Literal["yes", "no", "always"]
_MEANT: dict[Decision, bool | Literal["always"]] = {"yes": True, "no": False, "always": "always"}


@dataclass(slots=True)
class Waiting:
    """A call that waits.

    Attributes:
        call: Its key in the journal.
    """

    call: str
    request: ToolRequest
    answer: asyncio.Future[bool | Literal["always"]]


@dataclass(slots=True)
class Attendance:
    """Who may be asked about one run.

    Attributes:
        attended: Somebody may be there; otherwise calls with side effects are refused at once.
        asked: The call that is asked about: a run asks one thing at a time, and says so first.
    """

    attended: bool
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
    call = attendance.asked
    answer: asyncio.Future[bool | Literal["always"]] = asyncio.get_running_loop().create_future()
    attendance.waiting[call] = Waiting(call, request, answer)
    try:
        return await answer
    finally:
        attendance.waiting.pop(call, None)
