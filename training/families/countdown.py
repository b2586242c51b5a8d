"""Game of 24 and countdown: build a target from given numbers; made backwards, so always solvable."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from training.example import Problem
from training.families.arithmetic import Expression, equation, evaluate, render
from training.families.common import Planned, between, pick, shuffle, uncapital

_TWENTY_FOUR = (
    "Use {n} each exactly once with + - * / to make {t}.", "Make {t} using {n}.", "make {t} from {n}",
    "Make {t} using {n}. You can only use each number once. You can use the operators +, -, *, /.",
    "Game of 24: {n}", "Play the game of 24 with {n}.", "Solve the 24 game for {n}.", "How can you make {t} with {n}?",
    "Using the numbers {n} and + - * /, make {t}.", "Get {t} from {n}, use every number once.",
    "Combine {n} with the four operations to reach {t}.", "Use numbers and basic arithmetic operations (+ - * /) to obtain {t}. Input: {n}",
    "Write an expression that equals {t} with the numbers {n}.", "24 game, numbers {n}",
)  # fmt: skip
_COUNTDOWN = (
    "Find a way to make {t} using all of these numbers: {n}.\nEach number can only be used once.",
    "Calculate {t} using all of these numbers: {n}.\nEach number may be used at most once.",
    "Using all the numbers {n}, create an expression that equals {t}.\nYou can only use each number once.",
    "Use {n} each exactly once with + - * / to make {t}.", "Make {t} using {n}.", "How do you get {t} from {n}?",
    "Countdown: make {t} from {n}.", "Reach the target {t} with the numbers {n}.", "make {t} with {n}, each number once",
    "Using {n} exactly once each, write an expression equal to {t}.", "Target: {t}. Numbers: {n}.",
    "Numbers: {n}. Target: {t}. Find an expression.", "Combine the numbers {n} to get {t}.",
)  # fmt: skip
_FORMAT = (
    "\nFinal answer format instructions:\n1. Provide your solution as a arithmetic expression (no '=' sign).\n"
    "2. Do not include the target number in the expression.\n3. Use '*' for multiplication.\n4. Use '/' for division."
)


def _split(rng: random.Random, target: int, count: int, high: int, numbers: list[int]) -> Expression | None:
    """Return an expression for the target from `count` positive numbers up to `high`."""
    if count == 1:
        if not 1 <= target <= high:
            return None
        numbers.append(target)
        return target
    second = 1 if count < 4 or rng.random() < 0.65 else 2
    chance = rng.random()
    limit = high if second == 1 else high * 3
    if chance < 0.36 and target > 2:
        operator, right = "+", between(rng, 1, min(limit, target - 1))
        left = target - right
    elif chance < 0.6:
        operator, right = "-", between(rng, 1, limit)
        left = target + right
    elif chance < 0.86:
        divisors = [d for d in range(2, 13) if target % d == 0 and d < target]
        if not divisors:
            return None
        operator, right = "*", pick(rng, divisors)
        left = target // right
    else:
        operator, right = "/", between(rng, 2, min(9, limit))
        left = target * right
    if left > 400:
        return None
    first = _split(rng, left, count - second, high, numbers)
    if first is None:
        return None
    other = _split(rng, right, second, high, numbers)
    if other is None:
        return None
    if operator in "+*" and rng.random() < 0.3:
        first, other = other, first
    return operator, first, other, False


def _moves(expression: Expression, left: list[int], lines: list[str]) -> int:
    """Append the moves in order; `left` holds the numbers still on the table."""
    if not isinstance(expression, tuple):
        return int(expression)
    operator, first, second, _ = expression
    a = _moves(first, left, lines)
    b = _moves(second, left, lines)
    value = evaluate(a, operator, b)
    left.remove(a)
    left.remove(b)
    left.append(value)
    text = equation(a, operator, b)
    lines.append(f"{text} (left: {' '.join(map(str, left))})" if len(left) > 1 else text)
    return value


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a puzzle with `operations` + 1 numbers."""
    classic = rng.random() < 0.45
    count = operations + 1
    high = 13 if classic else pick(rng, (10, 25, 25, 50))
    while True:
        target = 24 if classic else between(rng, 5, pick(rng, (50, 100, 200)))
        numbers: list[int] = []
        expression = _split(rng, target, count, high, numbers)
        if expression is not None:
            break
    shuffle(rng, numbers)
    lines: list[str] = []
    _moves(expression, numbers[:], lines)
    listing = pick(rng, (", ", ", ", ", ", " ")).join(map(str, numbers))
    if rng.random() < 0.12:
        listing = f"[{listing}]"
    template = pick(rng, _TWENTY_FOUR if classic else _COUNTDOWN)
    question = template.replace("{n}", listing).replace("{t}", str(target))
    if rng.random() < 0.15:
        question = uncapital(question)
    if rng.random() < 0.12:
        question += _FORMAT
    return Planned(family="countdown", question=question, answer=render(expression), steps=tuple(lines),
                   operations=len(lines))  # fmt: skip


_NUMBER = re.compile(r"\d+")


def numbers_of(problem: Problem) -> list[int]:
    """Return the numbers of a puzzle."""
    return [int(number) for number in _NUMBER.findall(problem.answer)]


def target_of(problem: Problem) -> int:
    """Return the value that the numbers have to make."""
    return int(_NUMBER.findall(problem.steps[-1])[-1])


def held_out(problem: Problem) -> bool:
    """Return whether a puzzle is kept for evaluation: a fourth of all, told by its numbers and target.

    The game of 24 has so few puzzles that disjoint seeds alone would not keep them apart.
    """
    return not trained(numbers_of(problem), target_of(problem))


def trained(numbers: Sequence[int], target: int) -> bool:
    """Return whether a puzzle may be trained on."""
    puzzle = f"{sorted(numbers)} {target}"
    return hashlib.blake2b(puzzle.encode(), digest_size=2).digest()[0] % 4 != 0


def classic_question(rng: random.Random, numbers: Sequence[int]) -> str:
    """Return a Game of 24 in one of the wordings that training uses."""
    return pick(rng, _TWENTY_FOUR).replace("{n}", ", ".join(map(str, numbers))).replace("{t}", "24")


def wander(rng: random.Random, problem: Problem) -> tuple[list[str], list[int]]:
    """Return the lines of a few legal moves at random, and the numbers that they leave on the table."""
    left, lines = numbers_of(problem), list[str]()
    shuffle(rng, left)
    for _ in range(between(rng, 1, len(left) - 1)):
        while True:
            a, b = (
                left[(at := between(rng, 0, len(left) - 1))],
                left[(other := between(rng, 0, len(left) - 1))],
            )
            operator = pick(rng, "+-*/")
            if at == other or (operator == "-" and a < b) or (operator == "/" and (b == 0 or a % b)):
                continue
            if operator != "*" or a * b <= 1000:
                break
        value = evaluate(a, operator, b)
        left.remove(a)
        left.remove(b)
        left.append(value)
        text = equation(a, operator, b)
        lines.append(f"{text} (left: {' '.join(map(str, left))})" if len(left) > 1 else text)
    return lines, left


@lru_cache(maxsize=100_000)
def reachable(numbers: tuple[Fraction | int, ...], target: int) -> bool:
    """Return whether all the numbers, each used once, can make the target by + - * /.

    Args:
        numbers: Sorted, at most five or so: the search is exhaustive.
    """
    if len(numbers) == 1:
        return numbers[0] == target
    for i, a in enumerate(numbers):
        for j, b in enumerate(numbers):
            if i == j:
                continue
            rest = [number for place, number in enumerate(numbers) if place not in (i, j)]
            made = [a - b] + ([Fraction(a) / b] if b else []) + ([a + b, a * b] if i < j else [])
            if any(reachable(tuple(sorted((*rest, value))), target) for value in made):
                return True
    return False
