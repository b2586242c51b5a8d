"""Text that is data."""

from __future__ import annotations

import json


def is_json(text: str) -> bool:
    """Return whether the whole of a text is JSON; what is nested too deeply to be read is none."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
