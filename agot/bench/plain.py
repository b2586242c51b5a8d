"""A plain asynchronous client of chat completions: what the project is measured against. No call of it passes the engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx

from agot.errors import ModelError, ModelRateLimited, ModelUnauthorised, ModelUnreachable
from agot.protocols import TokenLogprob

PATIENCE_S = 600.0
"""Seconds until a reply, waiting in the server's own queue included, which many questions at once make long."""
_TRIES, _FIRST_WAIT_S = 5, 0.25
_IDLE_S = 2.0
"""Seconds after which an idle connection is not used again; vLLM closes its own after five."""
_BUSY = (408, 429, 500, 502, 503, 504)
_MANY_REFUSED = (400, 422, 501)
"""What servers say to more samples in one request than they have slots for."""


@dataclass(frozen=True, slots=True)
class Replies:
    """What came of one question to the client.

    Attributes:
        texts: One per sample.
        cut: Of each sample, whether it ended at the limit of tokens.
        words: Of each sample, its tokens with their log-probabilities, or None where none were asked for or given.
        read: Prompt tokens, as the server counted them.
        written: Tokens of all samples.
        calls: Requests that were answered.
    """

    texts: tuple[str, ...]
    cut: tuple[bool, ...]
    words: tuple[tuple[TokenLogprob, ...] | None, ...]
    read: int
    written: int
    calls: int

    def plus(self, other: Replies) -> Replies:
        """Return the replies of two requests as those of one."""
        return Replies(
            self.texts + other.texts, self.cut + other.cut, self.words + other.words, self.read + other.read, self.written + other.written,
            self.calls + other.calls,
        )  # fmt: skip


class PlainClient:
    """Sends user turns to `/chat/completions`; an async context manager.

    Args:
        base_url: With the `/v1` of the server.
        model: The server's own name of it.
        key: Sent as a bearer token; None sends none.
        in_flight: Requests at the same time, at most.
        max_tokens: Room for each reply.
        extra_body: Further fields of every request.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        key: str | None = None,
        in_flight: int = 64,
        max_tokens: int = 2048,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        self.base_url, self.model = base_url.rstrip("/"), model
        self.max_tokens, self._extra = max_tokens, dict(extra_body or {})
        self._many = True
        self._slots = asyncio.Semaphore(in_flight)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(PATIENCE_S, connect=30.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=in_flight, keepalive_expiry=_IDLE_S),
            headers={"authorization": f"Bearer {key}"} if key else {},
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def ask(
        self, text: str, *, temperature: float, seed: int, n: int = 1, top_logprobs: int = 0
    ) -> Replies:
        """Send one user turn and return its samples: in one request where the server takes so many, else one by one.

        Args:
            top_logprobs: Alternatives that are asked for with each token; 0 asks for no log-probabilities.

        Raises:
            ModelError: If the server refuses the request, or still fails after several tries.
        """
        body = {
            "model": self.model, "messages": [{"role": "user", "content": text}], "temperature": temperature,
            "max_tokens": self.max_tokens, "seed": seed, **self._extra,
        }  # fmt: skip
        if top_logprobs:
            body |= {"logprobs": True, "top_logprobs": top_logprobs}
        got: Replies | None = None
        if n > 1 and self._many:
            # Whether it was the number that was refused, single requests tell.
            with contextlib.suppress(_Refused):
                got = await self._post(body | {"n": n})
        elif n == 1:
            return await self._post(body)
        had = len(got.texts) if got else 0
        if had < n:
            singles = await asyncio.gather(
                *(self._post(body | {"seed": seed + place}) for place in range(had, n))
            )
            self._many = False
            for single in singles:
                got = single if got is None else got.plus(single)
        assert got is not None
        return got

    async def _post(self, body: Mapping[str, Any]) -> Replies:
        fault: ModelError | None = None
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_FIRST_WAIT_S * 2**attempt)
            try:
                async with self._slots:
                    response = await self._http.post(f"{self.base_url}/chat/completions", json=body)
            except httpx.TransportError as error:
                fault = ModelUnreachable(
                    f"{self.base_url} gave no answer ({type(error).__name__}). See whether the server runs."
                )
                continue
            if response.status_code in _BUSY:
                kind = ModelRateLimited if response.status_code == 429 else ModelUnreachable
                fault = kind(
                    f"{self.base_url} answered with status {response.status_code}. Ask less at once."
                )
                continue
            if response.status_code in (401, 403):
                raise ModelUnauthorised(f"{self.base_url} refuses the key. Name its variable: api_key_env.")
            if response.status_code in _MANY_REFUSED:
                raise _Refused(f"{self.base_url} refuses the request: {response.text[:300]}")
            return _read(response)
        assert fault is not None
        raise fault

    async def models(self) -> list[str]:
        """Return the names of the server's models.

        Raises:
            ModelUnreachable: If nobody answers in the way of such a server.
        """
        told = await self.fetch("models", under_v1=True)
        if not isinstance(told, dict) or not isinstance(told.get("data"), list):
            raise ModelUnreachable(
                f"No OpenAI-compatible server answers at {self.base_url}. Start it, or mend --base-url (it ends in /v1)."
            )
        return [str(one.get("id")) for one in told["data"] if isinstance(one, dict)]

    async def fetch(self, path: str, *, under_v1: bool = False) -> Any:
        """Return what a path of the server tells, as JSON or text; None if it tells nothing."""
        root = self.base_url if under_v1 else self.base_url.removesuffix("/v1")
        try:
            response = await self._http.get(f"{root}/{path}", timeout=10.0)
            response.raise_for_status()
        except httpx.HTTPError:
            return None
        try:
            return response.json()
        except ValueError:
            return response.text


class _Refused(ModelError):
    """The server does not take this request, whenever it is sent."""


def _read(response: httpx.Response) -> Replies:
    try:
        response.raise_for_status()
        told = response.json()
        choices, usage = told["choices"], told.get("usage") or {}
        texts = tuple(str(choice["message"].get("content") or "") for choice in choices)
        words = tuple(_words(choice.get("logprobs")) for choice in choices)
    except (httpx.HTTPStatusError, ValueError, LookupError, TypeError, AttributeError):
        raise ModelError(
            f"The server answered with something else than a chat completion (status {response.status_code}): "
            f"{response.text[:200]}"
        ) from None
    cut = tuple(choice.get("finish_reason") == "length" for choice in choices)
    read, written = (int(usage.get(f"{kind}_tokens") or 0) for kind in ("prompt", "completion"))
    return Replies(texts, cut, words, read, written, 1)


def _words(told: Any) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens of a sample's `logprobs`, None if there are none."""
    if not told or not told.get("content"):
        return None
    return tuple(
        TokenLogprob(
            token=token["token"], logprob=token["logprob"],
            top=tuple((one["token"], one["logprob"]) for one in token.get("top_logprobs") or ()),
        )
        for token in told["content"]
    )  # fmt: skip


def without_secrets(url: str) -> str:
    """Return an address without user name and password, for reports."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
