"""The families by name, with the range of operations that each can produce."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from training.example import Problem
from training.families import (
    arithmetic,
    comparing,
    compound,
    countdown,
    dates,
    facts,
    lists,
    strings,
    word_problems,
)
from training.families.common import Planned

CHAIN_LIMIT = 10
"""Longest chain that is trained; longer questions are only ever planned."""


@dataclass(frozen=True, slots=True)
class Family:
    """One generator.

    Attributes:
        generate: Returns a problem with about the given number of operations.
        chain: Lowest and highest number of operations of questions answered by a chain.
        plan: The same for questions which have a plan; (0, 0) where there are none.
        weight: Share in the mixture, relative to the other families.
        slip: Returns a wrong chain with a mistake carried forward, or None where it cannot.
    """

    generate: Callable[[random.Random, int], Problem]
    chain: tuple[int, int]
    plan: tuple[int, int]
    weight: float
    slip: Callable[[Planned, random.Random], tuple[str, ...] | None] | None = None


FAMILIES: dict[str, Family] = {
    "arithmetic": Family(arithmetic.generate, (1, CHAIN_LIMIT), (4, 30), 1.5, arithmetic.slip),
    "lists": Family(lists.generate, (1, CHAIN_LIMIT), (4, 24), 1.6, lists.slip),
    "word_problems": Family(word_problems.generate, (1, CHAIN_LIMIT), (4, 20), 1.3, word_problems.slip),
    "strings": Family(strings.generate, (1, CHAIN_LIMIT), (4, 20), 1.1, strings.slip),
    "dates": Family(dates.generate, (1, CHAIN_LIMIT), (4, 20), 0.9),
    "countdown": Family(countdown.generate, (2, 4), (0, 0), 0.9),
    "comparing": Family(comparing.generate, (1, 8), (0, 0), 0.9),
    "facts": Family(facts.generate, (1, 6), (2, 6), 1.2),
    "compound": Family(compound.generate, (3, CHAIN_LIMIT), (3, 30), 0.8),
}
