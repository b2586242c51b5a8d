"""What a model can do for the agents, told by trying: part of `agot models doctor`.

What a server can do is examined in `agot.models.examinations`; here is what needs the words of the agents.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from agot.agents.repair import repair
from agot.errors import BudgetExceeded, ModelError, OutputError
from agot.models.doctor import Finding
from agot.protocols import Ask, Completion, Dialect, ModelProfile, ModelReply, ModelRequest
from agot.thought import Decline, Task

_ROOM = 512
"""Tokens of one answer: a small plan is well below that, and a model that rambles is cut."""

_TO_PLAN = (
    "A shop sells pens at 3 euros and books at 12 euros. Ana buys 4 pens and 2 books, Ben buys 7 pens and 1 book. "
    "Who pays more, and by how much?"
)


class BriefAsk:
    """Asks in another's way, with little room for each answer. Implements `agot.protocols.Ask`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    @property
    def tokens(self) -> int:
        """Tokens of all calls so far."""
        return self._ask.tokens

    async def __call__(self, request: ModelRequest) -> ModelReply:
        """Return the reply.

        Raises:
            BudgetExceeded, ModelError: From the call.
        """
        return await self._ask(_brief(request))

    async def samples(self, request: ModelRequest, n: int) -> list[Completion]:
        """Return up to `n` samples."""
        return await self._ask.samples(_brief(request), n)

    def profile(self, role: str) -> ModelProfile:
        """Return what is known of the role's model."""
        return self._ask.profile(role)

    def warn(self, text: str) -> None:
        """Tell of something degraded."""
        self._ask.warn(text)


def _brief(request: ModelRequest) -> ModelRequest:
    return request.model_copy(update={"max_tokens": min(request.max_tokens, _ROOM)})


Aptitude = Callable[[Ask, Dialect, str], Awaitable[Finding]]
"""Tries the model of a role."""


async def planning(ask: Ask, dialect: Dialect, role: str) -> Finding:
    """See whether the model splits a small question into parts that make a graph."""
    try:
        got = await dialect.plan(ask, Task(question=_TO_PLAN, overall=_TO_PLAN), role=role, retry=0, n=1)
    except OutputError:
        return Finding("planning", "no", "what it wrote is no plan", {"plans": False})
    if isinstance(got, Decline):
        return Finding("planning", "no", f"it declined: {got.reason}", {"plans": False})
    plans = [repair(plan, question=_TO_PLAN).plan for plan in got]
    parts = max((len(plan.thoughts) for plan in plans), default=0)
    if parts < 2:
        return Finding("planning", "no", "its plan does not split the question", {"plans": False})
    words = f"a small question became a graph of {parts} parts"
    return Finding("planning", "works", words, {"plans": True})


APTITUDES: Mapping[str, Aptitude] = {"planning": planning}
"""By the name of what each finds, in order."""


async def tried(name: str, ask: Ask, dialect: Dialect, role: str) -> Finding:
    """Return what trying one aptitude found; a fault of the server is a finding too."""
    try:
        return await APTITUDES[name](ask, dialect, role)
    except (ModelError, BudgetExceeded) as error:
        return Finding(name, "unknown", f"could not be told: {error}", {})
