"""What a question costs in CPU, beside litellm alone, and how soon many are answered.

Everything is measured in one run against one server without latency, alternating, one question after another: each
costs what it costs somebody who waits for it. Runs have all that runs have by default: the journal and the events in
SQLite, budgets, checks and judges, lessons. Then many votes at once, against a server that takes 200 ms.

All CPU figures are CPU time of this process, threads included; the servers have processes of their own.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from agot.models.library import load_litellm
from agot.reasoner import Reasoner
from agot.settings import Settings
from benchmarks.report import Figure, Report, main
from benchmarks.server import MODEL, Server, serving

SAMPLES = 8
QUESTIONS = 100
LATENCY_S = 0.2

_IN_WAYS = "What is item {}, in several ways?"

Work = Callable[[int], Awaitable[int]]
"""Does something for the question of a number, and returns how many model calls that took."""


def measure(quick: bool) -> Report:
    """Measure CPU, then many votes at once."""
    report = Report("speed")
    count, repeats = (3, 2) if quick else (40, 7)
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
        spent = asyncio.run(_cpu(server, Path(name), count, repeats))
    per_call = [name for name in spent if name.startswith("chain")]
    at_most = {"vote": 8.0, "best-of-n": 25.0} | dict.fromkeys(per_call, 4.0)
    for name, values in spent.items():
        unit = "ms a call" if name in per_call else "ms"
        report.figures.append(Figure(name, unit, values, at_most=at_most.get(name.partition(" of ")[0])))
    questions = 10 if quick else QUESTIONS
    with tempfile.TemporaryDirectory() as name, serving(Path(name), delay_s=LATENCY_S) as server:
        seconds = asyncio.run(_many(server, Path(name), questions, 1 if quick else 3))
    report.figures.append(Figure(
        f"{questions} votes of {SAMPLES} at {LATENCY_S:g} s, 64 calls in flight", "s", seconds, at_most=1.5
    ))  # fmt: skip
    return report


# -- CPU ---------------------------------------------------------------------------------------------


async def _cpu(server: Server, folder: Path, count: int, repeats: int) -> dict[str, tuple[float, ...]]:
    """Return the milliseconds of each way, one value per repeat; chains are counted per call."""
    settings = server.settings(folder, samples=SAMPLES)
    litellm = await load_litellm(with_openai=False)
    spent: dict[str, list[float]] = {}
    async with Reasoner(settings) as reasoner:
        ways: dict[str, Work] = {
            "litellm alone, 1 sample": _bare(litellm, server.base_url, 1),
            f"litellm alone, {SAMPLES} samples in one call": _bare(litellm, server.base_url, SAMPLES),
            "chain, checked by code": _asking(reasoner, "chain", "Compute {}+4"),
            "chain, an open question": _asking(reasoner, "chain", "[60c] Report item {}."),
            f"vote of {SAMPLES}": _asking(reasoner, "vote", _IN_WAYS),
            f"best-of-n of {SAMPLES}, checked by code": _asking(reasoner, "best-of-n", "[60c] Compute {}+4"),
            f"best-of-n of {SAMPLES}, each judged": _asking(reasoner, "best-of-n", _IN_WAYS),
        }  # fmt: skip
        for repeat in range(repeats + 1):
            for name, work in ways.items():
                began = time.process_time()
                calls = sum([await work(repeat * count + number) for number in range(count)])
                # The first repeat opens connections and fills caches.
                if repeat:
                    per = calls if name.startswith("chain") else count
                    spent.setdefault(name, []).append((time.process_time() - began) * 1000.0 / per)
    return {name: tuple(values) for name, values in spent.items()}


def _bare(litellm: Any, base_url: str, n: int) -> Work:
    async def call(number: int) -> int:
        messages = [
            {"role": "user", "content": f"{_IN_WAYS.format(number)}\n\nThink step by step."},
        ]
        await litellm.acompletion(
            model=MODEL, api_base=base_url, messages=messages, temperature=0.7, max_tokens=1024, seed=1, n=n
        )
        return 1

    return call


def _asking(reasoner: Reasoner, strategy: str, question: str) -> Work:
    async def ask(number: int) -> int:
        result = await reasoner.ask(question.format(number), strategy=strategy)
        assert result.status == "answered", result.reason
        return result.usage.calls

    return ask


# -- many at once ------------------------------------------------------------------------------------


async def _many(server: Server, folder: Path, questions: int, repeats: int) -> tuple[float, ...]:
    settings: Settings = server.settings(folder, samples=SAMPLES)
    seconds: list[float] = []
    async with Reasoner(settings) as reasoner:
        ask = _asking(reasoner, "vote", _IN_WAYS)
        for repeat in range(repeats + 1):
            began = time.perf_counter()
            await asyncio.gather(*(ask(repeat * questions + number) for number in range(questions)))
            # The first one loads litellm and opens the connections.
            if repeat:
                seconds.append(time.perf_counter() - began)
    return tuple(seconds)


if __name__ == "__main__":
    main(measure)
