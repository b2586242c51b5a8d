"""`agot ingest`: takes documents into the memory."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from agot.cli import flags
from agot.cli.memory import NamespaceFlag, with_memory

if TYPE_CHECKING:
    from agot.memory.ingest import Progress, Summary

SHOWN = 20
"""Skipped documents that are named; the rest is counted."""


def ingest(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders with all in them, http addresses, or - for standard input.",
            show_default=False,
        ),
    ],
    namespace: NamespaceFlag = "default",
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help="What standard input is known by; its ending tells the kind."
        ),
    ] = "standard input",
    output: flags.TableFlag = "text",
    database: flags.DatabaseFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """Read documents, so that later answers can cite them: text, Markdown, code, HTML, PDF and Word files.

    A document is read again only if it changed. Exit code: 1 if not one could be read.
    """
    data = sys.stdin.buffer.read() if "-" in paths else None
    with _progress() as tell:
        summary = with_memory(
            lambda memory: memory.ingest(
                *(path for path in paths if path != "-"), data=data, name=name, on_progress=tell
            ),
            namespace, database, to_write=True,
        )  # fmt: skip
    if output == "json":
        from dataclasses import asdict

        from agot.cli.outcome import print_json

        print_json(asdict(summary))
    else:
        sys.stdout.write(_told(summary))
    if not summary.read and not summary.unchanged:
        raise typer.Exit(1)


def _told(summary: Summary) -> str:
    from agot.cli.paint import printable

    lines = [
        f"Read {summary.read} document{_s(summary.read)}: {summary.passages:,} passage{_s(summary.passages)}, "
        f"{summary.characters:,} character{_s(summary.characters)}. "
        f"Unchanged: {summary.unchanged}. No longer there: {summary.gone}. Skipped: {len(summary.skipped)}."
    ]
    lines += [f"  skipped {printable(uri)}: {printable(why)}" for uri, why in summary.skipped[:SHOWN]]
    if len(summary.skipped) > SHOWN:
        lines.append(f"  and {len(summary.skipped) - SHOWN} more; --output json names all")
    return "\n".join(lines) + "\n"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """Yield what shows a progress bar on a terminal's standard error, and nothing elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from agot.cli.paint import console, printable

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Bar(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(progress: Progress) -> None:
            told = f"{progress.passages:,} passages  {printable(progress.uri)[-60:]}"
            bar.update(task, total=progress.total, completed=progress.done, description=told)

        yield tell
