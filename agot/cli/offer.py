"""Offering, once, to look for a model server where nobody ever set a model and a person sits at the terminal."""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING, Any

from agot.cli import compose
from agot.cli.model_roles import origin, write_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agot.settings import Settings


_PATIENCE_S = 60.0
"""A terminal may have nobody before it; after that long the command goes on without an answer."""


def with_model(chosen: Mapping[str, Any]) -> Settings:
    """Return the settings of a command, with a model of this machine if the person wants one.

    Asked only on a terminal, and only while no model is set; either answer is written to the settings file.

    Args:
        chosen: The command's flags, as `compose.settings` takes them.
    """
    settings = compose.settings(**chosen)
    if chosen["model"] or chosen["base_url"] or not _somebody_there() or origin("fast", "roles") != "default":
        return settings
    sys.stderr.write(
        "No model is set. The embedded one, for trying things out, knows arithmetic, word problems, lists and dates.\n"
    )
    answer = _read_answer("Look for a model server on this machine? [Y/n] ")
    if answer is None:
        return settings
    if answer.lower() not in ("", "y", "yes"):
        write_role("fast", settings.role("fast").model)
        return settings
    return compose.settings(**chosen) if _take() else settings


def _somebody_there() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _read_answer(question: str) -> str | None:
    """Return the line that was typed, or None if there was none."""
    sys.stderr.write(question)
    sys.stderr.flush()
    if not select.select([sys.stdin], [], [], _PATIENCE_S)[0]:
        sys.stderr.write("\n")
        return None
    line = sys.stdin.readline()
    return line.strip() if line else None


def _take() -> bool:
    """Find servers, let the person choose, and write the choice; return whether one was."""
    from agot.cli.models_add import find
    from agot.cli.paint import one_line

    found = find([])
    offered = [(server, one) for server in found for one in server.models if "fast" in one.roles]
    if not offered:
        sys.stderr.write(
            "None answers at the usual ports, so the embedded model goes on. Later: agot models scan, agot models add\n"
        )
        return False
    for number, (server, one) in enumerate(offered, 1):
        sys.stderr.write(f"  {number}  {one_line(one.name, 60)}  ({server.kind}, {server.base_url})\n")
    answer = (
        _read_answer(f"Which one? [1-{len(offered)}, Enter for 1, 0 for none] ") if len(offered) > 1 else "1"
    )
    place = 1 if answer == "" else int(answer) if answer and answer.isdecimal() else 0
    if not 1 <= place <= len(offered):
        return False
    server, one = offered[place - 1]
    write_role("fast", one.model, base_url=server.base_url, context_window=one.context_window)
    return True
