"""The index of words: which passages of a namespace hold which terms. Each function takes a connection in a transaction.

On SQLite each namespace has an FTS5 table of its own, so that how common a word is elsewhere cannot be seen. It is
searched through the terms that `memory_chunks` keeps, so what is put in can be taken out again exactly. On PostgreSQL it
is the generated column `memory_chunks.search`, and here only searched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.exc import OperationalError

from agot.errors import StoreError

MOST_COUNTED = 30_000
"""Passages of one term that are counted; a term that is in more tells too little to be told from one in all of them."""

K1, B = 1.2, 0.75
"""BM25's: how fast a repeated term saturates, how much a long passage is discounted. FTS5 has them fixed."""


def index_words(connection: Connection, space: int, first: int, last: int) -> None:
    """Put passages that were inserted into the index.

    Args:
        first: The least number of a passage that was inserted, and `last` the greatest; others of this namespace are
            not between them.

    Raises:
        StoreError: If this SQLite was built without FTS5.
    """
    if connection.dialect.name != "sqlite":
        return
    table = _table(space)
    try:
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5(terms, content='memory_chunks', "
            f"content_rowid='chunk_id', tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* M* Co'\")"
        )
    except OperationalError as error:
        if "no such module" in str(error.orig):
            raise StoreError(
                f"The SQLite of this Python ({sqlite3.sqlite_version}) was built without FTS5, which the memory "
                "searches with. Use another Python, or PostgreSQL with AGOT_DATABASE_URL=postgresql://..."
            ) from None
        raise
    connection.exec_driver_sql(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}_vocabulary USING fts5vocab('{table}', 'row')"
    )
    connection.execute(
        text(f"INSERT INTO {table} (rowid, terms) SELECT chunk_id, terms FROM memory_chunks "
             "WHERE space = :space AND chunk_id BETWEEN :first AND :last"),
        {"space": space, "first": first, "last": last},
    )  # fmt: skip


def forget_words(connection: Connection, space: int, chunks: Sequence[int]) -> None:
    """Take passages out of the index, before their rows are deleted."""
    if connection.dialect.name != "sqlite" or not chunks:
        return
    table = _table(space)
    statement = text(
        f"INSERT INTO {table} ({table}, rowid, terms) SELECT 'delete', chunk_id, terms FROM memory_chunks "
        "WHERE space = :space AND chunk_id IN :chunks"
    ).bindparams(bindparam("chunks", expanding=True))
    for part in _parts(chunks):
        connection.execute(statement, {"space": space, "chunks": part})


def forget_traces(connection: Connection, spaces: Iterable[int]) -> None:
    """Write the index of namespaces anew, so that nothing is left of what was taken out."""
    if connection.dialect.name == "sqlite":
        for space in spaces:
            if _exists(connection, space):
                table = _table(space)
                connection.exec_driver_sql(f"INSERT INTO {table} ({table}) VALUES ('optimize')")


def frequencies(connection: Connection, space: int, terms: Sequence[str]) -> dict[str, int]:
    """Return in how many passages of a namespace each term is, at most `MOST_COUNTED`; terms that are in none are left out."""
    if not terms:
        return {}
    if connection.dialect.name == "sqlite":
        if not _exists(connection, space):
            return {}
        statement = text(f"SELECT term, doc FROM {_table(space)}_vocabulary WHERE term IN :terms").bindparams(
            bindparam("terms", expanding=True)
        )
        return {
            term: min(count, MOST_COUNTED)
            for term, count in connection.execute(statement, {"terms": list(terms)})
        }
    statement = text(
        "SELECT t.term, (SELECT count(*) FROM (SELECT 1 FROM memory_chunks WHERE space = :space "
        "AND search @@ phraseto_tsquery('simple', t.term) LIMIT :most) AS found) "
        "FROM unnest(CAST(:terms AS text[])) AS t(term)"
    )
    given = {"space": space, "most": MOST_COUNTED, "terms": list(terms)}
    return {term: count for term, count in connection.execute(statement, given) if count}


def holding(
    connection: Connection, space: int, weights: dict[str, float], *, limit: int, mean_length: float
) -> list[int]:
    """Return the numbers of the passages that hold most of some terms, best first.

    Args:
        weights: Of each term, as its rarity gives them.
        limit: At most so many passages; they are then weighed exactly by whoever asked.
        mean_length: Terms of a passage of this namespace.
    """
    if not weights:
        return []
    if connection.dialect.name == "sqlite":
        table = _table(space)
        query = " OR ".join(f'"{term}"' for term in weights)
        statement = text(f"SELECT rowid FROM {table} WHERE {table} MATCH :query ORDER BY rank LIMIT :limit")
        return list(connection.scalars(statement, {"query": query, "limit": limit}))
    # Which terms there are is told by the index at little cost; how often, only by reading every passage.
    statement = text(
        "SELECT c.chunk_id FROM memory_chunks c, LATERAL (SELECT sum(t.weight) AS held "
        "FROM unnest(CAST(:terms AS text[]), CAST(:weights AS float8[])) AS t(term, weight) "
        "WHERE c.search @@ phraseto_tsquery('simple', t.term)) AS s "
        "WHERE c.space = :space AND c.search @@ (SELECT string_agg(phraseto_tsquery('simple', q.term)::text, ' | ') "
        "FROM unnest(CAST(:terms AS text[])) AS q(term))::tsquery "
        f"ORDER BY s.held / (1 + {K1} * ({1 - B} + {B} * c.term_count / :mean)) DESC, c.chunk_id LIMIT :limit"
    )
    given = {
        "space": space, "terms": list(weights), "weights": list(weights.values()), "limit": limit,
        "mean": max(mean_length, 1.0),
    }  # fmt: skip
    return list(connection.scalars(statement, given))


def _table(space: int) -> str:
    return f"memory_words_{space:d}"


def _exists(connection: Connection, space: int) -> bool:
    found = connection.execute(
        text("SELECT 1 FROM sqlite_master WHERE name = :name"), {"name": _table(space)}
    )
    return found.first() is not None


def _parts(numbers: Sequence[int], size: int = 500) -> Iterable[list[int]]:
    return (list(numbers[start : start + size]) for start in range(0, len(numbers), size))
