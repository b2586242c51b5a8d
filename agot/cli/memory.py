"""`agot memory`: what is remembered: found, shown, explained, counted, and taken back."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from agot.cli import compose, flags

if TYPE_CHECKING:
    from agot.memory.memory import Memory
    from agot.stores.database import SqlStore
    from agot.thought import Passage

T = TypeVar("T")

app = typer.Typer(
    help="Search, explain and mend what is remembered.", no_args_is_help=True, rich_markup_mode=None
)

NamespaceFlag = Annotated[
    str, typer.Option("--namespace", "-n", metavar="NAME", help="Kept apart from all others.")
]
ItemArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="A conclusion's id, as `agot memory items` lists it.", show_default=False
    ),
]
QuestionArgument = Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)]
CountFlag = Annotated[int, typer.Option("-k", metavar="N", min=1, max=100, help="Passages, at most.")]


def with_memory(
    work: Callable[[Memory], Awaitable[T]], namespace: str, database: str | None, *, to_write: bool
) -> T:
    """Open the database, do some work on its memory, and close it."""

    async def work_on_memory() -> T:
        from agot.memory.memory import Memory

        store = await compose.open_store(compose.settings(database=database), to_write=to_write)

        async def opened() -> SqlStore:
            return store

        try:
            return await work(Memory(opened, namespace=namespace))
        finally:
            await store.close()

    return asyncio.run(work_on_memory())


@app.command()
def search(
    question: QuestionArgument,
    k: CountFlag = 5,
    namespace: NamespaceFlag = "default",
    output: flags.TableFlag = "text",
    database: flags.DatabaseFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """Find the passages that a question brings to mind, best first."""
    found = with_memory(lambda memory: memory.search(question, k=k), namespace, database, to_write=False)
    _print(found, output, why=False)


@app.command()
def why(
    question: QuestionArgument,
    k: CountFlag = 5,
    namespace: NamespaceFlag = "default",
    output: flags.TableFlag = "text",
    database: flags.DatabaseFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """Explain what a question brings to mind: the words each passage holds, its path over names, and its score."""
    found = with_memory(lambda memory: memory.search(question, k=k), namespace, database, to_write=False)
    _print(found, output, why=True)


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="A passage's number.", show_default=False)],
    namespace: NamespaceFlag = "default",
    output: flags.TableFlag = "text",
    database: flags.DatabaseFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """Show a passage and where it stands in its document."""
    passage = with_memory(lambda memory: memory.show(number), namespace, database, to_write=False)
    if output == "json":
        from agot.cli.outcome import print_json

        print_json(passage.model_dump(mode="json"))
        return
    from agot.cli.paint import printable

    sys.stdout.write(f"{_place(passage)}\n{printable(passage.title)}\n\n{printable(passage.text)}\n")


@app.command()
def sources(
    namespace: NamespaceFlag = "default",
    output: flags.TableFlag = "text",
    database: flags.DatabaseFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """List the documents."""
    from dataclasses import asdict

    found = [
        asdict(one)
        for one in with_memory(lambda memory: memory.sources(), namespace, database, to_write=False)
    ]
    if output == "json":
        from agot.cli.outcome import print_json

        print_json(found)
        return
    columns = ("document", "kind", "passages", "characters", "stands")
    rows = [
        [one["uri"], one["kind"], str(one["passages"]), f"{one['characters']:,}", _standing(one)]
        for one in found
    ]
    compose.print_table(columns, rows)


def _standing(source: dict[str, Any]) -> str:
    if source["retracted_s"] is not None:
        return "retracted"
    return "" if source["sha256"] else "not read to its end"


@app.command()
def items(
    namespace: NamespaceFlag = "default",
    output: flags.TableFlag = "text",
    database: flags.DatabaseFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """List what was concluded, and what people said of it, newest first."""
    found = with_memory(lambda memory: memory.items(), namespace, database, to_write=False)
    if output == "json":
        from agot.cli.outcome import print_json

        print_json([item.model_dump(mode="json") for item in found])
        return
    from agot.cli.paint import one_line

    columns = ("id", "question", "answer", "stands", "trust")
    compose.print_table(
        columns,
        [
            [item.id, one_line(item.question, 60), one_line(item.answer, 60), item.status, item.trust]
            for item in found
        ],
    )


@app.command()
def dispute(
    item: ItemArgument, namespace: NamespaceFlag = "default", database: flags.DatabaseFlag = None
) -> None:
    """Let a conclusion be shown as doubtful from now on."""
    with_memory(lambda memory: memory.dispute(item), namespace, database, to_write=True)
    sys.stdout.write(f"{item} is disputed.\n")


@app.command()
def correct(
    item: ItemArgument,
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="What is right.", show_default=False)],
    namespace: NamespaceFlag = "default",
    database: flags.DatabaseFlag = None,
) -> None:
    """Say what is right: it takes the place of the conclusion, and no model's word goes before it."""
    kept = with_memory(lambda memory: memory.correct(item, answer), namespace, database, to_write=True)
    sys.stdout.write(f"{kept.id} stands in the place of {item}.\n")


@app.command()
def retract(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A conclusion's id, or a document's path or address.", show_default=False
        ),
    ],
    namespace: NamespaceFlag = "default",
    database: flags.DatabaseFlag = None,
) -> None:
    """Take back a conclusion, or a document with what was concluded from it; what it had displaced stands again."""
    changed = with_memory(lambda memory: memory.retract(name), namespace, database, to_write=True)
    sys.stdout.write(
        f"{name} is retracted; {changed} other conclusion{'' if changed == 1 else 's'} changed.\n"
    )


@app.command()
def erase(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A conclusion's id, or a document's path or address.", show_default=False
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    namespace: NamespaceFlag = "default",
    database: flags.DatabaseFlag = None,
) -> None:
    """Delete a document or conclusion, what rests on it, and the runs that were given it, until no byte is left."""
    if not yes:
        typer.confirm(
            f"Erase {name}, all that rests on it, and the runs that were given it?", abort=True, err=True
        )
    gone = with_memory(lambda memory: memory.erase(name), namespace, database, to_write=True)
    items, runs = len(gone.items), len(gone.runs)
    sys.stdout.write(
        f"{name} is erased, with {items} conclusion{'' if items == 1 else 's'} and {runs} run{'' if runs == 1 else 's'}.\n"
    )


@app.command()
def stats(
    namespace: NamespaceFlag = "default",
    output: flags.TableFlag = "text",
    database: flags.DatabaseFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """Count what a namespace holds, and name the others."""

    async def read(memory: Memory) -> dict[str, object]:
        counted = (await memory.stats()).model_dump()
        return {**counted, "namespaces": dict(await memory.namespaces())}

    counted = with_memory(read, namespace, database, to_write=False)
    if output == "json":
        from agot.cli.outcome import print_json

        print_json(counted)
        return
    compose.print_table(("what", "how much"), [[name, _cell(value)] for name, value in counted.items()])


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {count:,}" for name, count in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _place(passage: Passage) -> str:
    from agot.cli.paint import printable

    span = f", characters {passage.start} to {passage.stop}" if passage.stop else ""
    trust = f", {passage.trust}" if passage.trust else ""
    return (
        f"[{passage.id}] {printable(passage.source)}{span}{trust}{', disputed' if passage.disputed else ''}"
    )


def _print(found: list[Passage], output: str, *, why: bool) -> None:
    if output == "json":
        from agot.cli.outcome import print_json

        print_json([passage.model_dump(mode="json") for passage in found])
        return
    if not found:
        from agot.cli.view import told

        told("Nothing that is remembered has a word of this. Take documents in with: agot ingest PATH")
        return
    from agot.cli.paint import one_line, printable

    for passage in found:
        sys.stdout.write(f"{_place(passage)}  {passage.score:.3f}\n")
        if why:
            sys.stdout.write("".join(f"    {printable(line)}\n" for line in passage.why))
        else:
            sys.stdout.write(f"    {one_line(printable(passage.text), 150)}\n")
