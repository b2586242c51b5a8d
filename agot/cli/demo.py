"""`agot demo`: the embedded model answers, the graph grows, and nothing leaves this machine."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from agot.cli import compose, flags

if TYPE_CHECKING:
    from agot.cli.driving import Sink
    from agot.cli.view import View
    from agot.reasoner import Reasoner
    from agot.thought import Result


@dataclass(frozen=True, slots=True)
class Shown:
    """One question of the demo.

    Attributes:
        kind: What it shows.
        expected: The right answer; "" where many are right and a check recomputes the one given; None
            where the model has to decline.
    """

    kind: str
    question: str
    expected: str | None


QUESTIONS = (
    Shown("nested arithmetic", "What is (17 + 4) * (9 - 6) + 48 / 8?", "69"),
    Shown(
        "word problem",
        "Mara has 24 apples. She buys 18 more apples. She gives 7 apples to Tom. "
        "Then she doubles the number of apples. How many apples does Mara have now?",
        "70",
    ),
    Shown(
        "list procedure",
        "Start with the list [5, 2, 9, 4]. Append 7 to the end. Reverse the list. "
        "Remove the first element. Rotate the list 1 to the left. What is the final list?",
        "[9, 2, 5, 4]",
    ),
    Shown(
        "string procedure",
        'Start with the word planet. Reverse the string. Remove the first letter. Add "xy" at the end. What do you get?',
        "enalpxy",
    ),
    Shown(
        "dates",
        "Start on February 20, 2024. Go forward 10 days. Move 3 days back. What is the date now?",
        "February 27, 2024",
    ),
    Shown(
        "facts",
        "Nora is the mother of Peter. Peter is the father of Lily. Lily lives in Oslo. "
        "Peter lives in Bergen. Nora lives in Turku.\nQuestion: Where does the father of Lily live?",
        "Bergen",
    ),
    Shown("countdown", "Use 4, 7, 8, 1 each exactly once with + - * / to make 24.", ""),
    Shown(
        "a long procedure, split",
        "Start with the list [8, 3, 6, 1, 9]. Append 4 to the end. Reverse the list. Remove the first element. "
        "Add 7 at the beginning of the list. Swap the first and last items. Rotate the list 2 to the left. "
        "Append 5 to the end. Keep only the first 6 elements. Reverse the list. Remove the last element. "
        "Add 2 at the beginning of the list. Rotate the list 1 to the right. Append 6 to the end. "
        "Remove the first element. Swap the first and last items. What is the final list?",
        "[6, 9, 8, 7, 3, 2]",
    ),
    Shown(
        "a longer one, a graph inside a graph",
        "Compute (65+17-(8+5)+7+10*(65+(3+7))-15*(16+1)+(13-6+(24+8))+(6/3+9)-(65-(1+1))+(8*10+(248-2)))*9+9/9",
        "7957",
    ),
    Shown("outside its world", "Who wrote Hamlet?", None),
)


def demo(debug: flags.DebugFlag = False) -> None:
    """Watch the embedded model answer ten questions; nothing leaves this machine."""
    from agot.cli.driving import drive
    from agot.cli.view import Relay
    from agot.settings import Settings

    # The settings' own models are left alone: the demo shows what works without any.
    settings = Settings(database_url=compose.settings().database_url)
    results: list[Result] = []
    relay = Relay()

    async def work(reasoner: Reasoner, sink: Sink) -> None:
        for number, shown in enumerate(QUESTIONS, start=1):
            _write(f"\n{number}. {shown.kind}\n{shown.question}\n")
            relay.current = _view()
            async with relay.current:
                result = await reasoner.ask(shown.question, on_event=sink)
            results.append(result)
            _write(_told(shown, result, relay.current) + "\n")
            if result.status in ("failed", "interrupted"):
                return

    drive(settings, work, relay)
    _write(_summary(results))
    if results[-1].status in ("failed", "interrupted"):
        from agot.cli.outcome import exit_code

        raise typer.Exit(exit_code(results[-1]))


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _view() -> View:
    from agot.cli.ask import view_for
    from agot.cli.view import Warnings

    return view_for("text", verbose=False) if sys.stdout.isatty() else Warnings()


def is_right(shown: Shown, result: Result) -> bool:
    """Return whether an outcome is the expected one."""
    if shown.expected is None:
        return result.status == "abstained"
    if result.status != "answered":
        return False
    if not shown.expected:
        return any(verdict.proves for verdict in result.verdicts)
    return " ".join(result.answer.split()) == shown.expected


def _told(shown: Shown, result: Result, view: View) -> str:
    from agot.cli.paint import printable
    from agot.cli.verdicts import verdict_line

    if result.status == "answered":
        right = (
            "right"
            if is_right(shown, result)
            else f"wrong, expected {shown.expected or 'an expression that works'}"
        )
        checked = verdict_line(result.answer, result.verdicts, view.tree.nodes)
        return f"= {printable(result.answer)}   ({right}; {checked})"
    reason = printable(result.reason)
    if result.status == "abstained":
        expected = (
            "as it should" if shown.expected is None else f"though the answer is {shown.expected or 'known'}"
        )
        return f"= declined, {expected}" + (f": {reason}" if reason else "")
    return f"= {result.status}: {reason}"


def _summary(results: list[Result]) -> str:
    from agot.cli.tree import short

    pairs = list(zip(QUESTIONS, results, strict=False))
    right = sum(is_right(shown, result) for shown, result in pairs)
    thoughts = sum(len(result.graph) for result in results if result.graph is not None)
    tokens = sum(result.usage.tokens for result in results)
    seconds = sum(result.usage.wall_s for result in results)
    longest = max(results, key=lambda result: len(result.graph) if result.graph is not None else 0)
    # After `make demo` the command is not on the path, and what is shown here should work when it is copied.
    name = (
        "agot" if shutil.which("agot") or not sys.argv[0].endswith("agot") else os.path.relpath(sys.argv[0])
    )
    return f"""
{right} of {len(QUESTIONS)} as expected · {thoughts} thoughts · {short(tokens)} tok · {seconds:.1f} s · no network, no key

Next:
  {name} runs show {longest.run_id}
  {name} ask "What is 17 * 23 + 4?"
  {name} models add                      use a model server on this machine
  {name} ask "..." -m PROVIDER/MODEL     or any model litellm reaches
"""
