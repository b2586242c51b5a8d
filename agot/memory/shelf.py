"""What recall reads of one namespace, in one snapshot of the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from agot.stores import memory_rows as rows
from agot.stores import memory_words as words


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with where it is from; `row` is as `agot.stores.memory_rows.passages_of` gives it."""

    id: int
    terms: str
    term_count: int
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SqlShelf:
    """Implements `agot.memory.recall.Shelf` over a connection in a transaction."""

    connection: Connection
    space: int

    def totals(self) -> tuple[int, int]:
        return rows.totals(self.connection, self.space)

    def frequencies(self, terms: Sequence[str]) -> Mapping[str, int]:
        return words.frequencies(self.connection, self.space, terms)

    def holding(self, weights: Mapping[str, float], *, limit: int, mean_length: float) -> list[int]:
        return words.holding(self.connection, self.space, dict(weights), limit=limit, mean_length=mean_length)

    def passages(self, numbers: Collection[int]) -> Mapping[int, StoredPassage]:
        return {
            row["chunk_id"]: StoredPassage(row["chunk_id"], row["terms"], row["term_count"], row)
            for row in rows.passages_of(self.connection, self.space, numbers)
        }

    def mentions_in(self, numbers: Collection[int]) -> Iterable[tuple[int, int, float]]:
        return rows.mentions_in(self.connection, self.space, numbers)

    def mentions_of(self, names: Collection[int]) -> Iterable[tuple[int, int, float]]:
        return rows.mentions_of(self.connection, self.space, names)

    def mention_counts(self, names: Collection[int], *, most: int) -> Mapping[int, int]:
        return rows.mention_counts(self.connection, self.space, names, most=most)
