"""No barrier: beside a 1.5 s sibling, a thought that needs a 0.1 s branch starts when that branch is done.

Measured at the server: from the arrival of the branch's request to the arrival of the request of the
thought behind it. In between lie the branch's 0.1 s, its judge's call, and our own work. The same plan in
`mode="layered"`, the published schedule, is measured in the same run.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from agot.reasoner import Reasoner
from benchmarks.report import Figure, Report, main
from benchmarks.scenario import question_for
from benchmarks.server import Logged, Server, serving

BRANCH_S = 0.1
ALLOWED_S = 0.05


def measure(quick: bool) -> Report:
    """Run the plan in both modes, alternating."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
        ready, layered = asyncio.run(_measure(server, Path(name), 1 if quick else 7))
    ratios = tuple(slow / fast for slow, fast in zip(layered, ready, strict=True))
    return Report("barrier", [
        Figure("ready: branch to the thought behind it", "s", tuple(ready), at_most=BRANCH_S + ALLOWED_S),
        Figure("layered: the same with a barrier", "s", tuple(layered)),
        Figure("layered / ready", "x", ratios, at_least=5.0),
    ])  # fmt: skip


async def _measure(server: Server, folder: Path, repeats: int) -> tuple[list[float], list[float]]:
    gaps: dict[str, list[float]] = {"ready": [], "layered": []}
    async with AsyncExitStack() as stack:
        reasoners = {}
        for mode in gaps:
            settings = server.settings(folder, mode=mode, layer_width=16)
            reasoners[mode] = await stack.enter_async_context(Reasoner(settings))
            await reasoners[mode].ask("Compute 1+1")  # loads litellm and opens the connections
        for _ in range(repeats):
            for mode, reasoner in reasoners.items():
                server.requests()
                result = await reasoner.ask(question_for("barrier"))
                assert result.status == "answered", result.reason
                requests = server.requests()
                gaps[mode].append(_first(requests, "item after") - _first(requests, "item branch"))
    return gaps["ready"], gaps["layered"]


def _first(requests: list[Logged], words: str) -> float:
    """Return when the first request whose own question has these words arrived."""
    return min(
        logged.at_s
        for logged in requests
        if words in logged.body["messages"][-1]["content"].rpartition("<question>")[2]
    )


if __name__ == "__main__":
    main(measure)
