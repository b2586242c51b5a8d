"""The page against `agot serve` with the embedded model: a question is asked, watched to its end, and looked into."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agot.agents.strategies.registry import STRATEGIES
from tests.web_browser.test_views import VIEWS, rows, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

QUESTION = "A shop sells pens at 3 dollars and books at 12 dollars. Tom buys 4 pens and 2 books. How much does he pay?"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of its own, with an empty database."""
    home = tmp_path_factory.mktemp("home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AGOT_")}
    with subprocess.Popen(
        [sys.executable, "-m", "agot", "serve", "--port", "0", "--seed", "0"],
        env={**environment, "AGOT_HOME": str(home)}, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stderr is not None
        found = None
        for line in server.stderr:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                break
        assert found is not None, "the server did not say where it listens"
        yield found[0]
        server.terminate()
        server.wait(20)
        server.stderr.close()


@pytest.mark.slow
def test_question_is_asked_watched_and_looked_into(page: Page, served: str, tmp_path: Path) -> None:
    page.goto(served)
    page.get_by_text("No runs yet.").wait_for()
    until(page, f"document.querySelectorAll('#strategies option').length === {1 + len(STRATEGIES.names())}")
    page.fill("[aria-label='Question']", QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_url("**/#*?outline")
    page.wait_for_selector(".run-sums .chip-done", timeout=60_000)
    until(page, "!document.querySelector('.live')")
    live = rows(page)
    figures = page.locator(".outline-room [role=row]").all_inner_texts()
    page.reload()
    assert rows(page) == live
    assert page.locator(".outline-room [role=row]").all_inner_texts() == figures
    page.locator(".outline-room [role=row]").first.click()
    page.wait_for_selector(".choices li")
    page.locator(".call-head").first.click()
    page.wait_for_selector(".message-user")
    page.wait_for_selector(".message-reply")
    for view in VIEWS:
        page.click(f"#tab-{view}")
        page.wait_for_selector(f"#tab-{view}[aria-selected=true]")
    page.fill("[aria-label='New annotation']", "checked by hand")
    page.click("text=Add")
    page.wait_for_selector(".annotations li")
    page.click("text=Fork from here…")
    page.get_by_text("Calls made again").wait_for()
    page.get_by_text("Keep as it is").click()
    for name, suffix in (
        ("Run as JSON", "json"),
        ("Trace for OpenTelemetry", "json"),
        ("One page that", "html"),
    ):
        page.click("text=Export")
        with page.expect_download() as loaded:
            page.click(f"text={name}")
        saved = tmp_path / f"run.{suffix}"
        loaded.value.save_as(saved)
        assert saved.stat().st_size > 1000
    page.goto(saved.as_uri())
    assert rows(page) == live
