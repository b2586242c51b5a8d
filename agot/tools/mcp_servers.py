"""Tools of other processes: servers that speak the Model Context Protocol, over stdio or HTTP.

Needs `pip install 'agot[mcp]'`. What a server says of itself is taken as data: its list of tools is bounded, its texts
are shortened and defused, and a tool counts as one with side effects, whatever the server marks it as, unless the
settings say that the server is trusted, or has none. A tool that is not what it was when it was listed is approved anew.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from agot.errors import SetupError, ToolError
from agot.settings import McpServer, McpTool, stripped
from agot.tools.mcp_entries import Lenient, said
from agot.tools.mcp_offers import Offer, Watched, bounded, called, listed, offer_of
from agot.tools.tool import Tool

if TYPE_CHECKING:
    from mcp import Client

_MOST_PAGES = 50
_CLOSE_S = 10.0


class McpServers:
    """Servers that are connected together and closed together.

    Use it as an async context manager, or `open()` and `close()` it on one event loop.

    Args:
        servers: By name; a tool is called by the server's name, an underscore, and its own.
    """

    def __init__(self, servers: Mapping[str, McpServer]) -> None:
        self._connections = [_Connection(name, server) for name, server in servers.items()]

    async def __aenter__(self) -> tuple[Tool, ...]:
        return await self.open()

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def open(self) -> tuple[Tool, ...]:
        """Connect to all servers and return their tools.

        Raises:
            SetupError: If the SDK is not installed, a variable is not set, or two tools have the same name.
            ToolError: If a server cannot be reached; none stays connected then.
        """
        try:
            await asyncio.to_thread(__import__, "mcp")
        except ImportError:
            raise SetupError("MCP servers need the MCP SDK. Install it: pip install 'agot[mcp]'.") from None
        opened = await asyncio.gather(
            *(connection.open() for connection in self._connections), return_exceptions=True
        )
        try:
            for one in opened:
                if isinstance(one, BaseException):
                    raise one
            return _distinct([tool for one in opened if isinstance(one, tuple) for tool in one])
        except BaseException:
            await self.close()
            raise

    @property
    def notes(self) -> list[str]:
        """What was left out of the servers' lists, in sentences."""
        return [note for connection in self._connections for note in connection.notes]

    async def close(self) -> None:
        """End the connections and the processes that were started."""
        await asyncio.gather(*(connection.close() for connection in self._connections))


class _Connection:
    """Keeps one connection in a task of its own, because the SDK opens and closes within one task."""

    def __init__(self, name: str, server: McpServer) -> None:
        self._name, self._server = name, server
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.notes: list[str] = []

    async def open(self) -> tuple[Tool, ...]:
        ready: asyncio.Future[tuple[Tool, ...]] = asyncio.get_running_loop().create_future()
        self._closing.clear()
        self._keeper = asyncio.create_task(self._keep(ready))
        first: set[asyncio.Future[Any]] = {ready, self._keeper}
        try:
            await asyncio.wait(first, timeout=self._server.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not ready.done():
                # It is not known to listen: it is not asked to end, but ended.
                self._keeper.cancel()
        if ready.done():
            return ready.result()
        late = not self._keeper.done()
        fault = None if late else _innermost(self._keeper.exception())
        await self.close()
        if isinstance(fault, (SetupError, ToolError)):
            raise fault
        why = f"it did not answer within {self._server.timeout_s:g} seconds" if late else _said(fault)
        raise ToolError(f"The MCP server {self._name!r} cannot be used: {why}. Check its command or url.")

    async def close(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        self._closing.set()
        await asyncio.wait({keeper}, timeout=_CLOSE_S)
        if not keeper.done():
            keeper.cancel()
            await asyncio.wait({keeper}, timeout=_CLOSE_S)
        if keeper.done() and not keeper.cancelled():
            # A server that died has been told of by its calls.
            keeper.exception()

    async def _keep(self, ready: asyncio.Future[tuple[Tool, ...]]) -> None:
        async with AsyncExitStack() as stack:
            _speaking.set(self._name)
            client = await self._client(stack)
            tools = await self._tools(client)
            if not ready.done():
                ready.set_result(tools)
            await self._closing.wait()

    async def _client(self, stack: AsyncExitStack) -> Client:
        import httpx2
        from mcp import Client, StdioServerParameters, stdio_client
        from mcp.client.streamable_http import streamable_http_client

        server = self._server
        if server.url is not None:
            headers = {header: stripped(self._variable(name)) for header, name in server.headers_env.items()}
            http = await stack.enter_async_context(
                httpx2.AsyncClient(headers=headers, timeout=server.timeout_s)
            )
            transport = streamable_http_client(server.url, http_client=http)
        else:
            env = {name: self._variable(name) for name in server.pass_env} | server.env
            # What a server writes to standard error is for its author, not for our terminal.
            sink = stack.enter_context(open(os.devnull, "w"))  # noqa: SIM115
            parameters = StdioServerParameters(command=server.command or "", args=list(server.args), env=env)
            transport = stdio_client(parameters, errlog=sink)
        lenient = Lenient(transport)
        client = await stack.enter_async_context(
            Client(lenient, read_timeout_seconds=server.timeout_s, cache=None)
        )
        lenient.version = client.protocol_version
        return client

    def _variable(self, name: str) -> str:
        value = os.environ.get(name)
        if not value:
            raise SetupError(
                f"The MCP server {self._name!r} needs the environment variable {name}, which is not set."
            )
        return value

    async def _tools(self, client: Client) -> tuple[Tool, ...]:
        found = await self._listed(client)
        self._check_names([offer.name for offer in found])
        offers, self.notes = bounded(found, self._name)
        return tuple(self._tool(client, offer) for offer in offers)

    def _check_names(self, offered: list[str]) -> None:
        unknown = [name for name in self._server.tools if name not in offered]
        if unknown:
            raise SetupError(
                f"The settings say something of a tool {unknown[0]!r} of the MCP server {self._name!r}, which offers "
                f"{listed(offered) or 'none'}. Correct tools.mcp.{self._name}.tools."
            )

    async def _listed(self, client: Client) -> list[Offer]:
        offers: list[Offer] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            offers += map(offer_of, page.tools)
            cursor = page.next_cursor
            if not cursor:
                return offers
        raise ToolError(f"The MCP server {self._name!r} lists more than {_MOST_PAGES} pages of tools.")

    def _tool(self, client: Client, offer: Offer) -> Tool:
        name = offer.name

        async def look(name: str) -> Offer | None:
            if self._keeper is None or self._keeper.done():
                # The call itself tells that.
                return offer
            try:
                listing = await self._listed(client)
                return next((one for one in listing if one.name == name and not one.fault), None)
            except Exception as error:
                raise ToolError(f"The MCP server {self._name!r} failed: {_said(error)}") from error

        async def invoke(arguments: Mapping[str, Any]) -> str:
            if self._keeper is None or self._keeper.done():
                raise ToolError(f"The MCP server {self._name!r} is no longer connected. Go on without it.")
            try:
                result = await client.call_tool(name, dict(arguments))
            except Exception as error:
                raise ToolError(f"The MCP server {self._name!r} failed: {_said(error)}") from error
            text = _told(result)
            if result.is_error:
                raise ToolError(text or "The tool failed and does not say why.")
            return text

        side_effects, known = self._server.side_effects, self._server.tools.get(name, McpTool())
        return Tool(
            name=called(self._name, name),
            description=offer.description,
            parameters=offer.schema,
            invoke=invoke,
            timeout_s=self._server.timeout_s,
            side_effects=not (offer.read_only and self._server.trusted)
            if side_effects is None
            else side_effects,
            idempotency_key=known.idempotency_key,
            repeatable=known.repeatable,
            origin=f"MCP server {self._name}",
            watch=Watched(self._name, offer, look),
        )


def _distinct(tools: Sequence[Tool]) -> tuple[Tool, ...]:
    names = [tool.name for tool in tools]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SetupError(f"Two tools of MCP servers are called {twice[0]!r}. Name the servers differently.")
    return tuple(tools)


def _told(result: Any) -> str:
    parts = []
    for block in result.content:
        if block.type == "text":
            parts.append(block.text)
        elif block.type == "resource" and getattr(block.resource, "text", None) is not None:
            parts.append(block.resource.text)
        else:
            parts.append(f"[{block.type}, which cannot be shown as text]")
    if not parts and result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False)
    return "\n".join(parts)


def _innermost(fault: BaseException | None) -> BaseException | None:
    """Return a fault without the groups that the SDK's tasks wrap it in."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    return fault


def _said(fault: BaseException | None) -> str:
    """Return what went wrong."""
    fault = _innermost(fault)
    if fault is None:
        return "it ended at once"
    if isinstance(fault, ValidationError):
        return f"it sent what is not of the protocol ({said(fault)})"
    return " ".join(f"{type(fault).__name__}: {fault}".split())[:500]


_speaking: contextvars.ContextVar[str] = contextvars.ContextVar("mcp_server")
"""The server whose output the tasks of this context read."""


class _OneLine(logging.Filter):
    """Tells once of a server that what it writes is no message, instead of a traceback for each line."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        name = _speaking.get(None)
        if record.exc_info is None or name is None:
            return True
        if name not in self._told:
            self._told.add(name)
            logging.getLogger("agot.tools").warning(
                "The MCP server %r writes lines to its standard output that are no messages; they are passed over. "
                "It should write them to standard error.", name,
            )  # fmt: skip
        return False


logging.getLogger("mcp.client.stdio").addFilter(_OneLine())
