"""What number an answer is, however a person or a model wrote it: markdown, units, fractions, powers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import groupby

from agot.reading.expressions import NotArithmetic, value

_LONGEST = 1000
_LATEX = (
    (re.compile(r"\\(?:boxed|text|mathrm|mathbf)\s?\{([^{}]{0,200})\}"), r"\1"),
    (re.compile(r"\\[dt]?frac\s?\{([^{}]{1,100})\}\s?\{([^{}]{1,100})\}"), r"(\1)/(\2)"),
    (re.compile(r"\\(?:times|cdot|ast)(?![a-z])"), "*"),
    (re.compile(r"\\div(?![a-z])"), "/"),
    (re.compile(r"\\approx(?![a-z])"), "≈"),
    (re.compile(r"\\(?:left|right|displaystyle)(?![a-z])|\\[()\[\],;! ]|\$"), " "),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\^\{(-?\d{1,3})\}"), r"^\1"),
)
_FENCE = re.compile(r"```\w{0,20}\n?|`")
_BOLD = re.compile(r"(?<![\d) ])\*\*|\*\*(?![\d(\- ])|(?<=\s)\*\*(?=\S)|^\*(?=\S)|(?<=\S)\*$|__")
HALVES = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8"}
SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty""".split()
_CHEMICAL = re.compile(r"(?<!\S)(?:[A-Z][a-z]?|[()]|[₀-₉])+(?!\S)")
_DIGITS = (
    r"(?:\d{1,3}(?:[, '_’]\d{3})+(?![\d])|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)|\d{1,3}(?:\.\d{3}){2,}(?!\d)|\d+)"
)
_PHRASE = re.compile(
    rf"""(?P<sign>(?:(?:minus|negative)\s|[-−–+])\s?)?
    (?:(?P<whole>\d{{1,6}})\s(?=\d{{1,4}}\s?/\s?\d))?
    (?P<digits>{_DIGITS}(?:[.,]\d+)?|\.\d+)(?P<dots>\.\.\.|…)?
    (?:\s?(?P<power>[eE][-+]?\d{{1,3}}|(?:[*×·x]\s?10\s?)(?:\^|\*\*)\s?\(?[-−]?\d{{1,3}}\)?)
      |\s?(?:\^|\*\*)\s?(?P<exponent>\(?-?\d{{1,2}}\)?)
      |\s?/\s?(?P<below>\d{{1,40}})(?![\d.]))?
    (?:\s(?P<scale>hundred|thousand|million|billion|trillion)\b)?
    (?:\s?(?P<percent>%|percent\b|per\scent\b))?""",
    re.VERBOSE | re.IGNORECASE,
)
_PLAIN_WORDS = frozenset(
    """the final answer result value is it s equals equal to so therefore thus hence that this of we get gives which
    exactly about approximately roughly""".split()
)
_DENIES = re.compile(
    r"\b(?:not|no|never|or|nor|either|between|than|remainder|isn|wasn|cannot|half|twice|double)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reading:
    """A number as written.

    Attributes:
        values: What it may mean; several for `1.234` or `50%`.
        unit: The place value of the last digit if the number may have been rounded to it.
        sure: Nothing around the number can change what it means.
    """

    values: tuple[Fraction, ...]
    unit: Fraction | None = None
    sure: bool = True

    def matches(self, exact: Fraction) -> bool:
        """Return whether the number is `exact`, to the digits that were written."""
        return any(given == exact or self._rounds(given, exact) for given in self.values)

    def _rounds(self, given: Fraction, exact: Fraction) -> bool:
        if self.unit is None:
            return False
        difference = abs(exact) - abs(given)
        truncated = 0 <= difference < self.unit and (given >= 0) == (exact >= 0)
        return abs(given - exact) <= self.unit / 2 or truncated

    def whole_number_near(self, exact: Fraction) -> bool:
        """Return whether the number is an integer next to a value that is none."""
        return exact.denominator != 1 and any(
            given.denominator == 1 and abs(given - exact) < 1 for given in self.values
        )


def spelled_out(text: str) -> str:
    """Return the text with `^2` for ², `_2` for ₂ and ` 1/2` for ½, and all other signs in their plain form (NFKC).

    NFKC alone would make 102 of 10². In formulas of chemistry, H₂O is H2O.
    """
    if text.isascii():
        return text
    text = _CHEMICAL.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    pieces: list[str] = []
    for form, characters in groupby(
        text, lambda character: unicodedata.decomposition(character).partition(">")[0]
    ):
        run = "".join(characters)
        plain = unicodedata.normalize("NFKC", run).replace("−", "-")
        if form in ("<super", "<sub"):
            pieces.append(("^" if form == "<super" else "_") + (plain if len(plain) == 1 else f"{{{plain}}}"))
        elif form == "<fraction":
            pieces.append(" " + plain.replace("⁄", "/"))
        else:
            pieces.append(run)
    return unicodedata.normalize("NFKC", "".join(pieces))


@lru_cache(maxsize=256)
def unmarked(text: str) -> str:
    """Return the text without markdown, fences and LaTeX around numbers and operators."""
    text = text.strip()[: _LONGEST + 1]
    text = _FENCE.sub("", text)
    for pattern, plain in _LATEX:
        text = pattern.sub(plain, text)
    return " ".join(_BOLD.sub("", text.strip()).split())


def reading(text: str) -> Reading | None:
    """Return the one number that a text states, or None if there is none, several, or it is not clear."""
    if len(text) > _LONGEST:
        return None
    text = unmarked(text)
    sides = [side.strip() for side in re.split(r"=|≈", text) if side.strip(" .")]
    if not sides:
        return None
    text = sides[-1].strip("~ \"'")
    for sign, fraction in HALVES.items():
        text = re.sub(rf"(?<=\d)\s?{sign}", f" {fraction}", text).replace(sign, fraction)
    word = text.rstrip(".!").casefold()
    if word in SMALL:
        return Reading((Fraction(SMALL.index(word)),))
    text = re.sub(r"^\(\s*([-−–+]?[\d., ]+)\)$", r"\1", text)
    text = re.sub(r"\(\s*(-?\d{1,40})\s*\)\s*/\s*\(\s*(-?\d{1,40})\s*\)", r"\1/\2", text)
    found = _PHRASE.search(text)
    if found is None or re.search(r"\w", text[found.start() - 1 : found.start()]):
        return None
    around = text[: found.start()] + " " + text[found.end() :]
    if re.search(r"[\d+*/^√|#²³°]|[-−–](?!\w)", around) or _DENIES.search(around):
        return None
    if re.match(r"[^\s.,;:!?)€£$]", text[found.end() :]):
        return None
    words = re.findall(r"[^\W\d_]+", around.casefold())
    # `51!` may be a factorial or a cheer.
    sure = text[found.end() : found.end() + 1] != "!" and all(word in _PLAIN_WORDS for word in words)
    return _reading(found, sure=sure)


def _reading(found: re.Match[str], *, sure: bool) -> Reading | None:
    digits, unit = found["digits"], None
    plain = [digits]
    if re.fullmatch(r"\d+,\d+", digits):
        plain = [digits.replace(",", ".")] if not re.fullmatch(r"\d{1,3},\d{3}", digits) else [
            digits.replace(",", ""), digits.replace(",", "."),
        ]  # fmt: skip
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?", digits):
        plain = [digits.replace(".", "").replace(",", ".")]
    else:
        plain = [re.sub(r"[, '_’](?=\d)", "", digits)]
        if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", digits):
            plain.append(digits.replace(".", ""))
    try:
        values = [value(text) for text in plain]
        decimals = len(plain[0].partition(".")[2]) if "." in plain[0] else 0
        unit = Fraction(1, 10**decimals) if decimals else None
        scale = Fraction(1)
        if found["power"]:
            power = re.sub(r"[()\s]", "", found["power"].replace("−", "-"))
            scale = Fraction(10) ** int(re.split(r"[eE]|\^|\*\*", power)[-1])
        if found["scale"]:
            scale *= 10 ** SCALES[found["scale"].lower()]
        if found["exponent"]:
            values, unit = [value(f"{text}**{found['exponent']}") for text in plain], None
        if found["below"]:
            values, unit = [number / Fraction(found["below"]) for number in values], None
    except (NotArithmetic, ZeroDivisionError):
        return None
    whole = Fraction(found["whole"] or 0)
    sign = -1 if re.match(r"[-−–]|minus|negative", found["sign"] or "", re.IGNORECASE) else 1
    values = [sign * (whole + number) * scale for number in values]
    unit = unit * scale if unit is not None else None
    if found["percent"]:
        unit = (unit or Fraction(1)) / 100
        values = [number / 100 for number in values] + values
    return Reading(tuple(values), unit, sure)
