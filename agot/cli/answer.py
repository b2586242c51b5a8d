"""An answer on the terminal: Markdown block by block, each printed once, and the draft of one while it arrives."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rich.text import Text

from agot.cli.paint import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from agot.events import AnyEvent

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_MARKED = re.compile(r"\s{0,3}(?:#{1,6}\s+\S|`{3}|~{3})")
_MARKED_IN_LINES = re.compile(r"\s{0,3}(?:[-*+]\s+\S|\d{1,9}[.)]\s+\S|>\s|\|.*\|)")
"""Only where there are several such lines: `- 5` and `1984. It rained` are answers, not lists."""
_INLINE = re.compile(
    r"(?<![\w)\]*])\*\*[^\s*](?:[^*\n]{0,2000}[^\s*])?\*\*(?![\w(\[*])|`[^`\n]{1,2000}`|\[[^\]\n]{1,500}\]\(https?://[^)\s]{1,2000}\)"
)
_SPAN = re.compile(r"(`[^`\n]{1,2000}`)")
_ALONE = re.compile(
    r"(?<!\*)\*(?!\*)(?!\s)|(?<=[\w)\]])\*\*(?=[\w(\[])|<|(?<=\s)_|_(?=\s|$)|(?<=\S)~(?=\S)|\](?=\((?!https?://))"
)
"""What is no markup where it stands: stars between numbers, angle brackets, a list before a bracket."""
_ANSWER = re.compile(r'(?<!\\)"answer"\s{0,9}:\s{0,9}"')
_OPEN_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_PLAN = re.compile(r"\W{0,3}PLAN\b[^\w\n]*(?:\n|\Z)")
"""The mark that the first line of a plan consists of (`agot.agents.dialects.standard.plans`)."""

ANSWERING = frozenset({"think", "solve", "chain", "direct", "final", "refine", "aggregate", "tools"})
"""Purposes of calls whose text becomes an answer."""

LONGEST_DRAFT = 200_000


def blocks(text: str) -> list[str]:
    """Return the Markdown blocks of a text: what blank lines separate, but code between fences is one."""
    found: list[list[str]] = [[]]
    fence = ""
    for line in text.split("\n"):
        opened = _FENCE.match(line)
        if fence:
            found[-1].append(line)
            if opened and opened[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
                found.append([])
            continue
        if not line.strip():
            if found[-1]:
                found.append([])
            continue
        if opened:
            fence = opened[1]
        found[-1].append(line)
    return ["\n".join(lines) for lines in found if lines]


def rendered(block: str, *, unicode: bool) -> RenderableType:
    """Return a block for the terminal: as Markdown where it is marked up, else letter by letter as it is.

    A formula such as `(8-4)*(7-1)*1` must not lose its stars to emphasis.
    """
    block = printable(block)
    lines = block.split("\n")
    listed = sum(_MARKED_IN_LINES.match(line) is not None for line in lines) > 1
    marked = listed or _INLINE.search(block) is not None or any(_MARKED.match(line) for line in lines)
    marked = marked and not (_FENCE.match(block) and len(lines) == 1)
    if not unicode or not marked:
        return Text(block, style="bold" if len(lines) == 1 and not marked else "")
    from rich.markdown import Markdown

    if not _FENCE.match(block):
        block = "\n".join(_literal(line) for line in lines)
    # Without links of the terminal's own, which show one address and open another.
    return Markdown(block, hyperlinks=False, code_theme="ansi_dark")


def _literal(line: str) -> str:
    """Return a line whose single stars, angle brackets and the like are no markup."""
    parts = _SPAN.split(line)
    parts[::2] = [
        _ALONE.sub(lambda found: "".join(f"\\{sign}" for sign in found[0]), part) for part in parts[::2]
    ]
    return "".join(parts)


def print_answer(console: Console, text: str, *, after: int = 0) -> None:
    """Print an answer, block by block.

    Args:
        after: How many of its blocks stand there already.
    """
    unicode = (console.encoding or "").lower().startswith("utf")
    for place, block in enumerate(blocks(text)):
        if place >= after:
            if place:
                console.print()
            console.print(rendered(block, unicode=unicode))


class Draft:
    """What a model is writing as the answer of the question itself, read along with the events of a run."""

    def __init__(self) -> None:
        self._text = ""
        self._calls = 0
        self._muted = False

    def apply(self, event: AnyEvent) -> None:
        """Fold one event in."""
        match event.kind:
            case "run_started":
                self._text, self._calls, self._muted = "", 0, False
            case "call_started" if _answers(event.thought, event.purpose):
                self._calls += 1
                # Texts of calls side by side arrive mixed, and nothing tells them apart.
                self._text, self._muted = "", self._calls > 1
            case "call_finished" if _answers(event.thought, event.purpose):
                self._calls = max(0, self._calls - 1)
            case "text_streamed" if _answers(event.thought, event.purpose):
                if not self._muted and len(self._text) < LONGEST_DRAFT:
                    self._text += event.text
            case "thought_retried" if event.thought == "root":
                self._text = ""
            case "plan_proposed" if event.graph == "root":
                self._text = ""
            case _:
                pass

    def text(self) -> str:
        """Return the answer as far as it is written: of a JSON reply its field `answer`, of any other all.

        A plan that is written instead of an answer is none.
        """
        text = self._text.lstrip()
        if "<think>" in text and "</think>" not in text:
            return ""
        text = text.rpartition("</think>")[2].lstrip()
        if _PLAN.match(text):
            return ""
        return _field(text) if text.startswith(("{", "```")) else text


def _answers(thought: str, purpose: str) -> bool:
    outermost = thought == "root" or ("/" not in thought and thought.endswith(".final"))
    return outermost and purpose in ANSWERING


def _field(text: str) -> str:
    found = _ANSWER.search(text)
    if found is None:
        return ""
    rest = text[found.end() :]
    ended = re.search(r'(?<!\\)(?:\\\\)*"', rest)
    inner = rest[: ended.end() - 1] if ended else _OPEN_ESCAPE.sub("", rest)
    try:
        value = json.loads(f'"{inner}"', strict=False)
    except ValueError:
        return ""
    return value if isinstance(value, str) else ""
