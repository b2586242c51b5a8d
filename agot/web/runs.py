"""Runs over HTTP: listing, looking, watching, starting, stopping, branching, annotating, taking out and away."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, get_args

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agot.budget import Budget
from agot.errors import AgotError
from agot.ids import ROOT, RunId, new_run_id
from agot.settings import Settings
from agot.stores import branching, remarks, telemetry, views
from agot.stores.database import SqlStore
from agot.web import wire
from agot.web.counts import Count
from agot.web.desk import Desk, Job
from agot.web.faults import HttpFault, busy, not_found
from agot.web.operations import Operation, Parameter, number, sent, told, told_raw
from agot.web.watching import batches

T = TypeVar("T")

MOST_WATCHERS = 100
"""Streams of events at once; each keeps a connection, and one tab needs one."""

_LONGEST_PAGE = 200
_MOST_EVENTS = 20_000
_MOST_SEQ = 2**53
_CURSOR = Parameter("before", {"type": "string", "maxLength": 100}, "`next` of the page before.")
_AFTER = Parameter(
    "after", {"type": "integer", "minimum": 0, "maximum": _MOST_SEQ}, "Number of the last event that is known."
)  # fmt: skip
_SHORT = {"type": "string", "maxLength": 400}


@dataclass(slots=True)
class Runs:
    """Answers requests about runs.

    Attributes:
        clock: Seconds since the epoch.
    """

    store: SqlStore
    desk: Desk
    clock: Callable[[], float] = time.time
    watchers: Count = field(default_factory=lambda: Count(MOST_WATCHERS))

    def operations(self) -> list[Operation]:
        """Return all routes."""
        run, made = "/api/runs/{run}", {202: wire.RunId}
        query = Parameter("q", _SHORT, "Text in question or answer.")
        status = Parameter("status", {"type": "string", "enum": list(get_args(wire.RunStanding))})
        limit = Parameter("limit", {"type": "integer", "minimum": 1, "maximum": _LONGEST_PAGE, "default": 50})
        session = Parameter("session", _SHORT, "Only runs of this conversation.")
        events = Parameter(
            "limit", {"type": "integer", "minimum": 1, "maximum": _MOST_EVENTS, "default": 5000}
        )
        last = Parameter("Last-Event-ID", {"type": "string"}, "Takes the place of `after`.", where="header")
        thought = Parameter("thought", _SHORT)
        chosen = Parameter("thought", {"type": "string", "minLength": 1, "maxLength": 400}, required=True)
        formats = Parameter("format", {"type": "string", "enum": ["json", "otlp"], "default": "json"})
        wait = (404, 409, 429, 503)
        return [
            Operation("GET", "/api/runs", "listRuns", "List runs, newest first.", self.list,
                      {200: wire.RunList}, parameters=(query, status, session, limit, _CURSOR)),
            Operation("POST", "/api/runs", "startRun", "Start a run; it may have to wait for its turn.", self.start,
                      made, wire.StartRequest, faults=(429, 503)),
            Operation("GET", run, "getRun", "Return a run.", self.get, {200: wire.RunDetail}, faults=(404,)),
            Operation("DELETE", run, "deleteRun", "Delete a run that nobody is running.", self.delete,
                      {200: wire.Done}, faults=(404, 409)),
            Operation("GET", f"{run}/skeleton", "getSkeleton", "Return the structure of a run, one row per thought.",
                      self.skeleton, {200: wire.Skeleton}, faults=(404,)),
            Operation("GET", f"{run}/events", "watchRun", "Watch a run as server-sent events.", self.events,
                      {200: "text/event-stream"}, parameters=(_AFTER, last), faults=(404, 429)),
            Operation("GET", f"{run}/events.json", "listEvents", "Return stored events.", self.stored_events,
                      {200: wire.Events}, parameters=(_AFTER, events), faults=(404,)),
            Operation("GET", f"{run}/thoughts/{{thought:path}}", "getThought", "Return a thought.", self.thought,
                      {200: wire.ThoughtDetail}, faults=(404,)),
            Operation("GET", f"{run}/calls/{{key:path}}", "getCall", "Return a call with its bodies.", self.call,
                      {200: wire.CallDetail}, faults=(404,)),
            Operation("GET", f"{run}/searches", "listSearches", "Return searches as trees.", self.searches,
                      {200: wire.Searches}, parameters=(thought,), faults=(404,)),
            Operation("GET", f"{run}/annotations", "listAnnotations", "Return what was written beside a run.",
                      self.annotations, {200: wire.Annotations}, faults=(404,)),
            Operation("POST", f"{run}/annotations", "annotate", "Write something beside a run or a thought.",
                      self.annotate, {201: wire.AnnotationRow}, wire.AnnotationRequest, faults=(404,)),
            Operation("DELETE", f"{run}/annotations/{{annotation}}", "deleteAnnotation", "Delete what was written.",
                      self.unannotate, {200: wire.Done}, faults=(404,)),
            Operation("POST", f"{run}/cancel", "cancelRun", "Stop a run of a server; it can be resumed.", self.cancel,
                      made, faults=(404, 409)),
            Operation("POST", f"{run}/resume", "resumeRun", "Go on with a run; paid calls are replayed.", self.resume,
                      made, wire.ResumeRequest, body_required=False, faults=wait),
            Operation("GET", f"{run}/approvals", "listApprovals", "Return tool calls that wait for a person's word.",
                      self.approvals, {200: wire.Approvals}, faults=(404,)),
            Operation("POST", f"{run}/approvals/{{call:path}}", "approve", "Approve or refuse a tool call.", self.decide,
                      {200: wire.Done}, wire.DecisionRequest, faults=(404,)),
            Operation("GET", f"{run}/fork", "estimateFork", "Return what a fork would pay for anew.", self.estimate,
                      {200: wire.ForkEstimate}, parameters=(chosen,), faults=(404,)),
            Operation("POST", f"{run}/fork", "forkRun",
                      "Start a new run that replays all calls but those of a thought and of what depends on it.",
                      self.fork, made, wire.ForkRequest, faults=wait),
            Operation("GET", f"{run}/export", "exportRun", "Return everything of a run.", self.export,
                      {200: "application/json"}, parameters=(formats,), faults=(404,)),
        ]  # fmt: skip

    # -- looking

    async def list(self, request: Request) -> Response:
        limit = number(request, "limit", 50, least=1, most=_LONGEST_PAGE)
        status = request.query_params.get("status")
        if status is not None and status not in get_args(wire.RunStanding):
            known = ", ".join(get_args(wire.RunStanding))
            raise HttpFault(400, f"status is {status[:40]!r}; expected one of {known}.", param="status")
        rows = await self.store.view(partial(
            views.page, limit=limit, before=_cursor(request), status=status,
            search=_short(request, "q") or "", session=_short(request, "session"),
        ))  # fmt: skip
        following = f"{rows[-1]['created_s']!r}~{rows[-1]['id']}" if len(rows) == limit else None
        elsewhere = await self.desk.those_elsewhere([row["id"] for row in rows])
        found = [self._row(row, elsewhere=row["id"] in elsewhere) for row in rows]
        # Of the runs without an end, only their servers tell which are running.
        kept = [row for row in found if status is None or row["status"] == status]
        return told(wire.RunList(runs=[wire.RunRow.model_validate(row) for row in kept], next=following))

    async def get(self, request: Request) -> Response:
        row = await self._view(request, views.run)
        elsewhere = await self.desk.elsewhere(row["id"]) is not None
        return told(wire.RunDetail.model_validate(self._row(row, elsewhere=elsewhere)))

    async def skeleton(self, request: Request) -> Response:
        return told_raw(await self._view(request, views.skeleton))

    async def thought(self, request: Request) -> Response:
        return told_raw(await self._view(request, views.thought, name=request.path_params["thought"]))

    async def call(self, request: Request) -> Response:
        return told_raw(await self._view(request, views.call, key=request.path_params["key"]))

    async def searches(self, request: Request) -> Response:
        found = await self._view(request, views.searches, name=_short(request, "thought"))
        return told_raw({"searches": found})

    async def stored_events(self, request: Request) -> Response:
        after = number(request, "after", 0, least=0, most=_MOST_SEQ)
        limit = number(request, "limit", 5000, least=1, most=_MOST_EVENTS)
        found = await self._view(request, views.bodies, after=after, limit=limit + 1)
        shown = found[:limit]
        last, more = shown[-1][0] if shown else after, len(found) > limit
        text = f'{{"events":[{",".join(body for _, body in shown)}],"seq":{last},"more":{json.dumps(more)}}}'
        return Response(text, media_type="application/json")

    async def events(self, request: Request) -> Response:
        run_id = await self._found(request)
        after = number(request, "after", 0, least=0, most=_MOST_SEQ)
        header = request.headers.get("last-event-id", "")
        if header.isascii() and header.isdecimal() and len(header) < 17:
            after = int(header)
        if not self.watchers.room:
            raise busy(5, f"{MOST_WATCHERS} streams of events are open, which is all there may be.")
        return StreamingResponse(
            self._watched(run_id, after), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
        )  # fmt: skip

    async def _watched(self, run_id: RunId, after: int) -> Any:
        self.watchers.add()
        try:
            async for piece in batches(self.store, self.desk, run_id, after=after):
                yield piece
        finally:
            self.watchers.free()

    # -- annotating

    async def annotations(self, request: Request) -> Response:
        rows = await self._view(request, remarks.list_remarks)
        return told(wire.Annotations(annotations=[_annotation(row) for row in rows]))

    async def annotate(self, request: Request) -> Response:
        run_id = await self._found(request)
        asked = await sent(request, wire.AnnotationRequest)
        now_s = self.clock()
        if asked.thought:
            await self.store.view(partial(views.thought, run_id=run_id, name=asked.thought))
        written = remarks.Remark(
            id=new_run_id(now_s), thought=asked.thought, text=asked.text, created_s=now_s
        )
        kept = await self.store.change(partial(remarks.add_remark, run_id=run_id, remark=written))
        return told(_annotation(kept), 201)

    async def unannotate(self, request: Request) -> Response:
        run_id, name = await self._found(request), request.path_params["annotation"]
        if not await self.store.change(partial(remarks.remove_remark, run_id=run_id, name=name)):
            raise not_found(f"annotation {name[:80]!r}")
        return told(wire.Done())

    # -- running

    async def start(self, request: Request) -> Response:
        asked = await sent(request, wire.StartRequest)
        own = self.desk.reasoner.settings.budget
        job = await self.desk.start(
            asked.question,
            strategy=asked.strategy,
            budget=limited(own, asked.budget, most=own),
            effort=asked.effort,
            seed=asked.seed,
            kept=True,
        )
        return _accepted(job)

    async def cancel(self, request: Request) -> Response:
        run_id = await self._found(request)
        if not await self.desk.cancel_anywhere(run_id):
            row = await self.store.run(run_id)
            where = "Another process is running it: stop it there." if row.live else "Nobody is running it."
            raise HttpFault(409, f"The run {run_id} cannot be stopped here. {where}", code="not_here")
        return told(wire.RunId(id=run_id), 202)

    async def resume(self, request: Request) -> Response:
        run_id = await self._found(request)
        asked = await sent(request, wire.ResumeRequest, required=False)
        row = await self.store.run(run_id)
        if row.status == "answered" and not asked.again:
            raise HttpFault(
                409, f"The run {run_id} is answered. Send again: true to do it again.", code="answered"
            )
        if self.desk.job(run_id) is None and (row.live or await self.desk.elsewhere(run_id) is not None):
            raise HttpFault(409, f"Another process is running the run {run_id}.", code="running")
        saved = Budget.model_validate(json.loads(row.settings_json).get("budget", {}))
        budget = limited(saved, asked.budget, most=self.desk.reasoner.settings.budget)
        return _accepted(await self.desk.resume(run_id, budget=budget, again=asked.again))

    async def approvals(self, request: Request) -> Response:
        waiting = await self.desk.waiting_approvals(await self._found(request))
        return told(wire.Approvals(approvals=[
            wire.Approval(
                call=one.call, tool=one.tool, arguments=one.arguments, text=one.text, again=one.again
            )
            for one in waiting
        ]))  # fmt: skip

    async def decide(self, request: Request) -> Response:
        run_id, call = await self._found(request), request.path_params["call"]
        asked = await sent(request, wire.DecisionRequest)
        if not await self.desk.decide_anywhere(run_id, call, asked.decision):
            raise not_found(f"call {call[:80]!r} that waits for an approval here")
        return told(wire.Done())

    # -- branching, taking out and away

    async def estimate(self, request: Request) -> Response:
        thought = _short(request, "thought")
        if not thought:
            raise HttpFault(400, "thought is missing; name the one to think again.", param="thought")
        found = await self._view(request, branching.estimate, thought=thought)
        return told(wire.ForkEstimate.model_validate(found.model_dump()))

    async def fork(self, request: Request) -> Response:
        run_id = await self._found(request)
        asked = await sent(request, wire.ForkRequest)
        row = await self.store.run(run_id)
        settings = json.loads(row.settings_json)
        strategy = row.strategy
        if asked.strategy is not None:
            strategy = self._other_strategy(asked.strategy, asked.thought)
            settings["engine"] = {**settings.get("engine", {}), "strategy": strategy}
        Settings.model_validate(settings)
        into = new_run_id(self.clock())
        await self.store.change(partial(
            branching.branch, run_id=run_id, thought=asked.thought, into=into,
            settings_json=json.dumps(settings), strategy=strategy, now_s=self.clock(),
        ))  # fmt: skip
        try:
            return _accepted(await self.desk.resume(into))
        except (HttpFault, AgotError):
            # Who is refused has asked for nothing that should stay.
            await self.store.delete(into)
            raise

    def _other_strategy(self, strategy: str, thought: str) -> str:
        from agot.agents.strategies.registry import STRATEGIES

        if strategy != "auto":
            STRATEGIES.get(strategy)
        if thought != ROOT:
            raise HttpFault(
                400, "A strategy holds for a whole run: it can only be changed where the root is thought again.",
                param="strategy",
            )  # fmt: skip
        return strategy

    async def export(self, request: Request) -> Response:
        wanted = request.query_params.get("format", "json")
        if wanted not in ("json", "otlp"):
            raise HttpFault(400, f"format is {wanted[:40]!r}; expected json or otlp.", param="format")
        run_id = await self._found(request)
        exported = await self.store.export(run_id)
        name = f"agot-{run_id}.json"
        if wanted == "otlp":
            exported, name = telemetry.otlp(exported), f"agot-{run_id}.otlp.json"
        # Lone surrogates stay JSON escapes, which UTF-8 itself could not hold.
        return Response(
            json.dumps(exported, ensure_ascii=True), media_type="application/json",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )  # fmt: skip

    async def delete(self, request: Request) -> Response:
        run_id = await self._found(request)
        if self.desk.job(run_id) is not None or await self.desk.elsewhere(run_id) is not None:
            raise HttpFault(409, f"The run {run_id} is at work. Cancel it first.", code="running")
        await self.store.delete(run_id)
        return told(wire.Done())

    # -- parts of the above

    async def _found(self, request: Request) -> RunId:
        return await self.store.find(request.path_params["run"])

    async def _view(self, request: Request, query: Callable[..., T], **arguments: Any) -> T:
        run_id = await self._found(request)

        def read(connection: Connection) -> T:
            return query(connection, run_id, **arguments)

        return await self.store.view(read)

    def _row(self, row: dict[str, Any], *, elsewhere: bool) -> dict[str, Any]:
        here = elsewhere or self.desk.job(row["id"]) is not None
        running = row["running"] or here
        # A run that waits to be resumed still has the end of its last attempt.
        status = "running" if running else "unfinished" if row["status"] == "running" else row["status"]
        return row | {"running": running, "here": here, "status": status}


def limited(budget: Budget, asked: wire.Limits | None, *, most: Budget) -> Budget:
    """Return a budget with the limits that were asked for in the place of its own.

    Args:
        most: The server's own limits: who asks may set lower ones, not higher ones.
    """
    limits = budget.model_dump() | ({} if asked is None else asked.model_dump(exclude_none=True))
    for name, bound in most.model_dump().items():
        if bound is not None:
            limits[name] = bound if limits[name] is None else min(limits[name], bound)
    return Budget.model_validate(limits)


def _accepted(job: Job) -> Response:
    return told(wire.RunId(id=job.run_id), 202)


def _annotation(row: remarks.Remark) -> wire.AnnotationRow:
    return wire.AnnotationRow(
        id=row.id, thought=row.thought, text=row.text, created_at=views.instant(row.created_s)
    )  # fmt: skip


def _short(request: Request, name: str) -> str | None:
    text = request.query_params.get(name)
    if text is not None and len(text) > 400:
        raise HttpFault(400, f"{name} has {len(text)} characters; expected at most 400.", param=name)
    return text


def _cursor(request: Request) -> tuple[float, str] | None:
    text = request.query_params.get("before")
    if text is None:
        return None
    at, _, name = text.partition("~")
    try:
        at_s = float(at)
    except ValueError:
        at_s = math.nan
    if not math.isfinite(at_s) or not name or len(text) > 100 or "\0" in text:
        raise HttpFault(400, "before is no cursor; send back `next` of the page before.", param="before")
    return at_s, name
