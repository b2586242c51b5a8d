"""Accuracy against tokens as an SVG: one panel for all families and one for each, one line per strategy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from agot.bench.compare import ALL, Cell, Table

_LIGHT = ("#2a78d6", "#c2410c", "#15803d", "#9333ea", "#b45309", "#0e7490", "#be185d", "#4d7c0f", "#57534e")
_DARK = ("#60a5fa", "#fb923c", "#4ade80", "#c084fc", "#fbbf24", "#22d3ee", "#f472b6", "#a3e635", "#d6d3d1")
_DASHES = ("", "7 3", "2 3", "9 3 2 3")
"""With the shapes, strategies can be told apart without their colours."""
_SHAPES = 5
_WIDTH, _HEIGHT, _COLUMNS = 400, 300, 3
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 30, 40
_LEGEND_WIDTH, _LEGEND_LINE = 160, 22


@dataclass(frozen=True, slots=True)
class _Panel:
    """Where figures lie in one panel; x is logarithmic."""

    x: float
    y: float
    low: float
    high: float

    def at(self, tokens: float, accuracy: float) -> tuple[float, float]:
        width = _WIDTH - _LEFT - _RIGHT
        height = _HEIGHT - _TOP - _BOTTOM
        span = math.log(self.high / self.low)
        return (
            self.x + _LEFT + width * math.log(max(tokens, self.low) / self.low) / span,
            self.y + _TOP + height * (1 - accuracy),
        )


def svg(table: Table, title: str = "Accuracy against tokens") -> str:
    """Return the plot as an SVG document, legible on light and dark pages.

    Args:
        table: At least one measured cell.
    """
    families = [ALL, *table.families] if len(table.families) > 1 else table.families
    columns = min(_COLUMNS, len(families))
    width = max(_WIDTH * columns, 2 * _LEGEND_WIDTH)
    per_line = max(1, width // _LEGEND_WIDTH)
    head = 34 + _LEGEND_LINE * math.ceil(len(table.strategies) / per_line)
    height = head + _HEIGHT * math.ceil(len(families) / columns)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title, quote=True)}">',
        f"<title>{escape(title)}</title>",
        _style(len(table.strategies)),
        f'<rect class="page" width="{width}" height="{height}"/>',
        f'<text class="title" x="12" y="22">{escape(title)}</text>',
    ]
    for place, strategy in enumerate(table.strategies):
        x, y = (
            12 + _LEGEND_WIDTH * (place % per_line),
            44 + _LEGEND_LINE * (place // per_line),
        )
        parts += [_line([(x, y), (x + 28, y)], place), _mark(x + 14, y, place)]
        parts.append(f'<text x="{x + 36}" y="{y + 4}">{escape(strategy)}</text>')
    low, high = _range(table)
    for place, family in enumerate(families):
        panel = _Panel(_WIDTH * (place % columns), head + _HEIGHT * (place // columns), low, high)
        parts += _drawn(panel, family, table)
    return "\n".join((*parts, "</svg>")) + "\n"


def _range(table: Table) -> tuple[float, float]:
    tokens = [max(1.0, cell.tokens[0]) for cell in table.cells()]
    low, high = min(tokens) / 1.1, max(tokens) * 1.1
    return (low, high) if high > 1.5 * low else (low / 1.5, high * 1.5)


def _drawn(panel: _Panel, family: str, table: Table) -> list[str]:
    left, bottom = panel.at(panel.low, 0.0)
    right, top = panel.at(panel.high, 1.0)
    parts = [
        f'<text class="panel" x="{left:.1f}" y="{top - 9:.1f}">{escape("all families" if family == ALL else family)}</text>'
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = panel.at(panel.low, share)[1]
        parts.append(f'<path class="grid" d="M{left:.1f} {y:.1f}H{right:.1f}"/>')
        parts.append(
            f'<text class="tick" text-anchor="end" x="{left - 6:.1f}" y="{y + 4:.1f}">{100 * share:.0f}%</text>'
        )
    for tokens in _ticks(panel.low, panel.high):
        x = panel.at(tokens, 0)[0]
        parts.append(f'<path class="grid" d="M{x:.1f} {top:.1f}V{bottom:.1f}"/>')
        parts.append(
            f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{bottom + 15:.1f}">{tokens:g}</text>'
        )
    parts.append(
        f'<text class="tick" text-anchor="middle" x="{(left + right) / 2:.1f}" y="{bottom + 31:.1f}">tokens per question</text>'
    )
    for place, strategy in enumerate(table.strategies):
        cells = [cell for level in table.levels if (cell := table.cell(strategy, level, family)) is not None]
        parts += _curve(panel, cells, place)
    return parts


def _curve(panel: _Panel, cells: Sequence[Cell], place: int) -> list[str]:
    parts = []
    for cell in cells:
        x, low = panel.at(cell.tokens[0], cell.accuracy[1])
        _, high = panel.at(cell.tokens[0], cell.accuracy[2])
        parts.append(f'<path class="s{place} interval" d="M{x:.1f} {low:.1f}V{high:.1f}"/>')
    where = [panel.at(cell.tokens[0], cell.accuracy[0]) for cell in cells]
    if len(where) > 1:
        parts.append(_line(where, place))
    for (x, y), cell in zip(where, cells, strict=True):
        budget = f", budget {cell.level}" if cell.level else ""
        told = (
            f"{cell.strategy}{budget}: {100 * cell.accuracy[0]:.1f}% right with {cell.tokens[0]:.0f} tokens"
        )
        parts.append(_mark(x, y, place, told))
    return parts


def _line(where: Sequence[tuple[float, float]], place: int) -> str:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in where)
    dash = _DASHES[place % len(_DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path class="s{place} line" d="M{path}"{dashed}/>'


def _mark(x: float, y: float, place: int, told: str = "") -> str:
    r = 4.0
    title = f"<title>{escape(told)}</title>" if told else ""
    corners = {
        1: ((-r, -r), (r, -r), (r, r), (-r, r)),
        2: ((0, -r - 1), (r + 1, r), (-r - 1, r)),
        3: ((0, -r - 1.5), (r + 1.5, 0), (0, r + 1.5), (-r - 1.5, 0)),
        4: ((0, r + 1), (r + 1, -r), (-r - 1, -r)),
    }.get(place % _SHAPES)
    if corners is None:
        return f'<circle class="s{place} mark" cx="{x:.1f}" cy="{y:.1f}" r="{r}">{title}</circle>'
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon class="s{place} mark" points="{points}">{title}</polygon>'


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers in a range, at 1, 2 and 5 times powers of ten."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [
        step * 10.0**power for power in decades for step in (1, 2, 5) if low <= step * 10.0**power <= high
    ]
    return ticks[:: max(1, math.ceil(len(ticks) / 6))]


def _style(strategies: int) -> str:
    def colours(palette: Sequence[str]) -> str:
        return "".join(f".s{i}{{--c:{palette[i % len(palette)]}}}" for i in range(strategies))

    return (
        "<style>"
        "svg{--ink:#1c1917;--soft:#57534e;--grid:#e7e5e4;--page:#ffffff;font:12px system-ui,sans-serif}"
        f"{colours(_LIGHT)}"
        "@media (prefers-color-scheme:dark){svg{--ink:#f5f5f4;--soft:#a8a29e;--grid:#3b3835;--page:#1c1917}"
        f"{colours(_DARK)}}}"
        "text{fill:var(--ink)}.title{font-size:15px;font-weight:600}.panel{font-weight:600}"
        ".tick{fill:var(--soft);font-size:11px}.page{fill:var(--page)}.grid{stroke:var(--grid)}"
        ".line{fill:none;stroke:var(--c);stroke-width:2}.interval{stroke:var(--c);stroke-opacity:.35;stroke-width:3}"
        ".mark{fill:var(--c);stroke:var(--page)}"
        "</style>"
    )
