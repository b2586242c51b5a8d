"""The tables of what is remembered; part of the schema in `agot.stores.schema`.

Tables
    memory_spaces     namespaces; nothing of one, its word counts included, is seen from another
    memory_sources    documents, each with the hash of what was read of it
    memory_items      conclusions of runs and words of people, with how far they can be trusted
    memory_chunks     passages: pieces of a source with where they stand in it, or the text of an item
    memory_names      names that passages mention, for explanations
    memory_mentions   which passage mentions which name: the edges of the graph that recall walks
    memory_evidence   which passages an item rests on
    memory_relations  which item supersedes or contradicts which
    memory_recalls    which passages the thoughts of a run were given

Beside them stands the index of words: on SQLite an FTS5 table `memory_words_N` for each namespace N, made when it is first
written; on PostgreSQL the generated column `memory_chunks.search`.

Rules
    *  A chunk belongs to one source or to one item, and goes with it.
    *  A source with an empty `sha256` is not read to its end yet; reading it again begins anew.
    *  Numbers of names are hashes of namespace and name: a writer needs no look-up, and two that write agree.
    *  A retracted source or item stays, and is not recalled. What is erased is gone.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from agot.stores.schema import metadata
from agot.thought import Trust

ItemKind = Literal["claim", "correction"]
ItemStatus = Literal["verified", "disputed", "superseded", "retracted"]
RelationKind = Literal["supersedes", "contradicts"]

_KEY = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers only columns of the type INTEGER by itself."""


def _space(*, primary_key: bool = False) -> Column[int]:
    return Column(
        "space", Integer, ForeignKey("memory_spaces.space", ondelete="CASCADE"), nullable=False,
        primary_key=primary_key, autoincrement=False,
    )  # fmt: skip


def _text(name: str, *, default: str | None = "") -> Column[str]:
    return Column(
        name, Text, nullable=False, server_default=None if default is None else text(f"'{default}'")
    )


def _one_of(column: str, values: Any) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in get_args(values))
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _owner() -> list[Column[Any]]:
    """Return the columns that name what a passage was of: a source, or an item."""
    return [
        Column("source_id", BigInteger, ForeignKey("memory_sources.source_id", ondelete="CASCADE")),
        Column("rests_on", Text, ForeignKey("memory_items.item_id", ondelete="CASCADE")),
    ]


memory_spaces = Table(
    "memory_spaces",
    metadata,
    Column("space", Integer, primary_key=True),
    Column("name", Text, CheckConstraint("name <> ''", name="name"), nullable=False),
    # Totals, for the weights of words; whoever writes into a namespace waits for this row first.
    Column("chunks", BigInteger, nullable=False, server_default=text("0")),
    Column("terms", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("name", name="uq_memory_spaces_name"),
    sqlite_autoincrement=True,
)

memory_sources = Table(
    "memory_sources",
    metadata,
    Column("source_id", _KEY, primary_key=True),
    _space(),
    Column("uri", Text, CheckConstraint("uri <> ''", name="uri"), nullable=False),
    _text("title"),
    _text("kind"),
    _text("sha256"),
    Column("characters", BigInteger, nullable=False, server_default=text("0")),
    Column("read_s", Double, nullable=False),
    Column("retracted_s", Double),
    UniqueConstraint("space", "uri", name="uq_memory_sources_space"),
    sqlite_autoincrement=True,
)

memory_items = Table(
    "memory_items",
    metadata,
    Column("item_id", Text, CheckConstraint("item_id <> ''", name="item_id"), primary_key=True),
    _space(),
    _text("kind", default=None),
    _text("status", default="verified"),
    _text("question", default=None),
    _text("answer", default=None),
    # What makes two questions the same, for contradictions.
    _text("question_key"),
    _text("trust", default=None),
    _text("trust_reason"),
    # Not a reference: what was concluded outlives its run, unless it is erased with it.
    _text("run_id"),
    _text("thought"),
    _text("model"),
    Column("recorded_s", Double, nullable=False),
    Column("retired_s", Double),
    _one_of("kind", ItemKind),
    _one_of("status", ItemStatus),
    _one_of("trust", Trust),
    Index(None, "space", "question_key"),
    Index(None, "run_id"),
)

memory_chunks = Table(
    "memory_chunks",
    metadata,
    Column("chunk_id", _KEY, primary_key=True),
    _space(),
    Column("source_id", BigInteger, ForeignKey("memory_sources.source_id", ondelete="CASCADE")),
    Column("item_id", Text, ForeignKey("memory_items.item_id", ondelete="CASCADE")),
    Column("place", Integer, nullable=False, server_default=text("0")),
    # Characters of the source's text, from `start` up to but without `stop`.
    Column("start", BigInteger, nullable=False, server_default=text("0")),
    Column("stop", BigInteger, nullable=False, server_default=text("0")),
    _text("title"),
    _text("text", default=None),
    # What the passage is found by: terms with spaces between them.
    _text("terms", default=None),
    Column("term_count", Integer, nullable=False),
    CheckConstraint("(source_id IS NULL) <> (item_id IS NULL)", name="belongs"),
    CheckConstraint("start >= 0 AND stop >= start", name="span"),
    Index(None, "source_id", "place"),
    Index(None, "item_id"),
    Index(None, "space"),
    sqlite_autoincrement=True,
)

INDEX_WORDS = (
    "ALTER TABLE memory_chunks ADD COLUMN search tsvector "
    "GENERATED ALWAYS AS (to_tsvector('simple', terms)) STORED",
    "CREATE INDEX ix_memory_chunks_search ON memory_chunks USING gin (search)",
)
"""PostgreSQL's index of words; what it takes for a word is what stands between spaces, as the terms are words."""


def _for_postgresql(statement: str) -> Any:
    made: Any = DDL(statement)  # type: ignore[no-untyped-call]
    return made.execute_if(dialect="postgresql")


for _statement in INDEX_WORDS:
    event.listen(memory_chunks, "after_create", _for_postgresql(_statement))

memory_names = Table(
    "memory_names",
    metadata,
    _space(primary_key=True),
    Column("name_id", BigInteger, primary_key=True, autoincrement=False),
    _text("name", default=None),
)

memory_mentions = Table(
    "memory_mentions",
    metadata,
    _space(primary_key=True),
    Column("name_id", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "chunk_id",
        BigInteger,
        ForeignKey("memory_chunks.chunk_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("weight", Double, nullable=False),
    Index(None, "chunk_id"),
    sqlite_with_rowid=False,
)

memory_evidence = Table(
    "memory_evidence",
    metadata,
    Column("item_id", Text, ForeignKey("memory_items.item_id", ondelete="CASCADE"), primary_key=True),
    # Not a reference: a source that is read again has other passages, and what rested on it is still known.
    Column("chunk_id", BigInteger, primary_key=True, autoincrement=False),
    *_owner(),
    Index(None, "source_id"),
    Index(None, "rests_on"),
)

memory_relations = Table(
    "memory_relations",
    metadata,
    Column("item_id", Text, ForeignKey("memory_items.item_id", ondelete="CASCADE"), primary_key=True),
    Column("other_id", Text, ForeignKey("memory_items.item_id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("at_s", Double, nullable=False),
    _one_of("kind", RelationKind),
    Index(None, "other_id"),
)

memory_recalls = Table(
    "memory_recalls",
    metadata,
    Column("run_id", Text, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("thought", Text, primary_key=True),
    Column("chunk_id", BigInteger, primary_key=True, autoincrement=False),
    *_owner(),
    Column("score", Double, nullable=False),
    Index(None, "source_id"),
    Index(None, "rests_on"),
)
