"""What a server and its GPU do while questions are asked: the server's `/metrics` and `nvidia-smi`, where they are."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator, Mapping

from agot.bench.plain import PlainClient

EVERY_S = 0.5
_LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{[^}]*\})?\s+([-+0-9.eEnaN]+)", re.MULTILINE)

_GAUGES = {
    "running": ("vllm:num_requests_running", "sglang:num_running_reqs", "llamacpp:requests_processing"),
    "waiting": ("vllm:num_requests_waiting", "sglang:num_queue_reqs", "llamacpp:requests_deferred"),
    "cache used": ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage"),
}
"""What is looked at again and again, by the names that vLLM, SGLang and llama.cpp give it."""
_HITS = ("vllm:prefix_cache_hits_total", "vllm:gpu_prefix_cache_hits_total")
_QUERIES = ("vllm:prefix_cache_queries_total", "vllm:gpu_prefix_cache_queries_total")


def metrics_of(text: str) -> dict[str, float]:
    """Return the values of a page in Prometheus's text format by name, summed over labels."""
    found: dict[str, float] = {}
    for name, value in _LINE.findall(text):
        with contextlib.suppress(ValueError):
            found[name] = found.get(name, 0.0) + float(value)
    return found


class Watch:
    """Looks at a server that may tell nothing of itself, and at the GPUs of this machine, if there are any."""

    def __init__(self, client: PlainClient) -> None:
        self._client = client

    @contextlib.asynccontextmanager
    async def during(self) -> AsyncIterator[Mapping[str, list[float]]]:
        """Gather what is seen while the block runs: running and waiting requests, shares of the cache, GPU percent."""
        seen: dict[str, list[float]] = {}
        before = await self._metrics()
        lookers = [asyncio.create_task(self._look(seen))] if before else []
        if shutil.which("nvidia-smi"):
            lookers.append(asyncio.create_task(_gpus(seen)))
        try:
            yield seen
        finally:
            for task in lookers:
                task.cancel()
            await asyncio.gather(*lookers, return_exceptions=True)
        after = await self._metrics()
        queries = _first(after, _QUERIES) - _first(before, _QUERIES)
        if queries > 0:
            seen["cache hits"] = [(_first(after, _HITS) - _first(before, _HITS)) / queries]

    async def _metrics(self) -> dict[str, float]:
        told = await self._client.fetch("metrics")
        return metrics_of(told) if isinstance(told, str) else {}

    async def _look(self, seen: dict[str, list[float]]) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            told = await self._metrics()
            for name, spelled in _GAUGES.items():
                if any(one in told for one in spelled):
                    seen.setdefault(name, []).append(_first(told, spelled))


def _first(told: Mapping[str, float], names: tuple[str, ...]) -> float:
    return next((told[name] for name in names if name in told), 0.0)


async def _gpus(seen: dict[str, list[float]]) -> None:
    """Append the utilisation of each GPU in percent, once a second."""
    process = await asyncio.create_subprocess_exec(
        "nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--loop=1",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            with contextlib.suppress(ValueError):
                seen.setdefault("GPU", []).append(float(line))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
