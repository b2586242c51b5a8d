"""What must come to an end on any text: a bound on effort, far from any machine's speed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

RUNAWAY_S = 60.0
"""CPU seconds that no bounded work of these tests takes, however slow the machine: it takes one or two."""


@contextmanager
def bounded() -> Iterator[None]:
    """Fail if the block's effort grows out of bounds: backtracking, squares of long texts, towers of powers."""
    started_s = time.process_time()
    yield
    took_s = time.process_time() - started_s
    assert took_s < RUNAWAY_S, f"{took_s:.0f} s of CPU"
