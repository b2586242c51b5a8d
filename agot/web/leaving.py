"""Waiting for work on behalf of a client that may go away."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from starlette.requests import Request

from agot.web.faults import NOT_REPEATED, HttpFault

T = TypeVar("T")


async def unless_gone(work: asyncio.Task[T], request: Request) -> T:
    """Return the outcome of a task; cancel it if the client goes away before, or this is cancelled.

    Raises:
        HttpFault: If the client went away, for nobody to read; 503, if the task was cancelled because the server stops.
    """
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise HttpFault(503, "The client went away.", code="interrupted")
        if work.cancelled():
            raise HttpFault(503, "The server is stopping.", code="stopping", headers=NOT_REPEATED)
        return work.result()
    finally:
        gone.cancel()
        work.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
