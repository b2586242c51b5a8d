"""String procedures: one state per chain line, as for lists."""

from __future__ import annotations

import random
from collections.abc import Sequence

from training.example import Problem
from training.families import spelling
from training.families.common import Planned, Script, between, build, capital, pick, typo, uncapital
from training.families.words import WORDS

Operation = tuple[str, int, str]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_COMMON = "aeiorstnlcdmpu"
_VOWELS = frozenset("aeiouAEIOU")
_ORDINALS = (
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)

PHRASES: dict[str, tuple[str, ...]] = {
    "reverse": ("reverse the string", "reverse it", "write it backwards", "reverse the order of the letters",
                "flip the string around", "reverse the word", "put the letters in reverse order"),
    "upper": ("convert to uppercase", "make everything upper case", "capitalize all letters", "change to uppercase",
              "turn all letters into capitals", "convert it to upper case"),
    "lower": ("convert to lowercase", "make everything lower case", "change to lowercase",
              "turn all letters into small letters", "convert it to lower case"),
    "remove": ("remove every {x}", "remove all {x}", "delete every letter {x}", "remove the letter {x}",
               "delete all occurrences of {x}", "take out every {x}", "drop every {x}", "remove all {x}'s"),
    "replace": ("replace every {x} with {y}", "replace {x} by {y}", "change every {x} to {y}",
                "replace all {x} with {y}", "substitute {y} for every {x}", "turn every {x} into {y}"),
    "repeat last": ("duplicate the last letter", "repeat the last letter", "double the last letter",
                    "write the last letter twice"),
    "repeat first": ("duplicate the first letter", "repeat the first letter", "double the first letter"),
    "append": ("append {x}", "add {x} to the end", "add {x} at the end", "put {x} at the end", "append the letters {x}",
               "attach {x} at the end"),
    "prepend": ("prepend {x}", "add {x} to the beginning", "put {x} at the start", "put {x} in front",
                "add {x} at the front"),
    "drop first": ("remove the first letter", "delete the first letter", "drop the first character",
                   "remove the first character", "take away the first letter"),
    "drop last": ("remove the last letter", "delete the last letter", "drop the last character",
                  "remove the last character", "take away the last letter"),
    "drop at": ("remove the {o} letter", "delete the {o} letter", "remove the letter at position {i}",
                "delete the character at position {i}"),
    "take": ("keep only the first {i} letters", "take the first {i} letters", "keep the first {i} characters"),
    "take last": ("keep only the last {i} letters", "take the last {i} letters", "keep the last {i} characters"),
    "left": ("rotate left by {i}", "rotate the string left by {i}", "move the first {i} letters to the end",
             "rotate it {i} to the left"),
    "right": ("rotate right by {i}", "rotate the string right by {i}", "move the last {i} letters to the front",
              "rotate it {i} to the right"),
    "sort": ("sort the letters", "sort the letters alphabetically", "put the letters in alphabetical order",
             "arrange the letters alphabetically"),
    "swap ends": ("swap the first and last letters", "swap the first and the last letter",
                  "exchange the first and last characters", "switch the first and last letters"),
    "double": ("double every letter", "write every letter twice", "duplicate each letter"),
    "no vowels": ("remove all vowels", "delete the vowels", "remove every vowel"),
    "insert": ("insert {x} at position {i}", "put {x} at position {i}", "insert the letter {x} at position {i}"),
    "swap": ("swap the letters at positions {i} and {j}", "swap positions {i} and {j}",
             "exchange the {o} and {p} letters"),
}  # fmt: skip
_NAMES = tuple(PHRASES)
_SHRINK = ("remove", "drop first", "drop last", "drop at", "take", "take last", "no vowels")
_SELDOM = ("upper", "sort", "double", "lower", "no vowels")
_ENDS = {
    "length": ("How many letters does it have now?", "How long is the string now?", "How many letters are left?",
               "What is the length of the result?"),
    "vowels": ("How many vowels does it have now?", "How many vowels are in the result?", "Count the vowels."),
    "first": ("What is the first letter now?", "Which letter comes first?"),
    "last": ("What is the last letter now?", "Which letter comes last?"),
}  # fmt: skip
_OPENINGS = (
    "Start with the string {s}.", "The string is {s}.", "Take the string {s}.",
    'Start with the word "{s}".', "Start with the word {s}.", 'Start with the string "{s}".', "Start with {s}.",
    'Take the word "{s}".', "Take the word {s}.", 'Given the string "{s}".', "You have the string '{s}'.",
    'Begin with "{s}".', "The word is {s}.", 'Let s = "{s}".', 'Consider the string "{s}".', "My word is {s}.",
    'Apply these steps to the word "{s}".', "Given the word {s}, do the following.", 'Here is a string: "{s}".',
)  # fmt: skip
# No quotes around `#`: the engine takes quotation marks that the question does not hold for an added literal.
# Lines of plans: one wording each, for a plan to be right word by word it must be predictable.
_RESTART = "Start with the string #."
_NEUTRAL = "What is the string now?"
_ASKS = ("What is the string now?", "What is the result?", "What is the final string?", "What do you get?",
         "What word do you get?", "Which string do you end up with?", "What is the word now?", "Give the final string.",
         "what's the result", "What is the resulting string?", "What is left?")  # fmt: skip
_CONNECT = ("", "", "", "Then ", "Then ", "Next, ", "After that, ", "Now ", "Then, ", "Finally, ")
_LAYOUTS = (("", " "), ("", " "), ("", " "), ("N. ", "\n"), ("N. ", "\n"), ("N) ", "\n"), ("Step N: ", "\n"),
            ("- ", "\n"), ("", "\n"), ("(N) ", " "))  # fmt: skip


def apply(operation: Operation, text: str) -> str:
    """Return the string after one operation."""
    name, i, x = operation
    if name == "reverse":
        return text[::-1]
    if name == "upper":
        return text.upper()
    if name == "lower":
        return text.lower()
    if name == "remove":
        return text.replace(x, "")
    if name == "replace":
        return text.replace(x[0], x[1])
    if name == "repeat last":
        return text + text[-1:]
    if name == "repeat first":
        return text[:1] + text
    if name == "append":
        return text + x
    if name == "prepend":
        return x + text
    if name == "drop first":
        return text[1:]
    if name == "drop last":
        return text[:-1]
    if name == "drop at":
        return text[: i - 1] + text[i:]
    if name == "take":
        return text[:i]
    if name == "take last":
        return text[-i:]
    if name == "left":
        return text[i:] + text[:i]
    if name == "right":
        return text[-i:] + text[:-i]
    if name == "sort":
        return "".join(sorted(text))
    if name == "swap ends":
        return text[-1] + text[1:-1] + text[0] if len(text) > 1 else text
    if name == "double":
        return "".join(letter * 2 for letter in text)
    if name == "no vowels":
        return "".join(letter for letter in text if letter not in _VOWELS)
    if name == "insert":
        return text[: i - 1] + x + text[i - 1 :]
    letters = list(text)
    j = int(x)
    if max(i, j) <= len(letters):
        letters[i - 1], letters[j - 1] = letters[j - 1], letters[i - 1]
    return "".join(letters)


def choose(rng: random.Random, text: str) -> Operation:
    """Return an operation that changes the string and keeps it 2 to 14 letters long."""
    size = len(text)
    while True:
        name = pick(rng, _SHRINK) if size > 10 else pick(rng, _NAMES)
        i, x = 0, ""
        if name == "remove":
            x = pick(rng, text)
        elif name == "replace":
            x = pick(rng, text) + pick(rng, _LETTERS)
        elif name in ("append", "prepend"):
            x = "".join(pick(rng, _COMMON) for _ in range(between(rng, 1, 3)))
        elif name in ("drop at", "insert"):
            i = between(rng, 2, min(size, 10)) if size > 2 else 2
            x = pick(rng, _COMMON) if name == "insert" else ""
        elif name in ("take", "take last"):
            if size < 4:
                continue
            i = between(rng, 3, size - 1)
        elif name in ("left", "right"):
            if size < 3:
                continue
            i = between(rng, 1, min(3, size - 1))
        elif name == "swap":
            if size < 3:
                continue
            i = between(rng, 1, min(size, 9) - 1)
            x = str(between(rng, i + 1, min(size, 10)))
        elif name in _SELDOM and rng.random() < 0.4:
            continue
        if (name == "double" and size > 5) or (name == "sort" and not (text.islower() or text.isupper())):
            continue
        after = apply((name, i, x), text)
        if after != text and 2 <= len(after) <= 14:
            return name, i, x


def phrase(rng: random.Random, operation: Operation, quote: str) -> str:
    """Return the operation in words, starting in lower case."""
    name, i, x = operation
    text = pick(rng, PHRASES[name])
    if "{" not in text:
        return text
    if name == "swap":
        text = text.replace("{j}", x).replace("{p}", _ORDINALS[int(x)])
    elif name == "replace":
        text = text.replace("{x}", f"{quote}{x[0]}{quote}").replace("{y}", f"{quote}{x[1]}{quote}")
    else:
        text = text.replace("{x}", f"{quote}{x}{quote}")
    return text.replace("{i}", str(i)).replace("{o}", _ORDINALS[min(i, 10)])


def label(operation: Operation) -> str:
    """Return the short name of an operation in chain lines."""
    name, i, x = operation
    if name == "replace":
        return f"replace {x[0]} by {x[1]}"
    if i and x:
        return f"{name} {i} {x}"
    return f"{name} {i}" if i else f"{name} {x}" if x else name


def end_step(name: str, text: str) -> tuple[str, str]:
    """Return the chain line and the answer of a final question about the string."""
    if name == "length":
        return f"letters: {' '.join(text)} -> {len(text)}", str(len(text))
    if name == "vowels":
        found = [letter for letter in text if letter in _VOWELS]
        return f"vowels: {' '.join(found) or 'none'} -> {len(found)}", str(len(found))
    letter = text[0] if name == "first" else text[-1]
    return f"{name}: {letter}", letter


def _lines(text: str, operations: Sequence[Operation], numbering: str, first: int) -> list[tuple[str, str]]:
    lines = []
    for index, operation in enumerate(operations):
        text = apply(operation, text)
        head = f"{first + index}. " if "N" in numbering else ""
        lines.append((f"{head}{label(operation)} -> {text}", text))
    return lines


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a string question with the given number of operations."""
    if (operations == 1 and rng.random() < 0.7) or (operations <= 4 and rng.random() < 0.15):
        return spelling.generate(rng, operations)
    start = pick(rng, WORDS)
    if rng.random() < 0.1:
        start = "".join(pick(rng, _COMMON) for _ in range(between(rng, 4, 8)))
    if rng.random() < 0.12:
        start = capital(start)
    end = pick(rng, tuple(_ENDS)) if operations > 1 and rng.random() < 0.2 else ""
    numbering, separator = pick(rng, _LAYOUTS)
    first = 1 if rng.random() < 0.8 else between(rng, 2, 14)
    sloppy = rng.random() < 0.12
    quote = pick(rng, ('"', '"', "'", ""))
    stop = "" if numbering and separator == "\n" and rng.random() < 0.4 else "."
    lower = bool(numbering) and rng.random() < 0.2
    plain = bool(numbering) or rng.random() < 0.4
    state = start
    chosen: list[Operation] = []
    clauses = []
    total = operations - (1 if end else 0)
    for index in range(total):
        operation = choose(rng, state)
        state = apply(operation, state)
        chosen.append(operation)
        text = phrase(rng, operation, quote)
        if not plain and index:
            text = pick(rng, _CONNECT) + text
        if sloppy and rng.random() < 0.4:
            text = typo(rng, text)
        elif not (lower or sloppy):
            text = capital(text)
        clauses.append(text + stop)
    lines = _lines(start, chosen, numbering, first)
    ask, answer = pick(rng, _ASKS), state
    ask_steps: tuple[str, ...] = ()
    if end:
        line, answer = end_step(end, state)
        ask_steps = (line,)
        ask = pick(rng, _ENDS[end])
    opening = pick(rng, _OPENINGS).replace("{s}", start)
    if sloppy:
        opening, ask = uncapital(opening), uncapital(ask).rstrip("?.")
    script = Script(
        family="strings", opening=opening, clauses=clauses, steps=[(line,) for line, _ in lines], costs=[1] * total,
        states=[after for _, after in lines], ask=ask, answer=answer, restart=_RESTART,
        neutral=_NEUTRAL, ask_steps=ask_steps, numbering=numbering, separator=separator, first=first,
        ask_cost=len(ask_steps), trace=(start, tuple(chosen), numbering, first, end),
    )  # fmt: skip
    return build(script)


def slip(problem: Planned, rng: random.Random) -> tuple[str, ...] | None:
    """Return a chain in which one string is miscopied and the mistake carried forward."""
    if not isinstance(problem.trace, tuple):
        return None
    start, chosen, numbering, first, end = problem.trace
    at = between(rng, 0, len(chosen) - 1)
    lines = [line for line, _ in _lines(start, chosen[:at], numbering, first)]
    before = start
    for operation in chosen[:at]:
        before = apply(operation, before)
    wrong = _damage(rng, apply(chosen[at], before), before)
    head = f"{first + at}. " if "N" in numbering else ""
    lines.append(f"{head}{label(chosen[at])} -> {wrong}")
    rest = _lines(wrong, chosen[at + 1 :], numbering, first + at + 1)
    lines += [line for line, _ in rest]
    state = rest[-1][1] if rest else wrong
    if not state:
        return None
    if end:
        line, answer = end_step(end, state)
        return (*lines, line, f"answer: {answer}")
    return (*lines, f"answer: {state}")


def _damage(rng: random.Random, right: str, before: str) -> str:
    """Return the string with one realistic mistake."""
    at = between(rng, 0, len(right) - 1)
    kind = rng.random()
    if kind < 0.2:
        return before
    if kind < 0.5 and len(right) > 2:
        return right[:at] + right[at + 1 :]
    if kind < 0.75 and at + 1 < len(right):
        return right[:at] + right[at + 1] + right[at] + right[at + 2 :]
    if kind < 0.88:
        return right[:at] + right[at] + right[at:]
    return right[:at] + pick(rng, _COMMON) + right[at + 1 :]
