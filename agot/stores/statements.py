"""Statements that are compiled once: SQLAlchemy takes longer to find one again than SQLite takes to perform it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Dialect, Insert, Update
from sqlalchemy.exc import DBAPIError

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
        if names is None:
            return connection.exec_driver_sql(self._text, rows[0] if len(rows) == 1 else list(rows)).rowcount
        # SQLite's own cursor: SQLAlchemy's way to it takes longer than the statement. Its errors stay SQLAlchemy's.
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self._text, [tuple(row[name] for name in names) for row in rows])
            return cursor.rowcount
        except sqlite3.Error as error:
            raise DBAPIError.instance(self._text, None, error, sqlite3.Error) from error
        finally:
            cursor.close()
