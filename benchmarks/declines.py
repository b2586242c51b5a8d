"""How often the embedded model declines: `python -m benchmarks.declines --outside FILE [FILE ...]`.

Outside questions come from files of public benchmarks that are given on the command line (JSON, JSON lines or CSV; none is
part of this project, and none was trained on); inside questions from the test split of the generators. Prints how many
of each are declined, by file, with 95% intervals.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agot.bench.statistics import wilson
from agot.reasoner import Reasoner
from agot.settings import Settings
from benchmarks.accuracy import questions
from training.families.registry import FAMILIES

FIELDS = ("question", "problem", "input", "prompt", "Question", "query", "instruction", "conclusion")
BESIDE = ("context", "passage", "premises", "story")
INSIDE_OPERATIONS = (1, 2, 4, 6, 8, 12, 16)


def texts(path: Path) -> Iterator[str]:
    """Yield the questions of a file, whatever its format, with their context if they have one."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = raw.decode("utf-8")
    if path.name.removesuffix(".gz").endswith(".csv"):
        records: list[Any] = list(csv.DictReader(text.splitlines()))
    else:
        try:
            data = json.loads(text)
            records = (
                data if isinstance(data, list) else next(v for v in data.values() if isinstance(v, list))
            )
        except json.JSONDecodeError:
            records = [json.loads(line) for line in text.splitlines() if line.strip()]
    for record in records:
        question = _question(record) if isinstance(record, dict) else ""
        if question:
            yield question


def _question(record: dict[str, Any]) -> str:
    field = next((record[name] for name in FIELDS if record.get(name)), "")
    while isinstance(field, list) and field:
        field = field[0]
    if isinstance(field, dict):
        field = field.get("content", "")
    beside = next((record[name] for name in BESIDE if isinstance(record.get(name), str)), "")
    return f"{beside}\n{field}".strip() if isinstance(field, str) and field else ""


async def declined(reasoner: Reasoner, room: asyncio.Semaphore, question: str) -> bool:
    """Return whether the whole system declines a question."""
    async with room:
        result = await reasoner.ask(question)
        return result.status == "abstained" and result.usage.calls == 1


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--outside", nargs="+", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300, help="outside questions, spread over the files")
    parser.add_argument("--per-cell", type=int, default=8, help="inside questions of each family and length")
    parser.add_argument(
        "--longest", type=int, default=2000, help="characters; longer outside questions are left out"
    )
    parser.add_argument("--show", action="store_true", help="print what was judged wrongly")
    arguments = parser.parse_args()
    rng = random.Random(0)
    pools = {path: [t for t in texts(path) if len(t) <= arguments.longest] for path in arguments.outside}
    pools = {path: pool for path, pool in pools.items() if pool}
    drawn: list[tuple[str, str]] = []
    for place, (path, pool) in enumerate(pools.items()):
        share = arguments.count * (place + 1) // len(pools) - arguments.count * place // len(pools)
        drawn += [
            (f"{path.parent.name}/{path.name}", text) for text in rng.sample(pool, min(share, len(pool)))
        ]
    inside = questions("test", list(FAMILIES), list(INSIDE_OPERATIONS), arguments.per_cell)
    asked = drawn + [(f"inside/{family}", problem.question) for family, _, problem in inside]
    settings = Settings.model_validate({
        "database_url": "sqlite://", "engine": {"verify": False, "retries": 0}, "budget": {"calls": 2},
    })  # fmt: skip
    room = asyncio.Semaphore(24)
    async with Reasoner(settings) as reasoner:
        found = await asyncio.gather(*(declined(reasoner, room, question) for _, question in asked))
    report(asked, found, show=arguments.show)


def report(asked: list[tuple[str, str]], found: list[bool], *, show: bool) -> None:
    """Print the table."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for (group, question), hit in zip(asked, found, strict=True):
        side = "inside" if group.startswith("inside/") else "outside"
        groups[group].append(hit)
        groups[f"all {side}"].append(hit)
        if show and hit == (side == "inside"):
            print(f"{'declined' if hit else 'answered'} {group}: {question[:300]!r}")
    for group, hits in sorted(groups.items()):
        low, high = wilson(sum(hits), len(hits))
        print(
            f"{group:60s} declined {sum(hits):4d} of {len(hits):4d} = {sum(hits) / len(hits):6.1%} ({low:.1%}..{high:.1%})"
        )


if __name__ == "__main__":
    asyncio.run(main())
