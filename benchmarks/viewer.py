"""The page that shows runs, in a browser without a GPU: how soon it is there, and how it moves, at 10,000 and 50,000 thoughts.

*  First paint and interactive: from the navigation, over loopback; interactive is when rows can be clicked.
*  Draws: every thought is a card of the open graph; a frame is timed with its pixels read back, so that nothing is
   left for later. A gesture is a step of zooming or moving, a redraw is a frame drawn anew.
*  Heap: used by the page's JavaScript after a collection, the graph laid out.
"""

from __future__ import annotations

import shutil
import urllib.request
from typing import TYPE_CHECKING, Any

from benchmarks.report import Figure, Report, main
from tests.web_browser.fixture_server import Desk, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

# Times every animation frame of the page up to the pixels being there; of the frames after one step, the longest counts.
_TIMED = """
window.frames_ms = [];
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => ask((at) => {
  const began = performance.now();
  draw(at);
  const canvas = document.querySelector(".stage canvas");
  if (canvas && canvas.width > 1) canvas.getContext("2d").getImageData(0, 0, 1, 1);
  window.frames_ms.push(performance.now() - began);
});
"""

_READY = """() => new Promise((done) => {
  const look = () => document.querySelector(".outline-room [role=row]") ? done(performance.now()) : setTimeout(look, 4);
  look();
})"""

_PAINTED_MS = "performance.getEntriesByName('first-contentful-paint')[0].startTime"

_GESTURE = """async (steps) => {
  const canvas = document.querySelector(".stage canvas");
  const box = canvas.getBoundingClientRect();
  const drawn = [];
  for (let i = 0; i < steps; i++) {
    window.frames_ms.length = 0;
    canvas.dispatchEvent(new WheelEvent("wheel", {
      deltaY: i % 2 ? 30 : -30, clientX: box.left + 400, clientY: box.top + 300, cancelable: true,
    }));
    await new Promise((done) => setTimeout(done, 50));
    drawn.push(Math.max(...window.frames_ms));
  }
  return drawn.slice(1);
}"""

_REDRAW = """async (steps) => {
  const drawn = [];
  for (let i = 0; i < steps; i++) {
    window.frames_ms.length = 0;
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "c", bubbles: true }));
    await new Promise((done) => setTimeout(done, 120));
    drawn.push(Math.max(...window.frames_ms));
  }
  return drawn.slice(1);
}"""

_COLOURS = """() => {
  const canvas = document.querySelector(".stage canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  return seen.size;
}"""


def measure(quick: bool) -> Report:
    """Measure at both sizes, or a small one; without a browser nothing can be measured, which the report says."""
    report = Report("viewer")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        report.notes.append("not measured: there is no chromium on the PATH")
        return report
    from playwright.sync_api import sync_playwright

    with serving(Desk()) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        for run, size in (
            (("thousand", 1_000),) if quick else (("tenthousand", 10_000), ("fiftythousand", 50_000))
        ):
            report.figures += _figures(browser, address, run, size, 2 if quick else 5)
        browser.close()
    return report


def _figures(browser: Browser, address: str, run: str, size: int, repeats: int) -> list[Figure]:
    # The server makes a run up when it is first asked for, which is not the page's time.
    urllib.request.urlopen(f"{address}/api/runs/{run}/skeleton").read()
    painted, ready = [], []
    for _ in range(repeats):
        page = _opened(browser)
        page.goto(f"{address}/#{run}?outline")
        ready.append(page.evaluate(_READY))
        painted.append(page.evaluate(_PAINTED_MS))
        page.context.close()
    page = _opened(browser)
    session = page.context.new_cdp_session(page)
    page.goto(f"{address}/#{run}?graph")
    page.wait_for_selector(".stage canvas[data-cards]", timeout=60_000)
    page.click("text=Open all")
    page.wait_for_selector(f".stage canvas[data-cards='{size}']", timeout=120_000)
    page.click("[aria-label='Fit the whole graph']")
    page.wait_for_timeout(500)
    if page.evaluate(_COLOURS) < 4:
        raise AssertionError("the graph was not painted, so its times mean nothing")
    gestures, redraws = page.evaluate(_GESTURE, 40), page.evaluate(_REDRAW, 20)
    heap = _heap_mb(session)
    page.context.close()
    ten = size <= 10_000
    name = f"{size:,} thoughts: "
    return [
        Figure(f"{name}first paint", "ms", tuple(painted), at_most=500 if ten else None),
        Figure(f"{name}interactive", "ms", tuple(ready), at_most=1000 if ten else None),
        Figure(f"{name}frame of a gesture", "ms", tuple(gestures), at_most=8 if ten else 1000 / 30),
        Figure(f"{name}frame drawn anew", "ms", tuple(redraws), at_most=16 if ten else None),
        Figure(f"{name}heap", "MB", (heap,), at_most=60 if ten else None),
    ]


def _opened(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(_TIMED)
    return page


def _heap_mb(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    used: dict[str, Any] = session.send("Runtime.getHeapUsage")
    return float(used["usedSize"]) / 1e6


if __name__ == "__main__":
    main(measure)
