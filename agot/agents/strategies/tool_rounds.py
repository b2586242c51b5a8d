"""Rounds of tool calls: what does not depend on each other runs side by side, the rest as soon as it can.

Sources: Zhu et al. 2025, "Divide-Then-Aggregate", arXiv 2501.12432; Kim et al. 2023, "An LLM Compiler for Parallel
Function Calling", arXiv 2312.04511 (placeholders for results of the same round).
"""

from __future__ import annotations

from agot.errors import SetupError
from agot.protocols import Toolbox
from agot.thought import Finding, Solution, Task, ToolNote

NAME = "tools"


async def tool_rounds(task: Task, tools: Toolbox) -> Solution:
    """Let the model call tools for `search.rounds` rounds, then answer from what they said.

    Raises:
        SetupError: If the run has no tools.
    """
    if tools.tools is None or not tools.tools.cards():
        raise SetupError(
            "The strategy 'tools' needs tools. Give some: Reasoner(tools=[...]) or [tools] in the settings."
        )
    notes: list[ToolNote] = [*tools.tools.before()]
    for _ in range(tools.search.rounds):
        round_ = await tools.dialect.tool_round(tools.ask, task, tools.tools.cards(), notes, role=tools.role)
        if round_.solution is not None:
            return round_.solution.model_copy(update={
                "steps": round_.solution.steps or _said(notes), "strategy": NAME,
            })  # fmt: skip
        if not round_.calls:
            break
        notes += await tools.tools.run(round_.calls)
    found = tuple(
        Finding(thought=task.thought, question=_named(note), answer=note.text, source=note.call.name)
        for note in notes
        if not note.error
    )
    known = task.model_copy(update={"findings": (*task.findings, *found)})
    solved = await tools.dialect.solve(
        tools.ask, known, role=tools.role, mode="chain", n=1,
        temperature=tools.temperature if tools.retry else 0.0,
    )  # fmt: skip
    return solved[0].model_copy(update={"steps": (*_said(notes), *solved[0].steps), "strategy": NAME})


def _named(note: ToolNote) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in note.call.arguments.items())
    return f"{note.call.name}({arguments})"


def _said(notes: list[ToolNote]) -> tuple[str, ...]:
    return tuple(f"{_named(note)} -> {note.text[:200]}" for note in notes)
