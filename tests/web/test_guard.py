"""Who may ask, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agot.errors import SetupError
from agot.web.binding import is_loopback
from agot.web.guard import MOST_BODY_BYTES, Access
from agot.web.binding import bound
from tests.scripted import ScriptedModels
from tests.web.serving import Served, answering, serving

TOKEN = "a-long-secret"


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, ScriptedModels(answering, dialect="standard"), token=TOKEN) as server:
        yield server


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "a@b:x"])
def test_other_hosts_are_refused(client: httpx.Client, host: str) -> None:
    response = client.get("/api/runs", headers={"host": host})
    assert response.status_code == 403 and response.json()["error"]["code"] == "host"


def test_names_of_loopback_are_this_server(client: httpx.Client) -> None:
    for host in ("localhost:1", "127.0.0.1", "[::1]:80", "LOCALHOST"):
        assert client.get("/api/runs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://localhost:1"])
def test_pages_of_other_sites_are_refused(client: httpx.Client, origin: str) -> None:
    body = {"question": "Why?"}
    assert client.post("/api/runs", json=body, headers={"origin": origin}).status_code == 403
    cross = client.post("/api/runs", json=body, headers={"sec-fetch-site": "cross-site"})
    assert cross.status_code == 403
    assert client.get("/api/runs").json()["runs"] == []


def test_its_own_pages_may_ask(served: Served, client: httpx.Client) -> None:
    response = client.post("/api/runs", json={"question": "Why?"}, headers={"origin": served.url})
    assert response.status_code == 202


def test_forms_are_refused(client: httpx.Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        response = client.post("/api/runs", content=b'{"question": "Why?"}', headers={"content-type": kind})
        assert response.status_code == 415


def test_too_much_is_refused_whether_its_size_is_said_or_not(client: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    large = b'"' + b"x" * MOST_BODY_BYTES + b'"'
    assert client.post("/api/runs", content=large, headers=headers).status_code == 413
    pieces = (large[at : at + 65536] for at in range(0, len(large), 65536))
    assert client.post("/api/runs", content=pieces, headers=headers).status_code == 413
    deep = b"[" * 100_000
    assert client.post("/api/runs", content=deep, headers=headers).status_code == 400


def test_every_response_has_the_headers_that_bind_a_browser(client: httpx.Client) -> None:
    for path in ("/", "/api/runs", "/nothing", "/openapi.json"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer" and "access-control-allow-origin" not in headers


def test_a_token_is_asked_for_everywhere(closed: Served) -> None:
    with closed.client() as client:
        for path in ("/", "/api/runs", "/v1/models", "/openapi.json", "/static/main.js", "/nothing"):
            response = client.get(path)
            assert response.status_code == 401 and response.headers["www-authenticate"] == "Bearer"
        for given in ("Bearer wrong", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x"):
            assert client.get("/api/runs", headers={"authorization": given}).status_code == 401
        assert client.get("/api/runs", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_page_turns_the_token_of_its_address_into_a_cookie(closed: Served) -> None:
    with closed.client() as client:
        assert client.get("/api/runs", params={"token": TOKEN}).status_code == 401
        assert client.get("/", params={"token": "wrong"}).status_code == 401
        entered = client.get("/", params={"token": TOKEN, "view": "dag"})
        assert entered.status_code == 303 and entered.headers["location"] == "/?view=dag"
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and TOKEN not in cookie
        assert client.get("/api/runs").status_code == 200


def test_a_redirect_never_leaves_the_server(closed: Served) -> None:
    with closed.client() as client:
        for path in ("//evil.example/", "/\\evil.example", "///evil.example"):
            response = client.get(httpx.URL(f"{closed.url}{path}"), params={"token": TOKEN})
            where = response.headers.get("location", "/")
            assert where.startswith("/") and not where.startswith(("//", "/\\"))


def test_without_a_token_only_loopback_is_served() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(SetupError, match="token is needed"):
            bound(host, 0, None)
    assert all(map(is_loopback, ("127.0.0.1", "localhost", "::1", "127.8.8.8")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "example.org", "localhost.evil.example")))


def test_a_server_for_others_knows_its_names() -> None:
    assert Access.bound("0.0.0.0", 1, TOKEN).allows_host("any.example:1")
    named = Access.bound("0.0.0.0", 1, TOKEN, more_hosts=["box.example"])
    assert named.allows_host("box.example:1") and not named.allows_host("any.example")


# -- other sites

SITE = "https://app.example"
ASKS_FIRST = {
    "origin": SITE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,x-stainless-os",
}


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Served]:
    models = ScriptedModels(answering, dialect="standard")
    with serving(tmp_path, models, token=TOKEN, origins=(SITE,)) as server:
        yield server


def test_a_site_that_was_named_may_ask_and_its_browser_is_told_so(shared: Served) -> None:
    with shared.client() as client:
        first = client.options("/v1/chat/completions", headers=ASKS_FIRST)
        assert first.status_code == 200 and first.headers["access-control-allow-origin"] == SITE
        assert "POST" in first.headers["access-control-allow-methods"] and "Origin" in first.headers["vary"]
        allowed = first.headers["access-control-allow-headers"].split(",")
        assert {"authorization", "content-type", "x-stainless-os"} <= set(allowed)
        assert "access-control-allow-credentials" not in first.headers
        headers = {"origin": SITE, "sec-fetch-site": "cross-site"}
        refused = client.post("/api/runs", json={"question": "Why?"}, headers=headers)
        assert refused.status_code == 401 and refused.headers["access-control-allow-origin"] == SITE
        headers["authorization"] = f"Bearer {TOKEN}"
        got = client.post("/api/runs", json={"question": "Why?"}, headers=headers)
        assert got.status_code == 202 and got.headers["access-control-allow-origin"] == SITE
        assert "retry-after" in got.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{SITE}.evil.example", "http://app.example"])
def test_sites_that_were_not_named_are_refused_as_without(shared: Served, origin: str) -> None:
    headers = {"origin": origin, "authorization": f"Bearer {TOKEN}"}
    with shared.client() as client:
        first = client.options("/api/runs", headers=ASKS_FIRST | {"origin": origin})
        got = client.post("/api/runs", json={"question": "Why?"}, headers=headers)
    assert first.status_code == 400 and got.status_code == 403
    assert "access-control-allow-origin" not in [*first.headers, *got.headers]


def test_without_a_named_site_no_browser_is_told_anything(client: httpx.Client) -> None:
    first = client.options("/api/runs", headers=ASKS_FIRST)
    assert first.status_code == 403
    got = client.get("/api/runs")
    assert not [name for name in (*first.headers, *got.headers) if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("https://App.example/", "https://app.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://a.example:443", "https://a.example"),
        ("app://obsidian.md", "app://obsidian.md"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("*", "*"),
    ],
)
def test_origins_are_read_as_browsers_write_them(named: str, meant: str) -> None:
    access = Access.bound("127.0.0.1", 1, TOKEN, origins=(named,))
    assert access.origins == {meant}


@pytest.mark.parametrize(
    "named", ["", "null", "app.example", "https://a.example/path", "https://", "https://*.a.example/x", "https://é.example"]
)
def test_what_is_no_origin_is_refused_by_name(named: str) -> None:
    with pytest.raises(SetupError, match="--cors"):
        Access.bound("127.0.0.1", 1, TOKEN, origins=(named,))


def test_every_site_may_ask_only_where_a_token_is_needed() -> None:
    with pytest.raises(SetupError, match="token"):
        Access.bound("127.0.0.1", 1, None, origins=("*",))
