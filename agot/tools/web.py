"""Pages of listed hosts. Off unless hosts are listed."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from agot.errors import SetupError, ToolError
from agot.settings import fetch_host
from agot.tools.threads import in_thread
from agot.tools.tool import Tool, tool

if TYPE_CHECKING:
    import httpx

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""A gateway makes any IPv4 address of these, also a private one."""

_MOST_BYTES = 2 << 20
_MOST_REDIRECTS = 5
_TEXT = ("text/", "application/json", "application/xml", "application/xhtml+xml", "application/rss+xml",
         "application/atom+xml", "application/ld+json")  # fmt: skip


def fetch_tool(hosts: Iterable[str], *, timeout_s: float = 20.0) -> Tool:
    """Return the tool that fetches a page.

    An address of this machine or of a private network is refused, also one that a public name leads to,
    unless the host is listed by its own name. Proxies of the environment are not used.

    Args:
        hosts: Names that may be fetched from; "*.example.org" allows all below example.org and not itself, "*"
            allows every public host.

    Raises:
        SetupError: If no host is listed, or one is not a name.
    """
    try:
        allowed = tuple(fetch_host(host) for host in hosts)
    except ValueError as error:
        raise SetupError(f"{error}.") from None
    if not allowed:
        raise SetupError("No host to fetch from is listed. Name at least one, such as example.org.")

    @tool(timeout_s=timeout_s)
    async def fetch(url: str) -> str:
        """Fetch a page and return its text.

        Args:
            url: With http:// or https://.
        """
        return await _fetched(url, allowed, timeout_s)

    return fetch


async def _fetched(url: str, allowed: tuple[str, ...], timeout_s: float) -> str:
    import httpx

    try:
        async with httpx.AsyncClient(timeout=timeout_s, trust_env=False, follow_redirects=False) as client:
            target = httpx.URL(url)
            for _ in range(_MOST_REDIRECTS + 1):
                request = await _request(client, target, allowed)
                response = await client.send(request, stream=True)
                try:
                    if not response.is_redirect:
                        return await _text(response, target)
                    following = target.join(response.headers["location"])
                finally:
                    await response.aclose()
                if target.scheme == "https" and following.scheme != "https":
                    raise ToolError(
                        f"{target} leads to an address that is not encrypted; it was not followed."
                    )
                target = following
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise ToolError(f"The page could not be fetched: {type(error).__name__}: {error}") from None
    raise ToolError(f"The page redirects more than {_MOST_REDIRECTS} times.")


async def _request(client: httpx.AsyncClient, url: httpx.URL, allowed: tuple[str, ...]) -> httpx.Request:
    """Return a request that goes to an address which was checked, whatever the name means a moment later.

    Raises:
        ToolError: If the address may not be fetched.
    """
    host = url.host.lower().rstrip(".")
    if url.scheme not in ("http", "https") or not host:
        raise ToolError(f"Only http:// and https:// addresses can be fetched, not {str(url)[:200]!r}.")
    if url.userinfo:
        raise ToolError("Addresses with a user name or password are not fetched.")
    literal = host in allowed
    if not literal and not any(
        one == "*" or (one.startswith("*.") and host.endswith(one[1:])) for one in allowed
    ):
        raise ToolError(f"The host {host!r} is not allowed. Allowed are: {', '.join(allowed)}.")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ToolError(f"The host {host!r} cannot be found: {error}.") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not literal and any(not _public(address) for address in addresses):
        raise ToolError(
            f"The host {host!r} leads to a private address, which is fetched only if listed by its own name."
        )
    return client.build_request(
        "GET",
        url.copy_with(host=addresses[0].partition("%")[0]),
        headers={
            "host": url.netloc.decode("ascii"), "accept-encoding": "identity", "user-agent": "agot",
            "accept": "text/html, text/*, application/json",
        },
        extensions={"sni_hostname": host},
    )  # fmt: skip


def _public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None) or parsed
    return inner.is_global and parsed.is_global and not inner.is_multicast and parsed not in _TRANSLATED


async def _text(response: httpx.Response, url: httpx.URL) -> str:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not kind.startswith(_TEXT):
        raise ToolError(f"{url} is of the type {kind!r}, not text.")
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        # A small compressed page can be a very large one.
        raise ToolError(f"{url} came compressed although it was asked for plain.")
    body = b""
    whole = True
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MOST_BYTES:
            body, whole = body[:_MOST_BYTES], False
            break
    try:
        text = body.decode(response.charset_encoding or "utf-8", "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    if kind in ("text/html", "application/xhtml+xml"):
        # In a thread: a page can be built so that taking it apart takes long.
        page = text
        text = await in_thread(lambda: _readable(page))
    if not whole:
        text += f"\n[cut after {_MOST_BYTES >> 20} MB]"
    if response.is_error:
        raise ToolError(f"{url} answered {response.status_code} {response.reason_phrase}.\n{text[:1000]}")
    return text


class _Page(HTMLParser):
    """Keeps what a reader of a page sees."""

    _HIDDEN = frozenset({"script", "style", "noscript", "template", "svg"})
    _BREAKS = frozenset(
        "p br div li tr h1 h2 h3 h4 h5 h6 table section article pre blockquote dt dd title".split()
    )

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._HIDDEN:
            self._hidden.append(tag)
        elif tag in self._BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif tag in self._BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def _readable(html: str) -> str:
    page = _Page()
    page.feed(html)
    page.close()
    lines = (" ".join(line.split()) for line in "".join(page.parts).split("\n"))
    return "\n".join(line for line in lines if line)
