"""The value that an answer in words gives, by the kind of reply that the question asked for.

"Johnny bought 35 face masks." is 35 where a number was asked for, "4. 40 - 8 - 16 = 16" is 16, "d = 5" is 5, "(B) Paris"
is B where a letter was, and "Yes, because ..." is Yes. What gives no such value stays as it is.
"""

from __future__ import annotations

import re

from agot.agents.kinds import Kind
from agot.reading.quantities import quantity

_NUMBER = re.compile(
    r"""(?<![\w.,\\])(?:(?<![)\]])[-−+](?=[$€£\d.\\])|(?<=[=:]\s)[-−+]\s)?[$€£]?
    (?:(?:\d{1,9}\s?)?\\[dt]?frac\s?\{\s?-?\d{1,40}\s?\}\s?\{\s?\d{1,40}\s?\}   # \frac{1}{2}, 3\frac{1}{2}
    |\d{1,9}\s[1-9]\d{0,8}\s?/\s?\d+                                            # 3 1/2
    |\d+(?::\d+)+(?:\s?[ap]\.?m\b)?                                             # 3:4, 10:30 am
    |(?:\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e[-+]?\d+\b)?(?:\s?/\s?\d+)?
    |\.\d+)(?:\s?%)?""",
    re.VERBOSE | re.IGNORECASE,
)
_APART = re.compile(r"^([-−])\s+")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_CLAUSE = re.compile(r"[.!?;]\s|,?\s(?:not|because|since|as|which|but|rather|instead|when|if|given)\b", re.I)
"""What follows is said about the answer; it is no part of it."""
_HEDGE = re.compile(
    r"(?:(?:is|it'?s|about|around|approximately|roughly|exactly|only|just|a total of)\s)+", re.I
)
_LETTER_MARKED = re.compile(
    r"\(([A-Ka-k])\)|\b(?i:option|choice|answer(?: is)?:?)\s\(?([A-K])\b|^\W*([A-Ka-k])(?:[).:,]|\s*$|\s[-–—])"
)
_LETTER_ALONE = re.compile(
    r"(?<![\w'’])([B-HJK]|A(?!\s(?!is\b|and\b|or\b|because\b|since\b)[a-z])|I(?=[).:,]|\W*$))(?![\w'’])"
)
"""A letter that is neither the article nor the pronoun."""
_NO = r"no(?=\W*$|[,.;:!\"'*)–—]|\s(?:because|since|as|it|they|he|she|this|that|there|the|i|we|you)\b)"
_TRUTH = re.compile(
    rf"\b(?:(not|isn['’]t|never)\s(?:necessarily\s)?)?(yes|true|false|valid|invalid|{_NO})\b", re.I
)
_TRUTH_FIRST = re.compile(r"\W*(yes|no|true|false|valid|invalid)\b", re.I)
_OPPOSITE = {
    "yes": "no",
    "no": "yes",
    "true": "false",
    "false": "true",
    "valid": "invalid",
    "invalid": "valid",
}
_LIST = re.compile(
    r"\[(?!\s?(?:\.{3}|…)\s?\])[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]|\{(?!\s?(?:\.{3}|…)\s?\})[^{}]*\}"
)
_MATHS = re.compile(r"\$\$?([^$]+)\$\$?|\\\(((?:[^\\]|\\(?![()]))*)\\\)|\\\[((?:[^\\]|\\(?![\[\]]))*)\\\]")
_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textbf|mathbf)\{([^{}]*)\}")
_INLINE_MATHS = re.compile(r"(?<!\d)\$(?=[^\s$])([^$\n]*)(?<=[^\s$])\$(?!\d)")
_BULLET = re.compile(r"^\s*(?:[-*•]|#{1,6})\s+(?=\S)")
_PLACE = re.compile(r"^\s*\(?\d{1,2}[.)]\s+(?=\S)")
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
    plain = _BULLET.sub("", text.strip())
    if not stated:
        plain = _PLACE.sub("", plain)
    match kind.name:
        case "number":
            return _number(plain, stated) or (plain.rstrip(".") if quantity(plain) else plain)
        case "formula":
            return _formula(plain, stated)
        case "choice":
            return _letter(plain, stated) or plain
        case "truth":
            return _truth(plain, stated) or plain
        case "list":
            found = _LIST.findall(plain)
            return (found[0] if stated else found[-1]) if found else plain
        case _:
            named = _NAMED.fullmatch(plain)
            return (named[1] if named else plain).strip().rstrip(".").strip()


def gives(text: str, kind: Kind, *, stated: bool = True) -> bool:
    """Return whether a text holds a value of this kind at all.

    Args:
        stated: As for `value_in`: the number of an item in a list of steps is no value.
    """
    if not stated:
        text = _PLACE.sub("", text)
    match kind.name:
        case "number":
            return _NUMBER.search(_without_maths(text)) is not None or quantity(text) is not None
        case "choice":
            return _letter(text, stated=False) != ""
        case "truth":
            return (
                _TRUTH.search(text) is not None or _TRUTH_FIRST.fullmatch(text.rstrip(" .!*\"'")) is not None
            )
        case "list":
            return _LIST.search(text) is not None
        case _:
            return bool(text.strip(" .…"))


def _number(text: str, stated: bool) -> str:
    if stated and "\n" in text:
        lines = [line for line in text.splitlines() if _NUMBER.search(line)]
        return _number(_BULLET.sub("", lines[-1]), len(lines) == 1) if lines else ""
    text = " ".join(_without_maths(text).split())
    if stated:
        head = _CLAUSE.split(text, maxsplit=1)[0]
        text = _HEDGE.sub("", head if _NUMBER.search(head) else text, count=1)
        if _MEASURE.search(text) and quantity(text) is not None:
            return text.rstrip(".")
    outside = " ".join(_IN_BRACKETS.sub(" ", text).split())
    for part in (_after_equals(outside), _after_equals(text)):
        found = list(_NUMBER.finditer(part))
        if not found:
            continue
        if len(found) > 1 and stated and len(part.split()) <= _LONGEST_UNIT_WORDS:
            # Several numbers and few words belong together, as in "2 hours and 30 minutes".
            if _MEASURE.search(part):
                return part[found[0].start() :].rstrip(".").strip()
            if found[0].start() <= 1:
                return part.rstrip(".").strip()
        return found[0 if stated else -1].group().strip()
    return ""


def _without_maths(text: str) -> str:
    """Return a text without the signs that set mathematics apart; signs of currency stay."""
    if not any(mark in text for mark in ("$", "\\", "{,}")):
        return text
    text = _TEXT.sub(r" \1 ", text).replace("\\$", "\0").replace("$$", " ")
    text = _INLINE_MATHS.sub(r"\1", text)
    for mark in ("\\(", "\\)", "\\[", "\\]", "\\!"):
        text = text.replace(mark, " ")
    return text.replace("{,}", ",").replace("\\,", "").replace("\\%", "%").replace("\0", "$")


def _after_equals(text: str) -> str:
    """Return what stands after the last sign of equality that a number follows."""
    for part in reversed(re.split(r"[=≈]", text)[1:]):
        if _NUMBER.search(part):
            return _APART.sub(r"\1", part.strip())
    return text


def _formula(text: str, stated: bool) -> str:
    maths = [next((inner for inner in found if inner), "") for found in _MATHS.findall(text)]
    if (maths and len(maths) == 1) or (maths and not stated):
        text = maths[-1].strip()
    elif not stated and "=" not in text and not maths:
        return _number(text, stated=False) or text
    named = _NAMED.fullmatch(text.rstrip(". "))
    return (
        (named[1] if named else text if stated or maths else _after_equals(text)).strip().rstrip(".").strip()
    )


def _letter(text: str, stated: bool) -> str:
    marked = [next(letter for letter in found if letter) for found in _LETTER_MARKED.findall(text)]
    alone = marked or _LETTER_ALONE.findall(text)
    return (alone[0] if stated else alone[-1]).upper() if alone else ""


def _truth(text: str, stated: bool) -> str:
    """Return Yes, No, True, False, Valid or Invalid; "not true" is False. "No" before a noun says nothing."""
    if stated and (first := _TRUTH_FIRST.match(text)):
        return first[1].capitalize()
    found = list(_TRUTH.finditer(text))
    if not found:
        return ""
    begins = not text[: found[0].start()].strip(" *_\"'")
    chosen = found[0 if stated or begins else -1]
    word = chosen[2].lower()
    return (_OPPOSITE[word] if chosen[1] else word).capitalize()
