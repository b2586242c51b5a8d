"""One thought's way to the models: journal first, then budget, then the call, with retries.

Every model call of the project passes here, so here is what makes calls durable, bounded and
visible. Nothing else above the gateway retries a call or counts tokens.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from agot.budget import Meter
from agot.errors import BudgetExceeded, ModelError, ModelSilent
from agot.events import AnyEvent, CallFinished, CallRetried, CallStarted, Notice, TextStreamed
from agot.ids import ThoughtId
from agot.journal import Journal, Performed
from agot.models.faults import never_sent
from agot.models.passing import bounded
from agot.models.retry import LONGEST_WAIT_S, delay_s, retryable
from agot.protocols import (
    Completion,
    ModelProfile,
    ModelReply,
    ModelRequest,
    Models,
    OnChunk,
    VerbatimModels,
)
from agot.spending import spending, total_of
from agot.thought import Usage

_SMALLEST_ROOM = 64
"""Tokens of answer that are asked for even if the estimate says that the context is full: it is an
estimate, and the model's own refusal is exact."""

_NO_CHOICE = {"completions": {"__all__": {"choice"}}}
"""Replies to our own requests have none, and are stored as they always were."""

_SAMPLE_AND_CHECK = 2
"""Room for one of several samples, in lengths of the longest seen: checks read each answer again."""


@dataclass(slots=True)
class CallRoom:
    """What all callers of one run share.

    Attributes:
        retries: Attempts after the first one, by role.
        seed: Seed of the run; each call's own seed derives from it and the journal key.
        stream_text: Emit `TextStreamed` for calls with one sample.
        logprobs: Log-probabilities may be asked for, of models that give them.
        without_logprobs: Models that were asked for them and gave none, which was told.
        silent: Why requests (role, room and words) that a server sat over in silence are not sent again.
    """

    models: Models
    journal: Journal
    emit: Callable[[AnyEvent], None]
    retries: Callable[[str], int]
    seed: int
    stream_text: bool = False
    logprobs: bool = True
    without_logprobs: set[str] = field(default_factory=set)
    silent: dict[tuple[object, ...], str] = field(default_factory=dict)


class Caller:
    """Implements `agot.protocols.Ask` for one thought."""

    def __init__(self, room: CallRoom, meter: Meter, thought: ThoughtId) -> None:
        self._room, self._meter, self.thought = room, meter, thought
        self.tokens = 0
        self._begun: set[str] = set()
        self._longest: dict[str, int] = {}

    def profile(self, role: str) -> ModelProfile:
        """Return what is known of the role's model."""
        known = self._room.models.profile(role)
        return known if self._room.logprobs else known.model_copy(update={"gives_logprobs": False})

    def warn(self, text: str) -> None:
        """Tell the reader of the run about something degraded."""
        self._room.emit(Notice(level="warning", text=text))

    async def __call__(self, request: ModelRequest, *, on_chunk: OnChunk | None = None) -> ModelReply:
        """Return the reply, replayed if this run has paid for exactly this call before.

        Args:
            on_chunk: Told the pieces of the reply to a `verbatim` request as they arrive.

        Raises:
            BudgetExceeded: Before the call, if a limit leaves no room.
            ModelError: If the call failed for good.
        """
        room = self._room
        self._begun.add(request.purpose)
        without = {} if room.logprobs else {"logprobs": False, "top_logprobs": 0}
        request = request.model_copy(update={"thought": self.thought, **without})
        asked = request.model_dump_json(exclude=_left_out(request))
        key = room.journal.key("model", asked)
        earlier = room.journal.replay(key)
        if earlier is not None and earlier.reply is not None:
            self.tokens += earlier.usage.tokens
            self._meter.charge(earlier.usage.model_copy(update={"replayed_calls": earlier.usage.calls}))
            room.emit(CallFinished(
                thought=self.thought, call=key, purpose=request.purpose, model=earlier.model, usage=earlier.usage,
                latency_ms=earlier.latency_ms, replayed=True, prompt=request.prompt,
            ))  # fmt: skip
            return self._measured(request, ModelReply.model_validate_json(earlier.reply))
        if request.seed is None:
            request = request.model_copy(update={"seed": _seed(room.seed, key)})
        replies: list[ModelReply] = []

        async def call() -> Performed:
            reply = await self._attempts(key, request, on_chunk)
            replies.append(reply)
            kept = reply.model_dump_json(exclude=_NO_CHOICE if request.verbatim is None else None)
            return Performed(kept, reply.usage, reply.model, reply.latency_ms)

        await room.journal.perform(key, "model", asked, call, thought=self.thought, purpose=request.purpose)
        reply = replies[0]
        self.tokens += reply.usage.tokens
        # Only now: a call that readers saw finished must survive a kill.
        room.emit(CallFinished(
            thought=self.thought, call=key, purpose=request.purpose, model=reply.model, usage=reply.usage,
            latency_ms=reply.latency_ms, prompt=request.prompt,
        ))  # fmt: skip
        return self._measured(request, reply)

    def _measured(self, request: ModelRequest, reply: ModelReply) -> ModelReply:
        """Remember how long answers of this purpose are, and tell once what is missing in them."""
        missed = self._room.without_logprobs
        wrote = [one for one in reply.completions if one.text]
        if (
            request.logprobs
            and wrote
            and not any(one.logprobs for one in wrote)
            and reply.model not in missed
        ):
            missed.add(reply.model)
            text = f"{reply.model} was asked for log-probabilities and gave none; what weighs by them does without."
            self._room.emit(Notice(level="info", text=text))
        mean = -(-reply.usage.completion_tokens // max(1, len(reply.completions)))
        self._longest[request.purpose] = max(mean, self._longest.get(request.purpose, 1))
        return reply

    async def samples(self, request: ModelRequest, n: int) -> list[Completion]:
        """Return up to `n` samples, drawn concurrently; fewer if a limit fired or calls failed, at least one.

        Samples of one request share its room. Where a limit leaves each only little of it, the first is drawn alone,
        and then as many as its length says can be finished: a few whole answers are worth more than many cut ones.

        Raises:
            BudgetExceeded, ModelError: If not even one sample could be had.
        """
        drawn: list[Completion] = []
        native = self.profile(request.role).native_n
        if native and n > 1 and request.purpose not in self._begun and self._crowded(request, n):
            drawn = list((await self(request)).completions)
        if n == 1 or native:
            try:
                reply = await self(request.model_copy(update={"n": n - len(drawn)}))
            except (BudgetExceeded, ModelError) as error:
                if not drawn:
                    raise
                self.warn(f"{n - len(drawn)} of {n} samples are missing: {error}")
                return drawn
            drawn += reply.completions
            if reply.asked is not None:
                self.warn(f"{len(drawn)} of {n} samples fit into what the limits leave.")
                return drawn
        # Servers that do not know `n` answer with one sample and no error; the rest are asked for singly.
        outcomes = await asyncio.gather(
            *(self(request) for _ in range(n - len(drawn))), return_exceptions=True
        )
        drawn += [
            completion for got in outcomes if isinstance(got, ModelReply) for completion in got.completions
        ]
        faults = [got for got in outcomes if isinstance(got, BaseException)]
        for fault in faults:
            if not isinstance(fault, (BudgetExceeded, ModelError)):
                raise fault
        if not drawn:
            raise faults[0]
        if faults:
            self.warn(f"{len(faults)} of {n} samples are missing: {faults[0]}")
        return drawn

    def _crowded(self, request: ModelRequest, n: int) -> bool:
        """Return whether the limit on tokens, even unspent, has not half the wanted room for each of `n` samples.

        The limit and not what is left of it, so that a resumed run asks for the same.
        """
        limit = self._meter.limit("tokens")
        return limit is not None and limit // n < request.max_tokens // 2

    async def _attempts(self, key: str, request: ModelRequest, on_chunk: OnChunk | None) -> ModelReply:
        room, profile = self._room, self.profile(request.role)
        rng = random.Random(_seed(room.seed, key))
        failed: list[Usage] = []
        if room.silent and _words(request) in room.silent:
            raise ModelSilent(room.silent[_words(request)], model=profile.model)
        while True:
            try:
                reply = await self._attempt(request, profile, key, failed, on_chunk)
            except asyncio.CancelledError:
                await self._ended(key, request, profile, failed, "cancelled")
                raise
            except ModelError as error:
                if isinstance(error, ModelSilent):
                    room.silent[_words(request)] = str(error)
                fired = self._meter.spent()
                if fired is not None and fired.kind == "seconds":
                    # The attempt was cut by the run's own deadline, not by the server.
                    await self._ended(key, request, profile, failed, str(fired))
                    raise fired from error
                if not retryable(error) or len(failed) > room.retries(request.role):
                    await self._ended(key, request, profile, failed, str(error))
                    raise
                wait_s = delay_s(error, len(failed) - 1, rng)
                left_s = self._meter.seconds_left()
                if wait_s > LONGEST_WAIT_S or (left_s is not None and wait_s >= left_s):
                    # Whoever waits that long is better served by another model, or by an answer that says so.
                    await self._ended(key, request, profile, failed, str(error))
                    raise
                room.emit(CallRetried(thought=self.thought, call=key, why=str(error), delay_s=wait_s))
                await asyncio.sleep(wait_s)
                continue
            # The journal keeps what the failed attempts cost as well, so that a replay charges the same.
            return reply.model_copy(update={"usage": total_of([reply.usage, *failed])})

    async def _ended(
        self, key: str, request: ModelRequest, profile: ModelProfile, failed: list[Usage], why: str
    ) -> None:
        if failed:
            await self._room.journal.begin(key, total_of(failed))
            self._room.emit(CallFinished(
                thought=self.thought, call=key, purpose=request.purpose, model=profile.model, usage=total_of(failed),
                latency_ms=0.0, error=why, prompt=request.prompt,
            ))  # fmt: skip

    async def _attempt(
        self,
        request: ModelRequest,
        profile: ModelProfile,
        key: str,
        failed: list[Usage],
        on_chunk: OnChunk | None,
    ) -> ModelReply:
        """Make one attempt; what a failed one cost is added to `failed`."""
        models, meter = self._room.models, self._meter
        prompt_tokens = models.estimate_tokens(request)
        room = answer_room(request, profile, prompt_tokens)
        held = await meter.reserve(
            prompt_tokens=prompt_tokens,
            max_tokens=room * request.n,
            usd_per_prompt_token=profile.usd_per_prompt_token,
            usd_per_output_token=profile.usd_per_output_token,
            samples=request.n,
        )
        if not failed:
            self._room.emit(CallStarted(
                thought=self.thought, call=key, purpose=request.purpose, role=request.role, model=profile.model,
                prompt=request.prompt,
            ))  # fmt: skip
        n = self._fitting(request, room, held.max_tokens)
        try:
            at_most = Usage(
                calls=1, prompt_tokens=prompt_tokens, completion_tokens=held.max_tokens, cost_usd=held.usd
            )
            await self._room.journal.begin(key, total_of([*failed, at_most]))
        except BaseException:
            meter.settle(held, Usage())
            raise
        with spending() as lost:
            try:
                reply = await self._send(request, n, min(room, max(1, held.max_tokens // n)), on_chunk)
            except BaseException as error:
                cost = total_of(lost) if lost else cost_of_fault(error, profile, prompt_tokens)
                failed.append(cost)
                meter.settle(held, cost)
                raise
        change: dict[str, object] = {} if n == request.n else {"asked": n}
        if any(usage.calls for usage in lost):
            change["usage"] = total_of([reply.usage, *lost])
        reply = reply.model_copy(update=change) if change else reply
        meter.settle(held, reply.usage)
        if reply.broke_off:
            self.warn(f"{reply.broke_off} What had arrived is used.")
        return reply

    async def _send(self, request: ModelRequest, n: int, room: int, on_chunk: OnChunk | None) -> ModelReply:
        """Send a request for `n` samples of at most `room` tokens each."""
        models, meter = self._room.models, self._meter
        left_s = meter.seconds_left()
        if request.verbatim is None:
            asked = request.model_copy(update={"n": n, "max_tokens": room})
            return await models.complete(asked, timeout_s=left_s, on_text=self._on_text(request))
        limited = meter.limit("tokens") is not None or meter.limit("usd") is not None
        body = bounded(request.verbatim, room, limited=limited)
        asked = request.model_copy(update={"max_tokens": room, "verbatim": body})
        verbatim = cast(VerbatimModels, models)
        return await verbatim.complete(asked, timeout_s=left_s, on_text=None, on_chunk=on_chunk)

    def _fitting(self, request: ModelRequest, room: int, granted: int) -> int:
        """Return how many of the wanted samples to ask for in the room that was granted to them together."""
        longest = self._longest.get(request.purpose)
        if longest is None or granted >= room * request.n:
            return request.n
        return max(1, min(request.n, granted // (_SAMPLE_AND_CHECK * longest)))

    def _on_text(self, request: ModelRequest) -> Callable[[str], None] | None:
        if not self._room.stream_text or request.n != 1:
            return None

        def emit(text: str) -> None:
            self._room.emit(TextStreamed(thought=self.thought, purpose=request.purpose, text=text))

        return emit


def answer_room(request: ModelRequest, profile: ModelProfile, prompt_tokens: int) -> int:
    """Return the tokens to ask for as one answer: those that are wanted, as far as the context holds them."""
    if profile.context_window is None:
        return request.max_tokens
    return min(request.max_tokens, max(_SMALLEST_ROOM, profile.context_window - prompt_tokens))


def cost_of_fault(error: BaseException, profile: ModelProfile, prompt_tokens: int) -> Usage:
    """Return what to count for a call that failed or was cut, of models that do not tell it: the prompt was mostly read."""
    if never_sent(error):
        return Usage(calls=1)
    return Usage(calls=1, prompt_tokens=prompt_tokens, cost_usd=prompt_tokens * profile.usd_per_prompt_token)


def _left_out(request: ModelRequest) -> set[str]:
    """Return the fields that the key of a call does without.

    Seeds are drawn from it. What a request does not have is no field of it: keys stay what they were in older journals.
    """
    left_out = {"seed"}
    if not request.prompt:
        left_out.add("prompt")
    if request.verbatim is None:
        left_out.update(("verbatim", "as_is"))
    return left_out


def _words(request: ModelRequest) -> tuple[object, ...]:
    """Return what makes a request the same for a server that it was too much for: samples and seeds do not matter."""
    return (request.role, request.max_tokens, request.messages, json.dumps(request.verbatim))


def _seed(run_seed: int, key: str) -> int:
    """Return a seed in [0, 2^31), which every server accepts, fixed by the run's seed and the call's key."""
    return int.from_bytes(hashlib.sha256(f"{run_seed}:{key}".encode()).digest()[:4], "big") >> 1
