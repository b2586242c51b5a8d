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
from agot.web.completions import answering, asking, forms, relaying, streaming
from agot.web.completions.wire import (
    ChatMessage,
    Completion,
    CompletionRequest,
    CompletionUsage,
    Extension,
    Model,
    ModelList,
)
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
        return await self.answer(request, await sent(request, CompletionRequest))

    async def answer(self, request: Request, asked: CompletionRequest) -> Response:
        """Answer a conversation: a chat completion, or its chunks as server-sent events.

        Args:
            request: The one that is answered, whatever it was sent as; who sent it may go away.

        Raises:
            HttpFault, AgotError: If there is no answer.
        """
        asking.check_fields(asked)
        strategy = self.names.strategy(asked.model, asked.agot)
        if asked.tools and asked.tool_choice != "none":
            return await self._relayed(request, asked)
        if strategy == "direct" and (asked.formed or asked.logprobs):
            return await self._relayed_in_form(request, asked)
        return await self._answered_by_run(request, asked, strategy)

    async def _relayed(self, request: Request, asked: CompletionRequest) -> Response:
        return await relaying.relayed(self.desk, self.store, request, asked, self.clock)

    async def _relayed_in_form(self, request: Request, asked: CompletionRequest) -> Response:
        """Pass a request on, and check that the reply is of the form that is asked for.

        A stream that is not ends with an error; of a whole reply what fits is taken out, or the model is asked again.
        """
        form = forms.form_of(asked.response_format)
        response = await self._relayed(request, asked)
        if form is None:
            return response
        if isinstance(response, StreamingResponse):
            response.body_iterator = forms.checked_stream(response.body_iterator, form)
            return response
        spent = CompletionUsage(prompt_tokens=0, completion_tokens=0, total_tokens=0)
        for left in range(forms.REPAIRS, -1, -1):
            got = Completion.model_validate_json(bytes(response.body))
            spent = spent.plus(got.usage)
            (choice,) = got.choices
            said = choice.message.get("content")
            if choice.finish_reason != "stop" or not isinstance(said, str):
                break
            if (fitting := forms.fitted(said, form)) is not None:
                choice.message["content"] = fitting
                break
            fault = forms.fault_of(said, form)
            if not left:
                choice.message.update(content=None, refusal=f"The model's reply is not of the form that was asked for: {fault}.")
                break
            again = [
                ChatMessage(role="assistant", content=said or "(no answer)"),
                ChatMessage(role="user", content=f"That is not usable: {fault}. Answer again with the JSON alone."),
            ]
            asked = asked.model_copy(update={"messages": [*asked.messages, *again]})
            response = await self._relayed(request, asked)
        return told(got.model_copy(update={"usage": spent}))

    async def _answered_by_run(self, request: Request, asked: CompletionRequest, strategy: str) -> Response:
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
        created, room = int(self.clock()), answering.Room(asked.room, asked.stops)
        if listener is None:
            result = await _watched(self.desk, job, request)
            return told(answering.completion(
                result, model=asked.model, created=created, room=room, formed=asked.formed
            ))  # fmt: skip
        chunks = streaming.Chunks(f"chatcmpl-{job.run_id}", asked.model, created)
        stream = streaming.streamed(
            self.desk, job, listener, chunks, direct=question.strategy == "direct" and not asked.formed,
            tell_progress=own.progress, include_usage=asked.tells_usage, room=room, formed=asked.formed,
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
