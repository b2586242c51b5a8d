"""What must be neither kept nor shown: keys, passwords, tokens. They are made known where they are read, and blotted
out of every text where it comes in from outside, and of every message where it is made.

Known are the values of the environment's variables that are called like keys, user and password of its addresses, and
what is remembered besides, which is what the settings name. All of it holds for the process, and is kept in memory only.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

BLOT = "***"

_SECRET_NAME = re.compile(
    r"(?:\A|_)(?:(?:api|access|secret|private|auth|account|subscription|master|signing|encryption)?_?keys?|apikey|tokens?|secret|"
    r"password|passwd|passphrase|credentials?|authorization|auth|bearer|cookie|pat|sig|signature)(?:_?(?:id|\d+))?\Z",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])|[-.]")
_FLAG = re.compile(r"--?([\w-]+)(?:=(.*))?", re.DOTALL)
_PLACEHOLDERS = frozenset({
    "none", "null", "empty", "true", "false", "dummy", "test", "token", "password", "secret-key", "openai", "ollama", "local",
    "localhost", "anything", "no-key", "not-needed", "lm-studio", "sk-no-key-required", "user", "admin",
})  # fmt: skip
"""What is put where a key has to stand and none is needed."""

_SHORTEST = 4
_SHORTEST_ANYWHERE = 8

_LOGIN_IN_URL = re.compile(r"(?<=://)[^\s/@?#'\"<>]{1,500}@")
_SECRET_IN_URL = re.compile(
    r"(?<=[?&])((?:[\w-]{0,40}[_-])?(?:key|apikey|token|secret|password|sig|signature|auth)=)[^&\s'\"#<>]{1,2000}",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|basic)\s+(?=[A-Za-z._~+/=-]{0,2000}\d)[\w.~+/=-]{8,2000}", re.IGNORECASE)

_anywhere: dict[str, None] = {}
"""Values that are blotted out of all texts, in every way they are written; longest first."""
_in_messages: dict[str, None] = {}
"""Values that may be words of the language, too: blotted out of messages, where they stand alone."""
_seen: set[str] = set()
_looked: list[bool] = []


def is_secret_name(name: str) -> bool:
    """Return whether a variable, field, header or flag is called as what holds a key is."""
    return bool(_SECRET_NAME.search(_CAMEL.sub("_", name)))


def remember(*values: str | None) -> None:
    """Make values known as secret, as they are and in the ways that URLs, JSON and Python write them."""
    new = [value for value in values if value and value not in _seen]
    if not new:
        return
    for value in new:
        _seen.add(value)
        _sort_in(value.strip())
    ordered = sorted(_anywhere, key=len, reverse=True)
    _anywhere.clear()
    _anywhere.update(dict.fromkeys(ordered))


def _sort_in(value: str) -> None:
    if len(value) < _SHORTEST or value.lower() in _PLACEHOLDERS:
        return
    # Long, and no word and no number: such a text is nothing but a key wherever it stands.
    telling = len(value) >= _SHORTEST_ANYWHERE and (
        len(value) >= 2 * _SHORTEST_ANYWHERE or not (value.isalpha() or value.isdecimal())
    )
    forms = {value, quote(value, safe=""), json.dumps(value)[1:-1], repr(value)[1:-1]}
    (_anywhere if telling else _in_messages).update(dict.fromkeys(forms))


def remember_address(url: str | None) -> None:
    """Make known what is secret in an address: its password, and keys among its query's fields."""
    if not url or not any(sign in url for sign in "@?"):
        return
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return
    login = parts.netloc.rpartition("@")[0]
    user, _, password = login.partition(":")
    if login:
        pair = f"{unquote(user)}:{unquote(password)}"
        # A token may stand where the user does.
        remember(unquote(password) or unquote(user), base64.b64encode(pair.encode()).decode())
    remember(*(value for name, value in parse_qsl(parts.query) if is_secret_name(name)))


def remember_fields(fields: object) -> None:
    """Make known what stands in an object, at any depth, in fields that are called as keys are."""
    if isinstance(fields, Mapping):
        for name, value in fields.items():
            if isinstance(value, str) and is_secret_name(str(name)):
                remember(value, value.rpartition(" ")[2])
            else:
                remember_fields(value)
    elif isinstance(fields, (list, tuple)):
        for value in fields:
            remember_fields(value)


def without_secret_arguments(arguments: Iterable[str]) -> list[str]:
    """Return a command's arguments with the values of flags that are called as keys are blotted out; they are remembered."""
    shown: list[str] = []
    secret_next = False
    for argument in arguments:
        flag = _FLAG.fullmatch(argument)
        if secret_next and not flag:
            remember(argument)
            shown.append(BLOT)
        elif flag and flag[2] and is_secret_name(flag[1]):
            remember(flag[2])
            shown.append(f"{argument[: flag.start(2)]}{BLOT}")
        else:
            remember_address(argument)
            shown.append(_freed(argument))
        secret_next = flag is not None and flag[2] is None and is_secret_name(flag[1])
    return shown


def remember_environment(environment: Mapping[str, str] = os.environ) -> None:
    """Make known what variables that are called as keys are hold, and the passwords of addresses in any."""
    for name, value in environment.items():
        if is_secret_name(name) and not value.startswith(("/", "~")):
            # Several keys may stand there; what is a path is none.
            remember(value, *value.split(","))
        elif "://" in value and "@" in value:
            remember_address(value)


def redacted(text: str) -> str:
    """Return a text without any secret that is one for sure."""
    _look_around()
    for secret in _anywhere:
        if secret in text:
            text = text.replace(secret, BLOT)
    return text


def redacted_message(text: str) -> str:
    """Return a message for people without any secret, also short ones, and without what only looks like one."""
    text = _freed(redacted(text))
    for secret in _in_messages:
        if secret in text:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", BLOT, text)
    return text


def _freed(text: str) -> str:
    """Return a text without user and password of addresses, keys in their queries, and headers that authorise."""
    if "@" in text:
        text = _LOGIN_IN_URL.sub("", text)
    if "=" in text:
        text = _SECRET_IN_URL.sub(rf"\1{BLOT}", text)
    return _BEARER.sub(rf"\1 {BLOT}", text)


def _look_around() -> None:
    """Read the environment once; what is set later has to be remembered by whoever reads it."""
    if not _looked:
        _looked.append(True)
        remember_environment()


def shown_address(url: str) -> str:
    """Return an address as it may be shown and kept: without user, password and query."""
    head, mark, rest = url.partition("://")
    head, rest = (head + mark, rest) if mark else ("", url)
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    return f"{head}{host.rpartition('@')[2]}{slash}{path}"


class RedactedStream:
    """Passes a text on piece by piece; what may be the beginning of a secret is held until it is clear.

    Args:
        pass_on: Is given each piece.
    """

    def __init__(self, pass_on: Callable[[str], None]) -> None:
        _look_around()
        self._pass_on, self._held = pass_on, ""
        self._begin = {secret[0] for secret in _anywhere}

    def __call__(self, piece: str) -> None:
        """Take the next piece."""
        text = redacted(self._held + piece)
        kept = self._kept_from(text)
        self._held = text[kept:]
        if kept:
            self._pass_on(text[:kept])

    def finish(self) -> None:
        """Pass on what is held: it was no secret."""
        held, self._held = self._held, ""
        if held:
            self._pass_on(held)

    def _kept_from(self, text: str) -> int:
        """Return where the longest end of the text begins that a secret may begin with."""
        longest = len(next(iter(_anywhere), "."))
        for place in range(max(0, len(text) - longest + 1), len(text)):
            if text[place] in self._begin and any(secret.startswith(text[place:]) for secret in _anywhere):
                return place
        return len(text)


def redact_logs() -> None:
    """Have what this process logs, and tracebacks of its threads, told without secrets; for programs, not libraries."""
    import logging
    import sys
    import threading
    import traceback

    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def made(*args: Any, **fields: Any) -> logging.LogRecord:
        record = make(*args, **fields)
        with suppress(Exception):  # a message that does not fit its arguments is told by the handler
            said = record.getMessage()
            if (told := redacted_message(said)) != said:
                record.msg, record.args = told, ()
        if record.exc_info and record.exc_info[1] is not None:
            # Formatters take this text instead of making their own.
            record.exc_text = redacted_message(
                "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
            )
        return record

    def ended(hook: threading.ExceptHookArgs) -> None:
        if hook.exc_value is not None and hook.exc_type is not SystemExit:
            name = hook.thread.name if hook.thread else "?"
            trace = redacted_message("".join(traceback.format_exception(hook.exc_value)))
            sys.stderr.write(f"Exception in thread {name}:\n{trace}")

    made.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(made)
    threading.excepthook = ended
