"""Several questions in one: stand-alone parts whose numeric answers are combined at the end."""

from __future__ import annotations

import random
from dataclasses import replace

from training.example import Problem
from training.families import arithmetic, comparing, lists, strings, word_problems
from training.families.arithmetic import Expression, render
from training.families.common import Planned, between, fill_references, pick

# Without digits: a plan must hold the same numbers as its question.
_MARKERS = (
    ("First: ", "Second: ", "Third: "), ("(a) ", "(b) ", "(c) "), ("A: ", "B: ", "C: "), ("a) ", "b) ", "c) "),
    ("Part one: ", "Part two: ", "Part three: "), ("First task: ", "Second task: ", "Third task: "),
    ("First question: ", "Second question: ", "Third question: "), ("- ", "- ", "- "), ("First part: ", "Second part: ", "Third part: "),
    ("First, answer this: ", "Then answer this: ", "Then answer this as well: "), ("First, ", "Second, ", "Third, "),
)  # fmt: skip
_INTRO = ("", "", "", "Solve the parts below.", "Answer these questions one after the other.", "Do both parts.", "Two things:",
          "I have a few questions.", "Work through this.")  # fmt: skip
_SUM = ("What is the sum of both results?", "Add both answers.", "What is the sum of the answers?", "Add the results.",
        "Finally, add the results together. What do you get?", "What do you get when you add both results?")  # fmt: skip
_SUM_MANY = ("What is the sum of all results?", "Add all answers.", "What is the sum of the answers?", "Add the results.",
             "Finally, add all the results together. What do you get?")  # fmt: skip
_DIFFERENCE = ("Subtract the second result from the first.", "What is the first result minus the second?",
               "What is the difference, first minus second?")  # fmt: skip
_PRODUCT = ("What is the product of both results?", "Multiply both answers.", "Multiply the results.")
_FOLLOW = (
    ("Let x be the answer. What is x*{n}+{m}?", "#1*{n}+{m}"), ("Take the result, multiply it by {n} and add {m}. What do you get?", "#1*{n}+{m}"),
    ("Add {n} to the result and multiply by {m}.", "(#1+{n})*{m}"), ("Then multiply the answer by {n}.", "#1*{n}"),
    ("Then add {n} to the answer.", "#1+{n}"), ("Call the answer x. Compute x-{n}.", "#1-{n}"),
)  # fmt: skip

_MAKERS = (
    (arithmetic.generate, 12), (arithmetic.generate, 12), (word_problems.generate, 12), (lists.generate, 12), (strings.generate, 8),
    (comparing.generate, 6),
)  # fmt: skip


def _numeric(rng: random.Random, operations: int) -> Problem:
    """Return a problem of about this size whose answer is an integer."""
    while True:
        make, most = pick(rng, _MAKERS)
        if operations > most:
            continue
        problem = make(rng, operations)
        text = problem.answer
        if (
            text.isdecimal()
            and len(text) <= 4
            and problem.operations <= 12
            and "Question:" not in problem.question
        ):
            return problem


def _sizes(rng: random.Random, total: int) -> list[int]:
    """Return the operations of every part."""
    count = 2 if total <= 7 or rng.random() < 0.6 else 3
    if total > 24:
        count = 3
    total -= count - 1
    sizes = []
    for left in range(count, 1, -1):
        mean = total / left
        size = max(1, min(12, round(mean + (rng.random() - 0.5) * mean * 0.8)))
        if total - size > 12 * (left - 1):
            size = total - 12 * (left - 1)
        sizes.append(size)
        total -= size
    sizes.append(max(1, min(12, total)))
    return sizes


def _substituted(formula: Expression, answers: list[int]) -> Expression:
    if isinstance(formula, tuple):
        return formula[0], _substituted(formula[1], answers), _substituted(formula[2], answers), formula[3]
    return answers[int(formula[1:]) - 1] if isinstance(formula, str) else formula


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a compound question of about the given number of operations."""
    if rng.random() < 0.2 and operations <= 14:
        return _follow(rng, operations)
    parts = [_numeric(rng, size) for size in _sizes(rng, operations)]
    answers = [int(part.answer) for part in parts]
    formula: Expression = "#1"
    chance = rng.random()
    sign = "+"
    asks: tuple[str, ...] = _SUM if len(parts) == 2 else _SUM_MANY
    if len(parts) == 2 and chance < 0.2 and answers[0] >= answers[1]:
        sign, asks = "-", _DIFFERENCE
    elif len(parts) == 2 and chance < 0.3 and max(answers) <= 99:
        sign, asks = "*", _PRODUCT
    for number in range(2, len(parts) + 1):
        formula = (sign, formula, f"#{number}", False)
    markers = pick(rng, _MARKERS)
    separator = "\n" if rng.random() < 0.5 or any("\n" in part.question for part in parts) else " "
    pieces = [markers[index] + _sentence(part.question, separator) for index, part in enumerate(parts)]
    intro = pick(rng, _INTRO)
    if intro:
        pieces.insert(0, intro)
    return _make(separator.join([*pieces, pick(rng, asks)]), parts, formula)


def _sentence(text: str, separator: str) -> str:
    """Return a part that reads as finished when text follows on the same line."""
    return text if separator == "\n" or text[-1] in ".?!=:" else f"{text}."


def _follow(rng: random.Random, operations: int) -> Problem:
    """Return a question whose second half computes on with the answer of the first."""
    text, shape = pick(rng, _FOLLOW)
    part = _numeric(rng, max(1, min(12, operations - (2 if "{m}" in shape else 1))))
    n, m = between(rng, 2, 9), between(rng, 2, 9)
    if "-" in shape and int(part.answer) < n:
        text, shape = _FOLLOW[4]
    inner: Expression = "#1"
    if shape.startswith("("):
        formula: Expression = ("*", ("+", inner, n, False), m, False)
    elif "{m}" in shape:
        formula = ("+", ("*", inner, n, False), m, False)
    else:
        formula = (shape[2], inner, n, False)
    follow = text.replace("{n}", str(n)).replace("{m}", str(m))
    separator = "\n" if "\n" in part.question or rng.random() < 0.3 else " "
    return _make(separator.join([_sentence(part.question, separator), follow]), [part], formula)


def _make(question: str, parts: list[Problem], formula: Expression) -> Planned:
    answers = [int(part.answer) for part in parts]
    parts = [replace(part, question=part.question.replace("\n", " ")) for part in parts]
    plan = [part.question for part in parts]
    plan.append(f"Compute {render(formula)}")
    last = arithmetic.problem(
        _substituted(formula, answers), fill_references(plan[-1], [part.answer for part in parts])
    )
    everything = [*parts, last]
    steps = [line for part in everything for line in part.steps]
    return Planned(
        family="compound", question=question, answer=last.answer, steps=tuple(steps), plan=tuple(plan),
        operations=sum(part.operations for part in everything), parts=tuple(everything),
    )  # fmt: skip
