"""What a check of a plan found, and how it becomes a verdict."""

from __future__ import annotations

from agot.thought import Verdict

_MOST_FAULTS = 5


def verdict(check: str, faults: list[str] | None, *, readable: bool) -> Verdict:
    """Return 1 for no faults, 0 naming them, and None if `faults` is None.

    Args:
        readable: The answer could be read as a plan. If not, it may still be right in other words, and a judge
            has the last word.
    """
    if faults is None:
        return Verdict(check=check)
    feedback = "; ".join(faults[:_MOST_FAULTS])
    return Verdict(check=check, reward=0.0 if faults else 1.0, feedback=feedback, conclusive=readable)
