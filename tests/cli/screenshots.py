"""Makes the picture of a conversation for the documentation: `python -m tests.cli.screenshots [FOLDER]`."""

from __future__ import annotations

import io
import re
import sys
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import pyte
from pyte.screens import Char
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from tests.cli.terminal import ROOT, Terminal
from tests.cli.test_chat import CHAT, ready, say

FOLDER = ROOT / "docs" / "images"
SIZE = (70, 92)
"""Rows and columns: enough rows that nothing scrolls away."""
MESSAGES = {
    "Compute (65+17-(8+5)+7+10*(65+(3+7))-15*(16+1)+(13-6+(24+8)))*9+9/9": "verified",
    "/why": "tokens",
    "/why 0.2": "tokens",
    "Start with the list [5, 17, 8]. Reverse the list. Double every element. What is it now?": "judged",
}
"""What is said, and a word of what has to be told of it."""
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def main(folder: Path) -> None:
    """Hold the conversation with the embedded model, and take the picture."""
    with TemporaryDirectory() as home:
        terminal = Terminal(CHAT, size=SIZE, AGOT_HOME=home, AGOT_MODEL="embedded/pico")
        ready(terminal)
        for message, until in MESSAGES.items():
            say(terminal, message, until)
        shown = picture(terminal.screen)
        terminal.child.send("\x04")
        terminal.read_all()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chat.svg").write_text(shown, "utf-8")


def picture(screen: pyte.Screen) -> str:
    """Return what stands on the screen as SVG, without the empty lines and the empty prompt below it."""
    rows = [_row(screen, row) for row in range(screen.lines)]
    while rows and rows[-1].plain.strip() in ("", "›"):
        rows.pop()
    console = Console(record=True, file=io.StringIO(), width=screen.columns, force_terminal=True)
    for row in rows:
        console.print(row, no_wrap=True, crop=True)
    console.print()  # The frame would cut off what hangs below the last line.
    svg = console.export_svg(title="agot chat", theme=DIMMED_MONOKAI, unique_id="chat")
    # A picture fetches nothing, so no font is loaded from elsewhere.
    svg = re.sub(r"@font-face \{[^}]*\}", "", svg).replace("Fira Code, monospace", FONT)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _row(screen: pyte.Screen, row: int) -> Text:
    cells = [screen.buffer[row][column] for column in range(screen.columns)]
    text = Text()
    for style, alike in groupby(cells, _style):
        text.append("".join(cell.data for cell in alike), style)
    text.rstrip()
    return text


def _style(cell: Char) -> Style:
    return Style(
        color=_color(cell.fg),
        bgcolor=_color(cell.bg),
        bold=cell.bold,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


def _color(name: str) -> Color | None:
    if name == "default":
        return None
    if re.fullmatch("[0-9a-f]{6}", name):
        return Color.parse(f"#{name}")
    # The emulator says brown for what all others call yellow.
    return Color.parse(name.replace("brown", "yellow").replace("bright", "bright_", 1))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
