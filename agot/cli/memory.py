"""`agot memory`: what is remembered: found, shown, explained, counted."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from agot.cli import compose, flags

if TYPE_CHECKING:
    from agot.memory.memory import Memory
    from agot.stores.database import SqlStore
    from agot.thought import Passage

T = TypeVar("T")

app = typer.Typer(
    help="Search, show and explain what is remembered.", no_args_is_help=True, rich_markup_mode=None
)

NamespaceFlag = Annotated[
    str, typer.Option("--namespace", "-n", metavar="NAME", help="Kept apart from all others.")
]
QuestionArgument = Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)]
CountFlag = Annotated[int, typer.Option("-k", metavar="N", min=1, max=100, help="Passages, at most.")]


def with_memory(
    work: Callable[[Memory], Awaitable[T]], namespace: str, database: str | None, *, to_write: bool
) -> T:
    """Open the database, do some work on its memory, and close it."""

    async def done() -> T:
        from agot.memory.memory import Memory

        store = await compose.open_store(compose.settings(database=database), to_write=to_write)

        async def opened() -> SqlStore:
            return store

        try:
            return await work(Memory(opened, namespace=namespace))
        finally:
            await store.close()

    return asyncio.run(done())


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
