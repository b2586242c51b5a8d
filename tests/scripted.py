"""A deterministic model for tests of what stands above the gateway: a function instead of a network."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from agot.protocols import Completion, ModelProfile, ModelReply, ModelRequest, OnText
from agot.thought import Usage

Script = Callable[[ModelRequest], str | list[str] | Exception | Awaitable[str | list[str] | Exception]]


class ScriptedModels:
    """Implements `agot.protocols.Models` by a script.

    Attributes:
        requests: Every request that was made, in order.
        most_at_once: The largest number of calls that were in flight together.
    """

    def __init__(
        self, script: Script, *, dialect: str = "compact", delay_s: float = 0.0, **profile: object
    ) -> None:
        self._script, self._delay_s = script, delay_s
        self._profile = ModelProfile.model_validate(
            {"model": "scripted", "dialect": dialect, "native_n": dialect == "compact", **profile}
        )
        self.requests: list[ModelRequest] = []
        self.in_flight = self.most_at_once = 0

    def profile(self, role: str) -> ModelProfile:
        return self._profile

    def estimate_tokens(self, request: ModelRequest) -> int:
        return 1 + sum(len(message.content) for message in request.messages) // 3

    async def complete(
        self, request: ModelRequest, *, timeout_s: float | None, on_text: OnText | None
    ) -> ModelReply:
        self.requests.append(request)
        self.in_flight += 1
        self.most_at_once = max(self.most_at_once, self.in_flight)
        try:
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            said = self._script(request)
            if inspect.isawaitable(said):
                said = await said
        finally:
            self.in_flight -= 1
        if isinstance(said, Exception):
            raise said
        texts = said if isinstance(said, list) else [said] * request.n
        usage = Usage(
            calls=1,
            prompt_tokens=self.estimate_tokens(request),
            completion_tokens=sum(1 + len(t) // 3 for t in texts),
        )
        return ModelReply(
            completions=tuple(Completion(text=text) for text in texts), usage=usage, model="scripted"
        )

    async def close(self) -> None:
        return None


def user_text(request: ModelRequest) -> str:
    """Return what the user message says."""
    return next(message.content for message in reversed(request.messages) if message.role == "user")


def mode(request: ModelRequest) -> str:
    """Return the compact mode that was forced, or "auto"."""
    return request.messages[0].content if request.messages[0].role == "system" else "auto"
