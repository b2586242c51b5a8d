"""Finding model servers: on this machine at the usual ports, elsewhere only at addresses that were named.

Only ever called by an explicit command. Nothing but what was named, and loopback, is contacted.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agot.errors import SetupError

PORTS: Mapping[int, str] = {
    8000: "vLLM",
    8080: "llama.cpp",
    11434: "Ollama",
    1234: "LM Studio",
    30000: "SGLang",
    5000: "text-generation-webui",
    5001: "KoboldCpp",
    1337: "Jan",
    4891: "GPT4All",
    9997: "Xinference",
    2242: "Aphrodite",
    3000: "TGI",
    4000: "LiteLLM proxy",
    7997: "Infinity",
    8001: "vLLM",
    8081: "llama.cpp",
    8082: "llama.cpp",
    10240: "mlx-omni-server",
    12434: "Docker Model Runner",
    13305: "Lemonade",
    23333: "LMDeploy",
}
"""Usual ports, with the server that is likeliest there. 8000 is also FastChat's, TensorRT-LLM's and MLC's; 8080 that
of LocalAI, llamafile, mlx_lm.server, llama-swap and RamaLama; 5000 TabbyAPI's."""

_PATHS = {12434: "/engines/v1"}
"""Where the API is not at /v1."""

_OWNERS = {
    "vllm": "vLLM",
    "sglang": "SGLang",
    "llamacpp": "llama.cpp",
    "llama.cpp": "llama.cpp",
    "library": "Ollama",
    "organization_owner": "LM Studio",
    "koboldcpp": "KoboldCpp",
    "tabbyapi": "TabbyAPI",
    "lmdeploy": "LMDeploy",
    "aphrodite-engine": "Aphrodite",
    "xinference": "Xinference",
    "localai": "LocalAI",
}
"""`owned_by` in a server's list of models, for a server on another one's usual port."""

_SIGNS: Mapping[str, tuple[str, str]] = {
    "/api/extra/version": ("result", "KoboldCpp"),
    "/props": ("default_generation_settings", "llama.cpp"),
    "/get_model_info": ("model_path", "SGLang"),
    "/info": ("max_input_tokens", "TGI"),
    "/api/version": ("version", "Ollama"),
    "/version": ("version", "vLLM"),
}
"""Path and field that give a server away which does not say who it is; the first that is there counts."""

_EMBEDS = re.compile(
    r"embed|(^|[/_-])(bge|e5|gte|minilm|nomic|arctic-embed|jina-emb)([/_-]|$)", re.IGNORECASE
)
_RANKS = re.compile(r"rerank", re.IGNORECASE)

_WINDOWS = (
    "max_model_len",
    "n_ctx",
    "loaded_context_length",
    "context_length",
    "max_context_length",
    "n_ctx_train",
)
"""Fields for a context length; what is loaded before what the model was trained for."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model that a running server offers, ready for the settings.

    Attributes:
        name: As the server calls it.
        context_window: Tokens of prompt and answer together, if the server says so.
        roles: Roles that can use it; none for a model that only ranks.
    """

    name: str
    context_window: int | None = None

    @property
    def model(self) -> str:
        """litellm model string: `hosted_vllm/` is litellm's cheapest way to any OpenAI-compatible server."""
        return f"hosted_vllm/{self.name}"

    @property
    def roles(self) -> tuple[str, ...]:
        if _RANKS.search(self.name):
            return ()
        return ("embed",) if _EMBEDS.search(self.name) else ("fast", "strong", "judge")


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A running server.

    Attributes:
        kind: What it is called, such as "vLLM".
        base_url: Its API's address.
        models: In the server's order.
        needs_key: It does not tell its models without a key.
    """

    kind: str
    base_url: str
    models: tuple[FoundModel, ...] = ()
    needs_key: bool = False


async def scan(
    addresses: Sequence[str] = (),
    *,
    timeout_s: float | None = None,
    environment: Mapping[str, str] = os.environ,
    ports: Mapping[int, str] = PORTS,
    key: str | None = None,
) -> list[FoundServer]:
    """Ask servers, all at the same time, for their models.

    Args:
        addresses: "host" for the usual ports there, "host:port", or a URL; none for the usual ports of this machine
            and, if it is on this machine, the address in `OLLAMA_HOST`.
        timeout_s: Seconds for each server; by default 0.6 on this machine and 3 elsewhere.
        ports: Usual ports with the servers that are likeliest there.
        key: Sent to addresses that were named, as a bearer token.

    Returns:
        What was found, in the order of addresses and ports; empty if nothing answers.

    Raises:
        SetupError: If an address is none.
    """
    import httpx

    places = _places(addresses, ports, environment)
    headers = {"authorization": f"Bearer {key}"} if key and addresses else {}
    # A proxy from the environment must not see these, nor may a redirect lead away.
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, headers=headers) as client:

        async def ask(kind: str, base_url: str) -> FoundServer | None:
            limit_s = timeout_s or (0.6 if _is_loopback(base_url) else 3.0)
            return await _server_at(client, kind, base_url, limit_s)

        found = await asyncio.gather(*(ask(kind, base_url) for base_url, kind in places.items()))
    return [server for server in found if server is not None]


def _places(
    addresses: Sequence[str], ports: Mapping[int, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return base addresses with the likeliest server there; each once."""
    places: dict[str, str] = {}
    for address in addresses:
        for base_url, kind in _named(address, ports):
            places.setdefault(base_url, kind)
    if not addresses:
        for port, kind in ports.items():
            places.setdefault(f"http://127.0.0.1:{port}{_PATHS.get(port, '/v1')}", kind)
        ollama = ollama_address(environment)
        if ollama is not None:
            places.setdefault(f"{ollama}/v1", "Ollama")
    return places


def _named(address: str, ports: Mapping[int, str]) -> list[tuple[str, str]]:
    """Return the places that an address names: (base address, likeliest server)."""
    text = address.strip()
    if text.count(":") > 1 and "://" not in text and "[" not in text:
        text = f"[{text}]"  # a bare address of IPv6
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or any(space in text for space in " \t\n"):
        raise SetupError(
            f"{address!r} is no address of a server; expected a host such as 192.168.1.20, a host with a port, or a "
            "URL such as http://192.168.1.20:8000/v1."
        )
    place = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/")
    if "://" not in text and port is None:
        return [(f"http://{place}:{usual}{_PATHS.get(usual, '/v1')}", kind) for usual, kind in ports.items()]
    at = place if port is None else f"{place}:{port}"
    api = path or _PATHS.get(port or 0, "/v1")
    return [(f"{parts.scheme}://{at}{api}", ports.get(port or 0, "a server"))]


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


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _server_at(client: Any, kind: str, base_url: str, timeout_s: float) -> FoundServer | None:
    reply = await _get(client, f"{base_url}/models", timeout_s)
    if reply is None:
        return None
    status, body = reply
    if status in (401, 403) and isinstance(body, dict):
        return FoundServer(kind, base_url, needs_key=True)
    listed = body.get("data") if status == 200 and isinstance(body, dict) else None
    if not isinstance(listed, list):
        return None
    entries = [entry for entry in listed if isinstance(entry, dict)]
    models = tuple(
        FoundModel(entry["id"], window_of(entry))
        for entry in entries
        if isinstance(entry.get("id"), str) and entry["id"]
    )
    owners = {str(entry.get("owned_by", "")).lower() for entry in entries}
    owner = next((_OWNERS[owner] for owner in sorted(owners) if owner in _OWNERS), None)
    root = base_url.removesuffix("/v1").removesuffix("/engines")
    return FoundServer(owner or await _given_away(client, root, timeout_s) or kind, base_url, models)


async def _given_away(client: Any, root: str, timeout_s: float) -> str | None:
    """Return what a server is by a page that only it has, or None."""
    replies = await asyncio.gather(*(_get(client, f"{root}{path}", timeout_s) for path in _SIGNS))
    for reply, (field, kind) in zip(replies, _SIGNS.values(), strict=True):
        if reply is not None and reply[0] == 200 and isinstance(reply[1], dict) and field in reply[1]:
            return kind
    return None


async def _get(client: Any, url: str, timeout_s: float) -> tuple[int, Any] | None:
    """Return status and JSON; None if nobody is there or something else lives there, which is no fault."""
    import httpx

    try:
        async with asyncio.timeout(timeout_s):
            reply = await client.get(url, timeout=timeout_s)
            return reply.status_code, reply.json()
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, UnicodeError):
        return None


def window_of(entry: Mapping[str, Any]) -> int | None:
    """Return the context length that an entry of a server's list of models tells, in tokens."""
    meta = entry.get("meta")
    told = {**(meta if isinstance(meta, dict) else {}), **entry}
    return next((told[name] for name in _WINDOWS if type(told.get(name)) is int and told[name] > 0), None)
