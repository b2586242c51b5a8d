"""A model server that knows tools: what OpenAI's would answer to a request with a weather tool."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agot.web.binding import bound


@dataclass(slots=True)
class Upstream:
    """The server's record."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200


_CALL = {
    "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}
}  # fmt: skip


def _message(request: dict[str, Any]) -> dict[str, Any]:
    results = [one["content"] for one in request["messages"] if one["role"] == "tool"]
    if results:
        return {"role": "assistant", "content": f"It is {results[-1]}."}
    return {"role": "assistant", "content": None, "tool_calls": [_CALL]}


def _events(request: dict[str, Any], usage: dict[str, int]) -> Iterator[str]:
    message = _message(request)
    calls = message.get("tool_calls")
    half = len(_CALL["function"]["arguments"]) // 2  # type: ignore[index]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": message["content"]}]
    if calls:
        name, arguments = _CALL["function"]["name"], _CALL["function"]["arguments"]  # type: ignore[index]
        deltas = [
            {"role": "assistant", "tool_calls": [{"index": 0, "id": "call_1", "type": "function",
             "function": {"name": name, "arguments": arguments[:half]}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": arguments[half:]}}]},
        ]  # fmt: skip
    head = {"id": "up-1", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
    for delta in deltas:
        yield f"data: {json.dumps({**head, 'choices': [{'index': 0, 'delta': delta, 'finish_reason': None}]})}\n\n"
    reason = "tool_calls" if calls else "stop"
    yield f"data: {json.dumps({**head, 'choices': [{'index': 0, 'delta': {}, 'finish_reason': reason}]})}\n\n"
    yield f"data: {json.dumps({**head, 'choices': [], 'usage': usage})}\n\ndata: [DONE]\n\n"


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Serve from a thread until the block ends."""
    record = Upstream()

    async def complete(request: Request) -> Response:
        asked = await request.json()
        record.requests.append(asked)
        if record.status != 200:
            return JSONResponse({"error": {"message": "no", "type": "x"}}, record.status)
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        if asked.get("stream"):
            return StreamingResponse(_events(asked, usage), media_type="text/event-stream")
        message = _message(asked)
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return JSONResponse({
            "id": "up-1", "object": "chat.completion", "created": 1, "model": asked["model"], "choices": [choice],
            "usage": usage,
        })  # fmt: skip

    app = Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])
    with running(app) as url:
        record.url = url
        yield record


@contextmanager
def running(app: Starlette) -> Iterator[str]:
    """Serve an application from a thread until the block ends; yield the address of its `/v1`."""
    listening = bound("127.0.0.1", 0, None)
    listening.listen(16)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
