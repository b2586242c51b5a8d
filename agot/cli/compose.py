"""The one seam between the command line and the rest: what a command needs, opened when it needs it.

Heavy imports live inside the functions, so that `agot --help` pays for none of them.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from agot.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agot.chat.conversation import Conversation
    from agot.models.gateway import Gateway
    from agot.models.scan import FoundServer
    from agot.reasoner import Reasoner
    from agot.settings import RoleSettings, Settings
    from agot.stores.database import SqlStore
    from agot.tools.tool import Approve
    from agot.toolshed import Toolshed


def settings(
    *,
    model: str | None = None,
    base_url: str | None = None,
    seed: int | None = None,
    database: str | None = None,
    limits: dict[str, float | int] | None = None,
    engine: dict[str, object] | None = None,
) -> Settings:
    """Return the settings of file and environment with the flags of a command on top.

    Raises:
        SetupError: If a value is not allowed.
    """
    from agot.settings import load_settings

    overrides: dict[str, Any] = {}
    if seed is not None:
        overrides["seed"] = seed
    if database is not None:
        overrides["database_url"] = database
    if limits:
        overrides["budget"] = limits
    if engine:
        overrides["engine"] = engine
    loaded = load_settings(overrides)
    if model is None and base_url is None:
        return loaded
    fast = switched(loaded.role("fast"), model, base_url)
    return loaded.model_copy(update={"roles": {**loaded.roles, "fast": fast}})


def switched(role: RoleSettings, model: str | None, base_url: str | None) -> RoleSettings:
    """Return the role with another model.

    Another provider does not inherit address and extras of the one before: they would lead its calls to the wrong
    server. The variable of the key stays as long as that tells no server the key of another: where the environment
    names it beside the flags, where the embedded model had no use for it, at the same address, and among servers of
    OpenAI's protocol whose address is named.

    Raises:
        SetupError: If the model is empty.
    """
    if model is None:
        return _changed(role, {"base_url": base_url})
    if not model.strip():
        raise SetupError("The model is empty. Name one, for instance: -m hosted_vllm/qwen3-8b")
    provider, before = model.strip().partition("/")[0], role.model.partition("/")[0]
    same = provider == before
    change: dict[str, Any] = {"model": model}
    if not same:
        change |= {
            "base_url": None, "api_key_env": role.api_key_env if _keeps_key(role, provider, before, base_url) else None, "extra_body": {}, "dialect": "auto", "context_window": None,
            "concurrency": None, "max_loaded_models": None, "replicas": (), "usd_per_hour": None, "usd_per_1m_prompt_tokens": None,
            "usd_per_1m_output_tokens": None,
        }  # fmt: skip
    if base_url is not None:
        change |= {"base_url": base_url, "replicas": role.replicas if base_url == role.base_url else ()}
    return _changed(role, change)


def _keeps_key(role: RoleSettings, provider: str, before: str, base_url: str | None) -> bool:
    from agot.models.pool import COMPATIBLE, EMBEDDED

    beside = os.environ.get("AGOT_ROLES__FAST__API_KEY_ENV", "").strip()
    if before == EMBEDDED or (beside and beside == role.api_key_env):
        return True
    return base_url is not None and (base_url == role.base_url or {provider, before} <= COMPATIBLE)


def _changed(role: RoleSettings, change: dict[str, Any]) -> RoleSettings:
    """Return the role with other values, which are checked as those of the file are."""
    return type(role).model_validate({**role.model_dump(), **change})


def open_reasoner(settings: Settings, approve: Approve | None = None) -> Reasoner:
    """Return a reasoner, to be entered."""
    from agot.reasoner import Reasoner

    return Reasoner(settings, approve=approve)


async def open_conversation(
    store: SqlStore,
    settings: Settings,
    *,
    resume: str | None = None,
    strategy: str | None = None,
    approve: Approve | None = None,
) -> Conversation:
    """Return a conversation, to be closed.

    Args:
        resume: Beginning of the id of one to go on with, "" for the last; None begins a new one.

    Raises:
        StoreError: If there is none to go on with.
    """
    from agot.chat.conversation import Conversation

    if resume is None:
        return Conversation(store, settings, strategy=strategy, approve=approve)
    return await Conversation.resumed(store, settings, resume, strategy=strategy, approve=approve)


def open_toolshed(settings: Settings) -> Toolshed:
    """Return the tools of the settings, to be opened and closed."""
    from agot.toolshed import Toolshed

    return Toolshed(settings.tools)


def open_models(settings: Settings) -> Gateway:
    """Return what reaches the models of the settings; it has to be closed if it was called."""
    from agot.models.gateway import Gateway

    return Gateway(settings)


async def scan_servers(addresses: list[str], key: str | None = None) -> list[FoundServer]:
    """Return the model servers at some addresses, or on this machine."""
    from agot.models.scan import scan

    return await scan(addresses, key=key)


async def open_store(settings: Settings, *, to_write: bool = True) -> SqlStore:
    """Return the database of the settings; it has to be closed.

    Args:
        to_write: False lets a read-only database be opened.

    Raises:
        StoreError: If it cannot be opened.
    """
    from agot.settings import default_database_url
    from agot.stores.database import SqlStore

    return await SqlStore.open(settings.database_url or default_database_url(), to_write=to_write)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: boxed to the terminal's width on a terminal, tab-separated and whole in a pipe."""
    from agot.cli.paint import console, printable

    if not sys.stdout.isatty():
        for row in (columns, *rows):
            sys.stdout.write("\t".join(" ".join(printable(cell).split()) for cell in row) + "\n")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)
