"""When two answers are the same: one definition for votes, verifiers and benchmarks."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from agot.verifiers.formulas import looks_symbolic
from agot.verifiers.moments import Moment, moment
from agot.verifiers.quantities import Quantity, quantity
from agot.verifiers.symbolic import same_expression

_NUMBER = re.compile(r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_MOST_DIGITS = 400
_LONGEST_LIST = 10_000
_DEEPEST_LIST = 4
_LONGEST = 2000
"""Longer answers are the same only if their normal forms are."""
_MOST_ITEMS = 200


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
    """Return the form in which answers are compared first; equal forms are cheap to find.

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


def equivalent(answer: str, reference: str) -> bool:
    """Return whether two answers mean the same.

    Known are numbers in any spelling, units, lists, sets and tuples, dates, times and durations, yes and no,
    letters of choices, and formulas. It is symmetric but for units: an answer may give one that the
    reference leaves out, but not leave out one that the reference gives.

    Args:
        answer: What was answered; LaTeX, markdown and "The answer is" around it are dropped.
        reference: What it is compared with.
    """
    if answer == reference:
        return True
    if normal(answer) == normal(reference):
        signs = _sign(answer), _sign(reference)
        return signs[0] == signs[1] or "" in signs
    if len(answer) > _LONGEST or len(reference) > _LONGEST:
        return False
    return _same(answer, reference, 0)


def groups(answers: Sequence[str]) -> list[list[int]]:
    """Return the places of the answers, those that mean the same together, in the order of first appearance.

    An answer belongs to the first group whose first member it is equivalent to, as answer or as reference.
    """
    by_form: dict[tuple[str, str], list[int]] = {}
    for place, answer in enumerate(answers):
        by_form.setdefault((normal(answer), _sign(answer)), []).append(place)
    found: list[list[int]] = []
    for places in by_form.values():
        answer = answers[places[0]]
        for group in found:
            first = answers[group[0]]
            if equivalent(answer, first) or equivalent(first, answer):
                group.extend(places)
                break
        else:
            found.append(list(places))
    return [sorted(group) for group in found]


def _sign(text: str) -> str:
    """Return the currency or percent sign of a number, "" if it has none."""
    bare = text.strip(" .")
    if not bare or len(bare) > _MOST_DIGITS:
        return ""
    sign = next((end for end in (bare[0], bare[-1]) if end in "$€£%"), "")
    return sign if sign and number(bare) is not None else ""


# -- what one answer means -------------------------------------------------------------------------

_WRAPPED = re.compile(
    r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|textrm)\s?\{((?:[^{}]|\{[^{}]{0,200}\}){0,400})\}"
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s?\{")
_SPACING = re.compile(r"\\(?:left|right|displaystyle)(?![a-zA-Z])|(?<!\\)\\[,;! ]")
_LEAD = re.compile(
    r"(?:so |thus |therefore |hence )?,? ?(?:the |my )?(?:final |correct )?(?:answer|result|value|option|choice)"
    r"(?: is|:| =|) *:? *(?=\S)",
    re.IGNORECASE,
)
_LETTER = re.compile(
    # `(D) + 1` and `(D)^2` are formulas, not the choice D.
    r"(?:\(([A-Za-z])\)(?! ?(?:[/^]|[-+*/] ))|([A-Za-z])(?:[.):](?=\s|$)|$)) ?(.*)",
    re.DOTALL,
)
_TRUTH = re.compile(r"(yes|no|true|false)(?![\w'’])(?:[,.;:!]|$)", re.IGNORECASE)
_LATEX_SPACE = re.compile(r" (?![a-z])|(?<![a-z]) ")
_ARTICLE = re.compile(r"(?:the|an?) (?=\S{2})")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_MATRIX = re.compile(r"\\begin\{([pbvBV]?matrix)\}(.{0,1500})\\end\{\1\}", re.DOTALL)
_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "−": "-", "–": "-", "—": "-", "∞": "\\infty", "∪": "\\cup"}
)


@dataclass(frozen=True)
class _Items:
    """Items of a list; `kind` is its brackets, "" if it has none, or names a matrix with its rows."""

    kind: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class _Meaning:
    """All that an answer may be; what it is not is None."""

    text: str
    bare: str
    quantity: Quantity | None
    moment: Moment | None
    truth: tuple[bool, bool] | None
    letter: tuple[str, str] | None
    items: _Items | None


@lru_cache(maxsize=4096)
def _meaning(text: str) -> _Meaning:
    bare = _bare(text)
    right = re.sub(r"^\\?[A-Za-z]{1,2} ?(?:=|\\in(?![a-z])) ?(?=[^=]+$)", "", bare)
    plain = " ".join(unicodedata.normalize("NFKC", bare).translate(_QUOTES).casefold().split())
    plain = _ARTICLE.sub("", plain.strip(" .!\"'`"), count=1)
    if "\\" in plain:
        plain = _LATEX_SPACE.sub("", plain)
    truth = _TRUTH.match(bare)
    letter = _LETTER.fullmatch(bare)
    instant = moment(bare)
    amount = quantity(right)
    return _Meaning(
        text=plain,
        bare=bare,
        quantity=amount,
        moment=instant,
        truth=(truth[1].casefold() in ("yes", "true"), truth.end() == len(bare)) if truth else None,
        letter=((letter[1] or letter[2]).casefold(), normal(letter[3])) if letter else None,
        items=_split(right) if amount is None and instant is None else None,
    )


def _bare(text: str) -> str:
    """Return an answer without markdown, LaTeX wrapping and the words that announce it."""
    bare = " ".join(text.split()).strip("`*_ ")
    bare = _boxed(bare)
    for _ in range(3):
        before = bare
        if (
            bare.startswith(("$", "\\(", "\\["))
            and bare.endswith(("$", "\\)", "\\]"))
            and bare.count("$") < 3
        ):
            bare = re.sub(r"^(?:\$\$?|\\[(\[])|(?:\$\$?|\\[)\]])$", "", bare).strip()
        bare = _WRAPPED.sub(r"\1", bare).strip()
        bare = _LEAD.sub("", bare, count=1).strip("`*_ ") if _LEAD.match(bare) else bare
        if bare == before:
            break
    return _SPACING.sub("", bare).replace("\\{", "{").replace("\\}", "}").rstrip(".!").strip()


def _boxed(text: str) -> str:
    """Return what stands in the last box of a text; the text itself if there is none."""
    boxes = [found.end() for found in _BOX.finditer(text)]
    depth = 1
    for place in range(boxes[-1] if boxes else len(text), len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return text[boxes[-1] : place].strip()
    return text


def _split(text: str) -> _Items | None:
    """Return the items of a list, set, tuple or matrix, or of a text with commas."""
    if found := _MATRIX.fullmatch(text):
        rows = [row for row in found[2].split("\\\\") if row.strip()]
        return _Items(
            f"matrix of {len(rows)}", tuple(cell.strip() for row in rows for cell in row.split("&"))
        )
    kind, inner = "", text
    if len(text) > 1 and text[0] in _BRACKETS and text[-1] in ")]}" and _closes_at_end(text):
        kind, inner = text[0] + text[-1], text[1:-1]
    parts = _top_level(inner)
    if not kind and len(parts) == 1:
        return None
    if not kind and " and " in parts[-1] and len(parts) > 1:
        parts[-1:] = parts[-1].split(" and ", 1)
    items = tuple(re.sub(r"^and ", "", part.strip()).strip(" \"'`") for part in parts)
    items = tuple(item for item in items if item) if not inner.strip() else items
    return _Items(kind, items) if len(items) <= _MOST_ITEMS and all(items) else None


def _closes_at_end(text: str) -> bool:
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return place == len(text) - 1
    return False


def _top_level(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and character in ",;":
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


# -- comparing -------------------------------------------------------------------------------------


def _same(answer: str, reference: str, depth: int) -> bool:
    a, b = _meaning(answer), _meaning(reference)
    if a.text == b.text and a.text:
        return True
    if a.moment and b.moment:
        return a.moment.same(b.moment)
    if a.quantity and b.quantity:
        return a.quantity.same(b.quantity)
    if a.truth and b.truth and (a.truth[1] or b.truth[1]):
        return a.truth[0] == b.truth[0]
    if a.letter and b.letter and "" in (a.letter[1], b.letter[1]):
        return a.letter[0] == b.letter[0]
    if a.items and b.items and _same_items(a.items, b.items, depth):
        return True
    if looks_symbolic(a.bare) or looks_symbolic(b.bare):
        return same_expression(a.bare, b.bare) is True
    return False


def _same_items(a: _Items, b: _Items, depth: int) -> bool:
    if (
        len(a.items) != len(b.items)
        or depth >= _DEEPEST_LIST
        or (a.kind != b.kind and "matrix" in a.kind + b.kind)
    ):
        return False
    if a.kind != b.kind and _interval(a, b):
        return False

    def same(left: str, right: str) -> bool:
        return normal(left) == normal(right) or _same(left, right, depth + 1)

    if "{}" not in (a.kind, b.kind):
        return all(same(left, right) for left, right in zip(a.items, b.items, strict=True))
    rest = list(b.items)
    for left in a.items:
        found = next((place for place, right in enumerate(rest) if same(left, right)), None)
        if found is None:
            return False
        del rest[found]
    return True


def _interval(a: _Items, b: _Items) -> bool:
    """Return whether the brackets tell: `(0, 1]` or `[0, 1]` against `(0, 1)`."""
    mixed = any(kind in ("(]", "[)") for kind in (a.kind, b.kind))
    return mixed or ({a.kind, b.kind} == {"()", "[]"} and len(a.items) == 2)
