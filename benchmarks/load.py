"""A crowd at one `agot serve`: is everybody answered, does every viewer see every event once, what does it add?

200 clients ask for a chat completion at the same moment (strategy chain, every run at work at once) while 50 viewers
watch such runs as server-sent events; every second viewer breaks off once and comes back with `Last-Event-ID`.

*  Added latency: of a request, less what the same model calls take one after the other when as many clients send them
   straight to the model server. Both crowds come in turn, in each round, from the same process. So it is what a client
   waits for beyond the model when all come at once: mostly for the others, since the server has one process.
*  Memory: resident, of the server's process; "before" is after one first answer, which loads what is loaded late.

`python -m benchmarks.load --soak SECONDS` goes on with such crowds, and tells the memory every 30 s.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report import Figure, Report, main
from benchmarks.server import MODEL, Server, serving

if TYPE_CHECKING:
    import aiohttp

REQUESTS, VIEWERS, ROUNDS = 200, 50, 3
LATENCY_S = 0.2
"""Of every model call; a chain makes two."""

SAMPLE_S = 30.0
_LONGEST_S = 60.0
"""For one request, or one viewer; then it has failed."""

_LONGEST_LINE_BYTES = 2**23
"""One batch of events is one line."""

_LOOK_S = 0.05
_URL = re.compile(r"http://\S+:\d+/")


@dataclass(frozen=True, slots=True)
class Served:
    """A running `agot serve`."""

    url: str
    pid: int
    log: Path

    def rss_mb(self) -> float:
        """Return its resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the server's memory cannot be read")

    def cpu_s(self) -> float:
        """Return the CPU time that it has used, all threads included."""
        # The name, in parentheses, may hold spaces; user and system time are the 12th and 13th after it.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def agot_serving(folder: Path, model: Server, runs: int) -> Iterator[Served]:
    """Start `agot serve` over a model server, and stop it afterwards.

    Args:
        folder: For its database and what it says.
        runs: At work at once; one more may wait for each.
    """
    log = folder / "serve.log"
    own = {name: value for name, value in os.environ.items() if not name.startswith("AGOT_")}
    role = {"MODEL": MODEL, "BASE_URL": model.base_url, "CONCURRENCY": str(runs)}
    own |= {f"AGOT_ROLES__FAST__{name}": value for name, value in role.items()}
    own["AGOT_HOME"] = str(folder / "home")
    command = [sys.executable, "-m", "agot", "serve", "--port", "0"]
    command += ["--max-runs", str(runs), "--max-waiting", str(runs)]
    with log.open("w") as said, subprocess.Popen(command, stdout=said, stderr=said, env=own) as process:
        try:
            yield Served(_address(process, log), process.pid, log)
            process.terminate()
            process.wait(_LONGEST_S)
        finally:
            process.kill()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until_s = time.monotonic() + _LONGEST_S
    while process.poll() is None and time.monotonic() < until_s:
        found = _URL.search(log.read_text())
        if found:
            return found[0]
        time.sleep(_LOOK_S)
    raise RuntimeError(f"agot serve did not start: {log.read_text()[-2000:]}")


@dataclass(slots=True)
class Tally:
    """What a crowd met.

    Attributes:
        faults: What went wrong, and how often.
        live: Viewers that saw their run grow: it came in more than one batch.
        misplaced: Events that a viewer saw twice, out of order, or that are not stored.
    """

    answered: int = 0
    failed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    viewers: int = 0
    live: int = 0
    viewers_failed: int = 0
    seen: int = 0
    lost: int = 0
    misplaced: int = 0

    def compare(self, seen: Sequence[int], stored: Sequence[int]) -> None:
        """Count how what a viewer saw differs from what is stored."""
        known = set(stored)
        self.seen += len(seen)
        self.lost += len(known.difference(seen))
        before = 0
        for seq in seen:
            self.misplaced += seq <= before or seq not in known
            before = max(before, seq)


@dataclass(slots=True)
class Crowd:
    """Clients of one server.

    Attributes:
        calls: The bodies of the model calls of one request, in their order.
    """

    served: Served
    model_url: str
    requests: int
    viewers: int
    tally: Tally = field(default_factory=Tally)
    calls: list[dict[str, Any]] = field(default_factory=list)

    async def straight(self) -> list[float]:
        """Send the model calls of all requests to the model server; return the seconds of each request."""

        async def client_calls(client: aiohttp.ClientSession) -> float:
            began = time.perf_counter()
            for body in self.calls:
                async with client.post(f"{self.model_url}/chat/completions", json=body) as response:
                    await response.read()
            return time.perf_counter() - began

        async with _client() as client:
            return list(await asyncio.gather(*(client_calls(client) for _ in range(self.requests))))

    async def ask(self, name: str) -> list[float]:
        """Make all requests and let the viewers watch; return the seconds of each request that was answered."""
        # Connections of their own, so that viewers do not stand in the way of who asks.
        async with _client() as asking, _client() as watching:
            requests = [
                asyncio.create_task(self._request(asking, f"{name}-{i}")) for i in range(self.requests)
            ]
            seen = await self._watch(watching, requests)
            took = [seconds for seconds in await asyncio.gather(*requests) if seconds is not None]
            for run, seqs in seen:
                await self._compare(watching, run, seqs)
        return took

    async def _request(self, client: aiohttp.ClientSession, item: str) -> float | None:
        body = {"model": "agot/chain", "messages": [{"role": "user", "content": f"Report item {item}."}]}
        began = time.perf_counter()
        fault = ""
        try:
            url = f"{self.served.url}v1/chat/completions"
            async with client.post(url, json=body, raise_for_status=False) as response:
                got = await response.json()
            if response.status != 200:
                fault = f"HTTP {response.status}: {got['error']['code']}"
            elif got["choices"][0]["message"]["content"] != f"item-{item}":
                fault = f"another answer: {got['choices'][0]['message']['content'][:80]}"
        except Exception as error:  # noqa: BLE001 - whatever a client meets is counted, and told
            fault = f"request: {type(error).__name__}"
        took = time.perf_counter() - began
        if fault:
            self.tally.failed += 1
            self.tally.faults[fault] += 1
            return None
        self.tally.answered += 1
        return took

    async def _watch(
        self, client: aiohttp.ClientSession, requests: Sequence[asyncio.Task[float | None]]
    ) -> list[tuple[str, list[int]]]:
        """Send viewers to runs as they begin; return what each saw, of those that saw a run to its end."""
        watching: dict[str, asyncio.Task[list[int] | None]] = {}
        over = False
        while len(watching) < self.viewers and not over:
            # Whoever has no run when all are answered watches one that is over.
            over = all(request.done() for request in requests)
            for run in await self._runs(client, running=not over):
                if len(watching) < self.viewers and run not in watching:
                    viewer = self._viewer(client, run, breaks=len(watching) % 2 == 1)
                    watching[run] = asyncio.create_task(viewer)
            await asyncio.sleep(_LOOK_S)
        seen = await asyncio.gather(*watching.values())
        return [(run, seqs) for run, seqs in zip(watching, seen, strict=True) if seqs is not None]

    async def _viewer(self, client: aiohttp.ClientSession, run: str, *, breaks: bool) -> list[int] | None:
        """Watch a run to its end and return the numbers of the events, None if that failed."""
        self.tally.viewers += 1
        seqs: list[int] = []
        batches, last, over = 0, "", False
        try:
            async with asyncio.timeout(_LONGEST_S):
                while not over:
                    headers = {"last-event-id": last} if last else {}
                    url = f"{self.served.url}api/runs/{run}/events"
                    async with client.get(url, headers=headers) as stream:
                        async for event, name, data in _told(stream.content):
                            last, over = name, event == "end"
                            if event == "batch":
                                batches += 1
                                seqs += [one["seq"] for one in json.loads(data)]
                            if breaks and batches == 1:
                                break
        except Exception as error:  # noqa: BLE001 - whatever a viewer meets is counted, and told
            self.tally.viewers_failed += 1
            self.tally.faults[f"viewer: {type(error).__name__}"] += 1
            return None
        self.tally.live += batches > 1
        return seqs

    async def _runs(self, client: aiohttp.ClientSession, *, running: bool) -> list[str]:
        """Return the newest runs, none if they cannot be listed."""
        query = {"limit": str(min(self.requests, 200))} | ({"status": "running"} if running else {})
        try:
            async with client.get(f"{self.served.url}api/runs", params=query) as listed:
                return [row["id"] for row in (await listed.json())["runs"]]
        except Exception as error:  # noqa: BLE001 - as above; then fewer watch than should
            self.tally.faults[f"list of runs: {type(error).__name__}"] += 1
            return []

    async def _compare(self, client: aiohttp.ClientSession, run: str, seqs: list[int]) -> None:
        url = f"{self.served.url}api/runs/{run}/events.json"
        try:
            async with client.get(url, params={"limit": "20000"}) as got:
                stored = [event["seq"] for event in (await got.json())["events"]]
        except Exception as error:  # noqa: BLE001 - as above
            self.tally.viewers_failed += 1
            self.tally.faults[f"stored events: {type(error).__name__}"] += 1
        else:
            self.tally.compare(seqs, stored)


def _client() -> aiohttp.ClientSession:
    # Not httpx: its pool's own work grows with the square of what is in flight, and took seconds at 200.
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(_LONGEST_S),
        raise_for_status=True, read_bufsize=_LONGEST_LINE_BYTES,
    )  # fmt: skip


async def _told(lines: AsyncIterable[bytes]) -> AsyncIterator[tuple[str, str, str]]:
    """Yield (event, id, data) of a stream of server-sent events."""
    fields: dict[str, str] = {}
    async for raw in lines:
        line = raw.decode().rstrip("\r\n")
        if line:
            key, _, value = line.partition(": ")
            fields[key] = value
        elif "event" in fields:
            yield fields["event"], fields.get("id", ""), fields.get("data", "")
            fields = {}


def measure(quick: bool, soak_s: float = 0.0) -> Report:
    """Let crowds come, alternating, and then for `soak_s` seconds more.

    Args:
        soak_s: Seconds, 0 for none.
    """
    requests, viewers, rounds = (12, 6, 1) if quick else (REQUESTS, VIEWERS, ROUNDS)
    with tempfile.TemporaryDirectory() as name, serving(Path(name), delay_s=LATENCY_S) as model:
        with agot_serving(Path(name), model, requests) as served:
            crowd = Crowd(served, model.base_url, requests, viewers)
            figures, notes = asyncio.run(_measure(crowd, model, rounds, soak_s))
        tracebacks = served.log.read_text().count("Traceback")
    tally = crowd.tally
    return Report("load", [
        Figure("requests answered", "requests", (tally.answered,), at_least=rounds * requests),
        Figure("requests failed", "requests", (tally.failed,), at_most=0),
        Figure("viewers", "viewers", (tally.viewers,), at_least=rounds * viewers),
        Figure("viewers that saw their run grow", "viewers", (tally.live,)),
        Figure("viewers that failed", "viewers", (tally.viewers_failed,), at_most=0),
        Figure("events that viewers saw", "events", (tally.seen,)),
        Figure("events lost", "events", (tally.lost,), at_most=0),
        Figure("events doubled, out of order or not stored", "events", (tally.misplaced,), at_most=0),
        *figures,
        Figure("tracebacks of the server", "tracebacks", (tracebacks,), at_most=0),
    ], [
        f"{rounds} rounds of {requests} requests and {viewers} viewers; a model call takes {LATENCY_S:g} s",
        *notes,
        *(f"{count} x {fault}" for fault, count in tally.faults.most_common(10)),
    ])  # fmt: skip


async def _measure(crowd: Crowd, model: Server, rounds: int, soak_s: float) -> tuple[list[Figure], list[str]]:
    await _warm(crowd, model)
    served = crowd.served
    before_mb, before_cpu_s, extra = served.rss_mb(), served.cpu_s(), 0
    straight: list[list[float]] = []
    asked: list[list[float]] = []
    memory_mb: list[float] = []
    for number in range(rounds):
        straight.append(await crowd.straight())
        model.requests()
        asked.append(await crowd.ask(f"r{number}"))
        extra += len(model.requests()) - crowd.requests * len(crowd.calls)
        memory_mb.append(served.rss_mb())
    cpu_ms = (served.cpu_s() - before_cpu_s) * 1000.0 / (rounds * crowd.requests)
    figures = [
        *_latencies(straight, asked, len(crowd.calls)),
        Figure("model calls beyond those needed", "calls", (extra,), at_most=0),
        Figure("CPU of the server per request, viewers included", "ms", (cpu_ms,)),
        Figure("memory of the server (RSS) before", "MB", (before_mb,)),
        Figure("memory of the server (RSS) after each round", "MB", tuple(memory_mb)),
    ]
    if soak_s <= 0:
        return figures, []
    soaked, notes = await _soak(crowd, soak_s)
    return [*figures, *soaked], notes


async def _warm(crowd: Crowd, model: Server) -> None:
    """Ask once, and note which model calls a request makes."""
    one = Crowd(crowd.served, crowd.model_url, requests=1, viewers=1)
    model.requests()
    if not await one.ask("warm"):
        raise RuntimeError(f"the server does not answer: {dict(one.tally.faults)}")
    crowd.calls = [logged.body for logged in model.requests()]


def _latencies(straight: list[list[float]], asked: list[list[float]], calls: int) -> list[Figure]:
    """Return percentiles, one value for each round; nothing if in some round nobody was answered."""
    if not all(asked):
        return []
    figures = []
    for percent in (50, 95):
        alone = tuple(_percentile(one, percent) * 1000.0 for one in straight)
        ours = tuple(_percentile(one, percent) * 1000.0 for one in asked)
        added = tuple(b - a for a, b in zip(alone, ours, strict=True))
        figures += [
            Figure(f"p{percent}: the {calls} model calls alone", "ms", alone),
            Figure(f"p{percent}: request", "ms", ours),
            Figure(f"p{percent}: added latency", "ms", added),
        ]
    return figures


def _percentile(values: Sequence[float], percent: int) -> float:
    """Return the nearest rank."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


async def _soak(crowd: Crowd, soak_s: float) -> tuple[list[Figure], list[str]]:
    """Let crowds come for that time and read the memory at its beginning, every `SAMPLE_S`, and at its end."""
    began = time.monotonic()
    memory_mb: list[float] = []
    notes: list[str] = []
    first = crowd.tally.answered

    def sample() -> None:
        memory_mb.append(crowd.served.rss_mb())
        answered, at_s = crowd.tally.answered - first, time.monotonic() - began
        notes.append(f"soak: {at_s:.0f} s: {memory_mb[-1]:.1f} MB, {answered} answered")

    async def samples() -> None:
        while True:
            sample()
            await asyncio.sleep(SAMPLE_S)

    async with asyncio.TaskGroup() as group:
        sampling = group.create_task(samples())
        number = 0
        while time.monotonic() - began < soak_s:
            await crowd.ask(f"s{number}")
            number += 1
        sampling.cancel()
    sample()
    answered = crowd.tally.answered - first
    figures = [Figure(f"soak: memory of the server (RSS) every {SAMPLE_S:g} s", "MB", tuple(memory_mb))]
    if answered:
        grown = (memory_mb[-1] - memory_mb[0]) * 1000.0 / answered
        figures.append(Figure("soak: memory grown per 1,000 requests", "MB", (grown,)))
    return figures, notes


def _main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: a smoke test, not a figure")
    parser.add_argument(
        "--soak", type=float, default=0.0, metavar="SECONDS", help="go on for that long, default: 0"
    )
    options = parser.parse_args()
    if not 0 <= options.soak < float("inf"):
        parser.error(f"--soak is {options.soak:g}; expected seconds, 0 or more")

    def measured(quick: bool) -> Report:
        return measure(quick, options.soak)

    main(measured, [f"--{name}" for name in ("json", "quick") if getattr(options, name)])


if __name__ == "__main__":
    _main()
