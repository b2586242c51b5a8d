"""Writing and reading what is remembered. Each function takes a connection in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Column, Connection, delete, func, insert, literal_column, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from agot.errors import NotStored
from agot.stores.memory_schema import (
    memory_chunks,
    memory_items,
    memory_mentions,
    memory_names,
    memory_sources,
    memory_spaces,
)
from agot.stores.memory_words import forget_words, index_words
from agot.stores.rows import Row, storable

T = TypeVar("T")

MOST_AT_ONCE = 500
"""Values of one list in a statement; SQLite takes at most 32,766."""


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A passage to be kept.

    Attributes:
        start, stop: Characters of the source's text that it is, without `stop`.
        terms: What it is found by, in order.
        names: By its number in the namespace, each name that it mentions, and the weight of that in (0, 1].
    """

    title: str
    text: str
    terms: Sequence[str]
    names: Mapping[int, tuple[str, float]]
    start: int = 0
    stop: int = 0


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A document; `sha256` is empty while it is not read to its end, `passages` is how many it has."""

    id: int
    uri: str
    title: str
    kind: str
    sha256: str
    characters: int
    read_s: float
    retracted_s: float | None
    passages: int


# -- namespaces ------------------------------------------------------------------------------------


def space_named(connection: Connection, name: str) -> int | None:
    """Return the number of a namespace; None if nothing was ever written into one of that name."""
    return connection.scalar(select(memory_spaces.c.space).where(memory_spaces.c.name == storable(name)))


def claim_space(connection: Connection, name: str) -> int:
    """Return the number of a namespace, made if need be, and keep other writers of it waiting until the commit."""
    kept = storable(name)
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(memory_spaces).values(name=kept).on_conflict_do_nothing())
    query = select(memory_spaces.c.space).where(memory_spaces.c.name == kept).with_for_update()
    return int(connection.scalars(query).one())


def list_spaces(connection: Connection) -> list[tuple[str, int]]:
    """Return namespaces with how many passages each has, by name."""
    column = memory_spaces.c
    return [
        (name, chunks)
        for name, chunks in connection.execute(select(column.name, column.chunks).order_by(column.name))
    ]


def totals(connection: Connection, space: int) -> tuple[int, int]:
    """Return how many passages a namespace has, and how many terms they have together."""
    column = memory_spaces.c
    found = connection.execute(select(column.chunks, column.terms).where(column.space == space)).first()
    return (0, 0) if found is None else (int(found[0]), int(found[1]))


# -- writing ---------------------------------------------------------------------------------------


def begin_source(connection: Connection, space: int, uri: str, *, title: str, kind: str, at_s: float) -> int:
    """Return the number of a document whose passages come next; those that it had are removed."""
    column = memory_sources.c
    fresh = {
        "title": storable(title), "kind": kind, "read_s": at_s, "sha256": "", "characters": 0,
        "retracted_s": None,
    }  # fmt: skip
    known = connection.scalar(
        select(column.source_id).where(column.space == space, column.uri == storable(uri))
    )
    if known is None:
        made = insert(memory_sources).values(space=space, uri=storable(uri), **fresh)
        return int(connection.scalars(made.returning(column.source_id)).one())
    remove_chunks(connection, space, chunk_numbers(connection, source_id=known))
    connection.execute(update(memory_sources).where(column.source_id == known).values(**fresh))
    return int(known)


def source_begun(connection: Connection, space: int, uri: str, at_s: float) -> int:
    """Return the number of the document that this reader began.

    Raises:
        NotStored: If another one began it meanwhile, or it was erased.
    """
    column = memory_sources.c
    found = connection.scalar(
        select(column.source_id).where(
            column.space == space, column.uri == storable(uri), column.read_s == at_s, column.sha256 == ""
        )
    )
    if found is None:
        raise NotStored(f"Another process reads or erased {uri} meanwhile. Read it again when that is done.")
    return int(found)


def retract_sources(connection: Connection, space: int, uris: Sequence[str], *, at_s: float) -> int:
    """Let documents no longer be recalled, and return how many were retracted."""
    column = memory_sources.c
    changed = 0
    for part in parts(uris):
        those = update(memory_sources).where(
            column.space == space,
            column.uri.in_([storable(uri) for uri in part]),
            column.retracted_s.is_(None),
        )
        changed += connection.execute(those.values(retracted_s=at_s)).rowcount
    return changed


def finish_source(connection: Connection, source_id: int, *, sha256: str, characters: int) -> None:
    """Note that a document was read to its end."""
    change = update(memory_sources).where(memory_sources.c.source_id == source_id)
    connection.execute(change.values(sha256=sha256, characters=characters))


def add_chunks(
    connection: Connection, space: int, chunks: Sequence[NewChunk], *,
    source_id: int | None = None, item_id: str | None = None, place: int = 0,
) -> list[int]:  # fmt: skip
    """Insert passages of a source, or of an item, and return their numbers.

    Args:
        place: The first one's in its source, from 0.

    Raises:
        StoreError: If this SQLite has no full-text index.
    """
    if not chunks:
        return []
    numbers = _new_numbers(connection, len(chunks))
    connection.execute(insert(memory_chunks), [
        {
            "chunk_id": number, "space": space, "source_id": source_id, "item_id": item_id, "place": place + i,
            "start": chunk.start, "stop": chunk.stop, "title": storable(chunk.title), "text": storable(chunk.text),
            "terms": " ".join(chunk.terms), "term_count": len(chunk.terms),
        }
        for i, (number, chunk) in enumerate(zip(numbers, chunks, strict=True))
    ])  # fmt: skip
    names = {number: name for chunk in chunks for number, (name, _) in chunk.names.items()}
    if names:
        make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(make(memory_names).on_conflict_do_nothing(), [
            {"space": space, "name_id": number, "name": storable(name)} for number, name in names.items()
        ])  # fmt: skip
        connection.execute(insert(memory_mentions), [
            {"space": space, "name_id": name, "chunk_id": number, "weight": weight}
            for number, chunk in zip(numbers, chunks, strict=True)
            for name, (_, weight) in chunk.names.items()
        ])  # fmt: skip
    index_words(connection, space, numbers[0], numbers[-1])
    _count(connection, space, len(chunks), sum(len(chunk.terms) for chunk in chunks))
    return numbers


def remove_chunks(connection: Connection, space: int, numbers: Sequence[int]) -> None:
    """Delete passages, and the names that no other passage mentions."""
    for part in parts(numbers):
        column, mention = memory_chunks.c, memory_mentions.c
        found = connection.execute(
            select(func.count(), func.coalesce(func.sum(column.term_count), 0)).where(
                column.chunk_id.in_(part)
            )
        ).one()
        names = list(connection.scalars(select(mention.name_id).where(mention.chunk_id.in_(part)).distinct()))
        forget_words(connection, space, part)
        connection.execute(delete(memory_chunks).where(column.chunk_id.in_(part)))
        for some in parts(names):
            left = select(mention.name_id).where(mention.space == space, mention.name_id.in_(some))
            connection.execute(
                delete(memory_names).where(
                    memory_names.c.space == space,
                    memory_names.c.name_id.in_(some),
                    memory_names.c.name_id.not_in(left),
                )
            )
        _count(connection, space, -int(found[0]), -int(found[1]))


def remove_source(connection: Connection, space: int, source_id: int) -> None:
    """Delete a document with its passages."""
    remove_chunks(connection, space, chunk_numbers(connection, source_id=source_id))
    connection.execute(delete(memory_sources).where(memory_sources.c.source_id == source_id))


def _count(connection: Connection, space: int, chunks: int, terms: int) -> None:
    column = memory_spaces.c
    connection.execute(
        update(memory_spaces)
        .where(column.space == space)
        .values(chunks=column.chunks + chunks, terms=column.terms + terms)
    )


def _new_numbers(connection: Connection, count: int) -> list[int]:
    """Return numbers for new passages that no passage ever had, so that an old citation never shows another text."""
    if connection.dialect.name == "postgresql":
        query = text(
            "SELECT nextval(pg_get_serial_sequence('memory_chunks', 'chunk_id')) FROM generate_series(1, :count)"
        )
        return sorted(connection.scalars(query, {"count": count}))
    last = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'memory_chunks'")) or 0
    return list(range(last + 1, last + 1 + count))


# -- reading ---------------------------------------------------------------------------------------


def chunk_numbers(
    connection: Connection, *, source_id: int | None = None, item_id: str | None = None
) -> list[int]:
    """Return the numbers of the passages of a source or an item, in their order."""
    column = memory_chunks.c
    owner = column.item_id == item_id if source_id is None else column.source_id == source_id
    return list(connection.scalars(select(column.chunk_id).where(owner).order_by(column.place)))


def list_sources(connection: Connection, space: int) -> list[StoredSource]:
    """Return documents of a namespace, by uri."""
    column = memory_sources.c
    passages = select(func.count()).where(memory_chunks.c.source_id == column.source_id).scalar_subquery()
    query = select(
        column.source_id, column.uri, column.title, column.kind, column.sha256, column.characters, column.read_s,
        column.retracted_s, passages,
    ).where(column.space == space).order_by(column.uri)  # fmt: skip
    return [StoredSource(*row) for row in connection.execute(query)]


def hashes_of(connection: Connection, space: int) -> dict[str, str]:
    """Return the hash of every document that was read to its end and is not retracted, by uri."""
    column = memory_sources.c
    query = select(column.uri, column.sha256).where(
        column.space == space, column.sha256 != "", column.retracted_s.is_(None)
    )
    return {uri: sha256 for uri, sha256 in connection.execute(query)}


def passages_of(connection: Connection, space: int, numbers: Collection[int]) -> list[Row]:
    """Return passages of a namespace that may be recalled, in no order: with text, terms, source and item."""
    chunk, source, item = memory_chunks.c, memory_sources.c, memory_items.c
    query = (
        select(
            chunk.chunk_id, chunk.source_id, chunk.item_id, chunk.place, chunk.start, chunk.stop, chunk.title,
            chunk.text, chunk.terms, chunk.term_count, source.uri, item.trust,
            source.kind.label("source_kind"), item.kind.label("item_kind"), item.status, item.recorded_s,
        )
        .select_from(memory_chunks.outerjoin(memory_sources).outerjoin(memory_items))
        .where(
            chunk.space == space,
            source.retracted_s.is_(None),
            func.coalesce(item.status, "verified").in_(("verified", "disputed")),
        )
    )  # fmt: skip
    return [
        dict(row)
        for part in parts(list(numbers))
        for row in connection.execute(query.where(chunk.chunk_id.in_(part))).mappings()
    ]


def mentions_in(
    connection: Connection, space: int, numbers: Collection[int]
) -> Iterator[tuple[int, int, float]]:
    """Yield the number of the passage, of the name, and the weight, for every mention in some passages."""
    return _mentions(connection, space, memory_mentions.c.chunk_id, numbers)


def mentions_of(
    connection: Connection, space: int, names: Collection[int]
) -> Iterator[tuple[int, int, float]]:
    """Yield the number of the passage, of the name, and the weight, for every mention of some names."""
    return _mentions(connection, space, memory_mentions.c.name_id, names)


def _mentions(
    connection: Connection, space: int, by: Column[int], numbers: Collection[int]
) -> Iterator[tuple[int, int, float]]:
    column = memory_mentions.c
    query = select(column.chunk_id, column.name_id, column.weight).where(column.space == space)
    for part in parts(list(numbers)):
        for chunk, name, weight in connection.execute(query.where(by.in_(part))):
            yield chunk, name, weight


def mention_counts(
    connection: Connection, space: int, names: Collection[int], *, most: int
) -> dict[int, int]:
    """Return how many passages mention each name, counted up to `most` + 1; names that none mentions are left out."""
    names_of, mention = memory_names.c, memory_mentions.c
    some = (
        select(literal_column("1"))
        .where(mention.space == space, mention.name_id == names_of.name_id)
        .correlate(memory_names)
        .limit(most + 1)
        .subquery()
    )
    counted = select(func.count()).select_from(some).correlate(memory_names).scalar_subquery()
    query = select(names_of.name_id, counted).where(names_of.space == space)
    return {
        name: count
        for part in parts(list(names))
        for name, count in connection.execute(query.where(names_of.name_id.in_(part)))
        if count
    }


def names_of(connection: Connection, space: int, numbers: Collection[int]) -> dict[int, str]:
    """Return names as they are spelled, by number."""
    column = memory_names.c
    query = select(column.name_id, column.name).where(column.space == space)
    return {
        number: name
        for part in parts(list(numbers))
        for number, name in connection.execute(query.where(column.name_id.in_(part)))
    }


def counts(connection: Connection, space: int) -> Row:
    """Return how many documents, retracted ones, passages, names, and items by status a namespace has."""
    source, item, name = memory_sources.c, memory_items.c, memory_names.c
    documents = select(func.count()).select_from(memory_sources).where(source.space == space)
    items = select(item.status, func.count()).where(item.space == space).group_by(item.status)
    return {
        "documents": connection.scalar(documents.where(source.retracted_s.is_(None))),
        "retracted": connection.scalar(documents.where(source.retracted_s.is_not(None))),
        "passages": totals(connection, space)[0],
        "names": connection.scalar(select(func.count()).select_from(memory_names).where(name.space == space)),
        "items": {status: count for status, count in connection.execute(items)},
    }


def parts(values: Sequence[T]) -> Iterable[Sequence[T]]:
    """Yield a list in pieces that one statement can take."""
    return (values[start : start + MOST_AT_ONCE] for start in range(0, len(values), MOST_AT_ONCE))
