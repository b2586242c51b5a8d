"""The embedded model: how long it takes to load, how fast it writes, how much memory it takes.

Measured in its worker process as runs use it: loading is from a cold start of the process to the first token;
speed is the tokens of all samples of one request per second of wall clock, prompt included.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

from agot.models.embedded.client import Client
from agot.models.embedded.messages import Generation, Reply
from benchmarks.report import Figure, Report, main

QUESTION = (
    "A shop has 48 apples. It sells 17 of them and buys 5 boxes of 12 apples. How many apples are there now?"
)
BATCHES = (1, 8, 16)
_TOKENS = 96


def measure(quick: bool) -> Report:
    """Start workers, then measure speeds on one of them."""
    repeats = 1 if quick else 5
    report = Report("embedded")
    loads, sizes = zip(*(asyncio.run(_load()) for _ in range(repeats)), strict=True)
    report.figures += [
        Figure("cold start to first answer", "s", loads, at_most=2.0),
        Figure("memory of the worker (RSS) after a batch of 16", "MB", sizes, at_most=300.0),
    ]
    speeds = asyncio.run(_speeds(repeats))
    for batch, found in speeds.items():
        report.figures.append(Figure(f"tokens per second, {batch} samples at once", "tok/s", found))
    gain = statistics.median(speeds[BATCHES[-1]]) / statistics.median(speeds[BATCHES[0]])
    report.figures.append(Figure(f"speed at {BATCHES[-1]} samples / at 1", "x", (gain,), at_least=2.0))
    return report


def _request(samples: int, tokens: int, number: int) -> Generation:
    # Another question each time, so that no prompt is remembered.
    return Generation(
        user=f"{QUESTION} {number}",
        mode="chain",
        max_tokens=tokens,
        samples=samples,
        temperature=1.0,
        seed=number,
    )


async def _load() -> tuple[float, float]:
    client = Client()
    try:
        began = time.perf_counter()
        await client.generate(_request(1, 1, 0))
        took = time.perf_counter() - began
        await client.generate(_request(BATCHES[-1], _TOKENS, 1))
        return took, _rss_mb(client.pid)
    finally:
        client.close()


def _rss_mb(pid: int | None) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the worker's memory cannot be read")


async def _speeds(repeats: int) -> dict[int, tuple[float, ...]]:
    client = Client()
    speeds: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    try:
        await client.generate(_request(BATCHES[-1], _TOKENS, 0))
        number = 0
        for _ in range(repeats):
            for batch, found in speeds.items():
                number += 1
                began = time.perf_counter()
                reply = await client.generate(_request(batch, _TOKENS, number))
                found.append(_tokens(reply) / (time.perf_counter() - began))
    finally:
        client.close()
    return {batch: tuple(found) for batch, found in speeds.items()}


def _tokens(reply: Reply) -> int:
    return sum(completion.generated for completion in reply.completions)


if __name__ == "__main__":
    main(measure)
