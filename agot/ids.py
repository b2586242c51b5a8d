"""Identifiers: what names a run, a thought, a call."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import NewType

RunId = NewType("RunId", str)
"""Sortable by time of creation: 10 characters of milliseconds, 8 of randomness, Crockford base 32."""

ThoughtId = NewType("ThoughtId", str)
"""Heritage of a thought: `root`, `0.2` (round 0, index 2), `0.2/1.0` (nested in 0.2)."""

ROOT = ThoughtId("root")

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _base32(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, digit = divmod(value, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def new_run_id(now_s: float, randbits: Callable[[int], int] = secrets.randbits) -> RunId:
    """Return a new run id.

    Args:
        now_s: Seconds since the epoch.
        randbits: Source of random bits; the default is the operating system's.
    """
    return RunId(_base32(int(now_s * 1000), 10) + _base32(randbits(40), 8))


def child_id(parent: ThoughtId, round_: int, index: int) -> ThoughtId:
    """Return the id of thought `index` of plan round `round_` inside `parent`'s nested graph."""
    own = f"{round_}.{index}"
    return ThoughtId(own if parent == ROOT else f"{parent}/{own}")


def final_id(parent: ThoughtId, round_: int) -> ThoughtId:
    """Return the id of the thought that puts the findings of `parent`'s graph together after plan round `round_`."""
    own = f"{round_}.final"
    return ThoughtId(own if parent == ROOT else f"{parent}/{own}")


def depth_of(thought: ThoughtId) -> int:
    """Return the nesting depth: 0 for the root question, 1 for the thoughts of its plan, and so on."""
    return 0 if thought == ROOT else thought.count("/") + 1
