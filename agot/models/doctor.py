"""Examining a model at its server: what works, told by what comes back and never by what the server claims.

A status code proves nothing: servers accept `n`, `logprobs`, `seed` or `response_format` and ignore them. So each
feature is used once, with little room, in a way whose outcome shows whether it worked. Context lengths are the one
thing that is believed, since trying one out would cost as many tokens.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agot.errors import ModelError, ModelUnreachable
from agot.models.adapting import refuses
from agot.models.gateway import Gateway
from agot.models.pool import EMBEDDED, Endpoint
from agot.models.scan import window_of
from agot.protocols import Message, ModelReply, ModelRequest
from agot.redaction import shown_address

State = Literal["works", "partly", "no", "unknown"]

_THINKING_ROOM = 1024
"""Tokens on top of an answer's for a model that cannot be kept from thinking first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one examination found.

    Attributes:
        name: What was examined.
        state: Whether it works.
        words: For people.
        facts: For `agot.models.known`: JSON values by name; none where it could not be told.
    """

    name: str
    state: State
    words: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What a model answered.

    Attributes:
        message: OpenAI's message, with `tool_calls` if there are any.
    """

    message: dict[str, Any]
    finish_reason: str
    reply: ModelReply


class Patient:
    """One model under examination, and how it is talked to.

    Attributes:
        thinks: It writes its thinking before its answer, and cannot be kept from it.
        extra: Fields for every request.
    """

    def __init__(self, models: Gateway, role: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.models, self.role, self.clock = models, role, clock
        self.endpoint: Endpoint = models.endpoint(role)
        self.thinks = False
        self.extra: dict[str, Any] = {}

    @property
    def embedded(self) -> bool:
        """It is the program's own model, which knows neither tools nor turns of others."""
        return self.endpoint.provider == EMBEDDED

    async def say(
        self,
        turns: str | Sequence[Mapping[str, Any]],
        *,
        room: int = 32,
        temperature: float = 0.0,
        on_chunk: Callable[[dict[str, Any]], None] | None = None,
        extra: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Said:
        """Return what the model answers.

        Args:
            turns: One turn of the user, or all turns as OpenAI writes them.
            room: Tokens of answer; a model that thinks first gets more.
            extra: Fields of the server's own.
            options: OpenAI's further fields, sent as they are.

        Raises:
            ModelError: Typed.
        """
        turns = [{"role": "user", "content": turns}] if isinstance(turns, str) else turns
        request = ModelRequest(
            role=self.role, purpose="examine", temperature=temperature,
            max_tokens=room + (_THINKING_ROOM if self.thinks else 0), logprobs=bool(options.get("logprobs")),
            messages=tuple(Message(role="user", content=str(turn["content"])) for turn in turns) if self.embedded else (),
        )  # fmt: skip
        if self.embedded:
            return await self._say_embedded(request, on_chunk, options)
        body = {"messages": [*turns], "temperature": temperature, "max_tokens": request.max_tokens, **options}
        asked = request.model_copy(
            update={"verbatim": body | dict(self.extra) | dict(extra or {}), "as_is": True}
        )
        reply = await self.models.complete(asked, timeout_s=None, on_text=None, on_chunk=on_chunk)
        return Said(reply.completions[0].message, reply.completions[0].finish_reason, reply)

    async def _say_embedded(
        self,
        request: ModelRequest,
        on_chunk: Callable[[dict[str, Any]], None] | None,
        options: Mapping[str, Any],
    ) -> Said:
        known = {name: value for name, value in options.items() if name in ModelRequest.model_fields}
        if isinstance(known.get("stop"), list):
            known["stop"] = tuple(known["stop"])

        def tell(text: str) -> None:
            if on_chunk is not None:
                on_chunk({"content": text})

        reply = await self.models.complete(request.model_copy(update=known), timeout_s=None, on_text=tell)
        first = reply.completions[0]
        return Said(first.message, first.finish_reason, reply)


Examination = Callable[[Patient], Awaitable[Finding]]


async def examine(
    patient: Patient, examinations: Mapping[str, Examination], *, limit_s: float = 60.0
) -> AsyncIterator[Finding]:
    """Yield what is found, one examination after the other.

    Args:
        examinations: By name, in order. The first has to succeed.
        limit_s: Seconds that one examination may take.

    Raises:
        ModelError: If the model does not answer at all.
    """
    for number, (name, examination) in enumerate(examinations.items()):
        try:
            async with asyncio.timeout(limit_s):
                yield await examination(patient)
        except TimeoutError:
            if number == 0:
                raise ModelUnreachable(
                    f"{patient.endpoint.place} did not answer within {limit_s:.3g} s. Look into the server's log, or "
                    "allow more: --timeout SECONDS.",
                    model=patient.endpoint.model,
                ) from None
            yield Finding(name, "unknown", f"no answer within {limit_s:.3g} s", {})
        except ModelError as error:
            if number == 0:
                raise
            yield Finding(name, "unknown", f"could not be told: {error}", {})


def refused(name: str, error: ModelError, facts: Mapping[str, Any]) -> Finding:
    """Return that a server refuses something; faults of other kinds are raised on.

    Raises:
        ModelError: If it was no refusal.
    """
    if not refuses(error):
        raise error
    return Finding(name, "no", f"refused (HTTP {error.status})", facts)


async def connect(endpoint: Endpoint, headers: Mapping[str, str], *, timeout_s: float = 10.0) -> Finding:
    """Return what the server's list of models says; nothing is told where a provider has no address of ours.

    Raises:
        ModelUnreachable: If nobody answers at the address.
    """
    if endpoint.base_url is None:
        return Finding("connection", "unknown", "the provider's own address, whose list is not read", {})
    import httpx

    try:
        # As in `scan`: a proxy of the environment is not for servers of one's own.
        async with httpx.AsyncClient(trust_env=not endpoint.local, headers=dict(headers)) as client:
            reply = await client.get(f"{endpoint.base_url}/models", timeout=timeout_s)
        body = reply.json()
    except httpx.HTTPError as error:
        raise ModelUnreachable(
            f"Nobody answers at {shown_address(endpoint.base_url)}: {error or type(error).__name__}. Start the server, or correct "
            "base_url: agot models set. See what runs: agot models scan",
            model=endpoint.model,
        ) from None
    except ValueError:
        return Finding(
            "connection", "partly", f"{shown_address(endpoint.base_url)} has no list of models", {}
        )
    listed = body.get("data") if isinstance(body, dict) else None
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    mine = next((entry for entry in entries if entry.get("id") == endpoint.name), None)
    if mine is None:
        names = ", ".join(str(entry.get("id")) for entry in entries[:8]) or "no model"
        return Finding(
            "connection", "partly", f"the server lists {names}; {endpoint.name!r} is not among them", {}
        )
    window = window_of(mine)
    words = f"{len(entries)} model{'s' if len(entries) != 1 else ''}"
    if window is None:
        return Finding("connection", "works", f"{words}; no context length is told", {})
    return Finding(
        "connection",
        "works",
        f"{words}; context of {window:,} tokens, as the server says",
        {"context_window": window},
    )
