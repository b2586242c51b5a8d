"""Strategies reach tools through `agot.protocols.Tools`."""

from __future__ import annotations

from agot.protocols import Tools
from agot.thought import ToolCall
from agot.tools.builtin import builtin_tools
from agot.tools.rounds import ToolRounds
from tests.tools.conftest import Bench


async def test_calls_of_a_round_refer_to_each_other_by_their_place() -> None:
    tools: Tools = ToolRounds(Bench(builtin_tools()).caller)
    calls = [
        ToolCall(name="calculator", arguments={"expression": "$2 * 2"}),
        ToolCall(name="calculator", arguments={"expression": "20 + 1"}),
        ToolCall(name="calculator", arguments={"expression": "$9"}),
    ]
    notes = await tools.run(calls)
    assert [(note.text, note.error) for note in notes[:2]] == [("42", False), ("21", False)]
    assert notes[2].error and "no call with the id 9" in notes[2].text
    assert [note.call for note in notes] == calls
    assert [card.name for card in tools.cards()] == ["calculator", "date_difference", "date_add", "weekday"]
    assert all(card.description and card.parameters["type"] == "object" for card in tools.cards())
