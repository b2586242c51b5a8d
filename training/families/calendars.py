"""Calendar facts and texts shared by the date questions; small enough for a model to work by hand."""

from __future__ import annotations

import random

from training.families.common import between, pick

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTH_CODES = (0, 3, 3, 6, 1, 4, 6, 2, 5, 0, 3, 5)

Day = tuple[int, int, int]
"""Year, month 1..12, day."""


def leap(year: int) -> bool:
    """Return whether a year has a February 29."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def length(year: int, month: int) -> int:
    """Return the days of a month."""
    if month == 2:
        return 29 if leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def random_day(rng: random.Random) -> Day:
    """Return a date that people ask about."""
    year = between(rng, 2000, 2035) if rng.random() < 0.85 else between(rng, 1950, 1999)
    month = between(rng, 1, 12)
    return year, month, between(rng, 1, length(year, month))


def show(day: Day, style: int) -> str:
    """Return the text of a date: 0 March 5, 2024; 1 5 March 2024; 2 2024-03-05."""
    year, month, number = day
    if style == 0:
        return f"{MONTHS[month - 1]} {number}, {year}"
    if style == 1:
        return f"{number} {MONTHS[month - 1]} {year}"
    return f"{year}-{month:02d}-{number:02d}"


def style(rng: random.Random) -> int:
    """Return a date style."""
    return pick(rng, (0, 0, 0, 1, 2))


def next_month(year: int, month: int) -> tuple[int, int]:
    """Return the month after."""
    return (year, month + 1) if month < 12 else (year + 1, 1)


def last_month(year: int, month: int) -> tuple[int, int]:
    """Return the month before."""
    return (year, month - 1) if month > 1 else (year - 1, 12)


def shift(day: Day, days: int, form: int) -> tuple[Day, list[str]]:
    """Return the date some days later (or earlier, if negative) and the worked lines, month by month."""
    year, month, number = day
    lines = []
    total = number + days
    sign = "+" if days >= 0 else "-"
    text = f"{number}{sign}{abs(days)}={total}"
    while not 1 <= total <= length(year, month):
        if total > 0:
            size = length(year, month)
            following = next_month(year, month)
            lines.append(f"{text}, {MONTHS[month - 1]} has {size} days")
            text = f"{total}-{size}={total - size}"
            total -= size
            year, month = following
        else:
            year, month = last_month(year, month)
            size = length(year, month)
            lines.append(f"{text}, {MONTHS[month - 1]} has {size} days")
            text = f"{total}+{size}={total + size}"
            total += size
    after = (year, month, total)
    lines.append(f"{text} -> {show(after, form)}")
    return after, lines


def weekday(day: Day) -> tuple[int, list[str]]:
    """Return the weekday (0 is Sunday) and the worked lines of the month-code method."""
    year, month, number = day
    short, century = year % 100, 6 if year >= 2000 else 0
    code = MONTH_CODES[month - 1]
    lines = [f"year: {short} div 4 = {short // 4}, {short}+{short // 4}={short + short // 4}"]
    total = short + short // 4
    lines.append(f"{MONTHS[month - 1]}: {total}+{code}={total + code}")
    total += code
    lines.append(f"day: {total}+{number}={total + number}")
    total += number
    if century:
        lines.append(f"century: {total}+6={total + 6}")
        total += 6
    if month <= 2 and leap(year):
        lines.append(f"leap year: {total}-1={total - 1}")
        total -= 1
    rest = total % 7
    lines.append(f"{total}-{total - rest}={rest} -> {WEEKDAYS[rest]}")
    return rest, lines


def clock(minutes: int, form: int) -> str:
    """Return a time of day: 0 14:05; 1 2:05 PM; 2 09:05 (two digits)."""
    minutes %= 1440
    hour, minute = divmod(minutes, 60)
    if form == 1:
        return f"{(hour + 11) % 12 + 1}:{minute:02d} {'AM' if hour < 12 else 'PM'}"
    return f"{hour:02d}:{minute:02d}" if form == 2 else f"{hour}:{minute:02d}"


def span(minutes: int) -> str:
    """Return the canonical text of a duration."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def say_span(rng: random.Random, minutes: int) -> str:
    """Return a duration the way people write it."""
    hours, rest = divmod(minutes, 60)
    if not hours or (hours < 3 and rng.random() < 0.15):
        return pick(rng, (f"{minutes} minutes", f"{minutes} minutes", f"{minutes} min"))
    unit = "hour" if hours == 1 else "hours"
    if not rest:
        return pick(rng, (f"{hours} {unit}", f"{hours} h"))
    return pick(rng, (f"{hours} h {rest} min", f"{hours} {unit} and {rest} minutes", f"{hours} {unit} {rest} minutes",
                      f"{hours}h {rest}min", f"{hours} {unit} {rest} min"))  # fmt: skip


def add_clock(start: int, minutes: int, form: int) -> tuple[int, str]:
    """Return the time after a duration (negative: before) and the worked line."""
    back = minutes < 0
    hours, rest = divmod(abs(minutes), 60)
    hour, minute = divmod(start, 60)
    parts = []
    carry = 0
    sign = "-" if back else "+"
    moved = minute - rest if back else minute + rest
    if rest:
        parts.append(f"{minute}{sign}{rest}={moved}")
        if moved >= 60:
            parts.append(f"{moved}-60={moved - 60}")
            carry = 1
        elif moved < 0:
            parts.append(f"{moved}+60={moved + 60}")
            carry = 1
    if hours or carry:
        change = f"{sign}{hours}" if hours else ""
        change += f"{sign}1" if carry else ""
        result = hour - hours - carry if back else hour + hours + carry
        parts.append(f"{hour}{change}={result}")
        if result >= 24:
            parts.append(f"{result}-24={result - 24}")
        elif result < 0:
            parts.append(f"{result}+24={result + 24}")
    after = (start + minutes) % 1440
    return after, f"{', '.join(parts)} -> {clock(after, form)}"
