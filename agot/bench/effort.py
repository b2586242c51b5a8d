"""How much a strategy is told to try when it is given so many tokens."""

from __future__ import annotations

from dataclasses import dataclass

from agot.settings import Settings

MOST_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class Price:
    """Tokens that one unit of effort takes, prompts and checks included; chosen on validation problems.

    Attributes:
        sample: A whole chain. One that gets too little room is cut off before its answer and lost.
        width: A state kept in a beam through all its levels.
        iteration: A state that a tree search expands.
        particle: A particle through all its steps.
    """

    sample: int
    width: int
    iteration: int
    particle: int


_PRICES = {"compact": Price(250, 700, 60, 650), "standard": Price(500, 1400, 120, 1300)}


def effort(level: int, settings: Settings, dialect: str = "standard") -> Settings:
    """Return the settings under which a question is asked with `level` tokens.

    Strategies would otherwise try the same at every level, and leave tokens unused or come to no end.

    Args:
        level: Tokens of prompt and answers together, at least 1.
        dialect: Of the model that samples: "compact" or "standard".
    """
    price = _PRICES.get(dialect, _PRICES["standard"])
    search = {
        "width": max(1, level // price.width),
        "iterations": max(1, level // price.iteration),
        "particles": max(2, level // price.particle),
    }
    samples = max(1, min(MOST_SAMPLES, level // price.sample))
    return settings.model_copy(update={
        "engine": settings.engine.model_copy(update={"samples": samples}),
        "search": settings.search.model_copy(update=search),
        "budget": settings.budget.model_copy(update={"tokens": level}),
    })  # fmt: skip
