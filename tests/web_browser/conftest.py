"""A browser that may only speak to this machine, and a server with made-up runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.web_browser.fixture_server import STATIC, Desk, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

APP = Path(__file__).parents[2] / "agot" / "web" / "app"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def chromium_path() -> str | None:
    """Return where the system's own Chromium is, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file; its event loop would keep others from having one."""
    path = chromium_path()
    if path is None:
        pytest.skip("no chromium on the PATH: the page cannot be tried in a browser")
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_server() -> Iterator[tuple[str, Desk]]:
    """One server for the tests of a file."""
    if not (STATIC / "main.js").is_file():
        pytest.skip("agot/web/static is not built: cd agot/web/app && npm ci && npm run build")
    desk = Desk()
    with serving(desk) as address:
        yield address, desk


@pytest.fixture
def desk(shared_server: tuple[str, Desk]) -> Desk:
    """The server's state, as new."""
    desk = shared_server[1]
    fresh = Desk()
    for name in Desk.__dataclass_fields__:
        setattr(desk, name, getattr(fresh, name))
    return desk


@pytest.fixture
def server(shared_server: tuple[str, Desk], desk: Desk) -> str:
    """The server's address."""
    return shared_server[0]


class Watch:
    """What a page did that no page may do."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("request", lambda request: self._asked(request.url))
        page.on("dialog", self._opened)

    def _opened(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _said(self, kind: str, text: str) -> None:
        # That pixels are read back is the tests' doing.
        if kind in ("error", "warning") and "willReadFrequently" not in text:
            self.faults.append(text)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "file") and parts.hostname != "127.0.0.1":
            self.faults.append(f"request to {url}")


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    """A page of a context of its own, which nobody watches."""
    context = browser.new_context(viewport={"width": 1440, "height": 860}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


@pytest.fixture
def watch(blank: Page) -> Iterator[Watch]:
    """What the page did that no page may do; anything in it fails the test."""
    watch = Watch(blank)
    yield watch
    assert watch.faults == []


@pytest.fixture
def page(blank: Page, watch: Watch) -> Page:
    """A page; any error it reports and any request to elsewhere fails the test."""
    return blank
