"""List procedures: reverse, append, remove, rotate, sort and so on, one state per chain line."""

from __future__ import annotations

import random
from collections.abc import Sequence

from training.example import Problem
from training.families import list_phrases as phrases
from training.families.common import (
    Planned,
    Script,
    between,
    build,
    capital,
    casual,
    pick,
    some,
    typo,
    uncapital,
)
from training.families.list_operations import Item, Operation, apply, pair, show
from training.families.words import WORDS

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
_SUFFIX = ("th", "st", "nd", "rd", "th", "th", "th", "th", "th", "th", "th")

_GROW = ("append", "prepend", "insert", "append", "prepend", "insert", "repeat last", "repeat first")
_SHRINK = (
    "drop first",
    "drop last",
    "drop at",
    "drop at",
    "remove",
    "remove",
    "unique",
    "take",
    "skip",
    "take last",
)
_KEEP = ("reverse", "swap", "swap", "swap ends", "left", "right", "front", "back", "replace", "set", "flip front",
         "flip back", "sort up", "sort down", "reverse", "left", "right")  # fmt: skip
_NUMERIC = ("double", "add", "subtract", "evens", "odds", "above", "below", "sort up", "sort down", "add")


def _item(rng: random.Random, words: bool, high: int) -> Item:
    return pick(rng, WORDS) if words else between(rng, 0, high)


def choose(rng: random.Random, items: list[Item], words: bool, high: int) -> Operation:
    """Return an operation which makes sense for this list and keeps it 2 to 10 elements long."""
    size = len(items)
    while True:
        chance = rng.random()
        if chance < 0.3:
            if size > 8:
                continue
            name = pick(rng, _GROW)
        elif chance < 0.55:
            if size < 4:
                continue
            name = pick(rng, _SHRINK)
        elif chance < 0.7 and not words:
            name = pick(rng, _NUMERIC)
        else:
            name = pick(rng, _KEEP)
        i = 0
        x: int | str = 0
        if name in ("append", "prepend"):
            x = _item(rng, words, high)
        elif name == "insert":
            i, x = between(rng, 2, size), _item(rng, words, high)
        elif name in ("drop at", "set"):
            i = between(rng, 1, size)
            x = _item(rng, words, high) if name == "set" else 0
        elif name == "remove":
            x = pick(rng, items)
        elif name == "replace":
            old, new = pick(rng, items), _item(rng, words, high)
            if old == new:
                continue
            x = f"{old}|{new}"
        elif name == "swap":
            i = between(rng, 1, size)
            j = between(rng, 1, size)
            if i == j:
                continue
            i, x = min(i, j), max(i, j)
        elif name in ("left", "right"):
            if size < 3:
                continue
            i = between(rng, 1, min(3, size - 1))
        elif name in ("front", "back"):
            i = 1
        elif name in ("take", "take last"):
            i = between(rng, 2, size - 1)
        elif name == "skip":
            i = 2
        elif name in ("flip front", "flip back"):
            if size < 4:
                continue
            i = between(rng, 2, size - 1)
        elif name in ("add", "subtract"):
            i = between(rng, 1, 9)
        elif name in ("above", "below"):
            i = between(rng, 1, high)
        elif (name == "unique" and len(set(items)) == size and rng.random() < 0.8) or (
            name == "double" and max(map(int, items)) > 99
        ):
            continue
        operation = (name, i, x)
        after = apply(operation, items)
        if after == items and rng.random() < 0.85:
            continue
        if len(after) >= 2 and (words or all(-99 <= int(item) <= 999 for item in after)):
            return operation


def _quoted(x: int | str, quote: str) -> str:
    return str(x) if isinstance(x, int) else f"{quote}{x}{quote}"


def phrase(rng: random.Random, operation: Operation, quote: str) -> str:
    """Return the operation in words, starting in lower case."""
    name, i, x = operation
    text = pick(rng, phrases.PHRASES[name])
    if "{" not in text:
        return text
    y: int | str = ""
    if name == "replace":
        x, y = pair(x)
    elif name == "swap":
        text = text.replace("{p}", _ORDINALS[int(x)])
    return (
        text.replace("{x}", _quoted(x, quote)).replace("{y}", _quoted(y, quote)).replace("{i}", str(i))
        .replace("{o}", _ORDINALS[i] if i < 11 else str(i)).replace("{n}", f"{i}{_SUFFIX[i]}" if i < 11 else str(i))
    )  # fmt: skip


def label(operation: Operation) -> str:
    """Return the short name of an operation in chain lines."""
    name, i, x = operation
    if name == "replace":
        old, new = pair(x)
        return f"replace {old} by {new}"
    if name in ("swap", "insert", "set"):
        return f"{name} {i} {x}"
    if name in ("append", "prepend", "remove"):
        return f"{name} {x}"
    return f"{name} {i}" if i and name not in ("front", "back", "drop first") else name


def end_step(name: str, items: list[Item], position: int = 0) -> tuple[str, str]:
    """Return the chain line and the answer of a final question about the list."""
    if name == "sum":
        total = int(items[0])
        sums = []
        for item in items[1:]:
            value = total + int(item)
            sums.append(f"{total}+{item}={value}" if int(item) >= 0 else f"{total}+({item})={value}")
            total = value
        return f"sum: {', '.join(sums)}", str(total)
    if name == "max":
        value = max(map(int, items))
    elif name == "min":
        value = min(map(int, items))
    elif name == "length":
        value = len(items)
    else:
        index = 0 if name == "first" else -1 if name == "last" else position - 1
        return f"{name} {position}: {items[index]}" if name == "at" else f"{name}: {items[index]}", str(
            items[index]
        )
    return f"{name}: {value}", str(value)


def start(rng: random.Random, words: bool, high: int, least: int = 3) -> list[Item]:
    """Return a random list, sometimes with repeated elements."""
    size = between(rng, least, 9 if rng.random() < 0.3 else 7)
    if words:
        return list(some(rng, WORDS, min(size, 7)))
    items: list[Item] = [between(rng, 0, high) for _ in range(size)]
    if rng.random() < 0.2:
        items[-1] = items[0]
    if rng.random() < 0.06:
        items[1] = -int(items[1])
    return items


def _surface(rng: random.Random, items: list[Item], quote: str) -> str:
    shown = [_quoted(item, quote) for item in items]
    chance = rng.random()
    if chance < 0.75:
        return f"[{', '.join(shown)}]"
    if chance < 0.85:
        return ", ".join(shown)
    return f"[{','.join(shown)}]" if chance < 0.94 else f"({', '.join(shown)})"


def _replay(
    items: list[Item], operations: Sequence[Operation], numbering: str, first: int
) -> list[tuple[str, list[Item]]]:
    """Return the chain line and the list after every operation."""
    lines = []
    for index, operation in enumerate(operations):
        items = apply(operation, items)
        head = f"{first + index}. " if "N" in numbering else ""
        lines.append((f"{head}{label(operation)} -> {show(items)}", items))
    return lines


def _short(rng: random.Random) -> Problem:
    """Return a one-operation question in one sentence."""
    words = rng.random() < 0.2
    quote = pick(rng, ("", '"', "'"))
    items = start(rng, words, pick(rng, (9, 20, 99)))
    name = pick(
        rng, ("reverse", "sort up", "sort down", "length", "last", "at") if words else tuple(phrases.SHORT)
    )
    position = between(rng, 1, len(items))
    if name in phrases.PHRASES:
        operation: Operation = (name, 0, 0)
        after = apply(operation, items)
        steps, answer = (f"{label(operation)} -> {show(after)}",), show(after)
        template = pick(rng, phrases.SHORT[name])
        if words:
            template = template.replace("numbers", "words")
    else:
        line, answer = end_step(name, items, position)
        steps, template = (line,), pick(rng, phrases.SHORT[name])
    template = template.replace("{i}", str(position)).replace("{o}", _ORDINALS[position])
    question = casual(rng, template).replace("{l}", _surface(rng, items, quote))
    return Planned(family="lists", question=question, answer=answer, steps=steps)


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a list procedure with the given number of operations."""
    if operations == 1 and rng.random() < 0.5:
        return _short(rng)
    words = rng.random() < 0.25
    high = pick(rng, (9, 9, 20, 50, 99))
    quote = pick(rng, ("", "", '"', "'")) if words else ""
    items = start(rng, words, high)
    end = ""
    if operations > 1 and rng.random() < 0.2:
        end = pick(rng, ("length", "first", "last", "at") if words else tuple(phrases.ENDS))
    total = operations - (1 if end else 0)
    numbering, separator = pick(rng, phrases.LAYOUTS)
    first = 1 if rng.random() < 0.8 else between(rng, 2, 16)
    sloppy = rng.random() < 0.12
    chosen: list[Operation] = []
    clauses = []
    state = items
    stop = "" if numbering and separator == "\n" and rng.random() < 0.4 else "."
    lower = bool(numbering) and rng.random() < 0.2
    plain = bool(numbering) or rng.random() < 0.4
    for index in range(total):
        operation = choose(rng, state, words, high)
        state = apply(operation, state)
        chosen.append(operation)
        text = phrase(rng, operation, quote)
        if not plain and index:
            text = pick(rng, phrases.CONNECT) + text
        if sloppy and rng.random() < 0.4:
            text = typo(rng, text)
        elif not (lower or sloppy):
            text = capital(text)
        clauses.append(text + stop)
    lines = _replay(items, chosen, numbering, first)
    ask_steps: tuple[str, ...] = ()
    answer = show(state)
    ask = pick(rng, phrases.ASKS)
    if end:
        position = between(rng, 1, len(state))
        line, answer = end_step(end, state, position)
        ask_steps = (line,)
        ask = pick(rng, phrases.ENDS[end]).replace("{i}", str(position)).replace("{o}", _ORDINALS[position])
    opening = pick(rng, phrases.OPENINGS).replace("{l}", _surface(rng, items, quote))
    if sloppy:
        opening = uncapital(opening)
        ask = uncapital(ask).rstrip("?.")
    script = Script(
        family="lists", opening=opening, clauses=clauses, steps=[(line,) for line, _ in lines], costs=[1] * total,
        states=[show(after) for _, after in lines], ask=ask, answer=answer, restart=phrases.RESTART,
        neutral=phrases.NEUTRAL, ask_steps=ask_steps, numbering=numbering, separator=separator, first=first,
        ask_cost=len(ask_steps), trace=(tuple(items), tuple(chosen), numbering, first, end),
    )  # fmt: skip
    return build(script)


def slip(problem: Planned, rng: random.Random) -> tuple[str, ...] | None:
    """Return a chain in which one list is miscopied and the mistake carried forward."""
    if not isinstance(problem.trace, tuple):
        return None
    items, chosen, numbering, first, end = problem.trace
    at = between(rng, 0, len(chosen) - 1)
    lines = [line for line, _ in _replay(list(items), chosen[:at], numbering, first)]
    state: list[Item] = list(items)
    for operation in chosen[:at]:
        state = apply(operation, state)
    right = apply(chosen[at], state)
    wrong = _damage(rng, right, state)
    if wrong == right or not wrong:
        return None
    head = f"{first + at}. " if "N" in numbering else ""
    lines.append(f"{head}{label(chosen[at])} -> {show(wrong)}")
    for index in range(at + 1, len(chosen)):
        wrong = apply(chosen[index], wrong)
        lines += [line for line, _ in _replay(wrong, (), numbering, first)]
        head = f"{first + index}. " if "N" in numbering else ""
        lines.append(f"{head}{label(chosen[index])} -> {show(wrong)}")
    if end:
        if not wrong or end == "at":
            return None
        line, answer = end_step(end, wrong)
        return (*lines, line, f"answer: {answer}")
    return (*lines, f"answer: {show(wrong)}")


def _damage(rng: random.Random, right: list[Item], before: list[Item]) -> list[Item]:
    """Return the list with one realistic mistake."""
    if not right:
        return right
    wrong = right[:]
    index = int(rng.random() * len(right))
    kind = rng.random()
    if kind < 0.25 and before != right:
        return before[:]
    if kind < 0.5 and len(right) > 2:
        del wrong[index]
    elif kind < 0.75 and len(right) > 1:
        other = index - 1
        wrong[index], wrong[other] = wrong[other], wrong[index]
    else:
        item = wrong[index]
        wrong[index] = item + pick(rng, (1, -1, 10)) if isinstance(item, int) else item[:-1] + "s"
    return wrong
