"""One process that serves: alone, or as one of the workers of `agot.web.workers`.

A worker is told on its standard input what to do (a pickle of `Task`, which only its parent can write). When that is closed, the
parent is gone and the worker ends as well. It answers on a descriptor of its own with one line of JSON: that it serves, or
why not. Importing this module is cheap; what it needs is imported when it works.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agot.errors import AgotError
from agot.redaction import redact_logs, redacted_message

if TYPE_CHECKING:
    from agot.settings import Settings
    from agot.web.counts import Ledger
    from agot.web.guard import Access

METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that names the folder in which workers keep what they count for `/metrics`."""

_ORPHAN_S = 15.0
"""What a worker takes to end at most, when its parent is gone."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What is served, by one process or several.

    Attributes:
        most_runs, most_waiting: Of all processes together.
        any_model: The model that unknown names mean; None for none.
        group: Servers of this name on one database act as one; "" for none.
        lasting: Others of the name may start later.
        workers: Processes that serve at the address.
    """

    settings: Settings
    access: Access
    most_runs: int
    most_waiting: int
    any_model: str | None = None
    group: str = ""
    lasting: bool = False
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is told: what it serves, and its descriptors.

    Attributes:
        listening: Of the socket.
        ledger: Of the file in which the workers count.
        row: Its own in the ledger.
        answer: Where it says that it serves.
    """

    serving: Serving
    listening: int
    ledger: int
    row: int
    answer: int


async def serve(
    serving: Serving, listening: socket.socket, ready: Callable[[], None], ledger: Ledger | None = None
) -> None:
    """Serve until a signal.

    Args:
        ready: Called when connections are accepted.

    Raises:
        StoreError: If the database cannot be opened.
        SetupError: If the settings cannot be used.
    """
    from agot.reasoner import Reasoner
    from agot.settings import default_database_url
    from agot.stores.database import SqlStore
    from agot.web.approvals import approve
    from agot.web.completions.asking import Names
    from agot.web.group import Group
    from agot.web.server import Server
    from agot.web.service import service

    settings = serving.settings
    store = await SqlStore.open(settings.database_url or default_database_url())
    reasoner = Reasoner(settings, approve=approve, store=store)
    served = service(
        reasoner, store, serving.access, most_runs=serving.most_runs, most_waiting=serving.most_waiting,
        names=Names(serving.any_model), group=Group(store, serving.group, serving.lasting) if serving.group else None,
        ledger=ledger,
    )  # fmt: skip
    server = Server(served, among=serving.workers, ledger=ledger, ready=ready)
    await server.serve(sockets=[listening])


def main() -> None:
    """Be a worker until a signal, or until the parent is gone."""
    # Ctrl-C reaches all processes of a terminal; the parent passes it on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task: Task = pickle.load(sys.stdin.buffer)
    for descriptor in (task.listening, task.ledger, task.answer):
        os.set_inheritable(descriptor, False)
    threading.Thread(target=_end_with_parent, name="agot-parent", daemon=True).start()
    from agot.web.counts import Ledger

    redact_logs()
    answered = False

    def answer(what: dict[str, str]) -> None:
        nonlocal answered
        if not answered:
            answered = True
            os.write(task.answer, json.dumps(what).encode() + b"\n")
            os.close(task.answer)
        elif "message" in what:
            sys.stderr.write(f"agot: Worker {os.getpid()}: {what['message']}\n")

    try:
        listening = socket.socket(fileno=task.listening)
        asyncio.run(serve(task.serving, listening, lambda: answer({}), Ledger(task.ledger, task.row)))
    except Exception as error:  # noqa: BLE001 - the outermost boundary of this process
        kind = type(error).__name__
        text = str(error) if isinstance(error, AgotError) else f"Internal error, {kind}: {error}"
        answer({"error": kind, "message": redacted_message(text)})
        if os.environ.get("AGOT_DEBUG", "") not in ("", "0"):
            sys.stderr.write(redacted_message("".join(traceback.format_exception(error))))
        sys.exit(1)


def _end_with_parent() -> None:
    """Wait until the parent is gone, then end: in good order, or after a while in any way."""
    while os.read(0, 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_ORPHAN_S)
    os._exit(1)
