"""`agot runs`: what was asked before, how each answer came about, and taking it out or away."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from agot.cli import compose, flags

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import networkx as nx

    from agot.ids import ThoughtId
    from agot.stores.database import SqlStore
    from agot.stores.rows import StoredRun

T = TypeVar("T")

app = typer.Typer(help="List, show, export and delete runs.", rich_markup_mode=None)

Status = Literal["running", "answered", "abstained", "budget", "failed", "interrupted"]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="The run's id, or enough of it.", show_default=False)
]
SHOWN = 20


@app.callback(invoke_without_command=True)
def _default(
    context: typer.Context, output: flags.TableFlag = "text", database: flags.DatabaseFlag = None
) -> None:
    if context.invoked_subcommand is None:
        list_runs(output=output, database=database)


def _with_store(
    database: str | None, work: Callable[[SqlStore], Awaitable[T]], *, to_write: bool = False
) -> T:
    async def opened() -> T:
        store = await compose.open_store(compose.settings(database=database), to_write=to_write)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())


@app.command("list")
def list_runs(
    status: Annotated[Status | None, typer.Option("--status", help="Only runs that ended so.")] = None,
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Only with this in question or answer.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Newest N.")] = SHOWN,
    output: flags.TableFlag = "text",
    database: flags.DatabaseFlag = None,
) -> None:
    """List runs, newest first."""
    found = _with_store(database, lambda store: store.runs(limit=limit, status=status, search=search))
    if output == "json":
        from agot.cli.outcome import print_json

        print_json([_listed(run) for run in found])
        return
    if not found:
        from agot.cli.view import told

        told("No runs." if not (status or search) else "No runs like that.")
        return
    from agot.cli.paint import one_line
    from agot.cli.tree import short

    rows = [
        [
            run.run_id, _when(run.created_s), _standing(run), short(run.usage.tokens),
            one_line(run.question, 48), one_line(run.answer, 32),
        ]
        for run in found
    ]  # fmt: skip
    compose.print_table(("run", "when", "status", "tokens", "question", "answer"), rows)


def _standing(run: StoredRun) -> str:
    return "unfinished" if run.status == "running" and not run.live else run.status


def _when(at_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_s))


def _listed(run: StoredRun) -> dict[str, Any]:
    return run.model_dump(mode="json", exclude={"settings_json"})


@app.command("show")
def show(
    run_id: RunArgument,
    thought: Annotated[
        str | None,
        typer.Argument(
            metavar="THOUGHT", help="Only this thought, by the id in the tree.", show_default=False
        ),
    ] = None,
    output: flags.TableFlag = "text",
    database: flags.DatabaseFlag = None,
) -> None:
    """Show a run's tree of thoughts with every verdict; as JSON, the object that `agot ask --output json` prints.

    With a THOUGHT, such as 0.2, tell how that one came to its answer and what the model wrote: what /why tells in a chat.
    THOUGHT root is the question itself.
    """
    if thought is not None:
        _explain(run_id, thought, output, database)
        return

    async def read(store: SqlStore) -> tuple[StoredRun, Any]:
        found = await store.find(run_id)
        run = await store.run(found)
        return run, await (_as_object(store, run) if output == "json" else store.events(found))

    run, told = _with_store(database, read)
    if output == "json":
        from agot.cli.outcome import print_json

        print_json(told)
        return
    from rich.text import Text

    from agot.cli.paint import console, printable, tree_lines
    from agot.cli.tree import Tree, rows, short
    from agot.cli.verdicts import trust_line

    tree = Tree()
    for event in told:
        tree.apply(event)
    terminal = console()
    unicode = (terminal.encoding or "").lower().startswith("utf")
    for line in tree_lines(
        tree, rows(tree, fold=False), width=terminal.width - 1, unicode=unicode, verdicts=True
    ):
        terminal.print(line)
    for note in tree.notes:
        terminal.print(Text(printable(note), style="yellow"))
    terminal.print()
    terminal.print(Text(printable(run.answer) or "(no answer)", style="bold"))
    if run.reason:
        terminal.print(Text(printable(run.reason), style="yellow"))
    facts = (
        _standing(run), run.model, f"{run.usage.calls} call" + "s" * (run.usage.calls != 1),
        f"{short(run.usage.tokens)} tok", f"{run.usage.wall_s:.1f} s", _when(run.created_s),
    )  # fmt: skip
    # Verdicts are on the answer; where none is given, the tree and the reason tell why.
    checked = f"{printable(trust_line(run, tree.nodes))} · " if run.answer else ""
    terminal.print(Text(f"{checked}run {run.run_id}", style="dim"))
    terminal.print(Text(" · ".join(facts), style="dim"))


def _explain(run_id: str, thought: str, output: str, database: str | None) -> None:
    from agot.errors import SetupError

    if output == "json":
        raise SetupError(
            f"A thought is told in words only. Everything of the run as JSON: agot runs export {run_id}"
        )

    async def read(store: SqlStore) -> list[str]:
        from agot.cli.account import explained

        return await explained(store, await store.find(run_id), thought)

    lines = _with_store(database, read)
    from rich.text import Text

    from agot.cli.paint import console, printable

    terminal = console()
    for line in lines:
        terminal.print(Text(printable(line)), soft_wrap=not terminal.is_terminal)


async def _as_object(store: SqlStore, run: StoredRun) -> dict[str, Any]:
    from agot.cli.outcome import run_object

    return run_object(run, strategy=run.answer_strategy, graph=await stored_graph(store, run))


async def stored_graph(store: SqlStore, run: StoredRun) -> nx.DiGraph[ThoughtId]:
    """Return a run's graph as it stands in the database, with the node attributes of a result's graph."""
    import networkx as nx

    graph: nx.DiGraph[ThoughtId] = nx.DiGraph()
    for thought in await store.thoughts(run.run_id):
        # Thoughts of an earlier attempt that the last one did not think again are no part of the answer.
        if thought.attempt == run.attempt:
            graph.add_node(thought.thought, **thought.model_dump(exclude={"thought"}))
    for edge in await store.edges(run.run_id):
        if edge.source in graph and edge.target in graph:
            graph.add_edge(edge.source, edge.target)
    return graph


@app.command("export")
def export(
    run_id: RunArgument,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="PATH", help="Instead of standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    database: flags.DatabaseFlag = None,
) -> None:
    """Write everything of a run as JSON: thoughts, edges, verdicts, events, each call with its answer, and lessons."""
    from agot.cli.outcome import print_json
    from agot.errors import SetupError
    from agot.private import write_text

    if file is not None and file.exists() and not force:
        raise SetupError(f"The file {file} exists. Give another name, or --force to replace it.")

    async def read(store: SqlStore) -> dict[str, Any]:
        return await store.export(await store.find(run_id))

    exported = _with_store(database, read)
    if file is None:
        print_json(exported)
        return
    try:
        # Lone surrogates are kept as JSON escapes, which UTF-8 itself could not hold.
        write_text(file, json.dumps(exported, ensure_ascii=True, indent=2) + "\n")
    except OSError as error:
        raise SetupError(f"The file {file} cannot be written: {error.strerror or error}.") from None


@app.command("check")
def check(database: flags.DatabaseFlag = None) -> None:
    """See whether the database is whole: its file, its references, and whether runs can be read; 1 if it is not."""
    from itertools import islice

    from agot.cli.paint import printable
    from agot.stores.checking import MOST_TOLD, faults_in

    async def look(store: SqlStore) -> tuple[list[str], int]:
        found = await store.view(lambda connection: list(islice(faults_in(connection), MOST_TOLD)))
        return found, len(await store.runs(limit=None))

    faults, count = _with_store(database, look)
    for fault in faults:
        sys.stdout.write(printable(fault) + "\n")
    if faults:
        from agot.errors import StoreError

        more = " or more" if len(faults) >= MOST_TOLD else ""
        raise StoreError(
            f"{len(faults)}{more} faults were found. Save what can be read (agot runs export), then restore a backup, or "
            "repair the file with `sqlite3 FILE .recover`."
        )
    sys.stdout.write(f"The database is whole: {count} run{'s' * (count != 1)}.\n")


@app.command("delete")
def delete(
    run_ids: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Ids, or enough of each.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: flags.DatabaseFlag = None,
) -> None:
    """Delete runs with everything that belongs to them."""
    from agot.cli.paint import one_line

    async def find(store: SqlStore) -> list[StoredRun]:
        return [await store.run(await store.find(prefix)) for prefix in run_ids]

    found = {run.run_id: run for run in _with_store(database, find)}
    if not yes:
        from agot.errors import SetupError

        if not sys.stdin.isatty():
            raise SetupError(
                "Nobody can be asked here whether to delete. Give --yes to delete without asking."
            )
        for run in found.values():
            sys.stderr.write(f"{run.run_id}  {one_line(run.question, 60)}\n")
        if not typer.confirm("Delete?", err=True):
            raise typer.Exit(1)

    async def remove(store: SqlStore) -> None:
        for one in found:
            await store.delete(one)

    _with_store(database, remove, to_write=True)
    sys.stdout.write(f"Deleted {', '.join(found)}.\n")
