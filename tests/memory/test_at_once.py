"""Many writers at once, and a writer that is killed: nothing is lost, nothing is there twice. On both databases."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from agot.memory.memory import Memory
from agot.stores.database import SqlStore
from tests.memory.conftest import memory_of

WRITERS, DOCUMENTS = 32, 3


async def test_many_writers_and_readers_lose_nothing_and_meet_no_lock(url: str) -> None:
    stores = [await SqlStore.open(url, busy_timeout_s=60) for _ in range(4)]
    try:
        memories = [memory_of(stores[number % 4]) for number in range(WRITERS)]

        async def write(number: int) -> None:
            for document in range(DOCUMENTS):
                text = f"Writer {number} met Ada Berg in Town {document}.\n\n" * 3
                await memories[number].ingest(data=text.encode(), name=f"{number}-{document}.txt")
                assert await memories[-number - 1].search(f"Ada Berg Town {document}")

        await asyncio.gather(*map(write, range(WRITERS)))
        stats = await memories[0].stats()
        assert (stats.documents, stats.passages) == (WRITERS * DOCUMENTS, WRITERS * DOCUMENTS)
        assert {source.passages for source in await memories[0].sources()} == {1}
        assert len(await memories[0].search("Writer 7 met Ada", k=3)) == 3
    finally:
        for store in stores:
            await store.close()


async def test_what_was_killed_is_read_anew_to_the_same_state(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_text("\n\n".join(
            f"Part {part} of book {number} speaks of Ada Berg. {'Words follow. ' * 60}" for part in range(300)
        ))  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-m", "agot", "ingest", str(folder), "--database", url],
        env={**os.environ, "AGOT_HOME": str(tmp_path / "home")}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    async with await SqlStore.open(url) as store:
        memory = memory_of(store)
        while child.poll() is None and (await memory.stats()).passages < 300:
            await asyncio.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.wait()
        await memory.ingest(folder)
        killed = await state(memory)
        whole = memory.within("whole")
        await whole.ingest(folder)
        assert killed == await state(whole)


async def state(memory: Memory) -> object:
    sources = [(one.uri, one.sha256, one.characters, one.passages) for one in await memory.sources()]
    found = await memory.search("Part 299 of book 5 speaks of Ada Berg", k=10)
    stats = await memory.stats()
    return (
        sources,
        stats.passages,
        stats.names,
        [(one.source, one.start, one.stop, round(one.score, 9)) for one in found],
    )
