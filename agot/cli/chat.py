"""`agot chat`: a conversation, each message of which is answered by a run."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from agot.cli import compose, flags
from agot.errors import SetupError

if TYPE_CHECKING:
    from agot.settings import Settings

Format = Literal["md", "json"]


def chat(
    conversation: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="With --resume: the conversation's id, or enough of it.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", "-r", help="Go on with a conversation; the last one without an ID.")
    ] = False,
    list_: Annotated[
        bool, typer.Option("--list", "-l", help="List conversations, the last one first.")
    ] = False,
    fork: Annotated[
        str | None,
        typer.Option(
            "--fork", metavar="ID[@TURN]", help="Begin a new one with the turns of another, up to TURN."
        ),
    ] = None,
    export: Annotated[
        str | None, typer.Option("--export", metavar="ID", help="Write a conversation to standard output.")
    ] = None,
    output: Annotated[
        Format, typer.Option("--output", help="What --export writes; --list can write json.")
    ] = "md",
    model: flags.ModelFlag = None,
    base_url: flags.BaseUrlFlag = None,
    strategy: flags.StrategyFlag = None,
    fast: flags.FastFlag = False,
    thorough: flags.ThoroughFlag = False,
    abstain: flags.AbstainFlag = None,
    seed: flags.SeedFlag = None,
    budget_calls: flags.CallsFlag = None,
    budget_tokens: flags.TokensFlag = None,
    budget_usd: flags.UsdFlag = None,
    timeout: flags.TimeoutFlag = None,
    database: flags.DatabaseFlag = None,
    verbose: flags.VerboseFlag = False,
    debug: flags.DebugFlag = False,
) -> None:
    """Talk: every message is answered by a graph of thoughts and understood by what was said before.

    Limits hold for each message. In a pipe each line is a message, and standard output holds the answers, one for each;
    the exit code is then that of the last line that was not answered or obeyed.
    """
    chosen = [
        name
        for name, given in (("--resume", resume), ("--list", list_), ("--fork", fork), ("--export", export))
        if given
    ]
    if len(chosen) > 1:
        raise SetupError(f"{' and '.join(chosen)} do not go together. Give one of them.")
    if conversation is not None and not resume:
        raise SetupError(
            f"{conversation!r} is no message and names no conversation. Go on with one: agot chat --resume ID. "
            'Ask one question: agot ask "..."'
        )
    flags_given: dict[str, Any] = {
        "model": model, "base_url": base_url, "seed": seed, "database": database,
        "limits": flags.limits(budget_calls, budget_tokens, budget_usd, timeout),
        "engine": flags.engine(fast, thorough, abstain),
    }  # fmt: skip
    if list_:
        asyncio.run(_list(compose.settings(**flags_given), output))
        return
    if export is not None:
        asyncio.run(_export(compose.settings(**flags_given), export, output))
        return
    from agot.cli.chat_loop import talk
    from agot.cli.offer import with_model

    settings = with_model(flags_given)

    begin = (conversation or "") if resume else None
    code = asyncio.run(talk(settings, resume=begin, fork=fork, strategy=strategy, verbose=verbose))
    raise typer.Exit(code)


async def _list(settings: Settings, form: Format) -> None:
    store = await compose.open_store(settings, to_write=False)
    try:
        found = await store.sessions().recent()
    finally:
        await store.close()
    if form == "json":
        from agot.cli.outcome import print_json

        print_json([one.model_dump() for one in found])
        return
    if not found:
        from agot.cli.view import told

        told("No conversations. Begin one with: agot chat")
        return
    from agot.cli.paint import one_line

    rows = [
        [one.session_id, when(one.changed_s), str(one.turns), one_line(one.title, 60)]
        + ([f"{one.forked_from}@{one.forked_at}"] if one.forked_from else [""])
        for one in found
    ]
    compose.print_table(("conversation", "when", "turns", "begins", "forked from"), rows)


def when(at_s: float) -> str:
    """Return a moment for people."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_s))


async def _export(settings: Settings, prefix: str, form: Format) -> None:
    from agot.chat.transcript import as_json, as_markdown
    from agot.cli.outcome import print_json
    from agot.cli.paint import printable, steerless

    store = await compose.open_store(settings, to_write=False)
    try:
        session = await store.sessions().find(prefix)
        turns = await store.sessions().turns(session.session_id)
    finally:
        await store.close()
    if form == "json":
        print_json(as_json(session, turns))
        return
    text = as_markdown(session, turns)
    sys.stdout.write(printable(text) if sys.stdout.isatty() else steerless(text))
