"""The one JSON object that `--output json` promises, also where a run cannot begin or is stopped hard.

Imports nothing of its own, as the entry point needs it before everything else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

_owed: list[bool] = []
"""Not empty as long as this process owes the object; taking it out is one step, whichever thread does."""


def begin(arguments: Sequence[str]) -> None:
    """Note whether the command is one that owes an object: `ask` or `resume` with `--output json`."""
    _owed.clear()
    if _asks_for_one(arguments):
        _owed.append(True)


def _asks_for_one(arguments: Sequence[str]) -> bool:
    command = next((word for word in arguments if not word.startswith("-")), "")
    if command not in ("ask", "resume"):
        return False
    output = ""
    for place, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--output":
            output = arguments[place + 1] if place + 1 < len(arguments) else ""
        elif word.startswith("--output="):
            output = word.removeprefix("--output=")
    return output == "json"


def settled() -> bool:
    """Take the debt, if there is one: whoever is told True prints the object."""
    try:
        return _owed.pop()
    except IndexError:
        return False


def pay(
    reason: str,
    error: Exception | None = None,
    *,
    run_id: str | None = None,
    best: tuple[str, str, str] = ("", "unchecked", ""),
) -> None:
    """Print the object of a run that did not come to a result, if one is still owed.

    Args:
        error: What ended it; None for a person.
        run_id: The run, if it had begun.
        best: The best answer that there was, how far it can be trusted, and why; `error` may carry one.
    """
    if not settled():
        return
    import json

    carried = getattr(error, "best", None)
    candidate, trust, why = best if carried is None else carried.found()
    kind = "Interrupted" if error is None else _name(error)
    told: dict[str, object] = {
        "run_id": run_id or getattr(error, "run_id", None),
        "status": "interrupted" if kind == "Interrupted" else "failed",
        "answer": "",
        "trust": trust,
        "trust_reason": why,
        "candidate": candidate,
        "confidence": None,
        "strategy": "",
        "verdicts": [],
        "usage": {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0, "wall_s": 0.0},
        "graph": {"nodes": [], "edges": []},
        "model": "",
        "error": kind,
        "reason": reason,
        "limit": getattr(error, "kind", ""),
    }
    data = (json.dumps(told, indent=2) + "\n").encode("ascii")
    try:
        # Not through the stream: a signal may have come while it was being written to.
        descriptor = sys.stdout.fileno()
        while data:
            data = data[os.write(descriptor, data) :]
    except (OSError, ValueError, AttributeError):
        # Nobody reads it, or nobody can; the exit code and standard error still tell.
        return


def _name(error: Exception) -> str:
    """Return the name of the error's documented class."""
    for kind in type(error).__mro__:
        if kind.__module__ == "agot.errors":
            return kind.__name__
    return type(error).__name__
