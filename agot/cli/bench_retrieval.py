"""`agot bench retrieval`: how much of the evidence of multi-hop questions recall finds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agot.cli import compose, flags
from agot.errors import SetupError


def retrieval(
    path: Annotated[
        Path,
        typer.Option(
            "--path",
            metavar="DIR",
            help="Folder with musique_train.json, hotpotqa_train.json and their corpora.",
            show_default=False,
        ),
    ],
    output: flags.TableFlag = "text",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures to this file.")
    ] = None,
    tune: Annotated[
        bool,
        typer.Option(
            "--tune/--no-tune", help="Also choose weights on one half and measure them on the other."
        ),
    ] = True,
    debug: flags.DebugFlag = False,
) -> None:
    """Measure recall of supporting paragraphs at 2, 5 and 10: by words, by the graph, by both, without each part.

    No model is asked.
    """
    from dataclasses import asdict

    from agot.bench.retrieval import measure, table
    from agot.cli.view import told

    measured = asyncio.run(measure(path, tell=told, tune=tune))
    figures = {"rows": [asdict(row) for row in measured]}
    if json_file is not None:
        import json

        try:
            json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise SetupError(f"The file {json_file} cannot be written: {error.strerror}.") from None
    if output == "json":
        from agot.cli.outcome import print_json

        print_json(figures)
        return
    compose.print_table(*table(measured))
