"""Is a model's answer right? What the benchmarks count as right is right in training too."""

from __future__ import annotations

from agot.bench.scoring import is_right
from training.example import Problem


def is_correct(problem: Problem, answer_text: str) -> bool:
    """Return whether the answer text answers the problem, see `agot.bench.scoring.is_right`."""
    return is_right(problem, answer_text)
