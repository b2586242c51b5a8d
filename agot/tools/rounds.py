"""The tools of one thought, as strategies know them."""

from __future__ import annotations

from collections.abc import Sequence

from agot import thought
from agot.tools.caller import ToolCaller
from agot.tools.tool import ToolCall


class ToolRounds:
    """Implements `agot.protocols.Tools` over a caller of tools."""

    def __init__(self, caller: ToolCaller) -> None:
        self._caller = caller

    def cards(self) -> Sequence[thought.ToolCard]:
        """Return what a model is told of each tool of the run."""
        return [
            thought.ToolCard(name=tool.name, description=tool.description, parameters=tool.parameters)
            for tool in self._caller.tools.values()
        ]

    async def run(self, calls: Sequence[thought.ToolCall]) -> list[thought.ToolNote]:
        """Run the calls of one round, numbered from 1 for their references; results in call order.

        Raises:
            BudgetExceeded, Interrupted: As `ToolCaller` does.
        """
        numbered = [
            ToolCall(id=str(number), tool=call.name, arguments=call.arguments)
            for number, call in enumerate(calls, start=1)
        ]
        outcomes = await self._caller.run_graph(numbered)
        return [
            thought.ToolNote(call=call, text=outcome.text, error=outcome.error)
            for call, outcome in zip(calls, outcomes, strict=True)
        ]
