"""axe-core finds nothing, in any view and either theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.web_browser.conftest import APP
from tests.web_browser.test_views import VIEWS, open_run

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = APP / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: cd agot/web/app && npm ci")
    return AXE.read_text()


def complaints(page: Page, axe: str) -> list[str]:
    """Return what axe-core says of the page as it is."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_views_are_clean(page: Page, server: str, axe: str, view: str, theme: str) -> None:
    page.emulate_media(color_scheme="light" if theme == "light" else "dark")
    suffix = "&with=ten" if view == "compare" else ""
    open_run(page, server, f"other/0.5?{view}{suffix}")
    page.wait_for_selector(".panel .verdicts")
    page.locator(".call-head").first.click()
    page.wait_for_selector(".message")
    if view in ("outline", "graph", "waterfall"):
        page.keyboard.press("c")
        page.select_option(".heat-by select", "time")
    if view == "compare":
        page.wait_for_selector(".words")
    if view == "search":
        page.wait_for_selector(".search-node")
    if view == "evidence":
        page.wait_for_selector(".verdict-cell")
    assert complaints(page, axe) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_list_dialogs_and_banners_are_clean(page: Page, server: str, axe: str, theme: str) -> None:
    page.emulate_media(color_scheme="light" if theme == "light" else "dark")
    page.goto(server)
    page.wait_for_selector(".run-row")
    assert complaints(page, axe) == []
    open_run(page, server, "ask-me/root?outline")
    page.wait_for_selector(".approval")
    page.click("text=Export")
    assert complaints(page, axe) == []
    page.keyboard.press("Escape")
    page.click("text=Fork from here…")
    page.get_by_text("Calls made again").wait_for()
    assert complaints(page, axe) == []
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")
    page.click("[aria-label=Keys]")
    page.wait_for_selector("dialog[open]")
    assert complaints(page, axe) == []
    page.keyboard.press("Escape")
    open_run(page, server, "spent?outline")
    page.click("text=Resume")
    page.get_by_label("Limit of calls").wait_for()
    assert complaints(page, axe) == []


def test_theme_is_kept_and_canvases_follow_it(page: Page, server: str) -> None:
    open_run(page, server, "ten?graph")
    page.wait_for_selector(".stage canvas[data-cards]")
    corner = "document.querySelector('.stage canvas').getContext('2d').getImageData(2, 2, 1, 1).data[0]"
    page.click("[aria-label='Theme: auto']")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.click("[aria-label='Theme: light']")
    page.wait_for_timeout(100)
    assert page.evaluate(corner) < 60
    page.reload()
    page.wait_for_selector("[aria-label='Theme: dark']")


@pytest.mark.parametrize("width", [360, 720, 1000])
def test_narrow_windows_show_everything_without_scrolling_sideways(
    page: Page, server: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    open_run(page, server, "other?outline")
    page.wait_for_selector(".outline-room [role=row]")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".outline-room [role=row]").nth(1).click()
    page.wait_for_selector(".panel .verdicts")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
