"""Questions in people's own words, put to the program with the embedded model: right, declined or wrong, by trust.

A file holds one JSON object a line: "question", "answer" (null where the model should decline; a list where several
answers are right) and "kind". Each question is asked as `agot ask` asks it. A question inside is right if its answer is,
one outside if it is declined; what counts as wrong beyond doubt is a wrong answer whose trust is above `doubtful`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agot.bench.statistics import wilson
from agot.reading.answers import equivalent, normal
from agot.reasoner import Reasoner
from agot.settings import Settings
from benchmarks.report import Figure, Report

FILE = Path(__file__).parent / "data" / "wordings.jsonl"
AT_LEAST_RIGHT, AT_MOST_WRONG = 0.85, 0.05
_QUICK = 10
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One question with the answers that are right; none where it is to be declined."""

    question: str
    answers: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the program said to a row: its answer, None if it gave none, and the trust in it."""

    row: Row
    answer: str | None
    trust: str

    @property
    def outcome(self) -> str:
        """How it went: "right", "declined" (an answerable question) or "wrong"."""
        if self.answer is None:
            return "declined" if self.row.answers else "right"
        return "right" if any(same(self.answer, one, self.row.kind) for one in self.row.answers) else "wrong"

    @property
    def misleads(self) -> bool:
        """Whether it is wrong and does not say that it is doubtful."""
        return self.outcome == "wrong" and self.trust != "doubtful"


def same(given: str, answer: str, kind: str) -> bool:
    """Return whether an answer means the expected one; units and articles may be left out on either side."""
    given, answer = (_ARTICLE.sub("", text.strip().rstrip(".")) for text in (given, answer))
    if normal(given) == normal(answer):
        return True
    return kind != "strings" and (equivalent(given, answer) or equivalent(answer, given))


def read(path: Path) -> list[Row]:
    """Return the rows of a file.

    Raises:
        OSError: It cannot be read.
        ValueError: A line of it is no such row.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            answer = fields["answer"]
            several = answer if isinstance(answer, list) else [] if answer is None else [answer]
            rows.append(Row(str(fields["question"]), tuple(map(str, several)), str(fields.get("kind", ""))))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f'{path}:{number}: expected {{"question", "answer", "kind"}} as JSON: {error}'
            ) from error
    if not rows:
        raise ValueError(f"{path}: there is no question in it")
    return rows


async def ask(rows: Sequence[Row]) -> list[Told]:
    """Put every row to the program in its default way."""
    settings = Settings.model_validate({"database_url": "sqlite://"})
    room = asyncio.Semaphore(8)
    async with Reasoner(settings) as reasoner:

        async def one(row: Row) -> Told:
            async with room:
                result = await reasoner.ask(row.question)
            return Told(row, result.answer if result.status == "answered" else None, result.trust)

        return list(await asyncio.gather(*map(one, rows)))


def report(told: Sequence[Told], *, show: bool = False) -> Report:
    """Return the shares of right answers and of wrong ones above doubt, with a line for each kind and each trust."""
    right = sum(one.outcome == "right" for one in told)
    misled = sum(one.misleads for one in told)
    found = Report("wordings")
    found.figures = [
        Figure("right: answered rightly, or declined where it should be", "share", (right / len(told),), at_least=AT_LEAST_RIGHT),
        Figure("wrong with a trust above doubtful", "share", (misled / len(told),), at_most=AT_MOST_WRONG),
    ]  # fmt: skip
    found.notes.append(
        f"of {len(told)}: right {_share(right, len(told))}, wrong above doubtful {_share(misled, len(told))}"
    )
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    trusts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in told:
        kinds[one.row.kind][one.outcome] += 1
        kinds[one.row.kind]["misled"] += one.misleads
        if one.answer is not None:
            trusts[one.trust][one.outcome] += 1
    for kind, counts in sorted(kinds.items()):
        total = counts["right"] + counts["declined"] + counts["wrong"]
        found.notes.append(
            f"{kind or '(no kind)'}: right {_share(counts['right'], total)}, declined {counts['declined']}, "
            f"wrong {counts['wrong']}, of these above doubtful {counts['misled']}"
        )
    for trust, counts in sorted(trusts.items()):
        total = counts["right"] + counts["wrong"]
        found.notes.append(f"answers that are {trust}: right {_share(counts['right'], total)}")
    if show:
        found.notes += [
            f"{one.outcome} ({one.trust}) {one.row.question!r}: {one.answer!r}, expected {' or '.join(one.row.answers) or 'none'}"
            for one in told if one.outcome != "right"
        ]  # fmt: skip
    return found


def _share(count: int, total: int) -> str:
    low, high = wilson(count, total)
    return f"{count} of {total} = {count / total:.1%} ({low:.1%}..{high:.1%})"


def main() -> None:
    """Run the command line and exit: 0 if both targets are met, 1 if not, 2 if the file cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.wordings", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help=f"default: {FILE.name}")
    parser.add_argument("--show", action="store_true", help="also print what was not right")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="ten questions: a smoke test, not a figure")
    options = parser.parse_args()
    try:
        rows = read(options.file)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    found = report(
        asyncio.run(ask(rows[:: max(1, len(rows) // _QUICK)] if options.quick else rows)), show=options.show
    )
    print(json.dumps(found.as_json()) if options.json else found.as_text(), flush=True)
    sys.exit(0 if found.passed else 1)


if __name__ == "__main__":
    main()
