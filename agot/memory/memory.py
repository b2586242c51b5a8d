"""`Memory`: what is remembered in one namespace of a database, for programs and the command line."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from agot.errors import NotStored, SetupError
from agot.ids import new_run_id
from agot.memory.ingest import Ingestion, OnProgress, Summary, fetched
from agot.memory.reading import Document, of_bytes
from agot.memory.recall import Found, Recall, Weights
from agot.memory.shelf import SqlShelf, StoredPassage
from agot.memory.text import name_number, names_in, terms_of, words_of
from agot.stores import memory_items as items
from agot.stores import memory_rows as rows
from agot.stores.database import SqlStore
from agot.stores.memory_erase import Erased, erase, nothing_named
from agot.stores.memory_items import Item
from agot.stores.memory_schema import ItemKind
from agot.thought import Passage, Trust, Value

DEFAULT = "default"
"""The namespace of who names none."""

LEAST_COVERED = 0.3
"""Share of a question's words, weighed by how rare they are, that what is recalled has to hold together: below it nothing
is recalled, since passages that do not belong to the question mislead more than none."""

PASSAGES = 5
"""Passages that a thought is given."""


TRUSTED: tuple[Trust, ...] = ("proved", "cross-checked")
"""What a conclusion has to be in order to be kept, the best first."""


class Stats(Value):
    """How much a namespace holds; `items` counts conclusions by how they stand."""

    namespace: str
    documents: int
    retracted: int
    passages: int
    names: int
    items: dict[str, int]


class Memory:
    """What is remembered in one namespace.

    Every method raises `StoreError` if the database cannot be used.

    Args:
        opened: Opens the database, or returns the open one.
        namespace: Nothing of another namespace is seen, not even how common its words are.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, opened: Callable[[], Awaitable[SqlStore]], *, namespace: str = DEFAULT,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        if not namespace.strip():
            raise SetupError("The namespace is empty. Name one, or leave it out for the default.")
        self._opened, self.namespace, self._clock = opened, namespace.strip(), clock

    def within(self, namespace: str) -> Memory:
        """Return the memory of another namespace of the same database."""
        return Memory(self._opened, namespace=namespace, clock=self._clock)

    # -- taking in ---------------------------------------------------------------------------------

    async def ingest(
        self, *paths: str | Path, data: bytes | None = None, name: str = "standard input",
        on_progress: OnProgress | None = None,
    ) -> Summary:  # fmt: skip
        """Take documents in: files, folders with all in them, and http addresses that are named here.

        A document whose bytes are known is not read again; one that changed is replaced; one that is gone from a folder
        is no longer recalled.

        Args:
            data: A document's bytes, of which `name` tells the kind and is what it is known by.
            on_progress: Called on the event loop.

        Raises:
            SetupError: If there is nothing at a path, or a library is missing.
        """
        given = {} if on_progress is None else {"on_progress": on_progress}
        work = Ingestion(await self._opened(), self.namespace, clock=self._clock, **given)
        remote = [str(path) for path in paths if _is_address(path)]
        local = [Path(path) for path in paths if not _is_address(path)]
        documents: list[Document] = [await fetched(url) for url in remote]
        if data is not None:
            documents.append(of_bytes(data, uri=name, name=name))
        if local:
            await work.files(local)
        for document in documents:
            await work.document(document)
        return work.summary

    # -- recalling ---------------------------------------------------------------------------------

    async def search(
        self, question: str, *, k: int = PASSAGES, weights: Weights | None = None
    ) -> list[Passage]:
        """Return the passages that a question brings to mind, best first.

        Args:
            k: At most so many.
            weights: What counts how much, for measurements.
        """
        return await self._recalled(question, k, (), weights, least=0.0)

    async def associate(
        self, question: str, *, k: int = PASSAGES, without: Collection[int] = ()
    ) -> list[Passage]:
        """Return what a thought is given: as `search`, but nothing if it holds too little of the question.

        Args:
            without: Numbers of passages that the thoughts above it were given already.
        """
        return await self._recalled(question, k, without, None, least=LEAST_COVERED)

    async def _recalled(
        self, question: str, k: int, without: Collection[int], weights: Weights | None, *, least: float
    ) -> list[Passage]:
        store = await self._opened()

        def read(connection: Connection) -> list[Passage]:
            space = rows.space_named(connection, self.namespace)
            if space is None:
                return []
            recall = Recall(SqlShelf(connection, space), question, without=without, weights=weights)
            found = recall.select(k)
            if recall.covered(found) < least:
                return []
            numbers = {one.name for one in found} | {one.link for one in found}
            names = rows.names_of(connection, space, [number for number in numbers if number is not None])
            return [_passage(recall, one, names) for one in found]

        return await store.view(read)

    async def is_empty(self) -> bool:
        """Return whether there is nothing to recall."""
        store = await self._opened()

        def read(connection: Connection) -> bool:
            space = rows.space_named(connection, self.namespace)
            return space is None or rows.totals(connection, space)[0] == 0

        return await store.view(read)

    # -- concluding --------------------------------------------------------------------------------

    async def remember(
        self, question: str, answer: str, *, trust: Trust, reason: str = "", run_id: str = "", thought: str = "",
        model: str = "", rests_on: Sequence[Passage] = (),
    ) -> Item:  # fmt: skip
        """Keep a conclusion that was proved or cross-checked, and return it as it stands beside what is known.

        Args:
            trust: Of the answer; what it rests on may lower it, and nothing raises it.
            rests_on: Passages that it was concluded from.

        Raises:
            SetupError: If it was neither proved nor cross-checked.
        """
        if trust not in TRUSTED:
            raise SetupError(f"An answer that is {trust} is not kept; only what was {' or '.join(TRUSTED)}.")
        least = max((TRUSTED.index(one.trust) for one in rests_on if one.trust in TRUSTED), default=0)
        trust = TRUSTED[max(TRUSTED.index(trust), least)]
        return await self._keep("claim", question, answer, trust, reason, run_id, thought, model, rests_on)

    async def correct(self, item_id: str, answer: str) -> Item:
        """Keep a person's word on what was concluded wrongly: it takes the place of the conclusion, and no model's goes before it.

        Raises:
            NotStored: If there is no such conclusion.
            SetupError: If the answer is empty.
        """
        if not answer.strip():
            raise SetupError("The correction is empty. Say what is right, or retract the conclusion.")
        wrong = await self.item(item_id)
        return await self._keep(
            "correction", wrong.question, answer.strip(), "proved", "a person said so", "", "", "", ()
        )

    async def _keep(
        self, kind: ItemKind, question: str, answer: str, trust: Trust, reason: str, run_id: str, thought: str,
        model: str, rests_on: Sequence[Passage],
    ) -> Item:  # fmt: skip
        at_s = self._clock()
        item = Item(
            id=new_run_id(at_s), kind=kind, question=question, answer=answer, question_key=" ".join(words_of(question)),
            trust=trust, trust_reason=reason, run_id=run_id, thought=thought, model=model, recorded_s=at_s,
        )  # fmt: skip
        text = f"{question}\n{answer}"
        terms, names = terms_of(text), names_in("", text)

        def write(connection: Connection) -> Item:
            space = rows.claim_space(connection, self.namespace)
            numbered = {name_number(space, key): name for key, name in names.items()}
            chunk = rows.NewChunk("Conclusion" if kind == "claim" else "Correction", text, terms, numbered)
            return items.add_item(connection, space, item, chunk, rests_on=[one.id for one in rests_on])

        return await (await self._opened()).change(write)

    async def item(self, item_id: str) -> Item:
        """Return a conclusion or correction.

        Raises:
            NotStored: If there is none of this id in the namespace.
        """
        return await (await self._opened()).view(lambda c: items.get_item(c, self._space(c), item_id))

    async def items(self) -> list[Item]:
        """Return conclusions and corrections, newest first."""
        return await (await self._opened()).view(lambda c: items.list_items(c, self._space(c)))

    async def dispute(self, item_id: str) -> None:
        """Let a conclusion be shown as doubtful from now on.

        Raises:
            NotStored: If there is none of this id.
        """
        await (await self._opened()).change(lambda c: items.dispute(c, self._space(c), item_id))

    async def retract(self, name: str) -> int:
        """Take a conclusion back by its id, or a document by its path or address, with all that was concluded from it.

        What it had displaced stands again.

        Returns:
            How many other conclusions changed.

        Raises:
            NotStored: If there is neither.
        """
        at_s = self._clock()

        def write(connection: Connection) -> int:
            space = self._space(connection)
            if (uri := _document(connection, space, name)) is not None:
                return items.retract_source(connection, space, uri, at_s=at_s)
            try:
                return items.retract_item(connection, space, name, at_s=at_s)
            except NotStored:
                raise nothing_named(name) from None

        return await (await self._opened()).change(write)

    async def erase(self, name: str) -> Erased:
        """Delete a document by its path or address, or a conclusion by its id, until no byte of it is left in the database.

        With it go the conclusions that rest on it, and the runs that were given it. What a person wrote or was answered in
        a conversation, exports and backups are not looked into.

        Raises:
            NotStored: If there is neither.
        """

        def write(connection: Connection) -> Erased:
            space = self._space(connection)
            return erase(connection, space, _document(connection, space, name) or name)

        store = await self._opened()
        gone = await store.change(write)
        await store.rewrite()
        return gone

    def _space(self, connection: Connection) -> int:
        """Return the namespace's number; 0, which none has, if nothing was ever written into it."""
        return rows.space_named(connection, self.namespace) or 0

    # -- looking -----------------------------------------------------------------------------------

    async def show(self, number: int) -> Passage:
        """Return a passage by its number.

        Raises:
            NotStored: If there is none in this namespace, or it was retracted.
        """
        store = await self._opened()

        def read(connection: Connection) -> Passage:
            space = rows.space_named(connection, self.namespace)
            found = rows.passages_of(connection, space, [number]) if space is not None else []
            if not found:
                raise NotStored(
                    f"There is no passage {number} in the namespace {self.namespace!r}. Find one with: agot memory search"
                )
            return passage_of(found[0])

        return await store.view(read)

    async def sources(self) -> list[rows.StoredSource]:
        """Return the documents, by uri."""
        store = await self._opened()

        def read(connection: Connection) -> list[rows.StoredSource]:
            space = rows.space_named(connection, self.namespace)
            return [] if space is None else rows.list_sources(connection, space)

        return await store.view(read)

    async def stats(self) -> Stats:
        """Return how much is remembered."""
        store = await self._opened()

        def read(connection: Connection) -> Stats:
            space = rows.space_named(connection, self.namespace)
            if space is None:
                return Stats(
                    namespace=self.namespace, documents=0, retracted=0, passages=0, names=0, items={}
                )
            return Stats(namespace=self.namespace, **rows.counts(connection, space))

        return await store.view(read)

    async def namespaces(self) -> list[tuple[str, int]]:
        """Return all namespaces of the database with how many passages each has."""
        return await (await self._opened()).view(rows.list_spaces)


def _is_address(path: str | Path) -> bool:
    return isinstance(path, str) and path.casefold().startswith(("http://", "https://"))


def passage_of(row: Mapping[str, Any], *, score: float = 0.0, why: Sequence[str] = ()) -> Passage:
    """Return the passage of a row as `agot.stores.memory_rows.passages_of` gives it."""
    return Passage(
        id=row["chunk_id"], title=row["title"], text=row["text"], source=row["uri"] or f"memory:{row['item_id']}",
        start=row["start"], stop=row["stop"], trust=row["trust"], disputed=row["status"] == "disputed", score=score,
        why=tuple(why),
    )  # fmt: skip


def _passage(recall: Recall[StoredPassage], found: Found, names: dict[int, str]) -> Passage:
    held = recall.held[found.id]
    return passage_of(held.row, score=found.score, why=_told(recall, found, names))


def _told(recall: Recall[StoredPassage], found: Found, names: dict[int, str]) -> list[str]:
    """Return how a passage was reached: the words it holds, the path over a name, and what the score is made of."""

    def title(number: int) -> str:
        held = recall.held.get(number)
        return f"{held.row['title']!r} [{number}]" if held is not None else f"[{number}]"

    told = []
    if found.words:
        told.append(f"holds: {', '.join(found.words)}")
    if found.seed is not None and found.name is not None:
        told.append(f"path: {title(found.seed)} -> {names.get(found.name, '?')!r} -> this passage")
    if found.linked is not None and found.link is not None:
        told.append(f"linked to {title(found.linked)} by {names.get(found.link, '?')!r}")
    told.append("score: " + ", ".join(f"{name} {value:.3f}" for name, value in found.parts.items() if value))
    return told


def _document(connection: Connection, space: int, name: str) -> str | None:
    """Return the document that a path or an address names, as it is stored; None if there is none.

    Files are stored with their whole path, and named as a person was when they were taken in: from the working directory.
    """
    known = {source.uri for source in rows.list_sources(connection, space)}
    return next((uri for uri in (name, os.path.abspath(name)) if uri in known), None)
