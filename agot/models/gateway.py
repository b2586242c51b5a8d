"""The gateway: one attempt of one call, with typed errors and hard time limits; through litellm, but for the embedded model.

Retries, the journal and budgets are the engine's (`agot.engine.caller`). What is kept here is kept per
event loop: limits on calls in flight, and the HTTP connections to local servers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from agot.errors import ModelError, SetupError
from agot.models import replies
from agot.models.adapting import Adapter
from agot.models.faults import timed_out, translated
from agot.models.gate import Gates
from agot.models.keys import key_of
from agot.models.known import Known, applied, form_of, lacks
from agot.models.library import LOGIN_HEADER, complete, http_client, load_litellm
from agot.models.own_prices import SharedTime, own_terms, priced
from agot.models.pool import EMBEDDED, Endpoint, Pool
from agot.models.prices import PriceTable, Terms
from agot.models.redacting import RedactedChunks, redacted_reply, without_secrets
from agot.models.replicas import Replicas
from agot.models.thinking import Separated, ThinkingStream
from agot.protocols import ModelProfile, ModelReply, ModelRequest, OnText
from agot.redaction import RedactedStream, redacted, remember
from agot.settings import Settings

T = TypeVar("T")

_OWN_CLIENT = "hosted_vllm"
"""The provider whose HTTP client is ours, so that `close` can close it; others are litellm's own."""


@dataclass(slots=True)
class _Room:
    """What belongs to one event loop."""

    slots: dict[tuple[str, str | None, str], asyncio.Semaphore] = field(default_factory=dict)
    client: Any = None


@dataclass(frozen=True, slots=True)
class Relayed:
    """What a model answered in OpenAI's own words.

    Attributes:
        message: OpenAI's message, with `tool_calls` if there are any.
        reply: The same as a reply, for usage and latency.
    """

    message: dict[str, Any]
    finish_reason: str
    reply: ModelReply


class Gateway:
    """Implements `agot.protocols.Models`.

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
        self._environment = environment
        self._clock, self._wall_clock = clock, wall_clock
        self._prices = prices or PriceTable()
        self._gates = gates or Gates()
        self._terms: dict[str, Terms] = {}
        self._times: dict[str, SharedTime] = {}
        self._replicas: dict[tuple[str, ...], Replicas] = {}
        self._rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Room] = WeakKeyDictionary()
        self._litellm: Any = None

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
        endpoint = self._pool.endpoint(role)
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
        self, request: ModelRequest, *, timeout_s: float | None, on_text: OnText | None
    ) -> ModelReply:
        """Make one attempt.

        The role's own `timeout_s` counts from the moment the call has a free slot at its endpoint (and, where the
        server holds few models, its model's turn has come); the argument counts from now, waiting included. A
        provider that cannot give `n` samples or log-probabilities is not asked for them: the reply then has one
        sample, or no log-probabilities.

        Args:
            timeout_s: Seconds until the attempt is given up, or None.
            on_text: Told each piece of the text as it arrives; with `n` > 1 told the first sample at once.

        Raises:
            SetupError: If the role is unknown or not configured.
            ModelError: Typed; see `agot.models.retry.retryable`.
        """
        endpoint = self.endpoint(request.role)
        own_limit_s = endpoint.settings.timeout_s
        try:
            async with asyncio.timeout(timeout_s) as whole:
                litellm = (
                    None if endpoint.provider == EMBEDDED else self._litellm or await self._load(endpoint)
                )

                async def send(part: ModelRequest, on_text: OnText | None) -> ModelReply:
                    async def once(endpoint: Endpoint) -> ModelReply:
                        async with self._turn(endpoint), self._slot(endpoint), asyncio.timeout(own_limit_s):
                            with self._time_of(endpoint).taking_part() as share:
                                reply = await self._attempt(litellm, part, endpoint, on_text)
                        return priced(reply, endpoint.settings, share.seconds)

                    return await self._somewhere(self.endpoint(part.role), once)

                adapter = Adapter(self.known, lambda: self.endpoint(request.role), send)
                shown = RedactedStream(on_text) if on_text is not None else None
                reply = redacted_reply(await adapter.complete(request, shown))
                if shown is not None:
                    shown.finish()
                return reply
        except TimeoutError:
            limit_s = timeout_s if whole.expired() and timeout_s is not None else own_limit_s
            raise timed_out(endpoint, max(0.0, limit_s)) from None

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

    async def relay(
        self,
        request: ModelRequest,
        messages: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        *,
        on_chunk: Callable[[dict[str, Any]], None] | None = None,
    ) -> Relayed:
        """Make one call in OpenAI's own words: messages and tools go to the model as they are.

        Args:
            request: Role, sampling and room; its messages are for the estimate of their tokens.
            messages: OpenAI's, tool calls and their results included.
            options: Further fields of OpenAI's, such as `tools`.
            on_chunk: Told each choice's piece of the answer as it arrives, as OpenAI streams it.

        Raises:
            SetupError: As `check_tools` does.
            ModelError: Typed.
        """
        self.check_tools(request.role)
        endpoint = self.endpoint(request.role)
        arguments = _arguments(request, endpoint, self.key(endpoint))
        arguments |= {**options, "messages": [dict(message) for message in messages]}
        # First of all: whatever else is of litellm's would import it here, on the event loop.
        litellm = self._litellm or await self._load(endpoint)
        if endpoint.provider == _OWN_CLIENT:
            arguments["client"] = self._client()
        started = self._clock()

        async def once(at: Endpoint) -> tuple[Any, float]:
            asked = arguments if at.base_url is None else {**arguments, **_place(at)}
            async with self._turn(at), self._slot(at), asyncio.timeout(at.settings.timeout_s):
                with self._time_of(at).taking_part() as share:
                    response = await self._relayed(litellm, asked, at, on_chunk)
            return response, share.seconds

        chunks = RedactedChunks(on_chunk) if on_chunk is not None else None
        on_chunk = chunks
        try:
            response, seconds = await self._somewhere(endpoint, once)
        except TimeoutError:
            raise timed_out(endpoint, endpoint.settings.timeout_s) from None
        if chunks is not None:
            chunks.finish()
        latency_ms = (self._clock() - started) * 1000.0
        reply = replies.from_response(response, request, endpoint, self._terms_of(endpoint), latency_ms)
        reply = redacted_reply(priced(reply, endpoint.settings, seconds))
        choice = response.choices[0]
        message = without_secrets(choice.message.model_dump(exclude_none=True))
        return Relayed(message, str(choice.finish_reason or "stop"), reply)

    async def _relayed(
        self,
        litellm: Any,
        arguments: dict[str, Any],
        endpoint: Endpoint,
        on_chunk: Callable[[dict[str, Any]], None] | None,
    ) -> Any:
        if on_chunk is None:
            try:
                return await litellm.acompletion(**arguments)
            except Exception as error:  # noqa: BLE001 - as above
                raise self._translated(error, endpoint) from _harmless(error)
        chunks = []
        try:
            stream = await litellm.acompletion(
                **arguments, stream=True, stream_options={"include_usage": True}
            )
            stream.raise_on_model_repetition = _nothing
        except Exception as error:  # noqa: BLE001 - as above
            raise self._translated(error, endpoint) from _harmless(error)
        try:
            while True:
                try:
                    chunk = await anext(stream)
                except StopAsyncIteration:
                    break
                except Exception as error:  # noqa: BLE001 - as above; what `on_chunk` raises is not the model's fault.
                    raise self._translated(error, endpoint) from _harmless(error)
                chunks.append(chunk)
                for choice in chunk.choices:
                    on_chunk(choice.delta.model_dump(exclude_none=True))
        finally:
            await stream.aclose()
        return litellm.stream_chunk_builder(chunks, messages=arguments["messages"])

    async def close(self) -> None:
        """Close this event loop's connections to local servers; the gateway can be used again after it."""
        room = self._rooms.pop(asyncio.get_running_loop(), None)
        if room is not None and room.client is not None:
            await room.client.close()

    # -- one attempt ---------------------------------------------------------------------------

    async def _attempt(
        self, litellm: Any, request: ModelRequest, endpoint: Endpoint, on_text: OnText | None
    ) -> ModelReply:
        if endpoint.provider == EMBEDDED:
            from agot.models.embedded.calls import answered

            return await answered(request, endpoint.name, on_text=on_text, clock=self._clock)
        key = self.key(endpoint)
        arguments = _arguments(request, endpoint, key)
        if endpoint.provider == _OWN_CLIENT:
            arguments["client"] = self._client()
        stream = on_text is not None and arguments.get("n", 1) == 1
        started = self._clock()
        if stream and on_text is not None:
            return await self._stream(litellm, arguments, request, endpoint, on_text, started)
        # The servers reached through our own client are the user's: there is no price to ask litellm for.
        lean = "client" in arguments and endpoint.local
        try:
            response = await (complete(litellm, arguments) if lean else litellm.acompletion(**arguments))
        except Exception as error:  # noqa: BLE001 - whatever litellm and a hundred providers raise; nothing is swallowed.
            raise self._translated(error, endpoint) from _harmless(error)
        latency_ms = (self._clock() - started) * 1000.0
        reply = replies.from_response(response, request, endpoint, self._terms_of(endpoint), latency_ms)
        if on_text is not None:
            on_text(reply.completions[0].text)
        return reply

    async def _stream(
        self,
        litellm: Any,
        arguments: dict[str, Any],
        request: ModelRequest,
        endpoint: Endpoint,
        on_text: OnText,
        started: float,
    ) -> ModelReply:
        try:
            stream = await litellm.acompletion(
                **arguments, stream=True, stream_options={"include_usage": True}
            )
        except Exception as error:  # noqa: BLE001 - as above
            raise self._translated(error, endpoint) from _harmless(error)
        # litellm breaks a stream off after 100 equal pieces, which a table or a list can really
        # have; `max_tokens` bounds a model that repeats itself.
        stream.raise_on_model_repetition = _nothing
        unopened = self.known.of(endpoint).get("unopened")
        gathered = replies.StreamedReply(
            on_text, ThinkingStream(hold=unopened is True, watch=unopened is None)
        )
        try:
            while True:
                try:
                    chunk = await anext(stream)
                except StopAsyncIteration:
                    break
                except Exception as error:  # noqa: BLE001 - as above; what `on_text` raises is not the model's fault.
                    raise self._translated(error, endpoint) from _harmless(error)
                gathered.add(chunk)
        finally:
            await stream.aclose()
        latency_ms = (self._clock() - started) * 1000.0
        # At the end of a stream that broke off cleanly litellm makes a "stop" up; this tells.
        finished = bool(stream.received_finish_reason or stream.intermittent_finish_reason)
        reply = gathered.reply(request, endpoint, self._terms_of(endpoint), latency_ms, finished=finished)
        self._saw(endpoint, gathered.stream.parts(), reply)
        return reply

    def _saw(self, endpoint: Endpoint, parts: Separated, reply: ModelReply) -> None:
        """Learn whether a model's replies begin within its reasoning, without the mark that opens it."""
        unopened = self.known.of(endpoint).get("unopened")
        if parts.lost_opening and unopened is not True:
            self.known.learn(endpoint, unopened=True)
        elif unopened is None and reply.completions[0].text and reply.completions[0].finish_reason == "stop":
            self.known.learn(endpoint, unopened=False)

    def _translated(self, error: Exception, endpoint: Endpoint) -> ModelError:
        return translated(error, endpoint, now_s=self._wall_clock())

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
        replicas = self._replicas.setdefault(endpoint.addresses, Replicas(endpoint.addresses, self._clock))
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

    def _slot(self, endpoint: Endpoint) -> asyncio.Semaphore:
        slots = self._room().slots
        slot = slots.get(endpoint.key)
        if slot is None:
            slot = slots[endpoint.key] = asyncio.Semaphore(endpoint.concurrency)
        return slot

    def _client(self) -> Any:
        room = self._room()
        if room.client is None:
            room.client = http_client()
        return room.client

    async def _load(self, endpoint: Endpoint) -> Any:
        try:
            self._litellm = await load_litellm(with_openai=endpoint.provider != _OWN_CLIENT)
        except ImportError as error:
            raise translated(error, endpoint, now_s=self._wall_clock()) from error
        return self._litellm


_FREE = Terms()


def _nothing() -> None:
    return None


def _arguments(request: ModelRequest, endpoint: Endpoint, key: str | None) -> dict[str, Any]:
    """Return the arguments of `litellm.acompletion` for a request."""
    arguments: dict[str, Any] = {
        "model": endpoint.called,
        "messages": _messages(request, endpoint),
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        # The limits of `complete` are the real ones; this only keeps the transport's own out of the way.
        "timeout": endpoint.settings.timeout_s + 5.0,
        "num_retries": 0,
        "max_retries": 0,
        "caching": False,
        # A provider without seeds or top_p is better asked without them than not at all.
        "drop_params": True,
    }
    if request.top_p != 1.0:
        arguments["top_p"] = request.top_p
    if request.n > 1 and endpoint.native_n:
        arguments["n"] = request.n
    if request.stop:
        arguments["stop"] = list(request.stop)
    if request.seed is not None and endpoint.takes_seed:
        arguments["seed"] = request.seed
    if request.logprobs and endpoint.gives_logprobs:
        arguments["logprobs"] = True
        if request.top_logprobs > 0:
            arguments["top_logprobs"] = min(request.top_logprobs, endpoint.most_alternatives)
    if request.response_format is not None:
        arguments["response_format"] = request.response_format
    if endpoint.extra_body:
        arguments["extra_body"] = endpoint.extra_body
    arguments |= _place(endpoint)
    if key is not None:
        remember(key)
        arguments["api_key"] = key
    return arguments


def _place(endpoint: Endpoint) -> dict[str, Any]:
    """Return the arguments that say where a request goes, and who sends it if the address says so."""
    if endpoint.base_url is None:
        return {}
    if endpoint.login is None:
        return {"api_base": endpoint.base_url}
    header = LOGIN_HEADER if endpoint.provider == _OWN_CLIENT else "Authorization"
    return {"api_base": endpoint.base_url, "extra_headers": {header: endpoint.login}}


def _harmless(error: Exception) -> Exception | None:
    """Return an error as the cause of another, or None if it, or a cause of its own, tells a key."""
    link: BaseException | None = error
    for _ in range(_DEEPEST):
        if link is None:
            return error
        if redacted(told := f"{link!r} {link}") != told:
            return None
        link = link.__cause__ or link.__context__
    return None


_DEEPEST = 20
"""Causes of a cause that are looked at; what is deeper is not shown."""


def _messages(request: ModelRequest, endpoint: Endpoint) -> list[dict[str, str]]:
    """Return the turns; where there is no role for the system, its words begin the next turn of the user."""
    turns, held = [], ""
    for message in request.messages:
        if message.role == "system" and not endpoint.takes_system:
            held += message.content + "\n\n"
            continue
        turns.append(
            {
                "role": message.role,
                "content": held + message.content if message.role == "user" else message.content,
            }
        )
        held = "" if message.role == "user" else held
    if held:
        turns.append({"role": "user", "content": held.rstrip()})
    return turns
