"""The tools of one thought, as strategies know them."""

from __future__ import annotations

from collections.abc import Sequence

from agot.thought import ToolCall, ToolCard, ToolNote
from agot.tools.caller import ToolCaller


class ToolRounds:
    """Implements `agot.protocols.Tools` over a caller of tools."""

    def __init__(self, caller: ToolCaller) -> None:
        self._caller = caller

    def cards(self) -> Sequence[ToolCard]:
        """Return what a model is told of each tool of the run."""
        return [
            ToolCard(name=tool.name, description=tool.description, parameters=tool.parameters)
            for tool in self._caller.tools.values()
        ]

    def before(self) -> list[ToolNote]:
        """Return what earlier tries of the thought did with side effects, so that a further one need not ask for it."""
        return [
            ToolNote(call=call, text=outcome.text, error=outcome.error)
            for call, outcome in self._caller.before()
        ]

    async def run(self, calls: Sequence[ToolCall]) -> list[ToolNote]:
        """Run the calls of one round, numbered from 1 for their references; results in call order.

        Raises:
            BudgetExceeded, Interrupted: As `ToolCaller` does.
        """
        numbered = [call.model_copy(update={"id": str(number)}) for number, call in enumerate(calls, start=1)]
        outcomes = await self._caller.run_graph(numbered)
        return [
            ToolNote(call=call, text=outcome.text, error=outcome.error)
            for call, outcome in zip(calls, outcomes, strict=True)
        ]
