"""`agot serve`: an OpenAI-compatible API, runs over HTTP, and the page that shows them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agot.cli import compose, flags

if TYPE_CHECKING:
    import socket

    from agot.settings import Settings
    from agot.web.completions.asking import Names
    from agot.web.guard import Access

DEFAULT_PORT = 8765


def serve(
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; others need a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 for any free one.")
    ] = DEFAULT_PORT,
    token: Annotated[
        str | None,
        typer.Option("--token", metavar="TOKEN", envvar="AGOT_SERVE_TOKEN", help="Ask every client for it."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name by which clients call this server."),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            "--cors", metavar="ORIGIN", help="A site whose pages may ask, such as https://app.example."
        ),
    ] = None,
    any_model: Annotated[
        str | None,
        typer.Option(
            "--any-model", metavar="MODEL", help="Answers for all names of models that are not known."
        ),
    ] = None,
    max_runs: Annotated[int, typer.Option("--max-runs", metavar="N", min=1, help="Runs at once.")] = 8,
    max_waiting: Annotated[
        int, typer.Option("--max-waiting", metavar="N", min=0, help="Runs that may wait; more are refused.")
    ] = 32,
    model: flags.ModelFlag = None,
    base_url: flags.BaseUrlFlag = None,
    seed: flags.SeedFlag = None,
    budget_calls: flags.CallsFlag = None,
    budget_tokens: flags.TokensFlag = None,
    budget_usd: flags.UsdFlag = None,
    timeout: flags.TimeoutFlag = None,
    database: flags.DatabaseFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """Serve chat completions (/v1), runs (/api) and the page that shows them, until Ctrl-C.

    Limits hold for each run. Runs that are at work when the server ends can be resumed.
    """
    import asyncio

    from agot.errors import SetupError
    from agot.web.completions.asking import Names
    from agot.web.guard import Access
    from agot.web.server import bound

    settings = compose.settings(
        model=model, base_url=base_url, seed=seed, database=database,
        limits=flags.limits(budget_calls, budget_tokens, budget_usd, timeout),
    )  # fmt: skip
    if token is not None and (
        len(token) < 8 or not token.isascii() or not token.isprintable() or " " in token
    ):
        raise SetupError(
            "The token cannot be used: expected 8 or more printable ASCII characters, no spaces."
        )
    names = Names(any_model)
    listening = bound(host, port, token)
    port = listening.getsockname()[1]
    access = Access.bound(host, port, token, more_hosts=allow_host or (), origins=cors or ())
    shown = f"[{host}]" if ":" in host else host
    try:
        asyncio.run(
            _serve(settings, listening, access, f"http://{shown}:{port}/", max_runs, max_waiting, names)
        )
    finally:
        listening.close()


async def _serve(
    settings: Settings,
    listening: socket.socket,
    access: Access,
    address: str,
    max_runs: int,
    max_waiting: int,
    names: Names,
) -> None:
    from agot.reasoner import Reasoner
    from agot.web.approvals import approve
    from agot.web.server import Server
    from agot.web.service import service

    store = await compose.open_store(settings)
    reasoner = Reasoner(settings, approve=approve, store=store)
    served = service(reasoner, store, access, most_runs=max_runs, most_waiting=max_waiting, names=names)
    listening.listen(128)
    # Whoever reads this may connect at once.
    sys.stderr.write(f"agot: {address} (chat completions: {address}v1). Ctrl-C ends.\n")
    sys.stderr.flush()
    await Server(served).serve(sockets=[listening])
