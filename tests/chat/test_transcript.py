"""Conversations as documents."""

from __future__ import annotations

import json

from agot.chat.transcript import as_json, as_markdown
from agot.stores.sessions import StoredTurn
from tests.chat.conftest import Model, Open, answer


async def test_markdown_quotes_what_was_said_and_tells_what_came_of_it(begin: Open, model: Model) -> None:
    model.think = lambda request: answer("```py\nx = 1")
    model.understand = lambda request: "What is x in Python?"
    async with begin() as conversation:
        await conversation.say("Explain it.\n# really")
        await conversation.say("Why?")
        assert conversation.session is not None
        text = as_markdown(conversation.session, conversation.turns)
    assert "> Explain it.\n> # really" in text and "*Understood as:* What is x in Python?" in text
    assert text.count("```") == 4, "a code block that was not ended does not swallow the rest"


async def test_json_holds_everything_of_each_turn(begin: Open) -> None:
    async with begin() as conversation:
        await conversation.say("What is it?")
        assert conversation.session is not None
        told = json.loads(json.dumps(as_json(conversation.session, conversation.turns)))
    assert told["conversation"]["title"] == "What is it?"
    assert set(told["turns"][0]) == set(StoredTurn.model_fields)
