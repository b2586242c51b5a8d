"""A number with its unit, however it is written: fractions, mixed numbers, powers of ten, LaTeX, currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from agot.verifiers.readings import HALVES, SCALES, SMALL

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
    re.VERBOSE,
)
_FRACTION = re.compile(r"\\[dt]?frac\s?(?:\{\s?(-?\d{1,40})\s?\}|(\d))\s?(?:\{\s?(\d{1,40})\s?\}|(\d))")
_DEGREE = re.compile(r"\^?\s?\{?\s?(?:\\(?:circ|degree)(?![a-z])|°)\s?\}?")
_UNIT = re.compile(
    r"(?:\s?[%°]|\s?°[cf]|\s?[^\W\d_]{1,20}[²³]?\.?(?:[ /-]{1,2}[^\W\d_]{1,20}[²³]?){0,3}(?:\^[23])?)?"
)
_NAMES = """km, kilometer, kilometre; m, meter, metre; cm, centimeter, centimetre; mm, millimeter, millimetre; nm; kg, kilogram
g, gram; mg, milligram; l, liter, litre; ml, milliliter, millilitre; h, hour, hr; min, minute; s, second, sec; ms; day, d
wk, week; yr, year; in, inch, inche; ft, foot, feet; yd, yard; mi, mile; lb, pound; oz, ounce; mph, mile/hour, mile/h, mi/h
km/h, kph, kilometer/hour, kilometre/hour; m/s, meter/second, metre/second; hz; kw; mw; kj; j, joule; n, newton; w, watt
v, volt; kb; mb; gb; tb; %, percent, per cent, pct; °, degree, deg; °c; °f; $, dollar, usd, us$, buck; €, euro, eur
£, gbp; ¥, yen, jpy; ₹, rupee, inr; ¢, cent"""
_UNITS = {
    name: names.split(", ")[0]
    for line in _NAMES.splitlines()
    for names in line.split("; ")
    for name in names.split(", ")
}
"""Units by each of their names, in the singular."""
_LONGEST_SYMBOL = 2
"""A shorter word behind a number is a unit only if it is a known one: `2a` is a product."""
_NOT_UNITS = re.compile(
    r"\b(?:or|and|not|no|nor|to|of|over|than|remainder|r|times|plus|minus|hal(?:f|ves)|quarters?|thirds?|from|between|mod"
    r"|pi|am|pm|dozens?|scores?|squared|cubed|factorial|tens?|(?:four|fif|six|seven|eigh|nin|ten|hundred|thousand)ths?)\b"
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
        if "" in (self.unit, reference.unit):
            if "%" in (self.unit, reference.unit):
                percent, plain = (self, reference) if self.unit == "%" else (reference, self)
                return plain.value in (percent.value, percent.value / 100)
            if not reference.unit or reference.unit in DROPPABLE:
                return self.value == reference.value
        return False


def quantity(text: str) -> Quantity | None:
    """Return the one number with its unit that a text is, or None if it is anything else.

    Expressions (`3 + 4`), ranges and sentences are none.
    """
    if len(text) > _LONGEST:
        return None
    plain = _plain(text)
    if plain in SMALL:
        return Quantity(Fraction(SMALL.index(plain)))
    found = _QUANTITY.fullmatch(plain)
    if found is None:
        return None
    unit = _unit(found["rest"], found["currency"] or "")
    number = _number(found)
    return None if unit is None or number is None else Quantity(number, unit)


def _plain(text: str) -> str:
    """Return the text in lower case, with signs in the place of LaTeX and fractions for `½`."""
    plain = " ".join(text.strip().casefold().split()).rstrip(".!").strip()
    plain = _DEGREE.sub("°", plain).replace("{,}", ",").replace("\\%", "%").replace("\\$", "$")
    plain = _FRACTION.sub(lambda found: f" {found[1] or found[2]}/{found[3] or found[4]}", plain).strip()
    for sign, fraction in HALVES.items():
        plain = plain.replace(sign, f" {fraction}").strip()
    return re.sub(r"^([-−]) (?=\d)", r"\1", re.sub(r"\\(?:times|cdot)(?![a-z])", "*", plain))


def _unit(rest: str, currency: str) -> str | None:
    rest = rest.strip().rstrip(".")
    if not _UNIT.fullmatch(rest) or _NOT_UNITS.search(rest) or (rest and currency):
        return None
    name = currency or (rest if rest in _UNITS else rest.replace(" per ", "/"))
    singular = "/".join(
        part[:-1] if len(part) > 3 and part.endswith("s") else part for part in name.split("/")
    )
    known = _UNITS.get(name) or _UNITS.get(singular)
    symbols = re.findall(r"[^\W\d_]+", singular)
    if known is None and any(len(part) <= _LONGEST_SYMBOL and part not in _UNITS for part in symbols):
        return None
    return known or singular


def _number(found: re.Match[str]) -> Fraction | None:
    number = Fraction(re.sub(r"[, '_’]", "", found["digits"]))
    if found["below"]:
        if int(found["below"]) == 0 or (found["whole"] and number >= int(found["below"])):
            return None
        number /= int(found["below"])
    ten = int((found["exponent"] or found["power"] or "0").replace("−", "-"))
    if abs(ten) > _LARGEST_EXPONENT:
        return None
    number = (number + int(found["whole"] or 0)) * Fraction(10) ** (ten + SCALES.get(found["scale"] or "", 0))
    return -number if bool(found["minus"]) != bool(found["minus_after"]) else number
