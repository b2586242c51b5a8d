"""Server-sent events with JSON inside."""

from __future__ import annotations

import json
from typing import Any

_DATA = "data: {"


def event_of(value: dict[str, Any]) -> str:
    """Return a server-sent event; lone surrogates stay JSON escapes."""
    return f"data: {json.dumps(value, separators=(',', ':'))}\n\n"


def chunk_of(event: object) -> dict[str, Any]:
    """Return the object in a server-sent event, an empty one if it holds none."""
    text = event.decode() if isinstance(event, bytes) else str(event)
    if not text.startswith(_DATA):
        return {}
    chunk: dict[str, Any] = json.loads(text[len(_DATA) - 1 :])
    return chunk
