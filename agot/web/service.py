"""The application: all routes behind the guard, over one reasoner and one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from agot.errors import AgotError
from agot.reasoner import Reasoner
from agot.stores.database import SqlStore
from agot.web import pages
from agot.web.about import About
from agot.web.completions.asking import Names
from agot.web.completions.legacy import TextCompletions
from agot.web.completions.routes import Completions
from agot.web.counts import Ledger, count
from agot.web.desk import Desk
from agot.web.faults import HttpFault, translated
from agot.web.group import Group
from agot.web.guard import Access, guarded
from agot.web.measuring import Metrics
from agot.web.operations import routes
from agot.web.readiness import Readiness
from agot.web.responses.routes import Responses
from agot.web.runs import MOST_WATCHERS, Runs

STOP_WITHIN_S = 5.0
"""What runs that are stopped may take to conclude."""


@dataclass(frozen=True, slots=True)
class Service:
    """A server's inside, to be served by any ASGI server.

    Attributes:
        app: The application; its lifespan closes reasoner and store.
    """

    app: ASGIApp
    desk: Desk
    metrics: Metrics


def service(
    reasoner: Reasoner,
    store: SqlStore,
    access: Access,
    *,
    most_runs: int = 8,
    most_waiting: int = 32,
    names: Names = Names(),  # noqa: B008 - it is immutable
    static: Path = pages.STATIC,
    group: Group | None = None,
    ledger: Ledger | None = None,
) -> Service:
    """Return the application over a reasoner and the store that it was given.

    Args:
        reasoner: With `agot.web.approvals.approve`, if tools are to be approved over HTTP.
        most_runs: Runs at work at once.
        most_waiting: Runs that may wait beyond those; more are answered with 429.
        names: What names of models mean.
        static: Where the page's files are.
        group: The servers that act as one with this one.
        ledger: Where the workers of this server count together; the bounds then hold for all of them.
    """
    desk = Desk(
        reasoner, store, most_runs=most_runs, most_waiting=most_waiting, group=group, ledger=ledger
    )  # fmt: skip
    metrics = Metrics()
    store.readers.append(metrics.read)
    runs = Runs(store, desk, watchers=count(MOST_WATCHERS, "watchers", ledger))
    completions = Completions(desk, store, names)
    operations = [
        *completions.operations(), *TextCompletions(completions).operations(),
        *Responses(completions, store).operations(), *runs.operations(),
    ]  # fmt: skip
    about = About(Readiness(desk, store), metrics, operations)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(group.watch(desk)) if group is not None else None
        try:
            yield
        finally:
            desk.close()
            await desk.ended(STOP_WITHIN_S)
            if watching is not None:
                watching.cancel()
                await asyncio.wait({watching})
            await reasoner.close()
            await store.close()

    inner = Starlette(
        routes=[*routes([*operations, *about.operations()]), *pages.routes(static)],
        exception_handlers={HTTPException: _refused, HttpFault: _fault, AgotError: _fault},
        lifespan=lifespan,
    )
    # A redirect would name whatever host was asked for.
    inner.router.redirect_slashes = False
    return Service(metrics.measured(guarded(inner, access)), desk, metrics)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    where = f"{request.method} {request.url.path}"[:200]
    text = {404: f"There is nothing at {where}.", 405: f"{where}: this method is not allowed here."}
    fault = HttpFault(error.status_code, text.get(error.status_code, error.detail), headers=error.headers)
    return fault.response()


async def _fault(request: Request, error: Exception) -> Response:
    if isinstance(error, HttpFault):
        return error.response()
    assert isinstance(error, AgotError)
    return translated(error).response()
