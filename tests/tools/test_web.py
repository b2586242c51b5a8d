"""Pages of listed hosts, from a real server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agot.errors import SetupError
from agot.tools.tool import ToolOutcome
from agot.tools.web import _public, fetch_tool
from tests.tools.conftest import Bench


class Pages(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        port = self.server.server_address[1]
        pages: dict[str, tuple[int, dict[str, str], bytes]] = {
            "/": (200, {"content-type": "text/plain; charset=latin-1"}, f"host {self.headers['host']}: ä".encode("latin-1")),
            "/html": (200, {"content-type": "text/html"}, b"<title>T</title><script>bad()</script><p>One<br>two &amp; 3</p><style>x"),
            "/json": (200, {"content-type": "application/json"}, b'{"a": 1}'),
            "/image": (200, {"content-type": "image/png"}, b"\x89PNG"),
            "/gzip": (200, {"content-type": "text/plain", "content-encoding": "gzip"}, gzip.compress(b"x" * 10**7)),
            "/charset": (200, {"content-type": "text/plain; charset=nonsense"}, b"ok"),
            "/missing": (404, {"content-type": "text/plain"}, b"gone"),
            "/here": (302, {"location": "/json"}, b""),
            "/loop": (302, {"location": "/loop"}, b""),
            "/elsewhere": (302, {"location": "http://169.254.169.254/latest/meta-data"}, b""),
            "/other": (302, {"location": f"http://127.0.0.1:{port}/json"}, b""),
            "/file": (302, {"location": "file:///etc/passwd"}, b""),
            "/large": (200, {"content-type": "text/plain"}, b"y" * (5 << 20)),
        }  # fmt: skip
        if self.path == "/slow":
            threading.Event().wait(5)
            return
        status, headers, body = pages[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def log_message(self, format: str, *arguments: object) -> None:
        return


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


async def fetch(url: str, *hosts: str) -> ToolOutcome:
    return await Bench((fetch_tool(hosts or ("localhost",), timeout_s=2),)).call("fetch", url=url)


@pytest.mark.parametrize(
    ("path", "text"),
    [("/html", "T\nOne\ntwo & 3"), ("/json", '{"a": 1}'), ("/here", '{"a": 1}'), ("/charset", "ok")],
)
async def test_gives_the_text_of_a_page(port: int, path: str, text: str) -> None:
    outcome = await fetch(f"http://localhost:{port}{path}")
    assert (outcome.text, outcome.error) == (text, False)


async def test_asks_for_the_host_by_its_name(port: int) -> None:
    assert (await fetch(f"http://LOCALHOST:{port}/")).text == f"host localhost:{port}: ä"


@pytest.mark.parametrize(
    ("path", "says"),
    [("/image", "'image/png', not text"), ("/gzip", "compressed"), ("/missing", "404"), ("/loop", "more than 5"),
     ("/elsewhere", "not allowed"), ("/other", "not allowed"), ("/file", "Only http"), ("/slow", "")],
)  # fmt: skip
async def test_refuses_what_is_no_text_and_what_leads_elsewhere(port: int, path: str, says: str) -> None:
    outcome = await fetch(f"http://localhost:{port}{path}")
    assert outcome.error and says in outcome.text


async def test_a_large_page_is_cut_while_it_is_read(port: int) -> None:
    one = Bench((fetch_tool(["localhost"], timeout_s=10),))
    assert "[cut" in (await one.call("fetch", url=f"http://localhost:{port}/large")).text


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "http://localhost.example.org/", "http://evil@localhost/", "http://localhost@example.org/", "ftp://localhost/",
     "file:///etc/passwd", "localhost", "", "http://", "http://[::1", "http://localhost:99999/", "javascript:1", "http://127.0.0.1/",
     "http://\x00localhost/", "http://localhost:1/"],
)  # fmt: skip
async def test_refuses_other_hosts_and_odd_addresses(url: str) -> None:
    assert (await fetch(url)).error


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{}/json",
        "http://127.0.0.1:{}/json",
        "http://0x7f.1:{}/json",
        "http://[::ffff:127.0.0.1]:{}/json",
    ],
)
async def test_private_addresses_need_to_be_listed_by_name(port: int, url: str) -> None:
    outcome = await fetch(url.format(port), "*")
    assert outcome.error
    assert (await fetch(f"http://127.0.0.1:{port}/json", "*", "127.0.0.1")).text == '{"a": 1}'


@pytest.mark.parametrize(
    ("address", "public"),
    [("8.8.8.8", True), ("2606:4700::1111", True), ("10.0.0.1", False), ("127.0.0.1", False), ("169.254.169.254", False),
     ("100.64.0.1", False), ("::1", False), ("fe80::1%eth0", False), ("::ffff:10.0.0.1", False), ("2002:0a00:0001::1", False),
     ("64:ff9b::0a00:1", False), ("0.0.0.0", False), ("224.0.0.1", False), ("fc00::1", False)],
)  # fmt: skip
def test_knows_private_addresses(address: str, public: bool) -> None:
    assert _public(address) is public


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["http://example.org"],
        ["example.org/path"],
        ["a@b"],
        ["localhost:8000"],
        ["[::1]:80"],
        ["a*.org"],
        ["*.*.org"],
    ],
)
def test_hosts_are_names(hosts: list[str]) -> None:
    with pytest.raises(SetupError, match="host"):
        fetch_tool(hosts)


def test_an_address_of_version_6_is_a_name() -> None:
    assert fetch_tool(["::1", "*", "*.example.org", "LOCALHOST."]).name == "fetch"


async def test_many_fetches_at_once(port: int) -> None:
    one = Bench((fetch_tool(["localhost"], timeout_s=30),))
    outcomes = await asyncio.gather(
        *(one.call("fetch", url=f"http://localhost:{port}/json") for _ in range(8))
    )
    assert {outcome.text for outcome in outcomes} == {'{"a": 1}'}
