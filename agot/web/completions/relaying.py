"""A request that is passed on: one call of the role `fast`, whose tool calls the client makes.

So are requests with tools, and those to `agot/direct` that ask for the form of a reply or for log-probabilities. The model gets
the client's own fields, those included that mean nothing here, and no others, but for the room that a limit leaves.

A run cannot be held until a client comes back with results, perhaps never; and what the client's tools may do is between
its user and the model. So the model sees the conversation and the tools as they are, and nothing checks the answer:
`agot.status` is "answered" and `agot.strategy` "relay". The call is an ordinary call of a run of one thought:
recorded before it is sent, counted, and there to be looked at; the run cannot be resumed, since its client has gone. The limits of the server and of the request hold as
for any run: where one fires, `agot.status` is "budget" and `finish_reason` "length".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agot.budget import Budget
from agot.engine.recorded import Asked, Calls, RecordedRun, recorded_run
from agot.errors import AgotError, BudgetExceeded, ModelError, SetupError, StoreError
from agot.events import (
    EventStream,
    LimitFired,
    RunStarted,
    StrategyChosen,
    ThoughtAdded,
    ThoughtFinished,
    ThoughtStarted,
)
from agot.ids import ROOT, RunId, new_run_id
from agot.models.gateway import Gateway
from agot.protocols import ModelRequest, OnChunk
from agot.reasoner import Reasoner
from agot.stores.database import SqlStore
from agot.thought import RunStatus, ThoughtStatus, Usage
from agot.web.completions import answering, asking
from agot.web.completions.streaming import DONE, HEADERS, KEEP_ALIVE_S, Chunks, event_of
from agot.web.completions.wire import Choice, Completion, CompletionRequest, Report
from agot.web.desk import Desk
from agot.web.faults import NOT_REPEATED, HttpFault, translated
from agot.web.leaving import unless_gone
from agot.web.operations import told

STRATEGY = "relay"

_OURS = frozenset({"model", "stream", "stream_options", "agot", "max_tokens", "max_completion_tokens"})
"""Fields of a request that are not passed on as they are."""

_STATUS = {"ModelRateLimited": 429, "ContextTooLong": 400, "ContentRefused": 400}


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
    budget = asking.budget_of(asked, desk.reasoner.settings.budget)
    relay = _Relay(
        desk.reasoner, store, gateway, asked, await request.json(), budget, clock, new_run_id(clock())
    )
    if not asked.stream:
        return told(await unless_gone(desk.work_at(relay.run(None)), request))
    pieces: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    work = desk.work_at(relay.run(pieces.put_nowait))
    work.add_done_callback(lambda _: pieces.put_nowait(None))
    return StreamingResponse(relay.streamed(work, pieces), media_type="text/event-stream", headers=HEADERS)


@dataclass(frozen=True, slots=True)
class _Relay:
    """One such request.

    Attributes:
        body: The request as the client sent it.
    """

    reasoner: Reasoner
    store: SqlStore
    gateway: Gateway
    asked: CompletionRequest
    body: dict[str, Any]
    budget: Budget
    clock: Callable[[], float]
    run_id: RunId

    async def run(self, on_piece: OnChunk | None) -> Completion:
        """Make the call as a run of one thought, and return the response.

        Raises:
            HttpFault: If the call failed; the run is stored as failed.
            StoreError: If the run cannot be begun.
            CancelledError: After the run was concluded.
        """
        # A client retries by itself, and may have stopped waiting.
        calls = Calls(self.gateway, retries=lambda role: 0, seed=self._seed)
        run: RecordedRun | None = None
        try:
            async with recorded_run(
                self.store,
                self.run_id,
                asked=self._to_store(),
                calls=calls,
                budget=self.budget,
                clock=self.clock,
            ) as run:
                return await self._concluded(run, on_piece)
        finally:
            if run is not None:
                self.reasoner.tell(self.run_id, self.store)

    async def _concluded(self, run: RecordedRun, on_piece: OnChunk | None) -> Completion:
        self._begin(run.stream)
        said: list[str] = []

        def passed(piece: dict[str, Any]) -> None:
            said.append(piece.get("content") or "")
            if piece and on_piece is not None:
                on_piece(piece)

        def end(
            status: RunStatus, thought: ThoughtStatus, answer: str, reason: str = "", **more: str
        ) -> None:
            run.stream.emit(
                ThoughtFinished(thought=ROOT, status=thought, answer=answer, strategy=STRATEGY, reason=reason)
            )
            run.conclude(status, answer, strategy=STRATEGY, reason=reason, **more)

        try:
            reply = await run.caller()(self._request(), on_chunk=None if on_piece is None else passed)
            first = reply.completions[0]
            answer = first.text or json.dumps(first.tool_calls)
            end("answered", ThoughtStatus.DONE, answer)
            return self._response(
                first.message, first.finish_reason, run.meter.usage, "answered",
                logprobs=(first.choice or {}).get("logprobs"),
            )  # fmt: skip
        except asyncio.CancelledError:
            end(
                "interrupted",
                ThoughtStatus.SKIPPED,
                "".join(said),
                "The request was cancelled.",
                error="Interrupted",
            )
            raise
        except BudgetExceeded as fired:
            run.stream.emit(LimitFired(
                thought=ROOT, limit=fired.kind, used=fired.used, allowed=fired.limit, effect="the run ended"
            ))  # fmt: skip
            answer, reason = "".join(said), str(fired)
            end("budget", ThoughtStatus.SKIPPED, answer, reason, error=type(fired).__name__, limit=fired.kind)
            return self._response({"content": answer}, "length", run.meter.usage, "budget", reason)
        except AgotError as error:
            end("failed", ThoughtStatus.FAILED, "", str(error), error=type(error).__name__)
            raise _fault(error) from error

    def _to_store(self) -> Asked:
        return Asked(
            self._question, self.gateway.profile("fast").model, STRATEGY, self._seed,
            # No strategy has this name: whoever tries to resume it is told so.
            json.dumps({"engine": {"strategy": STRATEGY}, "budget": self.budget.model_dump()}),
        )  # fmt: skip

    def _begin(self, events: EventStream) -> None:
        """Tell of the run's beginning."""
        question = self._question
        events.emit(RunStarted(
            question=question, model=self.gateway.profile("fast").model, strategy=STRATEGY, seed=self._seed,
            limits=self.budget.model_dump(),
        ))  # fmt: skip
        events.emit(ThoughtAdded(thought=ROOT, parent_graph=None, depth=0, layer=0, question=question))
        events.emit(ThoughtStarted(thought=ROOT, question=question))
        why = "the client makes the tool calls" if self.asked.tools else "one call gives the whole reply"
        events.emit(StrategyChosen(thought=ROOT, strategy=STRATEGY, why=why))

    def _request(self) -> ModelRequest:
        """Return the client's own fields, those included that mean nothing here; a bound of -1 is none."""
        asked = self.asked
        sent = {name: value for name, value in self.body.items() if name not in _OURS and value is not None}
        if asked.room is not None:
            name = "max_completion_tokens" if asked.max_completion_tokens is not None else "max_tokens"
            sent[name] = asked.room
        room = asked.room or self.gateway.profile("fast").max_tokens
        return ModelRequest(purpose=STRATEGY, messages=(), max_tokens=room, verbatim=sent)

    @property
    def _question(self) -> str:
        asked = reversed(self.asked.messages)
        return next((one.text for one in asked if one.role == "user"), "") or "(no text)"

    @property
    def _seed(self) -> int:
        return self.reasoner.settings.seed if self.asked.seed is None else self.asked.seed

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


def _fault(error: AgotError) -> HttpFault:
    if isinstance(error, (SetupError, StoreError)):
        fault = translated(error)
        return HttpFault(fault.status, fault.message, code=fault.code, headers=NOT_REPEATED)
    name = type(error).__name__
    # What the server refuses of a request that was passed on is the client's to mend.
    refused = isinstance(error, ModelError) and name == "ModelError" and error.status in (400, 415, 422)
    status = 400 if refused else _STATUS.get(name, 502)
    return HttpFault(status, str(error), code=name, headers=NOT_REPEATED)
