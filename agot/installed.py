"""What installed packages add by entry points: strategies, checks and tools, each loaded when its name is used.

A package says in its pyproject.toml:

    [project.entry-points."agot.strategies"]
    twice = "my_package:twice"
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from agot.errors import SetupError

Kind = Literal["strategies", "checks", "tools"]


@cache
def offered(kind: Kind) -> Mapping[str, EntryPoint]:
    """Return what packages offer, by name; nothing of it is loaded."""
    return {point.name: point for point in entry_points(group=f"agot.{kind}")}


def load(kind: Kind, name: str) -> Any:
    """Return what a package offers under a name, or None if none does.

    Raises:
        SetupError: If it cannot be loaded; says by which package, and why.
    """
    point = offered(kind).get(name)
    if point is None:
        return None
    try:
        return point.load()
    except Exception as error:  # the package's own code runs here, and may raise anything
        package = point.dist.name if point.dist is not None else "a package"
        raise SetupError(
            f"{point.value!r}, which {package} offers as {name!r} among agot.{kind}, cannot be loaded: "
            f"{type(error).__name__}: {error}. Mend or uninstall {package}, or do not use that name."
        ) from error
