"""Sync functions in threads that nobody has to wait for."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from agot.errors import ToolError

T = TypeVar("T")

MOST_LEFT_BEHIND = 32
"""Threads of calls that were given up and still work; with so many, no other is started."""


class _LeftBehind:
    """Counts threads whose call was given up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0

    def add(self, change: int) -> None:
        with self._lock:
            self.count += change


_left_behind = _LeftBehind()


async def in_thread(function: Callable[[], T]) -> T:
    """Run a function in a thread of its own and return what it returns.

    Not in the event loop's pool: a function that hangs would take its place for good, and the end
    of the loop would wait for it. If the caller is cancelled, the thread is left behind.

    Raises:
        ToolError: If too many threads were left behind, or the function ends its thread by `SystemExit`.
        Exception: What the function raises.
    """
    if _left_behind.count >= MOST_LEFT_BEHIND:
        raise ToolError(
            f"{_left_behind.count} earlier calls of tools still hang. Give the tools timeouts of their own, and restart."
        )
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    got: list[T] = []
    raised: list[BaseException] = []
    state = threading.Lock()
    given_up = ended = False

    def work() -> None:
        nonlocal ended
        try:
            got.append(function())
        except BaseException as error:  # noqa: BLE001
            # Handed to the caller, who records it.
            raised.append(error)
        with state:
            ended = True
            if given_up:
                _left_behind.add(-1)
                return
        try:
            loop.call_soon_threadsafe(done.set)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            return

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="agot-tool", daemon=True).start()
    try:
        await done.wait()
    finally:
        with state:
            if not ended:
                given_up = True
                _left_behind.add(1)
    if raised:
        if isinstance(raised[0], Exception):
            raise raised[0]
        raise ToolError(f"The tool ended its thread with {type(raised[0]).__name__}: {raised[0]}")
    return got[0]
