"""Named roles to endpoints: which model answers, where it is, and what its provider can do.

Everything here is known from the settings alone, so it needs neither the network nor litellm.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from agot.errors import SetupError
from agot.redaction import shown_address
from agot.settings import ROLES, RoleSettings, Settings, remember_secrets, stripped

EMBEDDED = "embedded"

_LOCAL_PROVIDERS = frozenset(
    {EMBEDDED, "ollama", "ollama_chat", "hosted_vllm", "vllm", "lm_studio", "llamafile", "xinference"}
)
"""Providers that are servers of one's own, unless a public address says otherwise."""

COMPATIBLE = frozenset({"openai", "custom_openai", "lm_studio", "llamafile", "vllm", "hosted_vllm"})
"""Providers that speak OpenAI's chat protocol and can be reached through `hosted_vllm/`."""

_NATIVE_N = frozenset(
    {EMBEDDED, "openai", "azure", "hosted_vllm", "together_ai", "fireworks_ai", "gemini", "vertex_ai"}
)

_LOGPROBS = frozenset(
    {EMBEDDED, "openai", "azure", "hosted_vllm", "together_ai", "fireworks_ai", "deepseek", "xai"}
)

_REASONING = ("o1", "o3", "o4", "gpt-5")
"""Models of OpenAI whose names begin like this refuse log-probabilities."""

_DEFAULT_CONCURRENCY = 64
_ONE_BY_ONE_CONCURRENCY = 8
"""For servers that answer few requests at a time (Ollama, llama.cpp); others batch as many as come."""
_ONE_BY_ONE = ("ollama", "ollama_chat", "llamafile")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The model behind a role.

    Attributes:
        role: The role that was asked for.
        model: The model string as in the settings.
        called: The string litellm is called with; an OpenAI-compatible local server is called through
            `hosted_vllm/`, which costs a third less CPU per call than `openai/`.
        provider: litellm's name of the provider, or "" if only litellm can tell.
        name: The model's name at the provider.
        native_n: One request may ask for several samples; a server may still give fewer.
        gives_logprobs: Log-probabilities may be asked for; a server may still ignore it.
        concurrency: Calls in flight to this endpoint, over all roles that share it.
        max_loaded_models: Models that the endpoint's server holds at the same time, or None without such a limit.
        largest_n: Samples that one request may ask for; None for no known limit.
        most_alternatives: Likeliest tokens that come with each token's log-probability, at most.
        takes_seed: A seed may be sent.
        takes_system: A turn of the role "system" may be sent; otherwise its text begins the user's turn.
        streams: Answers may be asked for as a stream that ends with its usage.
        context_window: Tokens, if they were measured or told by the server.
        leaves_out: Fields that the server does not take.
        limit_name: What the server calls the room of an answer.
        most_tokens: Largest room of an answer that may be asked for.
        alternates: Turns of user and assistant must alternate.
        num_ctx: The window that Ollama is asked to hold.
        base_url: Without user and password.
        logins: By address, the header that tells the user and password which the settings name there.
        replicas: Further addresses, likewise.
    """

    role: str
    model: str
    called: str
    provider: str
    name: str
    base_url: str | None
    dialect: Literal["standard", "compact"]
    local: bool
    native_n: bool
    gives_logprobs: bool
    concurrency: int
    max_loaded_models: int | None
    settings: RoleSettings
    largest_n: int | None = None
    most_alternatives: int = 20
    takes_seed: bool = True
    takes_system: bool = True
    streams: bool = True
    context_window: int | None = None
    leaves_out: frozenset[str] = frozenset()
    limit_name: str = "max_tokens"
    most_tokens: int | None = None
    alternates: bool = False
    num_ctx: int | None = None
    replicas: tuple[str, ...] = ()
    logins: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str | None, str]:
        """What calls that share a concurrency limit have in common."""
        return (self.provider, self.base_url, self.name)

    @property
    def server(self) -> str:
        """What the endpoints of one server have in common, whatever their model and protocol."""
        at = (
            shown_address(self.base_url).rstrip("/") if self.base_url else self.provider.removesuffix("_chat")
        )
        return at.removesuffix("/v1")

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where its servers are; none at a provider's own address."""
        first = () if self.base_url is None else (self.base_url,)
        return (*first, *self.replicas)

    @property
    def login(self) -> str | None:
        """The value of an `Authorization` header with user and password, or None; a key that is named goes before it."""
        return self.logins.get(self.base_url or "") if not self.settings.api_key_env else None

    @property
    def place(self) -> str:
        """The endpoint in words, for messages."""
        return f"{self.model} at {shown_address(self.base_url)}" if self.base_url else self.model

    @property
    def extra_body(self) -> dict[str, Any]:
        """Fields passed through to the server."""
        return self.settings.extra_body


class Pool:
    """The endpoints of all roles."""

    def __init__(self, settings: Settings) -> None:
        remember_secrets(settings)
        self._settings = settings
        self._endpoints: dict[str, Endpoint] = {}

    def endpoint(self, role: str) -> Endpoint:
        """Return the endpoint of a role, or of the role it falls back to.

        Raises:
            SetupError: If the role is unknown or not configured, or its model string is not usable.
        """
        found = self._endpoints.get(role)
        if found is None:
            found = self._endpoints[role] = self._shared(_endpoint(role, self._settings.role(role)))
        return found

    def _shared(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint with the smallest limits that any role or expert sets: calls by model, models by server."""
        concurrency, loaded = [], []
        for role, chosen in (self._settings.roles | self._settings.experts).items():
            # A role that cannot be used is reported when it is asked for, not when another one is.
            with contextlib.suppress(SetupError):
                other = _endpoint(role, chosen)
                if chosen.concurrency is not None and other.key == endpoint.key:
                    concurrency.append(chosen.concurrency)
                if chosen.max_loaded_models is not None and other.server == endpoint.server:
                    loaded.append(chosen.max_loaded_models)
        return replace(
            endpoint,
            concurrency=min(concurrency, default=endpoint.concurrency),
            max_loaded_models=min(loaded, default=None),
        )


def _endpoint(role: str, chosen: RoleSettings) -> Endpoint:
    model = stripped(chosen.model)
    if not model or model.endswith("/") or not model.isprintable():
        raise SetupError(
            f"The model {chosen.model!r} of the role {role!r} is not usable; expected PROVIDER/NAME, for "
            f"instance hosted_vllm/qwen3-8b or embedded/pico. Mend it in the settings{_command(role)}."
        )
    named = [("base_url", chosen.base_url or None), *(("replica", one) for one in chosen.replicas)]
    for what, address in named:
        if address is not None and not _is_address(stripped(address)):
            raise SetupError(
                f"The {what} {shown_address(address)!r} of the role {role!r} is not usable; expected an address like "
                "http://127.0.0.1:8000/v1."
            )
    logins: dict[str, str] = {}
    base_url = _without_login(chosen.base_url, logins) if chosen.base_url else None
    replicas = tuple(_without_login(address, logins) for address in chosen.replicas)
    if replicas and base_url is None:
        raise SetupError(
            f"The role {role!r} has replicas but no base_url. Name the first server as its base_url."
        )
    provider, name = _split(model, base_url)
    at_home = base_url is not None and is_local_address(base_url)
    local = at_home or (provider in _LOCAL_PROVIDERS and base_url is None)
    called = model
    if provider in COMPATIBLE and at_home:
        provider, called = "hosted_vllm", f"hosted_vllm/{name}"
    elif provider == "ollama":
        # Its other interface drops why an answer ended, and has litellm write the turns as one text.
        called = f"ollama_chat/{name}"
    elif provider and "/" not in model:
        called = f"{provider}/{name}"
    concurrency = chosen.concurrency
    if concurrency is None:
        concurrency = _ONE_BY_ONE_CONCURRENCY if provider in _ONE_BY_ONE else _DEFAULT_CONCURRENCY
    dialect = chosen.dialect
    if dialect == "auto":
        dialect = "compact" if provider == EMBEDDED else "standard"
    refuses = provider in ("openai", "azure") and name.startswith(_REASONING)
    return Endpoint(
        role=role,
        model=model,
        called=called,
        provider=provider,
        name=name,
        base_url=base_url,
        dialect=dialect,
        local=local,
        native_n=provider in _NATIVE_N,
        gives_logprobs=provider in _LOGPROBS and not refuses and "logprobs" not in chosen.leave_out,
        concurrency=concurrency,
        max_loaded_models=chosen.max_loaded_models,
        settings=chosen,
        takes_system="system" not in chosen.leave_out,
        leaves_out=frozenset(chosen.leave_out),
        replicas=replicas,
        logins=logins,
    )


def _command(role: str) -> str:
    return f", or: agot models set {role} MODEL" if role in ROLES else ""


def _split(model: str, base_url: str | None) -> tuple[str, str]:
    """Return provider and name. A bare name at an address is an OpenAI-compatible server's."""
    provider, slash, name = model.partition("/")
    if slash:
        return provider, name
    if base_url is not None:
        return "hosted_vllm", model
    if model.startswith(("gpt-", "chatgpt-", *_REASONING)):
        return "openai", model
    if model.startswith("claude"):
        return "anthropic", model
    return "", model


def _without_login(address: str, logins: dict[str, str]) -> str:
    """Return an address without user and password, which are put into `logins` as the header that tells them."""
    address = stripped(address)
    parts = urlsplit(address)
    login, _, host = parts.netloc.rpartition("@")
    clean = urlunsplit(parts._replace(netloc=host)).rstrip("/")
    if login:
        user, _, password = login.partition(":")
        pair = f"{unquote(user)}:{unquote(password)}".encode()
        logins[clean] = "Basic " + base64.b64encode(pair).decode()
    return clean


def _is_address(url: str) -> bool:
    """Return whether a text is an http address with a host and, if it names one, a possible port."""
    try:
        parts = urlsplit(url)
        if " " in url or not url.isprintable():
            return False
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_local_address(url: str) -> bool:
    """Return whether an address is on this machine or a private network; never asks a name server."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".localhost", ".home.arpa"))
    return address.is_loopback or address.is_private or address.is_link_local or address.is_unspecified
