"""Running-quantity stories, transfers, comparisons of quantities, shopping and groups."""

from __future__ import annotations

import random
import re

from training.example import Problem
from training.families import word_scenes
from training.families.arithmetic import equation
from training.families.common import Planned, Script, between, build, pick, typo, uncapital
from training.families.stories import THEMES, THINGS, Theme
from training.families.words import NAMES

_HIGH = 999
_MARKS = re.compile(r"\{(\w+)\}")
_LAYOUTS = (("", " "),) * 9 + (("", "\n"), ("N. ", "\n"), ("N) ", "\n"))


def fill(template: str, values: dict[str, str]) -> str:
    """Replace the marks of a phrase."""
    return _MARKS.sub(lambda match: values[match.group(1)], template)


def _operation(rng: random.Random, theme: Theme, value: int, room: int) -> tuple[str, int, int]:
    """Return what happens next (kind, number, second number) so that the quantity stays small."""
    while True:
        chance = rng.random()
        if chance < 0.34 and value < _HIGH - 100:
            return "plus", between(rng, 1, pick(rng, (9, 20, 60))), 0
        if chance < 0.66 and value > 2:
            return "minus", between(rng, 1, min(value - 1, pick(rng, (9, 20, 60)))), 0
        if chance < 0.74 and theme.double[0] and 0 < value <= 250:
            return "double", 2, 0
        if chance < 0.82 and theme.half[0] and value > 3 and value % 2 == 0:
            return "half", 2, 0
        if chance < 0.86 and theme.times[0] and 0 < value <= 150:
            return "times", 3, 0
        if chance < 0.9 and theme.share[0] and value > 5:
            divisors = [n for n in (2, 3, 4, 5, 6, 7, 8, 9) if value % n == 0 and value // n > 1]
            if divisors:
                return "share", pick(rng, divisors), 0
        if chance < 0.96 and theme.groups[0] and room >= 2 and value < _HIGH - 100:
            return "groups", between(rng, 2, 9), between(rng, 2, 12)
        if chance >= 0.96 and theme.lose[0] and room >= 2 and value > 12:
            n, m = between(rng, 2, 6), between(rng, 2, 9)
            if n * m < value:
                return "lose", n, m


def _advance(
    label: str, value: int, event: tuple[str, int, int], off: int = 0
) -> tuple[int, tuple[str, ...]]:
    """Return the quantity after an event and its chain lines; `off` is a slip in the last result."""
    kind, n, m = event
    if kind in ("groups", "lose"):
        sign = "+" if kind == "groups" else "-"
        new = value + n * m + off if kind == "groups" else value - n * m + off
        return new, (f"{n}*{m}={n * m}", f"{label}: {equation(value, sign, n * m, new)}")
    sign = {"plus": "+", "minus": "-", "double": "*", "times": "*", "half": "/", "share": "/"}[kind]
    new = {"+": value + n, "-": value - n, "*": value * n, "/": value // n}[sign] + off
    return new, (f"{label}: {equation(value, sign, n, new)}",)


def _calc(expression: str, event: tuple[str, int, int]) -> str:
    kind, n, m = event
    if kind == "groups":
        return f"{expression}+{n}*{m}"
    if kind == "lose":
        return f"{expression}-{n}*{m}"
    if kind in ("plus", "minus"):
        return f"{expression}{'+' if kind == 'plus' else '-'}{n}"
    inner = f"({expression})" if "+" in expression or "-" in expression else expression
    return f"{inner}{'/' if kind in ('half', 'share') else '*'}{n}"


def _running(rng: random.Random, operations: int) -> Problem:
    """Return the story of one quantity."""
    theme = pick(rng, THEMES)
    tense = int(rng.random() * 2)
    female = rng.random() < 0.5
    name = "I" if theme is THINGS and rng.random() < 0.08 else pick(rng, NAMES)
    values = {
        "N": name, "P": "She" if female else "He", "p": "she" if female else "he", "p2": "her" if female else "him",
        "p3": "her" if female else "his", "o": pick(rng, theme.objects), "F": "", "n": "", "m": "",
    }  # fmt: skip
    if name == "I":
        values |= {"N": "Kim", "P": "Kim", "p": "Kim", "p2": "Kim", "p3": "the"}
    label = theme.label.replace("{o}", values["o"])
    value = between(rng, 2, pick(rng, (12, 30, 99)))
    values["n"] = str(value)
    opening = fill(pick(rng, theme.openings[tense]), values)
    start = value
    sloppy = rng.random() < 0.1
    numbering, separator = pick(rng, _LAYOUTS)
    expression = str(value)
    clauses: list[str] = []
    steps: list[tuple[str, ...]] = []
    states: list[str] = []
    costs: list[int] = []
    events: list[tuple[str, int, int]] = []
    left = operations
    while left > 0:
        event = _operation(rng, theme, value, left)
        expression = _calc(expression, event)
        value, lines = _advance(label, value, event)
        kind = event[0]
        values["n"], values["m"], values["F"] = str(event[1]), str(event[2]), pick(rng, NAMES)
        text = fill(pick(rng, getattr(theme, kind)[tense]), values)
        if sloppy:
            text = typo(rng, uncapital(text))
        clauses.append(text)
        steps.append(lines)
        states.append(str(value))
        costs.append(len(lines))
        events.append(event)
        left -= len(lines)
    ask = fill(pick(rng, theme.asks), values)
    if sloppy:
        ask = uncapital(ask).rstrip("?")
    if operations == 1 and rng.random() < 0.2:
        opening = f"If {uncapital(opening) if opening.startswith(('There', 'A ', 'At')) else opening}"
    script = Script(
        family="word_problems", opening=opening, clauses=clauses, steps=steps, costs=costs, states=states, ask=ask,
        answer=states[-1], restart=fill(theme.restart, values), neutral=fill(theme.neutral, values),
        numbering=numbering, separator=separator, calc=expression if operations <= 10 else "",
        trace=(label, start, tuple(events)),
    )  # fmt: skip
    return build(script)


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a word problem with the given number of operations."""
    if operations <= 8 and rng.random() < 0.4:
        return word_scenes.scene(rng, operations)
    if operations >= 2 and rng.random() < 0.18:
        return word_scenes.transfers(rng, operations)
    return _running(rng, operations)


def slip(problem: Planned, rng: random.Random) -> tuple[str, ...] | None:
    """Return a chain with one wrong result carried forward."""
    if not isinstance(problem.trace, tuple):
        return None
    label, value, events = problem.trace
    at = between(rng, 0, len(events) - 1)
    lines: list[str] = []
    for index, event in enumerate(events):
        exact = value % event[1] == 0 if event[0] in ("half", "share") else True
        if not exact:
            return None
        value, new = _advance(label, value, event, pick(rng, (1, -1, 2, -2, 10, -10)) if index == at else 0)
        lines.extend(new)
    return (*lines, f"answer: {value}")
