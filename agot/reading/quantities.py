"""A number with its unit, however it is written: fractions, mixed numbers, powers of ten, LaTeX, currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from agot.reading.formulas import unpunctuated
from agot.reading.numbers import SCALES, SMALL, spelled_out

_LONGEST = 120
_LARGEST_EXPONENT = 400
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:[ '_’]\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_QUANTITY = re.compile(
    rf"""(?P<minus>(?:minus|negative)\s|[-−–])?[+]?\s?(?P<currency>us\$|[$€£¥₹])?\s?(?P<minus_after>[-−–])?
    (?:(?P<whole>\d{{1,9}})\s(?=[1-9]\d{{0,8}}\s?/\s?\d))?
    (?P<digits>{_DIGITS})
    (?:\s?/\s?(?P<below>\d{{1,40}})(?![\d.,]))?
    (?:e(?P<exponent>[-+−]?\d{{1,3}})(?!\d)|\s?[*×·x]\s?10\s?(?:\^|\*\*)\s?[({{]?(?P<power>[-+−]?\d{{1,3}})[)}}]?)?
    (?:\s(?P<scale>{"|".join(SCALES)})\b)?
    (?P<rest>.*)""",
    re.VERBOSE | re.IGNORECASE,
)
_FRACTION = re.compile(r"\\[dt]?frac\s?(?:\{\s?(-?\d{1,40})\s?\}|(\d))\s?(?:\{\s?(\d{1,40})\s?\}|(\d))")
_DEGREE = re.compile(r"\^?\s?\{?\s?(?:\\(?:circ|degree)(?![a-z])|°)\s?\}?")
_UNIT = re.compile(
    r"(?:\s?[%°]|\s?°[CF]|\s?[^\W\d_]{1,20}(?:\^\d)?\.?(?:[ /-]{1,2}[^\W\d_]{1,20}(?:\^\d)?){0,3})?",
    re.IGNORECASE,
)
_PREFIXES = {"G": ("giga", 9), "M": ("mega", 6), "k": ("kilo", 3), "": ("", 0), "c": ("centi", -2), "m": ("milli", -3),
    "μ": ("micro", -6), "n": ("nano", -9)}  # fmt: skip
_METRIC = {"m": ("meter metre", "kcmμn"), "g": ("gram", "kmμ"), "L": ("liter litre", "cm"), "W": ("watt", "GMkm"),
    "J": ("joule", "Mk"), "N": ("newton", "k"), "V": ("volt", "km"), "Hz": ("hertz", "GMk"), "s": ("second sec", "m")}  # fmt: skip
"""Symbols with their names and the prefixes that they are usually given."""
_POWERS = {
    prefix + symbol: (symbol, _PREFIXES[prefix][1])
    for symbol, (_, prefixes) in _METRIC.items()
    for prefix in ("", *prefixes)
}
"""Metric units: what they are multiples of, and by which power of ten."""
_SYMBOLS = {name: name for name in (*_POWERS, "h", "d", "kB", "MB", "GB", "TB", "kb", "Mb", "Gb", "Tb")} | {
    name.replace("L", "l"): name for name in _POWERS
} | {"d": "day", "KB": "kB", "Kb": "kb"}  # fmt: skip
"""Symbols whose case counts: mW is no MW."""
_NAMES = """h, hour, hr; min, minute; day; wk, week; yr, year; in, inch, inche; ft, foot, feet; yd, yard; mi, mile; lb, pound
oz, ounce; mi/h, mph; km/h, kph, kmh; km; kg; cm; Hz, hz; kW, kw; %, percent, per cent, pct; °, degree, deg; °c; °f
$, dollar, usd, us$, buck; €, euro, eur; £, gbp; ¥, yen, jpy; ₹, rupee, inr; ¢, cent"""
_UNITS: dict[str, str] = {
    name: names.split(", ")[0]
    for line in _NAMES.splitlines()
    for names in line.split("; ")
    for name in names.split(", ")
} | {
    _PREFIXES[prefix][0] + name: prefix + symbol
    for symbol, (names, prefixes) in _METRIC.items()
    for prefix in ("", *prefixes)
    for name in names.split()
}  # fmt: skip
"""Units by each of their names in lower case, in the singular; and symbols that are clear in any case."""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: number for number, word in enumerate(SMALL)} | {
    ten + joint + one: 20 + 10 * place + digit
    for place, ten in enumerate(_TENS)
    for digit, one in enumerate(["", *SMALL[1:10]])
    for joint in (("-", " ") if digit else ("",))
}
"""The numbers below a hundred."""
_LONGEST_SYMBOL = 2
"""A shorter word behind a number is a unit only if it is a known one: `2a` is a product."""
_NOT_UNITS = re.compile(
    r"\b(?:or|and|not|no|nor|to|of|over|than|remainder|r|times|plus|minus|hal(?:f|ves)|quarters?|thirds?|from|between|mod"
    r"|pi|am|pm|dozens?|scores?|squared|cubed|factorial|tens?|(?:four|fif|six|seven|eigh|nin|ten|hundred|thousand)ths?"
    r"|because|since|as|but|if|unless|is|are|was|were|be|been|has|have|had|do|does|did|will|would|can|cannot|could|may"
    r"|might|should|must|for|with|without|at|by|on|after|before|until|when|while|where|although|though|so|then|thus"
    r"|hence|therefore|less|fewer|least|most|about|around|approximately|roughly|almost|nearly|only|just|which|that|this"
    r"|these|those|it|its|they|he|she|we|you|who|what|how|why|maybe|perhaps|probably|possibly|wrong|incorrect|false"
    r"|impossible|never|yes|true|except|instead|however)\b",
    re.IGNORECASE,
)
DROPPABLE = frozenset({"%", "°", "$", "€", "£", "¥", "₹"})
"""Signs that may be left out on either side: `$5` is 5, and 90° is 90."""


@dataclass(frozen=True)
class Quantity:
    """An exact number and what it counts.

    Attributes:
        value: The number as written; 50 for `50%`.
        unit: Canonical name, or "".
    """

    value: Fraction
    unit: str = ""

    def same(self, reference: Quantity) -> bool:
        """Return whether this is the reference; a unit is dropped only if the reference has none."""
        if self.unit == reference.unit:
            return self.value == reference.value
        if self.unit in _POWERS and reference.unit in _POWERS:
            return self._measured() == reference._measured()
        if "" in (self.unit, reference.unit):
            if "%" in (self.unit, reference.unit):
                percent, plain = (self, reference) if self.unit == "%" else (reference, self)
                # 50% may be told as 50, but 0.5% not as 0.5: that is 50%.
                return plain.value == percent.value / 100 or (
                    plain.value == percent.value and abs(plain.value) > 1
                )
            if not reference.unit or reference.unit in DROPPABLE:
                return self.value == reference.value
        return False

    def _measured(self) -> tuple[str, Fraction]:
        symbol, power = _POWERS[self.unit]
        return symbol, self.value * Fraction(10) ** power


def quantity(text: str) -> Quantity | None:
    """Return the one number with its unit that a text is, or None if it is anything else.

    Expressions (`3 + 4`), ranges and sentences are none.
    """
    if len(text) > _LONGEST:
        return None
    plain = _plain(text)
    if (told := _WORDS.get(plain.casefold())) is not None:
        return Quantity(Fraction(told))
    found = _QUANTITY.fullmatch(plain)
    if found is None:
        return None
    unit = _unit(found["rest"], found["currency"] or "")
    number = _number(found)
    return None if unit is None or number is None else Quantity(number, unit)


def _plain(text: str) -> str:
    """Return the text with signs in the place of LaTeX and fractions for `½`."""
    plain = unpunctuated(" ".join(spelled_out(text).split()))
    plain = _DEGREE.sub("°", plain).replace("{,}", ",").replace("\\%", "%").replace("\\$", "$")
    plain = _FRACTION.sub(lambda found: f" {found[1] or found[2]}/{found[3] or found[4]}", plain).strip()
    return re.sub(r"^([-−]) (?=\d)", r"\1", re.sub(r"\\(?:times|cdot)(?![a-z])", "*", plain))


def _unit(rest: str, currency: str) -> str | None:
    rest = rest.strip().rstrip(".")
    if not _UNIT.fullmatch(rest) or _NOT_UNITS.search(rest) or (rest and currency):
        return None
    name = currency or rest
    if known := _SYMBOLS.get(name) or _known(name):
        return known
    parts: list[str] = re.split(r"([^\W\d_]+)", re.sub(r" per ", "/", name, flags=re.IGNORECASE))
    for place in range(1, len(parts), 2):
        word = parts[place]
        known = _SYMBOLS.get(word) or _known(word)
        if known is None and len(word) <= _LONGEST_SYMBOL:
            return None
        parts[place] = known or _singular(word)
    whole = "".join(parts)
    return _UNITS.get(whole, whole)


def _known(name: str) -> str | None:
    return _UNITS.get(name.casefold(), _UNITS.get(_singular(name)))


def _singular(name: str) -> str:
    name = name.casefold()
    return name[:-1] if len(name) > 3 and name.endswith("s") else name


def _number(found: re.Match[str]) -> Fraction | None:
    number = Fraction(re.sub(r"[, '_’]", "", found["digits"]))
    if found["below"]:
        if int(found["below"]) == 0 or (found["whole"] and number >= int(found["below"])):
            return None
        number /= int(found["below"])
    ten = int((found["exponent"] or found["power"] or "0").replace("−", "-"))
    if abs(ten) > _LARGEST_EXPONENT:
        return None
    number = (number + int(found["whole"] or 0)) * Fraction(10) ** (
        ten + SCALES.get((found["scale"] or "").casefold(), 0)
    )
    return -number if bool(found["minus"]) != bool(found["minus_after"]) else number
