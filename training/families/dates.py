"""Dates, weekdays, clock times and durations, worked month by month, by mod 7 and by carrying minutes."""

from __future__ import annotations

import random

from training.example import Problem
from training.families import calendars as c
from training.families.common import Planned, Script, between, build, capital, casual, pick, uncapital
from training.families.words import NAMES

_AFTER = (
    "What date is {n} days after {d}?", "What is the date {n} days after {d}?", "what date comes {n} days after {d}",
    "Add {n} days to {d}.", "What day is it {n} days from {d}?", "Which date is {n} days later than {d}?",
    "If today is {d}, what is the date in {n} days?", "Today is {d}. What will the date be in {n} days?",
    "{d} plus {n} days", "A project starts on {d} and takes {n} days. On which date does it end?",
)  # fmt: skip
_BEFORE = (
    "What date is {n} days before {d}?", "What was the date {n} days before {d}?", "Subtract {n} days from {d}.",
    "If today is {d}, what was the date {n} days ago?", "{d} minus {n} days", "Which date is {n} days earlier than {d}?",
)  # fmt: skip
_WEEKS = ("What date is {n} weeks after {d}?", "Add {n} weeks to {d}.", "If today is {d}, what is the date in {n} weeks?",
          "Today is {d}. Which date is it in {n} weeks?")  # fmt: skip
_MONTHS = ("What date is {n} months after {d}?", "Add {n} months to {d}.", "{n} months after {d} is which date?",
           "If today is {d}, what is the date in {n} months?")  # fmt: skip
_WEEKDAY = (
    "What day of the week is {d}?", "What day of the week was {d}?", "Which weekday is {d}?", "What weekday was {d}?",
    "on which day of the week does {d} fall", "What day of the week was {d}? Write out the full weekday name.",
    "Find the weekday of {d}.", "{d} is which day of the week?",
)  # fmt: skip
_FROM = (
    "Today is {w}. What day will it be in {n} days?", "If today is {w}, what day of the week is it in {n} days?",
    "What day of the week is {n} days after {w}?", "it's {w} today, which day is it in {n} days",
    "Today is {w}. Which weekday comes {n} days later?", "If it is {w} now, what day is it {n} days from now?",
)  # fmt: skip
_AGO = ("Today is {w}. What day was it {n} days ago?", "What day of the week was {n} days before {w}?",
        "If today is {w}, which weekday was it {n} days ago?")  # fmt: skip
_BETWEEN = (
    "How many days are there between {d} and {e}?", "How many days are there from {d} to {e}?",
    "How many days from {d} until {e}?", "how many days between {d} and {e}", "Count the days from {d} to {e}.",
    "What is the number of days between {d} and {e}?", "How many days pass from {d} to {e}?",
)  # fmt: skip
_LEAVES = (
    "A train leaves at {t} and takes {s}. When does it arrive?", "A bus leaves at {t}. The trip takes {s}. What time does it arrive?",
    "What time is it {s} after {t}?", "A movie starts at {t} and lasts {s}. When does it end?", "{t} plus {s}",
    "It is {t} now. What time will it be in {s}?", "a flight departs at {t} and takes {s}, when does it land?",
    "{N} starts working at {t} and works for {s}. When does {N} finish?", "Add {s} to {t}.", "A class begins at {t} and lasts {s}. When is it over?",
)  # fmt: skip
_EARLIER = ("What time was it {s} before {t}?", "It is {t} now. What time was it {s} ago?", "Subtract {s} from {t}.",
            "A train arrives at {t} after a trip of {s}. When did it leave?", "{N} must be there at {t} and needs {s}. When must {N} leave?")  # fmt: skip
_LASTS = (
    "How much time passes between {t} and {u}?", "How long is it from {t} to {u}?", "A shop opens at {t} and closes at {u}. How long is it open?",
    "A train leaves at {t} and arrives at {u}. How long is the trip?", "What is the difference between {t} and {u}?",
    "How much time is there from {t} until {u}?", "A system backup started at {t} and completed at {u}. What was the total backup duration?",
    "how long from {t} to {u}", "A meeting starts at {t} and ends at {u}. How long does it last?",
    "{N} slept from {t} to {u}. How long did {N} sleep?",
)  # fmt: skip
_SUMS = ("How long are {l} together?", "What is {l} in total?", "Add up these durations: {l}.", "What is the sum of {l}?",
         "{N} works {l}. How long is that in total?", "Find the total of {l}.")  # fmt: skip
_CONVERT = ("How many hours and minutes are {n} minutes?", "Convert {n} minutes to hours and minutes.",
            "What is {n} minutes in hours and minutes?", "{n} minutes in hours", "how many hours is {n} minutes")  # fmt: skip
_MINUTES = (
    "How many minutes are {s}?",
    "Convert {s} to minutes.",
    "What is {s} in minutes?",
    "how many minutes in {s}",
)
_RELATIVE = (
    ("If yesterday was {w}, what day is tomorrow?", 2), ("If tomorrow is {w}, what day was yesterday?", -2),
    ("If tomorrow is {w}, what day is today?", -1), ("If yesterday was {w}, what day is it today?", 1),
    ("If the day after tomorrow is {w}, what day is today?", -2), ("Yesterday was {w}. What day is it tomorrow?", 2),
    ("What day comes after {w}?", 1), ("Which day comes before {w}?", -1),
)  # fmt: skip


def _make(question: str, steps: list[str], answer: str, operations: int = 0) -> Planned:
    return Planned(family="dates", question=question, answer=answer, steps=tuple(steps),
                   operations=operations or len(steps))  # fmt: skip


def _shift_days(rng: random.Random, operations: int) -> Problem:
    day, form = c.random_day(rng), c.style(rng)
    days = between(rng, 1, 27) if operations == 1 else between(rng, 25, 29 * min(operations - 1, 5) + 10)
    if operations == 2 and rng.random() < 0.35:
        weeks = between(rng, 1, 9)
        _, lines = c.shift(day, weeks * 7, form)
        lines.insert(0, f"{weeks}*7={weeks * 7}")
        template, days = pick(rng, _WEEKS), weeks
    elif rng.random() < 0.3:
        _, lines = c.shift(day, -days, form)
        template = pick(rng, _BEFORE)
    else:
        _, lines = c.shift(day, days, form)
        template = pick(rng, _AFTER)
    question = casual(rng, template.replace("{n}", str(days)).replace("{d}", c.show(day, form)), prefix=False)
    return _make(question, lines, lines[-1].split(" -> ")[1])


def _months(rng: random.Random) -> Problem:
    year, month, number = c.random_day(rng)
    number, form, n = min(number, 28), c.style(rng), between(rng, 1, 11)
    total = month + n
    after = (year + (total > 12), total - 12 if total > 12 else total, number)
    text = f"month: {month}+{n}={total}" + (f", {total}-12={total - 12}" if total > 12 else "")
    answer = c.show(after, form)
    question = pick(rng, _MONTHS).replace("{n}", str(n)).replace("{d}", c.show((year, month, number), form))
    return _make(casual(rng, question, prefix=False), [f"{text} -> {answer}"], answer)


def _weekday_of(rng: random.Random) -> Problem:
    day = c.random_day(rng)
    number, lines = c.weekday(day)
    question = pick(rng, _WEEKDAY).replace("{d}", c.show(day, c.style(rng)))
    return _make(casual(rng, question, prefix=False), lines, c.WEEKDAYS[number])


def _weekday_from(rng: random.Random, operations: int) -> Problem:
    start = between(rng, 0, 6)
    if operations == 1 and rng.random() < 0.4:
        template, change = pick(rng, _RELATIVE)
        answer = c.WEEKDAYS[(start + change) % 7]
        line = f"{c.WEEKDAYS[start]}{'+' if change > 0 else '-'}{abs(change)} -> {answer}"
        return _make(casual(rng, template.replace("{w}", c.WEEKDAYS[start]), prefix=False), [line], answer)
    n = between(rng, 1, 6) if operations == 1 else between(rng, 7, pick(rng, (30, 100, 400)))
    back = rng.random() < 0.3
    rest = n % 7
    answer = c.WEEKDAYS[(start - rest if back else start + rest) % 7]
    lines = [f"{n}-{n - rest}={rest}"] if n > 6 else []
    lines.append(f"{c.WEEKDAYS[start]}{'-' if back else '+'}{rest} -> {answer}")
    question = pick(rng, _AGO if back else _FROM).replace("{n}", str(n)).replace("{w}", c.WEEKDAYS[start])
    return _make(casual(rng, question, prefix=False), lines, answer)


def _days_between(rng: random.Random, operations: int) -> Problem:
    first, form = c.random_day(rng), c.style(rng)
    year, month, number = first
    if operations == 1:
        other = between(rng, 1, c.length(year, month))
        low, high = min(number, other), max(number, other)
        first, second, lines = (year, month, low), (year, month, high), [f"{high}-{low}={high - low}"]
        answer = high - low
    else:
        crossings = max(1, min(operations // 2, 6))
        rest = c.length(year, month) - number
        lines = [f"{c.MONTHS[month - 1]}: {c.length(year, month)}-{number}={rest}"]
        for index in range(crossings):
            year, month = c.next_month(year, month)
            size = c.length(year, month) if index < crossings - 1 else between(rng, 1, c.length(year, month))
            lines.append(f"{c.MONTHS[month - 1]}: {rest}+{size}={rest + size}")
            rest += size
        second, answer = (year, month, size), rest
    question = pick(rng, _BETWEEN).replace("{d}", c.show(first, form)).replace("{e}", c.show(second, form))
    return _make(casual(rng, question, prefix=False), lines, str(answer))


def _clock(rng: random.Random) -> Problem:
    start, form = between(rng, 0, 287) * 5, int(rng.random() * 3)
    minutes = between(rng, 1, pick(rng, (12, 36, 60, 110))) * 5
    if rng.random() < 0.3:
        start, minutes = between(rng, 0, 1439), between(rng, 3, 500)
    back = rng.random() < 0.25
    after, line = c.add_clock(start, -minutes if back else minutes, form)
    question = (
        pick(rng, _EARLIER if back else _LEAVES)
        .replace("{t}", c.clock(start, form))
        .replace("{N}", pick(rng, NAMES))
    )
    question = casual(rng, question.replace("{s}", c.say_span(rng, minutes)), prefix=False)
    return _make(question, [line], c.clock(after, form))


def _duration(rng: random.Random) -> Problem:
    form = int(rng.random() * 3)
    start = between(rng, 0, 1300)
    end = between(rng, start + 5, min(1439, start + 700))
    hour, minute = divmod(start, 60)
    last_hour, last_minute = divmod(end, 60)
    lines = []
    if last_minute < minute:
        lines.append(f"minutes: {last_minute}+60-{minute}={last_minute + 60 - minute}")
        lines.append(f"hours: {last_hour}-1-{hour}={last_hour - 1 - hour}")
    else:
        lines.append(f"minutes: {last_minute}-{minute}={last_minute - minute}")
        lines.append(f"hours: {last_hour}-{hour}={last_hour - hour}")
    if form == 1 and end >= 780:
        lines.insert(0, f"{c.clock(start, 1)} is {c.clock(start, 0)}, {c.clock(end, 1)} is {c.clock(end, 0)}")
    question = pick(rng, _LASTS).replace("{t}", c.clock(start, form)).replace("{u}", c.clock(end, form))
    return _make(
        casual(rng, question.replace("{N}", pick(rng, NAMES)), prefix=False), lines, c.span(end - start), 2
    )


def _durations(rng: random.Random, operations: int) -> Problem:
    spans = [
        between(rng, 1, 40) * 5 if rng.random() < 0.7 else between(rng, 5, 150) for _ in range(operations + 1)
    ]
    total = spans[0]
    lines = []
    for value in spans[1:]:
        hours, minutes = divmod(total, 60)
        more, rest = divmod(value, 60)
        text = f"{minutes}+{rest}={minutes + rest}"
        carry = minutes + rest >= 60
        if carry:
            text += f", {minutes + rest}-60={minutes + rest - 60}"
        if more or carry:
            text += f", {hours}+{more}{'+1' if carry else ''}={hours + more + carry}"
        total += value
        lines.append(f"{text} -> {c.span(total)}")
    said = [c.span(value) if rng.random() < 0.6 else c.say_span(rng, value) for value in spans]
    listing = ", ".join(said[:-1]) + f" and {said[-1]}"
    question = pick(rng, _SUMS).replace("{l}", listing).replace("{N}", pick(rng, NAMES))
    return _make(casual(rng, question, prefix=False), lines, c.span(total))


def _convert(rng: random.Random) -> Problem:
    minutes = between(rng, 61, 600)
    hours, rest = divmod(minutes, 60)
    if rng.random() < 0.5:
        lines = [f"{hours}*60={hours * 60}", f"{minutes}-{hours * 60}={rest}"]
        question, answer = pick(rng, _CONVERT).replace("{n}", str(minutes)), c.span(minutes)
    else:
        lines = [f"{hours}*60={hours * 60}", f"{hours * 60}+{rest}={minutes}"]
        question, answer = pick(rng, _MINUTES).replace("{s}", f"{hours} h {rest} min"), str(minutes)
    return _make(casual(rng, question), lines, answer, 2)


_PARTS = (
    "The bus takes {s}.", "The train takes {s}.", "{N} waits {s}.", "Then there is a break of {s}.", "The walk takes {s}.",
    "Then {N} works for {s}.", "Lunch takes {s}.", "The flight takes {s}.", "The next meeting lasts {s}.",
    "After that {N} rests for {s}.", "Then comes a talk of {s}.", "The drive takes {s}.", "Add {s}.", "{s} pass.",
)  # fmt: skip
_CLOCK_OPEN = ("{N} starts at {t}.", "A trip starts at {t}.", "The day begins at {t}.", "The time is {t}.", "It is {t}.",
               "Start at {t}.", "The time is {t}.", "{N} leaves home at {t}.", "A conference begins at {t}.")  # fmt: skip
_CLOCK_ASK = ("What time is it now?", "What time is it then?", "When is {N} done?", "What time is it at the end?",
              "At what time does it end?", "what time is it in the end")  # fmt: skip
_FORWARD = ("Go forward {n} days.", "Add {n} days.", "Move {n} days ahead.", "Then add {n} days.", "{n} days pass.",
            "Then {n} more days pass.")  # fmt: skip
_BACK = ("Go back {n} days.", "Subtract {n} days.", "Move {n} days back.", "Then subtract {n} days.")
_FORWARD_WEEK = ("Go forward one week.", "Add a week.", "Then one week passes.")
_BACK_WEEK = ("Go back one week.", "Subtract a week.")
_DATE_OPEN = ("Start on {d}.", "Start with the date {d}.", "The date is {d}.", "Today is {d}.", "Take the date {d}.",
              "A project starts on {d}.")  # fmt: skip
_DATE_ASK = (
    "What is the date now?",
    "What date is it now?",
    "Which date is it then?",
    "What is the final date?",
)
_LAYOUTS = (("", " "), ("", " "), ("", " "), ("N. ", "\n"), ("N) ", "\n"), ("Step N: ", "\n"))


def _running(rng: random.Random, operations: int) -> Problem:
    """Return a schedule or a walk through the calendar, one clause per operation."""
    name = pick(rng, NAMES)
    on_clock = rng.random() < 0.6
    numbering, separator = pick(rng, _LAYOUTS)
    clauses: list[str] = []
    steps: list[tuple[str, ...]] = []
    states: list[str] = []
    form = int(rng.random() * 3) if on_clock else c.style(rng)
    time, day = between(rng, 60, 215) * 5, c.random_day(rng)
    start = c.clock(time, form) if on_clock else c.show(day, form)
    for _ in range(operations):
        if on_clock:
            minutes = between(rng, 1, 24) * 5 if rng.random() < 0.8 else between(rng, 2, 150)
            time, line = c.add_clock(time, minutes, form)
            text = pick(rng, _PARTS).replace("{s}", c.say_span(rng, minutes)).replace("{N}", name)
            states.append(c.clock(time, form))
        else:
            week, back = rng.random() < 0.2, rng.random() < 0.35
            n = 7 if week else between(rng, 1, 27)
            text = pick(
                rng, (_BACK_WEEK if back else _FORWARD_WEEK) if week else (_BACK if back else _FORWARD)
            )
            text = (
                text.replace("{n}", str(n)).replace("1 days", "1 day")
                if n == 1
                else text.replace("{n}", str(n))
            )
            day, lines = c.shift(day, -n if back else n, form)
            line = "; ".join(lines)
            states.append(c.show(day, form))
        clauses.append(capital(text))
        steps.append((line,))
    opening = pick(rng, _CLOCK_OPEN if on_clock else _DATE_OPEN)
    opening = opening.replace("{N}", name).replace("{t}", start).replace("{d}", start)
    ask = pick(rng, _CLOCK_ASK if on_clock else _DATE_ASK).replace("{N}", name)
    if rng.random() < 0.08:
        ask = uncapital(ask).rstrip("?")
    script = Script(
        family="dates", opening=opening, clauses=clauses, steps=steps, costs=[1] * operations, states=states, ask=ask,
        answer=states[-1], restart="The time is #." if on_clock else "The date is #.",
        neutral="What time is it now?" if on_clock else "What is the date now?", numbering=numbering, separator=separator,
    )  # fmt: skip
    return build(script)


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a date or time question of about the given number of operations."""
    chance = rng.random()
    if operations >= 7:
        return _running(rng, operations)
    if operations >= 3:
        if chance < 0.35:
            return _running(rng, operations)
        if chance < 0.5:
            return _durations(rng, operations)
        if chance < 0.65:
            return _days_between(rng, operations)
        return _weekday_of(rng) if chance < 0.82 else _shift_days(rng, operations)
    if chance < 0.2:
        return _clock(rng)
    if chance < 0.35:
        return _duration(rng)
    if chance < 0.5:
        return _weekday_from(rng, operations)
    if chance < 0.62:
        return _days_between(rng, operations)
    if chance < 0.7:
        return _convert(rng)
    if chance < 0.77:
        return _months(rng)
    return _durations(rng, operations) if chance < 0.82 else _shift_days(rng, operations)
