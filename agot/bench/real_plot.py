"""What a real model got right against the tokens that it wrote for it, as an SVG: a panel for each set."""

from __future__ import annotations

from collections.abc import Sequence

from agot.bench.compare import Table
from agot.bench.plot import svg
from agot.bench.real import Measured
from agot.bench.strategies import Answered

_NO_BUDGET = 0


def plotted(rows: Sequence[Measured], title: str) -> str | None:
    """Return the plot, or None if no answer could be graded."""
    graded = [_answered(row) for row in rows if row.right is not None]
    return svg(Table(graded), title) if graded else None


def _answered(row: Measured) -> Answered:
    return Answered(
        id=f"{row.set}:{row.id}", split=row.split, family=row.set, strategy=row.arm, level=_NO_BUDGET, seed=row.seed,
        setup=row.setup, model=row.model, status=row.status, answer=row.answer, right=bool(row.right),
        given=row.status == "answered", withheld_right=None, covered=None, reward=None, effort=0, fault="",
        tokens=row.written, calls=row.calls, cost_usd=row.cost_usd, wall_s=row.seconds,
    )  # fmt: skip
