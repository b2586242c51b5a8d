"""The deterministic checks that a constraint may be bound to, by name.

Arguments may come from a model. Each is checked and bounded before anything is made of it: a pattern of a few
characters can take gigabytes to compile, a small schema hours to apply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from agot.protocols import Check
from agot.thought import Solution, Task
from agot.reading.answers import equivalent
from agot.reading.numbers import reading
from agot.verifiers.stated import StatedCheck
from agot.verifiers.structures import JsonSchemaCheck
from agot.verifiers.texts import PatternCheck

Holds = Callable[[str], bool | None]
"""Tells whether an answer meets a constraint; None for "cannot tell"."""

_LONGEST_PATTERN = 300
_PATTERN_TIMEOUT_S = 0.1
_LONGEST_SCHEMA = 4000
_MOST_SCHEMA_WORK = 2_000_000
"""Characters of schema times characters of answer; at the worst, half a second."""
_MOST_ITEMS = 50
_MOST_WORDS = 100_000


def _by(check: Check) -> Holds:
    def holds(answer: str) -> bool | None:
        verdict = check(Task(question=""), Solution(answer=answer))
        if verdict.reward is None and verdict.feedback:
            raise ValueError(verdict.feedback)
        return None if verdict.reward is None else not verdict.doubts

    return holds


def _stated(argument: str) -> Holds:
    check, sentence = StatedCheck(), Task(question=argument)
    return lambda answer: check(sentence, Solution(answer=answer)).reward is None


def _pattern(argument: str) -> Holds:
    if not argument or len(argument) > _LONGEST_PATTERN:
        raise ValueError(f"expected a pattern of 1..{_LONGEST_PATTERN} characters, got {len(argument)}")
    # Whoever means the whole answer writes anchors; whoever does not may mean any part of it.
    return _by(PatternCheck(argument, search=True, timeout_s=_PATTERN_TIMEOUT_S))


_KEYWORDS = frozenset(
    """type properties required additionalProperties items prefixItems enum const minimum maximum exclusiveMinimum
    exclusiveMaximum minLength maxLength minItems maxItems minProperties maxProperties anyOf oneOf allOf not title
    description default examples $schema $id format""".split()
)
"""Those whose work is bounded by the sizes of schema and answer: no patterns, no references, no comparing of all pairs."""


def _json_schema(argument: str) -> Holds:
    if len(argument) > _LONGEST_SCHEMA:
        raise ValueError(f"expected at most {_LONGEST_SCHEMA} characters, got {len(argument)}")
    schema = json.loads(argument or "{}")
    if not isinstance(schema, dict):
        raise ValueError(f"expected a JSON object, got {argument[:80]!r}")
    _refuse_costly(schema)
    check = _by(JsonSchemaCheck({name: inner for name, inner in schema.items() if name != "$id"}))

    def holds(answer: str) -> bool | None:
        return None if len(argument) * len(answer) > _MOST_SCHEMA_WORK else check(answer)

    return holds


def _refuse_costly(schema: Any) -> None:
    if not isinstance(schema, dict):
        return
    unknown = sorted(set(schema) - _KEYWORDS)
    if unknown:
        raise ValueError(f"the keyword {unknown[0]!r} is not allowed in a constraint's schema")
    properties = schema.get("properties")
    inner = list(properties.values()) if isinstance(properties, dict) else []
    for name in ("items", "additionalProperties", "not"):
        inner.append(schema.get(name))
    for name in ("prefixItems", "anyOf", "oneOf", "allOf"):
        listed = schema.get(name)
        inner += listed if isinstance(listed, list) else []
    for one in inner:
        _refuse_costly(one)


_WORD = re.compile(r"\w")


def _words(argument: str, holds: Callable[[int, int], bool]) -> Holds:
    found = re.fullmatch(r"\s*(\d{1,6})(?:\s*words?)?\s*", argument)
    if not found or int(found[1]) > _MOST_WORDS:
        raise ValueError(f"expected a number of words up to {_MOST_WORDS}, got {argument[:80]!r}")
    number = int(found[1])
    return lambda answer: holds(sum(_WORD.search(part) is not None for part in answer.split()), number)


def _parts(argument: str) -> list[str]:
    """Return the items of a JSON list, or of a text with `|` between them."""
    try:
        listed = json.loads(argument) if argument.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        listed = None
    texts = [str(item) for item in listed] if isinstance(listed, list) else argument.split("|")
    parts = [" ".join(text.split()) for text in texts if text.strip()]
    if not 1 <= len(parts) <= _MOST_ITEMS or max(map(len, parts)) > _LONGEST_PATTERN:
        raise ValueError(f"expected 1..{_MOST_ITEMS} short texts with | between them, got {argument[:80]!r}")
    return parts


def _holds_text(answer: str, part: str) -> bool:
    """Return whether a text occurs; words only whole, in any case and spacing."""
    left = r"(?<!\w)" if re.match(r"\w", part) else ""
    right = r"(?!\w)" if re.search(r"\w\Z", part) else ""
    pattern = left + re.escape(part.casefold()) + right
    return re.search(pattern, " ".join(answer.split()).casefold()) is not None


def _one_of(argument: str) -> Holds:
    options = _parts(argument)

    def told(answer: str) -> bool:
        # An option within a sentence may be the choice, or only be mentioned: not a breach.
        return any(equivalent(answer, option) or _holds_text(answer, option) for option in options)

    return told


def _contains(argument: str) -> Holds:
    parts = _parts(argument)
    return lambda answer: all(_holds_text(answer, part) for part in parts)


def _forbids(argument: str) -> Holds:
    parts = _parts(argument)
    return lambda answer: not any(_holds_text(answer, part) for part in parts)


def _integer(argument: str) -> Holds:
    def told(answer: str) -> bool | None:
        found = reading(answer)
        if found is None or not (found.sure or any(value.denominator == 1 for value in found.values)):
            return None
        return any(value.denominator == 1 for value in found.values)

    return told


_BOUND = r"[-−+]?\d{1,18}(?:\.\d{1,12})?"
_RANGE = re.compile(
    rf"\s*(?:between\s|from\s)?[\[(]?\s*({_BOUND})?\s*(?:\.\.|…|,|\bto\b|\band\b|-|–)\s*({_BOUND})?\s*[\])]?\s*",
    re.IGNORECASE,
)


def _numeric_range(argument: str) -> Holds:
    found = _RANGE.fullmatch(argument)
    if found is None or not (found[1] or found[2]):
        raise ValueError(f"expected low..high, got {argument[:80]!r}")
    low, high = (Fraction(bound.replace("−", "-")) if bound else None for bound in found.groups())
    if low is not None and high is not None and low > high:
        raise ValueError(f"{low} is more than {high}")

    def told(answer: str) -> bool | None:
        number = reading(answer)
        if number is None:
            return None
        within = any(
            (low is None or value >= low) and (high is None or value <= high) for value in number.values
        )
        # `8/10` may be a score, `3 dozen` a number.
        return within or (None if "/" in answer or not number.sure else False)

    return told


BINDINGS: Mapping[str, Callable[[str], Holds]] = {
    "max_words": lambda argument: _words(argument, lambda count, most: count <= most),
    "min_words": lambda argument: _words(argument, lambda count, least: count >= least),
    "one_of": _one_of,
    "integer": _integer,
    "numeric_range": _numeric_range,
    "contains": _contains,
    "forbids": _forbids,
    "pattern": _pattern,
    "json_schema": _json_schema,
    "stated": _stated,
}
"""Each makes a check of an argument; raises an error that says what is wrong with it."""

CHECK_NAMES = tuple(name for name in BINDINGS if name != "stated")
"""Those that a model may name."""
