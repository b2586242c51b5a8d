"""`agot models scan` and `agot models add`: which servers answer, and taking a model of one."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agot.cli import compose, flags
from agot.cli.model_roles import write_role

if TYPE_CHECKING:
    from agot.models.scan import FoundModel, FoundServer

KeyVariableFlag = Annotated[
    str | None,
    typer.Option(
        "--api-key-env", metavar="VARIABLE", help="Environment variable that holds the server's key."
    ),
]


def scan(
    addresses: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ADDRESS]...",
            help="host, host:port or URL; without one the usual ports of this machine, and nothing else.",
            show_default=False,
        ),
    ] = None,
    api_key_env: KeyVariableFlag = None,
    output: flags.TableFlag = "text",
) -> None:
    """Look for model servers: what answers, which models it has, and how to add one.

    Exit code: 0, or 1 if nothing answers.
    """
    from agot.cli.outcome import ERROR, print_json
    from agot.cli.view import told

    found = find(addresses or [], api_key_env)
    if output == "json":
        print_json([_as_object(server) for server in found])
    elif rows := [row for server in found for row in _rows(server)]:
        compose.print_table(("server", "address", "model", "context", "roles"), rows)
    if not found:
        told(
            f"No model server answers at {', '.join(addresses)}."
            if addresses
            else "No model server answers at the usual ports of this machine."
        )
        told(
            "Start one (Ollama, vLLM, llama.cpp, LM Studio, SGLang; or: agot models serve FILE), or name the address "
            "of one: agot models scan 192.168.1.20:8000"
        )
        raise typer.Exit(ERROR)
    if output == "text" and (suggested := _suggested(found)):
        told(f"Use one: agot models add {suggested}")


def find(addresses: list[str], api_key_env: str | None = None) -> list[FoundServer]:
    """Return the servers at some addresses, or on this machine."""
    from agot.redaction import remember
    from agot.settings import stripped

    key = stripped(os.environ.get(api_key_env, "")) if api_key_env else None
    remember(key)
    return asyncio.run(compose.scan_servers(addresses, key or None))


def _as_object(server: FoundServer) -> dict[str, Any]:
    return {
        "server": server.kind,
        "base_url": server.base_url,
        "needs_key": server.needs_key,
        "models": [
            {"name": one.name, "model": one.model, "context_window": one.context_window, "roles": one.roles}
            for one in server.models
        ],
    }


def _rows(server: FoundServer) -> list[list[str]]:
    if server.needs_key:
        return [[server.kind, server.base_url, "(wants a key: --api-key-env VARIABLE)", "-", "-"]]
    if not server.models:
        return [[server.kind, server.base_url, "(no model is loaded)", "-", "-"]]
    return [
        [server.kind, server.base_url, one.name, str(one.context_window or "-"), ", ".join(one.roles) or "-"]
        for one in server.models
    ]


def _suggested(found: list[FoundServer]) -> str:
    """Return the arguments that add the first model that can answer; "" if there is none."""
    for server in found:
        for one in server.models:
            if "fast" in one.roles:
                return f"{one.name} --base-url {server.base_url} --role fast"
    return ""


def add(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="The model as its server calls it, or a part of that; only needed among several.",
            show_default=False,
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url",
            metavar="URL",
            help="Address of the server; by default those of this machine are asked.",
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="fast, strong, judge or embed, or experts.NAME; may be repeated. By default "
            "fast, or embed for a model of embeddings.",
            show_default=False,
        ),
    ] = None,
    api_key_env: KeyVariableFlag = None,
) -> None:
    """Take a model of a running server for a role: asks the server, and writes the settings file.

    `agot models set` writes any model without asking.
    """
    server, model = _pick(name, base_url, find([base_url] if base_url else [], api_key_env))
    for chosen in role or [model.roles[0] if model.roles else "fast"]:
        write_role(
            chosen,
            model.model,
            base_url=server.base_url,
            context_window=model.context_window,
            api_key_env=api_key_env,
        )


def _pick(name: str | None, base_url: str | None, found: list[FoundServer]) -> tuple[FoundServer, FoundModel]:
    """Return the one model that is meant.

    Raises:
        ModelUnreachable: If no server answers.
        SetupError: If it is none of theirs, or one of several.
    """
    from agot.errors import ModelUnauthorised, ModelUnreachable, SetupError

    if not found:
        raise ModelUnreachable(
            f"No model server answers at {base_url or 'the usual ports of this machine'}. Start it, or write the role without "
            "asking: agot models set fast MODEL --base-url URL"
        )
    offered = [(server, one) for server in found for one in server.models]
    if not offered and any(server.needs_key for server in found):
        raise ModelUnauthorised(
            f"The server at {found[0].base_url} wants a key. Put it into an environment variable and name that: --api-key-env VARIABLE"
        )
    wanted = (name or "").removeprefix("hosted_vllm/")
    for fits in (
        [pair for pair in offered if pair[1].name == wanted],
        [
            pair
            for pair in offered
            if wanted.casefold() in pair[1].name.casefold() and (name or "fast" in pair[1].roles)
        ],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            listed = ", ".join(f"{one.name} at {server.base_url}" for server, one in fits[:8])
            raise SetupError(
                f"Several models could be meant: {listed}. Name one, and its --base-url if need be."
            )
    listed = ", ".join(one.name for _, one in offered[:8]) or "none"
    raise SetupError(
        f"No server that answers has a model {name!r}; there is: {listed}. For a model of a provider: agot models set "
        "fast PROVIDER/NAME"
    )
