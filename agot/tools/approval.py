"""A person's word on calls with side effects: asked for one at a time, kept in the journal, never asked for twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from agot.errors import BudgetExceeded, Interrupted, LeaseLost
from agot.events import AnyEvent, ApprovalAsked, ApprovalGiven, Notice
from agot.journal import Journal, Performed
from agot.thought import Usage
from agot.tools.tool import Approve, Tool, ToolRequest
from agot.tools.wording import denied, said

T = TypeVar("T")

_ALWAYS = "always"


class Within(Protocol):
    """Waits for work as long as the run may take."""

    async def __call__(self, work: Coroutine[Any, Any, T], /) -> T: ...


@dataclass(slots=True)
class Approvals:
    """What was and is asked of a person in one run.

    Attributes:
        approve: Asks the person; None refuses.
    """

    approve: Approve | None
    journal: Journal
    emit: Callable[[AnyEvent], None]
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _always: set[str] = field(default_factory=set)
    _nobody_for: set[str] = field(default_factory=set)
    _always_said: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._always_said = {
            json.loads(record.request)["call"]
            for record in self.journal.earlier("human")
            if record.reply is not None and json.loads(record.reply).get(_ALWAYS) is True
        }

    async def refusal(
        self, tool: Tool, asked: ToolRequest, key: str, *, began_s: float | None, within: Within
    ) -> str:
        """Ask a person, or the journal; return "" if the call may be made, else why not.

        Args:
            key: The call's.
            began_s: When an earlier attempt began the call without finishing it, in seconds since the epoch. It
                tells one resume from the next: each asks anew.

        Raises:
            BudgetExceeded, Interrupted: If the run ends before there is an answer.
        """
        if self.approve is None and asked.changed:
            return f"The server of the tool {tool.name!r} has changed it and nobody is here to approve that, so it was not called. Go on without it."
        if self.approve is None:
            self._tell_that_nobody_is_here(tool.name)
            return f"The tool {tool.name!r} has side effects and nobody is here to approve it, so it was not called. Go on without it."
        request = _request(asked, key, began_s)
        human = self.journal.key("human", request)
        earlier = self.journal.replay(human)
        if earlier is not None and earlier.reply is not None:
            reply = earlier.reply
        else:
            try:
                reply = await within(self._answered(asked, human, request, key))
            except (BudgetExceeded, Interrupted, LeaseLost):
                raise
            except Exception as error:  # noqa: BLE001
                # An approver that fails has approved nothing; the model is told.
                self._tell(asked, key, approved=False)
                return (
                    f"The approval of {tool.name!r} could not be had ({said(error)}), so it was not called."
                )
        told = json.loads(reply)
        if told.get(_ALWAYS) is True:
            self._always.add(tool.name)
        approved = told["approved"] is True
        self._tell(asked, key, approved=approved, replayed=earlier is not None)
        if approved:
            return ""
        return denied(tool)

    def recall(self, tool: str, key: str) -> None:
        """Take up what was said of a call that an earlier attempt finished, as far as it holds for later calls."""
        if key in self._always_said:
            self._always.add(tool)

    async def _answered(self, asked: ToolRequest, human: str, request: str, key: str) -> str:
        async def ask() -> Performed:
            # What may have taken effect already, or is not what it was, is asked of anew, whatever was said before.
            if asked.tool in self._always and not asked.again and not asked.changed:
                return Performed(json.dumps({"approved": True}), Usage())
            assert self.approve is not None
            self.emit(
                ApprovalAsked(
                    thought=asked.thought, call=key, tool=asked.tool, text=asked.text, again=asked.again
                )
            )
            answer = await self.approve(asked)
            if answer == _ALWAYS:
                # At once: who waits for the next question must find it.
                self._always.add(asked.tool)
                return Performed(json.dumps({"approved": True, _ALWAYS: True}), Usage())
            return Performed(json.dumps({"approved": answer is True}), Usage())

        # A person is asked one thing at a time.
        async with self._asking:
            done = await self.journal.perform(
                human, "human", request, ask, thought=asked.thought, purpose=f"approve {asked.tool}"
            )
        return done.reply

    def _tell(self, asked: ToolRequest, key: str, *, approved: bool, replayed: bool = False) -> None:
        self.emit(
            ApprovalGiven(
                thought=asked.thought, call=key, tool=asked.tool, approved=approved, replayed=replayed
            )
        )

    def _tell_that_nobody_is_here(self, name: str) -> None:
        if name not in self._nobody_for:
            self._nobody_for.add(name)
            text = (
                f"The tool {name!r} has side effects and nobody is here to approve it, so it is not called. "
                "On a terminal the command line asks; a program gives its reasoner `approve`."
            )
            self.emit(Notice(level="warning", text=text))


def _request(asked: ToolRequest, key: str, began_s: float | None) -> str:
    return json.dumps(
        {"call": key, "asked": asked.model_dump(mode="json"), "started_at_s": began_s}, sort_keys=True
    )
