"""The tools that come along: arithmetic, dates, programs."""

from __future__ import annotations

import calendar
import datetime
from fractions import Fraction

from agot.errors import ToolError
from agot.reading.expressions import NotArithmetic, value
from agot.sandbox.run import Limits, Ran, run_python
from agot.tools.tool import Tool, tool

_DIGITS = 30
_MOST_MONTHS = 120_000
_MOST_DAYS = 4_000_000


@tool
def calculator(expression: str) -> str:
    """Compute an arithmetic expression exactly: numbers, + - * / **, parentheses.

    Args:
        expression: For instance "(17 + 4) * 3 / 7".
    """
    try:
        result = value(expression)
    except NotArithmetic as error:
        raise ToolError(
            f"This cannot be computed: {error}. Write numbers, + - * / ** and parentheses only, and no division by zero."
        ) from None
    return _number(result)


@tool
def date_difference(first: datetime.date, second: datetime.date) -> str:
    """Count the days from one date to another; negative if the second is earlier.

    Args:
        first: As YYYY-MM-DD.
        second: As YYYY-MM-DD.
    """
    days = (second - first).days
    weeks, rest = divmod(abs(days), 7)
    return f"{days} days ({'-' if days < 0 else ''}{weeks} weeks and {rest} days)"


@tool
def date_add(date: datetime.date, days: int = 0, weeks: int = 0, months: int = 0, years: int = 0) -> str:
    """Add days, weeks, months and years to a date; negative numbers go back.

    Years and months are added first; a day that the new month lacks becomes the month's last.

    Args:
        date: As YYYY-MM-DD.
    """
    if max(abs(months), 12 * abs(years)) > _MOST_MONTHS or max(abs(days), 7 * abs(weeks)) > _MOST_DAYS:
        raise ToolError("This leads out of the calendar, which goes from 0001-01-01 to 9999-12-31.")
    month = date.year * 12 + date.month - 1 + months + 12 * years
    try:
        year, place = divmod(month, 12)
        last = calendar.monthrange(year, place + 1)[1]
        moved = datetime.date(year, place + 1, min(date.day, last)) + datetime.timedelta(
            days=days, weeks=weeks
        )
    except (ValueError, OverflowError):
        raise ToolError("This leads out of the calendar, which goes from 0001-01-01 to 9999-12-31.") from None
    return f"{moved.isoformat()} ({moved:%A})"


@tool
def weekday(date: datetime.date) -> str:
    """Tell the day of the week of a date.

    Args:
        date: As YYYY-MM-DD.
    """
    return f"{date:%A}"


def python_tool(limits: Limits | None = None) -> Tool:
    """Return the tool that runs a program in the sandbox. Where that cannot isolate, each call says so."""
    limits = limits or Limits()

    @tool(timeout_s=limits.wall_s + 5.0, output_chars=2 * limits.output_chars + 500)
    async def python(source: str, stdin: str = "") -> str:
        """Run a Python program and return what it prints. Only the standard library; no network, no files, no threads.

        Args:
            source: The whole program; print what you want to know.
            stdin: What it reads on standard input.
        """
        return _told(await run_python(source, stdin=stdin, limits=limits), limits)

    return python


def builtin_tools() -> tuple[Tool, ...]:
    """Return the tools that need no settings."""
    return (calculator, date_difference, date_add, weekday)


def _number(result: Fraction) -> str:
    if result.denominator == 1:
        return str(result.numerator)
    twos_and_fives = result.denominator
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    places = 0
    while twos_and_fives == 1 and (result * 10**places).denominator != 1:
        places += 1
    if twos_and_fives == 1 and places <= _DIGITS:
        digits = f"{abs(result * 10**places).numerator:0{places + 1}d}"
        return f"{'-' if result < 0 else ''}{digits[:-places]}.{digits[-places:]}"
    try:
        about = f" (about {float(result):.12g})"
    except OverflowError:
        about = ""
    return f"{result.numerator}/{result.denominator}{about}"


_STOPPED = {
    "cpu": "It was stopped after {0.cpu_s:g} seconds of processor time.",
    "wall": "It was stopped after {0.wall_s:g} seconds.",
    "memory": "It needed more than {0.memory_mb} MB of memory.",
    "output": "It was stopped because it wrote too much.",
}


def _told(ran: Ran, limits: Limits) -> str:
    parts = [ran.stdout] if ran.stdout else []
    if ran.stderr:
        parts.append(f"[standard error]\n{ran.stderr}")
    if ran.stopped:
        parts.append(f"[{_STOPPED[ran.stopped].format(limits)}]")
    elif ran.returncode:
        parts.append(f"[It ended with exit code {ran.returncode}.]")
    elif not parts:
        parts.append("[It printed nothing. Print what you want to know.]")
    text = "\n".join(part.rstrip("\n") for part in parts)
    if ran.stopped or ran.returncode:
        raise ToolError(text)
    return text
