"""A trip through several cities on direct flights, as NATURAL PLAN words it.

Source: Zheng et al. 2024, "NATURAL PLAN: Benchmarking LLMs on Natural Language Planning", arXiv 2406.04520.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from agot.thought import Solution, Task, Verdict
from agot.verifiers.planning.report import verdict

_LONGEST = 40_000
_CITY = r"([A-Z][\w'’-]{0,30}(?: [A-Z][\w'’-]{0,30}){0,2})"
_TOTAL = re.compile(r"visit (\d{1,3}) European cities for (\d{1,3}) days in total")
_STAYS = (
    re.compile(rf"(?:stay in|visit) {_CITY} for (\d{{1,3}}) days?"),
    re.compile(rf"spend (\d{{1,3}}) days? in {_CITY}"),
)
_EVENTS = (
    re.compile(rf"(?:in|at) {_CITY} between day (\d{{1,3}}) and day (\d{{1,3}})"),
    re.compile(r"(?:During|From) day (\d{1,3}) (?:and|to) day (\d{1,3}),[^.\n]{0,80} in " + _CITY),
)
_MEETING = re.compile(r"\bmeet (?:a friend|your friends)\b")
_SENTENCE = re.compile(r"(?<=\.)\s+")
_FLIGHT = re.compile(rf"(from )?{_CITY} (?:and|to) {_CITY}(?=[,.\n]|$)")
_VISIT = re.compile(
    r"Day (\d{1,3})(?:(-)(\d{1,3}))?:?\*{0,2}:? *"
    rf"(?:[Vv]isit(?:ing)?|[Ss]tay(?:ing)? in|[Ee]xplor(?:e|ing)|(?(2)[Aa]rriv(?:e|ing) (?:in|at)|[Vv]isit)) {_CITY}"
)
_FLY = re.compile(rf"Day (\d{{1,3}}):?\*{{0,2}}:? *Fly from {_CITY} to {_CITY}")
_OFFICIAL_VISIT = re.compile(r"\d+-\d+")
_OFFICIAL_FLIGHT = re.compile(r"Day (\d+)[^\n]{0,200}?from (\w+) to (\w+)")
_OFFICIAL_DAYS = re.compile(r"European cities for (\d+) days")


@dataclass(frozen=True)
class Event:
    """Something in a city on days `first` to `last`; a wedding lasts all of them, a friend is met on one."""

    city: str
    first: int
    last: int
    all_days: bool


@dataclass(frozen=True)
class Trip:
    """What the prompt says.

    Attributes:
        days: Length of the trip; the day of a flight counts for both cities.
        stays: Days in each city.
        flights: Pairs of cities, in the direction of a direct flight.
    """

    days: int
    stays: dict[str, int]
    events: tuple[Event, ...]
    flights: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Visit:
    """A stay from day `first` to day `last`, both counted."""

    city: str
    first: int
    last: int


def trip(prompt: str) -> Trip | None:
    """Return what the last task in a prompt says, or None if it is not of this kind or cannot be read whole."""
    if len(prompt) > _LONGEST:
        return None
    totals = list(_TOTAL.finditer(prompt))
    if not totals or "direct flights:" not in prompt[totals[-1].start() :]:
        return None
    text = prompt[totals[-1].start() :]
    wishes, _, rest = text.partition("direct flights:")
    stays = {found[1]: int(found[2]) for found in _STAYS[0].finditer(wishes)}
    stays |= {found[2]: int(found[1]) for found in _STAYS[1].finditer(wishes)}
    events: list[Event] = []
    for sentence in _SENTENCE.split(wishes):
        found_here = _events(sentence)
        known = found_here or any(pattern.search(sentence) for pattern in (_TOTAL, *_STAYS))
        if not known and re.search(r"\d", sentence):
            return None
        events.extend(found_here)
    flights: set[tuple[str, str]] = set()
    for found in _FLIGHT.finditer(rest.strip().split("\n\n")[0]):
        flights.add((found[2], found[3]))
        if not found[1]:
            flights.add((found[3], found[2]))
    if len(stays) != int(totals[-1][1]):
        return None
    return Trip(int(totals[-1][2]), stays, tuple(events), frozenset(flights))


def _events(sentence: str) -> list[Event]:
    all_days = not _MEETING.search(sentence)
    found = [(one[1], int(one[2]), int(one[3])) for one in _EVENTS[0].finditer(sentence)]
    found += [(one[3], int(one[1]), int(one[2])) for one in _EVENTS[1].finditer(sentence)]
    return [Event(city, first, last, all_days) for city, first, last in found]


def visits(answer: str) -> list[Visit]:
    """Return the stays that an answer plans, in its order."""
    return [Visit(one[4], int(one[1]), int(one[3] or one[1])) for one in _VISIT.finditer(answer[:_LONGEST])]


def faults(prompt: str, answer: str) -> list[str] | None:
    """Return what is wrong with the plan; [] if it is valid, None if the prompt is of another kind."""
    asked = trip(prompt)
    if asked is None:
        return None
    plan = visits(answer)
    if not plan:
        return ["there are no stays such as '**Day 1-3:** Visit Rome for 3 days.'"]
    found = _order_faults(asked, plan) + _flight_faults(answer, plan)
    for city, days in asked.stays.items():
        spent = [visit.last - visit.first + 1 for visit in plan if visit.city == city]
        if spent != [days]:
            found.append(f"{city} is to be visited once for {days} days, not for {spent or 'none'}")
    found.extend(f"{visit.city} was not asked for" for visit in plan if visit.city not in asked.stays)
    for event in asked.events:
        if not any(_holds(event, visit) for visit in plan):
            found.append(f"one is to be in {event.city} between day {event.first} and day {event.last}")
    return found


def valid(prompt: str, answer: str) -> bool | None:
    """Return whether the plan obeys the prompt; None if the prompt is of another kind."""
    found = faults(prompt, answer)
    return None if found is None else not found


def exact(answer: str, golden: str) -> bool:
    """Return whether the official grader counts the answer: the cities and days of the golden plan, in its order."""
    wanted = _official(golden)
    return bool(wanted) and _official(answer)[: len(wanted)] == wanted


class TripCheck:
    """The plan must fill the days, keep the stays and appointments, and take direct flights only."""

    name = "trip"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a verdict, or None if the question is of another kind; conclusive if the answer can be read."""
        found = faults(task.question, solution.answer)
        return verdict(self.name, found, readable=bool(visits(solution.answer)))


def _holds(event: Event, visit: Visit) -> bool:
    if visit.city != event.city:
        return False
    if event.all_days:
        return visit.first <= event.first and event.last <= visit.last
    return visit.first <= event.last and event.first <= visit.last


def _order_faults(asked: Trip, plan: list[Visit]) -> list[str]:
    found = []
    if plan[0].first != 1 or plan[-1].last != asked.days:
        found.append(f"the trip is from day 1 to day {asked.days}")
    for before, after in pairwise(plan):
        if after.first != before.last:
            found.append(
                f"{after.city} begins on day {after.first}, but {before.city} ends on day {before.last}"
            )
        if (before.city, after.city) not in asked.flights:
            found.append(f"there is no direct flight from {before.city} to {after.city}")
    return found


def _flight_faults(answer: str, plan: list[Visit]) -> list[str]:
    """Return the flights written down that do not fit the stays; leaving flights out is no fault."""
    flights = [(int(one[1]), one[2], one[3]) for one in _FLY.finditer(answer[:_LONGEST])]
    planned = {(before.last, before.city, after.city) for before, after in pairwise(plan)}
    return [
        f"the flight from {origin} to {city} on day {on} does not fit the stays"
        for on, origin, city in flights
        if (on, origin, city) not in planned
    ]


def _official(text: str) -> list[tuple[str, int]]:
    """Return cities and days as the official grader reads them, which trusts the flights rather than the stays."""
    days, flights, total = [], [], None
    for line in text[:_LONGEST].split("\n"):
        if stated := _OFFICIAL_DAYS.findall(line):
            total = int(stated[0])
        if ranges := _OFFICIAL_VISIT.findall(line):
            days.append(ranges[0])
            if int(ranges[0].split("-")[1]) == total:
                break
        if found := _OFFICIAL_FLIGHT.findall(line):
            flights.append(found[-1])
    if not days or not flights:
        return []
    cities = [flights[0][1], *(flight[2] for flight in flights)]
    bounds = [1, *(int(flight[0]) for flight in flights), int(days[-1].split("-")[1])]
    return [(city, bounds[place + 1] - bounds[place] + 1) for place, city in enumerate(cities)]
