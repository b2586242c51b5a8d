"""Serves the built page with made-up runs; what it answers is what the page's data contract says."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.web_browser import stories

STATIC = Path(__file__).parents[2] / "agot" / "web" / "static"
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
SIZES = {"ten": 10, "thousand": 1000, "tenthousand": 10_000, "fiftythousand": 50_000}
TEXTS = {"hostile": stories.HOSTILE, "rtl": stories.RTL, "emoji": stories.EMOJI}
LIVE = ("live", "live-cut")
STOPPED = ("spent", "spent-twice", "interrupted")
PAGE = 50
BATCHES = 12
BIG_BYTES = 20_000_000


@cache
def events_of(run: str) -> list[stories.Event]:
    """Return the events of a run; they are made once."""
    if run in SIZES:
        return stories.story(run, SIZES[run])
    if run in TEXTS:
        return stories.story(run, 12, text=TEXTS[run])
    if run == "flat":
        return stories.story(run, 2000, width=1999)
    if run == "other":
        return stories.story(run, 14, seed=5)
    if run == "spent":
        return stories.stopped(run, "budget", limit="calls", limits=[{"calls": 40}])
    if run == "spent-twice":
        return stories.stopped(
            run, "budget", limit="usd", limits=[SAVED, {"calls": 80, "usd": 0.3, "depth": 3}]
        )
    if run == "interrupted":
        return stories.stopped(run, "interrupted", limits=[{}])
    return stories.story(run, 24, seed=3)


SAVED = {"calls": 40, "tokens": None, "usd": 0.3, "seconds": None, "depth": 3, "thoughts": 200}
"""Limits with which every run began."""

RUNS = (*SIZES, *TEXTS, "flat", "other", "big", "ask-me", *LIVE, *STOPPED)


@dataclass
class Desk:
    """What a test may look at and change.

    Attributes:
        cuts: Streams of `live-cut` that are still to be broken off in the middle.
        pause_s: Between batches of a live run.
        posted: Bodies of all POSTs, with their paths.
        many: How many answered runs the list has besides, newer than the others.
        models: What `/v1/models` names; None if it cannot be had.
    """

    cuts: int = 2
    pause_s: float = 0.05
    posted: list[tuple[str, Any]] = field(default_factory=list)
    many: int = 0
    models: list[str] | None = field(default_factory=lambda: ["agot", "agot/direct", "agot/vote"])
    annotations: list[dict[str, Any]] = field(default_factory=list)
    resumed_from: list[str] = field(default_factory=list)
    over: set[str] = field(default_factory=set)


def row(run: str, desk: Desk) -> dict[str, Any]:
    """Return a run as the list shows it."""
    events = events_of(run)
    first, last = events[0], events[-1]
    running = (run in LIVE or run == "ask-me") and run not in desk.over
    used = last["usage"]
    return {
        "id": run, "question": first["question"], "status": "running" if running else last["status"],
        "answer": "" if running else last["answer"],
        "trust": "unchecked" if running else last.get("trust", "unchecked"),
        "trust_reason": "" if running else last.get("trust_reason", ""), "strategy": "auto", "model": "made/up",
        "created_at": datetime.fromtimestamp(stories.BEGAN_S, UTC).isoformat(),
        "wall_s": 0.0 if running else last["at_s"] - stories.BEGAN_S,
        "tokens": used["prompt_tokens"] + used["completion_tokens"], "calls": used["calls"],
        "cost_usd": used["cost_usd"], "thoughts": sum(event["kind"] == "thought_added" for event in events),
        "session": None, "running": running,
    }  # fmt: skip


def application(desk: Desk) -> Starlette:
    """Return the server's application."""

    def known(request: Request) -> str | None:
        run = request.path_params["run"]
        return run if run in RUNS or run == "new" else None

    def fault(message: str, status: int) -> Response:
        return JSONResponse({"error": {"message": message, "type": "fault", "code": None}}, status)

    async def runs(request: Request) -> Response:
        if request.method == "POST":
            desk.posted.append(("runs", await request.json()))
            return JSONResponse({"id": "live"}, 202)
        wanted, status = request.query_params.get("q", ""), request.query_params.get("status", "")
        rows = [
            {**row("ten", desk), "id": f"many-{number}", "question": f"Which is number {number}?"}
            for number in range(desk.many, 0, -1)
        ] + [row(run, desk) for run in RUNS if run not in ("fiftythousand", *STOPPED)]
        rows = [
            one for one in rows if wanted.lower() in one["question"].lower() and status in ("", one["status"])
        ]
        before = request.query_params.get("before")
        after = next((at + 1 for at, one in enumerate(rows) if one["id"] == before), 0)
        shown = rows[after : after + PAGE]
        return JSONResponse({"runs": shown, "next": shown[-1]["id"] if after + PAGE < len(rows) else None})

    async def models(request: Request) -> Response:
        if desk.models is None:
            return fault("There are no models.", 503)
        return JSONResponse(
            {"object": "list", "data": [{"id": name, "object": "model"} for name in desk.models]}
        )

    async def run(request: Request) -> Response:
        name = known(request)
        if name is None:
            return fault(f"There is no run {request.path_params['run']!r}.", 404)
        last = events_of(name)[-1]
        return JSONResponse({
            **row(name, desk), "reason": last["reason"] if name in STOPPED else "", "limit": last["limit"],
            "verdicts": [], "usage": {}, "settings": {"budget": SAVED}, "attempts": last["attempt"],
            "seq": 0 if name in LIVE else last["seq"],
        })  # fmt: skip

    async def skeleton(request: Request) -> Response:
        name = known(request) or "ten"
        events = events_of(name)
        if name in LIVE and name not in desk.over:
            events = events[:0]
        if name == "ask-me":
            events = events[:21]
        return Response(packed(name, len(events)), media_type="application/json")

    async def events_json(request: Request) -> Response:
        name = known(request) or "ten"
        after, limit = (
            int(request.query_params.get("after", "0")),
            int(request.query_params.get("limit", 5000)),
        )
        events = events_of(name)
        page = events[after : after + limit]
        return JSONResponse({"events": page, "seq": after + len(page), "more": after + limit < len(events)})

    async def watch(request: Request) -> Response:
        name = known(request) or "ten"
        after = int(request.headers.get("last-event-id") or request.query_params.get("after", "0"))
        desk.resumed_from.append(f"{name} {after}")
        if name == "ask-me":
            return StreamingResponse(waiting(), media_type="text/event-stream")
        return StreamingResponse(told(name, after), media_type="text/event-stream")

    async def waiting() -> AsyncIterator[str]:
        yield "retry: 50\n\n"
        await asyncio.sleep(3600)

    async def told(name: str, after: int) -> AsyncIterator[str]:
        events = events_of(name)
        size = max(1, len(events) // BATCHES)
        yield "retry: 50\n\n"
        sent = 0
        while after < len(events):
            batch = events[after : after + size]
            if name == "live-cut" and desk.cuts and sent == 3:
                # Cut within a batch: what has arrived is not told by an id, so it has to come again.
                desk.cuts -= 1
                yield f"id: {batch[-1]['seq']}\nevent: batch\ndata: {json.dumps(batch)[:200]}"
                return
            after, sent = batch[-1]["seq"], sent + 1
            streamed = {"run_id": name, "seq": 0, "at_s": 0, "attempt": 1, "kind": "text_streamed",
                        "thought": "root", "purpose": "solve", "text": "arriving… "}  # fmt: skip
            yield f"id: {after}\nevent: batch\ndata: {json.dumps([*batch, streamed])}\n\n"
            await asyncio.sleep(desk.pause_s)
        desk.over.add(name)
        yield f'id: {after}\nevent: end\ndata: {{"seq": {after}, "status": "answered"}}\n\n'

    async def thought(request: Request) -> Response:
        name = known(request) or "ten"
        return JSONResponse(stories.detail(events_of(name), request.path_params["thought"]))

    async def call(request: Request) -> Response:
        text = TEXTS.get(request.path_params["run"], "Think **step by step**:\n\n1. first\n2. second")
        if request.path_params["run"] == "big":
            text = "0123456789abcdef " * (BIG_BYTES // 17)
        return JSONResponse({
            "request": {"messages": [{"role": "system", "content": "Answer."}, {"role": "user", "content": text}]},
            "response": {"completions": [{"text": TEXTS.get(request.path_params["run"], "It is **42**.")}]},
        })  # fmt: skip

    async def searches(request: Request) -> Response:
        name = known(request) or "ten"
        return JSONResponse({"searches": stories.searches(events_of(name), request.query_params["thought"])})

    async def annotations(request: Request) -> Response:
        if request.method == "POST":
            body = await request.json()
            kept = {"id": str(len(desk.annotations) + 1), "created_at": "2026-01-02T03:04:05Z", **body}
            desk.annotations.append(kept)
            return JSONResponse(kept, 201)
        if request.method == "DELETE":
            desk.annotations[:] = [
                one for one in desk.annotations if one["id"] != request.path_params["name"]
            ]
            return JSONResponse({"done": True})
        return JSONResponse({"annotations": desk.annotations})

    async def approvals(request: Request) -> Response:
        waits = request.path_params["run"] == "ask-me" and not any(
            "approvals" in path for path, _ in desk.posted
        )
        asked = {"call": "k:1", "tool": "send_mail", "arguments": {"to": "somebody"}}
        return JSONResponse({"approvals": [asked] if waits else []})

    async def act(request: Request) -> Response:
        body = await request.body()
        desk.posted.append((request.url.path.removeprefix("/api/runs/"), json.loads(body) if body else None))
        return JSONResponse({"id": "other"}, 202)

    async def fork(request: Request) -> Response:
        if request.method == "POST":
            return await act(request)
        return JSONResponse({"replayed_calls": 7, "repeated_calls": 3, "tokens": 4200, "cost_usd": 0.0042})

    async def index(request: Request) -> Response:
        return HTMLResponse((STATIC / "index.html").read_text(), headers={"content-security-policy": POLICY})

    one = "/api/runs/{run}"
    return Starlette(
        routes=[
            Route("/", index), Mount("/static", StaticFiles(directory=STATIC)),
            Route("/v1/models", models),
            Route("/api/runs", runs, methods=["GET", "POST"]), Route(one, run),
            Route(f"{one}/skeleton", skeleton), Route(f"{one}/events.json", events_json), Route(f"{one}/events", watch),
            Route(f"{one}/thoughts/{{thought:path}}", thought), Route(f"{one}/calls/{{key:path}}", call),
            Route(f"{one}/searches", searches),
            Route(f"{one}/annotations", annotations, methods=["GET", "POST"]),
            Route(f"{one}/annotations/{{name}}", annotations, methods=["DELETE"]),
            Route(f"{one}/fork", fork, methods=["GET", "POST"]),
            Route(f"{one}/cancel", act, methods=["POST"]), Route(f"{one}/resume", act, methods=["POST"]),
            Route(f"{one}/approvals", approvals),
            Route(f"{one}/approvals/{{call:path}}", act, methods=["POST"]),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=2000, compresslevel=1)],
    )  # fmt: skip


@cache
def packed(run: str, count: int) -> bytes:
    """Return a skeleton as JSON; large ones take long to make."""
    return json.dumps(stories.skeleton(run, events_of(run)[:count])).encode()


@contextmanager
def serving(desk: Desk) -> Iterator[str]:
    """Serve on a free port of the loopback until the block ends; gives the address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(
        application(desk), log_level="warning", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1,
    ))  # fmt: skip
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


if __name__ == "__main__":
    with serving(Desk()) as address:
        print(address, flush=True)
        threading.Event().wait()
