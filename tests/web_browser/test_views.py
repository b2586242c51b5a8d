"""Each view of the page, by what a person sees and does."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web_browser.conftest import Watch
from tests.web_browser.fixture_server import Desk, events_of

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

VIEWS = ("outline", "graph", "waterfall", "search", "evidence", "compare")

_PAINTED = """() => {
  const canvas = document.querySelector(".stage canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  return seen.size;
}"""


def open_run(page: Page, server: str, address: str) -> None:
    """Open an address of the page and wait until the run is there."""
    page.goto(f"{server}/#{address}")
    page.wait_for_selector(".run-head h1:not(:text('…'))")


def until(page: Page, condition: str) -> None:
    """Wait until a JavaScript expression is true; Playwright's own way needs what the page's policy forbids."""
    deadline = time.monotonic() + 15
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"never true: {condition}"
        page.wait_for_timeout(25)


def rows(page: Page) -> list[str]:
    """Return the texts of the outline's rows in sight."""
    page.wait_for_selector(".outline-room [role=row]")
    return page.locator(".outline-room [role=row] .title-text").all_inner_texts()


def test_runs_are_listed_searched_and_filtered(page: Page, server: str) -> None:
    page.goto(server)
    page.wait_for_selector(".run-row")
    every = page.locator(".run-row").count()
    page.fill("[aria-label='Search runs']", "מהו")
    until(page, "document.querySelectorAll('.run-row').length === 1")
    page.fill("[aria-label='Search runs']", "no run asks this")
    page.get_by_text("No run matches.").wait_for()
    page.fill("[aria-label='Search runs']", "")
    until(page, f"document.querySelectorAll('.run-row').length === {every}")
    page.select_option("[aria-label='Status']", "running")
    # The list is empty while its new rows are on their way.
    shown = "document.querySelectorAll('.run-row').length"
    until(page, f"{shown} > 0 && {shown} < {every}")
    assert page.locator(".run-row .chip").all_inner_texts() == ["running"] * page.locator(".run-row").count()


def test_a_question_starts_a_run_and_shows_it(page: Page, server: str, desk: Desk) -> None:
    page.goto(server)
    page.fill("[aria-label='Question']", "What is 6 times 7?")
    page.fill("[aria-label='Strategy']", "vote")
    page.keyboard.press("Tab")
    page.click(".ask button")
    page.wait_for_url("**/#live?*")
    assert ("runs", {"question": "What is 6 times 7?", "strategy": "vote"}) in desk.posted


def test_older_runs_of_a_filtered_list_stay_when_it_is_refreshed(page: Page, server: str, desk: Desk) -> None:
    desk.many = 120
    page.goto(server)
    page.select_option("[aria-label='Status']", "answered")
    with page.expect_response("**/api/runs?*q=Which*"):
        page.fill("[aria-label='Search runs']", "Which is number")
    until(page, "document.querySelectorAll('.run-row').length === 50")
    page.click("text=Older runs")
    until(page, "document.querySelectorAll('.run-row').length === 100")
    desk.many += 1
    page.get_by_text("Which is number 121?").wait_for()
    assert _numbers(page) == list(range(121, 20, -1))
    page.click("text=Older runs")
    until(page, "document.querySelectorAll('.run-row').length === 121")
    assert _numbers(page) == list(range(121, 0, -1))
    page.get_by_text("Older runs").wait_for(state="detached")
    desk.many += 1
    page.get_by_text("Which is number 122?").wait_for()
    assert _numbers(page) == list(range(122, 0, -1))


def test_another_filter_begins_with_the_newest_runs(page: Page, server: str, desk: Desk) -> None:
    desk.many = 120
    page.goto(server)
    page.click("text=Older runs")
    until(page, "document.querySelectorAll('.run-row').length === 100")
    page.select_option("[aria-label='Status']", "answered")
    until(page, "document.querySelectorAll('.run-row').length === 50")
    page.click("text=Older runs")
    until(page, "document.querySelectorAll('.run-row').length === 100")
    assert _numbers(page) == list(range(120, 20, -1))


def _numbers(page: Page) -> list[int]:
    asked = page.locator(".run-question").all_inner_texts()
    return [int(text.removeprefix("Which is number ").removesuffix("?")) for text in asked]


def test_strategies_offered_are_those_of_the_server(page: Page, server: str, desk: Desk) -> None:
    desk.models = ["agot", "agot/direct", "agot/rebase", "somebody/else"]
    page.goto(server)
    until(page, "document.querySelectorAll('#strategies option').length > 1")
    assert _offered(page) == ["auto", "direct", "rebase"]


def test_only_auto_is_offered_when_the_strategies_cannot_be_had(
    page: Page, server: str, desk: Desk, watch: Watch
) -> None:
    desk.models = None
    with page.expect_response("**/v1/models"):
        page.goto(server)
    page.wait_for_selector(".run-row")
    assert _offered(page) == ["auto"]
    assert page.locator(".toast").count() == 0
    # The browser itself reports every 503; that is no fault of the page.
    watch.faults = [fault for fault in watch.faults if "503" not in fault]


def _offered(page: Page) -> list[str]:
    options: list[str] = page.locator("#strategies option").evaluate_all("all => all.map(one => one.value)")
    return options


def test_unknown_run_says_so(page: Page, server: str, watch: Watch) -> None:
    page.goto(f"{server}/#nowhere?outline")
    page.get_by_text("There is no run 'nowhere'.").wait_for()
    # The browser itself reports every 404; that is no fault of the page.
    watch.faults = [fault for fault in watch.faults if "404" not in fault]


def test_outline_opens_closes_and_selects_by_keys(page: Page, server: str) -> None:
    open_run(page, server, "other?outline")
    full = rows(page)
    page.focus("[role=treegrid]")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    until(page, "document.querySelectorAll('.outline-room [role=row]').length === 1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert rows(page) == full
    page.wait_for_selector(".panel")
    assert page.locator("[aria-selected=true][role=row]").get_attribute("aria-level") == "2"
    assert page.evaluate("document.activeElement.getAttribute('aria-activedescendant')") == "row-1"
    page.keyboard.press("Escape")
    page.wait_for_selector(".panel", state="detached")


def test_outline_of_fifty_thousand_thoughts_holds_few_rows(page: Page, server: str) -> None:
    open_run(page, server, "fiftythousand?outline")
    page.wait_for_selector(".outline-room [role=row]")
    page.click("#tab-graph")
    page.click("text=Open all")
    page.click("#tab-outline")
    page.wait_for_selector("[role=treegrid][aria-rowcount='50001']")
    assert page.locator(".outline-room [role=row]").count() < 60
    page.focus("[role=treegrid]")
    page.keyboard.press("End")
    page.wait_for_selector("[aria-rowindex='50001'][aria-selected=true]")


@pytest.mark.parametrize("view", ["graph", "waterfall"])
def test_canvas_is_painted(page: Page, server: str, view: str) -> None:
    open_run(page, server, f"thousand?{view}")
    until(page, f"({_PAINTED})() > 20")
    assert f'aria-label="{"Graph" if view == "graph" else "Waterfall"}' in page.locator(
        ".stage canvas"
    ).evaluate("element => element.outerHTML")


def test_graph_opens_a_nested_graph_where_it_is_clicked(page: Page, server: str) -> None:
    open_run(page, server, "thousand/0.1?graph")
    page.wait_for_selector(".stage canvas[data-cards]")
    before = int(page.locator(".stage canvas").get_attribute("data-cards") or 0)
    page.focus(".stage canvas")
    page.keyboard.press("Enter")
    until(page, f"Number(document.querySelector('.stage canvas').dataset.cards) > {before}")
    page.keyboard.press("Enter")
    until(page, f"Number(document.querySelector('.stage canvas').dataset.cards) === {before}")


def test_graph_of_two_thousand_siblings_is_laid_out(page: Page, server: str) -> None:
    open_run(page, server, "flat?graph")
    page.wait_for_selector(".stage canvas[data-cards='2000']")


def test_waterfall_tells_idle_time_and_critical_path(page: Page, server: str) -> None:
    open_run(page, server, "ten?waterfall")
    page.get_by_text("idle gap").wait_for()
    page.keyboard.press("c")
    page.get_by_text("Critical path: ").wait_for()


def test_panel_shows_how_a_thought_was_reached_and_fetches_bodies_when_asked(page: Page, server: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_run(page, server, "ten/0.3?outline")
    page.wait_for_selector(".verdicts li")
    for heading in ("Question", "Answer", "Why this strategy", "Verdicts", "Evidence it was given"):
        page.get_by_role("heading", name=heading, exact=True).wait_for()
    assert not any("/calls/" in url for url in asked)
    page.click(".call-head")
    page.wait_for_selector(".message-reply strong")
    assert any("/calls/" in url for url in asked)
    page.click(".findings .link")
    until(page, "!location.hash.includes('0.3')")


def test_how_far_an_answer_can_be_trusted_is_told_in_words(page: Page, server: str) -> None:
    page.goto(server)
    listed = page.locator(".run-row[href^='#ten?'] .trust")
    listed.wait_for()
    assert (listed.inner_text(), listed.get_attribute("title")) == ("cross-checked", "4 of 5 samples agree")
    assert page.locator(".run-row[href^='#live?'] .trust").count() == 0
    open_run(page, server, "ten/root?outline")
    page.wait_for_selector(".panel .trust")
    head, panel = page.locator(".run-head .trust-line"), page.locator(".panel .trust-line")
    assert head.inner_text().split("\n") == ["cross-checked", "4 of 5 samples agree"]
    found = next(
        event
        for event in reversed(events_of("ten"))
        if event["kind"] == "thought_finished" and event["thought"] == "root"
    )
    assert panel.inner_text().split("\n") == [found["trust"], found["trust_reason"]]


def test_replay_takes_trust_back_with_the_answer(page: Page, server: str) -> None:
    open_run(page, server, "ten/root?outline")
    lines = page.locator(".trust-line")
    page.wait_for_selector(".panel .trust")
    told = lines.all_inner_texts()
    page.keyboard.press("[")
    page.wait_for_url("**seq=*")
    page.goto(f"{server}/#ten/root?outline&seq=3")
    until(page, "!document.querySelector('.trust-line')")
    page.goto(f"{server}/#ten/root?outline&seq={len(events_of('ten'))}")
    page.wait_for_selector(".panel .trust")
    assert lines.all_inner_texts() == told


def test_runs_told_before_there_was_trust_are_unchecked(page: Page, server: str) -> None:
    def before(route: Route) -> None:
        run = route.fetch().json()
        route.fulfill(json={name: value for name, value in run.items() if not name.startswith("trust")})

    page.route("**/api/runs/ten", before)
    open_run(page, server, "ten?outline")
    assert page.locator(".run-head .trust-line").inner_text() == "unchecked"


def test_body_of_twenty_megabytes_is_shown_a_piece_at_a_time(page: Page, server: str) -> None:
    open_run(page, server, "big/root?outline")
    page.click(".call-head")
    page.wait_for_selector(".more")
    assert page.locator(".message-user pre").evaluate("element => element.textContent.length") == 20_000
    page.click("text=/^Show 200 kB/")
    until(page, "document.querySelector('.message-user pre').textContent.length === 220000")
    assert page.evaluate("document.body.textContent.length") < 400_000


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("run", ["hostile", "rtl", "emoji"])
def test_texts_of_any_kind_stay_texts(page: Page, server: str, run: str, view: str) -> None:
    open_run(page, server, f"{run}/0.1?{view}")
    page.wait_for_selector(".panel .call-head")
    page.locator(".call-head").first.click()
    page.wait_for_selector(".message-reply")
    assert (
        page.locator(
            ".panel :is(img, script, style, iframe, svg[onload], [onerror], [onclick], [style*=url])"
        ).count()
        == 0
    )
    assert page.locator(".panel a[href^='javascript']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(
        "document.querySelector('.panel-body').scrollWidth <= document.querySelector('.panel-body').clientWidth"
    )


def test_search_tree_goes_back_in_time_and_shows_the_best_path(page: Page, server: str) -> None:
    open_run(page, server, "other?search")
    page.wait_for_selector(".search-node")
    nodes = page.locator(".search-node").count()
    assert nodes == 28 and page.locator(".search-node.best").count() >= 2
    assert page.locator(".search-pruned").count() >= 1
    page.locator(".bar-slider input").fill("10")
    until(page, f"document.querySelectorAll('.search-node').length < {nodes}")
    page.locator(".search-box").nth(1).focus()
    page.keyboard.press("Enter")
    page.get_by_text("Step 1: multiply").last.wait_for()


def test_evidence_shows_each_check_beside_each_thought(page: Page, server: str) -> None:
    open_run(page, server, "ten?evidence")
    page.wait_for_selector(".matrix-row .verdict-cell")
    assert page.locator(".matrix-check").all_inner_texts() == ["equations", "judge"]
    told = sum(event["kind"] == "verified" for event in events_of("ten"))
    assert page.locator(".verdict-cell:not(.verdict-absent)").count() == told


def test_two_runs_are_compared(page: Page, server: str) -> None:
    open_run(page, server, "ten?compare")
    page.wait_for_selector("select option[value=other]", state="attached")
    page.select_option(".compare select", "other")
    page.get_by_text("thoughts that differ").wait_for()
    assert "with=other" in page.url
    assert page.locator(".differs th", has_text="Tokens").count() == 1


def test_replay_shows_the_run_as_it_was_and_keys_step_through_it(page: Page, server: str) -> None:
    open_run(page, server, "ten?outline")
    full = len(rows(page))
    page.keyboard.press("[")
    page.wait_for_url("**seq=*")
    last = len(events_of("ten"))
    assert page.url.endswith(f"seq={last - 1}")
    page.goto(f"{server}/#ten/root?outline&seq=3")
    until(page, f"document.querySelectorAll('.outline-room [role=row]').length < {full}")
    page.get_by_text("event 3 of").wait_for()
    page.keyboard.press("]")
    page.wait_for_url("**seq=4")
    page.get_by_text("Show the end").click()
    until(page, f"document.querySelectorAll('.outline-room [role=row]').length === {full}")


def test_heat_shades_rows_by_what_they_cost(page: Page, server: str) -> None:
    open_run(page, server, "ten?outline")
    page.select_option(".heat-by select", "tokens")
    page.wait_for_selector(".heat-bar")
    widths = page.locator(".heat-bar").evaluate_all("all => all.map(bar => parseFloat(bar.style.width))")
    assert max(widths) == 25


def test_notes_are_added_and_deleted(page: Page, server: str, desk: Desk) -> None:
    open_run(page, server, "ten/0.1?outline")
    page.fill("[aria-label='New annotation']", "look **here**")
    page.click("text=Add")
    page.wait_for_selector(".annotations strong")
    assert desk.annotations[0]["thought"] == "0.1"
    page.click("[aria-label='Delete the annotation']")
    page.wait_for_selector(".annotations strong", state="detached")


def test_fork_states_its_cost_first(page: Page, server: str, desk: Desk) -> None:
    open_run(page, server, "ten/0.1?outline")
    page.click("text=Fork from here…")
    page.get_by_text("Calls made again").wait_for()
    assert not desk.posted
    page.click("text=Fork for about $0.0042")
    page.wait_for_url("**/#other?*")
    assert desk.posted == [("ten/fork", {"thought": "0.1"})]


def test_approval_and_cancel_are_asked_of_the_server(page: Page, server: str, desk: Desk) -> None:
    open_run(page, server, "ask-me?outline")
    page.click("text=Allow once")
    page.wait_for_selector(".approval", state="detached")
    page.click("text=Cancel")
    deadline = time.monotonic() + 15
    while len(desk.posted) < 2 and time.monotonic() < deadline:
        page.wait_for_timeout(25)
    assert ("ask-me/approvals/k:1", {"decision": "yes"}) in desk.posted
    assert any(path == "ask-me/cancel" for path, _ in desk.posted)


def test_run_that_spent_its_budget_goes_on_with_a_higher_limit(page: Page, server: str, desk: Desk) -> None:
    open_run(page, server, "spent?outline")
    page.click("text=Resume")
    asked = page.get_by_label("Limit of calls")
    asked.wait_for()
    page.locator("dialog").get_by_text("The calls budget of the run is spent.").wait_for()
    assert asked.input_value() == "80" and asked.evaluate("field => document.activeElement === field")
    assert page.locator("dialog").evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    go_on = page.locator("dialog .button.primary")
    for no_help in ("", "40", "0"):
        asked.fill(no_help)
        assert go_on.is_disabled()
    page.keyboard.press("Enter")
    assert not desk.posted
    asked.fill("100")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog", state="detached")
    assert _posted(page, desk) == ("spent/resume", {"budget": {"calls": 100, "usd": 0.3}})


def test_limits_that_were_raised_before_are_kept(page: Page, server: str, desk: Desk) -> None:
    open_run(page, server, "spent-twice?outline")
    page.click("text=Resume")
    assert page.get_by_label("Limit of US dollars").input_value() == "0.6"
    page.click("dialog .button.primary")
    assert _posted(page, desk) == ("spent-twice/resume", {"budget": {"calls": 80, "usd": 0.6}})


def test_limit_is_left_as_it_is_when_the_dialog_is_closed(page: Page, server: str, desk: Desk) -> None:
    open_run(page, server, "spent?outline")
    page.click("text=Resume")
    page.get_by_label("Limit of calls").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    until(page, "document.activeElement.textContent.trim() === 'Resume…'")
    assert not desk.posted


def test_run_that_was_interrupted_is_resumed_at_once(page: Page, server: str, desk: Desk) -> None:
    open_run(page, server, "interrupted?outline")
    page.click("text=Resume")
    assert _posted(page, desk) == ("interrupted/resume", {})
    assert page.locator("dialog").count() == 0


def _posted(page: Page, desk: Desk) -> tuple[str, object]:
    deadline = time.monotonic() + 15
    while not desk.posted:
        assert time.monotonic() < deadline, "nothing was sent"
        page.wait_for_timeout(25)
    return desk.posted[-1]


def test_keys_find_move_and_explain(page: Page, server: str) -> None:
    open_run(page, server, "ten?outline")
    rows(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.wait_for_url("**/#ten/0.0?*")
    page.keyboard.press("k")
    page.wait_for_url("**/#ten/root?*")
    for number, view in enumerate(VIEWS, 1):
        page.keyboard.press(str(number))
        page.wait_for_url(f"**?{view}*")
    page.keyboard.press("/")
    page.keyboard.type("0.7")
    page.wait_for_selector("#found-0")
    page.keyboard.press("Enter")
    page.wait_for_url("**/#ten/0.7?*")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")


def test_graph_is_exported_as_svg_and_png(page: Page, server: str, tmp_path: Path) -> None:
    open_run(page, server, "hostile?graph")
    page.wait_for_selector(".stage canvas[data-cards]")
    for name, start in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        page.click("text=Export")
        with page.expect_download() as loaded:
            page.click(f"text=Graph as {name}")
        body = Path(loaded.value.path()).read_bytes()
        assert body.startswith(start)
    from xml.etree import ElementTree

    page.click("text=Export")
    with page.expect_download() as loaded:
        page.click("text=Graph as SVG")
    ElementTree.fromstring(Path(loaded.value.path()).read_text())


def test_saved_page_opens_without_a_server(page: Page, server: str, tmp_path: Path) -> None:
    open_run(page, server, "hostile?outline")
    shown = rows(page)
    page.click("text=Export")
    with page.expect_download() as loaded:
        page.click("text=One page that opens anywhere")
    saved = tmp_path / "run.html"
    loaded.value.save_as(saved)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{saved.as_uri()}#hostile/0.1?outline")
    assert rows(page) == shown
    page.wait_for_selector(".verdicts li")
    for view in VIEWS:
        page.click(f"#tab-{view}")
    page.click("#tab-graph")
    page.wait_for_selector(".stage canvas[data-cards='12']")
    assert all(url.startswith(("file:", "blob:")) for url in asked)


def test_fold_agrees_with_a_skeleton_made_elsewhere(page: Page, server: str) -> None:
    open_run(page, server, "thousand?outline")
    from_skeleton = _figures(page)
    page.click("#tab-evidence")
    page.wait_for_selector(".matrix-row .verdict-cell")
    page.click("#tab-outline")
    # The list has few rows until it knows how high it is.
    page.wait_for_function(
        "count => document.querySelectorAll('.outline-room [role=row]').length === count",
        arg=len(from_skeleton),
    )
    assert _figures(page) == from_skeleton
    assert len(from_skeleton) > 5


def _figures(page: Page) -> list[str]:
    page.wait_for_selector(".outline-room [role=row]")
    return page.locator(".outline-room [role=row]").all_inner_texts()
