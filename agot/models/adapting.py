"""Sending a request in the form that its server takes, and learning that form from what the server refuses.

Servers refuse what others allow (llama.cpp more samples than it has slots), or say nothing and leave it out. A refusal
costs no tokens, so a request that was refused is sent again with less: in halves, without log-probabilities, without
a seed. What then worked is remembered, and later requests begin there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from agot.errors import ContextTooLong, ModelError, ModelUnreachable
from agot.models.asking import arguments_of, shaped, streaming
from agot.models.known import Known, applied
from agot.models.pool import Endpoint
from agot.models.refusals import lesson, room_left
from agot.protocols import ModelReply, ModelRequest, OnText
from agot.thought import Usage

Send = Callable[[ModelRequest, OnText | None], Awaitable[ModelReply]]

_SEED_STRIDE = 0x9E3779B1
"""Between the seeds of a request's parts: 2^32 by the golden ratio, so that they do not meet."""


class Adapter:
    """Sends the requests of one model.

    Args:
        endpoint: Returns the endpoint with what is known of it now.
        send: Makes one request, as the endpoint then is.
    """

    def __init__(self, known: Known, endpoint: Callable[[], Endpoint], send: Send) -> None:
        self._known, self._endpoint, self._send = known, endpoint, send

    async def complete(self, request: ModelRequest, on_text: OnText | None) -> ModelReply:
        """Return the reply to a request, which may be put together from several.

        Raises:
            ModelError: If the server refuses the request in every form, or fails.
        """
        endpoint = self._endpoint()
        most = endpoint.largest_n
        if most is not None and request.n > most:
            return await self._in_parts(request, on_text, most)
        refusal: ModelError | None = None
        try:
            reply = await self._send(request, on_text)
        except ModelError as error:
            if not _may_teach(error):
                raise
            refusal = error
        if refusal is not None:
            # Not within the handler: an error raised there would be read together with this one.
            return await self._with_less(request, on_text, refusal)
        self._learn(request, endpoint, reply)
        return _stopped(reply, request) if "stop" in endpoint.leaves_out and request.stop else reply

    async def _with_less(
        self, request: ModelRequest, on_text: OnText | None, error: ModelError
    ) -> ModelReply:
        """Send a refused request again with what the server takes, or raise the refusal."""
        endpoint = self._endpoint()
        sent = arguments_of(request, endpoint, None) | (streaming(endpoint) if endpoint.streams else {})
        left = room_left(error.said, sent)
        if left is not None:
            return await self.complete(request.model_copy(update={"max_tokens": left}), on_text)
        facts = lesson(error.said, sent)
        if facts:
            before = self._known.learn(endpoint, **facts)
            try:
                return await self.complete(request, on_text)
            except ModelError as again:
                if refuses(again):
                    self._known.forget(endpoint, before)
                raise
        if not refuses(error):
            raise error
        if request.n > 1 and endpoint.native_n:
            half = request.n // 2
            first = await self.complete(request.model_copy(update={"n": half}), on_text)
            # Only now is it known that the number was what the server refused.
            most = min(half, self._endpoint().largest_n or half)
            self._known.learn(endpoint, n_most=most)
            rest = request.model_copy(
                update={"n": request.n - half, "seed": _part_seed(request.seed, request.n)}
            )
            return _together([first, await self._in_parts(rest, None, most)])
        if request.logprobs and endpoint.gives_logprobs:
            reply = await self._send(
                request.model_copy(update={"logprobs": False, "top_logprobs": 0}), on_text
            )
            self._known.learn(endpoint, logprobs=False)
            return reply
        raise error

    async def _in_parts(self, request: ModelRequest, on_text: OnText | None, most: int) -> ModelReply:
        """Send a request for many samples as several side by side; what some of them give is kept if others fail."""
        sizes = [min(most, request.n - at) for at in range(0, request.n, most)]
        parts = [
            request.model_copy(update={"n": size, "seed": _part_seed(request.seed, number)})
            for number, size in enumerate(sizes)
        ]
        got = await asyncio.gather(
            *(self.complete(part, None if number else on_text) for number, part in enumerate(parts)),
            return_exceptions=True,
        )
        replies = [one for one in got if isinstance(one, ModelReply)]
        faults = [one for one in got if isinstance(one, BaseException)]
        for fault in faults:
            if not replies or not isinstance(fault, ModelError):
                raise fault
        return _together(replies)

    def _learn(self, request: ModelRequest, endpoint: Endpoint, reply: ModelReply) -> None:
        """Learn from what a reply leaves out without a word."""
        if request.n > 1 and endpoint.native_n and len(reply.completions) == 1:
            self._known.learn(endpoint, n_most=1)
        wrote = [one for one in reply.completions if one.text]
        if request.logprobs and endpoint.gives_logprobs and wrote and not any(one.logprobs for one in wrote):
            self._known.learn(endpoint, logprobs=False)


def refuses(error: ModelError) -> bool:
    """Return whether a server took a request for wrong or unknown, rather than failed or found it too long."""
    return type(error) is ModelError and error.status in (400, 415, 422, 501)


def learns(known: Known, endpoint: Endpoint, sent: Mapping[str, Any], error: ModelError) -> bool:
    """Return whether a refusal taught how the request has to be sent; it is then known.

    Args:
        sent: The fields that were sent.
    """
    facts = lesson(error.said, sent) if _may_teach(error) else {}
    if not facts:
        return False
    before = known.learn(endpoint, **facts)
    if shaped(dict(sent), applied(endpoint, known.of(endpoint))) != sent:
        return True
    known.forget(endpoint, before)
    return False


def _may_teach(error: ModelError) -> bool:
    """Return whether a fault may name what a request could do without: some servers fail at it (HTTP 500)."""
    failed = isinstance(error, ModelUnreachable) and error.status in (500, 502)
    return refuses(error) or failed or isinstance(error, ContextTooLong)


def _stopped(reply: ModelReply, request: ModelRequest) -> ModelReply:
    """Return a reply that ends where the server was to stop, had it taken the field."""
    cut = []
    for one in reply.completions:
        ends = [at for at in (one.text.find(stop) for stop in request.stop if stop) if at >= 0]
        cut.append(
            one.model_copy(update={"text": one.text[: min(ends)], "finish_reason": "stop"}) if ends else one
        )
    return reply.model_copy(update={"completions": tuple(cut)})


def _part_seed(seed: int | None, number: int) -> int | None:
    """Return the seed of a request's part; equal seeds would draw equal samples."""
    return seed if seed is None or number == 0 else (seed + number * _SEED_STRIDE) & 0x7FFF_FFFF


def _together(replies: Sequence[ModelReply]) -> ModelReply:
    """Return the replies to the parts of one request as one: one call, with the tokens of all."""
    total = Usage()
    for reply in replies:
        total = total.plus(reply.usage)
    return ModelReply(
        completions=tuple(one for reply in replies for one in reply.completions),
        usage=total.model_copy(update={"calls": 1}),
        model=replies[0].model,
        latency_ms=max(reply.latency_ms for reply in replies),
        server=", ".join(sorted({reply.server for reply in replies})),
    )
