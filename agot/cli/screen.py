"""The live tree of thoughts, inline in the terminal: no alternate screen, nothing printed twice.

Serves one question (`agot ask`) and each turn of a conversation (`agot chat`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from agot.cli.answer import Draft, blocks, print_answer, rendered
from agot.cli.paint import one_line, printable, status_line, tree_lines
from agot.cli.tree import Tree, rows
from agot.cli.verdicts import trust_line
from agot.cli.view import Ticker, View

if TYPE_CHECKING:
    from agot.events import AnyEvent
    from agot.thought import Result

MOST_ROWS = 12
FINAL_ROWS = 24
MOST_DRAFT_ROWS = 6
_DRAFT_TAIL = 2_000


class Screen(View):
    """Draws at most min(12, height - 6) rows of the tree at most ten times a second, and the tree once more at the end.

    Below the tree stands the draft of the answer as it arrives. It is not yet verified and may be rejected, so it
    leaves nothing behind; where nothing verifies answers, its finished blocks are printed for good at once.

    Args:
        folded: Fold what is finished in the last print of the tree as well.
        verified: False if answers are given as they come.
    """

    def __init__(self, console: Console, *, folded: bool = False, verified: bool = True) -> None:
        super().__init__()
        self._console = console
        self._folded, self._verified = folded, verified
        self._unicode = (console.encoding or "").lower().startswith("utf")
        self._started_s = time.monotonic()
        self._stopping = False
        self._draft = Draft()
        self._given: list[str] = []
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
            for line in self._lines(FINAL_ROWS, fold=self._folded):
                self._console.print(line)

    def show(self, event: AnyEvent) -> None:
        self._draft.apply(event)
        self._ticker.dirty = True

    def note(self, text: str) -> None:
        self._console.print(Text(printable(text), style="dim"))

    def conclude(self, result: Result, *, tree: Tree | None = None, with_run: bool = True) -> None:
        """Print the answer, as far as it does not stand there already, and what the checks said of it.

        Args:
            tree: Of the run, if another view watched it.
            with_run: Also name the run.
        """
        if not result.answer:
            return
        found = blocks(result.answer)
        given = len(self._given)
        if found[:given] != self._given:
            self._console.print(Text("Another answer was chosen:", style="dim"))
            given = 0
        self._console.print()
        print_answer(self._console, result.answer, after=given)
        thoughts = (tree or self.tree).nodes
        facts = [printable(trust_line(result, thoughts))] if self._verified else []
        facts += [f"run {result.run_id}"] if with_run else []
        if facts:
            self._console.print(Text(" · ".join(facts), style="dim"))

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
            height, width = self._console.height, self._console.width
            elapsed_s = time.monotonic() - self._started_s
            lines = self._lines(max(2, min(MOST_ROWS, height - 6)), fold=True)
            status = [status_line(self.tree, elapsed_s, stopping=self._stopping)]
            if self._stopping:
                told = "answering from what is done so far; Ctrl-C again within 2 s stops at once"
                status.append(Text(one_line(told, width - 1), style="dim"))
            room = max(0, min(MOST_DRAFT_ROWS, height - len(lines) - len(status) - 2))
            self._live.update(Group(*lines, *self._drafted(room, width), *status), refresh=True)
        except Exception as error:  # noqa: BLE001 - as in `View.take`: a reader must not end a run
            self.fault = error

    def _drafted(self, room: int, width: int) -> list[Text]:
        """Return the end of the draft in at most `room` lines, after printing what is there to stay."""
        text = self._draft.text()
        if not self._verified:
            text = self._print_finished(text)
        tail = Text(printable(text[-_DRAFT_TAIL:]).rstrip(), style="" if not self._verified else "dim italic")
        return list(tail.wrap(self._console, max(1, width - 1)))[-room:] if text.strip() and room else []

    def _print_finished(self, text: str) -> str:
        """Print the blocks that are finished, each once; return the last, which is still growing."""
        found = blocks(text)
        if found[: len(self._given)] != self._given:
            # Another try began; what it comes to is told at the end.
            return ""
        for block in found[len(self._given) : -1]:
            self._console.print()
            self._console.print(rendered(block, unicode=self._unicode))
            self._given.append(block)
        return found[-1] if found else ""


def _live(console: Console) -> Live:
    # Refreshed by the ticker alone: rich's own thread would read the tree while events change it.
    return Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")
