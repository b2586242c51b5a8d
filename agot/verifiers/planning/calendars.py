"""One meeting in the calendars of several people, as NATURAL PLAN words it.

Source: Zheng et al. 2024, "NATURAL PLAN: Benchmarking LLMs on Natural Language Planning", arXiv 2406.04520.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agot.thought import Solution, Task, Verdict
from agot.verifiers.planning.report import verdict

_LONGEST = 40_000
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_DAY = rf"(?:{'|'.join(_DAYS)})"
_TIME = r"(\d{1,2}):(\d{2})"
_REQUEST = re.compile(
    rf"schedule a meeting for (?P<people>[^\n.]{{1,500}}?) for (?P<length>half an hour|one hour|an hour and a half"
    rf"|\w+ hours?|\d{{1,3}} minutes) between the work hours of {_TIME} to {_TIME} on (?P<days>[^.\n]{{1,120}})\."
)
_LENGTHS = {
    "half an hour": 30, "one hour": 60, "an hour and a half": 90, "two hours": 120, "three hours": 180,
}  # fmt: skip
_BUSY = re.compile(rf"{_DAY} during (?:{_TIME} to {_TIME}(?:, )?)+")
_SPAN = re.compile(rf"{_TIME} to {_TIME}")
_AVOIDS = re.compile(
    r"(?:can ?not meet|cannot meet|do(?:es)? not want to meet|would rather not meet|would like to avoid more meetings)"
    rf" on (?P<first>{_DAY})(?: (?P<side>before|after) {_TIME})?"
    rf"(?P<more>(?:\.? {_DAY}(?: (?:before|after) {_TIME})?)*)\."
)
_AVOIDED = re.compile(rf"({_DAY})(?: (before|after) {_TIME})?")
_EARLIEST = re.compile(r"at their earl(?:ie|i)st availability", re.IGNORECASE)
_WISH = re.compile(
    r"\d:\d\d|\b(?:prefers?|avoids?|rather|cannot|can ?not|not want|only|earl\w+|latest|breaks?|buffer)\b"
)
"""Shows that something is left that was not understood."""
_SLOT = re.compile(rf"({_DAY})\W{{1,6}}{_TIME} ?(?:-|–|to) ?{_TIME}")
_OFFICIAL = re.compile(r"[A-Za-z]+, [0-9]+:[0-9]+ - [0-9]+:[0-9]+")


@dataclass(frozen=True)
class Slot:
    """A time of a day, in minutes after midnight."""

    day: str
    start: int
    end: int


@dataclass(frozen=True)
class Constraints:
    """What the meeting must obey.

    Attributes:
        length: Minutes.
        days: Days on which it may be.
        opens: Beginning of the work hours, in minutes after midnight; `closes` likewise.
        taken: When somebody is busy or does not want to meet.
        earliest: The first possible slot is wanted.
    """

    length: int
    days: tuple[str, ...]
    opens: int
    closes: int
    taken: tuple[Slot, ...]
    earliest: bool


def constraints(prompt: str) -> Constraints | None:
    """Return what the last task in a prompt asks for, or None if it is not of this kind or cannot be read whole."""
    if len(prompt) > _LONGEST:
        return None
    text = prompt.rpartition("TASK:")[2]
    found = _REQUEST.search(text)
    length = _length(found["length"]) if found else None
    if found is None or length is None:
        return None
    opens, closes = (_minutes(*found.groups()[place : place + 2]) for place in (2, 4))
    days = tuple(day for day in _DAYS if re.search(rf"\b{day}\b", found["days"]))
    rest = text[found.end() :]
    if _WISH.search(_EARLIEST.sub("", _AVOIDS.sub("", _BUSY.sub("", rest)))):
        return None
    taken = [
        Slot(busy[0].partition(" ")[0], _minutes(*span.groups()[:2]), _minutes(*span.groups()[2:]))
        for busy in _BUSY.finditer(rest)
        for span in _SPAN.finditer(busy[0])
    ]
    for avoided in _AVOIDS.finditer(rest):
        for one in _AVOIDED.finditer(avoided[0]):
            taken.append(_avoided(*one.groups()))
    return Constraints(length, days, opens, closes, tuple(taken), bool(_EARLIEST.search(rest)))


def slot(answer: str) -> Slot | None:
    """Return the first time of a day that an answer proposes, or None."""
    found = _SLOT.search(answer[:_LONGEST])
    if found is None:
        return None
    return Slot(found[1], _minutes(found[2], found[3]), _minutes(found[4], found[5]))


def faults(prompt: str, answer: str) -> list[str] | None:
    """Return what is wrong with the proposed time; [] if it is valid, None if the prompt is of another kind."""
    asked = constraints(prompt)
    if asked is None:
        return None
    given = slot(answer)
    if given is None:
        return ["no time such as 'Monday, 10:00 - 10:30' is proposed"]
    found = _conflicts(asked, given)
    if not found and asked.earliest:
        first = _first(asked)
        if first is not None and (_DAYS.index(first.day), first.start) < (
            _DAYS.index(given.day),
            given.start,
        ):
            found.append(f"{first.day}, {_clock(first.start)} would be earlier")
    return found


def valid(prompt: str, answer: str) -> bool | None:
    """Return whether the proposed time obeys the prompt; None if the prompt is of another kind."""
    found = faults(prompt, answer)
    return None if found is None else not found


def exact(answer: str, golden: str) -> bool:
    """Return whether the official grader counts the answer: the same day, start and end as the golden plan.

    Several times may be valid where the golden plan names one, so this is lower than `valid`.
    """
    return _official(answer) == _official(golden)


class CalendarCheck:
    """The proposed time must obey every calendar and wish in the question."""

    name = "calendar"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a verdict, or None if the question is of another kind; conclusive if the answer can be read."""
        found = faults(task.question, solution.answer)
        return verdict(self.name, found, readable=slot(solution.answer) is not None)


def _conflicts(asked: Constraints, given: Slot) -> list[str]:
    found = []
    if given.day not in asked.days:
        found.append(f"{given.day} is not among the days {', '.join(asked.days)}")
    if given.end - given.start != asked.length:
        found.append(f"the meeting lasts {given.end - given.start} minutes instead of {asked.length}")
    if given.start < asked.opens or given.end > asked.closes:
        found.append("it is outside the work hours")
    for other in asked.taken:
        if other.day == given.day and given.start < other.end and other.start < given.end:
            found.append(f"{other.day} {_clock(other.start)} to {_clock(other.end)} is taken")
    return found


def _first(asked: Constraints) -> Slot | None:
    """Return the earliest slot without conflicts; it begins with the work hours or where something ends."""
    for day in asked.days:
        starts = {asked.opens, *(other.end for other in asked.taken if other.day == day)}
        for start in sorted(starts):
            candidate = Slot(day, start, start + asked.length)
            if not _conflicts(asked, candidate):
                return candidate
    return None


def _avoided(day: str, side: str | None, hour: str | None, minute: str | None) -> Slot:
    if side is None or hour is None or minute is None:
        return Slot(day, 0, 24 * 60)
    at = _minutes(hour, minute)
    return Slot(day, 0, at) if side == "before" else Slot(day, at, 24 * 60)


def _length(text: str) -> int | None:
    minutes = re.fullmatch(r"(\d{1,3}) minutes", text)
    return int(minutes[1]) if minutes else _LENGTHS.get(text)


def _minutes(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute)


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def _official(text: str) -> tuple[str, float, float]:
    found = _OFFICIAL.search(text)
    if found is None:
        return "", -1.0, -1.0
    day, hours = found[0].split(",")
    start, end = hours.split("-")
    return day.strip(), _half_hours(start.strip()), _half_hours(end.strip())


def _half_hours(text: str) -> float:
    # The official grader knows full and half hours only.
    hour, minute = text.split(":")
    return float(hour) + (0.5 if minute == "30" else 0.0)
