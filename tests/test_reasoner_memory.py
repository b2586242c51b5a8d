"""What runs are given of the memory, what they cite of it, and what they leave in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text

from agot.reasoner import Reasoner
from agot.settings import MemorySettings, RoleSettings, Settings
from tests.servers.loopback import Loopback, Reply

QUESTION = "Which town does the river Bubye flow past?"
PASSAGE = "The Bubye River is a river in southern Zimbabwe that flows past the town Beitbridge."


def settings_of(server: Loopback, folder: Path, **more: object) -> Settings:
    role = RoleSettings(model="hosted_vllm/x", base_url=server.base_url)
    return Settings(roles={"fast": role}, database_url=f"sqlite:///{folder / 'agot.db'}", **more)  # type: ignore[arg-type]


def replying(*answers: str) -> Callable[[dict[str, Any]], Reply]:
    return lambda request: Reply([answers[0]] * request.get("n", 1))


async def test_a_thought_is_given_what_its_question_brings_to_mind_as_data_and_the_answer_cites_it(
    tmp_path: Path,
) -> None:
    async with (
        Loopback(replying("Beitbridge")) as server,
        Reasoner(settings_of(server, tmp_path)) as reasoner,
    ):
        await reasoner.memory.ingest(data=PASSAGE.encode(), name="rivers.txt")
        await reasoner.memory.ingest(data=b"Cats purr while they sleep.", name="cats.txt")
        result = await reasoner.ask(QUESTION)
        asked = json.dumps(server.requests)
        assert "<untrusted" in asked and PASSAGE in asked and "Cats purr" not in asked
        assert result.answer == "Beitbridge"
        assert result.citations == (f"[1] rivers.txt, characters 0 to {len(PASSAGE)}",)
        assert (await reasoner.resume(result.run_id)).citations == result.citations
        store = await reasoner._opened()
        given = await store.view(
            lambda c: c.execute(text("SELECT thought, chunk_id FROM memory_recalls")).all()
        )
        assert [tuple(row) for row in given] == [("root", 1)]


async def test_an_empty_memory_and_one_of_other_things_change_nothing(tmp_path: Path) -> None:
    requests = []
    for memory in ("", "Cats purr while they sleep.", "off"):
        folder = tmp_path / (memory[:3] or "empty")
        folder.mkdir()
        async with Loopback(replying("Beitbridge")) as server:
            more = {"memory": MemorySettings(recall=False)} if memory == "off" else {}
            async with Reasoner(settings_of(server, folder, **more)) as reasoner:
                if memory:
                    kept = PASSAGE if memory == "off" else memory
                    await reasoner.memory.ingest(data=kept.encode(), name="a.txt")
                result = await reasoner.ask(QUESTION)
            assert result.citations == ()
            requests.append([request["messages"] for request in server.requests])
    assert requests[0] == requests[1] == requests[2]


async def test_a_run_that_is_done_again_reads_what_it_read_before(tmp_path: Path) -> None:
    async with (
        Loopback(replying("Beitbridge")) as server,
        Reasoner(settings_of(server, tmp_path)) as reasoner,
    ):
        without = await reasoner.ask(QUESTION)
        await reasoner.memory.ingest(data=PASSAGE.encode(), name="rivers.txt")
        first = await reasoner.ask(QUESTION)
        await reasoner.memory.ingest(data=b"The Bubye flows past no town at all.", name="rivers.txt")
        sent = len(server.requests)
        again = await reasoner.resume(first.run_id, again=True)
        assert again.citations == first.citations != ()
        # Begun when nothing was remembered, it goes on without.
        assert (await reasoner.resume(without.run_id, again=True)).citations == ()
        assert len(server.requests) == sent


async def test_what_was_proved_is_remembered_with_what_it_rests_on_and_serves_later_runs(
    tmp_path: Path,
) -> None:
    async with (
        Loopback(replying("Answer: 42")) as server,
        Reasoner(settings_of(server, tmp_path)) as reasoner,
    ):
        await reasoner.ask("What is 17 + 25?")
        assert await reasoner.memory.items() == []  # nobody asked for a memory
        await reasoner.memory.ingest(data=PASSAGE.encode(), name="rivers.txt")
        result = await reasoner.ask("What is 17 + 25?")
        assert result.trust == "proved"
        (item,) = await reasoner.memory.items()
        assert (item.question, item.answer, item.trust, item.run_id) == (
            "What is 17 + 25?",
            "42",
            "proved",
            result.run_id,
        )
        later = await reasoner.ask("What is 17 + 25?")
        assert later.citations == (f"[2] memory:{item.id}",)
        assert len(await reasoner.memory.items()) == 1


async def test_what_nothing_checked_is_not_remembered(tmp_path: Path) -> None:
    async with (
        Loopback(replying("Beitbridge")) as server,
        Reasoner(settings_of(server, tmp_path)) as reasoner,
    ):
        await reasoner.memory.ingest(data=PASSAGE.encode(), name="rivers.txt")
        assert (await reasoner.ask(QUESTION)).trust not in ("proved", "cross-checked")
        assert await reasoner.memory.items() == []
