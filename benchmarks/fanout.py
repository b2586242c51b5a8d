"""Many calls at once, and never one too many.

A vote of 32 samples, each a call of its own to a server that takes 200 ms; then runs of a fixed plan, whose
calls are counted at the server.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from agot.models.gateway import Gateway
from agot.reasoner import Reasoner
from benchmarks.report import Figure, Report, main
from benchmarks.scenario import calls_in, question_for, thoughts_in
from benchmarks.server import Bent, Server, serving

SAMPLES = 32
LATENCY_S = 0.2
PLAN = "eleven"


def measure(quick: bool) -> Report:
    """Measure votes, then count calls."""
    report = Report("fanout")
    with tempfile.TemporaryDirectory() as name, serving(Path(name), delay_s=LATENCY_S) as server:
        for native in (False, True):
            seconds, calls = asyncio.run(_votes(server, Path(name), 2 if quick else 9, native))
            how = "one call with n=32" if native else "32 calls"
            report.figures.append(Figure(
                f"vote of {SAMPLES} samples at {LATENCY_S:g} s, {how}", "s", tuple(seconds), at_most=0.5
            ))  # fmt: skip
            report.figures.append(_exactly(f"calls of that vote, {how}", calls, 1 if native else SAMPLES))
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
        counts = asyncio.run(_plans(server, Path(name), 3 if quick else 50))
    thoughts = thoughts_in(PLAN) - 1
    report.figures.append(
        _exactly(f"calls of a plan of {thoughts} thoughts, nested once", counts, calls_in(PLAN))
    )
    return report


def _exactly(name: str, counts: list[int], wanted: int) -> Figure:
    values = tuple(float(count) for count in counts)
    return Figure(name, "calls", values, at_most=wanted, at_least=wanted, judged_by="worst")


async def _votes(server: Server, folder: Path, repeats: int, native: bool) -> tuple[list[float], list[int]]:
    settings = server.settings(folder, samples=SAMPLES)
    seconds: list[float] = []
    calls: list[int] = []
    async with Reasoner(settings, models=Bent(Gateway(settings), native_n=native)) as reasoner:
        for repeat in range(repeats + 1):
            server.requests()
            began = time.perf_counter()
            result = await reasoner.ask("Compute 3+4", strategy="vote")
            took = time.perf_counter() - began
            assert result.answer == "7", result.reason
            if repeat:  # the first one loads litellm and opens the connections
                seconds.append(took)
                calls.append(len(server.requests()))
    return seconds, calls


async def _plans(server: Server, folder: Path, runs: int) -> list[int]:
    counts: list[int] = []
    async with Reasoner(server.settings(folder)) as reasoner:
        for _ in range(runs):
            server.requests()
            result = await reasoner.ask(question_for(PLAN))
            counts.append(len(server.requests()))
            assert result.usage.calls == counts[-1], "the run's own count differs from the server's"
            assert result.status == "answered", result.reason
    return counts


if __name__ == "__main__":
    main(measure)
