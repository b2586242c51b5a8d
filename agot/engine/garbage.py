"""Python's cycle collector, made rarer while runs are at work."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (20_000, 50, 100)
_at_work = 0
_before = gc.get_threshold()


@contextmanager
def rare_collections() -> Iterator[None]:
    """Raise the collector's thresholds until the last of all nested uses has ended, then restore them.

    Thousands of thoughts that wait at once are millions of live objects, and the default thresholds walk
    them over and over: at 10,000 thoughts that was more than half of the run's own CPU. Collections
    still happen; a threshold that the program set higher than ours is left alone.
    """
    global _at_work, _before
    if _at_work == 0:
        _before = gc.get_threshold()
        if 0 < _before[0] < _THRESHOLDS[0]:
            gc.set_threshold(*_THRESHOLDS)
    _at_work += 1
    try:
        yield
    finally:
        _at_work -= 1
        if _at_work == 0:
            gc.set_threshold(*_before)
