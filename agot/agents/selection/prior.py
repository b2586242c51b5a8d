"""Reads how a model rates strategies: the prior of the selection agent (PlanGEN, arXiv 2502.16111)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import RootModel

from agot.errors import OutputError
from agot.models.json_text import parse, without_reasoning

_LONGEST = 4_000
"""Characters of a reply without its reasoning that are looked at: the last, as answers come last."""

_LONGEST_REASONING = 200_000
_FAR = 80
"""Characters between a strategy's name and its rating."""

_MOST_VALUES = 1_000
_DEEPEST = 6
_SCALES = (1.0, 10.0, 100.0)

_NUMBER = re.compile(
    r"(?<![\w.])(-?\d{1,4}(?:\.\d{1,10})?|-?\.\d{1,10})(?:\s?(%)|\s?/\s?(\d{1,4})|(?!\s?[/%]))(?!\w|\.\d)"
)
_SENTENCE_END = re.compile(r"[.!?;]\s")


class _Json(RootModel[dict[str, Any] | list[Any]]):
    """Any JSON object or list."""


def parse_prior(reply: str, strategies: Sequence[str]) -> dict[str, float]:
    """Return the rating in [0, 1] of each strategy that a reply rates; none it does not rate.

    JSON is read as names with numbers or as objects that hold a name and a number; other text as
    names, each followed by a number. `80%` and `8/10` are 0.8; plain numbers above 1 are read as out of 10
    or, if one is above 10, out of 100. What lies outside its scale is no rating. The last rating of a
    strategy counts.

    Args:
        reply: Any text that a model wrote.
        strategies: Names to look for, in any case.
    """
    text = without_reasoning(reply[-_LONGEST_REASONING:])[-_LONGEST:]
    names = {name.casefold(): name for name in strategies}
    found = _in_json(text, names) or _in_text(text, names)
    plain = [value for value, scale in found.values() if scale is None]
    assumed = next((scale for scale in _SCALES if max(plain, default=0.0) <= scale), 0.0)
    ratings: dict[str, float] = {}
    for name, (value, scale) in found.items():
        out_of = assumed if scale is None else scale
        if out_of > 0.0 and 0.0 <= value <= out_of:
            ratings[name] = value / out_of
    return ratings


_Found = dict[str, tuple[float, float | None]]
"""By strategy: the number, and the scale if it was stated."""


def _in_json(text: str, names: Mapping[str, str]) -> _Found:
    try:
        value = parse(text, _Json).root
    except OutputError:
        return {}
    found: _Found = {}
    for count, part in enumerate(_objects(value, _DEEPEST)):
        if count >= _MOST_VALUES:
            break
        numbers = {key.casefold(): number for key, inner in part.items() if (number := _number(inner))}
        found |= {names[key]: number for key, number in numbers.items() if key in names}
        named = [
            names[inner.casefold()]
            for inner in part.values()
            if isinstance(inner, str) and inner.casefold() in names
        ]
        others = [number for key, number in numbers.items() if key not in names]
        if len(named) == 1 and len(others) == 1:
            found[named[0]] = others[0]
    return found


def _objects(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if depth:
        for part in inner:
            yield from _objects(part, depth - 1)


def _number(value: Any) -> tuple[float, float | None] | None:
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value.strip()[:_FAR])
        return _rating(match) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _SCALES[-1]:
        return None
    return (float(value), None) if math.isfinite(value) else None


def _in_text(text: str, names: Mapping[str, str]) -> _Found:
    if not names:
        return {}
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile(
        r"(?<!\w)(?:" + "|".join(re.escape(name) for name in longest_first) + r")(?!\w)", re.IGNORECASE
    )
    mentions = list(pattern.finditer(text))
    ends = [*(mention.start() for mention in mentions[1:]), len(text)]
    found: _Found = {}
    for mention, end in zip(mentions, ends, strict=False):
        match = _NUMBER.search(text, mention.end(), min(end, mention.end() + _FAR))
        if match and not _SENTENCE_END.search(text, mention.end(), match.start()):
            found[names[mention.group().casefold()]] = _rating(match)
    return found


def _rating(match: re.Match[str]) -> tuple[float, float | None]:
    scale = 100.0 if match[2] else float(match[3]) if match[3] else None
    return float(match[1]), scale
