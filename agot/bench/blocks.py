"""Blocksworld plans from PlanBench, task 1 (Valmeekam et al. 2022, arXiv 2206.10498)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from agot.bench.datasets import Grade, Item, json_lines, json_value
from agot.errors import ToolError
from agot.verifiers.planning import blocksworld as world

_OPEN_END = "My plan is as follows:\n\n[PLAN]"
_FORM = "Answer with the plan for this last statement alone: one action per line, worded as above, without blank lines."


def blocksworld(path: Path) -> Iterator[Item]:
    """Yield planning problems; any plan of possible actions that reaches the goal is right.

    The file holds rows, one to a line, or the original object with its `instances`.
    """
    rows = json_value(path, dict)["instances"] if path.suffix == ".json" else json_lines(path)
    for row in rows:
        query, gold = row["query"].strip(), row["ground_truth_plan"].strip()
        yield Item(
            id=f"blocksworld-{row['instance_id']}",
            question=f"{query.removesuffix(_OPEN_END).rstrip()}\n\n{_FORM}",
            gold=gold,
            wrong=("\n".join(gold.splitlines()[:-1]),),
            grade=_reaches(query),
        )


def _reaches(query: str) -> Callable[[str], Awaitable[Grade]]:
    async def grade(answer: str) -> Grade:
        faults = world.faults(query, answer)
        if faults is None:
            raise ToolError("The statement of this problem cannot be read, so no plan for it can be checked.")
        return Grade(not faults)

    return grade
