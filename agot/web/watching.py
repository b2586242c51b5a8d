"""Events of a run as server-sent events, read from the database, so that any process's runs can be watched.

What is sent is what is stored, in the order of its numbers, and a client says which it has: after any break it gets exactly
the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial

from agot.errors import StoreError
from agot.ids import RunId
from agot.stores import views
from agot.stores.database import SqlStore
from agot.stores.rows import StoredRun
from agot.web.desk import Desk

BATCH_S = 0.08
"""Pause between batches; below it a person sees no difference, above it the page lags."""

SLOW_S = 0.4
"""Pause while nothing happens in a run of another process, whose events are only found by asking."""

HEARTBEAT_S = 15.0
BATCH_EVENTS = 2_000


async def batches(
    store: SqlStore, desk: Desk, run_id: RunId, *, after: int, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[str]:
    """Yield the events of a run after a number, as server-sent events, until the run is over.

    Args:
        after: Number of the last event that the client has.
        heartbeat_s: Seconds of silence after which a comment is sent, so that nobody in between hangs up.
    """
    yield "retry: 1000\n\n"
    sent_s = time.monotonic()
    while True:
        job = desk.job(run_id)
        if job is not None and 0 < job.last_seq <= after:
            at_work, status, found = True, "running", []
        else:
            # In this order: whoever was at work before the events were read may tell more, nobody else can.
            try:
                row = await store.run(run_id)
                at_work = job is not None or row.live or await desk.elsewhere(run_id) is not None
                found = await store.view(
                    partial(views.bodies, run_id=run_id, after=after, limit=BATCH_EVENTS)
                )
            except StoreError:
                yield _end(after, "gone")
                return
            status = standing(row, here=False)
        if found:
            after, sent_s = found[-1][0], time.monotonic()
            yield _batch(after, [body for _, body in found])
        elif not at_work:
            yield _end(after, status)
            return
        elif time.monotonic() - sent_s >= heartbeat_s:
            sent_s = time.monotonic()
            yield ": still there\n\n"
        if desk.parting.is_set():
            # The client comes back by itself and goes on where it was.
            return
        if len(found) < BATCH_EVENTS:
            await _pause(desk, BATCH_S if found or desk.job(run_id) else SLOW_S)


async def _pause(desk: Desk, seconds: float) -> None:
    try:
        await asyncio.wait_for(desk.parting.wait(), seconds)
    except TimeoutError:
        return


def standing(row: StoredRun, *, here: bool) -> str:
    """Return a run's status, "unfinished" where nobody works at one without an end."""
    return "unfinished" if row.status == "running" and not (row.live or here) else row.status


def _end(last: int, status: str) -> str:
    return f'event: end\nid: {last}\ndata: {{"seq":{last},"status":"{status}"}}\n\n'


def _batch(last: int, bodies: list[str]) -> str:
    # The bodies are one line each: JSON escapes line breaks.
    return f"event: batch\nid: {last}\ndata: [{','.join(bodies)}]\n\n"
