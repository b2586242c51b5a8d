"""From whatever litellm raises to the project's typed errors.

litellm's own classes cannot be trusted alone: its mapping looks for words in the error text before it
looks at the HTTP status (a 500 or 401 whose body says "invalid_request_error" becomes a
`BadRequestError`), and it gives a refused connection the status 500. So this reads the status of the
HTTP reply itself, from the chain of causes, and only then the words.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from agot.errors import (
    ContentRefused,
    ContextTooLong,
    ModelError,
    ModelRateLimited,
    ModelSilent,
    ModelUnauthorised,
    ModelUnknown,
    ModelUnreachable,
    OutputError,
)
from agot.models.complaints import Unreadable, WebPage
from agot.models.pool import Endpoint
from agot.protocols import ModelReply
from agot.redaction import redacted, redacted_message

_NETWORK = ("httpx", "httpcore", "aiohttp", "openai")
_TOO_LONG = re.compile(
    r"context[ _-]?(length|window|size|limit)|maximum context|(prompt|input) is too long|model's context holds"
    r"|too many (input )?tokens|maximum input length|reduce the length",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"content[ _-]?(policy|filter|management)|safety system|responsible ?ai|usage policy|prohibited_content",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(
    r"insufficient_quota|exceeded your current quota|billing|credit balance", re.IGNORECASE
)
_NO_KEY = re.compile(r"missing credentials|api[ _-]?key|authentication", re.IGNORECASE)
_UNREADABLE = re.compile(
    r"unable to get json response|empty or invalid response|error parsing", re.IGNORECASE
)
_LONGEST_DETAIL = 400
_NO_CONNECTION = {
    ("aiohttp", name)
    for name in (
        "ClientConnectorError", "ClientConnectorDNSError", "ClientConnectorSSLError", "ClientConnectorCertificateError",
        "ClientProxyConnectionError", "ConnectionTimeoutError",
    )
}  # fmt: skip
_NO_CONNECTION_BY_HTTPX = {
    (module, name)
    for module in ("httpx", "httpcore")
    for name in ("ConnectError", "ConnectTimeout", "ProxyError")
}
"""httpx itself means by these names that there was no connection."""


def translated(error: BaseException, endpoint: Endpoint, *, now_s: float) -> ModelError:
    """Return the typed error for a failed attempt.

    Args:
        error: What litellm raised.
        now_s: Seconds since the epoch, for `Retry-After` given as a date.
    """
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, ModelError):
            return link
    found = _typed(chain, endpoint, now_s)
    found.said = f"{_detail(chain)} {_param(chain)}".strip()
    return found


def _typed(chain: list[BaseException], endpoint: Endpoint, now_s: float) -> ModelError:
    status, headers = _http(chain)
    detail = _detail(chain)
    words = " ".join(_kind(link) for link in chain) + " " + detail
    where, model = endpoint.place, endpoint.model
    page = next((link for link in chain if isinstance(link, WebPage)), None)
    if page is not None:
        return ModelError(
            f"{where} sent a web page instead of a reply: {redacted_message(str(page))!r}. Check that base_url is the API "
            "(it often ends in /v1), and that no login or proxy stands in between.",
            model=model,
            status=200,
        )
    odd = next((link for link in chain if isinstance(link, Unreadable)), None)
    if odd is not None:
        status, detail = 200, _shortened(redacted_message(str(odd)))
    if odd is not None or (status in (None, 200) and _is_unreadable(chain, detail)):
        return OutputError(
            f"{where} sent a reply that is not readable: {detail}. Expected the JSON of a chat completion. "
            "Check that base_url is the API (it often ends in /v1) and that no proxy stands in between.",
            model=model,
            status=200,
        )
    if status is None:
        return _without_reply(chain, detail, endpoint)
    wait_s = retry_after_s(headers, now_s)
    if status in (401, 402, 403):
        return ModelUnauthorised(
            f"{where} refuses the key (HTTP {status}): {detail}. {_key_advice(endpoint)}",
            model=model,
            status=status,
        )
    if status == 429 and _NO_MONEY.search(words):
        return ModelUnauthorised(
            f"{where} refuses because the account's quota is spent (HTTP 429): {detail}. "
            "Waiting does not help; raise the quota or set another model: agot models set.",
            model=model,
            status=status,
        )
    if status == 429:
        return ModelRateLimited(
            f"{where} limits the rate of calls (HTTP 429): {detail}. "
            "Lower the role's concurrency, or try later.",
            model=model,
            status=status,
            retry_after_s=wait_s,
        )
    if status == 408 or status >= 500:
        return ModelUnreachable(
            f"{where} failed (HTTP {status}): {detail}. Try again later, or look into the server's log.",
            model=model,
            status=status,
            retry_after_s=wait_s,
        )
    if status == 404:
        return ModelError(
            f"{where} does not exist (HTTP 404): {detail}. Check the model's name, and that base_url is "
            "the API (it often ends in /v1). See what a local server offers: agot models scan.",
            model=model,
            status=status,
        )
    return _bad_request(status, words, detail, endpoint)


def _bad_request(status: int, words: str, detail: str, endpoint: Endpoint) -> ModelError:
    where, model = endpoint.place, endpoint.model
    if status == 413 or _TOO_LONG.search(words):
        return ContextTooLong(
            f"The prompt and the room for an answer do not fit into the context of {where}: {detail}. "
            "Shorten the question or its material, lower max_tokens, or set a model with a larger context.",
            model=model,
            status=status,
        )
    if _REFUSED.search(words):
        return ContentRefused(
            f"{where} refuses this content (HTTP {status}): {detail}. "
            "Rephrase the question or set another model.",
            model=model,
            status=status,
        )
    return ModelError(
        f"{where} does not accept the request (HTTP {status}): {detail}. Check the role's extra_body and the "
        "model's supported parameters.",
        model=model,
        status=status,
    )


def _without_reply(chain: list[BaseException], detail: str, endpoint: Endpoint) -> ModelError:
    """Return the error of an attempt that no HTTP reply came from."""
    where, model = endpoint.place, endpoint.model
    missing = next((link for link in chain if isinstance(link, ImportError)), None)
    if missing is not None:
        return ModelError(
            f"Calling {where} needs a package that is not installed: {missing}. Install it.", model=model
        )
    broken = [link for link in chain if _is_network(link)]
    if broken:
        return ModelUnreachable(
            f"No answer from {where}: {_shortened(redacted_message(str(broken[-1]))) or detail}{_notes(broken)}. "
            "Start the server, or correct base_url: agot models set.",
            model=model,
        )
    if "provider not provided" in detail.lower():
        return ModelUnknown(
            f"No provider is known for the model {model!r}; expected PROVIDER/NAME, for instance "
            "hosted_vllm/qwen3-8b with a base_url. Set one: agot models set.",
            model=model,
        )
    status = getattr(chain[0], "status_code", None)
    if status in (401, 403) or _NO_KEY.search(detail):
        advice = _key_advice(endpoint)
        return ModelUnauthorised(f"No usable key for {where}: {detail}. {advice}", model=model)
    if isinstance(status, int) and 400 <= status < 500:
        return _bad_request(status, detail, detail, endpoint)
    return ModelError(f"The call to {where} failed inside litellm: {detail}.", model=model)


def _notes(chain: list[BaseException]) -> str:
    """Return what our transport noted of errors, such as the proxy that was in use."""
    notes = dict.fromkeys(note for link in chain for note in getattr(link, "__notes__", ()))
    return "".join(f", {note}" for note in notes)


def does_not_fit(endpoint: Endpoint, tokens: int, window: int) -> ContextTooLong:
    """Return the error of a prompt that its server would cut without a word."""
    return ContextTooLong(
        f"The prompt has about {tokens} tokens, but {endpoint.place} holds {window} (context_window or num_ctx). "
        "Shorten the question or its material, raise context_window, or set a model with a larger context.",
        model=endpoint.model,
    )


def timed_out(endpoint: Endpoint, limit_s: float) -> ModelUnreachable:
    """Return the error of a call that ran into the time limit of whoever made it."""
    return ModelUnreachable(
        f"{endpoint.place} gave no complete answer within {limit_s:.3g} s. Allow more time, "
        "lower max_tokens, or check that the server is not overloaded.",
        model=endpoint.model,
    )


def slower_than_trusted(endpoint: Endpoint, limit_s: float) -> ModelUnreachable:
    """Return the error of an attempt that was not watched, so that a slow model and a dead server look the same."""
    return ModelUnreachable(
        f"{endpoint.place} gave no answer within {limit_s:.3g} s. From now on it is asked for streams, which show whether it "
        "writes. Raise timeout_s of the role, lower max_tokens, or check that the server is not overloaded.",
        model=endpoint.model,
    )


def silent(endpoint: Endpoint, limit_s: float, written: int, arrived: ModelReply | None) -> ModelSilent:
    """Return the error of an attempt during which the server said nothing for too long.

    Args:
        written: Tokens of an answer that had come before, estimated.
        arrived: What can be used of them.
    """
    before = f" after about {written} tokens" if written else ""
    return ModelSilent(
        f"{endpoint.place} was silent for {limit_s:.3g} s{before}. The same request is not sent again. Raise "
        "timeout_s of the role, lower max_tokens, or check that the server is not overloaded.",
        model=endpoint.model,
        arrived=arrived,
    )


def never_sent(error: BaseException) -> bool:
    """Return whether a request certainly did not reach a server: no connection came about, or there was nothing to connect with."""
    for link in _chain(error):
        if isinstance(link, (ConnectionRefusedError, socket.gaierror, ImportError, ModelUnknown)):
            return True
        kind = type(link)
        named = (kind.__module__.partition(".")[0], kind.__name__)
        if named in _NO_CONNECTION:
            return True
        if named[0] == "aiohttp" and isinstance(link, OSError):
            # The connection was lost only after it had come about; httpx has one name for both.
            return False
        if isinstance(link, ModelUnauthorised) and link.status is None:
            return True
    return any(
        (type(link).__module__.partition(".")[0], type(link).__name__) in _NO_CONNECTION_BY_HTTPX
        for link in _chain(error)
    )


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Return the seconds that a `Retry-After` (seconds or date) or `retry-after-ms` asks for, or None."""
    named = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    try:
        if "retry-after-ms" in named:
            return _wait_s(float(named["retry-after-ms"]) / 1000.0)
        if "retry-after" not in named:
            return None
        return _wait_s(float(named["retry-after"]))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(named.get("retry-after", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now_s)


def _wait_s(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _key_advice(endpoint: Endpoint) -> str:
    variable = endpoint.settings.api_key_env
    if variable:
        return f"Put a valid key into the environment variable {variable}."
    return "Set the provider's key variable, or name one for the role: api_key_env."


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen and len(seen) < 20:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _http(chain: list[BaseException]) -> tuple[int | None, Mapping[str, str]]:
    """Return status and headers of the HTTP reply behind an error; (None, {}) if there was none."""
    for link in reversed(chain):
        response = getattr(link, "response", None)
        headers = getattr(response, "headers", None)
        status = getattr(response, "status_code", None)
        # litellm invents replies without headers where there was none.
        if headers and isinstance(status, int):
            return status, headers
    for link in reversed(chain):
        headers = getattr(link, "headers", None) or getattr(link, "litellm_response_headers", None)
        status = getattr(link, "status_code", None)
        if headers and isinstance(status, int):
            return status, headers
    return None, {}


def _is_unreadable(chain: list[BaseException], detail: str) -> bool:
    return any(isinstance(link, (json.JSONDecodeError, UnicodeDecodeError)) for link in chain) or bool(
        _UNREADABLE.search(detail)
    )


def _is_network(link: BaseException) -> bool:
    if isinstance(link, (OSError, TimeoutError)):
        return True
    kind = type(link)
    if kind.__name__ in ("APIConnectionError", "Timeout", "APITimeoutError"):
        return kind.__module__.partition(".")[0] == "openai"
    return kind.__module__.partition(".")[0] in _NETWORK[:3] and not kind.__name__.endswith("StatusError")


def _kind(link: BaseException) -> str:
    """Return the class name and the provider's own code and type, which are what patterns look at."""
    body: Any = getattr(link, "body", None)
    codes = [str(body.get(name)) for name in ("code", "type")] if isinstance(body, dict) else []
    return " ".join([re.sub(r"(?<!^)(?=[A-Z])", " ", type(link).__name__), *codes])


def _param(chain: list[BaseException]) -> str:
    """Return the name of the field that a server's error is about, in quotes."""
    for link in chain:
        body = getattr(link, "body", None)
        error = body.get("error", body) if isinstance(body, dict) else None
        param = error.get("param") if isinstance(error, dict) else None
        if isinstance(param, str) and param:
            return repr(param)
    return ""


def _detail(chain: list[BaseException]) -> str:
    """Return the server's own words, as short as they can be had."""
    body = next((link.body for link in chain if isinstance(getattr(link, "body", None), dict)), None)  # type: ignore[attr-defined]
    text = _message(body) if body else ""
    if not text:
        text = str(chain[min(1, len(chain) - 1)]) if len(chain) > 1 else str(chain[0])
        start = text.find("{")
        if start >= 0:
            with contextlib.suppress(ValueError):
                text = _message(json.loads(text[start:])) or text
    # Before it is cut: half a key is a key.
    return _shortened(redacted_message(text)) or type(chain[0]).__name__


def _shortened(text: str) -> str:
    text = re.sub(r"^(litellm\.\w+:\s*)+", "", " ".join(text.split()))
    text = re.sub(r" ssl:(default|<[^>]*>)", "", text)
    return (text if len(text) <= _LONGEST_DETAIL else text[:_LONGEST_DETAIL] + " …").rstrip(".")


def _message(body: object) -> str:
    if not isinstance(body, dict):
        return ""
    inner = body.get("error", body)
    if isinstance(inner, dict):
        code = inner.get("code") or inner.get("type")
        message = inner.get("message") or inner.get("detail") or ""
        return f"{message} ({code})" if message and isinstance(code, str) else str(message)
    return str(inner)


def harmless(error: Exception) -> Exception | None:
    """Return an error as the cause of another, or None if it, or a cause of its own, tells a key."""
    link: BaseException | None = error
    for _ in range(_DEEPEST):
        if link is None:
            return error
        if redacted(told := f"{link!r} {link}") != told:
            return None
        link = link.__cause__ or link.__context__
    return None


_DEEPEST = 20
"""Causes of a cause that are looked at; what is deeper is not shown."""
