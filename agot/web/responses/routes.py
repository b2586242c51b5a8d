"""The route of responses."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response as HttpResponse
from starlette.responses import StreamingResponse

from agot.errors import StoreError
from agot.ids import RunId
from agot.stores.database import SqlStore
from agot.web.completions.routes import Completions
from agot.web.completions.streaming import HEADERS
from agot.web.completions.wire import Completion, CompletionUsage
from agot.web.events import chunk_of
from agot.web.faults import HttpFault
from agot.web.operations import Operation, sent, told
from agot.web.responses.asking import as_completion
from agot.web.responses.building import Building
from agot.web.responses.wire import Response, ResponseRequest


@dataclass(slots=True)
class Responses:
    """Answers requests for responses by chat completions."""

    completions: Completions
    store: SqlStore

    def operations(self) -> list[Operation]:
        """Return all routes."""
        about = "Answer a question or a conversation. With `stream`, OpenAI's events (text/event-stream)."
        return [
            Operation("POST", "/v1/responses", "createResponse", about, self.respond, {200: Response}, ResponseRequest,
                      faults=(404, 429, 500, 502, 503), tags=("completions",)),
        ]  # fmt: skip

    async def respond(self, request: Request) -> HttpResponse:
        asked = await sent(request, ResponseRequest)
        try:
            got = await self.completions.answer(request, as_completion(asked))
        except HttpFault as fault:
            raise fault.about("messages", "input") from None
        if isinstance(got, StreamingResponse):
            stream = self._streamed(asked, got.body_iterator.__aiter__())
            return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)
        completion = Completion.model_validate_json(bytes(got.body))
        (choice,) = completion.choices
        building = Building(asked, completion.agot.run_id, completion.created)
        building.take(choice.message)
        report = completion.agot.model_dump(mode="json")
        response = building.end(choice.finish_reason, completion.usage, report)
        await self._forget(asked, completion.agot.run_id)
        return told(response)

    async def _streamed(self, asked: ResponseRequest, chunks: AsyncIterator[object]) -> AsyncIterator[str]:
        building: Building | None = None
        finish_reason = report = usage = None
        try:
            async for event in chunks:
                chunk = chunk_of(event)
                if not chunk:
                    # A comment, so that nobody in between hangs up, or the end of the chunks.
                    yield ": still at work\n\n"
                    continue
                if building is None:
                    run = str(chunk["id"]).removeprefix("chatcmpl-")
                    building = Building(asked, run, chunk["created"])
                    building.begin()
                if "error" in chunk:
                    building.fail(chunk["error"])
                    yield building.take_events()
                    return
                if chunk.get("usage"):
                    usage = CompletionUsage.model_validate(chunk["usage"])
                for choice in chunk["choices"]:
                    building.take(choice["delta"])
                    finish_reason = choice["finish_reason"] or finish_reason
                report = chunk.get("agot") or report
                yield building.take_events()
            if building is not None:
                building.end(finish_reason, usage, report)
                yield building.take_events()
        finally:
            if hasattr(chunks, "aclose"):
                await chunks.aclose()
            if building is not None:
                await self._forget(asked, building.run)

    async def _forget(self, asked: ResponseRequest, run: str) -> None:
        if asked.store is False:
            # One that another process goes on with is kept.
            with contextlib.suppress(StoreError):
                await self.store.delete(RunId(run))
