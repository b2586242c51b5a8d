"""The parent of several processes that serve at one address: starts them, replaces the dead, restarts and ends all.

The parent binds the socket and serves nothing itself. Workers are new interpreters, so no thread, lock or connection of the
parent is theirs by accident, and a restart takes up code and settings as they are then. All of them accept connections from
one socket, which stays open in the parent: while a worker is replaced, connections wait for the others and are never refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agot import errors
from agot.errors import AgotError
from agot.web.binding import BACKLOG
from agot.web.counts import ROWS, Ledger, new_ledger
from agot.web.worker import METRICS, Serving, Task

READY_WITHIN_S = 120.0
"""What a worker may take to start; importing alone takes seconds on a slow disk."""

END_WITHIN_S = 12.0
"""What workers may take to end, runs and connections included, before they are killed."""

LONGEST_WAIT_S = 30.0
"""Most time between a worker's death and the start of the next."""

_WELL_AFTER_S = 60.0
"""A worker that served for so long was well: its successor starts at once."""

_ROOT = str(Path(__file__).parents[2])
_START = f"import sys; sys.path.insert(0, {_ROOT!r}); from agot.web.worker import main; main()"


@dataclass(eq=False, slots=True)
class Worker:
    """A process that serves, or is about to.

    Attributes:
        serving: What it was told to serve.
        row: Its own in the ledger.
        answer: The end of the pipe on which it says that it serves.
        serves: It said that it serves.
        leaving: It has a successor, or was told to end.
    """

    process: asyncio.subprocess.Process
    serving: Serving
    row: int
    answer: int
    begun_s: float = field(default_factory=time.monotonic)
    serves: bool = False
    leaving: bool = False

    def tell(self, number: signal.Signals) -> None:
        """Send a signal, if the process is there."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


class Workers:
    """The workers of one server.

    Args:
        listening: The bound socket.
        serving: Returns what they serve; called anew for each restart of all.
        say: Tells a person a line.
    """

    def __init__(
        self, listening: socket.socket, serving: Callable[[], Serving], say: Callable[[str], None]
    ) -> None:
        self._listening, self._read, self._say = listening, serving, say
        self._serving = serving()
        self._file = new_ledger()
        self._ledger = Ledger(self._file.fileno())
        self._alive: set[Worker] = set()
        self._rows: set[int] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending = asyncio.Event()
        self._restarting = asyncio.Lock()
        self._killed = False
        self._metrics = ""
        self._on_terminal = _is_terminal()
        self._waited_s = 0.0

    async def run(self, ready: Callable[[], None]) -> bool:
        """Serve until SIGINT or SIGTERM; return whether the end was in good order.

        Args:
            ready: Called when all workers serve.

        Raises:
            AgotError: If a worker could not start; with its message.
        """
        loop = asyncio.get_running_loop()
        for number, handler in (
            (signal.SIGINT, self._stop), (signal.SIGTERM, self._end), (signal.SIGHUP, self._hang_up),
        ):  # fmt: skip
            loop.add_signal_handler(number, handler)
        self._metrics = tempfile.mkdtemp(prefix="agot-metrics-")
        self._listening.listen(BACKLOG)
        try:
            starting = [
                asyncio.create_task(self._started()) for _ in range(self._serving.workers)
            ]  # fmt: skip
            ending = asyncio.create_task(self._ending.wait())
            try:
                await self._until_all(starting, ending)
                if not self._ending.is_set():
                    ready()
                    await ending
            finally:
                for task in (*starting, ending):
                    task.cancel()
                await asyncio.gather(*starting, ending, return_exceptions=True)
        finally:
            self._ending.set()
            await self._all_ended()
            shutil.rmtree(self._metrics, ignore_errors=True)
            self._file.close()
        return not self._killed

    async def _until_all(self, starting: list[asyncio.Task[Worker]], ending: asyncio.Task[bool]) -> None:
        """Wait until all have started, one could not, or the end is asked for."""
        waiting = {*starting}
        while waiting and not ending.done():
            done, _ = await asyncio.wait({*waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
            for task in starting:
                if task in done:
                    waiting.discard(task)
                    self._look_after(self._watched(task.result()))

    # -- one worker ----------------------------------------------------------------------------------

    async def _started(self) -> Worker:
        """Start a worker and wait until it serves what is to be served now.

        Raises:
            AgotError: If it ended before, or took too long.
        """
        while (worker := await self._answering()).serving is not self._serving:
            # All were restarted while it started, so it goes by what held before.
            worker.leaving = True
            self._look_after(self._watched(worker))
            worker.tell(signal.SIGHUP)
        return worker

    async def _answering(self) -> Worker:
        worker = await self._spawned()
        try:
            answer = await asyncio.wait_for(_line(worker.answer), READY_WITHIN_S)
        except TimeoutError:
            worker.tell(signal.SIGKILL)
            await self._reaped(worker)
            raise AgotError(f"A worker did not serve within {READY_WITHIN_S:g} s of its start.") from None
        except asyncio.CancelledError:
            worker.leaving = True
            worker.tell(signal.SIGKILL)
            await self._reaped(worker)
            raise
        if answer == {}:
            worker.serves = True
            return worker
        worker.tell(signal.SIGTERM)
        code = await self._reaped(worker)
        if answer is None:
            raise AgotError(f"A worker ended before it served ({_manner(code)}).")
        kind = getattr(errors, answer.get("error", ""), AgotError)
        raise (kind if kind in (errors.SetupError, errors.StoreError) else AgotError)(answer["message"])

    async def _spawned(self) -> Worker:
        row = next(row for row in range(ROWS) if row not in self._rows)
        self._rows.add(row)
        reading, writing = os.pipe()
        task = Task(self._serving, self._listening.fileno(), self._file.fileno(), row, writing)
        try:
            process = await asyncio.create_subprocess_exec(
                # -P: the user's working directory is no place to import from.
                sys.executable, "-P", "-c", _START, stdin=asyncio.subprocess.PIPE,
                pass_fds=(task.listening, task.ledger, task.answer), env=os.environ | {METRICS: self._metrics},
                # Ctrl-C on a terminal is for the parent, which passes it on.
                process_group=0,
            )  # fmt: skip
        except OSError as error:
            os.close(reading)
            self._rows.discard(row)
            raise AgotError(f"A worker could not be started: {error.strerror or error}.") from None
        finally:
            os.close(writing)
        worker = Worker(process, task.serving, row, reading)
        self._alive.add(worker)
        assert process.stdin is not None
        # It stays open: that it closes tells the worker that the parent is gone.
        process.stdin.write(pickle.dumps(task))
        return worker

    async def _reaped(self, worker: Worker) -> int:
        """Wait until a worker has ended and free what it held; return its exit code."""
        code = await worker.process.wait()
        self._alive.discard(worker)
        self._ledger.clear(worker.row)
        self._rows.discard(worker.row)
        for file in Path(self._metrics).glob(f"gauge_live*_{worker.process.pid}.db"):
            file.unlink(missing_ok=True)
        return code

    async def _watched(self, worker: Worker) -> None:
        """Wait until a worker ends, and start another in its place unless it was told to."""
        code = await self._reaped(worker)
        if worker.leaving or self._ending.is_set():
            return
        if time.monotonic() - worker.begun_s >= _WELL_AFTER_S:
            self._waited_s = 0.0
        await self._replaced(f"Worker {worker.process.pid} ended ({_manner(code)})")

    async def _replaced(self, why: str) -> None:
        """Start a worker in the place of one that ended, however often that takes."""
        while not self._ending.is_set():
            soon = f"in {self._waited_s:g} s" if self._waited_s else "now"
            self._say(f"{why}; another starts {soon}.")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._waited_s or 0.001)
                return
            self._waited_s = min(LONGEST_WAIT_S, self._waited_s * 2 or 1.0)
            try:
                another = await self._started()
            except AgotError as error:
                why = str(error).rstrip(".")
                continue
            self._look_after(self._watched(another))
            return

    # -- all of them -----------------------------------------------------------------------------------

    async def _restart(self) -> None:
        """Replace all workers, one after another; each leaves only when its successor serves."""
        async with self._restarting:
            try:
                self._serving = self._read()
            except AgotError as error:
                self._say(f"Nothing was restarted: {error}")
                return
            # One that is only starting is replaced by who started it.
            for worker in [one for one in self._alive if one.serves and not one.leaving]:
                # Should it end meanwhile, its successor is there already.
                worker.leaving = True
                try:
                    another = await self._started()
                except AgotError as error:
                    self._say(f"The restart stopped, and the workers that are left go on: {error}")
                    worker.leaving = False
                    if worker not in self._alive:
                        self._look_after(self._replaced(f"Worker {worker.process.pid} ended"))
                    return
                self._look_after(self._watched(another))
                worker.tell(signal.SIGHUP)
            self._say("All workers were restarted.")

    def _look_after(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop(self) -> None:
        if self._ending.is_set():
            self._killed = True
            for worker in self._alive:
                worker.tell(signal.SIGKILL)
        self._end()

    def _end(self) -> None:
        self._ending.set()
        for worker in self._alive:
            worker.tell(signal.SIGTERM)

    def _hang_up(self) -> None:
        if self._on_terminal and not _is_terminal():
            # The terminal was closed, which ends what runs in it.
            self._end()
        elif not self._ending.is_set():
            self._look_after(self._restart())

    async def _all_ended(self) -> None:
        give_up_s = time.monotonic() + END_WITHIN_S
        for worker in self._alive:
            worker.tell(signal.SIGTERM)
        while self._alive:
            if time.monotonic() > give_up_s:
                for worker in self._alive:
                    worker.tell(signal.SIGKILL)
            waiting = [asyncio.create_task(worker.process.wait()) for worker in self._alive]
            await asyncio.wait(waiting, timeout=0.5)
            self._alive = {worker for worker in self._alive if worker.process.returncode is None}
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _line(descriptor: int) -> dict[str, str] | None:
    """Return what a worker says, None if it ended without a word."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        line = await reader.readline()
    finally:
        transport.close()
    return json.loads(line) if line.endswith(b"\n") else None


def _manner(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _is_terminal() -> bool:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.isatty(sys.stderr.fileno())
    return False
