"""Finding the model servers that run on this machine.

Only ever called by an explicit command. Nothing but loopback addresses is contacted.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_PORTS = {"vLLM": 8000, "Ollama": 11434, "llama.cpp": 8080, "LM Studio": 1234, "SGLang": 30000}

_OWNERS = {
    "vllm": "vLLM",
    "sglang": "SGLang",
    "llamacpp": "llama.cpp",
    "library": "Ollama",
    "organization_owner": "LM Studio",
}
"""`owned_by` in a server's list of models, for a server on another one's usual port."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model that a running server offers, ready for the settings.

    Attributes:
        server: Name of the server's kind.
        model: litellm model string.
        base_url: Goes with it.
        context_window: Tokens, if the server says so.
    """

    server: str
    model: str
    base_url: str
    context_window: int | None = None


async def find_local_models(
    *,
    timeout_s: float = 0.6,
    environment: Mapping[str, str] = os.environ,
    ports: Mapping[str, int] | None = None,
) -> list[FoundModel]:
    """Ask the usual ports of this machine, all at the same time, for their models.

    All are reached through `hosted_vllm/`, litellm's cheapest way to an OpenAI-compatible server (Ollama,
    llama.cpp and LM Studio are that too, and give log-probabilities that way).

    Args:
        timeout_s: Seconds for each server.
        environment: `OLLAMA_HOST` adds an address, if it is on this machine.
        ports: Server kinds with their ports, instead of the usual ones.

    Returns:
        What was found, in the order of the ports; empty if nothing runs.
    """
    import httpx

    places = [
        (server, f"http://127.0.0.1:{port}") for server, port in (_PORTS if ports is None else ports).items()
    ]
    named = ollama_address(environment)
    if named is not None and ("Ollama", named) not in places:
        places.append(("Ollama", named))
    # A proxy from the environment must not see these, nor may a redirect lead away.
    async with httpx.AsyncClient(timeout=timeout_s, trust_env=False, follow_redirects=False) as client:
        found = await asyncio.gather(
            *(_models_at(client, server, root, timeout_s) for server, root in places)
        )
    return [model for models in found for model in models]


def ollama_address(environment: Mapping[str, str]) -> str | None:
    """Return the address in `OLLAMA_HOST` if it is on this machine, else None."""
    named = environment.get("OLLAMA_HOST", "").strip()
    if not named:
        return None
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        host, port = parts.hostname or "127.0.0.1", parts.port or 11434
    except ValueError:
        return None
    if host == "localhost":
        host = "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if address.is_unspecified:
        # "0.0.0.0" says where the server listens; here it is reached at loopback.
        return f"http://127.0.0.1:{port}"
    if not address.is_loopback:
        return None
    return f"http://{f'[{host}]' if address.version == 6 else host}:{port}"


async def _models_at(client: Any, server: str, root: str, timeout_s: float) -> list[FoundModel]:
    import httpx

    base_url = f"{root}/v1"
    try:
        async with asyncio.timeout(timeout_s):
            reply = await client.get(f"{base_url}/models")
        listed = reply.json().get("data") if reply.status_code == 200 else None
    except (httpx.HTTPError, TimeoutError, ValueError, AttributeError):
        # Nobody there, or something else lives there: that is an answer, not a fault.
        return []
    if not isinstance(listed, list):
        return []
    found = []
    for entry in listed:
        name = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name or "embed" in name.lower():
            continue
        window = entry.get("max_model_len") or (entry.get("meta") or {}).get("n_ctx_train")
        found.append(
            FoundModel(
                server=_OWNERS.get(str(entry.get("owned_by", "")).lower(), server),
                model=f"hosted_vllm/{name}",
                base_url=base_url,
                context_window=window if isinstance(window, int) and window > 0 else None,
            )
        )
    return found
