"""`agot export`: one run as a file: a page that needs no server, JSON, or OpenTelemetry spans."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from agot.cli import compose, flags


def export(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="The run's id, or enough of it.", show_default=False)
    ],
    html: Annotated[
        bool, typer.Option("--html", help="One page with everything inside; the default.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that is stored of the run.")] = False,
    otlp: Annotated[bool, typer.Option("--otlp", help="OpenTelemetry spans, as OTLP JSON.")] = False,
    file: Annotated[
        Path | None, typer.Option("-o", "--file", metavar="PATH", help="Instead of standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    database: flags.DatabaseFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """Write a run as one page to be opened in a browser, as JSON, or as OpenTelemetry spans."""
    from agot.errors import SetupError
    from agot.private import write_text

    if html + as_json + otlp > 1:
        raise SetupError("Choose one of --html, --json and --otlp.")
    if file is not None and file.exists() and not force:
        raise SetupError(f"The file {file} exists. Give another name, or --force to replace it.")
    text = asyncio.run(_text(run_id, "json" if as_json else "otlp" if otlp else "html", database))
    if file is None:
        typer.echo(text)
        return
    try:
        write_text(file, text + "\n")
    except OSError as error:
        raise SetupError(f"The file {file} cannot be written: {error.strerror or error}.") from None


async def _text(prefix: str, kind: str, database: str | None) -> str:
    store = await compose.open_store(compose.settings(database=database), to_write=False)
    try:
        run_id = await store.find(prefix)
        if kind == "html":
            from agot.web.pages import one_file

            return await one_file(store, run_id)
        exported = await store.export(run_id)
        if kind == "otlp":
            from agot.stores.telemetry import otlp

            exported = otlp(exported)
        # Lone surrogates are kept as JSON escapes, which UTF-8 itself could not hold.
        return json.dumps(exported, ensure_ascii=True, indent=2)
    finally:
        await store.close()
