"""A server of our own on loopback, in a thread, for clients that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from agot.protocols import ModelRequest, Models
from agot.reasoner import Reasoner
from agot.settings import RoleSettings, Settings
from agot.stores.database import SqlStore
from agot.tools.tool import Tool
from agot.web.approvals import approve
from agot.web.binding import bound
from agot.web.completions.asking import Names
from agot.web.desk import Desk
from agot.web.group import Group
from agot.web.guard import Access
from agot.web.server import Server
from agot.web.service import service

WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server at work."""

    url: str
    database: str
    desk: Desk
    loop: asyncio.AbstractEventLoop

    def client(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=WAIT_S, trust_env=False, **more)


@contextmanager
def serving(
    folder: Path,
    models: Models | None = None,
    *,
    settings: Settings | None = None,
    tools: tuple[Tool, ...] = (),
    token: str | None = None,
    most_runs: int = 4,
    most_waiting: int = 4,
    static: Path | None = None,
    origins: tuple[str, ...] = (),
    any_model: str | None = None,
    group: str = "",
    lasting: bool = False,
) -> Iterator[Served]:
    """Serve from a thread until the block ends."""
    database = f"sqlite:///{folder / 'agot.db'}"
    settings = settings or Settings(roles={"fast": RoleSettings(model="scripted/model")})
    settings = settings.model_copy(update={"database_url": database})
    listening = bound("127.0.0.1", 0, token)
    port = listening.getsockname()[1]
    ready = threading.Event()
    got: list[tuple[Server, Desk, asyncio.AbstractEventLoop]] = []
    faults: list[BaseException] = []

    async def serve() -> None:
        store = await SqlStore.open(database)
        reasoner = Reasoner(settings, models=models, store=store, approve=approve, tools=tools)
        made = service(
            reasoner, store, Access.bound("127.0.0.1", port, token, origins=origins), most_runs=most_runs,
            most_waiting=most_waiting, names=Names(any_model),
            group=Group(store, group, lasting) if group else None,
            **({} if static is None else {"static": static}),
        )  # fmt: skip
        server = Server(made)
        listening.listen(64)
        got.append((server, made.desk, asyncio.get_running_loop()))
        ready.set()
        await server.serve(sockets=[listening])

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - told where the test waits
            faults.append(error)
            ready.set()

    thread = threading.Thread(target=run, name="server")
    thread.start()
    assert ready.wait(WAIT_S)
    if faults:
        raise faults[0]
    server, desk, loop = got[0]
    try:
        yield Served(f"http://127.0.0.1:{port}", database, desk, loop)
    finally:
        server.should_exit = True
        thread.join(WAIT_S)
        listening.close()
    assert not thread.is_alive() and not faults, faults


def answering(request: ModelRequest) -> str:
    """Answer everything with 42, as a model that follows instructions."""
    if request.purpose in ("judge", "value"):
        return "Yes"
    return "The final answer is 42" if request.purpose == "step" else "42"


class Gate:
    """Holds calls of chosen purposes back until it is opened from another thread."""

    def __init__(self, reply: Callable[[ModelRequest], str] = answering) -> None:
        self._reply, self._open, self.reached = reply, threading.Event(), threading.Event()

    def open(self) -> None:
        self._open.set()

    def __call__(self, request: ModelRequest) -> Awaitable[str]:
        return self._held(request)

    async def _held(self, request: ModelRequest) -> str:
        self.reached.set()
        while not self._open.is_set():
            await asyncio.sleep(0.005)
        return self._reply(request)


def sse(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (event, id, data) of a stream of server-sent events."""
    event = name = data = ""
    for line in lines:
        key, _, value = line.partition(": ")
        if key == "event":
            event = value
        elif key == "id":
            name = value
        elif key == "data":
            data = value
        elif not line and event:
            yield event, name, data
            event = data = ""


def ended(client: httpx.Client, run: str) -> dict[str, Any]:
    """Wait until a run is over by watching it, and return it."""
    with client.stream("GET", f"/api/runs/{run}/events") as stream:
        assert [event for event, _, _ in sse(stream.iter_lines())][-1] == "end"
    response = client.get(f"/api/runs/{run}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found
