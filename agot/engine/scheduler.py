"""Runs a DAG of tasks, each the moment its parents are done: no layers, no barrier, no polling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


async def run_ready(
    needs: Mapping[K, Sequence[K]],
    work: Callable[[K], Awaitable[None]],
    *,
    until: K | None = None,
    barrier: bool = False,
) -> frozenset[K]:
    """Run `work(key)` for every key, starting each the moment all it needs has finished.

    Cost per key is constant: finished tasks report themselves through a queue.

    Args:
        needs: What each key waits for; keys that are not in the mapping count as finished. A DAG.
        work: Does the work; a failure of one key is the work's own to record. An exception that it lets
            out ends the whole graph: the others are cancelled, then the exception is raised.
        until: Stop early once this key is done; keys it does not depend on are cancelled.
        barrier: Start nothing of the next topological layer before this one is done, as published
            layered schedules do.

    Returns:
        Keys that were started but cancelled, or never started, because `until` was done.
    """
    waiting = {key: sum(1 for need in parents if need in needs) for key, parents in needs.items()}
    children: dict[K, list[K]] = {key: [] for key in needs}
    for key, parents in needs.items():
        for need in parents:
            if need in children:
                children[need].append(key)
    finished: asyncio.Queue[tuple[K, asyncio.Task[None]]] = asyncio.Queue()
    running: dict[K, asyncio.Task[None]] = {}
    done: set[K] = set()
    held: list[K] = []

    async def perform(key: K) -> None:
        await work(key)

    def start(key: K) -> None:
        task = asyncio.create_task(perform(key))
        running[key] = task
        task.add_done_callback(lambda ended: finished.put_nowait((key, ended)))

    try:
        for key in [key for key, count in waiting.items() if count == 0]:
            start(key)
        while running:
            key, task = await finished.get()
            del running[key]
            task.result()
            done.add(key)
            if key == until:
                break
            for child in children[key]:
                waiting[child] -= 1
                if waiting[child] == 0:
                    held.append(child)
            if not barrier or not running:
                for child in held:
                    start(child)
                held.clear()
    finally:
        for task in running.values():
            task.cancel()
        if running:
            await asyncio.gather(*running.values(), return_exceptions=True)
    return frozenset(key for key in needs if key not in done)
