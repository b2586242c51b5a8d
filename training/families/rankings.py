"""Facts questions of other shapes: orderings, containment, objects that change hands or places."""

from __future__ import annotations

import itertools
import random

from training.example import Problem
from training.families.common import Planned, between, pick, shuffle, some
from training.families.words import NAMES

_ORDERS = (
    ("taller than", "shorter than", "Who is the tallest?", "Who is the shortest?"),
    ("older than", "younger than", "Who is the oldest?", "Who is the youngest?"),
    ("faster than", "slower than", "Who is the fastest?", "Who is the slowest?"),
    ("richer than", "poorer than", "Who is the richest?", "Who is the poorest?"),
    ("stronger than", "weaker than", "Who is the strongest?", "Who is the weakest?"),
    ("heavier than", "lighter than", "Who is the heaviest?", "Who is the lightest?"),
)  # fmt: skip
_OBJECTS = (
    "key",
    "ball",
    "book",
    "ring",
    "letter",
    "coin",
    "map",
    "lamp",
    "phone",
    "hat",
    "box",
    "flute",
    "cup",
    "pen",
)
_INSIDE = (
    ("coin", "envelope", "box", "drawer", "desk", "office", "building", "city"),
    ("ring", "pouch", "chest", "closet", "bedroom", "house", "village", "valley"),
    ("key", "bag", "suitcase", "trunk", "car", "garage", "yard", "town"),
    ("letter", "folder", "binder", "cabinet", "library", "school", "district", "county"),
    ("pearl", "shell", "basket", "boat", "harbor", "island", "lake", "park"),
)  # fmt: skip
_PLACES = (
    "kitchen",
    "garden",
    "bedroom",
    "office",
    "hallway",
    "garage",
    "cellar",
    "library",
    "bathroom",
    "attic",
)


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a question that takes `operations` facts."""
    chance = rng.random()
    if chance < 0.35 and operations >= 2:
        return _ordering(rng, operations)
    if chance < 0.6:
        return _containment(rng, operations)
    return _hands(rng, operations) if chance < 0.85 else _rooms(rng, operations)


def _finish(
    rng: random.Random, facts: list[str], question: str, steps: list[str], answer: str, hops: int
) -> Planned:
    chance = rng.random()
    if chance < 0.35:
        text = f"Facts: {' '.join(facts)}\nQuestion: {question}"
    elif chance < 0.55:
        text = (
            "\n".join(f"[{number}] {fact}" for number, fact in enumerate(facts, 1))
            + f"\nQuestion: {question}"
        )
        numbers = {fact: number for number, fact in enumerate(facts, 1)}
        steps = [_cite(step, numbers) for step in steps]
    else:
        text = f"{' '.join(facts)} {question}"
    return Planned(family="facts", question=text, answer=answer, steps=tuple(steps), operations=hops)


def _cite(step: str, numbers: dict[str, int]) -> str:
    head, arrow, rest = step.partition(" -> ")
    return f"[{numbers[head]}] {head}{arrow}{rest}" if head in numbers else step


def _ordering(rng: random.Random, operations: int) -> Problem:
    more, less, best, worst = pick(rng, _ORDERS)
    names = some(rng, NAMES, operations + 1)
    pairs = []
    for high, low in itertools.pairwise(names):
        pairs.append(f"{high} is {more} {low}." if rng.random() < 0.7 else f"{low} is {less} {high}.")
    facts = pairs[:]
    shuffle(rng, facts)
    highest = rng.random() < 0.5
    steps, order = [], [names[0]]
    for name, fact in zip(names[1:], pairs, strict=True):
        order.append(name)
        steps.append(f"{fact} -> {' > '.join(order)}")
    return _finish(
        rng, facts, best if highest else worst, steps, names[0] if highest else names[-1], operations
    )


def _containment(rng: random.Random, operations: int) -> Problem:
    chain = pick(rng, _INSIDE)
    start = between(rng, 0, max(0, len(chain) - operations - 1))
    links = chain[start : start + operations + 1]
    facts = [f"The {inner} is in the {outer}." for inner, outer in itertools.pairwise(links)]
    steps = [f"{fact} -> the {outer}" for fact, outer in zip(facts, links[1:], strict=True)]
    extra = pick(rng, [other for other in _INSIDE if other is not chain])
    at = between(rng, 0, len(extra) - 2)
    mixed = facts[:]
    if extra[at] not in links and extra[at + 1] not in links:
        mixed.append(f"The {extra[at]} is in the {extra[at + 1]}.")
    shuffle(rng, mixed)
    if len(links) > 2 or start:
        question = pick(
            rng,
            (
                "What is the outermost place that the {a} is in?",
                "Going outwards from the {a}, what is the last place?",
            ),
        )
    else:
        question = pick(rng, ("Where is the {a}?", "What is the {a} in?"))
    return _finish(rng, mixed, question.replace("{a}", links[0]), steps, links[-1], operations)


def _hands(rng: random.Random, operations: int) -> Problem:
    """Return who has an object after it changed hands `operations` times."""
    names = some(rng, NAMES, 5)
    mine, other = some(rng, _OBJECTS, 2)
    holder, second = names[0], names[1]
    facts = [f"{holder} has the {mine}.", f"{second} has the {other}."]
    steps = []
    moved = 0
    while moved < operations:
        if rng.random() < 0.3:
            to = pick(rng, [name for name in names if name != second])
            facts.append(f"{second} gives the {other} to {to}.")
            second = to
            continue
        to = pick(rng, [name for name in names if name != holder])
        facts.append(pick(rng, (f"{holder} gives the {mine} to {to}.", f"{to} takes the {mine} from {holder}.",
                                f"{holder} hands the {mine} to {to}.")))  # fmt: skip
        steps.append(f"{facts[-1]} -> {to}")
        holder = to
        moved += 1
    question = pick(rng, ("Who has the {a} now?", "Who has the {a} at the end?", "Who holds the {a} now?"))
    return _finish(rng, facts, question.replace("{a}", mine), steps, holder, operations)


def _rooms(rng: random.Random, operations: int) -> Problem:
    """Return where an object is after its carrier walked around."""
    carrier, other = some(rng, NAMES, 2)
    item = pick(rng, _OBJECTS)
    room = pick(rng, _PLACES)
    facts = [f"{carrier} goes to the {room}.", f"{carrier} takes the {item}."]
    steps = [f"{facts[0]} -> the {room}"]
    for _ in range(operations - 1):
        if rng.random() < 0.4:
            facts.append(f"{other} goes to the {pick(rng, _PLACES)}.")
        room = pick(rng, [place for place in _PLACES if place != room])
        facts.append(pick(rng, (f"{carrier} goes to the {room}.", f"{carrier} walks to the {room}.")))
        steps.append(f"{facts[-1]} -> the {room}")
    return _finish(rng, facts, f"Where is the {item}?", steps, room, operations)
