"""Taking documents in: what is read, what is left alone, and what is told of the rest. On both databases."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from agot.errors import NotStored, SetupError, StoreError
from agot.memory import ingest, reading
from agot.memory.memory import Memory
from agot.stores import memory_rows
from agot.stores.database import SqlStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of documents, without the database."""
    made = tmp_path / "documents"
    made.mkdir()
    return made


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


async def texts(memory: Memory, question: str) -> list[str]:
    return [passage.text for passage in await memory.search(question)]


async def test_a_folder_is_read_with_all_in_it_and_found_again(memory: Memory, folder: Path) -> None:
    write(
        folder / "docs/rivers.md",
        "# Bubye\n\nThe Bubye River flows through Zimbabwe.\n\n# Sava\n\nThe Sava is long.\n",
    )
    write(folder / "docs/deep/plan.py", "def run_ready(graph):\n    return graph\n")
    write(folder / "docs/.git/config", "hidden = zimbabwe")
    summary = await memory.ingest(folder / "docs")
    assert (summary.read, summary.passages, summary.skipped) == (2, 3, [])
    passage = (await memory.search("Which country has the Bubye River?"))[0]
    assert (passage.title, passage.source) == ("rivers.md: Bubye", str(folder / "docs/rivers.md"))
    assert (folder / "docs/rivers.md").read_text()[passage.start : passage.stop] == passage.text
    assert (await memory.search("run_ready"))[0].title == "plan.py"
    assert await memory.show(passage.id) == passage.model_copy(update={"score": 0.0, "why": ()})


async def test_only_what_changed_is_read_again(memory: Memory, folder: Path) -> None:
    one, two = write(folder / "one.txt", "Old words of Anna."), write(folder / "two.txt", "Words of Bert.")
    await memory.ingest(folder)
    write(one, "New words of Carla.")
    summary = await memory.ingest(folder)
    assert (summary.read, summary.unchanged, summary.gone) == (1, 1, 0)
    assert await texts(memory, "Anna") == []
    assert await texts(memory, "Carla") == ["New words of Carla."]
    two.unlink()
    assert (await memory.ingest(folder)).gone == 1
    assert await texts(memory, "Bert") == []
    write(two, "Words of Bert.")
    assert (await memory.ingest(folder)).read == 1
    assert await texts(memory, "Bert") == ["Words of Bert."]


async def test_html_pdf_and_word_files_are_read(memory: Memory, folder: Path) -> None:
    docx = pytest.importorskip("docx")
    write(
        folder / "page.html",
        "<html><head><style>p {}</style></head><body><nav>menu</nav><h1>Falls</h1><p>Victoria <b>Falls</b> thunder.</p>"
        "<script>var x</script></body></html>",
    )
    document = docx.Document()
    document.add_heading("Lakes")
    document.add_paragraph("Ohrid is deep.")
    document.add_table(1, 2).rows[0].cells[1].text = "Prespa"
    document.save(str(folder / "lakes.docx"))
    write(folder / "hills.pdf", pdf("Mount Nyangani is high."))
    summary = await memory.ingest(folder)
    assert (summary.read, summary.skipped) == (3, [])
    assert await texts(memory, "thunder") == ["# Falls\n\nVictoria **Falls** thunder."]
    assert (await memory.search("menu var")) == []
    assert (await memory.search("Ohrid"))[0].title == "lakes.docx: Lakes"
    assert "Prespa" in (await texts(memory, "Prespa"))[0]
    hill = (await memory.search("Nyangani"))[0]
    assert (hill.title, hill.text) == ("hills.pdf: page 1", "Mount Nyangani is high.")


async def test_what_cannot_be_read_is_told_and_leaves_nothing(
    memory: Memory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pypdf = pytest.importorskip("pypdf")
    locked = pypdf.PdfWriter(clone_from=io.BytesIO(pdf("secret")))
    locked.encrypt("password", algorithm="RC4-128")
    with (folder / "locked.pdf").open("wb") as file:
        locked.write(file)
    write(folder / "damaged.pdf", b"%PDF-1.7\nnothing")
    write(folder / "latin.txt", "caf\xe9".encode("latin-1"))
    write(folder / "late.txt", b"Fine words. " * 200_000 + b"\xff")
    write(folder / "program.bin", b"\x7fELF\0\0")
    write(folder / "broken.docx", b"PK no zip")
    with zipfile.ZipFile(folder / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b"0" * 5_000_000)
    monkeypatch.setattr(reading, "LARGEST_UNPACKED", 4_000_000)
    os.mkfifo(folder / "pipe")
    write(folder / "good.txt", "Good words.")
    (folder / "sub").mkdir()
    (folder / "sub/loop").symlink_to(folder)
    (folder / "self.txt").symlink_to(folder / "self.txt")
    summary = await memory.ingest(folder)
    assert summary.read == 1
    why = {Path(uri).name: reason for uri, reason in summary.skipped}
    told = {
        "locked.pdf": "it is encrypted", "damaged.pdf": "it is damaged", "latin.txt": "it is not UTF-8",
        "late.txt": "it is not UTF-8", "program.bin": "zero bytes", "broken.docx": "it is damaged",
        "bomb.docx": "it unpacks to 5,000,000 bytes", "pipe": "it is no regular file", "loop": "it is a link to a folder",
        "self.txt": "symbolic links",
    }  # fmt: skip
    assert why.keys() == told.keys()
    assert all(words in why[name] for name, words in told.items()), why
    assert [source.title for source in await memory.sources()] == ["good.txt"]
    assert (await memory.stats()).passages == 1


async def test_what_is_named_and_not_there_is_refused(memory: Memory, folder: Path) -> None:
    with pytest.raises(SetupError, match=r"nothing\.txt cannot be read: No such file"):
        await memory.ingest(folder / "nothing.txt")
    (folder / "self").symlink_to(folder / "self")
    with pytest.raises(SetupError, match="leads back to itself"):
        await memory.ingest(folder / "self")


async def test_bytes_are_known_by_their_name(memory: Memory) -> None:
    assert (await memory.ingest(data=b"# Cats\n\nCats purr.", name="cats.md")).read == 1
    assert (await memory.ingest(data=b"# Cats\n\nCats purr.", name="cats.md")).unchanged == 1
    assert (await memory.search("purr"))[0].title == "cats.md: Cats"


async def test_a_large_text_is_committed_in_batches_and_counts_as_read_only_at_its_end(
    memory: Memory, store: SqlStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        folder / "book.txt",
        "\n\n".join(f"Chapter {number} of the book. {'Words. ' * 80}" for number in range(30)),
    )
    monkeypatch.setattr(ingest, "BATCH", 10)
    real, batches = memory_rows.add_chunks, []

    def stopping(*args: object, **more: object) -> list[int]:
        batches.append(len(args[2]))  # type: ignore[arg-type]
        if len(batches) == 2:
            raise KeyError("the machine is switched off")
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(memory_rows, "add_chunks", stopping)
    with pytest.raises(StoreError):
        await memory.ingest(folder)
    assert [source.sha256 for source in await memory.sources()] == [""]
    monkeypatch.setattr(memory_rows, "add_chunks", real)
    summary = await memory.ingest(folder)
    assert (summary.read, summary.passages) == (1, 30)
    assert (await memory.stats()).passages == 30
    assert len(await memory.search("Chapter 29 book", k=40)) == 30


async def test_two_that_read_the_same_document_do_not_mix_their_passages(
    memory: Memory, store: SqlStore
) -> None:
    async def change(work: object) -> object:
        return await store.change(work)  # type: ignore[arg-type]

    space = await change(lambda c: memory_rows.claim_space(c, "default"))
    for at_s in (1.0, 2.0):
        await change(
            lambda c, at_s=at_s: memory_rows.begin_source(
                c, space, "a.txt", title="a", kind="text", at_s=at_s
            )
        )
    with pytest.raises(NotStored, match=r"Another process reads or erased a\.txt"):
        await change(lambda c: memory_rows.source_begun(c, space, "a.txt", 1.0))
    assert await change(lambda c: memory_rows.source_begun(c, space, "a.txt", 2.0))


async def test_a_library_that_is_missing_is_named(
    memory: Memory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib

    real = importlib.import_module

    def without(name: str) -> object:
        if name == "pypdf":
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(reading.importlib, "import_module", without)
    write(folder / "a.pdf", pdf("text"))
    with pytest.raises(SetupError, match=r"pip install 'agot\[ingest\]'"):
        await memory.ingest(folder)
    assert await memory.sources() == []


async def test_a_sqlite_without_full_text_search_says_so(
    sqlite_url: str, folder: Path, memory_of: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    from sqlalchemy import Connection
    from sqlalchemy.exc import OperationalError

    real = Connection.exec_driver_sql

    def without(self: Connection, statement: str, *args: object) -> object:
        if "USING fts5(" in statement:
            raise OperationalError(statement, None, sqlite3.OperationalError("no such module: fts5"))
        return real(self, statement, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Connection, "exec_driver_sql", without)
    write(folder / "a.txt", "text")
    async with await SqlStore.open(sqlite_url) as store:
        with pytest.raises(StoreError, match="built without FTS5"):
            await memory_of(store).ingest(folder / "a.txt")  # type: ignore[operator]
        assert await memory_of(store).sources() == []  # type: ignore[operator]


def pdf(text: str) -> bytes:
    """Return a PDF of one page that shows a text."""
    shown = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + (b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(out))
    )
