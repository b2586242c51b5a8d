"""Does an answer keep to its sources? What it quotes, counts and names must stand in the material or the findings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from agot.thought import Solution, Task, Verdict

_LONGEST_ANSWER = 50_000
_LONGEST_SOURCE = 2_000_000
_MOST_NAMED = 8
_FEWEST_LETTERS_QUOTED = 4

_QUOTATION = re.compile(r'"([^"\n]{2,1000})"|“([^“”\n]{2,1000})”|«([^«»\n]{2,1000})»')
_NUMBER = re.compile(r"(?<![\w.,])[-−]?(?:\d{1,3}(?:,\d{3})+|\d{1,40})(?:\.\d{1,40})?(?![\w]|[.,]\d)")
_ENUMERATOR = re.compile(r"^[ \t]*\(?\d{1,3}[.)](?=\s)|\[\d{1,3}\]", re.MULTILINE)
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’.&-]{0,40}"
_NAME = re.compile(
    rf"(?<![\w'’]){_CAPITAL}(?: (?:(?:of|the|de|van|von|der|la|du|al|bin|da|di|del) ){{0,2}}{_CAPITAL}){{0,6}}"
)
_SENTENCE_START = re.compile(r"(?:^|[.!?:\n•*(-]|\d[.)])[\s\"“'*_(]*$")
_ORDINARY = frozenset(
    """i a an the it he she they we you this that these those there here yes no not none neither both all each every some
    any many most few several one two three in on at by for from with without of to as if when while because since
    although though but and or so thus hence therefore however moreover also then first second third finally after
    before during according based given its his her their our your my what which who whose where why how is are was
    were be been has have had do does did can could may might must should will would answer question source sources
    both january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday mr mrs ms dr prof""".split()
)
"""Words whose capital says nothing."""


Kind = Literal["quotation", "number", "name"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_LOOKED_UP = "tools"
"""Strategy whose answers rest on what tools said, which is not among the sources that are known here."""


@dataclass(frozen=True)
class Claim:
    """Something in an answer that its sources must hold."""

    kind: Kind
    text: str


class GroundingCheck:
    """What the answer quotes, counts and names must stand in the given material or in a finding's answer.

    What the question quotes, counts and names itself may be repeated. Nothing is understood: a sum of two numbers of
    the material counts as not grounded, and true words put together wrongly as grounded. Hence never conclusive.

    Args:
        kinds: Claims that are looked at. Quotations alone are safe for any question; numbers and names where answers
            are to be found in the material and not to be worked out.
    """

    name = "grounding"

    def __init__(self, kinds: Iterable[Kind] = KINDS) -> None:
        self._kinds = frozenset(kinds)

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return the grounded share of the claims, naming the others; None without material or without claims."""
        sources = [task.material, *(finding.answer for finding in task.findings)]
        too_long = len(solution.answer) > _LONGEST_ANSWER or sum(map(len, sources)) > _LONGEST_SOURCE
        if too_long or not task.material.strip():
            return Verdict(check=self.name)
        found = [claim for claim in claims(solution.answer) if claim.kind in self._kinds]
        missing = ungrounded(found, sources, question=task.question)
        if not found or (missing and solution.strategy == _LOOKED_UP):
            return Verdict(check=self.name)
        feedback = ""
        if missing:
            named = ", ".join(f"the {claim.kind} {claim.text[:80]!r}" for claim in missing[:_MOST_NAMED])
            more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
            feedback = f"not found in the material: {named}{more}"
        return Verdict(check=self.name, reward=1 - len(missing) / len(found), feedback=feedback)


def claims(answer: str) -> list[Claim]:
    """Return the quotations, numbers and names of an answer, each once, in the order of kinds and of appearance."""
    quoted = [
        text
        for text in _quotations(answer)
        if sum(character.isalnum() for character in text) >= _FEWEST_LETTERS_QUOTED
    ]
    rest = _ENUMERATOR.sub(" ", _QUOTATION.sub(" ", answer))
    numbers = [found[0] for found in _NUMBER.finditer(rest)]
    found = [Claim("quotation", text) for text in quoted]
    found += [Claim("number", text) for text in numbers] + [Claim("name", text) for text in _names(rest)]
    return list(dict.fromkeys(found))


def ungrounded(found: Iterable[Claim], sources: Iterable[str], *, question: str = "") -> list[Claim]:
    """Return the claims that no source holds.

    Args:
        question: Its numbers, names and quotations count as held; others of its words as a quotation do not.
    """
    words = [_words(source) for source in sources]
    numbers = {_value(one[0]) for text in (*words, _words(question)) for one in _NUMBER.finditer(text)}
    said = [f" {_letters(text)} " for text in words]
    known = [*said, f" {_letters(_words(question))} "]
    quoted = [*said, *(f" {_letters(_words(text))} " for text in _quotations(question))]

    def held(claim: Claim) -> bool:
        if claim.kind == "number":
            return _value(claim.text) in numbers
        wanted = f" {_letters(_words(claim.text))} "
        return any(wanted in text for text in (quoted if claim.kind == "quotation" else known))

    return [claim for claim in found if not held(claim)]


def _quotations(text: str) -> list[str]:
    return [next(filter(None, found.groups())) for found in _QUOTATION.finditer(text)]


def _names(text: str) -> list[str]:
    names = []
    for found in _NAME.finditer(text):
        words = found[0].rstrip(".'’-&").removesuffix("'s").removesuffix("’s").split(" ")
        starts = _SENTENCE_START.search(text[max(0, found.start() - 12) : found.start()]) is not None
        # At the start of a sentence every word has a capital: only what follows tells.
        while words and (words[0].casefold().rstrip(".") in _ORDINARY or not words[0][0].isupper()):
            words, starts = words[1:], False
        if starts and len(words) == 1 and not any(letter.isupper() for letter in words[0][1:]):
            continue
        if words:
            names.append(" ".join(words))
    return names


def _words(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace("−", "-").split())


def _letters(text: str) -> str:
    """Return the words alone: how a text is punctuated and capitalised does not matter."""
    text = re.sub(r"['’]s\b", "", text.casefold())
    return " ".join(re.findall(r"\w+", text))


def _value(text: str) -> Fraction:
    return Fraction(text.replace(",", "").replace("−", "-"))
