"""What servers say when they refuse or fail, in whatever form they say it.

An error comes under its HTTP status or under 200, as OpenAI's object, a text, a list, JSON within JSON, or a web page of
whatever stands in front of the server.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

FAILED = 502
"""The status of an error that names none: another try may help."""

_STATUS_OF_WORD = (
    (re.compile(r"rate.?limit|too.?many.?requests|throttl", re.IGNORECASE), 429),
    (re.compile(r"insufficient.?quota|billing|credit|payment", re.IGNORECASE), 402),
    (re.compile(r"authenticat|unauthori[sz]ed|api.?key|token.?expired", re.IGNORECASE), 401),
    (re.compile(r"permission|forbidden", re.IGNORECASE), 403),
    (re.compile(r"model.?not.?found|not.?found.?error|no.?such.?model", re.IGNORECASE), 404),
    (re.compile(r"overloaded|unavailable", re.IGNORECASE), 503),
    (re.compile(r"invalid.?request|bad.?request|context.?length|unsupported|validation|invalid.?param", re.IGNORECASE), 400),
)  # fmt: skip
_LONGEST_WORDS = 1_000


class ServerFault(Exception):
    """A server refused or failed, in its own words.

    Attributes:
        status_code: The HTTP status, or the one that the body stands for.
        headers: Of the HTTP reply; never empty, so that it is known that there was one.
        body: {"error": {"message": ..., ...}}.
    """

    def __init__(self, status: int, headers: Mapping[str, str], error: Json) -> None:
        self.status_code, self.headers, self.body = status, {"x-from": "server", **headers}, {"error": error}
        super().__init__(str(error.get("message", error)))


class Unreadable(Exception):
    """What came is not a chat completion."""


class WebPage(Exception):
    """A web page came instead of a reply: a login, or an address that is not the API's."""


def raise_error(body: Json, headers: Mapping[str, str]) -> None:
    """Raise the error that a body tells, if it tells one.

    Raises:
        ServerFault: With the status that the error stands for.
    """
    error = error_in(body)
    if error is not None:
        raise ServerFault(status_in(error), headers, error)


def raise_broken(choice: Json, headers: Mapping[str, str]) -> None:
    """Raise the error of a choice that a server gave up.

    Raises:
        ServerFault: Always.
    """
    error = choice.get("error")
    reason = choice.get("finish_reason")
    if isinstance(reason, dict):
        error, reason = error or reason.get("message"), reason.get("type")
    told = words_of(error)
    message = f"the answer ended with finish_reason {str(reason)!r}" + (f": {told}" if told else "")
    known = error if isinstance(error, dict) else {}
    raise ServerFault(status_in(known), headers, {**known, "message": message})


def error_in(body: Json) -> Json | None:
    """Return the error that a body tells as {"message": ..., ...}, None if it tells none."""
    error = body.get("error") or body.get("errors")
    if error is None and isinstance(body.get("base_resp"), dict):
        error = body["base_resp"] if body["base_resp"].get("status_code") else None
    if error is None and not body.get("choices"):
        told = any(
            body.get(name) for name in ("detail", "message", "msg", "error_msg", "error_message", "title")
        )
        error = {key: value for key, value in body.items() if key != "choices"} if told else None
    if not error:
        return None
    if isinstance(error, list):
        error = {"message": words_of(error), **(error[0] if isinstance(error[0], dict) else {})}
    known = error if isinstance(error, dict) else {}
    about = {name: known[name] for name in ("code", "type", "param", "status") if known.get(name) is not None}
    status = status_in({**body, **known})
    return {**about, "status_code": status, "message": words_of(error) or json.dumps(error)[:_LONGEST_WORDS]}


def words_of(error: object) -> str:
    """Return what an error says, of the many forms that servers give it; "" if it says nothing."""
    if isinstance(error, str):
        # Errors are wrapped in errors: a text that is JSON itself is read, too.
        if error.lstrip().startswith("{"):
            try:
                return words_of(json.loads(error)) or error
            except ValueError:
                return error
        return error.strip()
    if isinstance(error, list):
        return "; ".join(said for said in map(words_of, error) if said)
    if not isinstance(error, dict):
        return "" if error is None else str(error)
    place = error.get("loc")
    at = ".".join(str(one) for one in place) + ": " if isinstance(place, list) else ""
    for name in (
        "message",
        "msg",
        "detail",
        "error",
        "errors",
        "error_msg",
        "error_message",
        "status_msg",
        "reason",
        "title",
    ):
        said = words_of(error.get(name))
        if said:
            return _with_cause(at + said, error)
    return ""


def _with_cause(said: str, error: Json) -> str:
    """Return the words with those of whom a gateway had asked (OpenRouter's `metadata.raw`)."""
    inner = error.get("metadata")
    raw = words_of(inner.get("raw")) if isinstance(inner, dict) else ""
    return f"{said}: {raw}" if raw and raw not in said else said


def status_in(error: Mapping[str, Any]) -> int:
    """Return the HTTP status that an error inside a body stands for; `FAILED` if it names none."""
    for name in ("status_code", "code", "status", "http_status", "error_code", "httpCode"):
        value = error.get(name)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, int) and 400 <= value <= 599:
            return value
    named = " ".join(str(error.get(name)) for name in ("type", "code", "status") if error.get(name))
    for pattern, status in _STATUS_OF_WORD:
        if pattern.search(named):
            return status
    return FAILED


# -- bytes -----------------------------------------------------------------------------------------


def text_of(data: bytes, charset: str | None) -> str:
    """Return the text of a body: UTF-8, or what its header says, or the Western encoding of old servers."""
    for name in ("utf-8-sig", charset, "cp1252"):
        if name:
            try:
                return data.decode(name)
            except (UnicodeDecodeError, LookupError):
                continue
    return data.decode("latin-1")


def read_json(data: bytes, charset: str | None = None) -> Any:
    """Return the JSON of a body.

    Raises:
        WebPage: If it is a web page.
        Unreadable: If it is anything else that is not JSON, or nothing.
    """
    try:
        return json.loads(data)
    except ValueError:
        pass
    text = text_of(data, charset).strip().strip("\0")
    try:
        return json.loads(text)
    except ValueError as error:
        if is_page(text):
            raise WebPage(words_of_page(text)) from None
        raise Unreadable(f"{error}: {text[:300]!r}" if text else "an empty body") from None


def error_of(status: int, data: bytes, charset: str | None) -> Json:
    """Return what the body of an HTTP error says as {"message": ..., ...}."""
    text = text_of(data, charset).strip()
    try:
        body = json.loads(text)
    except ValueError:
        said = words_of_page(text) if is_page(text) else " ".join(text.split())[:_LONGEST_WORDS]
        return {"message": said or "no further words"}
    if (
        isinstance(body, list)
        and body
        and isinstance(body[0], dict)
        and ("error" in body[0] or len(body) == 1)
    ):
        body = body[0]
    known = error_in(body) if isinstance(body, dict) else None
    return {
        **(known or {"message": words_of(body) or text[:_LONGEST_WORDS] or "no further words"}),
        "status_code": status,
    }


def is_page(text: str) -> bool:
    """Return whether a text is a web page or other markup."""
    return text.lstrip("\ufeff \r\n\t").startswith("<")


def words_of_page(text: str) -> str:
    """Return what a web page says, as short as it can be had."""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    body = re.sub(
        r"<(script|style|head|title)\b.*?</\1\s*>|<[^>]*>", " ", text, flags=re.IGNORECASE | re.DOTALL
    )
    said = [" ".join(html.unescape(one).split()) for one in (title[1] if title else "", body)]
    if said[0] and said[0] in said[1]:
        del said[0]
    return ": ".join(one for one in said if one)[:300]
