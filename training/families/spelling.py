"""Short questions about the letters of words, which newcomers ask first."""

from __future__ import annotations

import random

from training.example import Problem
from training.families.common import Planned, between, capital, casual, pick, some
from training.families.words import WORDS

_VOWELS = "aeiou"

_COUNT = (
    "How many {x}'s are in {w}?", "how many r's are in strawberry", "How many {x}s are there in {w}?",
    "How many times does the letter {x} appear in {w}?", "How many letters {x} are in the word {w}?",
    "Count the letter {x} in {w}.", "how many times is {x} in {w}", "how many {x} in {w}?",
    'How many times does the letter "{x}" appear in "{w}"?', "What is the number of {x}'s in the word {w}?",
    "count the {x}'s in {w}", 'How often does "{x}" occur in the word "{w}"?', "How many {x} letters does {w} have?",
)  # fmt: skip
_REVERSE = (
    "Reverse the word {w}.", "reverse {w}", "Spell {w} backwards.", "spell {w} backward", "Write {w} backwards.",
    "What is {w} spelled backwards?", "what is {w} backwards", "Spell this word backward (example: sun -> nus): {w}",
    "Reverse the string {w}.", "Write the letters of {w} in reverse order.", "What is the reverse of {w}?",
    "Turn {w} around.", "reverse this: {w}", "Can you reverse the word {w}?",
)  # fmt: skip
_LENGTH = (
    "How many letters are in {w}?", "How many letters does the word {w} have?", "how long is the word {w}",
    "What is the length of {w}?", "Count the letters in {w}.", "how many letters in {w}?", "How many characters has {w}?",
)  # fmt: skip
_VOWEL = ("How many vowels are in {w}?", "how many vowels does {w} have", "Count the vowels in {w}.",
          "What is the number of vowels in the word {w}?")  # fmt: skip
_AT = (
    "What is the {o} letter of {w}?",
    "Which letter is the {o} one in {w}?",
    "what's the {o} letter in {w}",
)
_UPPER = ("Write {w} in capital letters.", "Convert {w} to uppercase.", "uppercase {w}", "Make {w} all caps.")
_LOWER = ("Write {w} in small letters.", "Convert {w} to lowercase.", "lowercase {w}")
_SORT = ("Sort the letters of {w} alphabetically.", "Put the letters of {w} in alphabetical order.",
         "sort the letters in {w}", "Arrange the letters of {w} from a to z.")  # fmt: skip
_REMOVE = ("Remove every {x} from {w}.", "Remove the letter {x} from {w}.", "delete all {x} from {w}",
           "What is {w} without the letter {x}?", "Take all {x}'s out of {w}.")  # fmt: skip
_REPLACE = ("Replace every {x} in {w} with {y}.", "Replace {x} by {y} in {w}.", "change all {x} to {y} in {w}",
            "In {w}, replace each {x} with {y}.")  # fmt: skip
_FIRST = ("Take the first letter of each word in {t} and join them.", "Join the first letters of {t}.",
          "What word do the first letters of {t} make?", "Concatenate the first letters of {t}.")  # fmt: skip
_LAST = ("Take the last letters of each word in {t} and concatenate them.", "Join the last letters of {t}.",
         "What do the last letters of {t} spell?")  # fmt: skip
_ORDINALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_EACH = ("Reverse each word in {t}.", "Reverse every word of {t} but keep the word order.")
_ORDER = ("Reverse the order of the words in {t}.", "Write the words of {t} in reverse order.")
_KINDS = ("count", "count", "count", "reverse", "reverse", "reverse", "length", "length", "vowels", "at", "upper",
          "lower", "sort", "remove", "replace")  # fmt: skip


def _problem(question: str, steps: list[str], answer: str, operations: int = 1) -> Planned:
    return Planned(
        family="strings", question=question, answer=answer, steps=tuple(steps), operations=operations
    )


def _quoted(rng: random.Random, word: str) -> str:
    chance = rng.random()
    return word if chance < 0.55 else f'"{word}"' if chance < 0.8 else f"'{word}'"


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a question about one word, or about several words when operations is above 1."""
    if operations > 1 or rng.random() < 0.12:
        return _sentence(rng, max(2, operations))
    word = pick(rng, WORDS)
    if rng.random() < 0.03:
        word += pick(rng, WORDS)
    if rng.random() < 0.06:
        word = capital(word)
    kind = pick(rng, _KINDS)
    spelled = f"spell: {' '.join(word)}"
    x = pick(rng, word if rng.random() < 0.85 else "aeiorst").lower()
    y = pick(rng, "abcdefghijklmnopqrstuvwxyz")
    position = between(rng, 1, min(8, len(word)))
    if kind == "count":
        places = [str(index + 1) for index, letter in enumerate(word.lower()) if letter == x]
        steps = [spelled, f"{x}: {' '.join(places) or 'none'} -> {len(places)}"]
        template, answer = pick(rng, _COUNT), str(len(places))
        if "{w}" not in template:
            template = "how many {x}'s are in {w}"
    elif kind == "length":
        counted = " ".join(f"{letter}{index + 1}" for index, letter in enumerate(word))
        steps, template, answer = [f"count: {counted}"], pick(rng, _LENGTH), str(len(word))
    elif kind == "vowels":
        found = [letter for letter in word if letter.lower() in _VOWELS]
        steps = [spelled, f"vowels: {' '.join(found) or 'none'} -> {len(found)}"]
        template, answer = pick(rng, _VOWEL), str(len(found))
    else:
        if kind == "reverse":
            template, answer = pick(rng, _REVERSE), word[::-1]
        elif kind == "at":
            template, answer = pick(rng, _AT).replace("{o}", _ORDINALS[position]), word[position - 1]
        elif kind == "upper":
            template, answer = pick(rng, _UPPER), word.upper()
        elif kind == "lower":
            word = word.upper() if rng.random() < 0.7 else capital(word)
            spelled = f"spell: {' '.join(word)}"
            template, answer = pick(rng, _LOWER), word.lower()
        elif kind == "sort":
            word = word.lower()
            spelled = f"spell: {' '.join(word)}"
            template, answer = pick(rng, _SORT), "".join(sorted(word))
        elif kind == "remove":
            word = word.lower()
            spelled = f"spell: {' '.join(word)}"
            template, answer = pick(rng, _REMOVE), word.replace(x, "")
        else:
            word = word.lower()
            spelled = f"spell: {' '.join(word)}"
            template, answer = pick(rng, _REPLACE), word.replace(x, y)
        if not answer:
            template, answer = pick(rng, _REVERSE), word[::-1]
        steps = [spelled, f"{kind}: {' '.join(answer)}"]
    question = casual(rng, template).replace("{w}", _quoted(rng, word)).replace("{x}", x).replace("{y}", y)
    return _problem(question, steps, answer)


def _sentence(rng: random.Random, operations: int) -> Problem:
    """Return a question about several words: counting a letter, or joining first or last letters."""
    words = some(rng, WORDS, operations + (1 if rng.random() < 0.5 else 0))
    text = " ".join(words)
    shown = f'"{text}"' if rng.random() < 0.7 else text
    chance = rng.random()
    if chance < 0.4:
        letter = pick(rng, "aeiorstnlcdmpu")
        counts = [word.count(letter) for word in words]
        steps = [f"{word}: {count}" for word, count in zip(words, counts, strict=True)]
        steps.append(f"total: {'+'.join(map(str, counts))}={sum(counts)}")
        template = pick(rng, ('How many times does the letter "{x}" appear in the text: {t}?',
                              "How many {x}'s are in {t}?", "Count the letter {x} in {t}.",
                              "How often does {x} occur in the phrase {t}?"))  # fmt: skip
        return _problem(
            template.replace("{x}", letter).replace("{t}", shown), steps, str(sum(counts)), operations
        )
    if chance < 0.8:
        last = rng.random() < 0.5
        letters = [word[-1] if last else word[0] for word in words]
        steps = [f"{word} -> {letter}" for word, letter in zip(words, letters, strict=True)]
        return _problem(
            pick(rng, _LAST if last else _FIRST).replace("{t}", shown), steps, "".join(letters), operations
        )
    if chance < 0.9:
        steps = [f"{word} -> {word[::-1]}" for word in words]
        answer = " ".join(word[::-1] for word in words)
        return _problem(pick(rng, _EACH).replace("{t}", shown), steps, answer, operations)
    answer = " ".join(reversed(words))
    return _problem(pick(rng, _ORDER).replace("{t}", shown), [f"reverse words -> {answer}"], answer, 1)
