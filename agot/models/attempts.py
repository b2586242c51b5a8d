"""One sending of one request: whether the server is still heard of, and what was spent if no reply comes of it.

The HTTP transport below litellm sees bytes arrive and the gateway above it counts the cost, so both know the attempt by a
context variable.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from agot.models.assembly import Assembled, assemble
from agot.models.replies import CHARS_PER_TOKEN, count_of, tokens_in
from agot.thought import Usage

_current: ContextVar[Attempt | None] = ContextVar("agot_attempt", default=None)


def current() -> Attempt | None:
    """Return the attempt that the running code belongs to, if there is one."""
    return _current.get()


@dataclass(slots=True, eq=False)
class Attempt:
    """What is seen of one attempt.

    Attributes:
        most_tokens: Room of all samples together.
        joined: It asks for a stream that the transport joins to one reply.
        watched: What is written is seen to arrive.
        trusted: It is not watched because its model, which was not seen yet, is trusted to be quick; the next one can be.
        sent: Requests that our transport sent and a server may have read; None where another transport sends them.
        status: HTTP status of the last reply of our transport, 0 if none came.
        pieces: Bytes of a stream that is being joined.
        size: Bytes of a body that arrived whole or in part.
        texts: Pieces of a stream that litellm reads.
        told: The server itself said what it spent; litellm makes up what a stream leaves out.
        usage: What the server itself said that it spent, in OpenAI's form.
        silent: It was given up because the server was silent.
    """

    most_tokens: int
    joined: bool = False
    watched: bool = True
    trusted: bool = False
    sent: int | None = None
    status: int = 0
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    texts: list[str] = field(default_factory=list)
    usage: Any = None
    told: bool = False
    silent: bool = False
    _timer: asyncio.Timeout | None = None
    _limit_s: float = 0.0

    @asynccontextmanager
    async def within(self, limit_s: float) -> AsyncIterator[None]:
        """Give the block up when nothing was heard from the server for that many seconds.

        Raises:
            TimeoutError: Then; `silent` is set.
        """
        token = _current.set(self)
        self._limit_s = limit_s
        try:
            async with asyncio.timeout(limit_s) as self._timer:
                yield
        except TimeoutError:
            self.silent = self._timer is not None and self._timer.expired()
            raise
        finally:
            _current.reset(token)

    def heard(self) -> None:
        """Take note that something arrived: the time of silence begins anew."""
        timer = self._timer
        if timer is not None and not timer.expired():
            timer.reschedule(asyncio.get_running_loop().time() + self._limit_s)

    def took(self, chunk: Any) -> None:
        """Take note of a piece of a stream that litellm reads."""
        self.heard()
        self.usage = getattr(chunk, "usage", None) or self.usage
        for choice in getattr(chunk, "choices", None) or ():
            delta = choice.delta
            for name in ("content", "reasoning_content"):
                text = getattr(delta, name, None)
                if isinstance(text, str) and text:
                    self.texts.append(text)
            for call in getattr(delta, "tool_calls", None) or ():
                self.texts.append(str(getattr(getattr(call, "function", None), "arguments", None) or ""))

    def so_far(self) -> dict[str, Any] | None:
        """Return what arrived of a streamed answer as if it were a whole reply; None if that is nothing."""
        if self.pieces:
            return self.assembled().reply()
        if self.texts:
            return {"choices": [{"index": 0, "message": {"content": "".join(self.texts)}}]}
        return None

    def assembled(self) -> Assembled:
        """Return what arrived of a stream that is being joined."""
        return assemble(b"".join(self.pieces))

    def cost(self, prompt_tokens: int, likely_tokens: int, *, reached: bool) -> Usage:
        """Return what was spent on an attempt that led to no reply: rather too much than too little.

        Args:
            prompt_tokens: Of one request, estimated.
            likely_tokens: What a server has probably written in that time if nothing of it could be seen.
            reached: The server may have read the prompt.
        """
        calls = max(1, self.sent or 0)
        if not reached or self.sent == 0:
            return Usage(calls=calls)
        prompt = count_of(self.usage, "prompt_tokens") or prompt_tokens
        written = count_of(self.usage, "completion_tokens") or min(
            self.most_tokens, self._written(likely_tokens)
        )
        return Usage(
            calls=calls, prompt_tokens=prompt + (calls - 1) * prompt_tokens, completion_tokens=written
        )

    def _written(self, likely_tokens: int) -> int:
        if self.pieces:
            seen = self.assembled()
            return max(seen.events, tokens_in(seen.text)) if seen.text else 0
        if self.texts:
            return max(len(self.texts), tokens_in("".join(self.texts)))
        if self.status >= 400:
            return 0
        return max(likely_tokens, self.size // CHARS_PER_TOKEN)
