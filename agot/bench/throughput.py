"""Tokens per second of a plain client and of strategies, with as many questions in flight at the same server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from agot.bench.arms import MAJORITY, PLAIN, Arm, Said
from agot.bench.asking import each
from agot.bench.real import Clock
from agot.bench.suites import BenchSet
from agot.bench.watch import Watch

PAIRS = ((PLAIN, "chain"), (MAJORITY, "vote"))
"""A plain arm, and what is compared with it: one sample, and eight."""
ROUNDS = 2
COLUMNS = ("arm", "of plain", "tokens/s", "rounds", "questions", "written", "read", "calls", "failed", "seconds",
           "client CPU s", "running", "waiting", "cache hits", "cache used", "GPU")  # fmt: skip


@dataclass(slots=True)
class Speed:
    """How fast one arm was.

    Attributes:
        rates: Written tokens per second of each round, from the first question asked to the last one answered.
        written, read, calls, failed, questions: Sums over the rounds.
        seconds, cpu_s: Sums over the rounds; the latter is processor time of this process.
        seen: What the server and the GPU told meanwhile, by name, over the rounds.
    """

    arm: str
    base: str
    rates: list[float] = field(default_factory=list)
    questions: int = 0
    written: int = 0
    read: int = 0
    calls: int = 0
    failed: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    seen: dict[str, list[float]] = field(default_factory=dict)

    @property
    def tokens_per_s(self) -> float:
        """Written tokens per second over all rounds."""
        return self.written / self.seconds if self.seconds else 0.0


async def throughput(
    bench: BenchSet,
    arms: Sequence[Arm],
    watch: Watch,
    *,
    in_flight: int,
    clock: Clock,
    tell: Callable[[str], None],
    rounds: int = ROUNDS,
) -> list[Speed]:
    """Ask all questions of a set under every arm of `PAIRS` in turns, and return how fast each was.

    A first batch under every arm, which is not counted, warms up server and client. What the time did not suffice for
    is missing.

    Args:
        arms: Those of `PAIRS`.

    Raises:
        ModelError: If the key is refused, or so many questions in a row fail that going on is no use.
    """
    by_name = {arm.name: arm for arm in arms}
    speeds = {name: Speed(name, base) for base, arm in PAIRS for name in (base, arm)}
    try:
        async with asyncio.timeout(clock.left_s()):
            for name in speeds:
                await _ask_all(by_name[name], bench, bench.items[:in_flight], in_flight)
            for number in range(1, rounds + 1):
                for name, speed in speeds.items():
                    await _timed(by_name[name], bench, in_flight, watch, speed)
                    tell(f"throughput, round {number} of {rounds}, {name}: {speed.rates[-1]:.0f} tokens/s")
    except TimeoutError:
        if not clock.over:
            raise
        tell("throughput: the time is over.")
    return [speed for speed in speeds.values() if speed.rates]


async def _timed(arm: Arm, bench: BenchSet, in_flight: int, watch: Watch, speed: Speed) -> None:
    cpu_s, started = time.process_time(), time.monotonic()
    async with watch.during() as seen:
        said = await _ask_all(arm, bench, bench.items, in_flight)
    seconds = time.monotonic() - started
    written = sum(one.written for one in said)
    speed.rates.append(written / seconds)
    speed.questions += len(said)
    speed.written += written
    speed.read += sum(one.read for one in said)
    speed.calls += sum(one.calls for one in said)
    speed.failed += sum(bool(one.fault) for one in said)
    speed.seconds += seconds
    speed.cpu_s += time.process_time() - cpu_s
    for name, values in seen.items():
        speed.seen.setdefault(name, []).extend(values)


async def _ask_all(arm: Arm, bench: BenchSet, items: Sequence[Any], in_flight: int) -> list[Said]:
    said: list[Said] = []

    async def ask(item: Any) -> str:
        one = await arm.ask(bench, item.question)
        said.append(one)
        return one.fault if one.outside else ""

    await each(items, ask, at_once=in_flight, told=lambda finished: None)
    return said


def ratio(speed: Speed, speeds: Sequence[Speed]) -> float | None:
    """Return an arm's tokens per second over those of its plain arm; None for a plain one, or without it."""
    base = next((one for one in speeds if one.arm == speed.base), None)
    if speed.arm == speed.base or base is None or not base.tokens_per_s:
        return None
    return speed.tokens_per_s / base.tokens_per_s


def cells(speeds: Sequence[Speed]) -> list[list[str]]:
    """Return one line of the table per arm, in the order of `COLUMNS`."""

    def seen(speed: Speed, name: str, form: str) -> str:
        values = speed.seen.get(name)
        return form.format(fmean(values), max(values)) if values else "-"

    return [
        [
            one.arm, "-" if (share := ratio(one, speeds)) is None else f"{100 * share:.0f}%", f"{one.tokens_per_s:.0f}",
            " ".join(f"{rate:.0f}" for rate in one.rates), str(one.questions),
            *(f"{total / one.questions:.0f}" for total in (one.written, one.read)),
            f"{one.calls / one.questions:.1f}", str(one.failed), f"{one.seconds:.1f}", f"{one.cpu_s:.1f}",
            seen(one, "running", "{:.0f} (max {:.0f})"), seen(one, "waiting", "{:.0f} (max {:.0f})"),
            seen(one, "cache hits", "{:.0%}"), seen(one, "cache used", "{:.0%}"), seen(one, "GPU", "{:.0f}%"),
        ]
        for one in speeds
    ]  # fmt: skip


def as_json(speeds: Sequence[Speed]) -> list[dict[str, Any]]:
    """Return the figures as JSON objects; what was seen as means."""
    return [
        {
            "arm": one.arm, "of_plain": ratio(one, speeds), "tokens_per_s": one.tokens_per_s, "rates": one.rates,
            "questions": one.questions, "written": one.written, "read": one.read, "calls": one.calls,
            "failed": one.failed, "seconds": one.seconds, "cpu_s": one.cpu_s,
            "seen": {name: fmean(values) for name, values in one.seen.items() if values},
        }
        for one in speeds
    ]  # fmt: skip
