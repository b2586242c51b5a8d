"""Comparing and counting: the largest, how many are even, sorting words, totals, counting kinds of things."""

from __future__ import annotations

import random
from collections.abc import Callable

from training.example import Problem
from training.families.common import Planned, article, between, casual, pick, shuffle, some
from training.families.words import NAMES, WORDS

_KINDS: dict[str, tuple[str, ...]] = {
    "fruits": ("apple", "banana", "orange", "pear", "plum", "peach", "grape", "lemon", "mango", "kiwi", "nectarine",
               "strawberry", "raspberry", "blackberry", "cherry", "apricot", "melon"),
    "animals": ("dog", "cat", "cow", "horse", "goat", "pig", "rabbit", "duck", "chicken", "snail", "frog", "bear",
                "snake", "donkey", "monkey", "sheep", "fish", "lion", "tiger", "mouse"),
    "vegetables": ("carrot", "potato", "onion", "cabbage", "cucumber", "pepper", "garlic", "pumpkin", "yam", "leek",
                   "cauliflower", "stalk of celery", "head of broccoli", "lettuce"),
    "musical instruments": ("piano", "violin", "guitar", "flute", "trumpet", "drum", "clarinet", "trombone", "cello",
                            "accordion", "saxophone", "harp"),
    "vehicles": ("car", "bus", "truck", "bicycle", "motorcycle", "train", "tractor", "boat", "van", "scooter"),
    "pieces of furniture": ("chair", "table", "bed", "couch", "desk", "lamp", "bookcase", "stool", "wardrobe", "bench"),
    "kitchen things": ("fork", "spoon", "knife", "plate", "cup", "bowl", "pot", "pan", "kettle", "toaster", "oven"),
}  # fmt: skip
_COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PLURALS = {"fish": "fish", "sheep": "sheep", "mouse": "mice", "stalk of celery": "stalks of celery",
            "head of broccoli": "heads of broccoli", "knife": "knives"}  # fmt: skip

_BEST: dict[str, tuple[str, ...]] = {
    "largest": ("What is the largest of these numbers: {l}?", "Which of these numbers is the largest: {l}?",
                "Find the largest number: {l}", "biggest number: {l}", "Which number is the biggest: {l}?",
                "what's the greatest of {l}", "Pick the largest number of the following candidates: {l}"),
    "smallest": ("What is the smallest of these numbers: {l}?", "Which of these numbers is the smallest: {l}?",
                 "Find the smallest number: {l}", "smallest number of {l}?", "Which number is the lowest: {l}?",
                 "Pick the smallest number of the following candidates: {l}"),
    "second largest": ("What is the second largest of {l}?", "Which number is the second largest: {l}?",
                       "Find the second largest number in {l}.", "second biggest of {l}"),
    "second smallest": ("What is the second smallest of {l}?", "Which number is the second smallest: {l}?",
                        "Find the second smallest number in {l}."),
}  # fmt: skip
_PAIR = ("Which is larger, {a} or {b}?", "Which number is bigger: {a} or {b}?", "what is bigger {a} or {b}", "{a} or {b}, which is greater?",
         "Which is greater: {a} or {b}?", "Is {a} or {b} larger?", "which one is larger, {a} or {b}?")  # fmt: skip
_PAIR_LOW = ("Which is smaller, {a} or {b}?", "Which number is smaller: {a} or {b}?", "{a} or {b}, which is less?",
             "what is smaller {a} or {b}")  # fmt: skip
_MANY = ("How many of these numbers are {p}: {l}?", "How many of {l} are {p}?", "how many {p} numbers are in {l}",
         "Count the numbers that are {p}: {l}", "How many numbers in the list {l} are {p}?")  # fmt: skip
_WORDS_WITH = ("How many of these words start with {x}: {l}?", "How many words start with the letter {x}: {l}?",
               "Count the words that begin with {x}: {l}", "how many words begin with {x} in {l}")  # fmt: skip
_WORDS_LONG = ("How many of these words have more than {k} letters: {l}?", "How many words are longer than {k} letters: {l}?",
               "Count the words with more than {k} letters: {l}")  # fmt: skip
_SORT = (
    "Sort these words alphabetically: {l}", "Sort the words {l} in alphabetical order.", "sort alphabetically: {l}",
    "Put these words in alphabetical order: {l}", "Sort the following words alphabetically: List: {l}", "alphabetize {l}",
    "Arrange the words {l} from a to z.", "Order these words alphabetically: {l}",
    "Sort these words in ascending order (using ASCII/Unicode ordering) and return them as a comma-separated list: {l}",
)  # fmt: skip
_SORT_DOWN = ("Sort these words in reverse alphabetical order: {l}", "Put these words in order from z to a: {l}",
              "Sort these words in descending order (using ASCII/Unicode ordering) and return them as a comma-separated list: {l}")  # fmt: skip
_FIRST = (
    "Which of these words comes first in the alphabet: {l}?",
    "Which word comes first alphabetically: {l}?",
)
_LONGEST = (
    "Which of these words is the longest: {l}?",
    "What is the longest word: {l}?",
    "longest word of {l}",
)
_MEASURES = (
    ("is", "cm tall", "Who is the tallest?", "Who is the shortest?"), ("weighs", "kg", "Who is the heaviest?", "Who is the lightest?"),
    ("is", "years old", "Who is the oldest?", "Who is the youngest?"), ("has", "points", "Who has the most points?", "Who has the fewest points?"),
    ("has", "books", "Who has the most books?", "Who has the fewest books?"), ("ran", "km", "Who ran the farthest?", "Who ran the shortest distance?"),
    ("scored", "goals", "Who scored the most goals?", "Who scored the fewest goals?"),
)  # fmt: skip


def _make(question: str, steps: list[str], answer: str, operations: int) -> Planned:
    return Planned(
        family="comparing", question=question, answer=answer, steps=tuple(steps), operations=operations
    )


def _numbers(rng: random.Random, least: int = 3) -> list[int]:
    high = pick(rng, (20, 99, 99, 999))
    numbers = list(dict.fromkeys(between(rng, 1, high) for _ in range(between(rng, least, 8))))
    while len(numbers) < least:
        numbers.append(max(numbers) + between(rng, 1, 9))
    if rng.random() < 0.1:
        numbers[0] = -numbers[0]
    return numbers


def _list(rng: random.Random, items: list[int] | list[str]) -> str:
    text = ", ".join(map(str, items))
    chance = rng.random()
    if chance < 0.2:
        return f"[{text}]"
    return " ".join(map(str, items)) if chance < 0.35 else text


def _best(rng: random.Random) -> Problem:
    numbers = _numbers(rng)
    kind = pick(rng, tuple(_BEST))
    ordered = sorted(numbers, reverse="largest" in kind)
    answer = str(ordered[1 if kind.startswith("second") else 0])
    steps = (
        [f"first: {ordered[0]}, second: {ordered[1]}"] if kind.startswith("second") else [f"{kind}: {answer}"]
    )
    question = casual(rng, pick(rng, _BEST[kind])).replace("{l}", _list(rng, numbers))
    return _make(question, steps, answer, 1)


def _pair(rng: random.Random) -> Problem:
    low = rng.random() < 0.3
    if rng.random() < 0.5:
        whole = between(rng, 0, 30)
        a, b = (f"{whole}.{between(rng, 1, pick(rng, (9, 99)))}" for _ in range(2))
        if rng.random() < 0.2:
            b = f"{between(rng, 0, 30)}.{between(rng, 1, 99)}"
        width = max(len(a.split(".")[1]), len(b.split(".")[1]))
        full = [f"{number.split('.')[0]}.{number.split('.')[1].ljust(width, '0')}" for number in (a, b)]
        if float(full[0]) == float(full[1]):
            return _best(rng)
        first = (float(full[0]) > float(full[1])) != low
        steps = [f"{full[0]} {'>' if float(full[0]) > float(full[1]) else '<'} {full[1]}"]
    else:
        x, y = between(rng, 0, pick(rng, (99, 999, 9999))), between(rng, 0, pick(rng, (99, 999, 9999)))
        if x == y:
            y += 1
        a, b, first = str(x), str(y), (x > y) != low
        steps = [f"{a} {'>' if x > y else '<'} {b}"]
    question = pick(rng, _PAIR_LOW if low else _PAIR).replace("{a}", a).replace("{b}", b)
    return _make(casual(rng, question, prefix=False), steps, a if first else b, 1)


def _many(rng: random.Random) -> Problem:
    numbers = _numbers(rng, 4)
    k = pick(rng, numbers) + between(rng, -2, 2)
    name, test = pick(rng, _tests(k))
    found = [number for number in numbers if test(number)]
    question = casual(rng, pick(rng, _MANY).replace("{p}", name)).replace("{l}", _list(rng, numbers))
    return _make(
        question, [f"{name}: {' '.join(map(str, found)) or 'none'} -> {len(found)}"], str(len(found)), 1
    )


def _tests(k: int) -> tuple[tuple[str, Callable[[int], bool]], ...]:
    return (
        ("even", lambda n: n % 2 == 0), ("odd", lambda n: n % 2 == 1), (f"greater than {k}", lambda n: n > k),
        (f"less than {k}", lambda n: n < k), (f"larger than {k}", lambda n: n > k), (f"smaller than {k}", lambda n: n < k),
    )  # fmt: skip


def _words(rng: random.Random) -> Problem:
    words = some(rng, WORDS, between(rng, 3, 8))
    if rng.random() < 0.5:
        letter = pick(rng, words)[0]
        if rng.random() < 0.5:
            words += [word for word in some(rng, WORDS, 40) if word[0] == letter][:2]
        shuffle(rng, words)
        found = [word for word in words if word[0] == letter]
        name, template = f"start with {letter}", pick(rng, _WORDS_WITH).replace("{x}", letter)
        steps = [f"{name}: {' '.join(found)} -> {len(found)}"]
    else:
        k = between(rng, 4, 7)
        found = [word for word in words if len(word) > k]
        template = pick(rng, _WORDS_LONG).replace("{k}", str(k))
        steps = [", ".join(f"{word} {len(word)}" for word in words), f"longer than {k}: {len(found)}"]
    return _make(casual(rng, template).replace("{l}", _list(rng, words)), steps, str(len(found)), 1)


def _sort(rng: random.Random, operations: int) -> Problem:
    words = some(rng, WORDS, min(9, operations + between(rng, 2, 3)))
    if rng.random() < 0.12:
        words = [word.upper() if rng.random() < 0.25 else word for word in words]
    shown = _list(rng, words)
    chance = rng.random()
    if chance < 0.12:
        answer = min(words)
        return _make(casual(rng, pick(rng, _FIRST)).replace("{l}", shown), [f"first: {answer}"], answer, 1)
    if chance < 0.22:
        longest = max(map(len, words))
        best = [word for word in words if len(word) == longest]
        if len(best) == 1:
            steps = [", ".join(f"{word} {len(word)}" for word in words)]
            return _make(casual(rng, pick(rng, _LONGEST)).replace("{l}", shown), steps, best[0], 1)
    down = chance > 0.85
    ordered = sorted(words, reverse=down)
    initials = f"letters: {' '.join(dict.fromkeys(word[0] for word in ordered))}"
    question = casual(rng, pick(rng, _SORT_DOWN if down else _SORT)).replace("{l}", shown)
    return _make(question, [initials], f"[{', '.join(ordered)}]", max(1, len(words) - 2))


def _plural(noun: str) -> str:
    if noun in _PLURALS:
        return _PLURALS[noun]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("o", "ch", "s", "sh")) and noun not in ("piano", "cello") else "s")


def _objects(rng: random.Random, operations: int) -> Problem:
    """Return "I have three apples, two dogs ... how many fruits do I have?"."""
    kind = pick(rng, tuple(_KINDS))
    nouns = [(noun, True) for noun in some(rng, _KINDS[kind], min(operations + 1, 7))]
    if rng.random() < 0.75:
        other = pick(rng, tuple(name for name in _KINDS if name != kind))
        nouns += [(noun, False) for noun in some(rng, _KINDS[other], between(rng, 1, 3))]
    else:
        kind = kind if rng.random() < 0.6 else "things"
    shuffle(rng, nouns)
    digits, ones = rng.random() < 0.25, rng.random() < 0.3
    parts, counts, steps = [], [], []
    for noun, inside in nouns:
        count = 1 if ones or rng.random() < 0.35 else between(rng, 2, 9)
        shown = str(count) if digits else _COUNTS[count]
        parts.append(f"{article(noun)} {noun}" if count == 1 else f"{shown} {_plural(noun)}")
        if inside:
            counts.append(count)
            steps.append(f"{noun}: {count}")
    total, sums = counts[0], []
    for count in counts[1:]:
        sums.append(f"{total}+{count}={total + count}")
        total += count
    listing = ", ".join(parts[:-1]) + f"{pick(rng, (',', ''))} and {parts[-1]}"
    name = pick(rng, NAMES)
    template = pick(rng, ("I have {l}. How many {k} do I have?", "I have {l}. How many {k} do I have in total?",
                          "{N} has {l}. How many {k} does {N} have?", "There are {l} in the room. How many {k} are there?",
                          "i have {l} how many {k} do i have", "{N} sees {l}. How many {k} does {N} see?"))  # fmt: skip
    question = template.replace("{l}", listing).replace("{k}", kind).replace("{N}", name)
    return _make(question, [", ".join(steps), f"total: {', '.join(sums)}"], str(total), max(1, len(sums)))


def _people(rng: random.Random) -> Problem:
    verb, unit, most, least = pick(rng, _MEASURES)
    names = some(rng, NAMES, between(rng, 2, 6))
    low = 140 if unit == "cm tall" else 30 if unit == "kg" else 2
    values = some(rng, range(low, low + 60), len(names))
    text = " ".join(f"{name} {verb} {value} {unit}." for name, value in zip(names, values, strict=True))
    if rng.random() < 0.3:
        text = (
            ", ".join(f"{name} {verb} {value} {unit}" for name, value in zip(names, values, strict=True))
            + "."
        )
    highest = rng.random() < 0.55
    value = max(values) if highest else min(values)
    answer = names[values.index(value)]
    question = f"{text} {most if highest else least}"
    return _make(
        casual(rng, question, prefix=False),
        [f"{'most' if highest else 'least'}: {value} -> {answer}"],
        answer,
        1,
    )


def _totals(rng: random.Random, operations: int) -> Problem:
    """Return a comparison of two sums or products."""
    if operations <= 3:
        terms = [f"{between(rng, 2, 12)}{pick(rng, ('*', '+', '*'))}{between(rng, 2, 12)}" for _ in range(2)]
        values = [int(a) * int(b) if sign == "*" else int(a) + int(b) for a, sign, b in map(_parts, terms)]
        if values[0] == values[1]:
            return _pair(rng)
        low = rng.random() < 0.25
        steps = [f"{term}={value}" for term, value in zip(terms, values, strict=True)]
        steps.append(f"{values[0]} {'>' if values[0] > values[1] else '<'} {values[1]}")
        shown = [
            term.replace("*", pick(rng, ("*", " x ", " * ", " times "))).replace("+", pick(rng, ("+", " + ")))
            for term in terms
        ]
        question = pick(rng, _PAIR_LOW if low else _PAIR).replace("{a}", shown[0]).replace("{b}", shown[1])
        return _make(question, steps, terms[(values[0] > values[1]) == low], 3)
    names = some(rng, NAMES, 2)
    things = pick(rng, ("points", "apples", "books", "coins", "cards", "goals", "stickers"))
    rows = [
        [between(rng, 1, 30) for _ in range(operations // 2 + 1 - (index and operations % 2 == 0))]
        for index in (0, 1)
    ]
    totals, steps = [], []
    for name, row in zip(names, rows, strict=True):
        total = row[0]
        for value in row[1:]:
            steps.append(f"{name}: {total}+{value}={total + value}")
            total += value
        totals.append(total)
    if totals[0] == totals[1]:
        return _objects(rng, operations)
    steps.append(f"{totals[0]} {'>' if totals[0] > totals[1] else '<'} {totals[1]}")
    days = "on different days"
    text = " ".join(f"{name} gets {', '.join(map(str, row[:-1]))} and {row[-1]} {things} {days}."
                    if len(row) > 1 else f"{name} gets {row[0]} {things}." for name, row in zip(names, rows, strict=True))  # fmt: skip
    if rng.random() < 0.3:
        steps[-1] = f"difference: {max(totals)}-{min(totals)}={abs(totals[0] - totals[1])}"
        return _make(
            f"{text} What is the difference between their totals?",
            steps,
            str(abs(totals[0] - totals[1])),
            len(steps),
        )
    return _make(f"{text} Who has more {things} in total?", steps, names[totals[0] < totals[1]], len(steps))


def _parts(term: str) -> tuple[str, str, str]:
    sign = "*" if "*" in term else "+"
    a, _, b = term.partition(sign)
    return a, sign, b


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a comparing or counting question of about the given number of operations."""
    chance = rng.random()
    if operations >= 2:
        if chance < 0.35:
            return _objects(rng, operations)
        if chance < 0.7:
            return _totals(rng, operations)
        return _sort(rng, operations)
    if chance < 0.25:
        return _best(rng)
    if chance < 0.45:
        return _pair(rng)
    if chance < 0.63:
        return _many(rng)
    if chance < 0.76:
        return _words(rng)
    return _people(rng) if chance < 0.88 else _sort(rng, operations)
