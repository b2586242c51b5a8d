"""Meeting as many friends as possible in one day across a city, as NATURAL PLAN words it.

Source: Zheng et al. 2024, "NATURAL PLAN: Benchmarking LLMs on Natural Language Planning", arXiv 2406.04520.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from agot.thought import Solution, Task, Verdict
from agot.verifiers.planning.report import verdict

_LONGEST = 40_000
_MOST_STATES = 200_000
_PLACE = r"[A-Z][\w'’. -]{0,40}?"
_NAME = r"[A-Z][\w'’-]{0,30}"
_CLOCK = r"(\d{1,2}):(\d{2}) ?([AaPp])\.?[Mm]\.?"
_DISTANCE = re.compile(rf"^({_PLACE}) to ({_PLACE}): (\d{{1,4}})\.?$", re.MULTILINE)
_ARRIVAL = re.compile(rf"You arrive at ({_PLACE}) at {_CLOCK}")
_FRIEND = re.compile(
    rf"({_NAME}) will be at ({_PLACE}) from {_CLOCK} to {_CLOCK}\. "
    rf"You'd like to meet ({_NAME}) for a minimum of (\d{{1,4}}) minutes"
)
_STEP = re.compile(r"You (?:start|travel|wait|meet)\b")
_LONGEST_STEP = 300
_START = re.compile(rf"You start at ({_PLACE}) at {_CLOCK}")
_TRAVEL = re.compile(
    rf"You travel (?:from {_PLACE} )?to ({_PLACE})(?: in (\d{{1,4}}) minutes)?(?: and arrive at {_CLOCK})?(?=\.|$)"
)
_WAIT = re.compile(rf"You wait until {_CLOCK}")
_MEET = re.compile(rf"You meet ({_NAME}) for (\d{{1,4}}) minutes(?: from {_CLOCK} to {_CLOCK})?")


@dataclass(frozen=True)
class Friend:
    """Where and when someone can be met; minutes after midnight."""

    place: str
    start: int
    end: int
    minutes: int


@dataclass(frozen=True)
class Day:
    """What the prompt says.

    Attributes:
        start: The place of arrival.
        at: Time of arrival, in minutes after midnight.
        friends: By name.
        minutes: Of travel, by origin and destination.
    """

    start: str
    at: int
    friends: dict[str, Friend]
    minutes: dict[tuple[str, str], int]


@dataclass
class _Walk:
    """Where one is while a plan is carried out."""

    place: str
    at: int
    met: list[str] = field(default_factory=list)


class _Fault(ValueError):
    """A step that cannot be carried out."""


def day(prompt: str) -> Day | None:
    """Return what the last task in a prompt says, or None if it is not of this kind."""
    if len(prompt) > _LONGEST:
        return None
    text = prompt[max(0, prompt.rfind("Travel distances")) :]
    arrival = _ARRIVAL.search(text)
    if arrival is None:
        return None
    friends = {
        found[1]: Friend(
            found[2], _minutes(*found.group(3, 4, 5)), _minutes(*found.group(6, 7, 8)), int(found[10])
        )
        for found in _FRIEND.finditer(text)
        if found[1] == found[9]
    }
    if not friends or len(friends) != len(re.findall(r" will be at ", text)):
        return None
    minutes = {(found[1], found[2]): int(found[3]) for found in _DISTANCE.finditer(text)}
    return Day(arrival[1], _minutes(*arrival.group(2, 3, 4)), friends, minutes)


def steps(answer: str) -> list[str]:
    """Return the steps of a plan, without what stands around them."""
    text = answer[:_LONGEST]
    starts = [found.start() for found in _STEP.finditer(text)]
    return [
        text[start:end].partition("\n")[0].strip()[:_LONGEST_STEP]
        for start, end in pairwise([*starts, len(text)])
    ]


def met(prompt: str, answer: str) -> int | None:
    """Return how many friends the plan meets before its first impossible step; None for another kind of prompt."""
    asked = day(prompt)
    return None if asked is None else len(_walk(asked, answer)[0])


def faults(prompt: str, answer: str) -> list[str] | None:
    """Return what is wrong with the plan; [] if every step is possible and nobody is missed needlessly.

    Returns:
        None if the prompt is of another kind, or has too many friends to find the most that can be met.
    """
    asked = day(prompt)
    if asked is None:
        return None
    people, fault = _walk(asked, answer)
    if fault:
        return [fault]
    best = most(asked)
    if best is None:
        return None
    return [] if len(people) == best else [f"it meets {len(people)} friends, but {best} can be met"]


def valid(prompt: str, answer: str) -> bool | None:
    """Return whether the plan is possible and meets as many friends as can be met; None as in `faults`."""
    found = faults(prompt, answer)
    return None if found is None else not found


def exact(prompt: str, answer: str, golden: str) -> bool | None:
    """Return whether the official grader counts the answer: it meets as many friends as the golden plan.

    The official grader counts meetings up to the first impossible step and overlooks what comes after it.
    None if the prompt is of another kind.
    """
    given, wanted = met(prompt, answer), met(prompt, golden)
    return None if given is None or wanted is None else given == wanted


class MeetingCheck:
    """Every step of the plan must be possible, and no better plan may exist."""

    name = "meetings"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a verdict, or None if the question is of another kind; conclusive if the answer can be read."""
        found = faults(task.question, solution.answer)
        return verdict(self.name, found, readable=bool(steps(solution.answer)))


def most(asked: Day) -> int | None:
    """Return how many friends can be met at most, or None if there are too many to tell.

    Of all orders in which the same friends are met, ending with the same one, only the fastest matters
    (Held & Karp 1962).
    """
    earliest: dict[tuple[frozenset[str], str], int] = {(frozenset(), asked.start): asked.at}
    best, seen = 0, 0
    while earliest:
        following: dict[tuple[frozenset[str], str], int] = {}
        for (people, place), at in earliest.items():
            best = max(best, len(people))
            for name, friend in asked.friends.items():
                seen += 1
                end = None if name in people else _meet(asked, friend, place, at)
                if end is not None:
                    key = (people | {name}, friend.place)
                    following[key] = min(end, following.get(key, end))
        if seen > _MOST_STATES:
            return None
        earliest = following
    return best


def _meet(asked: Day, friend: Friend, place: str, at: int) -> int | None:
    travel = 0 if place == friend.place else asked.minutes.get((place, friend.place))
    if travel is None:
        return None
    end = max(at + travel, friend.start) + friend.minutes
    return end if end <= friend.end else None


def _walk(asked: Day, answer: str) -> tuple[list[str], str]:
    """Carry out a plan; return whom it meets, and the first step that is impossible."""
    walk, plan = _Walk(asked.start, asked.at), steps(answer)
    if not plan:
        return [], "there are no steps such as 'You meet Ann for 30 minutes from 9:00AM to 9:30AM.'"
    for step in plan:
        try:
            _take(asked, walk, step)
        except _Fault as fault:
            return walk.met, f"{step!r}: {fault}"
    return walk.met, ""


def _take(asked: Day, walk: _Walk, step: str) -> None:
    if found := _START.match(step):
        if (found[1], _minutes(*found.group(2, 3, 4))) != (asked.start, asked.at) or walk.met:
            raise _Fault(f"the day starts at {asked.start}")
    elif found := _TRAVEL.match(step):
        travel = asked.minutes.get((walk.place, found[1]))
        if travel is None:
            raise _Fault(f"there is no way from {walk.place} to {found[1]}")
        if found[2] and int(found[2]) != travel:
            raise _Fault(f"it takes {travel} minutes")
        walk.place, walk.at = found[1], walk.at + travel
        if found[3] and _minutes(*found.group(3, 4, 5)) != walk.at:
            raise _Fault(f"one arrives at {_clock(walk.at)}")
    elif found := _WAIT.match(step):
        until = _minutes(*found.group(1, 2, 3))
        if until < walk.at:
            raise _Fault(f"it is {_clock(walk.at)} already")
        walk.at = until
    elif found := _MEET.match(step):
        _take_meeting(asked, walk, found)
    else:
        raise _Fault("the step is of no known form")


def _take_meeting(asked: Day, walk: _Walk, found: re.Match[str]) -> None:
    name, minutes = found[1], int(found[2])
    friend = asked.friends.get(name)
    if not found[3] and found.string[found.end() :].startswith(" from "):
        raise _Fault("the times of the meeting must be such as 'from 9:00AM to 9:30AM'")
    if friend is None or name in walk.met:
        raise _Fault(f"{name} is met already" if friend else f"nobody knows {name}")
    start = _minutes(*found.group(3, 4, 5)) if found[3] else walk.at
    end = _minutes(*found.group(6, 7, 8)) if found[3] else walk.at + minutes
    if start != walk.at or end - start != minutes:
        raise _Fault(f"it is {_clock(walk.at)}, and {minutes} minutes later {_clock(walk.at + minutes)}")
    if minutes < friend.minutes:
        raise _Fault(f"{name} is to be met for {friend.minutes} minutes")
    if walk.place != friend.place or start < friend.start or end > friend.end:
        raise _Fault(f"{name} is at {friend.place} from {_clock(friend.start)} to {_clock(friend.end)}")
    walk.at = end
    walk.met.append(name)


def _minutes(hour: str, minute: str, half: str) -> int:
    return int(hour) % 12 * 60 + int(minute) + (12 * 60 if half in "pP" else 0)


def _clock(minutes: int) -> str:
    return f"{(minutes // 60 - 1) % 12 + 1}:{minutes % 60:02}{'PM' if minutes % 1440 >= 720 else 'AM'}"
