"""What an MCP server offers, as far as a model is told of it: bounded in number, size and text, and watched for changes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from agot.errors import ToolError
from agot.tools.mcp_entries import FAULT
from agot.tools.rendering import cut
from agot.tools.untrusted import defused

MOST_TOOLS = 64
"""Of one server. Every tool stands in every prompt, and models choose badly among many."""

MOST_SCHEMA_CHARS = 4_000
MOST_DESCRIPTION_CHARS = 2_000
MOST_CHARS = 40_000
"""Of descriptions and schemas of one server's tools together."""

_MOST_NOTE_CHARS = 200
_MOST_NAME_CHARS = 64
_LONGEST_CHANGE = 1_000
_DEEPEST = 20
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool as a server tells of it.

    Attributes:
        schema: JSON schema of the arguments.
        read_only: What the server says of itself.
        print: Tells this offer from any other; a hash.
        fault: Why it cannot be used, "" if it can.
    """

    name: str
    description: str
    schema: dict[str, Any]
    read_only: bool
    print: str
    fault: str = ""


def offer_of(told: Any) -> Offer:
    """Return what the SDK read of a tool, without what could end its place in a prompt.

    Names are left as they are: calls carry them.
    """
    name, schema = str(told.name), dict(told.input_schema)
    description = (told.description or "").strip() or name
    marks = told.annotations
    read_only = marks is not None and marks.read_only_hint is True
    whole = json.dumps([name, description, schema, read_only], sort_keys=True, default=str)
    return Offer(
        name=name,
        description=cut(defused(description), MOST_DESCRIPTION_CHARS),
        schema=_harmless(schema, 0),
        read_only=read_only,
        print=hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest(),
        fault=str((told.meta or {}).get(FAULT, "")),
    )


def called(server: str, name: str) -> str:
    """Return what models call a server's tool."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"{server}_{name}")[:64]


def _harmless(value: Any, depth: int) -> Any:
    """Return a schema whose texts are data, and shortened."""
    if depth > _DEEPEST:
        return {}
    if isinstance(value, str):
        return cut(defused(value), _MOST_NOTE_CHARS)
    if isinstance(value, Mapping):
        return {str(name): _harmless(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_harmless(one, depth + 1) for one in value]
    return value


def bounded(offers: Iterable[Offer], server: str) -> tuple[list[Offer], list[str]]:
    """Return the offers that models are told of, and in sentences what is left out."""
    kept: list[Offer] = []
    many: list[str] = []
    large: list[str] = []
    odd: list[str] = []
    wrong: list[str] = []
    taken: set[str] = set()
    chars = 0
    for offer in offers:
        schema = json.dumps(offer.schema, ensure_ascii=False)
        size = len(schema) + len(offer.description)
        if offer.fault:
            wrong.append(f"{offer.name}: {offer.fault}")
        elif any(defused(name) != name for name in _names(offer)):
            odd.append(offer.name)
        elif len(schema) > MOST_SCHEMA_CHARS:
            large.append(offer.name)
        elif len(kept) >= MOST_TOOLS or chars + size > MOST_CHARS:
            many.append(offer.name)
        elif fault := _schema_fault(offer.schema):
            wrong.append(f"{offer.name}: {fault}")
        elif called(server, offer.name) in taken:
            wrong.append(f"{offer.name}: another tool is called {called(server, offer.name)} already")
        else:
            taken.add(called(server, offer.name))
            kept.append(offer)
            chars += size
    notes = [
        f"Of the tools of the MCP server {server!r} {len(names)} {'is' if len(names) == 1 else 'are'} left out: {why} "
        f"({listed(names, chars)})."
        for names, chars, why in (
            (many, _MOST_NAME_CHARS, f"at most {MOST_TOOLS} tools with {MOST_CHARS:,} characters together are offered to a model"),
            (large, _MOST_NAME_CHARS, f"a schema may have {MOST_SCHEMA_CHARS:,} characters"),
            (odd, _MOST_NAME_CHARS, "names within it hold marks with which chat templates separate roles"),
            (wrong, _MOST_NOTE_CHARS, "what the server says of it cannot be used"),
        )
        if names
    ]  # fmt: skip
    return kept, notes


def _names(offer: Offer) -> list[str]:
    """Return what a model has to repeat letter by letter."""
    found: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, Mapping):
            found.extend(value)
            for one in value.values():
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)

    look(offer.schema)
    return found


def _schema_fault(schema: Mapping[str, Any]) -> str:
    """Return why a schema is none, or ""; a provider refuses every request that carries such a one."""
    validators = import_module("jsonschema.validators")
    try:
        base = validators.validator_for(schema, default=validators.Draft202012Validator)
        # Formats are left alone: patterns are written in JavaScript's manner, not Python's.
        base.check_schema(schema, format_checker=None)
    except import_module("jsonschema.exceptions").SchemaError as error:
        where = ".".join(map(str, error.absolute_path))
        return f"inputSchema{where and '.'}{where}: {error.message}"
    except RecursionError:
        return "inputSchema: it is nested too deeply"
    except Exception as error:  # noqa: BLE001 - whoever reads a schema that is none raises what he likes
        return f"inputSchema: {error}"
    return ""


def listed(names: list[str], chars: int = _MOST_NAME_CHARS) -> str:
    """Return the names of tools as they are shown to a person, each with at most `chars` characters."""
    shown = [cut(defused(" ".join(name.split())), chars) for name in names[:_MOST_NAMED]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


@dataclass(slots=True)
class Watched:
    """One tool of a server, compared with what was known of it; implements `agot.tools.tool.Watch`.

    Attributes:
        server: Its name.
        accepted: What a person, or the first list, vouches for.
        look: Returns what the server offers now under the tool's name, or None.
    """

    server: str
    accepted: Offer
    look: Callable[[str], Awaitable[Offer | None]]
    _seen: Offer | None = field(default=None)

    async def change(self) -> str:
        """Return what the server says of the tool now, if that is not what it said before; else "".

        Raises:
            ToolError: If the server does not offer it any more.
        """
        now = await self.look(self.accepted.name)
        if now is None:
            raise ToolError(
                f"The MCP server {self.server!r} no longer offers this tool, so it was not called. Go on without it."
            )
        if now.print == self.accepted.print:
            return ""
        self._seen = now
        schema = json.dumps(now.schema, ensure_ascii=False)
        return cut(f"{now.description} Arguments: {schema}", _LONGEST_CHANGE)

    def accept(self) -> None:
        """Take what `change` told of as known from now on."""
        if self._seen is not None:
            self.accepted = self._seen
