"""Accuracy of the embedded model by family and number of operations: `python -m benchmarks.accuracy`.

Five ways to answer the same held-out questions: direct, chain, vote@8, coverage@8 (any of the eight is right:
an upper bound, not an answer) and the full engine. `--checks steps` runs the engine without the
checks that recompute the question itself (`expression`, `countdown`), so that what is left are the worked
steps, the plan check and the model's own judgement.

Questions come from the test split's seeds, which training never uses; settings were chosen on the
validation split. Intervals are 95% (Wilson; paired bootstrap for differences).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agot.agents.dialects.compact import CompactDialect
from agot.agents.votes import tally
from agot.bench.scoring import is_right
from agot.bench.statistics import paired_difference, wilson
from agot.budget import Meter
from agot.engine.recorded import Calls, unrecorded_run
from agot.errors import OutputError
from agot.models.gateway import Gateway
from agot.question import split_material
from agot.reasoner import Reasoner
from agot.settings import EMBEDDED_MODEL, Settings
from agot.thought import Solution, Task
from training.example import Problem
from training.families.registry import FAMILIES
from training.mixture import problem_for

METHODS = ("direct", "chain", "vote@8", "coverage@8", "engine")
OPERATIONS = (1, 2, 4, 6, 8, 12, 16, 20)
ORACLES = ("expression", "countdown")
VOTES = 8


@dataclass
class Cell:
    """Hits and tokens of one method on the questions of one family and length."""

    hits: list[bool] = field(default_factory=list)
    tokens: int = 0
    calls: int = 0
    abstained: int = 0

    def add(self, right: bool, tokens: int, calls: int, abstained: bool = False) -> None:
        self.hits.append(right)
        self.tokens += tokens
        self.calls += calls
        self.abstained += abstained


Cells = dict[tuple[str, str, int], Cell]


def questions(
    split: str, families: list[str], operations: list[int], n: int
) -> list[tuple[str, int, Problem]]:
    """Return (family, operations, problem) for every cell that the family can fill."""
    wanted: list[tuple[str, int, Problem]] = []
    for family in families:
        spec = FAMILIES[family]
        low, high = spec.chain[0], max(spec.chain[1], spec.plan[1])
        for length in operations:
            if low <= length <= high:
                problems = (problem_for(split, family, length, index) for index in range(n))  # type: ignore[arg-type]
                wanted += [(family, length, problem) for problem in problems]
    return wanted


class Bench:
    """Answers questions in every way, many at once: the runtime batches them."""

    def __init__(self, settings: Settings, at_once: int) -> None:
        self._models = Gateway(settings)
        self._reasoner = Reasoner(settings, models=self._models)
        self._dialect = CompactDialect()
        self._room = asyncio.Semaphore(at_once)

    async def close(self) -> None:
        await self._reasoner.close()

    async def _solutions(
        self, problem: Problem, mode: Literal["direct", "chain"], n: int, temperature: float
    ) -> tuple[list[Solution], Meter]:
        run = unrecorded_run(Calls(self._models, retries=lambda role: 0))
        question, material = split_material(problem.question)
        task = Task(question=question, material=material)
        try:
            solutions = await self._dialect.solve(
                run.caller(),
                task,
                role="fast",
                mode=mode,
                n=n,
                temperature=temperature,
            )
        except OutputError:
            solutions = []
        return solutions, run.meter

    async def answer(self, method: str, problem: Problem, cells: dict[str, Cell]) -> None:
        """Answer one problem by one method and count it; "vote@8" fills "coverage@8" from the same samples."""
        async with self._room:
            if method == "engine":
                result = await self._reasoner.ask(problem.question)
                right = result.status == "answered" and is_right(problem, result.answer)
                cells["engine"].add(
                    right, result.usage.tokens, result.usage.calls, result.status == "abstained"
                )
                return
            if method == "vote@8":
                drawn, meter = await self._solutions(problem, "chain", VOTES, 0.7)
                tokens = meter.usage.tokens
                cells["vote@8"].add(bool(drawn) and is_right(problem, tally(drawn).answer), tokens, 1)
                cells["coverage@8"].add(any(is_right(problem, s.answer) for s in drawn), tokens, 1)
                return
            mode: Literal["direct", "chain"] = "direct" if method == "direct" else "chain"
            drawn, meter = await self._solutions(problem, mode, 1, 0.0)
            cells[method].add(bool(drawn) and is_right(problem, drawn[0].answer), meter.usage.tokens, 1)


async def measure(arguments: argparse.Namespace) -> Cells:
    """Answer everything and return the counts by (method, family, operations)."""
    engine: dict[str, Any] = {"skip_checks": ORACLES if arguments.checks == "steps" else ()}
    # Hundreds of samples wait for one small worker here, which no user's call does.
    roles = {"fast": {"model": EMBEDDED_MODEL, "timeout_s": 3600.0}}
    settings = Settings.model_validate(
        {"roles": roles, "database_url": "sqlite://", "engine": engine, "seed": arguments.seed}
    )
    wanted = questions(arguments.split, arguments.families, arguments.operations, arguments.per_cell)
    cells: Cells = {}
    bench = Bench(settings, arguments.at_once)
    started = time.monotonic()
    try:
        for method in arguments.methods:
            jobs = []
            for family, length, problem in wanted:
                names = ("vote@8", "coverage@8") if method == "vote@8" else (method,)
                own = {name: cells.setdefault((name, family, length), Cell()) for name in names}
                jobs.append(bench.answer(method, problem, own))
            await asyncio.gather(*jobs)
            print(
                f"{method}: {len(jobs)} questions, {time.monotonic() - started:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    finally:
        await bench.close()
    return cells


def rows(cells: Cells) -> list[dict[str, Any]]:
    """Return one row per cell, and per family and band of lengths."""
    table = []
    for (method, family, length), cell in sorted(
        cells.items(), key=lambda item: (item[0][1], item[0][2], item[0][0])
    ):
        n, hits = len(cell.hits), sum(cell.hits)
        low, high = wilson(hits, n)
        table.append({
            "family": family, "operations": length, "method": method, "n": n, "accuracy": round(hits / n, 4),
            "low": round(low, 4), "high": round(high, 4), "tokens": round(cell.tokens / n, 1),
            "calls": round(cell.calls / n, 2), "abstained": cell.abstained,
        })  # fmt: skip
    return table


def comparisons(cells: Cells) -> list[dict[str, Any]]:
    """Return engine minus chain, paired, over what one chain can hold and over what it cannot."""
    found = []
    for band, low, high in (("1-8", 1, 8), ("12-20", 12, 20)):
        pairs = [
            (cells[("engine", family, length)], cell)
            for (method, family, length), cell in cells.items()
            if method == "chain" and low <= length <= high and ("engine", family, length) in cells
        ]
        ours = [hit for engine, _ in pairs for hit in engine.hits]
        theirs = [hit for _, chain in pairs for hit in chain.hits]
        if not ours:
            continue
        mean, lowest, highest = paired_difference(ours, theirs)
        found.append({
            "operations": band, "n": len(ours), "engine": round(sum(ours) / len(ours), 4),
            "chain": round(sum(theirs) / len(theirs), 4), "difference": round(mean, 4), "low": round(lowest, 4),
            "high": round(highest, 4), "engine_tokens": round(sum(e.tokens for e, _ in pairs) / len(ours), 1),
            "chain_tokens": round(sum(c.tokens for _, c in pairs) / len(theirs), 1),
        })  # fmt: skip
    return found


def as_markdown(table: list[dict[str, Any]], compared: list[dict[str, Any]]) -> str:
    """Return the model card's table."""
    lines = ["| family | operations | n | " + " | ".join(METHODS) + " | engine tokens | chain tokens |",
             "|---|---|---|" + "---|" * (len(METHODS) + 2)]  # fmt: skip
    by_cell: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for row in table:
        by_cell.setdefault((row["family"], row["operations"]), {})[row["method"]] = row
    for (family, length), methods in by_cell.items():
        shown = []
        for method in METHODS:
            cell = methods.get(method)
            shown.append(f"{cell['accuracy']:.0%} ({cell['low']:.0%}..{cell['high']:.0%})" if cell else "")
        tokens = [f"{methods[m]['tokens']:.0f}" if m in methods else "" for m in ("engine", "chain")]
        n = next(iter(methods.values()))["n"]
        lines.append(f"| {family} | {length} | {n} | {' | '.join(shown)} | {' | '.join(tokens)} |")
    for row in compared:
        lines.append(
            f"\nOperations {row['operations']}, {row['n']} questions: engine {row['engine']:.1%}, "
            f"chain {row['chain']:.1%}, difference {100 * row['difference']:+.1f} points ({100 * row['low']:+.1f}..{100 * row['high']:+.1f}), tokens per question "
            f"{row['engine_tokens']:.0f} against {row['chain_tokens']:.0f}."
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--operations", nargs="+", type=int, default=list(OPERATIONS))
    parser.add_argument(
        "--methods", nargs="+", default=["direct", "chain", "vote@8", "engine"], choices=METHODS
    )
    parser.add_argument("--per-cell", type=int, default=40)
    parser.add_argument("--at-once", type=int, default=24, help="questions in flight")
    parser.add_argument("--checks", choices=("all", "steps"), default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    cells = asyncio.run(measure(arguments))
    table, compared = rows(cells), comparisons(cells)
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"rows": table, "comparisons": compared, "checks": arguments.checks}, indent=1)
        )
    print(as_markdown(table, compared))


if __name__ == "__main__":
    main()
