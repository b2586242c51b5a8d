"""NATURAL PLAN: meetings in calendars, meetings across a city, trips (Zheng et al. 2024, arXiv 2406.04520).

An answer is right if it obeys every constraint of its question. It is exact if the official grader counts it, which for
calendars and trips wants the reference's own plan although several may be valid.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from agot.bench.datasets import Grade, Item, Row, json_lines
from agot.errors import ToolError
from agot.verifiers.planning import calendars, meetings, trips

_HOUR = re.compile(r"(\d{1,2}):(\d{2})")
_EXAMPLES = re.compile(r"Here are a few example tasks and solutions:\s*")
_ENDS = ("SOLUTION:", "Your response should start with 'SOLUTION:'.")
_FORMS = {
    "calendar": "Answer with one line such as: Here is the proposed time: Monday, 9:00 - 9:30",
    "meeting": (
        "Answer with the steps of the best plan, all on one line, in exactly these forms: You start at PLACE at 9:00AM. "
        "You travel to PLACE in 10 minutes and arrive at 9:10AM. You wait until 9:45AM. "
        "You meet NAME for 30 minutes from 9:45AM to 10:15AM."
    ),
    "trip": (
        "Answer with the plan alone, without blank lines, in exactly these forms:\n"
        "Here is the trip plan for visiting the 2 European cities for 5 days:\n"
        "Day 1-3: Arriving in CITY and visit CITY for 3 days.\n"
        "Day 3: Fly from CITY to OTHER.\n"
        "Day 3-5: Visit OTHER for 3 days."
    ),
}

Judge = Callable[[str], tuple[bool | None, bool | None]]
"""Says of an answer whether it is valid, and whether it is exact; None for "cannot tell"."""


def natural_plan(path: Path) -> Iterator[Item]:
    """Yield the tasks of one file; the fields of a row tell which of the three kinds it is."""
    rows = json_lines(path)
    for place, row in enumerate(rows):
        kind = "calendar" if "duration" in row else "meeting" if "dist_matrix" in row else "trip"
        gold = row["golden_plan"]
        gold = gold.strip() if isinstance(gold, str) else " ".join(gold)
        yield Item(
            id=str(row.get("id", f"{kind}-{place}")),
            question=_question(row["prompt_0shot"], kind),
            gold=gold,
            wrong=(_spoilt(gold, kind),),
            grade=_grader(_judge(kind, row, gold)),
        )


def _question(prompt: str, kind: str) -> str:
    prompt = _EXAMPLES.sub("", prompt).strip()
    for end in _ENDS:
        prompt = prompt.removesuffix(end).rstrip()
    return f"{prompt}\n\n{_FORMS[kind]}"


def _judge(kind: str, row: Row, gold: str) -> Judge:
    prompt = row["prompt_0shot"]
    if kind == "calendar":
        return lambda answer: (calendars.valid(prompt, answer), calendars.exact(answer, gold))
    if kind == "meeting":
        return lambda answer: (meetings.valid(prompt, answer), meetings.exact(prompt, answer, gold))
    return lambda answer: (trips.valid(prompt, answer), trips.exact(answer, gold))


def _grader(judge: Judge) -> Callable[[str], Awaitable[Grade]]:
    async def grade(answer: str) -> Grade:
        valid, exact = judge(answer)
        if valid is None:
            raise ToolError("The constraints of this task cannot be read, so no plan for it can be checked.")
        return Grade(valid, exact)

    return grade


def _spoilt(gold: str, kind: str) -> str:
    """Return a calendar's time half an hour longer than asked for, or a plan without its last stay or meeting."""
    if kind == "calendar":
        last = list(_HOUR.finditer(gold))[-1]
        return f"{gold[: last.start()]}{int(last[1]) + 1}:{last[2]}{gold[last.end() :]}"
    if kind == "meeting":
        return gold[: gold.rindex("You meet")].rstrip()
    return "\n".join(gold.splitlines()[:-1])
