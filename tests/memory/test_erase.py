"""Erasing leaves no byte of what was erased. On both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from agot.errors import NotStored
from agot.memory.memory import Memory
from agot.stores.database import SqlStore
from agot.stores.memory_items import note_recalls
from tests.stores.conftest import Run, make_call

CANARY = "Zyxomma Quillfeather"


async def test_no_byte_of_what_was_erased_is_left(url: str, tmp_path: Path, memory_of: object) -> None:
    async with await SqlStore.open(url) as store:
        memory: Memory = memory_of(store)  # type: ignore[operator]
        await memory.ingest(data=f"The secret name is {CANARY}.".encode(), name="secret.txt")
        await memory.ingest(data=b"Cats purr while they sleep.", name="cats.txt")
        passages = await memory.search("secret name")
        run = await Run.begin(store, question="What is the secret name?")
        call = make_call().model_copy(update={"request": f'"{CANARY}"', "reply": f'"{CANARY}"'})
        await store.put_call(run.id, call)
        await store.change(lambda c: note_recalls(c, run.id, [("root", passages[0].id, 1.0)]))
        await store.end_attempt(run.id)
        first = await memory.remember("Which name is meant?", CANARY, trust="proved", rests_on=passages)
        above = await memory.search("Which name is meant?", k=1)
        await memory.remember("And whose?", f"of {CANARY}", trust="proved", rests_on=above)
        await memory.remember("What is said in that run?", f"also {CANARY}", trust="proved", run_id=run.id)
        kept = await memory.remember("Do cats purr?", "yes", trust="proved")
        assert await holds(store, url, tmp_path)
        gone = await memory.erase("secret.txt")
        assert (len(gone.items), gone.runs, first.id in gone.items) == (3, (run.id,), True)
        assert not await holds(store, url, tmp_path)
        assert [item.id for item in await memory.items()] == [kept.id]
        assert [passage.source for passage in await memory.search("cats purr", k=1)] == ["cats.txt"]
        assert await memory.search("secret quillfeather") == []
        with pytest.raises(NotStored, match=r"no document or conclusion 'secret\.txt'"):
            await memory.erase("secret.txt")
    assert not any(found(path) for path in tmp_path.rglob("*") if path.is_file())


async def holds(store: SqlStore, url: str, folder: Path) -> bool:
    """Return whether a word of the secret is in a file of the database, or in a table of the server."""
    if url.startswith("sqlite"):
        return any(found(path) for path in folder.glob("agot.db*"))

    def look(connection: object) -> bool:
        tables = inspect(connection).get_table_names()  # type: ignore[union-attr]
        return any(
            connection.scalar(text(f"SELECT count(*) FROM {table} t WHERE t::text ILIKE '%quillfeather%'"))  # type: ignore[attr-defined]
            for table in tables
        )

    return await store.view(look)  # type: ignore[arg-type]


def found(path: Path) -> bool:
    data = path.read_bytes().lower()
    return any(word in data for word in (b"quillfeath", b"zyxomma"))
