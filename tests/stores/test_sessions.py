"""Conversations in each kind of database."""

from __future__ import annotations

import asyncio

import pytest

from agot.errors import StoreError
from agot.stores.database import SqlStore
from agot.thought import Usage


async def test_turns_are_numbered_without_gaps_whoever_speaks(store: SqlStore) -> None:
    sessions = store.sessions()
    session = await sessions.begin("A title\0 with \ud800" + "x" * 200)
    turns = await asyncio.gather(*(sessions.say(session.session_id, f"message {n}") for n in range(8)))
    assert sorted(turn.number for turn in turns) == list(range(1, 9))
    (listed,) = await sessions.recent()
    assert listed.turns == 8 and len(listed.title) == 80 and listed.title.startswith("A title\ufffd")


async def test_a_turn_is_kept_from_beginning_to_end(store: SqlStore) -> None:
    sessions = store.sessions()
    session = (await sessions.begin("t")).session_id
    await sessions.say(session, "said", material="text", material_names=["a\udc80", "b"])
    await sessions.understand(session, 1, "question", Usage(calls=1))
    (turn,) = await sessions.turns(session)
    assert (turn.question, turn.status, turn.usage.calls, turn.material_names[1]) == (
        "question",
        "running",
        1,
        "b",
    )
    await sessions.finish(session, 1, status="answered", answer="a", reason="", usage=Usage(calls=3))
    (turn,) = await sessions.turns(session)
    assert (turn.answer, turn.usage.calls, turn.finished_s is not None) == ("a", 3, True)


async def test_the_last_one_spoken_in_comes_first_and_ids_may_be_short(store: SqlStore) -> None:
    sessions = store.sessions()
    with pytest.raises(StoreError, match="no conversation yet"):
        await sessions.find("")
    one, two = await sessions.begin("one"), await sessions.begin("two")
    await sessions.say(one.session_id, "again")
    assert (await sessions.find("")).session_id == one.session_id
    assert (await sessions.find(two.session_id.upper())).session_id == two.session_id
    with pytest.raises(StoreError, match="several conversations"):
        await sessions.find(one.session_id[0])
    with pytest.raises(StoreError, match="There is no conversation"):
        await sessions.find("%")
    with pytest.raises(StoreError, match="any more"):
        await sessions.say("nobody", "x")
