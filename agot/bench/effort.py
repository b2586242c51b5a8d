"""How much a strategy is told to try when it is given so many tokens."""

from __future__ import annotations

from agot.settings import EngineSettings, Settings

MOST_SAMPLES = 64
_SAMPLE_TOKENS = {"compact": 250, "standard": 500}
"""Tokens that one sample with its share of the prompt and of the checks may take, by dialect. A sample that gets
too little room is cut off before its answer and lost."""


def effort(level: int, settings: Settings, dialect: str = "standard") -> Settings:
    """Return the settings under which a question is asked with `level` tokens.

    Sampling strategies would otherwise draw the same few samples at every level and leave the rest unused. Searches keep
    their proportions: what they are set to is taken as meant for a vote of the default size.

    Args:
        level: Tokens of prompt and answers together, at least 1.
        dialect: Of the model that samples: "compact" or "standard".
    """
    samples = max(1, min(MOST_SAMPLES, level // _SAMPLE_TOKENS.get(dialect, _SAMPLE_TOKENS["standard"])))
    share = samples / EngineSettings().samples
    search = settings.search
    grown = {
        name: max(1, round(share * getattr(search, name))) for name in ("width", "iterations", "particles")
    }
    return settings.model_copy(update={
        "engine": settings.engine.model_copy(update={"samples": samples}),
        "search": search.model_copy(update=grown),
        "budget": settings.budget.model_copy(update={"tokens": level}),
    })  # fmt: skip
