"""When two answers are the same: one definition for votes, verifiers and benchmarks."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from agot.reading.formulas import looks_symbolic, unpunctuated
from agot.reading.moments import Moment, moment
from agot.reading.numbers import spelled_out
from agot.reading.quantities import Quantity, quantity
from agot.reading.symbolic import same_expression

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
    quotes, repeated spaces and final punctuation; factorials stay.
    """
    bare = text.strip()
    value = number(bare)
    if value is not None:
        plain = format(value.normalize() if value else Decimal(0), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    if bare.startswith("[") and bare.endswith("]") and len(bare) < _LONGEST_LIST and _depth < _DEEPEST_LIST:
        return "[" + ", ".join(_sign(item) + normal(item, _depth + 1) for item in _items(bare)) + "]"
    bare = unpunctuated(re.sub(r"\s+", " ", bare).strip()).strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'`":
        bare = bare[1:-1]
    return bare.casefold()


def _items(text: str) -> list[str]:
    try:
        with warnings.catch_warnings():
            # A stray backslash in a model's text is no matter for our users.
            warnings.simplefilter("ignore")
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
    if _form(answer) == _form(reference):
        return True
    if len(answer) > _LONGEST or len(reference) > _LONGEST:
        return False
    return _same(answer, reference, 0)


def _form(text: str) -> tuple[str, str, Quantity | None]:
    """Return what is equal only for answers that are the same; the quantity tells 5 MW from 5 mW."""
    return normal(text), _sign(text), _meaning(text).quantity if len(text) <= _LONGEST else None


def groups(answers: Sequence[str]) -> list[list[int]]:
    """Return the places of the answers, those that mean the same together, in the order of first appearance.

    Within a group each is equivalent to each other, as answer or as reference: 50 and 0.5 never meet, though both may be
    50%. Such an answer joins the one that was given more often, so that the groups do not depend on the order.
    """
    by_form: dict[tuple[str, str, Quantity | None], list[int]] = {}
    for place, answer in enumerate(answers):
        by_form.setdefault(_form(answer), []).append(place)
    told = {min(answers[place] for place in places): places for places in by_form.values()}
    found: list[list[str]] = []
    for answer in sorted(told, key=lambda answer: (-len(told[answer]), answer)):
        for group in found:
            if all(equivalent(answer, other) or equivalent(other, answer) for other in group):
                group.append(answer)
                break
        else:
            found.append([answer])
    return sorted(sorted(place for answer in group for place in told[answer]) for group in found)


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
    # `(D) + 1`, `(D)^2` and `(x) y` are formulas, and `I. Newton` is a name, not a choice.
    r"(?:\(([A-Za-z])\)$|\(([A-Za-h])\)(?! ?(?:[/^!]|[-+*/] ))|([A-Za-z])(?:[.):]?$|[):](?=\s)|(?<=[A-Ha-h])\.(?=\s))) ?(.*)",
    re.DOTALL,
)
_TRUTH = re.compile(r"(yes|no|true|false)(?![\w'’])(?:[,.;:!]|$)", re.IGNORECASE)
_LATEX_SPACE = re.compile(r" (?![a-z])|(?<![a-z]) ")
_ARTICLE = re.compile(r"(?:the|an?) (?=\S{2})")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_MATRIX = re.compile(r"\\begin\{([pbvBV]?matrix)\}(.{0,1500})\\end\{\1\}", re.DOTALL)
_NAME = re.compile(r"(\\?[A-Za-z]{1,2}) ?(?:=|∈|\\in(?![a-z])) ?(?=[^=]+$)")
_NAMED = re.compile(r"[A-Za-z]\w{0,20} ?=[^=]+")
_BELOW = r"\s?(<=?|≤|\\(?:leq?|leqslant|lt)(?![a-z]))\s?"
_CHAIN = re.compile(rf"([^<>≤=,;()\[\]]{{1,60}}?){_BELOW}([A-Za-z]){_BELOW}([^<>≤=,;()\[\]]{{1,60}})")
_STRICT = ("<", "\\lt")
_OR = re.compile(r"(?:^| )or (?=\S)")
_EMPTY_SET = re.compile(r"\\(?:emptyset|varnothing)(?![a-zA-Z])|∅|^\{ ?\}$")
_EMPHASIS = re.compile(r"([*_`]{1,3}) ?(.+?) ?\1", re.DOTALL)
_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "−": "-", "–": "-", "—": "-", "∞": "\\infty", "∪": "\\cup"}
)


@dataclass(frozen=True)
class _Items:
    """Items of a list.

    `kind` is its brackets, "" if it has none, "or" for alternatives, `<` and brackets for `1<x<2`, or names a matrix
    with its rows.
    """

    kind: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class _Meaning:
    """All that an answer may be; what it is not is None."""

    text: str
    bare: str
    name: str
    quantity: Quantity | None
    moment: Moment | None
    truth: tuple[bool, bool] | None
    letter: tuple[str, str] | None
    items: _Items | None


@lru_cache(maxsize=4096)
def _meaning(text: str) -> _Meaning:
    bare = _bare(text)
    named = _NAME.match(bare)
    name, right = (named[1], bare[named.end() :]) if named else ("", bare)
    plain = " ".join(spelled_out(bare).translate(_QUOTES).casefold().split())
    plain = _ARTICLE.sub("", unpunctuated(_unquoted(plain.rstrip(" ."))), count=1)
    if "\\" in plain:
        plain = _LATEX_SPACE.sub("", plain)
    truth = _TRUTH.match(bare)
    letter = _LETTER.fullmatch(bare)
    instant = moment(bare)
    amount = quantity(right) if instant is None or instant.kind == "span" else None
    items = _split(right) if amount is None and instant is None else None
    if chain := _CHAIN.fullmatch(bare):
        name, items = chain[3], _between(chain)
    return _Meaning(
        text=plain,
        bare=bare,
        name=name,
        quantity=amount,
        moment=instant,
        truth=(truth[1].casefold() in ("yes", "true"), truth.end() == len(bare)) if truth else None,
        letter=((letter[1] or letter[2] or letter[3]).casefold(), letter[4]) if letter else None,
        items=items,
    )


def _bare(text: str) -> str:
    """Return an answer without markdown, LaTeX wrapping and the words that announce it."""
    bare = _boxed(_unemphasised(unpunctuated(" ".join(text.split()))))
    for _ in range(3):
        before = bare
        if (
            bare.startswith(("$", "\\(", "\\["))
            and bare.endswith(("$", "\\)", "\\]"))
            and bare.count("$") < 3
        ):
            bare = re.sub(r"^(?:\$\$?|\\[(\[])|(?:\$\$?|\\[)\]])$", "", bare).strip()
        bare = _WRAPPED.sub(r"\1", bare).strip()
        bare = _unemphasised(_LEAD.sub("", bare, count=1)) if _LEAD.match(bare) else bare
        if bare == before:
            break
    bare = unpunctuated(_SPACING.sub("", bare).replace("\\{", "{").replace("\\}", "}")).strip()
    return _EMPTY_SET.sub(r"\\emptyset", bare)


def _unemphasised(text: str) -> str:
    """Return the text without emphasis around it; a star that only ends it, as in `A*`, stays."""
    text = text.strip()
    found = _EMPHASIS.fullmatch(text)
    return found[2] if found else text.lstrip("`*_ ")


def _unquoted(text: str) -> str:
    """Return the text without quotes around it; a prime as in `f'` stays."""
    return text.strip("\"'` ") if text[:1] in ("'", '"', "`") else text.strip()


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
    if not kind and _OR.search(parts[-1]) and " and " not in inner:
        kind, parts[-1:] = "or", filter(str.strip, _OR.split(parts[-1]))
    elif not kind and inner.count(" and ") == 1 and " and " in parts[-1]:
        parts[-1:] = parts[-1].split(" and ")
    if not kind and len(parts) == 1:
        return None
    items = tuple(_unquoted(re.sub(r"^and ", "", part.strip())) for part in parts)
    items = tuple(item for item in items if item) if not inner.strip() else items
    return _Items(kind, items) if len(items) <= _MOST_ITEMS and all(items) else None


def _between(chain: re.Match[str]) -> _Items:
    """Return the interval that `1<x<2` tells."""
    low, below, _, above, high = chain.groups()
    kind = ("<(" if below in _STRICT else "<[") + (")" if above in _STRICT else "]")
    return _Items(kind, (low.strip(), high.strip()))


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
    if a.text == b.text and a.text and a.quantity == b.quantity:
        return True
    if a.moment and b.moment:
        return a.moment.same(b.moment)
    one_name = not (a.name and b.name) or a.name == b.name
    if a.quantity and b.quantity:
        return one_name and a.quantity.same(b.quantity)
    if a.truth and b.truth and (a.truth[1] or b.truth[1]):
        return a.truth[0] == b.truth[0]
    if (
        a.letter
        and b.letter
        and ("" in (a.letter[1], b.letter[1]) or _form(a.letter[1]) == _form(b.letter[1]))
    ):
        return a.letter[0] == b.letter[0]
    if _is_option(a, b) or _is_option(b, a):
        return True
    if a.items and b.items and one_name and _same_items(a.items, b.items, depth):
        return True
    if looks_symbolic(a.bare) or looks_symbolic(b.bare):
        return same_expression(a.bare, b.bare) is True
    return False


def _is_option(lettered: _Meaning, plain: _Meaning) -> bool:
    """Return whether the first is the second with the letter of its choice, as `A. Paris` is Paris."""
    if lettered.letter is None or plain.letter is not None or not lettered.letter[1]:
        return False
    option = lettered.letter[1]
    return not looks_symbolic(option) and _form(option) == _form(plain.bare)


def _same_items(a: _Items, b: _Items, depth: int) -> bool:
    if depth >= _DEEPEST_LIST or not _comparable(a, b):
        return False

    def same(left: str, right: str) -> bool:
        return _form(left) == _form(right) or _same(left, right, depth + 1)

    if a.kind == b.kind == "{}":
        return _covers(a.items, b.items, same) and _covers(b.items, a.items, same)
    if len(a.items) != len(b.items):
        return False
    if "{}" in (a.kind, b.kind) or a.kind == "or" or all(map(_NAMED.fullmatch, a.items + b.items)):
        return _pairs_off(a.items, b.items, same) or _pairs_off(b.items, a.items, same)
    return all(same(left, right) for left, right in zip(a.items, b.items, strict=True))


def _comparable(a: _Items, b: _Items) -> bool:
    """Return whether the brackets allow both to be the same: `(0, 1]` is no `(0, 1)`, and a set no tuple."""
    if a.kind == b.kind:
        return True
    if "<" in a.kind + b.kind:
        return a.kind.lstrip("<") == b.kind.lstrip("<")
    kinds = {a.kind, b.kind}
    if not kinds <= {"", "()", "[]", "{}"}:
        return False
    return "" in kinds or (kinds == {"()", "[]"} and len(a.items) != 2)


def _covers(some: tuple[str, ...], others: tuple[str, ...], same: Callable[[str, str], bool]) -> bool:
    return all(any(same(one, other) for other in others) for one in some)


def _pairs_off(some: tuple[str, ...], others: tuple[str, ...], same: Callable[[str, str], bool]) -> bool:
    rest = list(others)
    for one in some:
        found = next((place for place, other in enumerate(rest) if same(one, other)), None)
        if found is None:
            return False
        del rest[found]
    return True
