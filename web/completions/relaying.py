"""A request with tools: one call of the role `fast`, whose tool calls the client makes.

A run cannot be held until a client comes back with results, perhaps never; and what the client's tools may do is between
its user and the model. So the model sees the conversation and the tools as they are, and nothing checks the answer:
`agot.status` is "answered" and `agot.strategy` "relay". The call is stored as a run of one thought, so that it is counted
and can be looked at; it cannot be resumed, since it was all done at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agot.errors import AgotError
from agot.events import (
    CallFinished,
    CallStarted,
    EventStream,
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
from agot.web.completions import answering
from agot.web.completions.streaming import DONE, HEADERS, KEEP_ALIVE_S, Chunks, event_of
from agot.web.completions.wire import Choice, Completion, CompletionRequest, Report
from agot.web.desk import Desk
from agot.web.faults import HttpFault, translated
from agot.web.leaving import unless_gone
from agot.web.operations import told

STRATEGY = "relay"

_CALL = "relay:0"
_PASSED = ("tools", "tool_choice", "parallel_tool_calls")
_STATUS = {"ModelRateLimited": 429, "ContextTooLong": 400, "ContentRefused": 400}

OnPiece = Callable[[dict[str, Any] | None], None]


async def relayed(
    desk: Desk, store: SqlStore, request: Request, asked: CompletionRequest, clock: Callable[[], float]
) -> Response:
    """Answer a request with tools.

    Raises:
        HttpFault: If the models cannot be asked so, all places are taken, or the call failed.
        AgotError: If the database cannot be used.
    """
    gateway = desk.reasoner.models
    if not isinstance(gateway, Gateway):
        raise HttpFault(400, "The models of this server cannot be given tools.", code="tools", param="tools")
    relay = _Relay(store, gateway, desk.reasoner.settings, asked, clock, new_run_id(clock()))
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
    clock: Callable[[], float]
    run_id: RunId

    async def run(self, on_piece: OnPiece | None) -> Completion:
        """Make the call, store it as a run, and return the response."""
        asked, profile = self.asked, self.gateway.profile("fast")
        question = (
            next((one.text for one in reversed(asked.messages) if one.role == "user"), "") or "(no text)"
        )
        await self.store.begin_run(
            self.run_id, question=question, model=profile.model, strategy=STRATEGY, seed=self._seed,
            # No strategy has this name: whoever tries to resume it is told so.
            settings_json=json.dumps({"engine": {"strategy": STRATEGY}}),
        )  # fmt: skip
        attempt, last = await self.store.begin_attempt(self.run_id)
        events = EventStream(self.run_id, self.clock, after_seq=last, attempt=attempt)
        events.add_sink(self.store.sink)
        try:
            events.emit(RunStarted(
                question=question, model=profile.model, strategy=STRATEGY, seed=self._seed, limits={}
            ))  # fmt: skip
            events.emit(ThoughtAdded(thought=ROOT, parent_graph=None, depth=0, layer=0, question=question))
            events.emit(ThoughtStarted(thought=ROOT, question=question))
            events.emit(
                StrategyChosen(thought=ROOT, strategy=STRATEGY, why="the client makes the tool calls")
            )
            events.emit(CallStarted(
                thought=ROOT, call=_CALL, purpose=STRATEGY, role="fast", model=profile.model
            ))  # fmt: skip
            got = await self._called(events, profile.model, on_piece)
            return self._response(got)
        finally:
            await self.store.end_attempt(self.run_id)

    async def _called(self, events: EventStream, model: str, on_piece: OnPiece | None) -> Relayed:
        messages = [message.model_dump(exclude_none=True) for message in self.asked.messages]
        options = {name: value for name in _PASSED if (value := getattr(self.asked, name)) is not None}
        began_s = self.clock()
        try:
            got = await self.gateway.relay(self._request(), messages, options, on_chunk=on_piece)
        except asyncio.CancelledError:
            self._ended(events, "interrupted", ThoughtStatus.SKIPPED, reason="The request was cancelled.")
            raise
        except AgotError as error:
            self._ended(events, "failed", ThoughtStatus.FAILED, reason=str(error), error=type(error).__name__)
            status = _STATUS.get(type(error).__name__, 502)
            raise HttpFault(status, str(error), code=type(error).__name__) from error
        await self.store.put_call(self.run_id, CallRecord(
            key=_CALL, kind="model", state="done", thought=ROOT, purpose=STRATEGY, model=model,
            request=json.dumps({"role": "fast", "purpose": STRATEGY, "messages": messages, **options}),
            reply=json.dumps({"message": got.message, "finish_reason": got.finish_reason}),
            usage=got.reply.usage, at_s=began_s, latency_ms=got.reply.latency_ms,
        ))  # fmt: skip
        events.emit(CallFinished(
            thought=ROOT, call=_CALL, purpose=STRATEGY, model=model, usage=got.reply.usage,
            latency_ms=got.reply.latency_ms,
        ))  # fmt: skip
        answer = got.message.get("content") or json.dumps(got.message.get("tool_calls") or [])
        self._ended(events, "answered", ThoughtStatus.DONE, answer=str(answer), usage=got.reply.usage)
        return got

    def _ended(
        self,
        events: EventStream,
        status: RunStatus,
        thought: ThoughtStatus,
        *,
        answer: str = "",
        reason: str = "",
        error: str = "",
        usage: Usage | None = None,
    ) -> None:
        events.emit(
            ThoughtFinished(thought=ROOT, status=thought, answer=answer, strategy=STRATEGY, reason=reason)
        )
        events.emit(RunFinished(
            status=status, answer=answer, strategy=STRATEGY, usage=usage or Usage(), reason=reason, error=error
        ))  # fmt: skip

    def _request(self) -> ModelRequest:
        asked = self.asked
        role = self.settings.role("fast")
        room = asked.max_completion_tokens or asked.max_tokens or role.max_tokens
        stop = (asked.stop,) if isinstance(asked.stop, str) else tuple(asked.stop or ())
        spoken = tuple(
            Message(role="assistant" if one.role == "assistant" else "user", content=one.text)
            for one in asked.messages
        )
        return ModelRequest(
            purpose=STRATEGY, messages=spoken, temperature=1.0 if asked.temperature is None else asked.temperature,
            top_p=1.0 if asked.top_p is None else asked.top_p, max_tokens=room, stop=stop, seed=self._seed,
            response_format=asked.response_format,
        )  # fmt: skip

    @property
    def _seed(self) -> int:
        return self.settings.seed if self.asked.seed is None else self.asked.seed

    def _response(self, got: Relayed) -> Completion:
        message = {"role": "assistant", "content": None, **got.message}
        usage = got.reply.usage
        return Completion(
            id=f"chatcmpl-{self.run_id}", created=int(self.clock()), model=self.asked.model,
            usage=answering.usage_of(usage),
            choices=[Choice(index=0, message=message, finish_reason=got.finish_reason)],
            agot=Report(
                run_id=self.run_id, status="answered", strategy=STRATEGY, usage=usage.model_dump(mode="json")
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
                    yield chunks.delta(piece)
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
            options = self.asked.stream_options
            if options is not None and options.include_usage:
                yield chunks.chunk([], usage=done.usage.model_dump())
            yield DONE
        finally:
            work.cancel()
