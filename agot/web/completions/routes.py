"""The routes of chat completions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agot.stores.database import SqlStore
from agot.thought import Result
from agot.web.completions import answering, asking, relaying, streaming
from agot.web.completions.wire import Completion, CompletionRequest, Extension, Model, ModelList
from agot.web.desk import Desk, Job
from agot.web.faults import not_found
from agot.web.leaving import unless_gone
from agot.web.operations import Operation, sent, told


@dataclass(slots=True)
class Completions:
    """Answers chat completions.

    Attributes:
        clock: Seconds since the epoch.
    """

    desk: Desk
    store: SqlStore
    names: asking.Names = asking.Names()
    clock: Callable[[], float] = time.time

    def operations(self) -> list[Operation]:
        """Return all routes."""
        gives = {200: Completion}
        about = "Answer a conversation. With `stream`, chunks as server-sent events (text/event-stream)."
        return [
            Operation("POST", "/v1/chat/completions", "createCompletion", about, self.complete, gives,
                      CompletionRequest, faults=(404, 429, 500, 502, 503), tags=("completions",)),
            Operation("GET", "/v1/models", "listModels", "List the models: one for each strategy.", self.models,
                      {200: ModelList}, tags=("completions",)),
            Operation("GET", "/v1/models/{model:path}", "getModel", "Return a model.", self.model, {200: Model},
                      faults=(404,), tags=("completions",)),
        ]  # fmt: skip

    async def models(self, request: Request) -> Response:
        return told(ModelList(data=[_model(name) for name in asking.models()]))

    async def model(self, request: Request) -> Response:
        name = request.path_params["model"]
        if name not in asking.models() and self.names.other is None:
            raise not_found(f"model {name[:80]!r}")
        return told(_model(name))

    async def complete(self, request: Request) -> Response:
        asked = await sent(request, CompletionRequest)
        strategy = self.names.strategy(asked.model, asked.agot)
        if (asked.tools and asked.tool_choice != "none") or (asked.one_call and strategy == "direct"):
            return await relaying.relayed(self.desk, self.store, request, asked, self.clock)
        reasoner = self.desk.reasoner
        question = asking.question(
            asked,
            strategy,
            reasoner.settings.budget,
            reads_demands=reasoner.models.profile("fast").dialect != "compact",
        )
        own = asked.agot or Extension()
        listener = streaming.Listener() if asked.stream else None
        job = await self.desk.start(
            question.text, strategy=question.strategy, budget=question.budget, effort=question.effort,
            seed=question.seed,
            attended=own.approvals, listener=listener, stream_text=listener is not None,
        )  # fmt: skip
        created = int(self.clock())
        if listener is None:
            result = await _watched(self.desk, job, request)
            return told(
                answering.completion(
                    result, model=asked.model, created=created, room=answering.Room(asked.room)
                )
            )
        chunks = streaming.Chunks(f"chatcmpl-{job.run_id}", asked.model, created)
        stream = streaming.streamed(
            self.desk, job, listener, chunks, direct=question.strategy == "direct", tell_progress=own.progress,
            include_usage=asked.tells_usage, room=answering.Room(asked.room),
        )  # fmt: skip
        return StreamingResponse(stream, media_type="text/event-stream", headers=streaming.HEADERS)


async def _watched(desk: Desk, job: Job, request: Request) -> Result:
    """Wait for a run; end it if the client goes away. It can be resumed."""
    try:
        return await unless_gone(asyncio.create_task(job.result()), request)
    finally:
        desk.cancel(job.run_id)


def _model(name: str) -> Model:
    # No model was made at any time; OpenAI's clients expect one.
    return Model(id=name, created=0, owned_by="agot")
