"""The live tree of thoughts, inline in the terminal: no alternate screen, nothing printed twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from agot.cli.paint import status_line, tree_lines
from agot.cli.tree import Tree, rows
from agot.cli.view import Ticker, View

if TYPE_CHECKING:
    from agot.events import AnyEvent

MOST_ROWS = 12
FINAL_ROWS = 24


class Screen(View):
    """Draws at most min(12, height - 6) rows at most ten times a second, and the tree once more at the end."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.tree = Tree()
        self._console = console
        self._unicode = (console.encoding or "").lower().startswith("utf")
        self._started_s = time.monotonic()
        self._stopping = False
        self._live = _live(console)
        self._ticker = Ticker(self._draw)

    async def __aenter__(self) -> Self:
        self._started_s = time.monotonic()
        self._live.start()
        self._ticker.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._ticker.stop()
        self._live.stop()
        # A single thought says nothing that the answer does not say.
        if self.fault is None and len(self.tree.nodes) > 1:
            for line in self._lines(FINAL_ROWS, fold=False):
                self._console.print(line)

    def show(self, event: AnyEvent) -> None:
        self.tree.apply(event)
        self._ticker.dirty = True

    def pause(self) -> None:
        super().pause()
        self._live.stop()

    def resume(self) -> None:
        super().resume()
        # A new one: the old one would still move up by the lines that it has taken away.
        self._live = _live(self._console)
        self._live.start()
        self._ticker.dirty = True

    def stopping(self) -> None:
        self._stopping = True
        self._ticker.dirty = True

    def abandon(self) -> None:
        self._console.show_cursor(True)

    def _lines(self, limit: int, *, fold: bool) -> list[Text]:
        found = rows(self.tree, limit, fold=fold)
        return tree_lines(self.tree, found, width=self._console.width - 1, unicode=self._unicode)

    def _draw(self) -> None:
        if self.fault is not None or self._held is not None:
            return
        try:
            limit = max(2, min(MOST_ROWS, self._console.height - 6))
            elapsed_s = time.monotonic() - self._started_s
            lines = [
                *self._lines(limit, fold=True),
                status_line(self.tree, elapsed_s, stopping=self._stopping),
            ]
            if self._stopping:
                lines.append(
                    Text(
                        "answering from what is verified; Ctrl-C again within 2 s stops at once", style="dim"
                    )
                )
            self._live.update(Group(*lines), refresh=True)
        except Exception as error:  # noqa: BLE001 - as in `View.take`: a reader must not end a run
            self.fault = error


def _live(console: Console) -> Live:
    # Refreshed by the ticker alone: rich's own thread would read the tree while events change it.
    return Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")
