"""What may be asked: refusing what is no question, and finding the material that comes with one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agot.errors import SetupError
from agot.redaction import redacted

LONGEST_QUESTION = 200_000
"""Characters. Longer text belongs into documents that are retrieved from, not into a question."""


def checked_question(text: str) -> str:
    """Return the question without surrounding space.

    Raises:
        SetupError: If it is no text, empty, too long, or holds characters that no text has.
    """
    if not isinstance(text, str):
        raise SetupError(f"The question is of the type {type(text).__name__}; expected text (str).")
    question = text.lstrip("\ufeff").strip()
    if not question:
        raise SetupError('The question is empty. Ask something, for instance: agot ask "What is 17*23?"')
    if len(question) > LONGEST_QUESTION:
        raise SetupError(
            f"The question has {len(question):,} characters; at most {LONGEST_QUESTION:,} are accepted. "
            "Ask about the part that matters."
        )
    if "\0" in question:
        raise SetupError(
            f"The question holds a NUL character at position {question.index(chr(0)) + 1:,}. Is it a binary file?"
        )
    if any(0xD800 <= ord(character) <= 0xDFFF for character in question):
        raise SetupError("The question is not valid UTF-8 text. Convert it, for instance with iconv.")
    # A key that was pasted along with a text is neither sent to a model nor kept.
    return redacted(question)


_FORM = "\n\nForm of the answer, as a JSON schema: "


def with_form(question: str, schema: Mapping[str, Any]) -> str:
    """Return a question whose answer has to be JSON under a schema."""
    return f"{question}{_FORM}{json.dumps(schema, ensure_ascii=False)}"


def split_form(question: str) -> tuple[str, dict[str, Any] | None]:
    """Return the question without the form of its answer, and that form, or None."""
    head, marker, tail = question.rpartition(_FORM)
    if not marker or not head.strip():
        return question, None
    try:
        schema = json.loads(tail)
    except (ValueError, RecursionError):
        return question, None
    return (head, schema) if isinstance(schema, dict) else (question, None)


def split_material(question: str) -> tuple[str, str]:
    """Return the question proper, and the facts or passages before its last line `Question: ...`."""
    head, marker, tail = question.rpartition("\nQuestion:")
    if not marker or not head.strip() or not tail.strip():
        return question, ""
    return tail.strip(), head.strip()
