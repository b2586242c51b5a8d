"""The gateway: one attempt of one call, with typed errors and hard time limits; through litellm, but for the embedded model.

Retries, the journal and budgets are the engine's (`agot.engine.caller`). What is kept here is kept per
event loop: limits on calls in flight, and the HTTP connections to local servers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from agot.errors import ModelError, ModelSilent, SetupError
from agot.models import replies
from agot.models.adapting import Adapter, learns
from agot.models.asking import OWN_CLIENTS, translated_fields
from agot.models.faults import timed_out, translated
from agot.models.gate import Gates
from agot.models.keys import key_of
from agot.models.known import Known, applied, form_of, lacks
from agot.models.library import HttpClient, load_litellm
from agot.models.own_prices import SharedTime, own_terms
from agot.models.pace import Pace
from agot.models.pool import EMBEDDED, Endpoint, Pool
from agot.models.prices import PriceTable, Terms
from agot.models.redacting import RedactedChunks, redacted_reply
from agot.models.replicas import Replicas
from agot.models.sending import Needs, Sender
from agot.protocols import ModelProfile, ModelReply, ModelRequest, OnChunk, OnText
from agot.redaction import RedactedStream
from agot.settings import Settings
from agot.spending import spend
from agot.thought import Usage

T = TypeVar("T")


@dataclass(slots=True)
class _Room:
    """What belongs to one event loop."""

    paces: dict[tuple[str, str | None, str], Pace] = field(default_factory=dict)
    clients: dict[str | None, HttpClient] = field(default_factory=dict)


class Gateway:
    """Implements `agot.protocols.VerbatimModels`.

    Args:
        settings: Where the roles are.
        environment: Where keys are looked up.
        clock: Seconds, monotonic.
        wall_clock: Seconds since the epoch; for `Retry-After` dates.
        prices: Prices and context windows.
        gates: Before servers that hold few models at a time; gateways of the same servers should share them.
        known: What is known of models at servers; it grows by what they refuse. Shared likewise.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
        wall_clock: Callable[[], float] = time.time,
        prices: PriceTable | None = None,
        gates: Gates | None = None,
        known: Known | None = None,
    ) -> None:
        self._pool = Pool(settings)
        self.known = known or Known()
        self._endpoints: dict[str, tuple[int, Endpoint]] = {}
        self._profiles: dict[str, tuple[int, ModelProfile]] = {}
        self._environment = environment
        self._clock, self._wall_clock = clock, wall_clock
        self._prices = prices or PriceTable()
        self._gates = gates or Gates()
        self._terms: dict[str, Terms] = {}
        self._times: dict[str, SharedTime] = {}
        self._replicas: dict[tuple[str, ...], Replicas] = {}
        self._rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Room] = WeakKeyDictionary()
        self._litellm: Any = None
        self._sender = Sender(Needs(
            known=self.known, clock=clock, wall_clock=wall_clock, terms=self._terms_of, key=self.key,
            client=self._client, time=self._time_of,
        ))  # fmt: skip

    def endpoint(self, role: str) -> Endpoint:
        """Return where a role's calls go, with what is known of it.

        Raises:
            SetupError: If the role is unknown or not configured, or its model string is not usable.
        """
        version, found = self._endpoints.get(role, (-1, None))
        if found is None or version != self.known.version:
            endpoint = self._pool.endpoint(role)
            found = applied(endpoint, self.known.of(endpoint))
            self._endpoints[role] = (self.known.version, found)
        return found

    def lacks(self, role: str) -> list[str]:
        """Return in sentences what was measured that the role's model cannot do.

        Raises:
            SetupError: If the role is unknown or not configured.
        """
        endpoint = self._pool.endpoint(role)
        return lacks(endpoint.model, self.known.measured(endpoint))

    def profile(self, role: str) -> ModelProfile:
        """Return what is known of the role's model; neither the network nor litellm is needed.

        Raises:
            SetupError: If the role is unknown or not configured.
        """
        version, found = self._profiles.get(role, (-1, None))
        if found is None or version != self.known.version:
            found = self._profile(self._pool.endpoint(role))
            self._profiles[role] = (self.known.version, found)
        return found

    def _profile(self, endpoint: Endpoint) -> ModelProfile:
        measured = self.known.measured(endpoint)
        endpoint = applied(endpoint, measured)
        terms = self._terms_of(endpoint)
        return ModelProfile(
            model=endpoint.model,
            dialect=endpoint.dialect,
            context_window=endpoint.settings.context_window
            or endpoint.context_window
            or terms.context_window,
            native_n=endpoint.native_n,
            gives_logprobs=endpoint.gives_logprobs,
            form=form_of(measured),
            usd_per_prompt_token=terms.usd_per_prompt_token,
            usd_per_output_token=terms.usd_per_output_token,
            max_tokens=endpoint.settings.max_tokens,
            temperature=endpoint.settings.temperature,
            local=endpoint.local,
        )

    def preparation(self, role: str) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """Return what loads what the role's first call would have to wait for; None if that is loaded, or nothing."""
        endpoint = self.endpoint(role)
        if self._litellm is not None or endpoint.provider == EMBEDDED:
            return None

        async def load() -> None:
            # What is missing is told by the call itself.
            with contextlib.suppress(ModelError):
                await self._load(endpoint)

        return load

    def estimate_tokens(self, request: ModelRequest) -> int:
        """Return an estimate of the prompt's tokens, rather too high than too low; exact for the embedded model."""
        if self.endpoint(request.role).provider == EMBEDDED:
            from agot.models.embedded.messages import RequestError
            from agot.models.embedded.requests import prompt_tokens

            # What the model will refuse is told by the call itself.
            with contextlib.suppress(RequestError):
                return prompt_tokens([message.model_dump() for message in request.messages])
        return replies.prompt_tokens_of(request)

    async def complete(
        self,
        request: ModelRequest,
        *,
        timeout_s: float | None,
        on_text: OnText | None,
        on_chunk: OnChunk | None = None,
    ) -> ModelReply:
        """Make one attempt.

        The role's own `timeout_s` counts silence of the server, from the moment the call has a free slot at its
        endpoint (and, where the server holds few models, its model's turn has come); the argument counts from now,
        waiting included. A provider that cannot give `n` samples or log-probabilities is not asked for them: the
        reply then has one sample, or no log-probabilities. What attempts without a reply have cost, beside the
        reply of another or without one, is told to `agot.spending`.

        Args:
            timeout_s: Seconds until all is given up, or None.
            on_text: Told each piece of the text as it arrives; with `n` > 1 told the first sample at once.
            on_chunk: Told each piece of the reply to a `verbatim` request as it arrives; without, it is not streamed.

        Raises:
            SetupError: If the role is unknown or not configured, or, with `verbatim`, as `check_tools` does.
            ModelError: Typed; see `agot.models.retry.retryable`.
        """
        endpoint = self.endpoint(request.role)
        if request.verbatim is not None:
            self.check_tools(request.role)
        spend(_NOTHING)
        try:
            async with asyncio.timeout(timeout_s):
                # First of all: whatever else is of litellm's would import it here, on the event loop.
                litellm = (
                    None if endpoint.provider == EMBEDDED else self._litellm or await self._load(endpoint)
                )
                if request.verbatim is not None:
                    return redacted_reply(await self._passed_on(litellm, request, request.verbatim, on_chunk))

                async def send(part: ModelRequest, on_text: OnText | None) -> ModelReply:
                    return await self._send(
                        self.endpoint(part.role), lambda at: self._sender.reply(litellm, part, at, on_text)
                    )

                adapter = Adapter(self.known, lambda: self.endpoint(request.role), send)
                shown = RedactedStream(on_text) if on_text is not None else None
                reply = redacted_reply(await adapter.complete(request, shown))
                if shown is not None:
                    shown.finish()
                return reply
        except ModelSilent as error:
            if error.arrived is None:
                raise
            arrived: ModelReply = error.arrived
            return redacted_reply(arrived).model_copy(update={"broke_off": str(error)})
        except TimeoutError:
            raise timed_out(endpoint, max(0.0, timeout_s or 0.0)) from None

    async def _passed_on(
        self, litellm: Any, request: ModelRequest, body: dict[str, Any], on_chunk: OnChunk | None
    ) -> ModelReply:
        """Send somebody else's request: in the way of its server, and with nothing left out of it."""
        chunks = RedactedChunks(on_chunk) if on_chunk is not None else None
        endpoint = self.endpoint(request.role)
        while True:
            fields = body if request.as_is else translated_fields(body, endpoint)
            try:
                reply = await self._send(
                    endpoint,
                    lambda at, fields=fields: self._sender.relay(litellm, request, at, fields, chunks),  # type: ignore[misc]
                )
                break
            except ModelError as error:
                if request.as_is or not learns(self.known, endpoint, fields, error):
                    raise
                endpoint = self.endpoint(request.role)
                if translated_fields(body, endpoint) == fields:
                    # It could only be left out, which is for whoever asked for it to decide.
                    raise
        if chunks is not None:
            chunks.finish()
        return reply

    async def _send(
        self, endpoint: Endpoint, make: Callable[[Endpoint], Awaitable[ModelReply]]
    ) -> ModelReply:
        """Make a call at an endpoint or one of its replicas, in its turn and at its pace."""

        async def once(at: Endpoint) -> ModelReply:
            async with self._turn(at), self._pace(at).passing() as passage:
                reply = await make(at)
                passage.tokens = reply.usage.completion_tokens
            several = len(at.addresses) > 1
            return reply.model_copy(update={"server": at.base_url}) if several else reply

        return await self._somewhere(endpoint, once)

    def check_tools(self, role: str) -> None:
        """Check that the role's model can be given tools, before anything is begun.

        Raises:
            SetupError: If the role is not configured, or its model is the embedded one, which knows no tools.
        """
        endpoint = self.endpoint(role)
        if endpoint.provider == EMBEDDED:
            raise SetupError(
                f"The embedded model cannot be given tools. Set another model for the role {role!r}: agot models set {role} MODEL."
            )

    async def close(self) -> None:
        """Close this event loop's connections to local servers; the gateway can be used again after it."""
        room = self._rooms.pop(asyncio.get_running_loop(), None)
        for client in room.clients.values() if room is not None else ():
            await client.close()

    # -- what an attempt needs -----------------------------------------------------------------

    def _terms_of(self, endpoint: Endpoint) -> Terms:
        own = own_terms(endpoint.settings)
        if own is not None:
            return own
        if endpoint.local:
            return _FREE
        terms = self._terms.get(endpoint.model)
        if terms is None:
            terms = self._terms[endpoint.model] = self._prices.terms(endpoint.provider, endpoint.name)
        return terms

    async def _somewhere(self, endpoint: Endpoint, once: Callable[[Endpoint], Awaitable[T]]) -> T:
        """Make a call at an endpoint, or at one of its replicas."""
        if len(endpoint.addresses) < 2:
            return await once(endpoint)
        replicas = self._replicas.get(endpoint.addresses)
        if replicas is None:
            replicas = self._replicas[endpoint.addresses] = Replicas(endpoint.addresses)
        return await replicas.send(lambda address: once(replace(endpoint, base_url=address)))

    def _time_of(self, endpoint: Endpoint) -> SharedTime:
        return self._times.setdefault(endpoint.server, SharedTime(self._clock))

    def key(self, endpoint: Endpoint) -> str | None:
        """Return the key that is sent to an endpoint, or None if litellm finds it, or none is needed.

        Raises:
            ModelUnauthorised: If it is not set, or cannot be sent.
        """
        return key_of(endpoint, self._environment)

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return the headers that authorise a request which is sent to an endpoint without litellm.

        Raises:
            ModelUnauthorised: As `key` does.
        """
        key = self.key(endpoint)
        if endpoint.login:
            return {"authorization": endpoint.login}
        return {"authorization": f"Bearer {key}"} if key else {}

    def _room(self) -> _Room:
        loop = asyncio.get_running_loop()
        room = self._rooms.get(loop)
        if room is None:
            room = self._rooms[loop] = _Room()
        return room

    def _turn(self, endpoint: Endpoint) -> AbstractAsyncContextManager[None]:
        if endpoint.max_loaded_models is None:
            return nullcontext()
        return self._gates.of(endpoint.server, endpoint.max_loaded_models).passing(endpoint.name)

    def _pace(self, endpoint: Endpoint) -> Pace:
        paces = self._room().paces
        pace = paces.get(endpoint.key)
        if pace is None:
            pace = paces[endpoint.key] = Pace(endpoint.concurrency, self._clock)
        return pace

    def _client(self, endpoint: Endpoint) -> Any:
        clients, proxy = self._room().clients, endpoint.settings.proxy
        if proxy not in clients:
            clients[proxy] = HttpClient(proxy)
        return clients[proxy].handler

    async def _load(self, endpoint: Endpoint) -> Any:
        try:
            self._litellm = await load_litellm(with_openai=endpoint.provider not in OWN_CLIENTS)
        except ImportError as error:
            raise translated(error, endpoint, now_s=self._wall_clock()) from error
        return self._litellm


_FREE = Terms()
_NOTHING = Usage()
"""Told at the beginning of each call: costs are told here, and no others need to be guessed."""
