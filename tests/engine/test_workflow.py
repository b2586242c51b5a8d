"""The workflow of one thought: its drawn graph, and what that graph carries."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from agot.agents import workflow
from agot.agents.context import ThoughtState
from agot.agents.selector import Think, Use
from tests.engine.test_engine import solver


def test_the_drawn_graph_has_the_steps_of_a_thought() -> None:
    drawn = workflow.thought_graph().get_graph()
    assert set(drawn.nodes) - {"__start__", "__end__"} == {"choose", "solve", "expand", "verify", "decide"}
    assert {(edge.source, edge.target) for edge in drawn.edges} == {
        ("__start__", "choose"), ("__start__", "solve"), ("choose", "solve"),
        ("solve", "verify"), ("solve", "expand"), ("solve", "decide"), ("solve", "__end__"),
        ("expand", "verify"), ("expand", "decide"), ("verify", "decide"), ("verify", "__end__"),
        ("decide", "solve"), ("decide", "__end__"),
    }  # fmt: skip


async def test_a_further_try_is_carried_by_the_graph(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, seen = workflow.thought_graph(), list[ThoughtState]()

    class Watched:
        async def ainvoke(self, state: ThoughtState, **how: Any) -> dict[str, Any]:
            carried: dict[str, Any] = {}
            async for carried in graph.astream(state, stream_mode="values", **how):
                seen.append(ThoughtState(**carried))
            return carried

    monkeypatch.setattr(workflow, "thought_graph", Watched)
    b = bench(solver({}, {"What is 3+4?": "8"}), retries=0)
    await b.run("What is 3+4?")
    first, last = seen[0], seen[-1]
    assert (first.next, first.tries, first.made) == ("solve", 1, ("chain",))
    assert isinstance(first.move, Use) and first.move.strategy == "adaptive-best-of-n"
    assert [one.next for one in seen[:4]] == ["solve", "verify", "decide", "solve"]
    assert last.next == "end" and last.outcome is not None and len(last.tried) == last.tries
    moves = [event.strategy for event in b.of("strategy_chosen")]
    assert moves == ["think", *(one.move.strategy for one in seen if one.next == "solve" and one.move)]
    assert not any(isinstance(one.move, Think) for one in seen)


def test_a_thought_that_ends_in_its_first_round_loads_no_langgraph() -> None:
    program = (
        "import asyncio, sys, agot\n"
        "from agot.settings import RoleSettings, Settings\n"
        "from tests.scripted import ScriptedModels\n"
        "own = Settings(roles={'fast': RoleSettings(model='m')}, database_url='sqlite://')\n"
        "async def main():\n"
        "    models = ScriptedModels(lambda request: '7', dialect='standard')\n"
        "    async with agot.Reasoner(own, models=models) as reasoner:\n"
        "        print((await reasoner.ask('What is 3+4?')).answer)\n"
        "asyncio.run(main())\n"
        "print('langgraph' in sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["7", "False"]
