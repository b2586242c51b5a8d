"""What the generators share: cheap random choice, clause scripts, and cutting a script into a plan.

Generators feed a GPU from a few processes, so the hot path avoids `random.choice` and friends (each
costs several times one `random()` call) and builds strings once.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from training.example import Problem

T = TypeVar("T")

PLAN_ABOVE = 8
"""A question with more operations than this is planned when the model may choose."""
NESTED_ABOVE = 20
"""A question with more operations than this is cut into lines which are planned again."""


@dataclass(frozen=True, slots=True)
class Planned(Problem):
    """A problem which also knows its sub-problems and enough to replay itself with a slip.

    Attributes:
        parts: The problem of every plan line, after `#k` is replaced by the true answers.
        trace: Family-specific data from which the family's `slip` re-executes the solution.
    """

    parts: tuple[Problem, ...] = ()
    trace: object = None


def pick(rng: random.Random, choices: Sequence[T]) -> T:
    """Return one element; several times faster than `rng.choice`."""
    return choices[int(rng.random() * len(choices))]


def between(rng: random.Random, low: int, high: int) -> int:
    """Return an integer from low to high, both included."""
    return low + int(rng.random() * (high - low + 1))


def some(rng: random.Random, choices: Sequence[T], count: int) -> list[T]:
    """Return `count` different elements in random order (`count` small against the sequence)."""
    size = len(choices)
    if count * 3 > size:
        return rng.sample(choices, count)
    seen: set[int] = set()
    while len(seen) < count:
        seen.add(int(rng.random() * size))
    indices = list(seen)
    shuffle(rng, indices)
    return [choices[index] for index in indices]


def shuffle(rng: random.Random, items: list[T]) -> None:
    """Shuffle in place."""
    for last in range(len(items) - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        items[last], items[other] = items[other], items[last]


def fill_references(line: str, answers: Sequence[str]) -> str:
    """Replace every `#k` of a plan line by answer k, the way the engine does."""
    if "#" not in line:
        return line
    for number in range(len(answers), 0, -1):
        line = line.replace(f"#{number}", answers[number - 1])
    return line


def article(word: str) -> str:
    """Return the indefinite article in front of a word."""
    return "an" if word[:1] in "aeiou" else "a"


def capital(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def uncapital(text: str) -> str:
    """Return the text with its first letter in lower case."""
    return text[:1].lower() + text[1:]


_TYPO_WORDS = frozenset(
    "what which calculate compute list number numbers reverse remove letters letter word string first last "
    "after before then apples result many much minutes hours days following please please, there element "
    "elements position second between larger largest smallest number. list. result? list? string. buys gives "
    "find words total value answer expression starting begin start left right every".split()
)


def typo(rng: random.Random, text: str) -> str:
    """Misspell one instruction word (never data: only words of a fixed list are touched)."""
    words = text.split(" ")
    places = [index for index, word in enumerate(words) if word in _TYPO_WORDS and len(word) > 3]
    if not places:
        return text
    index = pick(rng, places)
    word = words[index]
    at = between(rng, 1, len(word) - 3)
    kind = int(rng.random() * 3)
    if kind == 0:
        word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    elif kind == 1:
        word = word[:at] + word[at + 1 :]
    else:
        word = word[:at] + word[at] + word[at:]
    words[index] = word
    return " ".join(words)


_PREFIXES = (
    "Please ", "please ", "pls ", "Could you please ", "can you ", "Can you ", "Could you ", "could u ",
    "hey, ", "Hi, ", "hi! ", "I need you to ", "Quick question: ", "Help me: ", "Hello, please ", "ok, ",
    "Kindly ", "Solve this: ", "Question: ", "Q: ", "Task: ", "Problem: ", "Exercise: ", "Would you ",
)  # fmt: skip
_SUFFIXES = (" Thanks!", " thanks", " thx", " Please.", " please", " pls", " Thank you.", " Think step by step.",
             " Show your work.", " Give only the final answer.", " Answer briefly.", " Explain.")  # fmt: skip


def casual(rng: random.Random, text: str, prefix: bool = True) -> str:
    """Return a one-line question as a newcomer may type it; most often unchanged."""
    chance = rng.random()
    if chance < 0.62:
        return text
    if chance < 0.72:
        return uncapital(text)
    if chance < 0.80:
        return uncapital(text).rstrip("?.")
    if chance < 0.84:
        return text.rstrip("?.")
    if chance < 0.88:
        return typo(rng, text)
    if chance < 0.94 and prefix:
        return pick(rng, _PREFIXES) + uncapital(text)
    if chance < 0.98:
        return text + pick(rng, _SUFFIXES)
    return uncapital(typo(rng, text)).rstrip("?")


@dataclass(slots=True)
class Script:
    """A procedure or story as clauses, so that it can be cut into plan lines clause by clause.

    Attributes:
        family: Name of the generator.
        opening: First clause of the question, with the initial state.
        clauses: One clause per step, without its number.
        steps: The chain lines of every clause.
        costs: The operations of every clause.
        states: Text of the state after every clause, which is also the answer to a neutral ask.
        ask: The question's own last clause ("" where the opening asks already).
        answer: Answer to `ask`.
        ask_steps: Chain lines of the ask.
        restart: Opening clause of later plan lines; `#` stands for the state.
        neutral: Ask clause of the plan lines before the last.
        numbering: Format of the step number, "" for prose.
        separator: Text between clauses.
        first: Number of the first step.
        ask_cost: Operations which the ask takes.
        calc: Expression of the whole script.
        trace: See `Planned.trace`.
    """

    family: str
    opening: str
    clauses: list[str]
    steps: list[tuple[str, ...]]
    costs: list[int]
    states: list[str]
    ask: str
    answer: str
    restart: str
    neutral: str
    ask_steps: tuple[str, ...] = ()
    numbering: str = ""
    separator: str = " "
    first: int = 1
    ask_cost: int = 0
    calc: str = ""
    trace: object = None
    numbered: list[str] = field(default_factory=list)


def _next_size(total: int, left: int) -> int:
    """Return the operations of the next plan line; a rule that can be followed from left to right.

    Args:
        total: Operations of the whole question.
        left: Operations not yet in a line.
    """
    if total > NESTED_ABOVE:
        return left if left <= 12 else (left + 1) // 2 if left <= 24 else 10
    if total > PLAN_ABOVE:
        return left if left <= 5 else 3 if left == 6 else 4
    return left - total // 2 if left == total else left


def chunk_sizes(total: int) -> list[int]:
    """Return how many operations each plan line takes where every clause is one operation."""
    sizes: list[int] = []
    while total > sum(sizes):
        sizes.append(_next_size(total, total - sum(sizes)))
    return sizes


def _cuts(costs: list[int], low: int, high: int, ask_cost: int) -> list[int]:
    """Return the clause indices at which plan lines end."""
    cuts = []
    at = low
    total = left = sum(costs[low:high]) + ask_cost
    while at < high:
        size = _next_size(total, left)
        taken = 0
        while at < high and (taken == 0 or taken + costs[at] <= size):
            taken += costs[at]
            at += 1
        left -= taken
        cuts.append(at)
    return cuts


def build(script: Script, low: int = 0, high: int | None = None, opening: str | None = None) -> Planned:
    """Return the problem of the clauses low..high, with its plan and sub-problems.

    The parts of a plan are built by the same function, so a plan line that is itself long carries a
    plan of its own. A plan has one line per sub-question, so sub-questions never contain line breaks,
    even where the question lists its steps line by line.
    """
    flat = opening is not None
    if high is None:
        high = len(script.clauses)
    if not script.numbered:
        if script.numbering:
            numbering, first = script.numbering, script.first
            script.numbered = [
                numbering.replace("N", str(first + index)) + clause
                for index, clause in enumerate(script.clauses)
            ]
        else:
            script.numbered = script.clauses
    own_end = high == len(script.clauses)
    opening = script.opening if opening is None else opening
    ask = script.ask if own_end else script.neutral
    answer = script.answer if own_end else script.states[high - 1]
    separator = " " if flat else script.separator
    pieces = [opening, *script.numbered[low:high]]
    if ask:
        pieces.append(ask)
    question = separator.join(pieces)
    ask_cost = script.ask_cost if own_end else 0
    operations = sum(script.costs[low:high]) + ask_cost
    steps = [line for lines in script.steps[low:high] for line in lines]
    if own_end:
        steps.extend(script.ask_steps)
    plan: list[str] = []
    parts: list[Problem] = []
    if operations >= 4 and high - low >= 2:
        cuts = _cuts(script.costs, low, high, ask_cost)
        start = low
        for number, end in enumerate(cuts):
            last = number == len(cuts) - 1
            head = opening if number == 0 else script.restart.replace("#", f"#{number}")
            line = [head, *script.numbered[start:end]]
            tail = ask if last else script.neutral
            if tail:
                line.append(tail)
            plan.append(" ".join(line))
            if number:
                head = script.restart.replace("#", script.states[start - 1])
            parts.append(build(script, start, end, head))
            start = end
        if len(plan) < 2:
            plan, parts = [], []
    whole = low == 0 and own_end
    return Planned(
        family=script.family,
        question=question,
        answer=answer,
        steps=tuple(steps),
        plan=tuple(plan),
        calc=script.calc if whole else "",
        operations=max(1, operations),
        parts=tuple(parts),
        trace=script.trace if whole else None,
    )
