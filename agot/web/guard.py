"""Who may ask: the host that was meant, the page that asks, the token, and how much is sent.

Pure ASGI, so that streams pass through and a client that goes away is noticed.

*  Host. A page of another site can make its own name point to this machine (DNS rebinding); the browser then sends that name.
*  Origin. A page of another site can send requests here (CSRF); the browser then says where they come from.
*  Token. Needed wherever others than this machine can reach the server. As a bearer token; a browser is given it once
   in the address (`?token=`), and keeps what was derived of it as a cookie.

Sites that were named may ask as well, by the rules of CORS; their pages need the token like everybody, and are sent no cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agot.errors import SetupError
from agot.web.binding import is_loopback
from agot.web.faults import HttpFault

MOST_BODY_BYTES = 4 * 1024 * 1024
"""Of one request; a question of the longest kind, four bytes a character, escaped, fits."""

_SAFE = ("GET", "HEAD", "OPTIONS")

FOR_ANYBODY = ("/health", "/ready")
"""Paths that need no token: whoever watches over servers has none, and is told nothing but yes or no."""

ANY_ORIGIN = "*"

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^\s/?#@\\:\[\]]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")

_ALWAYS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask.

    Attributes:
        hosts: Names that the `Host` header may have, beside those of loopback; None for any, which needs a token.
        token: None for none.
        cookie: Name of the cookie; cookies are shared by all ports of a host, so it should tell ports apart.
        origins: Sites whose pages may ask, as browsers name them; `ANY_ORIGIN` for all.
    """

    hosts: frozenset[str] | None
    token: str | None = None
    cookie: str = "agot"
    most_body_bytes: int = MOST_BODY_BYTES
    origins: frozenset[str] = frozenset()

    @classmethod
    def bound(
        cls,
        host: str,
        port: int,
        token: str | None,
        *,
        more_hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
    ) -> Access:
        """Return what suits a server that is bound to an address.

        Raises:
            SetupError: If an origin is none, or all are named where no token is asked for.
        """
        names = frozenset(name.lower() for name in (host, *more_hosts))
        anywhere = not is_loopback(host) and token is not None and not tuple(more_hosts)
        named = frozenset(checked_origin(origin, token) for origin in origins)
        return cls(None if anywhere else names, token, f"agot-{port}", origins=named)

    def allows_host(self, header: str) -> bool:
        """Tell whether the `Host` header names this server."""
        name = _host_of(header)
        if not name:
            return False
        return self.hosts is None or name in self.hosts or is_loopback(name)

    def allows_origin(self, origin: str) -> bool:
        """Tell whether pages of another site may ask."""
        return ANY_ORIGIN in self.origins or origin in self.origins

    def is_token(self, given: str) -> bool:
        """Compare in a time that tells nothing."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def derived(self) -> str:
        """Return what the cookie holds: not the token, which other servers of the host would be sent too."""
        assert self.token is not None
        return hmac.new(self.token.encode(), b"agot cookie", hashlib.sha256).hexdigest()


def _host_of(header: str) -> str:
    """Return the name in a `Host` header without its port, "" if it is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def checked_origin(origin: str, token: str | None) -> str:
    """Return an origin as browsers write it.

    Raises:
        SetupError: If it is none, or any one where no token is asked for: every site a person visits could then ask.
    """
    text = origin.strip().lower().removesuffix("/")
    if text == ANY_ORIGIN and token is not None:
        return text
    if text == ANY_ORIGIN:
        raise SetupError("--cors * lets every site ask, so a token is needed: --token or AGOT_SERVE_TOKEN.")
    if not text.isascii() or not _ORIGIN.fullmatch(text):
        raise SetupError(
            f"--cors {origin!r} is no origin; expected a scheme and a host, with a port where the address has one, such as "
            "https://app.example or http://localhost:3000. Names in other scripts are written as xn--..."
        )
    scheme, _, place = text.partition("://")
    usual = {"http": ":80", "https": ":443"}.get(scheme)
    return f"{scheme}://{place.removesuffix(usual) if usual else place}"


def guarded(app: ASGIApp, access: Access) -> ASGIApp:
    """Return an application behind its guard; where other sites may ask, behind the answers that their browsers want first."""
    behind = Guard(app, access)
    if not access.origins:
        return behind
    # Asked beforehand, browsers send no token; they are told no more than what may be asked.
    return CORSMiddleware(
        behind, allow_origins=sorted(access.origins), allow_methods=("GET", "POST", "DELETE"), allow_headers=("*",),
        expose_headers=("retry-after", "x-should-retry"), allow_private_network=True,
    )  # fmt: skip


class Guard:
    """Lets in who may ask."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _with_headers(send, kept=scope["path"].startswith("/static/"))
        headers = Headers(scope=scope)
        try:
            self._check_source(scope, headers)
            entered = self._enter(scope, headers)
            if entered is not None:
                await _redirect(guarded, *entered)
                return
            most = self._access.most_body_bytes
            length = headers.get("content-length", "0")
            if length.isdecimal() and int(length[:20]) > most:
                raise too_large(most)
        except HttpFault as fault:
            await fault.response()(scope, receive, guarded)
            return
        await self._app(scope, _Counted(receive, most), guarded)

    def _check_source(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        if not self._access.allows_host(host):
            raise HttpFault(
                403, f"The host {host[:80]!r} is not this server. Use its own address, or start it with --allow-host.",
                code="host",
            )  # fmt: skip
        origin = headers.get("origin")
        if origin is not None and self._access.allows_origin(origin):
            return
        if origin is not None and urlsplit_netloc(origin) != (scope["scheme"], host.lower()):
            raise HttpFault(403, f"Pages of {origin[:80]!r} may not use this server.", code="origin")
        if headers.get("sec-fetch-site") == "cross-site" and scope["method"] not in _SAFE:
            raise HttpFault(403, "Pages of other sites may not use this server.", code="origin")

    def _enter(self, scope: Scope, headers: Headers) -> tuple[str, str] | None:
        """Check the token; return where to redirect and which cookie to set if it came in a page's address.

        Raises:
            HttpFault: 401 without a token, or with a wrong one.
        """
        access = self._access
        if access.token is None or scope["path"] in FOR_ANYBODY:
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and access.is_token(given.strip()):
            return None
        if _has_cookie(headers.get("cookie", ""), access.cookie, access.derived()):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        offered = next((value for name, value in query if name == "token"), "")
        path = scope["path"]
        is_page = scope["method"] == "GET" and not path.startswith(("/api/", "/v1/"))
        if is_page and access.is_token(offered):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            cookie = f"{access.cookie}={access.derived()}; HttpOnly; SameSite=Lax; Path=/"
            # One slash: two would lead to another server.
            where = "/" + path.lstrip("/")
            where = where.encode("ascii", "replace").decode().replace("\\", "%5C")
            return (f"{where}?{rest}" if rest else where), cookie
        raise HttpFault(
            401, "A token is needed: Authorization: Bearer TOKEN, or once ?token=TOKEN in the address of the page.",
            code="token", headers={"www-authenticate": "Bearer"},
        )  # fmt: skip


def urlsplit_netloc(origin: str) -> tuple[str, str]:
    """Return scheme and host with port of an origin; of one that is none, what no server has."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return "", ""
    return parts.scheme.lower(), parts.netloc.lower()


def too_large(most: int) -> HttpFault:
    """Return the 413."""
    return HttpFault(413, f"The request is larger than {most:,} bytes, which is the most.", code="too_large")


def _has_cookie(header: str, name: str, value: str) -> bool:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return False
    return found is not None and hmac.compare_digest(found.value.encode(), value.encode())


def _with_headers(send: Send, *, kept: bool) -> Send:
    """Return a `send` that adds what every response has; what may be kept is still asked for each time."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _ALWAYS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-cache" if kept else "no-store")
        await send(message)

    return sending


async def _redirect(send: Send, where: str, cookie: str) -> None:
    headers = [
        (b"location", where.encode("latin-1")),
        (b"set-cookie", cookie.encode()),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


class _Counted:
    """Receives a body, up to a size: one that is sent in pieces does not say it first.

    Raises:
        HttpFault: 413, where the application reads on.
    """

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left, self._most = receive, most, most

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise too_large(self._most)
        return message
