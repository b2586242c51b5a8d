"""Tree, status and answer as rich text; used live, at the end, and by `agot runs show`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from agot.cli.tree import Node, Row, Tree, short
from agot.cli.verdicts import said
from agot.tools.untrusted import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agot.thought import Result

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CELLS_TO_CHARS = 8
"""Characters looked at for each cell of a line: most take one, and what is invisible must not hide the rest."""

_GLYPHS = {"pending": "·", "running": "◐", "done": "✓", "abstained": "∅", "failed": "✗", "skipped": "–"}
_PLAIN_GLYPHS = {"pending": ".", "running": "*", "done": "+", "abstained": "0", "failed": "x", "skipped": "-"}
_STYLES = {
    "pending": "dim", "running": "bold cyan", "done": "green", "abstained": "yellow", "failed": "red", "skipped": "dim",
}  # fmt: skip


def console(*, stderr: bool = False) -> Console:
    """Return a console that honours NO_COLOR and never styles numbers or markup in other people's words."""
    return Console(
        stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False,
        no_color=True if os.environ.get("NO_COLOR") else None,
    )  # fmt: skip


def printable(text: str) -> str:
    """Return text without what a model could steer the terminal by, and with what eyes do not see written out."""
    # Before `visible`, which would take what follows an escape along: nothing that was said is to be hidden.
    return visible(steerless(text), joiners=True)


def steerless(text: str) -> str:
    """Return text without what terminals obey, and otherwise as it is: for pipes, which often end at a terminal."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, width: int) -> str:
    """Return text on one line of at most `width` cells."""
    looked_at = _CELLS_TO_CHARS * max(width, 8)
    flat = " ".join(printable(text[:looked_at]).split())
    if cell_len(flat) <= width and len(text) <= looked_at:
        return flat
    return set_cell_size(flat, max(0, width - 1)).rstrip() + "…"


def tree_lines(
    tree: Tree, found: Iterable[Row], *, width: int, unicode: bool, verdicts: bool = False
) -> list[Text]:
    """Return one line for each row, and with `verdicts` one more for each check."""
    lines: list[Text] = []
    for row in found:
        line = Text("  " * row.indent, no_wrap=True, overflow="ellipsis")
        if row.node is None:
            line.append(("… " if unicode else ". ") + row.folded, style="dim")
            lines.append(line)
            continue
        node = row.node
        glyphs = _GLYPHS if unicode else _PLAIN_GLYPHS
        line.append(glyphs.get(node.status, "?") + " ", style=_STYLES.get(node.status, ""))
        room = max(10, width - 2 * row.indent - 2)
        line.append_text(_thought(node, row.folded, room, unicode))
        lines.append(line)
        if verdicts:
            lines.extend(_verdict_lines(tree, node, row.indent, width))
    return lines


def _thought(node: Node, folded: str, room: int, unicode: bool) -> Text:
    tail = Text()
    if node.status == "done":
        tail.append(" → " if unicode else " -> ", style="dim")
        tail.append(one_line(node.answer, max(8, room // 3)), style="bold")
        if node.reward is not None and not folded:
            tail.append(f"  {node.reward:.2f}", style="dim")
    elif node.status == "running":
        words = [word for word in (node.strategy, node.activity) if word]
        if node.retries:
            words.append(f"try {node.retries + 1}")
        if words:
            tail.append("  " + " · ".join(dict.fromkeys(words)), style="cyan")
    elif node.reason:
        tail.append("  " + one_line(node.reason, max(8, room // 2)), style="yellow")
    if folded:
        tail.append("  " + folded, style="dim")
    name = "" if node.id == "root" else f"{node.id} "
    text = Text(name, style="dim")
    text.append(
        one_line(node.question, max(8, room - cell_len(name) - cell_len(tail.plain))), style="default not dim"
    )
    text.append_text(tail)
    return text


def _verdict_lines(tree: Tree, node: Node, indent: int, width: int) -> list[Text]:
    lines = []
    for _, verdict in node.checked:
        says = f"{verdict.check}: {said(verdict, node, tree.nodes)}"
        says += f" — {verdict.feedback}" if verdict.feedback else ""
        lines.append(Text("  " * (indent + 2) + one_line(says, max(10, width - 2 * indent - 4)), style="dim"))
    return lines


def status_line(tree: Tree, elapsed_s: float, *, stopping: bool = False) -> Text:
    """Return phase · open/done · tokens · cost · elapsed, each with its limit where one is set."""
    opened, done = tree.counts()
    limits = tree.limits
    parts = [
        "stopping" if stopping else tree.phase,
        f"{opened} open / {done} done",
        _against(f"{short(tree.tokens)}", limits.get("tokens")) + " tok",
    ]
    if limits.get("calls") is not None:
        parts.append(_against(str(tree.calls), limits["calls"]) + " calls")
    if tree.cost_usd or limits.get("usd") is not None:
        cap = limits.get("usd")
        parts.append(f"${tree.cost_usd:.4f}" + ("" if cap is None else f"/${cap:g}"))
    cap = limits.get("seconds")
    parts.append(f"{elapsed_s:.0f}" + (" s" if cap is None else f"/{cap:g} s"))
    return Text(" · ".join(parts), style="dim", no_wrap=True, overflow="ellipsis")


def _against(used: str, limit: float | None) -> str:
    return used if limit is None else f"{used}/{short(limit)}"


def ending(result: Result) -> str:
    """Return what a person should know beside the answer: what it cites, and of a run that did not answer in full, why."""
    if result.status == "answered":
        return (
            "\n".join(("The answer is held by:", *map(printable, result.citations)))
            if result.citations
            else ""
        )
    why = {
        "abstained": "No answer was good enough to give",
        "budget": "A limit ended the run",
        "interrupted": "The run was stopped",
        "failed": "The run failed",
    }.get(result.status, f"The run ended as {result.status}")
    reason = printable(result.reason)
    told = f"{why}: {reason}" if reason else f"{why}."
    if result.candidate and not result.answer:
        told += f"\nThe best that there was: {one_line(result.candidate, 300)}"
    if result.answer and result.status in ("budget", "interrupted"):
        told += "\nThe answer given is partial."
    if result.status in ("budget", "interrupted", "failed") and result.run_id:
        told += f"\nContinue: agot resume {result.run_id}"
    return told
