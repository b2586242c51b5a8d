"""`agot serve`: an OpenAI-compatible API, runs over HTTP, and the page that shows them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from agot.cli import compose, flags

if TYPE_CHECKING:
    import socket

    from agot.settings import RoleSettings, Settings
    from agot.web.worker import Serving

DEFAULT_PORT = 8765
MOST_WORKERS = 64


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
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=MOST_WORKERS, help="Processes that serve.")
    ] = 1,
    group: Annotated[
        str | None,
        typer.Option(
            "--group", metavar="NAME", help="Act as one with all servers of this name on the database."
        ),
    ] = None,
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

    Limits hold for each run. Runs that are at work when the server ends can be resumed. Bounds such as --max-runs
    hold for all workers together; SIGHUP restarts workers one after another, with the settings as they are then.
    """
    from agot.errors import SetupError
    from agot.web.binding import bound
    from agot.web.guard import Access
    from agot.web.worker import Serving

    def settings() -> Settings:
        read = compose.settings(
            model=model, base_url=base_url, seed=seed, database=database,
            limits=flags.limits(budget_calls, budget_tokens, budget_usd, timeout),
        )  # fmt: skip
        return read if workers == 1 else shared_out(read, workers)

    first = settings()
    if token is not None and (
        len(token) < 8 or not token.isascii() or not token.isprintable() or " " in token
    ):
        raise SetupError(
            "The token cannot be used: expected 8 or more printable ASCII characters, no spaces."
        )
    if group is not None and not group.strip():
        raise SetupError("The name of the group is empty. Give one, or leave --group out.")
    listening = bound(host, port, token)
    port = listening.getsockname()[1]
    serving = Serving(
        first, Access.bound(host, port, token, more_hosts=allow_host or (), origins=cors or ()),
        max_runs, max_waiting, any_model, group=(group or "").strip(), lasting=group is not None, workers=workers,
    )  # fmt: skip
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/"

    def ready() -> None:
        by = f" by {workers} workers" if workers > 1 else ""
        sys.stderr.write(f"agot: {address} (chat completions: {address}v1){by}. Ctrl-C ends.\n")
        sys.stderr.flush()

    try:
        if workers == 1:
            _serve_alone(serving, listening, ready)
        else:
            _serve_with_workers(serving, listening, ready, settings)
    finally:
        listening.close()


def _serve_alone(serving: Serving, listening: socket.socket, ready: Callable[[], None]) -> None:
    import asyncio

    from agot.web.worker import serve

    asyncio.run(serve(serving, listening, ready))


def _serve_with_workers(
    serving: Serving, listening: socket.socket, ready: Callable[[], None], settings: Callable[[], Settings]
) -> None:
    import asyncio
    import secrets
    from dataclasses import replace

    from agot.cli.driving import INTERRUPTED_EXIT
    from agot.cli.view import told
    from agot.web.workers import Workers

    # Without a name, a group is as old as its parent: what an earlier server left is for a person to resume.
    group = serving.group or f"workers-{secrets.token_hex(8)}"

    def now() -> Serving:
        return replace(serving, settings=settings(), group=group)

    async def run() -> bool:
        return await Workers(listening, now, told).run(ready)

    if not asyncio.run(run()):
        raise typer.Exit(INTERRUPTED_EXIT)


def shared_out(settings: Settings, workers: int) -> Settings:
    """Return the settings of each of several workers: what bounds calls in flight bounds them all together.

    A bound that nobody set is divided as well. Each worker has an embedded model of its own, which needs none.

    Raises:
        SetupError: If so many workers cannot share what the settings say.
    """
    from agot.errors import SetupError
    from agot.models.pool import EMBEDDED, Pool

    url = settings.database_url
    if url is not None and url.startswith("sqlite") and ":///" not in url:
        raise SetupError(
            "Workers need a database that they share, and one in memory is not. Name a file or PostgreSQL, or leave "
            "--workers out."
        )

    pool = Pool(settings)

    def share(name: str, role: RoleSettings) -> RoleSettings:
        most = role.concurrency
        if most is None:
            try:
                endpoint = pool.endpoint(name)
            except SetupError:
                # A role that cannot be used is reported when it is asked for.
                return role
            if endpoint.provider == EMBEDDED:
                return role
            most = endpoint.concurrency
        if most < workers:
            raise SetupError(
                f"{workers} workers would make {workers} calls at once where the concurrency of {name} allows "
                f"{most}. Use at most {most} workers, or raise it."
            )
        return role.model_copy(update={"concurrency": most // workers})

    return settings.model_copy(update={
        field: {name: share(name, role) for name, role in models.items()}
        for field, models in (("roles", settings.roles), ("experts", settings.experts))
    })  # fmt: skip
