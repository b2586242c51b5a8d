"""Banks of phrases with alternatives, split by wording, and the speaker who draws from them.

A template is text with alternatives in square brackets, `[How many|What number of] {o}`, nested at will, and slots in
braces. Every eighth template of a bank is held out: problems for evaluation use those wherever a bank has some, so
what is measured there is understanding of phrases that training never showed. Another eighth is kept from the worked
solutions and used only when the model's own solutions are collected, for it to learn when it misreads.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Literal, TypeVar

from training.families.common import between, pick, uncapital
from training.families.words import NAMES

T = TypeVar("T")

Side = Literal["train", "judged", "held"]
"""Which wordings may be used: those trained on, also those only judged, or those held out."""

_EVERY, _HELD, _JUDGED, _LEAST = 8, 5, 2, 6

Part = str | tuple["Parsed", ...]
Parsed = tuple[Part, ...]


def _parse(text: str, at: int = 0, inside: bool = False) -> tuple[list[Parsed], int]:
    """Return the alternatives of a template from a place on, and the place after them."""
    options: list[Parsed] = []
    parts: list[Part] = []
    plain = ""
    while at < len(text):
        letter = text[at]
        if letter == "[":
            if plain:
                parts.append(plain)
            chosen, at = _parse(text, at + 1, True)
            parts.append(tuple(chosen))
            plain = ""
        elif inside and letter in "|]":
            if plain:
                parts.append(plain)
            options.append(tuple(parts))
            parts, plain = [], ""
            at += 1
            if letter == "]":
                return options, at
        else:
            plain += letter
            at += 1
    if inside:
        raise ValueError(f"a bracket is not closed in {text!r}")
    if plain:
        parts.append(plain)
    return [tuple(parts)], at


def _expand(rng: random.Random, parsed: Parsed) -> str:
    if len(parsed) == 1 and isinstance(parsed[0], str):
        return parsed[0]
    return "".join([part if isinstance(part, str) else _expand(rng, pick(rng, part)) for part in parsed])


class Wordings:
    """A bank of templates, one a line; banks of six and more are split."""

    __slots__ = ("held", "judged", "train")

    def __init__(self, lines: str) -> None:
        parsed = [_parse(line.strip())[0][0] for line in lines.strip().splitlines() if line.strip()]
        if len(parsed) < _LEAST:
            self.train = self.held = self.judged = tuple(parsed)
            return
        self.held = tuple(parsed[_HELD::_EVERY])
        self.judged = tuple(parsed[_JUDGED::_EVERY])
        self.train = tuple(one for index, one in enumerate(parsed) if index % _EVERY not in (_HELD, _JUDGED))


ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth".split()


def in_words(number: int) -> str:
    """Return an integer of 0 to 999 in words."""
    if number >= 100:
        rest = f" and {in_words(number % 100)}" if number % 100 else ""
        return f"{ONES[number // 100]} hundred{rest}"
    if number < 20:
        return ONES[number]
    tens = TENS[number // 10 - 2]
    return f"{tens}-{ONES[number % 10]}" if number % 10 else tens


def nth(number: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `4th` and so on."""
    last = 0 if number % 100 in (11, 12, 13) else number % 10
    return f"{number}{('th', 'st', 'nd', 'rd')[last] if last < 4 else 'th'}"


_SPACES = re.compile(" {2,}")
_VAGUE = ("some", "some", "a few", "several", "many", "a number of", "a bunch of", "lots of", "plenty of")
_PREFIXES = Wordings("""
    Question: {q}
    Q: {q}
    [Hey|Hi|Hello|hi there|hey there|Good morning][,|!|.] {q}
    Quick question: {q}
    [Can|Could] you [please |]help me [with this|here|out]? {q}
    [Please |][solve|answer|work out|do|figure out][ this| the following| this one for me][:|.] {q}
    [I need|need] [help|a hand] with [this|my homework|a problem]: {q}
    [Here is|Here's] a [problem|question|puzzle|riddle|task][:|.] {q}
    [Problem|Task|Exercise|Puzzle|Homework]: {q}
    [My teacher asks|My kid asked me|They asked me this|My homework says]: {q}
    [ok|okay|so|well|right|alright], {q}
    Think [carefully|step by step][.|:] {q}
    [Just|Simply] answer this: {q}
    [Let's see|Let me think|Tell me this|One more]: {q}
""")
_SUFFIXES = Wordings("""
    {q} [Thanks|Thank you|thx|Thanks in advance][!|.|]
    {q} [Please|pls|please][.|]
    {q} [Answer|Reply] with [a number|one number|the number|the answer] only.
    {q} [Show|Explain] your [work|steps|working|reasoning].
    {q} [Give|Tell] me [just|only] the [final |]answer.
    {q} Think step by step.
    {q} [Be brief|Keep it short|Short answer please].
    {q} [I need this quickly|It's for my homework|Not sure about this one|I keep getting it wrong].
""")


class Speaker:
    """Words one problem: draws phrases, names and numbers, and remembers how this person writes.

    Args:
        rng: All choices come from it.
        side: Which wordings may be used.
        lower: Whether everything may be written without capitals.
    """

    def __init__(self, rng: random.Random, side: Side = "train", lower: bool = True) -> None:
        self.rng, self.side = rng, side
        self.small = lower and rng.random() < 0.08
        chance = rng.random()
        self.spelled = 1.0 if chance < 0.12 else 0.3 if chance < 0.2 else 0.0
        self.currency = int(rng.random() * 6)
        self.exact = False
        """Whether words are material, so that none is misspelt."""
        self._names: list[str] = []

    def say(self, bank: Wordings, **slots: object) -> str:
        """Return a phrase of a bank with its slots filled."""
        rng, choices = self.rng, bank.train
        if self.side == "held":
            choices = bank.held
        elif self.side == "judged" and rng.random() < 0.6:
            choices = bank.judged
        text = _expand(rng, choices[int(rng.random() * len(choices))])
        for name, value in slots.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def one(self, choices: Sequence[T]) -> T:
        """Return one of several choices."""
        return pick(self.rng, choices)

    def word(self, choices: str) -> str:
        """Return one of the words of a text."""
        return pick(self.rng, choices.split())

    def chance(self, share: float) -> bool:
        """Return true in this share of the cases."""
        return self.rng.random() < share

    def between(self, low: int, high: int) -> int:
        """Return an integer from low to high, both included."""
        return between(self.rng, low, high)

    def name(self) -> str:
        """Return a first name that this problem does not use yet."""
        while True:
            name = pick(self.rng, COMMON_NAMES) if self.rng.random() < 0.5 else pick(self.rng, NAMES)
            name = name.lower() if self.small else name
            if name not in self._names:
                self._names.append(name)
                return name

    def n(self, number: int) -> str:
        """Return a count as a mark, which `finish` turns into digits or words, or into "some"."""
        return f"\x01{number}\x02"

    def cash(self, amount: object) -> str:
        """Return an amount of money, in the currency of this problem."""
        kind = self.currency
        if kind == 4 and isinstance(amount, int) and self.spelled and amount < 100:
            return f"{in_words(amount)} dollars"
        return (
            f"${amount}",
            f"${amount}",
            f"{amount} dollars",
            f"{amount} euros",
            f"${amount}",
            f"€{amount}",
        )[kind]

    def finish(self, text: str, *, missing: bool = False, dress: bool = True) -> str | None:
        """Return the question as written, or None if a number should be missing and none can be."""
        pieces = text.split("\x01")
        vague = -1
        if missing:
            places = [at for at in range(1, len(pieces)) if int(pieces[at].split("\x02")[0]) > 2]
            if not places:
                return None
            vague = pick(self.rng, places)
        for at in range(1, len(pieces)):
            number, rest = pieces[at].split("\x02")
            pieces[at] = (pick(self.rng, _VAGUE) if at == vague else self._digits(int(number))) + rest
        text = (
            _SPACES.sub(" ", "".join(pieces)).replace(" .", ".").replace(" ,", ",").replace(" ?", "?").strip()
        )
        text = text[:1].upper() + text[1:]
        return self._dressed(text) if dress else text

    def _digits(self, number: int) -> str:
        if self.spelled and 0 < number < 100 and self.rng.random() < self.spelled:
            if number == 12 and self.rng.random() < 0.05:
                return "a dozen"
            return in_words(number)
        return f"{number:,}" if number >= 1000 and self.rng.random() < 0.4 else str(number)

    def _dressed(self, text: str) -> str:
        rng = self.rng
        if self.small:
            text = text.lower()
            return text.rstrip("?.") if rng.random() < 0.5 else text
        chance = rng.random()
        if chance < 0.70:
            return text
        if chance < 0.76:
            return uncapital(text)
        if chance < 0.80:
            return text.rstrip("?.")
        if chance < 0.84:
            return text if self.exact else misspelt(rng, text)
        if chance < 0.92:
            return self.say(_PREFIXES, q=text if rng.random() < 0.8 else uncapital(text))
        if chance < 0.97:
            return self.say(_SUFFIXES, q=text)
        return (uncapital(text) if self.exact else misspelt(rng, uncapital(text))).rstrip("?")


def misspelt(rng: random.Random, text: str) -> str:
    """Return the text with one or two words of small letters misspelt."""
    words = text.split(" ")
    places = [at for at, word in enumerate(words) if len(word) > 3 and word.islower() and word.isalpha()]
    for _ in range(1 if rng.random() < 0.7 else 2):
        if not places:
            break
        at = pick(rng, places)
        word = words[at]
        spot = between(rng, 1, len(word) - 2)
        kind = rng.random()
        if kind < 0.45:
            words[at] = word[:spot] + word[spot + 1] + word[spot] + word[spot + 2 :]
        elif kind < 0.8:
            words[at] = word[:spot] + word[spot + 1 :]
        else:
            words[at] = word[:spot] + word[spot] + word[spot:]
    return " ".join(words)


COMMON_NAMES = tuple(
    """Ana Anna Ben Tom Tim Sam Max Leo Mia Emma Liam Noah Olivia Ava Sophia Lucas Mary John Jack Lily Lucy Kate Sara
    Sarah Maria Peter Paul David Daniel James Alice Bob Carol Dan Eve Frank Grace Henry Ivan Jane Karen Laura Mark Nina
    Oscar Pam Rita Steve Tina Uma Vera Will Zoe Alex Amy Beth Chris Emily Ella Finn Hugo Jake Jim Joe Julia Kim Lena
    Luke Marco Maya Nick Nora Omar Priya Rosa Ruby Sofia Theo Tony Yuki Carlos Diego Elena Fatima Ahmed Chloe""".split()
)
