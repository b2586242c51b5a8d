"""Questions after what lists that stand in them have in common, or not: the answer is worked out and compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from agot.thought import Solution, Task, Verdict
from agot.reading.numbers import unmarked

_LONGEST_QUESTION = 20_000
_LONGEST_ANSWER = 10_000
_LIST = re.compile(r"\[([^\[\]{}]*)\]|\{([^\[\]{}]*)\}")
_ITEM = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?|[A-Za-z][\w'-]{0,40}(?: [\w'-]{1,40}){0,3}")
_NUMBER = re.compile(r"(?<![\w.])[+-]?\d{1,30}(?:\.\d{1,30})?(?![\w]|\.\d)")

_Items = frozenset[str]
_ASKS = r"(?:which|what|find|list|give|name|compute|determine|calculate|return|show)\b"
_WHICH = r"(?:numbers?|integers?|values?|elements?|items?|words?|names?|entries|members|letters)"
_OPERATIONS: tuple[tuple[re.Pattern[str], Callable[[list[_Items]], _Items]], ...] = tuple(
    (re.compile(wording, re.IGNORECASE), operation)
    for wording, operation in (
        (
            r"\bsymmetric difference\b|\bin exactly one of\b|\bin one (?:list |set )?but not (?:in )?(?:the other|both)\b",
            lambda lists: lists[0] ^ lists[1],
        ),
        (
            r"\b(?:in|of|from) (?:the )?first (?:list |set )?(?:but|and|that are|which are)? ?not (?:also )?in (?:the )?second\b|"
            r"\bfirst (?:list |set )?minus (?:the )?second\b",
            lambda lists: lists[0] - lists[1],
        ),
        (
            r"\b(?:in|of|from) (?:the )?second (?:list |set )?(?:but|and|that are|which are)? ?not (?:also )?in (?:the )?first\b",
            lambda lists: lists[1] - lists[0],
        ),
        (
            r"\bin both\b|\b(?:in|of) (?:each|every|all) of\b|\bin common\b|\bcommon (?:to|elements|numbers|items|members|values)\b|"
            r"\bintersect(?:ion)?\b|\bshared by\b|\bshare\b",
            lambda lists: reduce(frozenset.__and__, lists),
        ),
        (
            r"\bunion\b|\bin (?:either|at least one)\b|\bin any of\b",
            lambda lists: reduce(frozenset.__or__, lists),
        ),
    )
)  # fmt: skip
_OTHER = re.compile(
    r"\b(?:how many|how much|how often|count|sum|total|product|average|mean|median|largest|smallest|highest|lowest|biggest|greatest|least|"
    r"maximum|minimum|longest|shortest|sort|order|odd|even|prime|multiples?|divisible|greater|less|more|fewer|larger|smaller|above|below|"
    r"between|first (?:two|three|\d)|last|twice|square|double|add|subtract|multiply|python|function|code|program|why|explain|example|"
    r"subsets?|probability|cartesian|if|except|without|complement|times|duplicates?|multiset)\b",
    re.IGNORECASE,
)
_NONE = re.compile(r"\W*(?:none|nothing|empty(?: set| list)?|no .{0,40}|there (?:is|are) no.{0,60})?\W*|\W*(?:∅|Ø)\W*", re.IGNORECASE)  # fmt: skip
_AROUND = re.compile(
    rf"\b(?:the|these|are|is|and|in|both|lists?|sets?|common|to|of|intersection|union|difference|answer|result|following|{_WHICH})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Asked:
    """What is asked: the right items, out of all that stand in the lists."""

    right: _Items
    listed: _Items
    numbers: bool


def asked(question: str) -> Asked | None:
    """Return what a question asks of its lists, or None if it is not surely such a question."""
    if len(question) > _LONGEST_QUESTION:
        return None
    found = [_items(one[1] if one[1] is not None else one[2]) for one in _LIST.finditer(question)]
    words = " ".join(_LIST.sub("[]", question).split())
    # What stands around the lists must say all that is asked.
    if len(found) < 2 or re.search(r"\d", words) or _OTHER.search(words) or not re.search(_ASKS, words, re.I):
        return None
    lists = [one for one in found if one is not None]
    if len(lists) < len(found):
        return None
    operation = next((work for wording, work in _OPERATIONS if wording.search(words)), None)
    if operation is None or (len(lists) > 2 and "first" in words.lower()):
        return None
    if len(lists) > 2 and operation in (_OPERATIONS[0][1], _OPERATIONS[1][1], _OPERATIONS[2][1]):
        return None
    listed = frozenset[str]().union(*lists)
    numeric = [_NUMBER.fullmatch(item) is not None for item in listed]
    if any(numeric) != all(numeric):
        return None
    return Asked(operation(lists), listed, all(numeric))


def _items(text: str) -> _Items | None:
    """Return the items of a list, or None if they are not plain numbers or words."""
    if not text.strip():
        return frozenset()
    items = [item.strip().strip("'\"") for item in text.split(",")]
    return frozenset(map(_same, items)) if all(map(_ITEM.fullmatch, items)) else None


def _same(item: str) -> str:
    if _NUMBER.fullmatch(item):
        whole, _, rest = item.lstrip("+").partition(".")
        sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        rest = rest.rstrip("0")
        plain = f"{digits.lstrip('0') or '0'}{'.' * bool(rest)}{rest}"
        return plain if plain == "0" else sign + plain
    return item.casefold()


class SetCheck:
    """The items of an answer must be those that the lists of the question have in common, or whatever is asked of them."""

    name = "sets"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a verdict, or one that tells nothing if the question is of another kind.

        An answer that says more than its items is proved if they are the right ones, and only doubted if they are not.
        """
        wanted = asked(task.question) if not task.material else None
        if wanted is None or len(solution.answer) > _LONGEST_ANSWER:
            return Verdict(check=self.name)
        text = unmarked(solution.answer)
        given, alone = _given(text, wanted)
        if given == wanted.right and (given or _NONE.fullmatch(text) or alone):
            return Verdict(check=self.name, reward=1.0, conclusive=True)
        if not alone and not given:
            return Verdict(check=self.name)
        foreign, missing = sorted(given - wanted.right), sorted(wanted.right - given)
        told = [f"{', '.join(foreign[:8])} does not belong there"] if foreign else []
        told += [f"{len(missing)} of {len(wanted.right)} are missing"] if missing else []
        return Verdict(
            check=self.name, reward=0.0 if alone else 0.3, feedback="; ".join(told), conclusive=alone
        )


def _given(text: str, wanted: Asked) -> tuple[_Items, bool]:
    """Return the items that an answer names, and whether it holds nothing else."""
    if _NONE.fullmatch(text):
        return frozenset(), True
    if wanted.numbers:
        items = frozenset(map(_same, _NUMBER.findall(text)))
        return items, not re.search(r"\w", _AROUND.sub("", _NUMBER.sub("", text)))
    inner = text.strip().strip("[]{}().")
    items = frozenset(
        _same(part.strip().strip("'\"`*. ")) for part in re.split(r",|;|\n|\band\b", inner) if part.strip()
    )
    if items <= wanted.listed:
        return items, True
    named = frozenset(
        item for item in wanted.listed if re.search(rf"(?<!\w){re.escape(item)}(?!\w)", text, re.IGNORECASE)
    )
    return named, False
