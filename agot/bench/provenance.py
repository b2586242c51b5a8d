"""What a report says of where its figures come from."""

from __future__ import annotations

import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import agot
from agot.bench.plain import PlainClient, without_secrets

_PACKAGES = ("litellm", "httpx", "langgraph", "pydantic", "sqlalchemy")


async def server_of(client: PlainClient) -> dict[str, Any]:
    """Return what a server says of itself: its address, what it is, its version, and the model's context.

    Raises:
        ModelUnreachable: If no OpenAI-compatible server answers.
    """
    found: dict[str, Any] = {"address": without_secrets(client.base_url)}
    listed = await client.models()
    if listed and client.model not in listed:
        found["models"] = listed
    card = (await client.fetch("models", under_v1=True) or {}).get("data") or [{}]
    own = next((one for one in card if one.get("id") == client.model), card[0])
    context = own.get("max_model_len") or (own.get("meta") or {}).get("n_ctx")
    found |= {name: value for name, value in (("owner", own.get("owned_by")), ("context", context)) if value}
    for path in ("version", "api/version", "props"):
        told = await client.fetch(path)
        if not isinstance(told, dict):
            continue
        for name in ("version", "build_info", "total_slots"):
            if isinstance(told.get(name), str | int):
                found[name] = told[name]
    return found


def versions() -> dict[str, str]:
    """Return the versions of the project, of Python, and of the packages that calls pass."""
    found = {"agot": agot.__version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def revision() -> str:
    """Return the git revision of the project's own source folder, "" where it is none."""
    folder = Path(agot.__file__).resolve().parent
    if not (folder.parent / "pyproject.toml").is_file():
        return ""
    try:
        told = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.strip()


def now() -> str:
    """Return the date and time, UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
