"""Questions which the embedded model must decline: templates, composed stories, prose, twisted inside questions.

Nothing here needs to make sense or to have an answer; what matters is that the wording covers the many
kinds of questions people ask, and that questions *near* the inside families are well represented.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate

from training import outside_bank
from training.families.common import between, pick, some
from training.families.registry import FAMILIES
from training.families.words import NAMES, WORDS
from training.outside_bank import Bank

_SLOT = re.compile(r"\{(\w+)\}")
_GROUP_WEIGHTS = {"chat": 1.2, "gibberish": 0.8, "multiple choice": 0.5, "math words": 2.0, "algebra": 2.0, "latex": 2.0,
                  "coding": 2.0, "logic": 2.0, "yesno": 1.5, "planning": 1.5, "trivia": 1.6, "summaries": 1.2}  # fmt: skip
LONGEST = 900


class _Filler:
    """Fills the slots of templates."""

    def __init__(self, rng: random.Random, bank: Bank) -> None:
        self.rng = rng
        self.bank = bank
        self.seen: dict[str, str] = {}

    def fill(self, template: str) -> str:
        """Return the template with every slot filled; names stay the same within one text."""
        return _SLOT.sub(self._slot, template)

    def _slot(self, match: re.Match[str]) -> str:
        name = match.group(1)
        make = _SLOTS.get(name)
        if make is None:
            return match.group()
        if name in ("N", "F", "N2"):
            if name not in self.seen:
                self.seen[name] = make(self)
            return self.seen[name]
        return make(self)

    def prose(self) -> str:
        """Return a stretch of prose, cut at a random place."""
        text = pick(self.rng, self.bank.prose)
        if self.rng.random() < 0.5:
            start = max(0, text.find(". ") + 2) if self.rng.random() < 0.5 else 0
            text = text[start : start + between(self.rng, 40, 400)]
        return text

    def choices(self) -> str:
        """Return a multiple-choice question."""
        rng = self.rng
        ask = pick(rng, (
            "Which of the following is {w}?", "The {w} of a {w2} is called", "Which {w} best describes the {w2}?", "{prose}",
            "{N} wanted to {w} the {w2}. What did {N} need?", "Where would you find a {w}?", "What do people use a {w} for?",
            "Which statement about {t} is correct?", "Which answer is correct? {n}{x} + {m} = {k}", "What is the value of {x}?",
            "A {m}-year-old man has a {w}. What is the next step?", "If the {w} is {m} and the {w2} is {p}%, the {w3} is",
            "The sentence with the correct adjective order:", "A student mixes {w} with {w2}. What will most likely happen?",
            "Which of these movies is most similar to {W}, {W2} and {W}?", "What year did the {w} begin?", "Who wrote {W}?",
            "{N} sold {n} {w}s at ${d} each and paid {p}% tax. How much is left?", "What is the name of the {w} in {c}?",
        ))  # fmt: skip
        kind = rng.random()
        option = (
            "{n}"
            if kind < 0.2
            else "{w}"
            if kind < 0.5
            else "{w} {w2}"
            if kind < 0.8
            else "the {w} of the {w2}"
        )
        letters = "ABCDE"[: between(rng, 2, 5)]
        style = pick(rng, ("({x}) ", "{x}) ", "{x}. ", "{x}: ", "- "))
        joint = pick(rng, ("\n", "\n", " ", ", "))
        options = joint.join(style.replace("{x}", letter) + self.fill(option) for letter in letters)
        head = pick(
            rng, ("\n", "\nOptions:\n", " Options: ", "\nChoices: ", "\nAnswer Choices: ", "\nChoose one: ")
        )
        tail = pick(rng, ("", "", "", "\nAnswer:", "\nAnswer with the letter only."))
        return f"{self.fill(ask)}{head}{options}{tail}"


def _fraction(filler: _Filler) -> str:
    bottom = between(filler.rng, 2, 12)
    top = between(filler.rng, 1, bottom - 1)
    return pick(
        filler.rng,
        (
            f"{top}/{bottom}",
            f"{top}/{bottom}",
            "half",
            "one third",
            "two fifths",
            "a quarter",
            "three quarters",
        ),
    )


def _gibberish(filler: _Filler) -> str:
    rng = filler.rng
    letters = "abcdefghijklmnopqrstuvwxyz" if rng.random() < 0.8 else "äöüßéèñçабвгде日本語中文한국어!?#@"
    return "".join(pick(rng, letters) for _ in range(between(rng, 2, 11)))


def _word(filler: _Filler) -> str:
    return pick(filler.rng, WORDS)


def _number(high: int) -> Callable[[_Filler], str]:
    return lambda filler: str(between(filler.rng, 2, high))


_SLOTS: dict[str, Callable[[_Filler], str]] = {
    "w": _word, "w2": _word, "w3": _word,
    "W": lambda filler: pick(filler.rng, WORDS).capitalize(), "W2": lambda filler: pick(filler.rng, WORDS).capitalize(),
    "N": lambda filler: pick(filler.rng, NAMES), "F": lambda filler: pick(filler.rng, NAMES),
    "N2": lambda filler: pick(filler.rng, NAMES),
    "n": _number(12), "n2": _number(12), "n3": _number(20), "m": _number(99), "k": _number(400),
    "p": lambda filler: str(5 * between(filler.rng, 1, 19)),
    "d": lambda filler: f"{between(filler.rng, 0, 99)}.{between(filler.rng, 1, 99)}",
    "d2": lambda filler: f"{between(filler.rng, 0, 20)}.{between(filler.rng, 1, 9)}",
    "f": _fraction, "f2": _fraction, "g": _gibberish,
    "x": lambda filler: pick(filler.rng, "abcknxyztmpqr"), "A": lambda filler: "".join(some(filler.rng, "ABCDEFGHIJKLMNOPRSTUVWXYZ", 3)),
    "y": lambda filler: str(between(filler.rng, 1400, 2024)), "t": lambda filler: pick(filler.rng, outside_bank.TOPICS),
    "t2": lambda filler: pick(filler.rng, outside_bank.TOPICS), "c": lambda filler: pick(filler.rng, outside_bank.COUNTRIES),
    "c2": lambda filler: pick(filler.rng, outside_bank.COUNTRIES), "l": lambda filler: pick(filler.rng, outside_bank.LANGUAGES),
    "pl": lambda filler: pick(filler.rng, outside_bank.PROGRAMMING), "col": lambda filler: pick(filler.rng, outside_bank.COLORS),
    "col2": lambda filler: pick(filler.rng, outside_bank.COLORS), "mon": lambda filler: pick(filler.rng, outside_bank.MONTHS),
    "op": lambda filler: pick(filler.rng, ("+", "-", "*", "//", "%", "**")), "code": lambda filler: pick(filler.rng, outside_bank.CODE),
    "code2": lambda filler: pick(filler.rng, outside_bank.CODE), "prose": _Filler.prose, "mcq": _Filler.choices,
}  # fmt: skip

_WRAPPERS = (
    "Translate to {l}: {q}", "Write a {pl} program for this: {q}", "Is this question easy or hard? {q}", "Rewrite this question: {q}",
    "Who would ask this: {q}", "Make this question harder: {q}", "Write {n} questions like this one: {q}", "What school grade is this for? {q}",
    "Explain to a child how to do this in general: {q}", "{q}\nA) {n} B) {m} C) {k} D) none of these", "Write a story around this task: {q}",
    "What is wrong with this exercise? {q}", "Which topic does this belong to? {q}", "Summarize: {q}", "Convert this to a formula with x: {q}",
    "Write a function {w}() that returns the answer to: {q}", "Classify this text: {q}", "{q} Prove your answer.", "Find a synonym for: {q}",
)  # fmt: skip
_LIST_ASKS = (
    "What is the median of {i}?", "What percentage of {i} is even?", "Plot {i}.", "What is the variance of {i}?",
    "What is the probability that a random element of {i} is odd?", "What comes next after {i}?", "Find the pattern in {i}.",
    "What rule turns {i} into {j}?", "Which numbers in {i} are prime?", "What is the product modulo {n} of {i}?", "Write {i} in {pl}.",
    "Find two numbers in {i} that add up to {m}.", "What is the longest increasing subsequence of {i}?", "Is {i} a geometric sequence?",
    "Input: {i}\nOutput: {j}\nInput: {j}\nOutput:", "Convert {i} to hexadecimal.", "What is the standard deviation of {i}?",
    "How many swaps does bubble sort need for {i}?", "Given nums = {i} and target = {n}, return the indices of the two numbers.",
    "Return the maximum subarray sum of {i}.", "What is the mean of the numbers {i}, rounded to two decimals?", "Is {i} linearly independent?",
)  # fmt: skip
_STRANGE_ASKS = (
    "How old is {N}?", "Why?", "Why did {N} do that?", "What percentage is left?", "How long does it take?", "What is the average?",
    "What will happen next?", "Is {N} happy?", "What is the probability of that?", "How much does one cost?", "How many per day is that?",
    "What is {N}'s last name?", "What does this story teach us?", "When did this happen?", "By what percent did it change?", "Is that true?",
    "If the price is {p}% higher, how much is it?", "What is the moral of the story?", "How tall is {N}?", "Does {N} like {F}?",
    "How many hours did {N} work if {N} earns ${n} per hour?", "What fraction of the total is that?", "Express the answer as x.",
    "What color was it?", "Where did {N} buy it?", "Who is right?", "What is the ratio?", "How many more days are needed at this rate?",
)  # fmt: skip
_TWISTED = tuple(name for name in FAMILIES if name != "compound")


def _template(filler: _Filler) -> str:
    groups, cumulative = _table(filler.bank is _bank(True))
    chance = filler.rng.random() * cumulative[-1]
    index = next(index for index, bound in enumerate(cumulative) if chance < bound)
    return filler.fill(pick(filler.rng, filler.bank.templates[groups[index]]))


def _story(filler: _Filler) -> str:
    """Return a school word problem of a kind the families do not cover, composed from sentences."""
    rng, stories = filler.rng, filler.bank.stories
    sentences = [pick(rng, stories["open"])]
    sentences += [pick(rng, stories["middle"]) for _ in range(int(rng.random() * 3))]
    while rng.random() < 0.35:
        sentences.insert(int(rng.random() * (len(sentences) + 1)), pick(rng, stories["inside-like"]))
    if rng.random() < 0.12:
        sentences = sentences[:1]
    return filler.fill(" ".join([*sentences, pick(rng, stories["ask"])]))


def _gym(filler: _Filler) -> str:
    group = pick(filler.rng, list(filler.bank.gym.values()))
    text = pick(filler.rng, group)
    if filler.rng.random() < 0.15 and len(text) > 160:
        text = text[: between(filler.rng, 120, len(text))]
    return text


def _twisted(filler: _Filler) -> str:
    """Return text made of an inside question that nevertheless asks for something else."""
    rng = filler.rng
    if rng.random() < 0.3:
        items = [str([between(rng, 0, 99) for _ in range(between(rng, 3, 7))]) for _ in range(2)]
        template = pick(rng, _LIST_ASKS).replace("{i}", items[0]).replace("{j}", items[1])
        return filler.fill(template)
    family = FAMILIES[pick(rng, _TWISTED)]
    question = family.generate(rng, between(rng, family.chain[0], min(5, family.chain[1]))).question
    chance = rng.random()
    if chance < 0.5:
        return filler.fill(pick(rng, _WRAPPERS)).replace("{q}", question)
    if "\nQuestion:" in question:
        head = question[: question.rindex("Question:") + 10]
    else:
        # without its last sentence, which holds the question
        head = question.rstrip(".?! ")
        cut = max(head.rfind(". "), head.rfind("\n"))
        if cut < 0:
            return filler.fill(pick(rng, _WRAPPERS)).replace("{q}", question)
        head = head[: cut + 1] + " "
    return head + filler.fill(pick(rng, _STRANGE_ASKS))


@lru_cache(maxsize=2)
def _bank(held_out: bool) -> Bank:
    return outside_bank.load(held_out)


@lru_cache(maxsize=2)
def _table(held_out: bool) -> tuple[list[str], list[float]]:
    groups = list(_bank(held_out).templates)
    return groups, list(accumulate(_GROUP_WEIGHTS.get(group, 1.0) for group in groups))


_SOURCES: tuple[Callable[[_Filler], str], ...] = (
    (_template,) * 9 + (_story,) * 4 + (_gym,) * 4 + (_Filler.prose,) + (_twisted,) * 3 + (_Filler.choices,) * 2
)  # fmt: skip


def question(rng: random.Random, held_out: bool) -> str:
    """Return one outside question; `held_out` selects the groups reserved for validation and test."""
    filler = _Filler(rng, _bank(held_out))
    text = pick(rng, _SOURCES)(filler)
    chance = rng.random()
    if chance < 0.04:
        text = f"{text} {_template(filler)}"
    elif chance < 0.07:
        text = f"{filler.prose()}\n{text}"
    elif chance < 0.15:
        text = text.lower()
    elif chance < 0.17:
        text = text.upper()
    elif chance < 0.24:
        text = (
            pick(rng, ("Please ", "please ", "Hey, ", "Can you help? ", "Question: ", "Q: ", "hi, ")) + text
        )
    elif chance < 0.30:
        text = text.rstrip("?.!")
    if rng.random() < 0.04:
        text += pick(
            rng,
            (
                " Let's think step by step.",
                " Answer with a single number.",
                " Explain.",
                " Thanks!",
                "\nAnswer:",
                "\nA:",
            ),
        )
    return text[:LONGEST].strip() or "?"
