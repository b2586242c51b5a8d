"""What the answers of several strategies say: cells with intervals, paired differences, and the bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agot.bench.scoring import PUZZLES
from agot.bench.statistics import mean_interval, paired_difference, wilson
from agot.bench.strategies import AUTO, SAMPLING, Answered

ALL = "all"
BASELINE = "chain"
SINGLE_TRY = ("direct", "chain", "least-to-most", "tools")
"""Strategies that go one way to one answer."""

Interval = tuple[float, float, float]
"""A figure with the ends of its 95% interval."""
Mean = tuple[float, float | None, float | None]
"""The same of a mean; one value alone has no ends."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One strategy at one budget on one family, or on all.

    Attributes:
        n: Questions measured; those that a fault from outside spoilt are only in `faults`.
        precision: Right among the given; None if none was given.
        coverage: Any drawn answer right, over `coverage_n` questions where that can be told; None if nowhere.
        against_chain: Accuracy minus that of `chain` on the same questions; None for chain itself.
    """

    family: str
    strategy: str
    level: int
    n: int
    faults: int
    accuracy: Interval
    given: int
    abstained: int
    precision: Interval | None
    coverage: Interval | None
    coverage_n: int
    tokens: Mean
    calls: Mean
    wall_s: Mean
    against_chain: Interval | None


class Table:
    """The rows of a measurement, found by strategy, budget and family."""

    def __init__(self, rows: Iterable[Answered]) -> None:
        self._rows: dict[tuple[str, int, str], dict[str, Answered]] = {}
        self._faults: dict[tuple[str, int, str], int] = {}
        for row in rows:
            for family in (row.family, ALL):
                at = (row.strategy, row.level, family)
                if row.fault:
                    self._faults[at] = self._faults.get(at, 0) + 1
                else:
                    self._rows.setdefault(at, {})[row.id] = row
        self.strategies = sorted({at[0] for at in self._rows}, key=lambda name: (name != AUTO, name))
        self.levels = sorted({at[1] for at in self._rows})
        self.families = sorted({at[2] for at in self._rows} - {ALL})

    def rows(self, strategy: str, level: int, family: str = ALL) -> list[Answered]:
        """Return the measured rows of one cell."""
        return list(self._rows.get((strategy, level, family), {}).values())

    def difference(self, a: str, b: str, level: int, family: str = ALL) -> Interval | None:
        """Return accuracy of a minus accuracy of b over the questions that both were measured on."""
        ours, theirs = self._rows.get((a, level, family), {}), self._rows.get((b, level, family), {})
        both = sorted(set(ours) & set(theirs))
        if not both:
            return None
        return paired_difference([ours[key].right for key in both], [theirs[key].right for key in both])

    def cell(self, strategy: str, level: int, family: str = ALL) -> Cell | None:
        """Return the figures of one cell, or None if nothing was measured there."""
        rows = self.rows(strategy, level, family)
        if not rows:
            return None
        given = [row for row in rows if row.given]
        told = [row for row in rows if row.covered is not None]
        return Cell(
            family=family, strategy=strategy, level=level, n=len(rows),
            faults=self._faults.get((strategy, level, family), 0), accuracy=_share(rows, lambda row: row.right),
            given=len(given), abstained=sum(row.status == "abstained" for row in rows),
            precision=_share(given, lambda row: row.right) if given else None,
            coverage=_share(told, lambda row: bool(row.covered)) if told else None, coverage_n=len(told),
            tokens=mean_interval([row.tokens for row in rows]), calls=mean_interval([row.calls for row in rows]),
            wall_s=mean_interval([row.wall_s for row in rows]),
            against_chain=None if strategy == BASELINE else self.difference(strategy, BASELINE, level, family),
        )  # fmt: skip

    def cells(self) -> list[Cell]:
        """Return every cell, those over all families first."""
        found = [
            self.cell(strategy, level, family)
            for family in (ALL, *self.families)
            for level in self.levels
            for strategy in self.strategies
        ]
        return [cell for cell in found if cell is not None]

    def best(self, level: int, strategies: Sequence[str], family: str = ALL) -> Cell | None:
        """Return the cell of highest accuracy, the cheapest of equals, or None if there is none."""
        cells = [cell for name in strategies if (cell := self.cell(name, level, family)) is not None]
        return max(cells, key=lambda cell: (cell.accuracy[0], -cell.tokens[0]), default=None)

    @property
    def fixed(self) -> list[str]:
        """The strategies other than `auto`."""
        return [name for name in self.strategies if name != AUTO]

    @property
    def searches(self) -> list[str]:
        """The fixed strategies that grow a tree, or move particles, or work on answers they have."""
        return [name for name in self.fixed if name not in (*SINGLE_TRY, *SAMPLING)]


def bars(table: Table) -> list[dict[str, Any]]:
    """Return the comparisons that decide whether a mechanism is worth its place.

    The best fixed strategy is chosen with the same answers that it is then compared on, which favours it.
    """
    found: list[dict[str, Any]] = []
    for level in table.levels:
        found += [bar for bar in (_auto(table, level), _cost(table, level)) if bar]
        found += [bar for family in PUZZLES if (bar := _puzzle(table, level, family))]
        found += _abstention(table, level)
    return found


def _auto(table: Table, level: int) -> dict[str, Any] | None:
    best, auto = table.best(level, table.fixed), table.cell(AUTO, level)
    if best is None or auto is None:
        return None
    return {
        "bar": "auto against the best fixed strategy", "level": level, "best": best.strategy,
        "auto": auto.accuracy[0], "fixed": best.accuracy[0],
        "difference": table.difference(AUTO, best.strategy, level),
    }  # fmt: skip


def _cost(table: Table, level: int) -> dict[str, Any] | None:
    best = table.best(level, table.fixed)
    points = [cell for one in table.levels if (cell := table.cell(AUTO, one)) is not None]
    if best is None or not points:
        return None
    tokens = tokens_at([(cell.tokens[0], cell.accuracy[0]) for cell in points], best.accuracy[0])
    return {
        "bar": "tokens of auto at the best fixed strategy's accuracy", "level": level, "best": best.strategy,
        "accuracy": best.accuracy[0], "fixed_tokens": best.tokens[0], "auto_tokens": tokens,
        "ratio": tokens / best.tokens[0] if tokens is not None and best.tokens[0] else None,
    }  # fmt: skip


def _puzzle(table: Table, level: int, family: str) -> dict[str, Any] | None:
    best, chain = table.best(level, table.searches, family), table.cell(BASELINE, level, family)
    if best is None or chain is None:
        return None
    return {
        "bar": "best search against chain on the Game of 24", "level": level, "family": family, "best": best.strategy,
        "search": best.accuracy[0], "chain": chain.accuracy[0], "difference": best.against_chain,
        "ratio": best.accuracy[0] / chain.accuracy[0] if chain.accuracy[0] else None,
    }  # fmt: skip


def _abstention(table: Table, level: int) -> list[dict[str, Any]]:
    """Return, by family, precision among given answers of `auto` against giving also what it held back."""
    found: list[dict[str, Any]] = []
    for family in (*table.families, ALL):
        rows = table.rows(AUTO, level, family)
        given = [row for row in rows if row.given]
        withheld = [row for row in rows if row.withheld_right is not None]
        if not given:
            continue
        right = sum(row.right for row in given)
        everything = len(given) + len(withheld)
        forced = (right + sum(bool(row.withheld_right) for row in withheld)) / everything
        found.append({
            "bar": "precision gained by abstaining", "level": level, "family": family, "given": len(given),
            "withheld": len(withheld), "precision": (right / len(given), *wilson(right, len(given))),
            "precision_without": forced, "gain": right / len(given) - forced,
        })  # fmt: skip
    return found


def tokens_at(points: Sequence[tuple[float, float]], accuracy: float) -> float | None:
    """Return the fewest tokens at which a curve of (tokens, accuracy) reaches an accuracy; None if it never does.

    Between two points the curve is a straight line; below its first point nothing is known, so a curve that begins
    above the accuracy gives its first tokens.
    """
    ordered = sorted(points)
    for place, (tokens, reached) in enumerate(ordered):
        if reached < accuracy:
            continue
        if place == 0:
            return tokens
        before, lower = ordered[place - 1]
        return before + (tokens - before) * (accuracy - lower) / (reached - lower)
    return None


def _share(rows: Sequence[Answered], is_hit: Callable[[Answered], bool]) -> Interval:
    hits = sum(is_hit(row) for row in rows)
    return (hits / len(rows) if rows else 0.0, *wilson(hits, len(rows)))


def as_json(table: Table) -> dict[str, Any]:
    """Return all cells and bars as one JSON object."""
    return {"cells": [asdict(cell) for cell in table.cells()], "bars": bars(table)}
