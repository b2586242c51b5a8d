"""Makes the pictures of each view for the documentation: `python -m tests.web_browser.screenshots [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.web_browser.conftest import ARGUMENTS, chromium_path
from tests.web_browser.fixture_server import Desk, serving

FOLDER = Path(__file__).parents[2] / "docs" / "images"
SIZE = {"width": 1180, "height": 660}

PICTURES = {
    "viewer-runs": ("light", "", ".run-row"),
    "viewer-outline": ("light", "other/0.1?outline", ".verdicts"),
    "viewer-graph": ("dark", "other/0.5?graph", ".stage canvas[data-cards]"),
    "viewer-waterfall": ("light", "other?waterfall", ".stage .hover-note"),
    "viewer-search": ("dark", "other?search", ".search-node"),
    "viewer-evidence": ("light", "thousand?evidence", ".verdict-cell"),
    "viewer-compare": ("light", "other?compare&with=ten", ".words"),
}
"""Theme, address, and what has to be there before the picture is taken, by name."""


def main(folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving(Desk()) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium_path(), args=[*ARGUMENTS, "--disable-lcd-text"]
        )
        for name, (theme, place, awaited) in PICTURES.items():
            page = browser.new_page(viewport=SIZE, color_scheme="dark" if theme == "dark" else "light")  # type: ignore[arg-type]
            page.goto(f"{address}/#{place}")
            page.wait_for_selector(awaited)
            _prepare(page, name)
            page.wait_for_timeout(700)
            page.screenshot(path=folder / f"{name}.png")
            page.close()
        browser.close()


def _prepare(page: Page, name: str) -> None:
    if name != "viewer-runs":
        page.click("[aria-label='Show or hide the runs']")
    if name == "viewer-waterfall":
        page.keyboard.press("c")
    if name == "viewer-outline":
        page.select_option(".heat-by select", "tokens")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
