"""Figures as text: cells of tables and sentences for the bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agot.bench.compare import Cell, Interval, Mean

COLUMNS = ("family", "budget", "strategy", "n", "accuracy", "given", "abstained", "precision", "coverage", "tokens",
           "calls", "seconds", "minus chain", "errors")  # fmt: skip


def percent(figure: Interval | None) -> str:
    """Return a share in percent with its interval, "-" for None."""
    if figure is None:
        return "-"
    return f"{100 * figure[0]:.1f}% ({100 * figure[1]:.1f}..{100 * figure[2]:.1f})"


def points(figure: Interval | None) -> str:
    """Return a difference of shares in percentage points with its interval, "-" for None."""
    if figure is None:
        return "-"
    return f"{100 * figure[0]:+.1f} ({100 * figure[1]:+.1f}..{100 * figure[2]:+.1f})"


def number(figure: Mean, digits: int = 0) -> str:
    """Return a mean with its interval, alone if it has none."""
    if figure[1] is None:
        return f"{figure[0]:.{digits}f}"
    return f"{figure[0]:.{digits}f} ({figure[1]:.{digits}f}..{figure[2]:.{digits}f})"


def rows(cells: Sequence[Cell]) -> list[list[str]]:
    """Return one line of the table per cell, in the order of `COLUMNS`."""
    return [
        [
            cell.family, str(cell.level), cell.strategy, str(cell.n), percent(cell.accuracy), str(cell.given),
            str(cell.abstained), percent(cell.precision),
            percent(cell.coverage) + (f" of {cell.coverage_n}" if 0 < cell.coverage_n < cell.n else ""),
            number(cell.tokens), number(cell.calls, 1), number(cell.wall_s, 2), points(cell.against_chain),
            str(cell.faults or "-"),
        ]
        for cell in cells
    ]  # fmt: skip


def sentence(bar: dict[str, Any]) -> str:
    """Return one bar as a sentence."""
    at = f"At {bar['level']} tokens"
    match bar["bar"]:
        case "auto against the best fixed strategy":
            return (
                f"{at}: auto {100 * bar['auto']:.1f}%, best fixed strategy {bar['best']} {100 * bar['fixed']:.1f}%, "
                f"difference {points(bar['difference'])} points."
            )
        case "tokens of auto at the best fixed strategy's accuracy":
            reached = (
                f"auto needs {bar['auto_tokens']:.0f} tokens, {bar['ratio']:.2f} times as many"
                if bar["ratio"] is not None
                else "auto does not reach that"
            )
            return (
                f"{at}: {bar['best']} reaches {100 * bar['accuracy']:.1f}% with {bar['fixed_tokens']:.0f} tokens; "
                f"{reached}."
            )
        case "best search against chain on the Game of 24":
            times = "" if bar["ratio"] is None else f", {bar['ratio']:.1f} times"
            return (
                f"{at}, {bar['family']}: best search {bar['best']} {100 * bar['search']:.1f}%, "
                f"chain {100 * bar['chain']:.1f}%{times}, difference {points(bar['difference'])} points."
            )
    return (
        f"{at}, {bar['family']}: auto gives {bar['given']} answers, {percent(bar['precision'])} of them right; with the "
        f"{bar['withheld']} it held back {100 * bar['precision_without']:.1f}%: refusing gains "
        f"{100 * bar['gain']:+.1f} points."
    )
