"""Text that is data."""

from __future__ import annotations

import json


def is_json(text: str) -> bool:
    """Return whether the whole of a text is JSON that can be read here: neither broken nor nested beyond all bounds."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
