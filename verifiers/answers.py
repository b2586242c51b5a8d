"""When two answers are the same: one definition for votes, verifiers and benchmarks."""

from __future__ import annotations

import ast
import re
from decimal import Decimal, InvalidOperation

_NUMBER = re.compile(r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_MOST_DIGITS = 400
_LONGEST_LIST = 10_000
_DEEPEST_LIST = 4


def number(text: str) -> Decimal | None:
    """Return the number that `text` is, or None if it is not just a number.

    Currency and percent signs, thousands separators and a final full stop are accepted.
    """
    bare = text.strip().strip("$€£%").rstrip(".").strip()
    if len(bare) > _MOST_DIGITS or not _NUMBER.fullmatch(bare):
        return None
    try:
        return Decimal(bare.replace(",", "").replace("−", "-"))
    except InvalidOperation:
        return None


def normal(text: str, _depth: int = 0) -> str:
    """Return the form in which answers are compared.

    Numbers lose separators and trailing zeros, lists are written one way, text loses case, outer
    quotes, repeated spaces and final punctuation.
    """
    bare = text.strip()
    value = number(bare)
    if value is not None:
        plain = format(value.normalize() if value else Decimal(0), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    if bare.startswith("[") and bare.endswith("]") and len(bare) < _LONGEST_LIST and _depth < _DEEPEST_LIST:
        return "[" + ", ".join(normal(item, _depth + 1) for item in _items(bare)) + "]"
    bare = re.sub(r"\s+", " ", bare).strip().rstrip(".!").strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'`":
        bare = bare[1:-1]
    return bare.casefold()


def _items(text: str) -> list[str]:
    try:
        parsed = ast.literal_eval(text)
        if isinstance(parsed, list):
            return [item if isinstance(item, str) else str(item) for item in parsed]
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    inner = text[1:-1].strip()
    return [item.strip() for item in inner.split(",")] if inner else []


def equivalent(a: str, b: str) -> bool:
    """Return whether two answers mean the same."""
    return normal(a) == normal(b)
