"""Collects the tools of a reasoner: those it was given, those the settings name, and those of MCP servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from agot.errors import SetupError, ToolError
from agot.installed import load, offered
from agot.settings import ToolSettings
from agot.tools.builtin import builtin_tools, python_tool
from agot.tools.files import file_tools
from agot.tools.mcp_servers import McpServers
from agot.tools.tool import Tool, as_tool
from agot.tools.web import fetch_tool


class Toolshed:
    """The tools of one reasoner on one event loop.

    Args:
        settings: Which tools there are.
        given: Tools from the caller's own code.

    Raises:
        SetupError: If one of them cannot be a tool.
    """

    def __init__(self, settings: ToolSettings, given: Sequence[Tool | Callable[..., object]] = ()) -> None:
        self._settings, self._given = settings, tuple(map(as_tool, given))
        self._servers: McpServers | None = None
        self._tools: dict[str, Tool] | None = None
        self._opening = asyncio.Lock()

    @property
    def chosen(self) -> bool:
        """Whether somebody chose tools, beyond those that are always there."""
        settings = self._settings
        return bool(
            self._given or settings.files or settings.fetch_hosts or settings.installed or settings.mcp
        )

    async def open(self) -> dict[str, Tool]:
        """Return all tools by name; MCP servers are connected the first time.

        Raises:
            SetupError: If two tools have one name, a setting is unusable, or a server cannot be reached.
        """
        async with self._opening:
            if self._tools is None:
                self._tools = _by_name((*self._given, *await self._local(), *await self._remote()))
            return self._tools

    @property
    def notes(self) -> list[str]:
        """What was left out of what MCP servers offer, in sentences."""
        return [] if self._servers is None else self._servers.notes

    async def _local(self) -> list[Tool]:
        from agot.sandbox.run import why_not

        settings = self._settings
        found: list[Tool] = []
        if settings.builtin:
            found += _from("built in", builtin_tools())
        # Found out by a process that may take seconds.
        if settings.python and await asyncio.to_thread(why_not) is None:
            found += _from("built in", [python_tool()])
        if settings.files is not None:
            found += _from(f"files in {settings.files}", file_tools(settings.files))
        if settings.fetch_hosts:
            found += _from(f"pages of {', '.join(settings.fetch_hosts)}", [fetch_tool(settings.fetch_hosts)])
        for name in settings.installed:
            found += _from("an installed package", [_installed(name)])
        return found

    def missing(self) -> dict[str, str]:
        """Return why tools that settings could give are not there, by what they are called or do."""
        from agot.sandbox.run import why_not

        settings = self._settings
        reasons = {
            "calculator, dates": None if settings.builtin else "tools.builtin is false",
            "python": why_not() if settings.python else "tools.python is false",
            "files": None if settings.files is not None else "tools.files names no folder",
            "fetch": None if settings.fetch_hosts else "tools.fetch_hosts lists no host",
            "packages' tools": None
            if settings.installed or not offered("tools")
            else (f"tools.installed names none of: {', '.join(offered('tools'))}"),
            "MCP servers": None if settings.mcp else "tools.mcp names none",
        }
        return {name: reason for name, reason in reasons.items() if reason is not None}

    async def _remote(self) -> Sequence[Tool]:
        if not self._settings.mcp:
            return ()
        self._servers = McpServers(self._settings.mcp)
        try:
            return await self._servers.open()
        except ToolError as error:
            raise SetupError(f"The tools of an MCP server cannot be had: {error}") from error

    async def close(self) -> None:
        """End the connections to MCP servers."""
        servers, self._servers, self._tools = self._servers, None, None
        if servers is not None:
            await servers.close()


def _installed(name: str) -> Tool:
    found = load("tools", name)
    if found is None:
        there = ", ".join(offered("tools")) or "none"
        raise SetupError(f"No installed package offers a tool {name!r}. There are: {there}.")
    return as_tool(found)


def _from(origin: str, tools: Sequence[Tool]) -> list[Tool]:
    return [replace(tool, origin=origin) for tool in tools]


def _by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for tool in tools:
        if tool.name in found:
            raise SetupError(
                f"Two tools are named {tool.name!r}. Give one of them another name: @tool(name=...)."
            )
        found[tool.name] = tool
    return found
