"""What a benchmark prints: figures with their spread, each against its target, and an exit status."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity.

    Attributes:
        values: One per repeat.
        at_most: Target, or None.
        at_least: Target, or None. Without any target the figure is for information.
        judged_by: Whether the median or the worst repeat has to meet the target.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    at_most: float | None = None
    at_least: float | None = None
    judged_by: Literal["median", "worst"] = "median"

    @property
    def median(self) -> float:
        """Median of the repeats."""
        return statistics.median(self.values)

    @property
    def target(self) -> str:
        """The target in words, "" if there is none."""
        bounds = {self.at_least, self.at_most} - {None}
        if not bounds:
            return ""
        if len(bounds) == 1 and None not in (self.at_least, self.at_most):
            wanted = f"= {self.at_most:g}"
        else:
            low = "" if self.at_least is None else f">= {self.at_least:g}"
            high = "" if self.at_most is None else f"<= {self.at_most:g}"
            wanted = " and ".join(bound for bound in (low, high) if bound)
        return f"{wanted} ({self.judged_by})" if len(self.values) > 1 else wanted

    @property
    def passed(self) -> bool | None:
        """Whether the target is met, None without a target."""
        if self.at_most is None and self.at_least is None:
            return None
        low, high = (min(self.values), max(self.values)) if self.judged_by == "worst" else (self.median,) * 2
        return (self.at_most is None or high <= self.at_most) and (
            self.at_least is None or low >= self.at_least
        )

    def as_json(self) -> dict[str, Any]:
        """Return the figure as JSON values."""
        return {
            "name": self.name, "unit": self.unit, "median": self.median, "min": min(self.values),
            "max": max(self.values), "values": list(self.values), "target": self.target,
            "passed": self.passed,
        }  # fmt: skip


@dataclass(slots=True)
class Report:
    """The figures of one benchmark, and lines that explain them."""

    benchmark: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every target is met."""
        return all(figure.passed is not False for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        figures = [figure.as_json() for figure in self.figures]
        return {"benchmark": self.benchmark, "passed": self.passed, "figures": figures, "notes": self.notes}

    def as_text(self) -> str:
        """Return the report for a person."""
        rows = [(figure.name, _shown(figure), figure.target, _verdict(figure)) for figure in self.figures]
        widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
        lines = [f"{self.benchmark}: {'pass' if self.passed else 'MISSED'}"]
        for row in rows:
            cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
            lines.append(f"  {cells}  {row[3]}".rstrip())
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def _shown(figure: Figure) -> str:
    spread = f"  [{min(figure.values):.4g} .. {max(figure.values):.4g}, n={len(figure.values)}]"
    return f"{figure.median:.4g} {figure.unit}{spread if len(figure.values) > 1 else ''}"


def _verdict(figure: Figure) -> str:
    return {True: "pass", False: "MISSED", None: ""}[figure.passed]


def main(measure: Callable[[bool], Report], arguments: Sequence[str] | None = None) -> None:
    """Run a benchmark from the command line and exit: 0 if every target is met, 1 if not.

    Args:
        measure: Takes whether to measure only a little, which shows that it works but is no figure.
    """
    parser = argparse.ArgumentParser(
        description=(sys.modules[measure.__module__].__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: a smoke test, not a figure")
    options = parser.parse_args(arguments)
    report = measure(options.quick)
    print(json.dumps(report.as_json()) if options.json else report.as_text(), flush=True)
    sys.exit(0 if report.passed else 1)
