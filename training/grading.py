"""What evaluations with and without torch share: the levels measured, and the answer in a worked solution."""

from __future__ import annotations

OPERATIONS = (1, 2, 4, 6, 8, 12, 16, 20)
"""Numbers of operations at which every family is measured."""


def final_answer(text: str) -> str:
    """Return what follows the last `answer:` of a chain, or "" where there is none."""
    _, found, answer = text.rpartition("answer:")
    return answer.strip() if found else ""
