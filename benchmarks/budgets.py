"""Hard limits: random runs under random limits, and by how much a limit was ever exceeded.

Plans, latencies (0-20 ms) and what the server claims to have used are random. Two thirds of the runs have an
unpriced model, which only calls, tokens and seconds can stop; a third has a seeded price. A limit may
be exceeded by no more than the calls that were in flight when it was reached: after that moment no call
may begin. Calls are counted at the server.
"""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agot.budget import Budget
from agot.events import AnyEvent, CallFinished, CallStarted, RunStarted
from agot.models.gateway import Gateway
from agot.reasoner import Reasoner
from agot.thought import Result
from benchmarks.report import Figure, Report, main
from benchmarks.scenario import question_for, random_tag
from benchmarks.server import Bent, Server, serving

SEED = 11
AT_ONCE = 4
PRICES = {"usd_per_prompt_token": 2e-6, "usd_per_output_token": 8e-6}
LATE_S = 0.25
"""How long a run may need to end after its seconds are over; a busy machine needs some of it."""

_NAME = re.compile(r"plan random-(\d+)\.\s")
KINDS = ("calls", "tokens", "usd", "seconds")


@dataclass(slots=True)
class Watch:
    """What was seen of one run."""

    budget: Budget
    began_s: float = 0.0
    ended_s: float = 0.0
    in_flight: dict[str, float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=lambda: {"calls": 0.0, "tokens": 0.0, "usd": 0.0})
    crossed: dict[str, set[str]] = field(default_factory=dict)
    late_starts: int = 0
    result: Result | None = None

    def see(self, event: AnyEvent) -> None:
        """Follow the run's calls."""
        if isinstance(event, RunStarted):
            self.began_s = time.perf_counter()
        elif isinstance(event, CallStarted):
            self.late_starts += bool(self.crossed)
            self.in_flight[event.call] = time.perf_counter()
        elif isinstance(event, CallFinished):
            self._finished(event)

    def _finished(self, event: CallFinished) -> None:
        amounts = {"calls": event.usage.calls, "tokens": event.usage.tokens, "usd": event.usage.cost_usd}
        for kind, amount in amounts.items():
            self.used[kind] += amount
            limit = getattr(self.budget, kind)
            if kind not in self.crossed and limit is not None and self.used[kind] > limit + 1e-9:
                self.crossed[kind] = set(self.in_flight)
        self.in_flight.pop(event.call, None)

    def overshoot(self, kind: str) -> float:
        """Return by how much a limit was exceeded, 0 if it was not."""
        limit: float | None = getattr(self.budget, kind)
        if limit is None:
            return 0.0
        if kind == "seconds":
            return max(0.0, self.ended_s - self.began_s - limit)
        return max(0.0, self.used[kind] - limit)


def measure(quick: bool) -> Report:
    """Run the runs and put the table together."""
    count = 8 if quick else 200
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
        began = time.perf_counter()
        watches, calls = asyncio.run(_measure(server, Path(name), [_limits(rng) for _ in range(count)]))
        took = time.perf_counter() - began
    own = {number: watch.result.usage.calls for number, watch in watches.items() if watch.result}
    beyond = sum(calls[number] > count for number, count in own.items())
    unsent = sum(max(0, count - calls[number]) for number, count in own.items())
    ended = Counter(watch.result.limit or watch.result.status for watch in watches.values() if watch.result)
    late = max((watch.overshoot("seconds") for watch in watches.values()), default=0.0)
    report = Report("budgets", [
        Figure("random runs", "runs", (count,)),
        Figure("runs of which the server saw more calls than they counted", "runs", (beyond,), at_most=0),
        Figure("calls counted but cancelled before they reached the server", "calls", (unsent,)),
        Figure("largest overshoot of calls", "calls", (_most(watches, "calls"),), at_most=0),
        Figure("largest overshoot of usd", "usd", (_most(watches, "usd"),)),
        Figure("largest overshoot of tokens", "tokens", (_most(watches, "tokens"),)),
        Figure("calls begun after a limit was exceeded", "calls", (_total(watches),), at_most=0),
        Figure("longest run beyond its seconds", "s", (late,), at_most=LATE_S),
        Figure("all runs together", "s", (took,), at_most=60.0),
    ])  # fmt: skip
    report.notes = list(_table(watches, ended))
    unpriced = {w.result.limit for w in watches.values() if w.result and w.budget.usd is None}
    stopped = len(unpriced & {"tokens", "seconds"})
    report.figures.append(Figure(
        "of tokens and seconds, those that stopped an unpriced model", "limits", (stopped,),
        at_least=None if quick else 2,
    ))  # fmt: skip
    return report


def _limits(rng: random.Random) -> Budget:
    """Return one or two random limits; dollars in a third of the cases, since most runs are unpriced."""
    drawn = {
        "calls": rng.randint(1, 30), "tokens": rng.randint(500, 40_000), "usd": rng.uniform(0.002, 0.08),
        "seconds": rng.uniform(0.02, 0.4),
    }  # fmt: skip
    wanted = {rng.choice(KINDS[:2] + KINDS[3:])} | (
        {"usd"} if rng.random() < 1 / 3 else {rng.choice(KINDS[:2])}
    )
    return Budget.model_validate({kind: value for kind, value in drawn.items() if kind in wanted})


async def _measure(
    server: Server, folder: Path, budgets: list[Budget]
) -> tuple[dict[int, Watch], Counter[int]]:
    settings = server.settings(folder, samples=4)
    rng = random.Random(SEED)
    watches = {number: Watch(budget) for number, budget in enumerate(budgets)}
    questions = {number: random_tag(rng) + question_for(f"random-{number}") for number in watches}
    free, priced = Gateway(settings), Bent(Gateway(settings), native_n=False, **PRICES)
    async with (
        Reasoner(settings, models=Bent(free, native_n=False)) as unpriced,
        Reasoner(settings, models=priced) as dear,
    ):
        await unpriced.ask("Compute 1+1")
        await dear.ask("Compute 1+1")
        server.requests()
        waiting: Iterator[int] = iter(watches)

        async def work() -> None:
            for number in waiting:
                watch = watches[number]
                reasoner = unpriced if watch.budget.usd is None else dear
                watch.result = await reasoner.ask(questions[number], budget=watch.budget, on_event=watch.see)
                watch.ended_s = watch.began_s + watch.result.usage.wall_s

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        await asyncio.sleep(0.1)
    calls: Counter[int] = Counter()
    for logged in server.requests():
        found = _NAME.search(logged.prompt.replace("\\n", " "))
        calls[int(found[1]) if found else -1] += 1
    return watches, calls


def _most(watches: dict[int, Watch], kind: str) -> float:
    return max((watch.overshoot(kind) for watch in watches.values()), default=0.0)


def _total(watches: dict[int, Watch]) -> int:
    return sum(watch.late_starts for watch in watches.values())


def _table(watches: dict[int, Watch], ended: Counter[str]) -> Iterator[str]:
    yield f"ended by: {', '.join(f'{how} {count}' for how, count in ended.most_common())}"
    yield "limit    set  fired  exceeded  in flight then, at most  overshoot, at most"
    for kind in KINDS:
        limited = [watch for watch in watches.values() if getattr(watch.budget, kind) is not None]
        fired = sum(watch.result is not None and watch.result.limit == kind for watch in limited)
        over = [watch for watch in limited if watch.overshoot(kind) > 0]
        flying = max((len(watch.crossed.get(kind, ())) for watch in over), default=0)
        most = max((watch.overshoot(kind) for watch in limited), default=0.0)
        yield f"{kind:7}  {len(limited):3}  {fired:5}  {len(over):8}  {flying:23}  {most:.4g}"


if __name__ == "__main__":
    main(measure)
