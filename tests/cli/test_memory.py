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
    assert ended.out.startswith("Read 1 document: 1 passages") and "noise.bin: it is no text" in ended.out
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
