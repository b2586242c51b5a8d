"""A request that is passed on: one call of the role `fast`, whose tool calls the client makes.

So are requests with tools, and those to `agot/direct` that ask for the form of a reply or for log-probabilities. The model gets
the client's own fields, those included that mean nothing here, and no others, but for the room that a limit leaves.

A run cannot be held until a client comes back with results, perhaps never; and what the client's tools may do is between
its user and the model. So the model sees the conversation and the tools as they are, and nothing checks the answer:
`agot.status` is "answered" and `agot.strategy` "relay". The call is stored as a run of one thought, so that it is counted
and can be looked at; it cannot be resumed, since it was all done at once. The limits of the server and of the request hold as
for any run: where one fires, `agot.status` is "budget" and `finish_reason` "length".
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agot.budget import Budget, Meter
from agot.engine.caller import answer_room, cost_of_fault
from agot.errors import AgotError, BudgetExceeded, ModelError, SetupError, StoreError
from agot.events import (
    CallFinished,
    CallStarted,
    EventStream,
    LimitFired,
    RunFinished,
    RunStarted,
    StrategyChosen,
    ThoughtAdded,
    ThoughtFinished,
    ThoughtStarted,
)
from agot.ids import ROOT, RunId, new_run_id
from agot.models.gateway import Gateway, Relayed
from agot.protocols import CallRecord, Message, ModelRequest
from agot.settings import Settings
from agot.stores.database import SqlStore
from agot.thought import RunStatus, ThoughtStatus, Usage
from agot.web.completions import answering, asking
from agot.web.completions.streaming import DONE, HEADERS, KEEP_ALIVE_S, Chunks, event_of
from agot.web.completions.wire import ChatMessage, Choice, Completion, CompletionRequest, Report
from agot.web.desk import Desk
from agot.web.faults import NOT_REPEATED, HttpFault, translated
from agot.web.leaving import unless_gone
from agot.web.operations import told

STRATEGY = "relay"

_CALL = "relay:0"
_OURS = frozenset(
    {"model", "messages", "stream", "stream_options", "agot", "max_tokens", "max_completion_tokens"}
)
"""Fields of a request that are not passed on as they are."""

_STATUS = {"ModelRateLimited": 429, "ContextTooLong": 400, "ContentRefused": 400}

OnPiece = Callable[[dict[str, Any] | None], None]


async def relayed(
    desk: Desk, store: SqlStore, request: Request, asked: CompletionRequest, clock: Callable[[], float]
) -> Response:
    """Answer a request with tools.

    Raises:
        HttpFault: If the models cannot be asked so, all places are taken, or the call failed.
        SetupError: If the model cannot be given tools.
        StoreError: If the database cannot be used.
    """
    gateway = desk.reasoner.models
    if not isinstance(gateway, Gateway):
        raise HttpFault(400, "The models of this server cannot be given tools.", code="tools", param="tools")
    if asked.tools:
        gateway.check_tools("fast")
    elif gateway.profile("fast").dialect == "compact":
        raise HttpFault(
            400, "The embedded model neither answers in a given form nor tells probabilities. Leave response_format and "
            "logprobs out, or set another model: agot models set fast MODEL.", code="response_format",
        )  # fmt: skip
    settings = desk.reasoner.settings
    budget = asking.budget_of(asked, settings.budget)
    relay = _Relay(store, gateway, settings, asked, budget, clock, new_run_id(clock()))
    if not asked.stream:
        return told(await unless_gone(desk.work_at(relay.run(None)), request))
    pieces: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    work = desk.work_at(relay.run(pieces.put_nowait))
    work.add_done_callback(lambda _: pieces.put_nowait(None))
    return StreamingResponse(relay.streamed(work, pieces), media_type="text/event-stream", headers=HEADERS)


@dataclass(frozen=True, slots=True)
class _Relay:
    """One such request."""

    store: SqlStore
    gateway: Gateway
    settings: Settings
    asked: CompletionRequest
    budget: Budget
    clock: Callable[[], float]
    run_id: RunId

    async def run(self, on_piece: OnPiece | None) -> Completion:
        """Make the call, store it as a run, and return the response.

        Raises:
            HttpFault: If the call failed; the run is stored as failed.
            StoreError: If the run cannot be begun.
            CancelledError: After the run was concluded.
        """
        beginning = asyncio.create_task(self._begun())
        stopped = await _ended_all_the_same(beginning)
        events, meter, said = beginning.result(), Meter(self.budget, time.monotonic), list[str]()

        def passed(piece: dict[str, Any] | None) -> None:
            if piece:
                said.append(piece.get("content") or "")
            if on_piece is not None:
                on_piece(piece)

        end = _End(events, meter)
        try:
            if stopped:
                raise asyncio.CancelledError
            got = await self._called(events, meter, None if on_piece is None else passed)
            answer = got.message.get("content") or json.dumps(got.message.get("tool_calls") or [])
            end("answered", ThoughtStatus.DONE, answer=str(answer))
            return self._response(
                got.message, got.finish_reason, meter.usage, "answered", logprobs=got.logprobs
            )
        except asyncio.CancelledError:
            reason = "The request was cancelled."
            answer = "".join(said)
            end("interrupted", ThoughtStatus.SKIPPED, answer=answer, reason=reason, error="Interrupted")
            raise
        except BudgetExceeded as fired:
            events.emit(LimitFired(
                thought=ROOT, limit=fired.kind, used=fired.used, allowed=fired.limit, effect="the run ended"
            ))  # fmt: skip
            answer, reason = "".join(said), str(fired)
            end(
                "budget",
                ThoughtStatus.SKIPPED,
                answer=answer,
                reason=reason,
                error=type(fired).__name__,
                limit=fired.kind,
            )
            return self._response({"content": answer}, "length", meter.usage, "budget", reason)
        except AgotError as error:
            end("failed", ThoughtStatus.FAILED, reason=str(error), error=type(error).__name__)
            raise _fault(error) from error
        finally:
            await self.store.end_attempt(self.run_id)

    async def _begun(self) -> EventStream:
        """Store the run and tell of its beginning."""
        asked, profile = self.asked, self.gateway.profile("fast")
        question = (
            next((one.text for one in reversed(asked.messages) if one.role == "user"), "") or "(no text)"
        )
        await self.store.begin_run(
            self.run_id, question=question, model=profile.model, strategy=STRATEGY, seed=self._seed,
            # No strategy has this name: whoever tries to resume it is told so.
            settings_json=json.dumps({"engine": {"strategy": STRATEGY}, "budget": self.budget.model_dump()}),
        )  # fmt: skip
        attempt, last = await self.store.begin_attempt(self.run_id)
        events = EventStream(self.run_id, self.clock, after_seq=last, attempt=attempt)
        events.add_sink(self.store.sink)
        events.emit(RunStarted(
            question=question, model=profile.model, strategy=STRATEGY, seed=self._seed,
            limits=self.budget.model_dump(),
        ))  # fmt: skip
        events.emit(ThoughtAdded(thought=ROOT, parent_graph=None, depth=0, layer=0, question=question))
        events.emit(ThoughtStarted(thought=ROOT, question=question))
        events.emit(
            StrategyChosen(
                thought=ROOT,
                strategy=STRATEGY,
                why="the client makes the tool calls" if asked.tools else "one call gives the whole reply",
            )
        )
        return events

    async def _called(self, events: EventStream, meter: Meter, on_piece: OnPiece | None) -> Relayed:
        """Make the one call within the limits, and keep it.

        Raises:
            BudgetExceeded: If a limit leaves no room for it, or the time is up.
            ModelError: Typed.
        """
        request, profile = self._request(), self.gateway.profile("fast")
        messages = [message.model_dump(exclude_unset=True) for message in self.asked.messages]
        prompt_tokens = self.gateway.estimate_tokens(request)
        held = await meter.reserve(
            prompt_tokens=prompt_tokens, max_tokens=answer_room(request, profile, prompt_tokens),
            usd_per_prompt_token=profile.usd_per_prompt_token, usd_per_output_token=profile.usd_per_output_token,
        )  # fmt: skip
        events.emit(CallStarted(thought=ROOT, call=_CALL, purpose=STRATEGY, role="fast", model=profile.model))
        began_s = self.clock()
        try:
            async with asyncio.timeout(meter.seconds_left()):
                room = self._room(meter, held.max_tokens)
                got = await self.gateway.relay(request, messages, self._options | room, on_chunk=on_piece)
        except BaseException as error:
            cost = cost_of_fault(error, profile, prompt_tokens)
            meter.settle(held, cost)
            fired = None
            if isinstance(error, TimeoutError):
                fired = BudgetExceeded("seconds", meter.usage.wall_s, self.budget.seconds or 0.0)
            events.emit(CallFinished(
                thought=ROOT, call=_CALL, purpose=STRATEGY, model=profile.model, usage=cost, latency_ms=0.0,
                error=str(fired or error) or "cancelled",
            ))  # fmt: skip
            if fired is not None:
                raise fired from None
            raise
        usage, latency_ms = got.reply.usage, got.reply.latency_ms
        meter.settle(held, usage)
        await self.store.put_call(self.run_id, CallRecord(
            key=_CALL, kind="model", state="done", thought=ROOT, purpose=STRATEGY, model=profile.model,
            request=json.dumps({"role": "fast", "purpose": STRATEGY, "messages": messages, **self._options}),
            reply=json.dumps({"message": got.message, "finish_reason": got.finish_reason}),
            usage=usage, at_s=began_s, latency_ms=latency_ms,
        ))  # fmt: skip
        events.emit(CallFinished(
            thought=ROOT, call=_CALL, purpose=STRATEGY, model=profile.model, usage=usage, latency_ms=latency_ms
        ))  # fmt: skip
        return got

    @property
    def _options(self) -> dict[str, Any]:
        """The client's own fields, those included that mean nothing here."""
        sent = self.asked.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if name not in _OURS and value is not None}

    def _room(self, meter: Meter, granted: int) -> dict[str, int]:
        """Return the room to ask for: none if neither the client nor a limit names one."""
        asked = self.asked
        name = "max_completion_tokens" if asked.max_completion_tokens is not None else "max_tokens"
        bounded = meter.limit("tokens") is not None or meter.limit("usd") is not None
        if asked.room is None and not bounded:
            return {}
        return {name: granted if asked.room is None else min(granted, asked.room)}

    def _request(self) -> ModelRequest:
        asked = self.asked
        role = self.settings.role("fast")
        # Calls and tools are sent apart from these, but count as part of the prompt.
        spoken = [
            Message(role="assistant" if one.role == "assistant" else "user", content=_prompt_of(one))
            for one in asked.messages
        ]
        spoken.append(Message(role="user", content=json.dumps(asked.tools or asked.response_format)))
        return ModelRequest(
            purpose=STRATEGY, messages=tuple(spoken), max_tokens=asked.room or role.max_tokens
        )

    @property
    def _seed(self) -> int:
        return self.settings.seed if self.asked.seed is None else self.asked.seed

    def _response(
        self,
        said: dict[str, Any],
        finish_reason: str,
        usage: Usage,
        status: RunStatus,
        reason: str = "",
        *,
        logprobs: dict[str, Any] | None = None,
    ) -> Completion:
        message = {"role": "assistant", "content": None, **said}
        return Completion(
            id=f"chatcmpl-{self.run_id}", created=int(self.clock()), model=self.asked.model,
            usage=answering.usage_of(usage),
            choices=[Choice(index=0, message=message, finish_reason=finish_reason, logprobs=logprobs)],
            agot=Report(
                run_id=self.run_id, status=status, strategy=STRATEGY, reason=reason,
                usage=usage.model_dump(mode="json"),
            ),
        )  # fmt: skip

    async def streamed(
        self, work: asyncio.Task[Completion], pieces: asyncio.Queue[dict[str, Any] | None]
    ) -> AsyncIterator[str]:
        """Yield the server-sent events of the response; a reader who leaves ends the call."""
        chunks = Chunks(f"chatcmpl-{self.run_id}", self.asked.model, int(self.clock()))
        try:
            yield chunks.delta({"role": "assistant", "content": ""})
            while True:
                try:
                    piece = await asyncio.wait_for(pieces.get(), KEEP_ALIVE_S)
                except TimeoutError:
                    yield ": still at work\n\n"
                    continue
                if piece is None:
                    break
                if piece:
                    logprobs = piece.pop("logprobs", None)
                    yield chunks.delta(piece, logprobs=logprobs)
            try:
                done = work.result()
            except asyncio.CancelledError:
                yield event_of(HttpFault(503, "The server is stopping.", code="stopping").body())
                return
            except HttpFault as fault:
                yield event_of(fault.body())
                return
            except AgotError as error:
                yield event_of(translated(error).body())
                return
            yield chunks.delta({}, done.choices[0].finish_reason, agot=done.agot.model_dump(mode="json"))
            if self.asked.tells_usage:
                yield chunks.chunk([], usage=done.usage.model_dump())
            yield DONE
        finally:
            work.cancel()


@dataclass(frozen=True, slots=True)
class _End:
    """Tells how a run ended."""

    events: EventStream
    meter: Meter

    def __call__(
        self,
        status: RunStatus,
        thought: ThoughtStatus,
        *,
        answer: str = "",
        reason: str = "",
        error: str = "",
        limit: str = "",
    ) -> None:
        self.events.emit(
            ThoughtFinished(thought=ROOT, status=thought, answer=answer, strategy=STRATEGY, reason=reason)
        )
        self.events.emit(RunFinished(
            status=status, answer=answer, strategy=STRATEGY, usage=self.meter.usage, reason=reason, error=error,
            limit=limit,
        ))  # fmt: skip


async def _ended_all_the_same(work: asyncio.Task[Any]) -> bool:
    """Wait for the end of a task, and return whether the waiting one was cancelled meanwhile."""
    cancelled = False
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


def _fault(error: AgotError) -> HttpFault:
    if isinstance(error, (SetupError, StoreError)):
        fault = translated(error)
        return HttpFault(fault.status, fault.message, code=fault.code, headers=NOT_REPEATED)
    name = type(error).__name__
    # What the server refuses of a request that was passed on is the client's to mend.
    refused = isinstance(error, ModelError) and name == "ModelError" and error.status in (400, 415, 422)
    status = 400 if refused else _STATUS.get(name, 502)
    return HttpFault(status, str(error), code=name, headers=NOT_REPEATED)


def _prompt_of(message: ChatMessage) -> str:
    calls = [one.function.model_dump_json() for one in message.tool_calls or ()]
    return "\n".join([message.text, *calls])
