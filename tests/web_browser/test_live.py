"""A run that goes on while it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.web_browser.fixture_server import BATCHES, Desk, events_of
from tests.web_browser.test_views import open_run, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

_ROWS = "document.querySelectorAll('.outline-room [role=row]').length"


def _final(page: Page) -> Any:
    until(page, "!document.querySelector('.live')")
    page.wait_for_selector(".run-sums .chip-done")
    # From the events alone, so that no call for the stored result can mend what the stream missed.
    page.click("#tab-evidence")
    page.wait_for_selector(".matrix-row .verdict-cell")
    page.click("#tab-outline")
    page.wait_for_selector(".outline-room [role=row]")
    rows = page.locator(".outline-room [role=row]").all_inner_texts()
    return rows, page.locator(".legend").inner_text()


def test_run_is_watched_to_its_end(page: Page, server: str) -> None:
    open_run(page, server, "live?outline")
    page.get_by_text("Live", exact=True).wait_for()
    rows, _ = _final(page)
    assert len(rows) == sum(event["kind"] == "thought_added" for event in events_of("live"))
    assert page.locator(".run-head-answer").inner_text().startswith("Answer The 8:05")


def test_stream_that_breaks_twice_gives_the_same_state(page: Page, server: str, desk: Desk) -> None:
    open_run(page, server, "live?outline")
    whole = _final(page)
    page.goto("about:blank")
    open_run(page, server, "live-cut?outline")
    assert _final(page) == whole
    asked = [int(line.split()[1]) for line in desk.resumed_from if line.startswith("live-cut")]
    assert len(asked) == 3 and asked == sorted(asked) and asked[1] > 0
    assert desk.cuts == 0


def test_live_state_equals_what_is_loaded_afterwards(page: Page, server: str, desk: Desk) -> None:
    open_run(page, server, "live?graph")
    until(page, "!document.querySelector('.live')")
    page.click("#tab-outline")
    page.wait_for_selector(".outline-room [role=row]")
    live = page.locator(".outline-room [role=row]").all_inner_texts()
    assert "live" in desk.over
    page.reload()
    page.wait_for_selector(".outline-room [role=row]")
    assert page.locator(".outline-room [role=row]").all_inner_texts() == live


def test_what_is_new_never_moves_the_selection(page: Page, server: str, desk: Desk) -> None:
    desk.pause_s = 0.3
    open_run(page, server, "live/root?outline")
    until(page, f"{_ROWS} > 1")
    page.keyboard.press("f")
    page.wait_for_selector(".pill")
    assert "new" in page.locator(".pill").inner_text()
    assert "/root?" in page.url
    page.wait_for_selector(".streaming")
    page.click(".pill")
    page.wait_for_selector(".pill", state="detached")
    until(page, "!document.querySelector('.live')")
    assert "/root?" in page.url


def test_graph_waits_for_the_pill_before_it_moves(page: Page, server: str, desk: Desk) -> None:
    desk.pause_s = 3 / BATCHES
    open_run(page, server, "live?graph")
    page.wait_for_selector(".stage canvas[data-cards]")
    page.keyboard.press("f")
    page.wait_for_selector(".pill")
    cards = page.locator(".stage canvas").get_attribute("data-cards")
    until(page, "!document.querySelector('.live')")
    page.click(".pill")
    until(page, f"document.querySelector('.stage canvas').dataset.cards !== '{cards}'")
