"""Takes documents into the memory: files, folders, standard input, and addresses that a person named.

A document is read again only if its bytes changed. Its passages are committed in batches, so that a text of any size
takes little memory and others can write meanwhile; until the last batch it counts as not read, so that whoever was
stopped reads it anew.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from agot.errors import NotStored, SetupError
from agot.memory.chunking import Piece, cut
from agot.memory.reading import Document, Unreadable, hash_of, of_bytes, of_file, texts_of
from agot.memory.text import name_number, names_in, terms_of
from agot.redaction import redacted
from agot.stores import memory_rows as rows
from agot.stores.database import SqlStore

BATCH = 200
"""Passages of one transaction: it holds the write lock, which runs wait for."""

LARGEST_DOWNLOAD = 50_000_000
"""Bytes that are taken from an address."""

_DOWNLOAD_S = 60.0


@dataclass(slots=True)
class Summary:
    """What an ingestion did.

    Attributes:
        read: Documents that were read; `unchanged` those whose bytes are known.
        gone: Documents of a folder that are there no longer; they are retracted.
        skipped: What could not be read, and why.
    """

    read: int = 0
    unchanged: int = 0
    gone: int = 0
    passages: int = 0
    characters: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion is: documents done of all, and the one that is being read."""

    done: int
    total: int
    uri: str
    passages: int


OnProgress = Callable[[Progress], None]


def _nobody(progress: Progress) -> None:
    """Tell nobody."""


def found_in(path: Path, skipped: list[tuple[str, str]]) -> Iterator[Path]:
    """Yield the files of a path: itself, or those of a folder and the folders in it, sorted.

    Hidden files and folders are left out. A link to a folder is not followed, or a folder could hold itself.

    Args:
        skipped: Where it is noted what was left out, and why.

    Raises:
        SetupError: If there is nothing at the path.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        why = "is a symbolic link that leads back to itself" if error.errno == errno.ELOOP else (
            f"cannot be read: {error.strerror}"
        )  # fmt: skip
        raise SetupError(
            f"{path} {why}. Name a file, a folder, an http address, or - for standard input."
        ) from None
    if not stat.S_ISDIR(mode):
        yield path
        return

    def told(error: OSError) -> None:
        skipped.append((str(error.filename), error.strerror or str(error)))

    for folder, folders, files in os.walk(path, onerror=told):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if os.path.islink(os.path.join(folder, name)):
                skipped.append((os.path.join(folder, name), "it is a link to a folder; name it to read it"))
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))


def prepared(space: int, document: Document, piece: Piece, heading: str) -> rows.NewChunk:
    """Return a passage with what it is found by."""
    under = piece.heading or heading
    title = f"{document.name}: {under}" if under else document.name
    # The name of the file is in each title and tells nothing apart; the heading does.
    names = names_in(under or document.name.partition(".")[0].replace("_", " "), piece.text)
    return rows.NewChunk(
        title=title[:300], text=piece.text, terms=terms_of(f"{title}\n{piece.text}"),
        names={name_number(space, key): name for key, name in names.items()}, start=piece.start, stop=piece.stop,
    )  # fmt: skip


def pieces_of(document: Document) -> Iterator[tuple[Piece, str]]:
    """Yield the passages of a document, each with the heading that the reader knows; as `texts_of` raises."""
    offset = 0

    def counted(parts: Iterator[tuple[str, str]]) -> Iterator[str]:
        nonlocal offset
        for _, part in parts:
            # A passage is kept, shown, and sent to models.
            part = redacted(part)
            offset += len(part)
            yield part

    markdown = document.kind in ("markdown", "html")
    for heading, parts in itertools.groupby(texts_of(document), key=lambda part: part[0]):
        before = offset
        for piece in cut(counted(parts), headings=markdown):
            yield (
                Piece(piece.text, before + piece.start, before + piece.stop, piece.heading),
                redacted(heading),
            )


class Ingestion:
    """One ingestion into one namespace.

    Args:
        on_progress: Called on the event loop before each document and after each batch.
    """

    def __init__(
        self, store: SqlStore, namespace: str, *, clock: Callable[[], float] = time.time,
        on_progress: OnProgress = _nobody,
    ) -> None:  # fmt: skip
        self._store, self._namespace, self._clock, self._tell = store, namespace, clock, on_progress
        self.summary = Summary()

    async def files(self, paths: Sequence[Path]) -> None:
        """Read files and folders.

        Raises:
            SetupError: If there is nothing at a path, or a library is missing.
            StoreError: If the database cannot be used; what was read before is kept.
        """
        summary = self.summary
        roots = [Path(os.path.abspath(path)) for path in paths]
        found = await asyncio.to_thread(
            lambda: list(dict.fromkeys(file for root in roots for file in found_in(root, summary.skipped)))
        )
        known = await self._read_known()
        for done, path in enumerate(found):
            self._tell(Progress(done, len(found), str(path), summary.passages))
            try:
                if not stat.S_ISREG(path.stat().st_mode):
                    raise Unreadable("it is no regular file")
                document = of_file(path)
            except (OSError, Unreadable) as error:
                summary.skipped.append((str(path), _why(error)))
                continue
            await self._document(document, known, Progress(done, len(found), str(path), 0))
        await self._note_gone(roots, {str(path) for path in found}, known)

    async def document(self, document: Document) -> None:
        """Read one document that is in memory.

        Raises:
            SetupError, StoreError: As `files`.
        """
        await self._document(document, await self._read_known(), Progress(0, 1, document.uri, 0))

    async def _read_known(self) -> dict[str, str]:
        def read(connection: Connection) -> dict[str, str]:
            space = rows.space_named(connection, self._namespace)
            return {} if space is None else rows.hashes_of(connection, space)

        return await self._store.view(read)

    async def _note_gone(self, roots: Sequence[Path], found: set[str], known: dict[str, str]) -> None:
        """Retract what was read from a folder and is there no longer."""
        folders = [f"{root}{os.sep}" for root in roots if root.is_dir()]
        gone = [
            uri
            for uri in known
            if uri not in found and uri.startswith(tuple(folders)) and not os.path.exists(uri)
        ]
        if folders and gone:
            at_s = self._clock()
            await self._store.change(
                lambda connection: rows.retract_sources(
                    connection, rows.claim_space(connection, self._namespace), gone, at_s=at_s
                )
            )
            self.summary.gone += len(gone)

    async def _document(self, document: Document, known: dict[str, str], at: Progress) -> None:
        summary = self.summary
        try:
            sha256 = await asyncio.to_thread(hash_of, document)
        except OSError as error:
            summary.skipped.append((document.uri, _why(error)))
            return
        if known.get(document.uri) == sha256:
            summary.unchanged += 1
            return
        before = summary.passages
        try:
            await self._read(document, sha256, at)
        except (Unreadable, OSError) as error:
            summary.passages = before
            summary.skipped.append((document.uri, _why(error)))

    async def _read(self, document: Document, sha256: str, at: Progress) -> None:
        """Read a document and keep its passages; if it cannot be read to its end, nothing of it is kept."""
        begun_s, begun = self._clock(), False
        pieces = pieces_of(document)
        space = await self._store.change(lambda connection: rows.claim_space(connection, self._namespace))
        place = characters = 0
        try:
            while True:
                # In a thread that nobody waits for: the writer's is needed by all runs.
                batch = await asyncio.to_thread(
                    lambda: [prepared(space, document, *piece) for piece in itertools.islice(pieces, BATCH)]
                )
                last = len(batch) < BATCH
                characters = batch[-1].stop if batch else characters
                await self._store.change(
                    _writing(
                        self._namespace, document, batch, begun_s, place, sha256 if last else "", characters
                    )
                )
                begun = True
                place += len(batch)
                self.summary.passages += len(batch)
                self._tell(Progress(at.done, at.total, at.uri, self.summary.passages))
                if last:
                    break
        except (Unreadable, OSError, SetupError, asyncio.CancelledError):
            if begun:
                await self._store.change(_unwriting(self._namespace, document.uri, begun_s))
            raise
        self.summary.read += 1
        self.summary.characters += characters


def _writing(
    namespace: str, document: Document, batch: Sequence[rows.NewChunk], begun_s: float, place: int, sha256: str,
    characters: int,
) -> Callable[[Connection], None]:  # fmt: skip
    """Return what writes a batch of a document's passages.

    Args:
        place: Of the batch's first passage; 0 begins the document.
        sha256: Of the whole document, if this is its last batch.
    """

    def write(connection: Connection) -> None:
        space = rows.claim_space(connection, namespace)
        if place == 0:
            source = rows.begin_source(
                connection, space, document.uri, title=document.name, kind=document.kind, at_s=begun_s
            )
        else:
            source = rows.source_begun(connection, space, document.uri, begun_s)
        rows.add_chunks(connection, space, batch, source_id=source, place=place)
        if sha256:
            rows.finish_source(connection, source, sha256=sha256, characters=characters)

    return write


def _unwriting(namespace: str, uri: str, begun_s: float) -> Callable[[Connection], None]:
    def write(connection: Connection) -> None:
        space = rows.claim_space(connection, namespace)
        try:
            rows.remove_source(connection, space, rows.source_begun(connection, space, uri, begun_s))
        except NotStored:
            return  # another process reads it now

    return write


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


async def fetched(url: str) -> Document:
    """Return the document at an http address that a person named.

    Raises:
        SetupError: If it cannot be had, or is too large.
    """
    import httpx

    data = bytearray()
    try:
        async with (
            httpx.AsyncClient(follow_redirects=True, timeout=_DOWNLOAD_S) as client,
            client.stream("GET", url) as reply,
        ):
            reply.raise_for_status()
            async for part in reply.aiter_bytes():
                data += part
                if len(data) > LARGEST_DOWNLOAD:
                    raise SetupError(
                        f"{url} holds more than {LARGEST_DOWNLOAD:,} bytes. Save a part of it and read that."
                    )
            media_type = reply.headers.get("content-type", "")
    except httpx.HTTPStatusError as error:
        raise SetupError(f"{url} cannot be read: the server answered {error.response.status_code}.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SetupError(
            f"{url} cannot be read: {error or type(error).__name__}. Check the address."
        ) from None
    return of_bytes(bytes(data), uri=url, name=url.rstrip("/").rpartition("/")[2], media_type=media_type)
