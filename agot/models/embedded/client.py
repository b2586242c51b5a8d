"""The parent's side of the worker process: starts it when it is needed, and again after a crash.

One client serves any number of threads and event loops, at once or one after the other. A thread reads
the worker's messages; what concerns an event loop is handed over to that loop.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agot.models.embedded.messages import (
    Generation,
    Piece,
    PromptTooLong,
    Reply,
    RequestError,
    Token,
    WorkerError,
)
from agot.models.embedded.worker import receive, send

_ROOT = Path(__file__).resolve().parents[3]
_STDERR_BYTES = 2000

Event = Piece | Reply | Exception
OnEvent = Callable[[Event], None]
"""Told of pieces, and at last of the reply or of what went wrong; on the client's reader thread."""


@dataclass(slots=True)
class _Process:
    """One worker process and its threads' results."""

    popen: subprocess.Popen[bytes]
    complaints: bytearray
    failure: str = ""


class Client:
    """Sends requests to a worker process.

    Args:
        directory: The model's files; None: those of the package.
        threads: Threads of the model; 0: up to two.
    """

    def __init__(self, directory: Path | None = None, threads: int = 0) -> None:
        self._arguments = [str(directory or Path(__file__).parent / "weights"), str(threads)]
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._pid = os.getpid()
        self._waiting: dict[int, OnEvent] = {}
        self._last = 0

    # -- requests ------------------------------------------------------------------------------

    def submit(self, request: Generation, on_event: OnEvent, stream: bool = False) -> int:
        """Send a request; return its number, for `cancel`.

        Args:
            request: What is asked.
            on_event: Told the reply or an error, exactly once, and before it every piece if `stream`.
            stream: Whether pieces are wanted.

        Raises:
            WorkerError: The worker cannot be started.
        """
        message = {"op": "generate", "stream": stream, "request": request.to_dict()}
        with self._lock:
            process = self._running()
            self._last += 1
            number = self._last
            self._waiting[number] = on_event
            try:
                self._write(process, {**message, "id": number})
            except OSError as error:
                del self._waiting[number]
                raise WorkerError(f"the embedded model's process does not listen: {error}") from error
        return number

    def cancel(self, number: int) -> None:
        """Give a request up and free what it holds; nothing more is told of it."""
        with self._lock:
            if self._waiting.pop(number, None) is None or self._process is None:
                return
            # A dead worker holds nothing; the reader thread reports its death to the others.
            with contextlib.suppress(OSError):
                self._write(self._process, {"op": "cancel", "id": number})

    async def generate(self, request: Generation, on_piece: Callable[[Piece], None] | None = None) -> Reply:
        """Return the reply to a request; cancelling the task cancels the request.

        Args:
            request: What is asked.
            on_piece: Told every new piece of text, on this event loop.

        Raises:
            RequestError: A value of the request makes no sense.
            PromptTooLong: It does not fit into the context.
            WorkerError: The worker died, or cannot be started.
        """
        async with contextlib.aclosing(self.stream(request, pieces=on_piece is not None)) as events:
            async for event in events:
                if isinstance(event, Reply):
                    return event
                if on_piece is not None:
                    on_piece(event)
        raise WorkerError("the embedded model's process sent no reply")

    async def stream(self, request: Generation, pieces: bool = True) -> AsyncGenerator[Piece | Reply]:
        """Yield the pieces of a request as they come, and its reply at last; raises as `generate`."""
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Event] = asyncio.Queue()

        def hand_over(event: Event) -> None:
            # A loop may be closed without waiting for the reply.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(events.put_nowait, event)

        # Starting a process takes some milliseconds, and the lock may be held by another thread that does.
        sending = asyncio.ensure_future(asyncio.to_thread(self.submit, request, hand_over, pieces))
        try:
            number = await asyncio.shield(sending)
        except asyncio.CancelledError:
            # The thread goes on; what it sends must not stay behind.
            sending.add_done_callback(self._withdraw)
            raise
        try:
            while True:
                event = await events.get()
                if isinstance(event, Exception):
                    raise event
                yield event
                if isinstance(event, Reply):
                    return
        finally:
            self.cancel(number)

    def _withdraw(self, sent: asyncio.Future[int]) -> None:
        if not sent.cancelled() and sent.exception() is None:
            self.cancel(sent.result())

    def close(self) -> None:
        """End the worker; requests under way fail with WorkerError. The next request starts a new one."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None and self._pid == os.getpid():
            _end(process.popen)

    @property
    def pid(self) -> int | None:
        """Process id of the running worker, if there is one."""
        process = self._process
        return None if process is None or process.popen.poll() is not None else process.popen.pid

    # -- the process ---------------------------------------------------------------------------

    def _running(self) -> _Process:
        """Return the worker, started if need be; the lock is held."""
        if self._pid != os.getpid():
            # After a fork the pipes still belong to the parent.
            self._process, self._waiting, self._pid = None, {}, os.getpid()
        if self._process is not None and self._process.popen.poll() is None:
            return self._process
        environment = dict(os.environ)
        paths = [str(_ROOT), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        # -P: the user's working directory is no place to import from.
        command = [sys.executable, "-P", "-m", "agot.models.embedded.worker", *self._arguments]
        try:
            popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
            )
        except OSError as error:
            raise WorkerError(f"the embedded model's process could not be started: {error}") from error
        process = _Process(popen, bytearray())
        self._process = process
        errors = threading.Thread(target=self._listen_errors, args=(process,), daemon=True)
        errors.start()
        threading.Thread(target=self._listen, args=(process, errors), daemon=True).start()
        return process

    @staticmethod
    def _write(process: _Process, message: dict[str, Any]) -> None:
        assert process.popen.stdin is not None
        send(process.popen.stdin, message)  # type: ignore[arg-type]

    def _listen_errors(self, process: _Process) -> None:
        assert process.popen.stderr is not None
        while data := process.popen.stderr.read1(4096):  # type: ignore[attr-defined]
            process.complaints += data
            del process.complaints[:-_STDERR_BYTES]

    def _listen(self, process: _Process, errors: threading.Thread) -> None:
        assert process.popen.stdout is not None
        while (message := receive(process.popen.stdout)) is not None:  # type: ignore[arg-type]
            if message["event"] == "failed":
                process.failure = message["message"]
                break
            event = _event(message)
            with self._lock:
                number = message["id"]
                known = self._waiting.get(number)
                if not isinstance(event, Piece):
                    self._waiting.pop(number, None)
            if known is not None:
                known(event)
        _end(process.popen)
        errors.join()
        for stream in (process.popen.stdout, process.popen.stderr):
            if stream is not None:
                stream.close()
        with self._lock:
            if self._process is not process and self._process is not None:
                return  # A newer worker has the requests.
            self._process = None
            orphans, self._waiting = list(self._waiting.values()), {}
        for tell in orphans:
            tell(WorkerError(_obituary(process)))


def _event(message: dict[str, Any]) -> Event:
    """Return what a message of the worker means."""
    kind = message["event"]
    if kind == "piece":
        return Piece(message["sample"], message["text"], tuple(map(Token.from_list, message["tokens"])))
    if kind == "reply":
        return Reply.from_dict(message["reply"])
    if kind == "too_long":
        return PromptTooLong(*message["numbers"])
    return RequestError(message["message"])


def _end(popen: subprocess.Popen[bytes]) -> None:
    """Close the worker's input, which ends it; a worker that hangs is killed."""
    if popen.stdin is not None:
        # A worker that was dead already may have left something unsent.
        with contextlib.suppress(OSError):
            popen.stdin.close()
    try:
        popen.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()


def _obituary(process: _Process) -> str:
    """Return why a worker is no more, in one line."""
    if process.failure:
        return f"the embedded model could not be loaded: {process.failure}"
    code = process.popen.returncode
    how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
    lines = bytes(process.complaints).decode("utf-8", "replace").strip().splitlines()
    return f"the embedded model's process {how}" + (f": {lines[-1]}" if lines else "")


_shared: Client | None = None
_shared_lock = threading.Lock()


def shared() -> Client:
    """Return the client that everything in this process uses; its worker ends with the process."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Client()
            atexit.register(_shared.close)
        return _shared
