"""What a model reads of a tool's result."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import pathlib
import uuid
from typing import Any

from pydantic import BaseModel

from agot.errors import ToolError

_AS_TEXT = (
    datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, fractions.Fraction, pathlib.PurePath, uuid.UUID,
)  # fmt: skip


def rendered(result: object) -> str:
    """Return a result as text: text as it is, all else as JSON.

    Raises:
        ToolError: If it cannot be written as JSON.
    """
    if isinstance(result, str):
        return str.__str__(result)
    try:
        return json.dumps(result, ensure_ascii=False, default=plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolError(
            f"The tool returned a {type(result).__name__} that cannot be written as JSON ({error}). Its work may be done."
        ) from None


def cut(text: str, most_chars: int) -> str:
    """Return at most `most_chars` of a text, with a note of what is missing."""
    if len(text) <= most_chars:
        return text
    return f"{text[:most_chars]}\n[cut: {most_chars:,} of {len(text):,} characters]"


def plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, (set, frozenset)):
        # In the same order each time: the text is part of the next prompt.
        return sorted(value, key=repr)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, _AS_TEXT):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
