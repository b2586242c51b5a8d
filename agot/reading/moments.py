"""What a date, a time of day or a duration means, in the spellings that people and models use."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

_LONGEST = 80
_MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}  # fmt: skip
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_WEEKDAYS = "mon tues wednes thurs fri satur sun".split()
_WEEKDAY = rf"(?:(?P<weekday>{'|'.join(_WEEKDAYS)})day,? )?"
_DATES = tuple(
    re.compile(_WEEKDAY + wording)
    for wording in (
        rf"{_MONTH} {_DAY},? {_YEAR}",
        rf"{_DAY} (?:of )?{_MONTH},? {_YEAR}",
        rf"{_YEAR},? {_MONTH} {_DAY}",
        rf"{_YEAR}[-/.](?P<month_number>\d{{1,2}})[-/.](?P<day>\d{{1,2}})",
    )
)
_DAYS = tuple(re.compile(wording) for wording in (rf"{_MONTH} {_DAY}", rf"{_DAY} (?:of )?{_MONTH}"))
_LEAP_YEAR = 2000
_NUMERIC = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_CLOCK = re.compile(r"(\d{1,2})(?:([:.h])(\d{2}))?(?::(\d{2}))? ?(?:([ap])\.? ?m\b\.?)?( ?o'?clock| ?h)?")
_SPAN_PART = re.compile(
    r"(\d{1,9}(?:\.\d{1,9})?) ?(w(?:ee)?ks?|d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)\b\.?"
)
_JOINT = re.compile(r",? and |, | ")
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True)
class Moment:
    """A date, a time of day, both, or a duration.

    Attributes:
        kind: What it is; equal only to the same kind. A day is a date without its year.
        values: What it may be: two dates for `3/5/2024`, otherwise one. A day is one of a leap year; times and durations are in seconds.
    """

    kind: Literal["date", "day", "clock", "instant", "span"]
    values: frozenset[object]

    def same(self, other: Moment) -> bool:
        """Return whether both mean one and the same; doubtful spellings must share all readings, or meet a clear one."""
        if self.kind != other.kind:
            return False
        if len(self.values) == len(other.values):
            return self.values == other.values
        return self.values <= other.values or other.values <= self.values


def moment(text: str) -> Moment | None:
    """Return what a date, time of day or duration means, or None if the text is none of them.

    A number without a unit is none. `3/5/2024` may be in March or May; `2:05` is in the morning.
    A date with the wrong weekday is none.
    """
    if len(text) > _LONGEST or not any(character.isdigit() for character in text):
        return _named(text)
    plain = " ".join(text.strip().rstrip(".").casefold().replace("’", "'").split())
    if (dates := _dates(plain)) is not None:
        return Moment("date", frozenset(dates)) if dates else None
    if (days := _days(plain)) is not None:
        return Moment("day", frozenset(days)) if days else None
    if (seconds := _clock(plain)) is not None:
        return Moment("clock", frozenset({seconds}))
    for joint in re.finditer(r"(?<=\d)t(?=\d)|,? at | |, ", plain):
        dates, seconds = _dates(plain[: joint.start()]), _clock(plain[joint.end() :])
        if dates and seconds is not None:
            return Moment("instant", frozenset((date, seconds) for date in dates))
    return _span(plain)


def _named(text: str) -> Moment | None:
    hour = {"noon": 12, "midday": 12, "midnight": 0}.get(text[:_LONGEST].strip(" .").casefold())
    return None if hour is None else Moment("clock", frozenset({hour * 3600}))


def _dates(plain: str) -> list[datetime.date] | None:
    """Return what a date may be, [] for a day that no calendar has, None for anything else."""
    for pattern in _DATES:
        if found := pattern.fullmatch(plain):
            parts = found.groupdict()
            month = parts.get("month_number") or _MONTHS[parts["month"][:3]]
            dates = _existing((int(parts["year"]), int(month), int(parts["day"])))
            named = parts["weekday"]
            return [date for date in dates if named in (None, _WEEKDAYS[date.weekday()])]
    if found := _NUMERIC.fullmatch(plain):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        return _existing((year, first, second), (year, second, first))
    return None


def _days(plain: str) -> list[datetime.date] | None:
    """Return the day that a date without a year is, [] for one that no calendar has, None for anything else."""
    for pattern in _DAYS:
        if found := pattern.fullmatch(plain):
            return _existing((_LEAP_YEAR, _MONTHS[found["month"][:3]], int(found["day"])))
    return None


def _existing(*days: tuple[int, int, int]) -> list[datetime.date]:
    dates: list[datetime.date] = []
    for year, month, day in days:
        try:
            dates.append(datetime.date(year, month, day))
        except ValueError:
            continue
    return dates


def _clock(plain: str) -> int | None:
    found = _CLOCK.fullmatch(plain)
    if found is None:
        return None
    hour, separator, minute, second, half, word = found.groups()
    if not (half or (word and "clock" in word) or (separator and separator != ".")):
        return None  # `14.05` is a number, and `3 h` a duration
    if (
        int(hour) > 24
        or int(minute or 0) > 59
        or int(second or 0) > 59
        or (half and not 1 <= int(hour) <= 12)
    ):
        return None
    hours = int(hour) % 12 + (12 if half == "p" else 0) if half else int(hour) % 24
    return hours * 3600 + int(minute or 0) * 60 + int(second or 0)


def _span(plain: str) -> Moment | None:
    seconds, place, units = Fraction(0), 0, ""
    while place < len(plain):
        found = _SPAN_PART.match(plain, place)
        if found is None:
            return None
        unit = found[2][0]
        if units and "wdhms".find(unit) <= "wdhms".find(units[-1]):
            return None
        if found[2] == "m" and not units:
            return None  # metres
        seconds, units = seconds + Fraction(found[1]) * _SECONDS[unit], units + unit
        place = found.end()
        joint = _JOINT.match(plain, place)
        place = joint.end() if joint and joint.end() < len(plain) else place
    return Moment("span", frozenset({seconds})) if units else None
