"""Searches with instruct models grow the golden trees, too: what is asked and how it is read is pinned with them.

After a wanted change: `AGOT_WRITE_GOLDEN=1 pytest tests/agents/search/test_standard_trees.py`, then read the difference.
"""

from __future__ import annotations

import os

import pytest

from tests.agents.search.conftest import Staged
from tests.agents.search.instructed import play
from tests.agents.search.test_golden_trees import GOLDEN, told


@pytest.mark.parametrize("name", ["best-of-n", "mcts", "tot-bfs"])
async def test_tree_of_the_standard_dialect_is_the_golden_one(stage: Staged, name: str) -> None:
    built = stage(play, standard=True, iterations=8, particles=4, width=3)
    found = await told(built, name)
    assert all(len(request.messages) == 1 for request in built.models.requests)
    path = GOLDEN / f"standard-{name}.txt"
    if os.environ.get("AGOT_WRITE_GOLDEN"):
        path.write_text(found)
    assert found == path.read_text()
