"""`agot ingest` and `agot memory`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Agot


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "rivers.md").write_text("# Bubye\n\nThe Bubye River flows through Zimbabwe.\n")
    (folder / "noise.bin").write_bytes(b"\0\1")
    return folder


def test_documents_are_read_told_of_and_found(agot: Agot, documents: Path) -> None:
    ended = agot("ingest", str(documents))
    assert ended.code == 0
    assert ended.out.startswith("Read 1 document: 1 passage,") and "noise.bin: it is no text" in ended.out
    assert "Unchanged: 1" in agot("ingest", str(documents)).out
    found = agot("memory", "search", "Where is the Bubye River?")
    assert "rivers.md, characters 0 to 48" in found.out and "[1]" in found.out
    assert "holds: buby, river" in agot("memory", "why", "Where is the Bubye River?").out
    assert "flows through Zimbabwe" in agot("memory", "show", "1").out
    counted = json.loads(agot("memory", "stats", "--output", "json").out)
    assert (counted["documents"], counted["passages"], counted["namespaces"]) == (1, 1, {"default": 1})


def test_standard_input_is_read_into_a_namespace(agot: Agot) -> None:
    assert agot("ingest", "-", "--name", "cats.md", "-n", "pets", stdin=b"Cats purr.").code == 0
    found = json.loads(agot("memory", "search", "purr", "-n", "pets", "--output", "json").out)
    assert [(passage["text"], passage["source"]) for passage in found] == [("Cats purr.", "cats.md")]
    nothing = agot("memory", "search", "purr")
    assert (nothing.code, nothing.out) == (0, "") and "agot ingest PATH" in nothing.err


def test_what_cannot_be_read_at_all_fails_with_words(agot: Agot, tmp_path: Path) -> None:
    missing = agot("ingest", str(tmp_path / "nothing"))
    assert missing.code != 0 and "No such file or directory" in missing.err
    (tmp_path / "noise.bin").write_bytes(b"\0")
    assert agot("ingest", str(tmp_path / "noise.bin")).code == 1
    assert "There is no passage 7" in agot("memory", "show", "7").err


def test_what_was_concluded_is_listed_disputed_corrected_and_taken_back(agot: Agot, home: Path) -> None:
    import asyncio

    from agot.memory.memory import Memory
    from agot.settings import default_database_url
    from agot.stores.database import SqlStore

    async def conclude() -> str:
        async with await SqlStore.open(default_database_url()) as store:

            async def opened() -> SqlStore:
                return store

            return (await Memory(opened).remember("How many?", "41", trust="cross-checked")).id

    wrong = asyncio.run(conclude())
    assert f"{wrong}\tHow many?\t41\tverified\tcross-checked" in agot("memory", "items").out
    assert agot("memory", "dispute", wrong).code == 0
    assert "\tdisputed\t" in agot("memory", "items").out
    right = agot("memory", "correct", wrong, "42").out.split()[0]
    assert json.loads(agot("memory", "items", "--output", "json").out)[0]["answer"] == "42"
    assert agot("memory", "retract", right).out == f"{right} is retracted; 1 other conclusion changed.\n"
    assert "There is no conclusion" in agot("memory", "correct", "nobody", "42").err


def test_documents_are_listed_and_taken_back(agot: Agot) -> None:
    agot("ingest", "-", "--name", "cats.md", stdin=b"Cats purr.")
    assert "cats.md\tmarkdown\t1\t10\t\n" in agot("memory", "sources").out
    assert "0 other conclusions changed" in agot("memory", "retract", "cats.md").out
    assert "retracted" in agot("memory", "sources").out
    assert agot("memory", "search", "purr").out == ""


def test_a_document_is_named_as_it_was_when_it_was_taken_in(
    agot: Agot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").mkdir()
    for animal in ("cats", "dogs"):
        (tmp_path / "notes" / f"{animal}.md").write_text(f"{animal} make noise.")
    monkeypatch.chdir(tmp_path)
    agot("ingest", "notes/cats.md", "notes")
    assert "is retracted" in agot("memory", "retract", "notes/cats.md").out
    assert "is erased" in agot("memory", "erase", "./notes/dogs.md", "--yes").out
    assert agot("memory", "search", "noise").out == ""
    assert (
        "There is no document or conclusion 'notes/none.md'" in agot("memory", "retract", "notes/none.md").err
    )
