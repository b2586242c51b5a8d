"""The value that an answer in words gives, by the kind of reply that the question asked for.

"Johnny bought 35 face masks." is 35 where a number was asked for, "4. 40 - 8 - 16 = 16" is 16, "d = 5" is 5, "(B) Paris"
is B where a letter was, and "Yes, because ..." is Yes. What gives no such value stays as it is.
"""

from __future__ import annotations

import re

from agot.agents.kinds import Kind
from agot.verifiers.quantities import quantity

_NUMBER = re.compile(
    r"(?<![\w.,])(?:[-−+]\s?)?[$€£]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\s?/\s?\d+|(?=[\s.,;:!?)°*%\w]|$))(?:\s?\\?%)?"
)
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)")
_LETTER_MARKED = re.compile(r"\(([A-K])\)|\b(?:option|choice|answer(?: is)?:?)\s+\(?([A-K])\b|^\W*([A-K])(?:[).:,]|\s*$|\s+[-–—])", re.I)
_LETTER_ALONE = re.compile(r"(?<![\w'])([A-K])(?![\w'])")
_TRUTH = re.compile(r"\b(yes|no|true|false|valid|invalid)\b", re.I)
_LIST = re.compile(r"\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]|\{[^{}]*\}")
_MATHS = re.compile(r"\$\$?([^$]+)\$\$?|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_ITEM = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+(?=\S)")
_NAMED = re.compile(r"[A-Za-z]\w{0,2}\s*=\s*([^=]+)")
_LONGEST_UNIT_WORDS = 8
_MEASURE = re.compile(
    r"\b(?:seconds?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|[kcm]?m|miles?|feet|foot|ft|inch(?:es)?|yards?|"
    r"k?g|grams?|kilograms?|pounds?|lbs?|ounces?|oz|tons?|lit(?:er|re)s?|m?l|gallons?|mph|km/h|degrees?|°[CF]?|dollars?|cents?|"
    r"euros?|percent|meters?|metres?|kilomet(?:er|re)s?|centimet(?:er|re)s?)\b|[%°$€£]", re.I
)  # fmt: skip
"""A unit tells 90 minutes from 1.5 hours; what is counted, as in "35 face masks", says nothing that the question did not."""


def value_in(text: str, kind: Kind, *, stated: bool) -> str:
    """Return the value that a text gives, the text itself if it gives none of this kind.

    Args:
        text: One line or a few, without markup around them.
        kind: A closed kind.
        stated: The text was announced as the answer, so its beginning counts; else it is the last sentence of a worked
            reply, whose end counts.
    """
    plain = _ITEM.sub("", text.strip())
    match kind.name:
        case "number":
            return _number(plain, stated) or plain
        case "formula":
            return _formula(plain, stated)
        case "choice":
            return _letter(plain, stated) or plain
        case "truth":
            found = _TRUTH.findall(plain)
            return (found[0] if stated else found[-1]).capitalize() if found else plain
        case "list":
            found = _LIST.findall(plain)
            return (found[0] if stated else found[-1]) if found else plain
        case _:
            named = _NAMED.fullmatch(plain)
            return (named[1] if named else plain).strip().rstrip(".").strip()


def gives(text: str, kind: Kind) -> bool:
    """Return whether a text holds a value of this kind at all."""
    match kind.name:
        case "number":
            return _NUMBER.search(text) is not None
        case "choice":
            return _letter(text, stated=False) != ""
        case "truth":
            return _TRUTH.search(text) is not None
        case "list":
            return _LIST.search(text) is not None
        case _:
            return bool(text.strip())


def _number(text: str, stated: bool) -> str:
    if stated and _MEASURE.search(text) and quantity(text) is not None:
        return text.rstrip(".")
    outside = _IN_BRACKETS.sub("", text)
    for part in (_after_equals(outside), _after_equals(text)):
        found = [one.group().strip() for one in _NUMBER.finditer(part)]
        if len(found) == 1 or (found and not (stated and len(part.split()) <= _LONGEST_UNIT_WORDS)):
            return found[0] if stated else found[-1]
        if found:
            # Several numbers and few words belong together, as in "2 hours and 30 minutes".
            return part.rstrip(".").strip()
    return ""


def _after_equals(text: str) -> str:
    """Return what stands after the last sign of equality that a number follows."""
    for part in reversed(re.split(r"[=≈]", text)[1:]):
        if _NUMBER.search(part):
            return part
    return text


def _formula(text: str, stated: bool) -> str:
    maths = [next(inner for inner in found if inner) for found in _MATHS.findall(text)]
    if maths and len(maths) == 1 or (maths and not stated):
        text = maths[-1].strip()
    elif not stated and "=" not in text and not maths:
        return _number(text, stated=False) or text
    named = _NAMED.fullmatch(text.rstrip(". "))
    return (named[1] if named else text if stated or maths else _after_equals(text)).strip().rstrip(".").strip()


def _letter(text: str, stated: bool) -> str:
    marked = [next(letter for letter in found if letter) for found in _LETTER_MARKED.findall(text)]
    alone = marked or _LETTER_ALONE.findall(text)
    return (alone[0] if stated else alone[-1]).upper() if alone else ""
