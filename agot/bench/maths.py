"""GSM8K (Cobbe et al. 2021, arXiv 2110.14168), MATH (Hendrycks et al. 2021, arXiv 2103.03874) and the Game of 24."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from agot.bench.datasets import Grade, Item, csv_rows, json_lines
from agot.bench.twenty_four import makes, solution
from agot.reading.answers import equivalent, number
from agot.reading.symbolic import same_expression

_DIGITS = re.compile(r"\d+")
_LAST_NUMBER = re.compile(r"[-+]?\d[\d,]{0,30}(?:\.\d{1,30})?")
_BOXED = "\\boxed"
_LONGEST = 4000
TWENTY_FOUR = 24


def gsm8k(path: Path) -> Iterator[Item]:
    """Yield grade-school word problems; the reference stands after `####`."""
    for place, row in enumerate(json_lines(path)):
        gold = row["answer"].rsplit("####", 1)[1].strip()
        yield Item(
            id=str(row.get("id", f"gsm8k-{place}")),
            question=row["question"].strip(),
            gold=gold,
            wrong=(shifted(gold),),
            grade=_same_number(gold),
        )


def _same_number(gold: str) -> Callable[[str], Awaitable[Grade]]:
    wanted = number(gold)

    async def grade(answer: str) -> Grade:
        if equivalent(answer, gold):
            return Grade(True)
        # A unit may stand beside the number, but no second number, which could be picked at will.
        found = _LAST_NUMBER.findall(answer[:_LONGEST])
        return Grade(wanted is not None and len(found) == 1 and number(found[0].rstrip(",")) == wanted)

    return grade


def math500(path: Path) -> Iterator[Item]:
    """Yield competition problems; the reference is `answer`, or the last box of `solution`."""
    for place, row in enumerate(json_lines(path)):
        gold = row["answer"] if row.get("answer") else boxed(row["solution"])
        if gold is None:
            raise ValueError("neither an answer nor a boxed result")
        yield Item(
            id=str(row.get("id") or row.get("unique_id") or f"math-{place}"),
            question=f"{row['problem'].strip()}\n\nGive the answer simplified, in LaTeX.",
            gold=gold,
            wrong=(shifted(gold),),
            grade=_same_expression(gold),
        )


def _same_expression(gold: str) -> Callable[[str], Awaitable[Grade]]:
    async def grade(answer: str) -> Grade:
        answer = boxed(answer) or answer
        return Grade(equivalent(answer, gold) or same_expression(answer, gold) is True)

    return grade


def game24(path: Path) -> Iterator[Item]:
    """Yield puzzles of four numbers; any expression over exactly these with the value 24 is right."""
    for row in csv_rows(path):
        numbers = [int(digits) for digits in row["Puzzles"].split()]
        gold = solution(numbers, TWENTY_FOUR)
        yield Item(
            id=f"game24-{row['Rank']}",
            question=f"Use {', '.join(map(str, numbers))} each exactly once with + - * / to make {TWENTY_FOUR}.",
            gold=gold,
            wrong=() if gold is None else (shifted(gold), f"{gold} + 0", str(TWENTY_FOUR)),
            grade=_makes(numbers),
        )


def _makes(numbers: list[int]) -> Callable[[str], Awaitable[Grade]]:
    async def grade(answer: str) -> Grade:
        return Grade(makes(answer, Counter(numbers), TWENTY_FOUR))

    return grade


def boxed(text: str) -> str | None:
    """Return what the last `\\boxed{...}` of a text holds, or None if there is none or it has no end."""
    start = text.rfind(_BOXED)
    if start < 0:
        return None
    rest = text[start + len(_BOXED) :].lstrip()
    if not rest.startswith("{"):
        # `\boxed 5$` as some solutions write it.
        return rest.split("$")[0].strip() or None
    depth = 0
    for place, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return rest[1:place].strip()
    return None


def shifted(text: str) -> str:
    """Return the text with its first number one higher; `+ 1` is appended where there is none."""
    if _DIGITS.search(text):
        return _DIGITS.sub(lambda match: str(int(match[0]) + 1), text, count=1)
    return f"{text} + 1"
