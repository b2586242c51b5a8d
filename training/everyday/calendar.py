"""Dates, weekdays and clock times in other words, worked as the dates family works them."""

from __future__ import annotations

from training.everyday.wording import Speaker, Wordings, in_words, nth
from training.everyday.work import Draft
from training.families import calendars as c

_AFTER = Wordings("""
    [What is|What's|What will be] the date {n} after {d}?
    [What|Which] date is {n} after {d}?
    [What|Which] date [is it|comes|will it be] {n} [after|from] {d}?
    Today is {d}. [What|Which] date is it in {n}?
    [If|When] today is {d}, what [is the date|date is it|will the date be] in {n}?
    [Add] {n} to {d}[.|]
    It is {d} [today|now]. What will the date be in {n}?
    {N} [leaves|starts a trip|starts a course|goes on vacation] on {d} [for|and returns after] {n}. On [what|which] date does {N} [return|come back|finish]?
    A [package|book|letter|course|project|trip] [is due|arrives|ends|is over] {n} after {d}. [What|Which] date is that?
    {n} after {d} is [what|which] date?
    {n} from {d}?
    [Count|Go] {n} forward from {d}. Which date is it?
    Which day is it {n} later than {d}?
    {N}'s [exam|birthday|visit] is {n} after {d}. When is it?
""")
_BEFORE = Wordings("""
    [What is|What's|What was] the date {n} before {d}?
    [What|Which] date [is|was] {n} before {d}?
    Today is {d}. [What|Which] date was it {n} ago?
    [If|When] today is {d}, what [was the date|date was it] {n} ago?
    [Subtract] {n} from {d}[.|]
    {N} [ordered|planted|sent] something {n} before {d}. On [what|which] date was that?
    {n} before {d} was [what|which] date?
    [Count|Go] {n} back from {d}. Which date is it?
    {N} arrived {n} ago and today is {d}. When did {N} arrive?
""")
_WEEKDAY_IN = Wordings("""
    [Today is|It is|It's] {w} [today|]. [What|Which] day [is it|will it be] in {n}?
    [If|When] today is {w}, [what|which] day [is it|will it be] in {n}?
    [What|Which] day [of the week |]is {n} after [a |]{w}?
    [What|Which] day comes {n} after {w}?
    {n} after {w} is [what|which] day?
    {N} [arrives|comes|starts] on {w} and [leaves|ends] {n} later. On [what|which] day [of the week |]is that?
    [What|Which] weekday is it {n} from {w}?
    The [party|meeting|exam|match] is {n} after {w}. [What|Which] day is [it|that]?
    it is {w} now, what day is it {n} from now
    If it's {w} [today|], what day of the week [is it|will it be] {n} from now?
""")
_WEEKDAY_AGO = Wordings("""
    [Today is|It is|It's] {w} [today|]. [What|Which] day was it {n} ago?
    [If|When] today is {w}, [what|which] day was it {n} ago?
    [What|Which] day [of the week |][is|was] {n} before [a |]{w}?
    [What|Which] day comes {n} before {w}?
    {n} before {w} is [what|which] day?
    [What|Which] weekday was it {n} before {w}?
""")
_NEXT = Wordings("""
    [What|Which] day [comes|is|follows] [right |directly |]after {w}?
    [Today is|It's] {w}. What day is [it |]tomorrow?
    If today is {w}, what [day |]is tomorrow?
    What is the day after {w}?
    [Yesterday was] {w2}. What day is [it |]tomorrow?
    tomorrow's day if today is {w}
""")
_RELATIVE = (
    ("[If today is|Today is|It is] {w}. What day [is|will be|comes] the day after tomorrow?", 2), ("[Today is|It's] {w}. What day was yesterday?", -1),
    ("If today is {w}, what [day |]was [yesterday|it yesterday]?", -1), ("If today is {w}, what [day |]was the day before yesterday?", -2),
    ("If today is {w}, what [day |]is the day after tomorrow?", 2), ("[What|Which] day [comes|is|was] [right |]before {w}?", -1),
    ("If yesterday was {w}, what [day |]is [it |]today?", 1), ("If tomorrow is {w}, what [day |]is [it |]today?", -1),
    ("Tomorrow is {w}. What day is [it |]today?", -1), ("Yesterday was {w}. What day is [it |]today?", 1),
    ("If yesterday was {w}, what [day |]is tomorrow?", 2), ("If tomorrow is {w}, what day was yesterday?", -2),
)  # fmt: skip
_RELATIVES = tuple((Wordings(text), change) for text, change in _RELATIVE)
_WEEKDAY_OF = Wordings("""
    [What|Which] day of the week [is|was|will be] {d}?
    [What|Which] weekday [is|was] {d}?
    On [what|which] day [of the week |]does {d} fall?
    {d}: what day of the week [is|was] [it|that]?
    [What|Which] day [is|was] {d}?
    {N} was born on {d}. [What|Which] day of the week was that?
    [Tell me|Find|Give me] the [day of the week|weekday] [of|for] {d}
    Is {d} a Monday, a Tuesday or what?
    the weekday of {d}
""")
_BETWEEN = Wordings("""
    How many days [are there |are |]between {d} and {e}?
    How many days [are there |is it |]from {d} to {e}?
    How many days [are there |is it |]from {d} until {e}?
    [Count|Find|Calculate] the [number of |]days [between {d} and {e}|from {d} to {e}][.|]
    [It is|Today is] {d}. How many days [are left |is it |]until {e}?
    {N} [leaves|starts] on {d} and [returns|ends|comes back] on {e}. How many days is that?
    A [trip|course|project] runs from {d} to {e}. How many days [is that|does it last]?
    How long is it from {d} to {e} in days?
    days between {d} and {e}
    How many days after {d} is {e}?
""")
_LEAP = Wordings("""
    [Is|Was|Will] {y} [be |]a leap year?
    [Does|Did] {y} have [a leap day|366 days|a February 29]?
    [Tell me whether|Check if|Say if] {y} is a leap year
    {y}: leap year or not?
    leap year {y}?
    Is the year {y} a leap year or not?
""")
_MONTH_DAYS = Wordings("""
    How many days [are in|does|are there in|has] {m} [have|]?
    How many days are there in {m}?
    [What is|Tell me] the number of days in {m}[?|.]
    {m} has how many days?
    how long is {m} in days
    number of days in {m}
""")
_MONTH_AFTER = Wordings("""
    [What|Which] month [comes|is] {n} after {m}?
    [It is|Today is in|We are in] {m}. [What|Which] month is it in {n}?
    [What|Which] month is {n} from {m}?
    {n} after {m} is [what|which] month?
    If it is {m} now, which month is it in {n}?
    [Count|Go] {n} forward from {m}. Which month is it?
""")
_CLOCK = Wordings("""
    [A|The] [film|movie|lesson|meeting|concert|show|class|game] [starts|begins] at {t} and [lasts|takes|goes on for] {s}. When does it end?
    [It is|It's|The time is] {t}. What time [is it|will it be] in {s}?
    What time is it {s} after {t}?
    [A|The] [train|bus|plane|flight|boat] [leaves|departs|starts] at {t} and [needs|takes|travels] {s}. When does it arrive?
    {N} starts [work|cooking|reading|running|homework] at {t} and [needs|works|takes] {s}. At what time [does {N} finish|is {N} done]?
    If it is {t} now, what time will it be in {s}?
    {s} after {t} is what time?
    {N} puts a cake in the oven at {t}. It [bakes|needs] {s}. When is it [ready|done]?
    What time is {s} [later than|past|from] {t}?
    [Add] {s} to {t}[.|]
    {N} goes to bed at {t} and sleeps {s}. When does {N} wake up?
""")
_CLOCK_BACK = Wordings("""
    What time [is|was] it {s} before {t}?
    [It is|It's] {t}. What time was it {s} ago?
    {N} must be [there|at school|at work] at {t} and needs {s}. When must {N} leave?
    [A|The] [film|movie|meeting] ended at {t} and lasted {s}. When did it [start|begin]?
    {s} before {t} is what time?
    [A|The] train arrives at {t} after {s}. When did it leave?
""")
_LASTS = Wordings("""
    How long is it from {t} to {u}?
    [A|The] [film|movie|lesson|meeting|concert|class] [starts|begins] at {t} and ends at {u}. How long [is it|does it last]?
    How much time [is there |passes |]between {t} and {u}?
    {N} [works|studies|sleeps|reads|trains] from {t} to {u}. How long is that?
    [A|The] [train|bus|flight] leaves at {t} and arrives at {u}. How long does [it take|the trip take]?
    [It is|It's] {t}. How long is it until {u}?
    {N} left at {t} and came back at {u}. How long was {N} away?
    [The shop|The museum|A cafe] is open from {t} to {u}. How long is it open?
    time from {t} to {u}
""")


def _date(s: Speaker, day: c.Day, form: int, year: bool) -> str:
    """Return a date as people write it; forms 0 and 1 as in the dates family."""
    y, m, d = day
    month = c.MONTHS[m - 1]
    if form == 2:
        return f"{y}-{m:02d}-{d:02d}"
    if s.chance(0.2):
        month = month[:3] if m != 5 else month
    number = str(d) if s.chance(0.6) else nth(d)
    if form == 0:
        text = f"{month} {number}"
        return f"{text}{s.one((', ', ', ', ' '))}{y}" if year else text
    text = s.one(
        (f"{number} {month}", f"{nth(d)} of {month}", f"the {nth(d)} of {month}", f"{number} {month}")
    )
    return f"{text} {y}" if year else text


def _plain(day: c.Day, form: int, year: bool) -> str:
    if year or form == 2:
        return c.show(day, form)
    return f"{c.MONTHS[day[1] - 1]} {day[2]}" if form == 0 else f"{day[2]} {c.MONTHS[day[1] - 1]}"


def _count(s: Speaker, n: int, unit: str) -> str:
    word = s.n(n)
    return f"{word} {unit}" if n == 1 else f"{word} {unit}s"


def _day(s: Speaker, year: bool) -> c.Day:
    """Return a date; one without a year lies in a year without February 29."""
    y, m, d = c.random_day(s.rng)
    return (y, m, d) if year else (2023, m, min(d, c.length(2023, m)))


def dates(s: Speaker) -> Draft:
    """Return a question about dates."""
    kind, name = s.rng.random(), s.name()
    year = s.chance(0.5)
    form = s.one((0, 0, 0, 1, 1, 2)) if year else s.one((0, 0, 1))
    day = _day(s, year)
    if kind < 0.45:
        if s.chance(0.28):
            weeks = s.between(1, 6)
            n, told, lines = weeks * 7, _count(s, weeks, "week"), [f"{weeks}*7={weeks * 7}"]
            if weeks == 2 and s.chance(0.2):
                told = "a fortnight"
            if weeks == 1 and s.chance(0.5):
                told = s.one(("a week", "one week"))
        else:
            n = s.between(1, s.one((10, 27, 27, 60)))
            told, lines = _count(s, n, "day"), []
        back = s.chance(0.28)
        after, worked = c.shift(day, -n if back else n, 0 if form != 2 else 2)
        if not year and after[0] != day[0]:
            year_text = _plain(after, form, False)
        else:
            year_text = _plain(after, form, year)
        worked = [line.split(" -> ")[0] + (f" -> {year_text}" if " -> " in line else "") for line in worked]
        text = s.say(_BEFORE if back else _AFTER, n=told, d=_date(s, day, form, year), N=name)
        return Draft(text, answer=year_text, closing=(*lines, *worked), complete=False)
    if kind < 0.62:
        number, worked = c.weekday(_day(s, True) if not year else day)
        if not year:
            day = c.random_day(s.rng)
            number, worked = c.weekday(day)
        return Draft(
            s.say(_WEEKDAY_OF, d=_date(s, day, form, True), N=name),
            answer=c.WEEKDAYS[number],
            closing=tuple(worked),
        )
    if kind < 0.82:
        y, m, d = day
        lines = []
        if s.chance(0.45):
            e = s.between(1, c.length(y, m))
            d, e = min(d, e), max(d, e)
            first, second, answer = (y, m, d), (y, m, e), e - d
            lines = [f"{e}-{d}={answer}"]
        else:
            first, rest = day, c.length(y, m) - d
            lines = [f"{c.MONTHS[m - 1]}: {c.length(y, m)}-{d}={rest}"]
            months = s.one((1, 1, 2, 3))
            if not year and m + months > 12:
                return dates(s)
            for index in range(months):
                y, m = c.next_month(y, m)
                size = c.length(y, m) if index < months - 1 else s.between(1, c.length(y, m))
                lines.append(f"{c.MONTHS[m - 1]}: {rest}+{size}={rest + size}")
                rest += size
            second, answer = (y, m, size), rest
        text = s.say(_BETWEEN, d=_date(s, first, form, year), e=_date(s, second, form, year), N=name)
        return Draft(text, answer=str(answer), closing=tuple(lines), complete=False)
    if kind < 0.9:
        y = s.one((1900, 2000, 2100)) if s.chance(0.15) else s.between(1900, 2100)
        if y % 100 == 0:
            line, yes = (
                f"{y} div 100 = {y // 100}, {y // 100} div 4 = {y // 400}, rest {y // 100 % 4}",
                y % 400 == 0,
            )
        else:
            line, yes = f"{y % 100} div 4 = {y % 100 // 4}, rest {y % 4}", y % 4 == 0
        return Draft(s.say(_LEAP, y=y), answer="yes" if yes else "no", closing=(line,))
    if kind < 0.95:
        y, m = s.between(1990, 2040), s.between(1, 12) if s.chance(0.7) else 2
        shown = f"{c.MONTHS[m - 1]} {y}" if m == 2 or s.chance(0.3) else c.MONTHS[m - 1]
        days = str(c.length(y, m))
        lines = [f"{y % 100} div 4 = {y % 100 // 4}, rest {y % 4}"] if m == 2 else []
        return Draft(s.say(_MONTH_DAYS, m=shown), answer=days, closing=(*lines, f"{c.MONTHS[m - 1]}: {days}"))
    m, n = s.between(1, 12), s.between(1, 11)
    total = m + n
    after = c.MONTHS[(total - 1) % 12]
    line = f"month: {m}+{n}={total}" + (f", {total}-12={total - 12}" if total > 12 else "") + f" -> {after}"
    return Draft(
        s.say(_MONTH_AFTER, m=c.MONTHS[m - 1], n=_count(s, n, "month")),
        answer=after,
        closing=(line,),
        complete=False,
    )


def weekdays(s: Speaker) -> Draft:
    """Return a question about days of the week."""
    start, name = s.between(0, 6), s.name()
    w = c.WEEKDAYS[start]
    if s.chance(0.15):
        text = s.say(_NEXT, w=w, w2=c.WEEKDAYS[(start - 1) % 7])
        after = c.WEEKDAYS[(start + 1) % 7]
        change = f"{c.WEEKDAYS[(start - 1) % 7]}+2" if "esterday" in text else f"{w}+1"
        return Draft(text, answer=after, closing=(f"{change} -> {after}",))
    if s.chance(0.22):
        bank, by = s.one(_RELATIVES)
        after = c.WEEKDAYS[(start + by) % 7]
        line = f"{w}{'+' if by > 0 else '-'}{abs(by)} -> {after}"
        return Draft(s.say(bank, w=w), answer=after, closing=(line,))
    n = s.between(1, s.one((6, 6, 12, 30, 100)))
    back = s.chance(0.3)
    weeks = s.chance(0.1)
    told = _count(s, n, "week" if weeks else "day")
    days = n * 7 if weeks else n
    rest = days % 7
    answer = c.WEEKDAYS[(start - rest if back else start + rest) % 7]
    lines = [f"{n}*7={days}"] if weeks else []
    lines += [f"{days}-{days - rest}={rest}"] if days > 6 else []
    lines.append(f"{w}{'-' if back else '+'}{rest} -> {answer}")
    return Draft(
        s.say(_WEEKDAY_AGO if back else _WEEKDAY_IN, n=told, w=w, N=name),
        answer=answer,
        closing=tuple(lines),
        complete=False,
    )


def _clock(s: Speaker, minutes: int, form: int) -> str:
    """Return a time of day as people write it."""
    text = c.clock(minutes, form)
    if form != 1:
        return text
    hour = text.split(":")[0]
    if minutes % 60 == 0 and s.chance(0.5):
        text = f"{hour} {text[-2:]}"
    return (
        text
        if s.chance(0.5)
        else s.one(
            (text.lower(), text.lower().replace(" ", ""), text.replace("AM", "a.m.").replace("PM", "p.m."))
        )
    )


def _span(s: Speaker, minutes: int) -> str:
    if minutes == 30 and s.chance(0.4):
        return "half an hour"
    if minutes == 60 and s.chance(0.4):
        return s.one(("an hour", "one hour"))
    if minutes == 90 and s.chance(0.3):
        return "an hour and a half"
    if minutes % 60 == 0 and s.chance(0.2):
        return f"{in_words(minutes // 60)} hours" if minutes > 60 else "one hour"
    return c.say_span(s.rng, minutes)


def clocks(s: Speaker) -> Draft:
    """Return a question about times of day."""
    form, name = s.one((0, 1, 1, 2)), s.name()
    start = s.between(0, 287) * 5 if s.chance(0.75) else s.between(0, 1439)
    if s.chance(0.25):
        start -= start % 60
    if s.chance(0.65):
        minutes = (
            s.one((15, 20, 30, 45, 60, 90, 120, 180, 10, 25, 50, 150))
            if s.chance(0.5)
            else s.between(1, 60) * 5
        )
        if s.chance(0.12):
            minutes = s.between(3, 300)
        back = s.chance(0.25)
        after, line = c.add_clock(start, -minutes if back else minutes, form)
        text = s.say(_CLOCK_BACK if back else _CLOCK, t=_clock(s, start, form), s=_span(s, minutes), N=name)
        return Draft(text, answer=c.clock(after, form), closing=(line,))
    start = min(start, 1300)
    end = s.between(start + 5, min(1439, start + 700))
    if s.chance(0.6):
        end -= end % 5
    if end <= start:
        end = start + 30
    hour, minute = divmod(start, 60)
    last, more = divmod(end, 60)
    lines = []
    if form == 1 and end >= 780:
        lines.append(f"{c.clock(start, 1)} is {c.clock(start, 0)}, {c.clock(end, 1)} is {c.clock(end, 0)}")
    if more < minute:
        lines += [
            f"minutes: {more}+60-{minute}={more + 60 - minute}",
            f"hours: {last}-1-{hour}={last - 1 - hour}",
        ]
    else:
        lines += [f"minutes: {more}-{minute}={more - minute}", f"hours: {last}-{hour}={last - hour}"]
    text = s.say(_LASTS, t=_clock(s, start, form), u=_clock(s, end, form), N=name)
    return Draft(text, answer=c.span(end - start), closing=tuple(lines))
