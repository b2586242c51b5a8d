"""Tools of other processes: servers that speak the Model Context Protocol, over stdio or HTTP.

Needs `pip install 'agot[mcp]'`. What a server says of itself is taken as data: its descriptions are
shortened and defused, and a tool counts as one with side effects unless the server marks it read-only.
Trust a server's marks no more than the server, or set `side_effects`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from agot.errors import SetupError, ToolError
from agot.settings import McpServer, stripped
from agot.tools.rendering import cut
from agot.tools.tool import Tool
from agot.tools.untrusted import defused

if TYPE_CHECKING:
    from mcp import Client

_MOST_PAGES = 50
_MOST_DESCRIPTION_CHARS = 2000
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

    async def close(self) -> None:
        """End the connections and the processes that were started."""
        await asyncio.gather(*(connection.close() for connection in self._connections))


class _Connection:
    """Keeps one connection in a task of its own, because the SDK opens and closes within one task."""

    def __init__(self, name: str, server: McpServer) -> None:
        self._name, self._server = name, server
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

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
        fault = None if late else self._keeper.exception()
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
            client = await self._client(stack)
            tools = await self._listed(client)
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
        return await stack.enter_async_context(
            Client(transport, read_timeout_seconds=server.timeout_s, cache=None)
        )

    def _variable(self, name: str) -> str:
        value = os.environ.get(name)
        if not value:
            raise SetupError(
                f"The MCP server {self._name!r} needs the environment variable {name}, which is not set."
            )
        return value

    async def _listed(self, client: Client) -> tuple[Tool, ...]:
        tools: list[Tool] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            tools += [self._tool(client, offered) for offered in page.tools]
            cursor = page.next_cursor
            if not cursor:
                return tuple(tools)
        raise ToolError(f"The MCP server {self._name!r} lists more than {_MOST_PAGES} pages of tools.")

    def _tool(self, client: Client, offered: Any) -> Tool:
        name = str(offered.name)

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

        marks = offered.annotations
        read_only = marks is not None and marks.read_only_hint is True
        side_effects = self._server.side_effects
        return Tool(
            name=re.sub(r"[^A-Za-z0-9_-]", "_", f"{self._name}_{name}")[:64],
            description=cut(defused(offered.description or name), _MOST_DESCRIPTION_CHARS),
            parameters=dict(offered.input_schema),
            invoke=invoke,
            timeout_s=self._server.timeout_s,
            side_effects=not read_only if side_effects is None else side_effects,
            origin=f"MCP server {self._name}",
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


def _said(fault: BaseException | None) -> str:
    """Return what went wrong: the SDK's task groups wrap it."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    return f"{type(fault).__name__}: {fault}"[:500] if fault is not None else "it ended at once"
