"""How many of something there may be at once, in one process or in all workers of a server together.

Workers count in one file that they all have open: each in a row of its own, under a lock that the kernel takes from a process
that ends. The row of a worker that ended is cleared by their parent, so what it held is free again.
"""

from __future__ import annotations

import asyncio
import fcntl
import mmap
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import IO

KINDS = ("runs", "turns", "watchers", "connections")
"""What is counted together: places for runs, runs at work, streams of events, and connections of clients."""

ROWS = 256
"""Workers that may count at once, those included that are leaving."""

_CELL_BYTES = 8
_BYTES = ROWS * len(KINDS) * _CELL_BYTES
_POLL_S = 0.05


class Count:
    """At most so many of something in this process.

    Attributes:
        most: How many.
        poll_s: Seconds after which it is worth looking again whether there is room; None if only this process makes any.
    """

    poll_s: float | None = None

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken = 0

    @property
    def room(self) -> bool:
        """There is room for another."""
        return self._taken < self.most

    def take(self) -> bool:
        """Count one more, if there is room, and return whether there was."""
        if not self.room:
            return False
        self.add()
        return True

    def add(self) -> None:
        """Count one more, whether there is room or not."""
        self._taken += 1

    def free(self) -> None:
        """Count one less."""
        self._taken -= 1


class Ledger:
    """The file in which the workers of a server count.

    Args:
        file: Descriptor of a file that `new_ledger` made.
        row: Of this process; None for the parent, which counts nothing.
    """

    def __init__(self, file: int, row: int | None = None) -> None:
        self._file, self._row = file, row
        self._cells = memoryview(mmap.mmap(file, _BYTES)).cast("Q")

    def total(self, kind: str) -> int:
        """Return how many there are in all processes."""
        return sum(self._cells[KINDS.index(kind) :: len(KINDS)])

    def own(self, kind: str) -> int:
        """Return how many there are in this process."""
        assert self._row is not None
        return self._cells[self._row * len(KINDS) + KINDS.index(kind)]

    def change(self, kind: str, by: int, *, most: int | None = None) -> bool:
        """Change the count of this process, unless there are `most` already; return whether it was changed."""
        assert self._row is not None
        with self._alone():
            if most is not None and self.total(kind) >= most:
                return False
            self._cells[self._row * len(KINDS) + KINDS.index(kind)] += by
        return True

    def clear(self, row: int) -> None:
        """Forget what a process counted that has ended."""
        with self._alone():
            for cell in range(row * len(KINDS), (row + 1) * len(KINDS)):
                self._cells[cell] = 0

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # Held for microseconds; the kernel frees it if the process ends meanwhile.
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)


def new_ledger() -> IO[bytes]:
    """Return a new file for a ledger; it has no name, and goes when it is closed everywhere."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it stays open as long as the server
    file.truncate(_BYTES)
    return file


class SharedCount(Count):
    """At most so many of something in all processes that have a ledger."""

    poll_s = _POLL_S

    def __init__(self, most: int, kind: str, ledger: Ledger) -> None:
        super().__init__(most)
        self._kind, self._ledger = kind, ledger

    @property
    def room(self) -> bool:
        """There is room for another."""
        return self._ledger.total(self._kind) < self.most

    def take(self) -> bool:
        """Count one more, if there is room, and return whether there was."""
        return self._ledger.change(self._kind, 1, most=self.most)

    def add(self) -> None:
        """Count one more, whether there is room or not."""
        self._ledger.change(self._kind, 1)

    def free(self) -> None:
        """Count one less."""
        self._ledger.change(self._kind, -1)


def count(most: int, kind: str, ledger: Ledger | None) -> Count:
    """Return a count of one of `KINDS`: with a ledger for all workers, else for this process."""
    return Count(most) if ledger is None else SharedCount(most, kind, ledger)


class Turns:
    """Lets a limited number work at once; within a process first come, first served."""

    def __init__(self, at_work: Count) -> None:
        self._at_work, self._line, self._freed = at_work, asyncio.Lock(), asyncio.Event()

    @asynccontextmanager
    async def turn(self, waits: Callable[[], None]) -> AsyncIterator[None]:
        """Wait for a turn and have it for the block.

        Args:
            waits: Called if there is none at once.
        """
        if self._line.locked():
            waits()
        async with self._line:
            while not self._at_work.take():
                waits()
                self._freed.clear()
                # What other processes free is only seen by looking; in each only the first in line does.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._freed.wait(), self._at_work.poll_s)
        try:
            yield
        finally:
            self._at_work.free()
            self._freed.set()
