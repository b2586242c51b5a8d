"""What the server logs about its clients: a line, not one for each of ten thousand."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

LOGGER = logging.getLogger("agot.web")

EVERY_S = 10.0
"""Seconds for which a message that was told is not told again."""


class Rarely(logging.Filter):
    """Lets each message below an error pass once in a while, and says how often it came meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a message passes."""
        if record.levelno >= logging.ERROR:
            return True
        now_s, text = self._clock(), str(record.msg)
        told_s, held = self._told.get(text, (None, 0))
        if told_s is not None and now_s - told_s < EVERY_S:
            self._told[text] = (told_s, held + 1)
            return False
        self._told[text] = (now_s, 0)
        if held:
            record.msg = f"{text} ({held:,} times more since this was last said)"
        return True


def log_rarely() -> None:
    """Have what clients do wrong logged rarely; a call begins anew."""
    rarely = Rarely()
    for logger in (LOGGER, logging.getLogger("uvicorn.error")):
        for before in [one for one in logger.filters if isinstance(one, Rarely)]:
            logger.removeFilter(before)
        logger.addFilter(rarely)


def handled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Take what goes wrong on the event loop: connections that cannot be accepted rarely, all else as usual."""
    if "socket.accept()" not in str(context.get("message")):
        loop.default_exception_handler(context)
        return
    accept_failed(context.get("exception"))


def accept_failed(error: object) -> None:
    """Tell that the system refused a connection."""
    LOGGER.warning(
        f"agot: A connection could not be accepted: {error}. Raise the limit on open files (ulimit -n)."
    )
