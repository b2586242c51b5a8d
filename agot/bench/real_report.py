"""What a measurement of a real model says: figures by set and arm, as a table, as Markdown and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agot.agents.trust import ORDER
from agot.bench.arms import PLAIN
from agot.bench.compare import Interval, Mean
from agot.bench.pairwise import Judged, Verdicts, verdicts
from agot.bench.public import share
from agot.bench.real import Measured, by_arm
from agot.bench.statistics import mean_interval, paired_difference
from agot.bench.tables import percent, points

COLUMNS = ("set", "arm", "n", "right", "minus plain", "abstained", "failed", "written", "read", "calls", "p95", "max",
           "seconds", "tokens/s")  # fmt: skip
JUDGED_COLUMNS = (
    "set",
    "arm",
    "n",
    "won",
    "tied",
    "lost",
    "won minus lost",
    "words",
    "words of plain",
    "untold",
)


TRUST_COLUMNS = ("set", "arm", "trust", "n", "right")


@dataclass(frozen=True, slots=True)
class Trusted:
    """The answers of one arm on one set that the project trusts alike."""

    set: str
    arm: str
    trust: str
    n: int
    right: Interval | None


@dataclass(frozen=True, slots=True)
class Figures:
    """One arm on one set.

    Attributes:
        n: Questions asked; those that failed are among them and count as wrong.
        right: Of the questions that could be graded; None of a set that only a judge compares.
        score: Mean of how much of an answer is right, where that is told, a question without an answer counting 0.
        against: Right minus right of the plain request, over the questions that both were asked; None without such.
        ungraded: Answers that the grader could not tell of, which count nowhere.
        written, read, calls, seconds: Means per question; `calls_p95` of 100 questions are exceeded by five.
        tokens_per_s: Written tokens of all questions over the time in which at least one was being answered.
    """

    set: str
    arm: str
    n: int
    right: Interval | None
    score: float | None
    against: Interval | None
    abstained: int
    failed: int
    ungraded: int
    written: Mean
    read: Mean
    calls: Mean
    calls_p95: int
    calls_max: int
    seconds: Mean
    tokens_per_s: float


def figures(rows: Sequence[Measured], *, base: str = PLAIN) -> list[Figures]:
    """Return the figures of every set and arm, in the order of the rows.

    Args:
        base: Arm that the others are compared with.
    """
    found: list[Figures] = []
    for name in dict.fromkeys(row.set for row in rows):
        arms = by_arm(rows, name)
        for arm, by_id in arms.items():
            against = None if arm == base else difference(by_id, arms.get(base, {}))
            found.append(_figures(name, arm, list(by_id.values()), against))
    return found


def _figures(name: str, arm: str, rows: Sequence[Measured], against: Interval | None) -> Figures:
    told = [row for row in rows if row.right is not None]
    calls = sorted(row.calls for row in rows)
    return Figures(
        set=name, arm=arm, n=len(rows), right=share(sum(bool(row.right) for row in told), len(told)), against=against,
        score=sum(row.score or 0.0 for row in told) / len(told) if any(row.score is not None for row in told) else None,
        abstained=sum(row.status == "abstained" for row in rows), failed=sum(bool(row.fault) for row in rows),
        ungraded=sum(bool(row.ungraded) for row in rows), written=mean_interval([row.written for row in rows]),
        read=mean_interval([row.read for row in rows]), calls=mean_interval(calls),
        calls_p95=calls[math.ceil(0.95 * len(calls)) - 1], calls_max=calls[-1],
        seconds=mean_interval([row.seconds for row in rows]),
        tokens_per_s=sum(row.written for row in rows) / max(busy_s(rows), 1e-3),
    )  # fmt: skip


def difference(ours: Mapping[str, Measured], theirs: Mapping[str, Measured]) -> Interval | None:
    """Return right minus right over the questions that both were graded on, None without such."""
    both = [key for key in ours if key in theirs and None not in (ours[key].right, theirs[key].right)]
    if not both:
        return None
    return paired_difference(
        [bool(ours[key].right) for key in both], [bool(theirs[key].right) for key in both]
    )


def busy_s(rows: Iterable[Measured]) -> float:
    """Return the seconds in which at least one of the questions was being answered."""
    total, end = 0.0, -math.inf
    for began, ended in sorted((row.began_s, row.began_s + row.seconds) for row in rows):
        total += max(0.0, ended - max(began, end))
        end = max(end, ended)
    return total


def trusted(rows: Sequence[Measured]) -> list[Trusted]:
    """Return how often what is trusted alike is right: of answers that were given, the most trusted first."""
    found: list[Trusted] = []
    for name in dict.fromkeys(row.set for row in rows):
        for arm, by_id in by_arm(rows, name).items():
            for word in reversed(ORDER):
                own = [row for row in by_id.values() if row.trust == word and row.answer]
                told = [row for row in own if row.right is not None]
                if own:
                    right = share(sum(bool(row.right) for row in told), len(told))
                    found.append(Trusted(name, arm, word, len(own), right))
    return found


def trust_cells(found: Sequence[Trusted]) -> list[list[str]]:
    """Return one line of the table per figure, in the order of `TRUST_COLUMNS`."""
    return [[one.set, one.arm, one.trust, str(one.n), percent(one.right)] for one in found]


def cells(found: Sequence[Figures]) -> list[list[str]]:
    """Return one line of the table per figure, in the order of `COLUMNS`."""
    return [
        [
            one.set, one.arm, str(one.n) + (f" ({one.ungraded} ungraded)" if one.ungraded else ""), percent(one.right) + ("" if one.score is None else f", score {100 * one.score:.1f}%"),
            points(one.against), str(one.abstained), str(one.failed), f"{one.written[0]:.0f}", f"{one.read[0]:.0f}",
            f"{one.calls[0]:.1f}", str(one.calls_p95), str(one.calls_max), f"{one.seconds[0]:.1f}",
            f"{one.tokens_per_s:.0f}",
        ]
        for one in found
    ]  # fmt: skip


def judged_cells(found: Sequence[Verdicts]) -> list[list[str]]:
    """Return one line per arm of the table of comparisons, in the order of `JUDGED_COLUMNS`."""
    return [
        [
            one.set, one.arm, str(one.n), str(one.won), str(one.tied), str(one.lost), points(one.difference),
            f"{one.words:.0f}", f"{one.words_of_plain:.0f}", str(one.untold),
        ]
        for one in found
    ]  # fmt: skip


def as_json(about: Mapping[str, Any], rows: Sequence[Measured], judged: Sequence[Judged]) -> dict[str, Any]:
    """Return everything as one JSON object."""
    return {
        "about": dict(about),
        "figures": [asdict(one) for one in figures(rows)],
        "trust": [asdict(one) for one in trusted(rows)],
        "judged": [asdict(one) for one in verdicts(rows, judged)],
    }


def markdown(about: Mapping[str, Any], rows: Sequence[Measured], judged: Sequence[Judged]) -> str:
    """Return the report for people."""
    lines = [*head(about, "measured"), "", *table(COLUMNS, cells(figures(rows))), ""]
    lines.append(
        "Right in percent with 95% intervals (Wilson); minus plain in points, paired over the same questions (Newcombe 1998, "
        "method 10). A failed question counts as wrong. Written, read (tokens), calls and seconds are means per question, "
        "p95 and max are of calls."
    )
    told = trusted(rows)
    if told:
        lines += ["", "## Right by trust", "", *table(TRUST_COLUMNS, trust_cells(told))]
    compared = verdicts(rows, judged)
    if compared:
        lines += ["", "## Open requests against the plain reply", ""]
        lines += [*table(JUDGED_COLUMNS, judged_cells(compared)), ""]
        lines.append(
            "A reply wins if the judge prefers it in both orders; otherwise it is a tie. Won minus lost is in points of all "
            "requests; words are means per reply."
        )
    return "\n".join(lines) + "\n"


def head(about: Mapping[str, Any], what: str) -> list[str]:
    """Return the lines that say what was measured, where and when."""
    return [
        f"# {about['model']}, {what} {about['date']}", "",
        *(f"- {name.replace('_', ' ')}: {as_text(value)}" for name, value in about.items()),
    ]  # fmt: skip


def texts(rows: Sequence[Measured], of_set: str, requests: Mapping[str, str]) -> str:
    """Return the replies of all arms to each request of a set, for reading.

    Args:
        requests: Request by id.
    """
    arms = by_arm(rows, of_set)
    lines: list[str] = []
    for key, request in requests.items():
        lines += [f"# {key}", "", *(f"> {line}".rstrip() for line in request.splitlines()), ""]
        for arm, by_id in arms.items():
            row = by_id.get(key)
            if row is None:
                continue
            how = f", by {row.strategy}" if row.strategy not in ("", arm) else ""
            lines += [
                f"## {arm}: {row.status}{how}; {row.calls} calls, {row.written} tokens written, {row.read} read, "
                f"{row.seconds:.1f} s", "", row.answer or f"(no answer) {row.fault}".rstrip(), "",
            ]  # fmt: skip
    return "\n".join(lines)


def table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table."""
    return [
        f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines),
    ]  # fmt: skip


def as_text(value: Any) -> str:
    """Return a value of the head of a report in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {as_text(one)}" for name, one in value.items()) or "-"
    if isinstance(value, list | tuple):
        return ", ".join(as_text(one) for one in value) or "-"
    return "-" if value in (None, "") else str(value)
