"""Text completions, OpenAI's oldest API: a prompt is asked as a question.

A text is not gone on with, as a bare language model would: an answer is given. So `suffix` is refused, and `echo` sets the
prompt before the answer. Several prompts are answered one after another, each by a run of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agot.web.completions.routes import Completions
from agot.web.completions.streaming import DONE, HEADERS
from agot.web.completions.wire import (
    Asked,
    Completion,
    CompletionRequest,
    CompletionUsage,
    Extension,
    Number,
    Report,
    StopText,
    StreamOptions,
    Tokens,
)
from agot.web.events import chunk_of, event_of
from agot.web.faults import HttpFault
from agot.web.operations import Operation, checked, sent, told
from agot.web.wire import Told

MOST_PROMPTS = 32

_REFUSED = ("suffix", "tools", "response_format")


class TextRequest(Asked):
    model: Annotated[str, Field(min_length=1, max_length=200)]
    prompt: str | Annotated[list[str], Field(min_length=1, max_length=MOST_PROMPTS)]
    stream: Annotated[bool, Field(strict=True)] | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(strict=True, ge=1, le=1)] | None = Field(default=None, description="Only 1.")
    best_of: Annotated[int, Field(strict=True, ge=1, le=1)] | None = Field(default=None, description="Only 1.")
    echo: Annotated[bool, Field(strict=True)] | None = Field(default=None, description="The prompt before the answer.")
    suffix: str | None = Field(default=None, description="Refused.")
    logprobs: Annotated[int, Field(strict=True, ge=0, le=0)] | None = Field(default=None, description="Only 0.")
    max_tokens: Tokens | None = Field(default=None, description="Room for the answer; -1 and nothing for no bound.")
    stop: StopText | Annotated[list[StopText], Field(max_length=64)] | None = None
    seed: Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)] | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = Field(default=None, description="Ignored.")
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = Field(default=None, description="Ignored.")
    agot: Extension | None = None

    @property
    def prompts(self) -> list[str]:
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt


class TextChoice(Told):
    text: str
    index: int
    finish_reason: str | None
    logprobs: None = None
    agot: Report | None = None


class TextCompletion(Told):
    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[TextChoice]
    usage: CompletionUsage


@dataclass(slots=True)
class TextCompletions:
    """Answers text completions by chat completions."""

    completions: Completions

    def operations(self) -> list[Operation]:
        """Return all routes."""
        about = "Answer a prompt, or several. With `stream`, chunks as server-sent events (text/event-stream)."
        return [
            Operation("POST", "/v1/completions", "createTextCompletion", about, self.complete, {200: TextCompletion},
                      TextRequest, faults=(404, 429, 500, 502, 503), tags=("completions",)),
        ]  # fmt: skip

    async def complete(self, request: Request) -> Response:
        asked = await sent(request, TextRequest)
        for name in _REFUSED:
            if getattr(asked, name, None) or (asked.model_extra or {}).get(name):
                raise HttpFault(400, f"{name} is not served here: use /v1/chat/completions.", code="unsupported", param=name)
        if blank := [place for place, prompt in enumerate(asked.prompts) if not prompt.strip()]:
            where = "prompt" if isinstance(asked.prompt, str) else f"prompt.{blank[0]}"
            raise HttpFault(400, f"{where} asks nothing.", code="no_question", param=where)
        each = [_as_chat(asked, prompt) for prompt in asked.prompts]
        if asked.stream:
            # The first is begun here, so that what is wrong with it is told by the status.
            first = await self._answered(request, each[0])
            stream = self._streamed(request, asked, each, first)
            return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)
        choices: list[TextChoice] = []
        spent = CompletionUsage(prompt_tokens=0, completion_tokens=0, total_tokens=0)
        for place, chat in enumerate(each):
            response = await self._answered(request, chat)
            got = Completion.model_validate_json(bytes(response.body))
            spent = spent.plus(got.usage)
            (choice,) = got.choices
            text = (asked.prompts[place] if asked.echo else "") + (choice.message.get("content") or "")
            choices.append(TextChoice(text=text, index=place, finish_reason=choice.finish_reason, agot=got.agot))
        run = choices[0].agot.run_id if choices[0].agot is not None else ""
        return told(TextCompletion(
            id=f"cmpl-{run}", created=got.created, model=asked.model, choices=choices, usage=spent
        ))  # fmt: skip

    async def _answered(self, request: Request, chat: CompletionRequest) -> Response:
        try:
            return await self.completions.answer(request, chat)
        except HttpFault as fault:
            raise fault.about("messages", "prompt") from None

    async def _streamed(
        self, request: Request, asked: TextRequest, each: list[CompletionRequest], first: Response
    ) -> AsyncIterator[str]:
        spent = CompletionUsage(prompt_tokens=0, completion_tokens=0, total_tokens=0)
        head: dict[str, Any] = {}
        for place, chat in enumerate(each):
            try:
                response = first if place == 0 else await self._answered(request, chat)
            except HttpFault as fault:
                yield event_of(fault.body())
                return
            assert isinstance(response, StreamingResponse)
            echo = asked.prompts[place] if asked.echo else ""
            async for event in response.body_iterator:
                chunk = chunk_of(event)
                if not chunk:
                    if str(event) != DONE:
                        yield str(event)
                    continue
                if "error" in chunk:
                    yield event_of(chunk)
                    return
                head = head or {
                    "id": str(chunk["id"]).replace("chatcmpl-", "cmpl-"), "object": "text_completion",
                    "created": chunk["created"], "model": asked.model,
                }  # fmt: skip
                if chunk.get("usage"):
                    spent = spent.plus(CompletionUsage.model_validate(chunk["usage"]))
                for choice in chunk["choices"]:
                    text, ended = choice["delta"].get("content") or "", choice["finish_reason"]
                    text, echo = echo + text, ""
                    if text or ended:
                        made = {"text": text, "index": place, "finish_reason": ended, "logprobs": None}
                        if "agot" in chunk:
                            made["agot"] = chunk["agot"]
                        yield event_of({**head, "choices": [made]})
        if asked.stream_options is not None and asked.stream_options.include_usage:
            yield event_of({**head, "choices": [], "usage": spent.model_dump()})
        yield DONE


def _as_chat(asked: TextRequest, prompt: str) -> CompletionRequest:
    """Return the chat completion of one prompt; its streams always tell the usage, to be added up."""
    body: dict[str, Any] = {
        "model": asked.model, "messages": [{"role": "user", "content": prompt}], "stream": asked.stream,
        "max_tokens": asked.max_tokens, "stop": asked.stop, "seed": asked.seed,
        "agot": asked.agot.model_dump() if asked.agot is not None else {"progress": False},
        "stream_options": {"include_usage": True} if asked.stream else None,
    }  # fmt: skip
    return checked({name: value for name, value in body.items() if value is not None}, CompletionRequest)
