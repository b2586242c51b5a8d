"""A scripted player of the game of 24: legal moves at random, some wrong sums, and a weak sense of what is promising."""

from __future__ import annotations

import re
from random import Random

from agot.protocols import ModelRequest
from tests.scripted import mode, user_text

QUESTION = "Use 4, 7, 8, 1 each exactly once with + - * / to make 24."
NUMBERS = ("4", "7", "8", "1")
_MOVE = re.compile(r"^(-?\d+)([-+*])(-?\d+)=(-?\d+)")
_WRONG_SUMS = 0.1


def play(request: ModelRequest) -> str | list[str]:
    """Answer as the embedded model would: plans are declined, `verify` says yes or no, chains are moves."""
    rng = Random(f"{request.seed}:{request.purpose}")
    if mode(request) == "verify":
        return "yes" if rng.random() < promise(user_text(request)) else "no"
    if mode(request) != "chain":
        return "decline:\n"
    begun = request.messages[-1].content if request.messages[-1].role == "assistant" else ""
    return [continued(rng, begun, one_step="\n" in request.stop) for _ in range(request.n)]


def promise(text: str) -> float:
    """Return how good the last number on the table looks: the closer to 24, the better."""
    found = re.findall(r"=(-?\d+)", text)
    return max(0.05, 1.0 - abs(24 - int(found[-1])) / 24) if found else 0.5


def continued(rng: Random, begun: str, *, one_step: bool) -> str:
    table = {number: number for number in NUMBERS}  # value -> the expression that made it
    for line in begun.splitlines():
        if move := _MOVE.match(line):
            a, operator, b, value = move.groups()
            first, second = table.pop(a, a), table.pop(b, b)
            table[value] = f"({first}{operator}{second})"
    lines: list[str] = []
    while len(table) > 1:
        a, b = rng.sample(sorted(table), 2)
        operator = rng.choice("+-*")
        value = {"+": int(a) + int(b), "-": int(a) - int(b), "*": int(a) * int(b)}[operator]
        if rng.random() < _WRONG_SUMS:
            value += 1
        first, second = table.pop(a), table.pop(b)
        if str(value) in table or value < 0:
            table[a], table[b] = first, second
            continue
        table[str(value)] = f"({first}{operator}{second})"
        lines.append(f"{a}{operator}{b}={value} (left: {' '.join(table)})")
    lines.append(f"answer: {next(iter(table.values()))}")
    return lines[0] if one_step else "\n".join(lines)
