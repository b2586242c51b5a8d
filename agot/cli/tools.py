"""`agot tools`: what a run could call, where each tool comes from, and why others are missing."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from agot.cli import compose, flags

if TYPE_CHECKING:
    from agot.toolshed import Toolshed


def tools(output: flags.TableFlag = "text", debug: flags.DebugFlag = False) -> None:
    """List the tools that a run would have; those of MCP servers are asked for.

    Exit code: 2 if a run could not begin, because a setting is unusable or a server cannot be reached.
    """
    settings = compose.settings()
    shed = compose.open_toolshed(settings)
    found, notes = asyncio.run(_entries(shed))
    if output == "json":
        from agot.cli.outcome import print_json

        print_json(found)
        return
    from agot.settings import settings_path

    columns = ("tool", "side effects", "from", "timeout", "missing because")
    compose.print_table(columns, [_row(entry) for entry in found])
    engine = settings.engine
    wanted = shed.chosen or "tools" in (engine.strategy, *(engine.ladder or ()))
    who = (
        "Runs may call them"
        if wanted
        else "Only --strategy tools calls them, as none was added in the settings"
    )
    from agot.cli.view import told

    told("\n".join(notes))
    sys.stdout.write(f"\n{who}. Settings file: {settings_path()}\n")


async def _entries(shed: Toolshed) -> tuple[list[dict[str, Any]], list[str]]:
    try:
        there = await shed.open()
        notes = shed.notes
    finally:
        await shed.close()
    found: list[dict[str, Any]] = [
        {"tool": tool.name, "side_effects": tool.side_effects, "from": tool.origin, "timeout_s": tool.timeout_s, "missing": ""}
        for tool in there.values()
    ]  # fmt: skip
    found += [
        {"tool": name, "side_effects": None, "from": "", "timeout_s": None, "missing": reason}
        for name, reason in shed.missing().items()
    ]
    return found, notes


def _row(entry: dict[str, Any]) -> list[str]:
    if entry["missing"]:
        return [entry["tool"], "-", "-", "-", entry["missing"]]
    effects = "yes: asks first" if entry["side_effects"] else "no"
    return [entry["tool"], effects, entry["from"], f"{entry['timeout_s']:g} s", ""]
