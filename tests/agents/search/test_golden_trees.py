"""Every strategy grows the same tree under the same seed, however long calls take.

After a wanted change: `AGOT_WRITE_GOLDEN=1 pytest tests/agents/search/test_golden_trees.py`, then read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agot.agents.strategies.registry import STRATEGIES
from agot.errors import OutputError
from tests.agents.search.conftest import Stage, Staged

GOLDEN = Path(__file__).parent / "golden"
NAMES = [
    name
    for name in STRATEGIES.names()
    if name not in ("tools", "experts", "least-to-most", "program", "chain-program-vote")
]
"""Those five ask for tools, several models, plans and programs; they have tests of their own."""


async def told(stage: Stage, name: str) -> str:
    try:
        solution = await stage.run(name)
        ending = f"= {solution.answer} ({solution.strategy}, {solution.confidence})"
    except OutputError as error:
        ending = f"! {error}"
    calls = f"{len(stage.models.requests)} calls, at most {stage.models.most_at_once} at once"
    return "\n".join((*stage.tree(), ending, calls)) + "\n"


@pytest.mark.parametrize("name", NAMES)
async def test_tree_is_the_golden_one(stage: Staged, name: str) -> None:
    found = await told(stage(iterations=8, particles=4, width=3), name)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("AGOT_WRITE_GOLDEN"):
        path.write_text(found)
    assert found == path.read_text()


@pytest.mark.parametrize("name", ["mcts", "ab-mcts", "tot-bfs", "particle-gibbs"])
async def test_latency_does_not_change_the_tree(stage: Staged, name: str) -> None:
    from random import Random

    wait = Random(7)

    async def late(request):
        import asyncio

        from tests.agents.search.puzzle import play

        await asyncio.sleep(wait.random() * 0.01)
        return play(request)

    slow = stage(late, iterations=8, particles=4, width=3)
    await told(slow, name)
    quick = stage(iterations=8, particles=4, width=3)
    await told(quick, name)
    assert slow.tree() == quick.tree()
