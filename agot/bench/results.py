"""A results file: one JSON object per line, appended as answers come, so that a killed measurement goes on."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import BinaryIO, Generic, Protocol, Self, TypeVar

from pydantic import ValidationError

from agot.errors import SetupError
from agot.thought import Value


class Row(Protocol):
    """What is kept of one piece of work."""

    @property
    def key(self) -> str:
        """Say which piece of work this is the result of."""

    @property
    def done(self) -> bool:
        """Return False if it has to be tried again, because a fault from outside ended it."""


R = TypeVar("R", bound=Value)

_BEGIN = b'{"id":"'
"""What every row begins with."""


class Results(Generic[R]):
    """Rows by key, kept in a file if one is named; a context manager.

    The file may be cut off anywhere, as a kill leaves it: a torn last line is dropped and its work done again.

    Args:
        path: The file, or None to keep rows in memory only.
        kind: Type of the rows; its first field is `id`, and it has the properties of `Row`.

    Raises:
        SetupError: If the file holds something else, cannot be opened, or another process writes to it.
    """

    def __init__(self, path: Path | None, kind: type[R]) -> None:
        self._path, self._kind = path, kind
        self._file: BinaryIO | None = None
        self._rows: dict[str, R] = {}

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+b")
        except OSError as error:
            raise SetupError(f"The results file {self._path} cannot be used: {error.strerror}.") from None
        try:
            self._lock(self._file)
            self._load(self._file)
        except SetupError:
            self._file.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def get(self, key: str) -> R | None:
        """Return the finished row of a piece of work, or None if it is still to do."""
        row = self._rows.get(key)
        return row if row is not None and _as_row(row).done else None

    def rows(self) -> list[R]:
        """Return the last row of every key, faults included, in the order in which they first came."""
        return list(self._rows.values())

    def add(self, row: R) -> None:
        """Keep a row; it survives the death of this process."""
        if self._file is not None:
            self._file.write(row.model_dump_json().encode() + b"\n")
            self._file.flush()
        self._rows[_as_row(row).key] = row

    def _lock(self, file: BinaryIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SetupError(
                f"Another process writes to {self._path}. Wait for it, or name another --results file."
            ) from None

    def _load(self, file: BinaryIO) -> None:
        file.seek(0)
        whole = 0
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                if not _torn(line):
                    raise self._foreign(number)
                break
            try:
                row = self._kind.model_validate_json(line)
            except ValidationError:
                raise self._foreign(number) from None
            self._rows[_as_row(row).key] = row
            whole += len(line)
        os.truncate(file.fileno(), whole)

    def _foreign(self, number: int) -> SetupError:
        return SetupError(
            f"Line {number} of {self._path} is no result of this command. Name another --results file, or remove this one."
        )


def _torn(line: bytes) -> bool:
    """Return whether a line without an end can be the beginning of a row: nothing else may be cut off a file."""
    return line[: len(_BEGIN)] == _BEGIN[: len(line)]


def _as_row(row: Value) -> Row:
    assert hasattr(row, "key") and hasattr(row, "done")
    return row
