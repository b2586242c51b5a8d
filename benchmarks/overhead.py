"""Our own CPU: per model call beyond bare litellm, per thought beyond its calls, and how that grows.

All figures are CPU time of this process, threads included; the server has a process of its own.

*  Per call: the same N prompts through bare `litellm.acompletion`, and through Caller (journal in SQLite,
   budget, events) and Gateway; same concurrency, alternating.
*  Per thought: a run of 1,012 thoughts over an in-process model, minus its calls through Caller alone.
*  Growth: 10,023 thoughts, nested four deep, against 1,012, per thought.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from agot.budget import Budget
from agot.engine.garbage import rare_collections
from agot.engine.recorded import Asked, Calls, recorded_run
from agot.ids import ThoughtId, new_run_id
from agot.judging import PLANS
from agot.models.gateway import Gateway
from agot.models.library import load_litellm
from agot.protocols import Message, ModelRequest, Models
from agot.reasoner import Reasoner
from agot.settings import EngineSettings, RoleSettings, Settings
from agot.stores.database import SqlStore
from benchmarks.report import Figure, Report, main
from benchmarks.scenario import question_for, script, thoughts_in
from benchmarks.server import MODEL, Server, serving
from tests.scripted import ScriptedModels

CONCURRENCY = 8
SMALL, LARGE = "forest-10-2", "forest-11-3"
TINY, LESS_TINY = "tree-1", "tree-2"
_WORDS = "The quick brown fox jumps over the lazy dog while the other animals look on. " * 25


def measure(quick: bool) -> Report:
    """Measure all three."""
    report = Report("overhead")
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
        bare, ours = asyncio.run(_calls(server, Path(name), 20 if quick else 200, 2 if quick else 9))
    beyond = tuple(b - a for a, b in zip(bare, ours, strict=True))
    report.figures += [
        Figure("bare litellm, per call", "ms", bare),
        Figure("litellm with journal, budget, events, per call", "ms", ours),
        Figure("difference per call", "ms", beyond, at_most=1.0),
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = (TINY, LESS_TINY) if quick else (SMALL, LARGE)
        report.figures += asyncio.run(_thoughts(folder, small, large, 1 if quick else 3))
    return report


def _cpu_ms_since(began: float) -> float:
    return (time.process_time() - began) * 1000.0


# -- per call ----------------------------------------------------------------------------------------


async def _calls(
    server: Server, folder: Path, count: int, repeats: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    settings = server.settings(folder)
    litellm = await load_litellm(with_openai=False)
    gateway = Gateway(settings)
    bare: list[float] = []
    ours: list[float] = []
    async with await SqlStore.open(f"sqlite:///{folder / 'calls.db'}") as store:
        for repeat in range(repeats + 1):
            requests = [_request(f"{repeat}.{i}") for i in range(count)]
            began = time.process_time()
            await _at_once([_bare(litellm, server.base_url, request) for request in requests])
            spent_bare = _cpu_ms_since(began)
            began = time.process_time()
            await _through_caller(store, gateway, [(ThoughtId("0.0"), request) for request in requests])
            if repeat:  # the first one opens the connections
                bare.append(spent_bare / count)
                ours.append(_cpu_ms_since(began) / count)
        await gateway.close()
    return tuple(bare), tuple(ours)


def _request(item: str) -> ModelRequest:
    messages = (
        Message(role="system", content="Solve the question."),
        Message(role="user", content=f"{_WORDS}\n<question>\nReport item {item}.\n</question>"),
    )
    return ModelRequest(purpose="solve", messages=messages, seed=1)


def _bare(litellm: Any, base_url: str, request: ModelRequest) -> Callable[[], Awaitable[object]]:
    async def call() -> object:
        return await litellm.acompletion(
            model=MODEL, api_base=base_url, messages=[m.model_dump() for m in request.messages],
            temperature=0.0, max_tokens=request.max_tokens, seed=1,
        )  # fmt: skip

    return call


async def _at_once(calls: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Make the calls, `CONCURRENCY` at a time."""
    waiting = iter(calls)

    async def work() -> None:
        for call in waiting:
            await call()

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


async def _through_caller(
    store: SqlStore, models: Models, requests: list[tuple[ThoughtId, ModelRequest]]
) -> None:
    """Make the calls through `Caller`, as a run does it that has no thoughts to think."""
    run_id = new_run_id(time.time())
    calls, budget = Calls(models, retries=lambda role: 0), Budget(calls=10**9, tokens=10**12)
    async with recorded_run(
        store, run_id, asked=Asked("calls", MODEL, ""), calls=calls, budget=budget
    ) as run:

        def call(thought: ThoughtId, request: ModelRequest) -> Callable[[], Awaitable[object]]:
            return lambda: run.caller(thought)(request)

        with rare_collections():
            await _at_once([call(thought, request) for thought, request in requests])
        await store.flush(run_id)


# -- per thought -------------------------------------------------------------------------------------


async def _thoughts(folder: Path, small: str, large: str, repeats: int) -> list[Figure]:
    settings = Settings(
        roles={"fast": RoleSettings(model="scripted/model")},
        engine=EngineSettings(max_plan_thoughts=100_000),
        budget=Budget(depth=10, thoughts=1_000_000, calls=10**9, tokens=10**12),
        database_url=f"sqlite:///{folder / 'thoughts.db'}",
    )
    own: list[float] = []
    per_small: list[float] = []
    per_large: list[float] = []
    async with await SqlStore.open(f"sqlite:///{folder / 'thoughts.db'}") as store:
        await store.keep_facts("", "scripted", {PLANS: True})
        await _run(settings, store, small)  # warms caches
        for _ in range(repeats):
            runs = []
            for _ in range(2):
                whole, requests = await _run(settings, store, small)
                gc.collect()
                began = time.process_time()
                await _through_caller(store, ScriptedModels(script, dialect="standard"), requests)
                runs.append(whole)
                own.append((whole - _cpu_ms_since(began)) / thoughts_in(small))
                gc.collect()
            per_small.append(min(runs) / thoughts_in(small))
            per_large.append((await _run(settings, store, large))[0] / thoughts_in(large))
    ratios = tuple(many / few for few, many in zip(per_small, per_large, strict=True))
    return [
        Figure(
            f"a run of {thoughts_in(small):,} thoughts beyond its calls, per thought",
            "ms",
            tuple(own),
            at_most=2.0,
        ),
        Figure(
            f"a run of {thoughts_in(small):,} thoughts, calls included, per thought", "ms", tuple(per_small)
        ),
        Figure(
            f"a run of {thoughts_in(large):,} thoughts, calls included, per thought", "ms", tuple(per_large)
        ),
        Figure("growth: the large run / the small one, per thought", "x", ratios, at_most=1.3),
    ]


async def _run(
    settings: Settings, store: SqlStore, plan: str
) -> tuple[float, list[tuple[ThoughtId, ModelRequest]]]:
    """Return the CPU milliseconds of a run, and the requests it made."""
    models = ScriptedModels(script, dialect="standard")
    async with Reasoner(settings, models=models, store=store) as reasoner:
        gc.collect()
        began = time.process_time()
        result = await reasoner.ask(question_for(plan))
        spent = _cpu_ms_since(began)
    assert result.status == "answered", result.reason
    assert result.graph is not None and len(result.graph) == thoughts_in(plan), "thoughts are missing"
    return spent, [(request.thought, request) for request in models.requests]


if __name__ == "__main__":
    main(measure)
