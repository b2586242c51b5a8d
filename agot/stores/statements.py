"""Statements that are compiled once: SQLAlchemy takes longer to find one again than SQLite takes to perform it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

from agot.stores.rows import Row


class Prepared:
    """A statement with named values, for one kind of database.

    Args:
        statement: Takes its values by the names in `columns`, and by those of its own bound parameters.
        columns: Names that every row has.
    """

    def __init__(self, statement: Insert | Update, dialect: Dialect, columns: Iterable[str] | None = None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=None if columns is None else [*columns])
        self._text = str(compiled)
        self._names: Sequence[str] | None = compiled.positiontup

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Perform the statement for every row; return how many rows of the table changed, if there is one row."""
        names = self._names
        values: Any = [row if names is None else tuple(row[name] for name in names) for row in rows]
        return connection.exec_driver_sql(self._text, values[0] if len(values) == 1 else values).rowcount
