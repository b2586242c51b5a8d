"""One attempt of one request through litellm: its arguments, whole and streamed replies, and what it cost if none came."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agot.errors import ModelError
from agot.models import ollama, replies
from agot.models.asking import JOINED, OWN_CLIENTS, arguments_of, streaming
from agot.models.attempts import Attempt
from agot.models.faults import (
    does_not_fit,
    harmless,
    never_sent,
    silent,
    slower_than_trusted,
    translated,
)
from agot.models.known import Known
from agot.models.library import complete
from agot.models.own_prices import SharedTime, price_of, priced
from agot.models.passing import CallNumbers, logprobs_of, passed_on
from agot.models.pool import EMBEDDED, Endpoint
from agot.models.prices import Terms
from agot.models.silence import HIGHEST_TOKENS_PER_S, Paces
from agot.models.thinking import Separated, ThinkingStream
from agot.protocols import ModelReply, ModelRequest, OnChunk, OnText
from agot.spending import spend
from agot.thought import Usage

_CERTAINLY = 2.0
"""How far a prompt's estimate, which is rather too high, has to exceed a window that is not asked for with it."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What an attempt needs of the gateway that makes it."""

    known: Known
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    terms: Callable[[Endpoint], Terms]
    key: Callable[[Endpoint], str | None]
    client: Callable[[Endpoint], Any]
    time: Callable[[Endpoint], SharedTime]


class Sender:
    """Makes attempts.

    Attributes:
        paces: How fast models were seen to write.
    """

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self.paces = Paces(needs.known)
        self._longer: dict[tuple[str, str], float] = {}

    async def reply(
        self, litellm: Any, request: ModelRequest, endpoint: Endpoint, on_text: OnText | None
    ) -> ModelReply:
        """Return the reply to a request; the role's `timeout_s` counts silence of the server.

        An answer that may take longer is asked for as a stream, so that it is seen to arrive. A model that was not seen
        yet is trusted to be quick, and watched once it was not.

        Raises:
            ModelSilent: If nothing arrived for so long; with what had arrived by then.
            ModelError: Typed.
        """
        needs = self._needs
        if endpoint.provider == EMBEDDED:
            from agot.models.embedded.calls import answered

            attempt = Attempt(request.max_tokens * request.n)
            return await self._replied(attempt, request, endpoint, endpoint.settings.timeout_s, lambda: answered(
                request, endpoint.name, on_text=on_text, clock=needs.clock
            ))  # fmt: skip
        endpoint = self._with_window(request, endpoint)
        arguments = arguments_of(request, endpoint, needs.key(endpoint))
        n, ours, joins = arguments.get("n", 1), endpoint.provider in OWN_CLIENTS, endpoint.provider == JOINED
        watchable = endpoint.streams and (joins or (endpoint.local and n == 1))
        to_watch = watchable and not self.paces.is_sure(endpoint, request.max_tokens)
        stream = endpoint.streams and n == 1 and (on_text is not None or (to_watch and not joins))
        joined = joins and to_watch and not stream
        watched = stream or joined
        attempt = Attempt(
            request.max_tokens * n,
            joined=joined,
            watched=watched,
            trusted=watchable and not watched and self.paces.of(endpoint) is None,
            sent=0 if ours else None,
        )
        limit_s = endpoint.settings.timeout_s
        if not (watched or attempt.trusted):
            limit_s = self.paces.silence_s(endpoint, request.max_tokens)
        self._prepare(arguments, endpoint, limit_s)
        if attempt.joined:
            # Only in the body, so that litellm takes the reply for a whole one.
            arguments["extra_body"] = {**endpoint.extra_body, **streaming(endpoint)}

        async def make() -> ModelReply:
            if stream:
                return await self._stream(litellm, arguments, request, endpoint, on_text or _unread, attempt)
            return await self._whole(litellm, arguments, request, endpoint, on_text, attempt)

        reply = await self._replied(attempt, request, endpoint, limit_s, make)
        if attempt.joined and attempt.pieces and attempt.usage is None:
            needs.known.learn(endpoint, stream=False)
        return reply

    async def relay(
        self,
        litellm: Any,
        request: ModelRequest,
        endpoint: Endpoint,
        fields: Mapping[str, Any],
        on_chunk: OnChunk | None,
    ) -> ModelReply:
        """Return the reply to a verbatim request.

        Args:
            fields: All that are sent: the request's own, in the way of the server.

        Raises:
            ModelError: Typed.
        """
        needs = self._needs
        endpoint = self._with_window(request, endpoint)
        arguments = passed_on(arguments_of(request, endpoint, needs.key(endpoint)), endpoint, fields)
        ours = endpoint.provider in OWN_CLIENTS
        attempt = Attempt(
            request.max_tokens * (fields.get("n") or 1),
            watched=on_chunk is not None,
            sent=0 if ours else None,
        )
        limit_s = endpoint.settings.timeout_s
        if on_chunk is None:
            limit_s = self.paces.silence_s(endpoint, request.max_tokens)
        self._prepare(arguments, endpoint, limit_s)

        async def make() -> ModelReply:
            began_s = needs.clock()
            response = await self._relayed(litellm, arguments, endpoint, on_chunk, attempt)
            return self._read(response, request, endpoint, began_s, attempt)

        return await self._replied(attempt, request, endpoint, limit_s, make)

    def _with_window(self, request: ModelRequest, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint with the window that Ollama has to hold for a request: it cuts longer prompts without a word.

        Raises:
            ContextTooLong: If the window that the role names does not hold the prompt, or one that is known of another
                server certainly does not: some of them cut, too, and the others count better than we do.
        """
        if endpoint.provider not in ollama.PROVIDERS:
            window = endpoint.settings.context_window or endpoint.context_window
            if (
                window is not None
                and (prompt := self._prompt_tokens(request, endpoint)) > _CERTAINLY * window
            ):
                raise does_not_fit(endpoint, prompt, window)
            return endpoint
        prompt, known = self._prompt_tokens(request, endpoint), self._needs.known
        window = ollama.fixed_window(endpoint.extra_body, endpoint.settings.context_window)
        if window is None:
            window = ollama.window_for(prompt + request.max_tokens, endpoint.num_ctx)
            if window != endpoint.num_ctx:
                known.learn(endpoint, num_ctx=window)
        elif prompt > window:
            raise does_not_fit(endpoint, prompt, window)
        return replace(endpoint, num_ctx=window)

    def _prepare(self, arguments: dict[str, Any], endpoint: Endpoint, limit_s: float) -> None:
        # Our own limit is the real one; this only keeps the transport's out of the way.
        arguments["timeout"] = limit_s + 5.0
        if endpoint.provider in OWN_CLIENTS:
            arguments["client"] = self._needs.client(endpoint)

    # -- what an attempt costs -------------------------------------------------------------------

    async def _replied(
        self,
        attempt: Attempt,
        request: ModelRequest,
        endpoint: Endpoint,
        limit_s: float,
        make: Callable[[], Awaitable[ModelReply]],
    ) -> ModelReply:
        """Make an attempt within a limit on silence; tell what it cost beside the reply, or without one."""
        began_s = self._needs.clock()
        try:
            with self._needs.time(endpoint).taking_part() as share:
                async with attempt.within(limit_s):
                    reply = await make()
        except BaseException as error:
            pace = self.paces.of(endpoint) or (0.0 if attempt.watched else HIGHEST_TOKENS_PER_S)
            likely = math.ceil(pace * (self._needs.clock() - began_s)) * request.n
            prompt = self._prompt_tokens(request, endpoint)
            spent = attempt.cost(prompt, likely, reached=not never_sent(error))
            spend(self._with_price(spent, endpoint, share.seconds))
            if attempt.silent and isinstance(error, TimeoutError):
                if attempt.trusted:
                    self.paces.distrust(endpoint)
                    raise slower_than_trusted(endpoint, limit_s) from None
                arrived = self._arrived(attempt, request, endpoint)
                raise silent(endpoint, limit_s, spent.completion_tokens, arrived) from None
            raise
        usage = reply.usage
        if (attempt.sent or 0) > 1:
            # What was sent again below this had been read before.
            more = Usage(calls=1, prompt_tokens=usage.prompt_tokens)
            for _ in range((attempt.sent or 0) - 1):
                spend(self._with_price(more, endpoint, 0.0))
        self._learn(request, endpoint, usage, reply)
        return priced(reply, endpoint.settings, share.seconds)

    def _learn(self, request: ModelRequest, endpoint: Endpoint, usage: Usage, reply: ModelReply) -> None:
        """Learn from a reply how fast the model writes and how much longer prompts are than they are estimated."""
        samples = max(1, len(reply.completions))
        self.paces.saw(endpoint, usage.completion_tokens // samples, reply.latency_ms / 1000.0)
        place = (endpoint.server, endpoint.name)
        ratio = usage.prompt_tokens / replies.prompt_tokens_of(request)
        if ratio > self._longer.get(place, 1.0):
            self._longer[place] = ratio

    def _prompt_tokens(self, request: ModelRequest, endpoint: Endpoint) -> int:
        longer = self._longer.get((endpoint.server, endpoint.name), 1.0)
        return math.ceil(replies.prompt_tokens_of(request) * longer)

    def _with_price(self, usage: Usage, endpoint: Endpoint, seconds: float) -> Usage:
        terms = self._needs.terms(endpoint)
        cost = (
            usage.prompt_tokens * terms.usd_per_prompt_token
            + usage.completion_tokens * terms.usd_per_output_token
        )
        own = price_of(usage, endpoint.settings, seconds)
        return usage.model_copy(update={"cost_usd": cost if own is None else own})

    def _arrived(self, attempt: Attempt, request: ModelRequest, endpoint: Endpoint) -> ModelReply | None:
        """Return what had arrived of an answer, if one can do something with it: the beginning of a text."""
        if request.response_format is not None or request.verbatim is not None:
            return None
        response = attempt.so_far()
        if response is None:
            return None
        try:
            reply = replies.from_response(response, request, endpoint, self._needs.terms(endpoint), 0.0)
        except ModelError:
            return None
        kept = tuple(
            one.model_copy(update={"finish_reason": "length"}) for one in reply.completions if one.text
        )
        # What it cost is told already.
        return reply.model_copy(update={"completions": kept, "usage": Usage()}) if kept else None

    # -- litellm ---------------------------------------------------------------------------------

    async def _whole(
        self,
        litellm: Any,
        arguments: dict[str, Any],
        request: ModelRequest,
        endpoint: Endpoint,
        on_text: OnText | None,
        attempt: Attempt,
    ) -> ModelReply:
        began_s = self._needs.clock()
        try:
            response = await _called(litellm, arguments, endpoint)
        except Exception as error:  # noqa: BLE001 - whatever litellm and a hundred providers raise; nothing is swallowed.
            raise self._translated(error, endpoint) from harmless(error)
        reply = self._read(response, request, endpoint, began_s, attempt)
        if on_text is not None:
            on_text(reply.completions[0].text)
        return reply

    def _read(
        self, response: Any, request: ModelRequest, endpoint: Endpoint, began_s: float, attempt: Attempt
    ) -> ModelReply:
        attempt.usage = getattr(response, "usage", None)
        latency_ms = (self._needs.clock() - began_s) * 1000.0
        return replies.from_response(response, request, endpoint, self._needs.terms(endpoint), latency_ms)

    async def _stream(
        self,
        litellm: Any,
        arguments: dict[str, Any],
        request: ModelRequest,
        endpoint: Endpoint,
        on_text: OnText,
        attempt: Attempt,
    ) -> ModelReply:
        began_s = self._needs.clock()
        unopened = self._needs.known.of(endpoint).get("unopened")
        gathered = replies.StreamedReply(
            on_text, ThinkingStream(hold=unopened is True, watch=unopened is None)
        )
        stream = await self._opened(litellm, arguments, endpoint)
        try:
            while (chunk := await self._next(stream, endpoint)) is not None:
                attempt.took(chunk)
                gathered.add(chunk)
        finally:
            await stream.aclose()
        if attempt.sent is not None and not attempt.told:
            gathered.usage = attempt.usage = None
        latency_ms = (self._needs.clock() - began_s) * 1000.0
        # At the end of a stream that broke off cleanly litellm makes a "stop" up; this tells.
        finished = bool(stream.received_finish_reason or stream.intermittent_finish_reason)
        reply = gathered.reply(request, endpoint, self._needs.terms(endpoint), latency_ms, finished=finished)
        self._saw(endpoint, gathered.stream.parts(), reply)
        return reply

    async def _relayed(
        self,
        litellm: Any,
        arguments: dict[str, Any],
        endpoint: Endpoint,
        on_chunk: OnChunk | None,
        attempt: Attempt,
    ) -> Any:
        if on_chunk is None:
            try:
                return await _called(litellm, arguments, endpoint)
            except Exception as error:  # noqa: BLE001 - as above
                raise self._translated(error, endpoint) from harmless(error)
        chunks, numbers = [], CallNumbers()
        stream = await self._opened(litellm, arguments, endpoint)
        try:
            while (chunk := await self._next(stream, endpoint)) is not None:
                attempt.took(chunk)
                chunks.append(chunk)
                for choice in chunk.choices:
                    numbers.mend(choice.delta)
                    piece = choice.delta.model_dump(exclude_none=True)
                    if told := logprobs_of(choice):
                        piece["logprobs"] = told
                    on_chunk(piece)
        finally:
            await stream.aclose()
        return litellm.stream_chunk_builder(chunks, messages=arguments["messages"])

    async def _opened(self, litellm: Any, arguments: dict[str, Any], endpoint: Endpoint) -> Any:
        try:
            stream = await _called(litellm, {**arguments, **streaming(endpoint)}, endpoint)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._translated(error, endpoint) from harmless(error)
        # litellm breaks a stream off after 100 equal pieces, which a table or a list can really
        # have; `max_tokens` bounds a model that repeats itself.
        stream.raise_on_model_repetition = _nothing
        return stream

    async def _next(self, stream: Any, endpoint: Endpoint) -> Any:
        """Return a stream's next piece, or None at its end; what its reader raises is not the model's fault."""
        try:
            return await anext(stream, None)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._translated(error, endpoint) from harmless(error)

    def _saw(self, endpoint: Endpoint, parts: Separated, reply: ModelReply) -> None:
        """Learn whether a model's replies begin within its reasoning, without the mark that opens it."""
        known = self._needs.known
        unopened = known.of(endpoint).get("unopened")
        if parts.lost_opening and unopened is not True:
            known.learn(endpoint, unopened=True)
        elif unopened is None and reply.completions[0].text and reply.completions[0].finish_reason == "stop":
            known.learn(endpoint, unopened=False)

    def _translated(self, error: Exception, endpoint: Endpoint) -> ModelError:
        return translated(error, endpoint, now_s=self._needs.wall_clock())


async def _called(litellm: Any, arguments: dict[str, Any], endpoint: Endpoint) -> Any:
    # The servers reached through our own client are the user's: there is no price to ask litellm for.
    lean = "client" in arguments and endpoint.local
    return await (complete(litellm, arguments) if lean else litellm.acompletion(**arguments))


def _nothing() -> None:
    return None


def _unread(text: str) -> None:
    """Take text that is only watched arriving."""
