"""Rounds of tool calls: what does not depend on each other runs side by side, the rest as soon as it can.

Sources: Zhu et al. 2025, "Divide-Then-Aggregate", arXiv 2501.12432; Kim et al. 2023, "An LLM Compiler for Parallel
Function Calling", arXiv 2312.04511 (placeholders for results of the same round).
"""

from __future__ import annotations

from agot.agents.tries import Try
from agot.errors import SetupError
from agot.thought import Finding, Solution, Task, ToolNote

NAME = "tools"


async def tool_rounds(task: Task, try_: Try) -> Solution:
    """Let the model call tools for `search.rounds` rounds, then answer from what they said.

    Raises:
        SetupError: If the run has no tools.
    """
    tools = try_.tools
    if tools is None or not tools.cards():
        raise SetupError(
            "The strategy 'tools' needs tools. Give some: Reasoner(tools=[...]) or [tools] in the settings."
        )
    notes: list[ToolNote] = [*tools.before()]
    for _ in range(try_.search.rounds):
        round_ = await try_.tool_round(task, notes)
        if round_.solution is not None:
            return round_.solution.model_copy(update={"steps": round_.solution.steps or _said(notes)})
        if not round_.calls:
            break
        notes += await tools.run(round_.calls)
    found = tuple(
        Finding(thought=task.thought, question=_named(note), answer=note.text, source=note.call.name)
        for note in notes
        if not note.error
    )
    known = task.model_copy(update={"findings": (*task.findings, *found)})
    solved = await try_.solve(known)
    return solved.model_copy(update={"steps": (*_said(notes), *solved.steps)})


def _named(note: ToolNote) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in note.call.arguments.items())
    return f"{note.call.name}({arguments})"


def _said(notes: list[ToolNote]) -> tuple[str, ...]:
    return tuple(f"{_named(note)} -> {note.text[:200]}" for note in notes)
