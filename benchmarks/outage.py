"""A model server killed while questions are in flight: runs wait or fail by name, and nothing is paid for twice.

    python -m benchmarks outage
    python -m benchmarks.outage --start "vllm serve ..." --base-url http://127.0.0.1:8000/v1 --model NAME

Without arguments the scripted server of the other benchmarks is killed, in a process of its own. With `--start` a real
one is: the command is started in a process group, killed with SIGKILL once a part of the questions is answered, and
started again. All requests pass a relay on loopback that counts: a request whose whole reply was handed on must not be
sent again, neither by a retry nor by the resume of a run that had failed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import shlex
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from agot.bench.frozen import problems
from agot.models.library import import_litellm
from agot.reasoner import Reasoner
from agot.settings import EngineSettings, RoleSettings, Settings
from agot.thought import Result
from benchmarks.report import Figure, Report

_READY_S = 600.0
"""Longest time for a server to come up: a large model is compiled first."""
_POLL_S = 0.5


@dataclass(slots=True)
class Options:
    """What is measured.

    Attributes:
        start: Command of the server.
        base_url: Its address, ending in /v1.
        kill_after: Share of the questions that are answered when the server is killed; 0 for never.
        down_s: How long it stays away after the kill.
        timeout_s: The role's time-out for one call.
    """

    start: str
    base_url: str
    model: str
    questions: tuple[str, ...]
    strategy: str = "chain"
    kill_after: float = 0.25
    down_s: float = 2.0
    timeout_s: float = 60.0
    max_tokens: int = 1024


class Served:
    """A model server that can be killed and started again."""

    def __init__(self, options: Options, log: Path) -> None:
        self._options, self._log = options, log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> float:
        """Start it, wait until it answers, and return how many seconds that took.

        Raises:
            RuntimeError: If it ended, or did not answer in time.
        """
        began = time.monotonic()
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *shlex.split(self._options.start), stdout=log, stderr=log, start_new_session=True
            )
        async with aiohttp.ClientSession() as session:
            while time.monotonic() - began < _READY_S:
                if self._process.returncode is not None:
                    raise RuntimeError(f"the server ended with {self._process.returncode}; see {self._log}")
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(self._options.base_url + "/models") as answered:
                        if answered.status < 500:
                            return time.monotonic() - began
                await asyncio.sleep(_POLL_S)
        raise RuntimeError(f"the server did not answer within {_READY_S:g} s; see {self._log}")

    async def kill(self) -> None:
        """Kill it and all that it started."""
        if self._process is not None and self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()


@dataclass(slots=True)
class Relay:
    """Hands requests on to the server and counts them.

    Attributes:
        sent: How often each request came, by the hash of its body.
        handed_on: Requests whose whole reply, with status 200, reached the program.
        paid_again: Requests that came once more after that.
        statuses: What the server answered, or "gone" when it did not.
    """

    base_url: str
    sent: Counter[str] = field(default_factory=Counter)
    handed_on: set[str] = field(default_factory=set)
    paid_again: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    @contextlib.asynccontextmanager
    async def listen(self) -> AsyncIterator[str]:
        """Serve on a free loopback port, and give the address, ending in /v1."""
        unlimited = aiohttp.TCPConnector(limit=0, force_close=True)
        no_limit = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=unlimited, timeout=no_limit) as session:
            app = web.Application(client_max_size=1 << 26)
            app.router.add_route("*", "/{path:.*}", lambda request: self._hand_on(request, session))
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            try:
                yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            finally:
                await runner.cleanup()

    async def _hand_on(self, request: web.Request, session: aiohttp.ClientSession) -> web.StreamResponse:
        body = await request.read()
        key = hashlib.sha256(request.path.encode() + body).hexdigest()
        counted = request.method == "POST"
        if counted:
            self.sent[key] += 1
            self.paid_again += key in self.handed_on
        url = self.base_url.removesuffix("/v1") + request.path_qs
        headers = {"Content-Type": "application/json"}
        try:
            async with session.request(request.method, url, data=body, headers=headers) as got:
                reply = await got.read()
                self.statuses[str(got.status)] += counted
                kind = got.headers.get("Content-Type", "application/json")
                out = web.Response(status=got.status, body=reply, headers={"Content-Type": kind})
                if counted and got.status == 200:
                    self.handed_on.add(key)
                return out
        except aiohttp.ClientError:
            self.statuses["gone"] += counted
            # What the program would see of a dead server: the connection ends without a reply.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)


@dataclass(slots=True)
class Seen:
    """How the questions ended, before and after the resume."""

    first: list[Result]
    last: list[Result]
    lost: int
    up_s: list[float]


async def examine(options: Options, folder: Path) -> tuple[Seen, Relay]:
    """Ask all questions at once, kill and restart the server meanwhile, and resume what failed."""
    server, relay = Served(options, folder / "server.log"), Relay(options.base_url)
    up_s = [await server.start()]
    try:
        async with relay.listen() as address, Reasoner(_settings(options, address, folder)) as reasoner:
            answered = asyncio.Semaphore(0)
            asked = [
                asyncio.create_task(_ask(reasoner, question, options.strategy, answered))
                for question in options.questions
            ]
            if options.kill_after:
                for _ in range(max(1, int(options.kill_after * len(asked)))):
                    await answered.acquire()
                await server.kill()
                await asyncio.sleep(options.down_s)
                up_s.append(await server.start())
            first = await asyncio.gather(*asked)
            last = [one if one.status == "answered" else await reasoner.resume(one.run_id) for one in first]
            ids = {one.run_id for one in first}
            return Seen(first, last, len(options.questions) - len(ids), up_s), relay
    finally:
        await server.kill()


async def _ask(reasoner: Reasoner, question: str, strategy: str, answered: asyncio.Semaphore) -> Result:
    result = await reasoner.ask(question, strategy=strategy)
    answered.release()
    return result


def _settings(options: Options, address: str, folder: Path) -> Settings:
    role = RoleSettings(
        model=options.model,
        base_url=address,
        concurrency=len(options.questions),
        timeout_s=options.timeout_s,
        max_tokens=options.max_tokens,
    )
    return Settings(
        roles={"fast": role},
        engine=EngineSettings(calibrate=False),
        database_url=f"sqlite:///{folder / 'agot.db'}",
    )


def report_on(options: Options) -> Report:
    """Examine one server and report."""
    import_litellm()
    with tempfile.TemporaryDirectory() as name:
        seen, relay = asyncio.run(examine(options, Path(name)))
    endings = Counter(one.status for one in seen.first)
    named = sum(bool(one.reason) for one in seen.first if one.status != "answered")
    unanswered = sum(one.status != "answered" for one in seen.last)
    failed = len(seen.first) - endings["answered"]
    sample = next((one.reason for one in seen.first if one.status != "answered"), "")
    return Report("outage", [
        Figure("questions in flight", "questions", (len(options.questions),)),
        Figure("answered without help", "questions", (endings["answered"],)),
        Figure("failed with a reason", "questions", (named,), at_least=failed),
        Figure("runs lost from the database", "runs", (seen.lost,), at_most=0),
        Figure("unanswered after a resume", "questions", (unanswered,), at_most=0),
        Figure("replies paid for twice", "calls", (relay.paid_again,), at_most=0),
        Figure("requests that reached the server's address", "calls", (relay.sent.total(),)),
    ], [
        f"endings at first: {dict(endings)}; what the server answered: {dict(relay.statuses)}",
        f"seconds until the server was up: {', '.join(f'{one:.1f}' for one in seen.up_s)}",
        *([f"a reason: {sample}"] if sample else []),
    ])  # fmt: skip


def main() -> None:
    """Read the options, examine, print, and exit with 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage", description="Kill a model server.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="few questions: a smoke test, not a figure")
    parser.add_argument("--start", metavar="COMMAND", help="starts the server; default: a scripted one")
    parser.add_argument("--base-url", metavar="URL", help="its address, ending in /v1")
    parser.add_argument("--model", metavar="NAME", default="test-model", help="its name of the model")
    parser.add_argument("--questions", type=int, help="all in flight at once; default 64")
    parser.add_argument("--strategy", default="chain")
    parser.add_argument("--kill-after", type=float, default=0.25, metavar="SHARE", help="0: not killed")
    parser.add_argument("--down", type=float, default=2.0, metavar="S", help="time between kill and restart")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="of one call")
    parser.add_argument("--max-tokens", type=int, default=1024)
    asked = parser.parse_args()
    if bool(asked.start) != bool(asked.base_url):
        parser.error("--start and --base-url belong together")
    port, many = _free_port(), asked.questions or (8 if asked.quick else 64)
    options = Options(
        start=asked.start or f"{sys.executable} -m benchmarks.server --log {os.devnull} --port {port}",
        base_url=(asked.base_url or f"http://127.0.0.1:{port}/v1").rstrip("/"),
        model=f"hosted_vllm/{asked.model}",
        questions=tuple(row.question for row in problems("word_problems")[:many])
        if asked.start
        else tuple(f"[{0.2 + number % 16 / 8:g}s] Report item {number}." for number in range(many)),
        strategy=asked.strategy,
        kill_after=asked.kill_after,
        down_s=asked.down,
        timeout_s=asked.timeout,
        max_tokens=asked.max_tokens,
    )
    report = report_on(options)
    print(json.dumps(report.as_json()) if asked.json else report.as_text(), flush=True)
    sys.exit(0 if report.passed else 1)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    main()
