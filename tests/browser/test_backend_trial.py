"""Backends that the page tries by itself: taken where they are clearly faster, left when they are lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from builder.parity.chromium import SOFTWARE_WEBGL
from builder.pipeline import Built
from builder.site.server import SiteServer
from tests.browser import pages
from tests.parity import mutants
from tests.parity.mutants import Edit

# Graphics computed by a program take minutes to start on a busy machine.
TRIAL_MS = 5 * pages.READY_MS
CARD_JS = """
{
  // SwiftShader under a name that the page does not know, so that it is tried in earnest.
  const {prototype} = WebGL2RenderingContext;
  const get = prototype.getParameter;
  prototype.getParameter = function (name) {
    const value = get.call(this, name);
    return typeof value === 'string' && /SwiftShader/.test(value) ? 'Some graphics card' : value;
  };
}
"""
SAVING_JS = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}});"


def slow_wasm(built: Built, scratch: Path) -> Path:
    """A site whose wasm worker says of its frames that they take a thousand times what they do.

    A wait instead would have to outlast graphics that a program computes, minutes on a busy machine.
    """
    folder = mutants.copy_of(built.out, scratch / "site")
    told = "return performance.now() - begin;"
    edits = (Edit("worker/main.js", told, "return 1000 * (performance.now() - begin);"),)
    mutants.swap_worker(folder, edits, scratch)
    return folder


def losing_webgl(built: Built, scratch: Path) -> Path:
    """A site whose webgl worker can be made to lose its graphics card."""
    folder = mutants.copy_of(built.out, scratch / "site")
    file = folder / built.site["workers"]["webgl"]["url"]
    listed = """
      self.contexts = [];
      const get = OffscreenCanvas.prototype.getContext;
      OffscreenCanvas.prototype.getContext = function (kind, ...rest) {
        const context = get.call(this, kind, ...rest);
        if (context && /webgl/.test(kind)) self.contexts.push(context);
        return context;
      };
    """
    file.write_text(listed + file.read_text("utf-8"), "utf-8")

    def change(record: dict[str, Any]) -> None:
        record["workers"]["webgl"] = mutants.asset(folder, file)

    mutants.republish(folder, change)
    return folder


def finding(page: Page, term: str) -> Any:
    """What stands under the hood beside a term."""
    hood = page.get_by_role("group").filter(has=page.get_by_text("Under the hood"))
    if hood.get_attribute("open") is None:
        page.get_by_text("Under the hood").click()
    return page.locator(".fact").filter(has=page.get_by_text(term, exact=True)).locator("dd")


def teach(page: Page) -> None:
    for name in ("Class 1", "Class 2"):
        page.get_by_role("button", name=f"Hold to record {name}", exact=True).click()
        photos = page.get_by_role("list", name=f"Photos of {name}", exact=True).get_by_role("listitem")
        expect(photos).to_have_count(1, timeout=pages.READY_MS)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Trained on 2 photos", timeout=pages.READY_MS)


def until_named(page: Page) -> None:
    """Wait until a bar shows a probability."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('li [role=progressbar]')]"
        ".some((bar) => Number(bar.getAttribute('aria-valuenow')) > 0)",
        timeout=pages.READY_MS,
    )


@pytest.fixture
def url(site: Callable[..., Built], serving: Callable[[Path], SiteServer]) -> str:
    return serving(site("embedded").out).url


def test_a_program_that_passes_for_a_graphics_card_is_left_alone(url: str, chromium: Any) -> None:
    with chromium(*SOFTWARE_WEBGL) as visit:
        asked: list[str] = []
        visit.page.on("request", lambda request: asked.append(request.url))
        pages.open_ready(visit.page, url)
        expect(finding(visit.page, "Why not webgl")).to_contain_text(
            "without a graphics card", timeout=TRIAL_MS
        )
        expect(finding(visit.page, "Why not webgpu")).to_contain_text("SwiftShader")
        expect(finding(visit.page, "Backend")).to_have_text("wasm")
        assert [name for name in asked if "/worker-web" in name] == []
        assert visit.complaints == []


def test_a_graphics_card_that_is_slower_is_measured_once(url: str, chromium: Any) -> None:
    with chromium(*SOFTWARE_WEBGL) as visit:
        page = visit.page
        page.add_init_script(CARD_JS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for downloads in (1, 1):
            pages.open_ready(page, url)
            figures = re.compile(r"\d+(\.\d+)? ms for a frame; wasm took \d+(\.\d+)? ms")
            expect(finding(page, "Why not webgl")).to_have_text(figures, timeout=TRIAL_MS)
            expect(finding(page, "Backend")).to_have_text("wasm")
            assert len([name for name in asked if "/worker-webgl" in name]) == downloads
        page.wait_for_function("() => true")
        assert len(page.workers) == 1, "the candidate's worker is ended"


def test_a_visitor_who_saves_data_downloads_no_candidate(url: str, chromium: Any) -> None:
    with chromium(*SOFTWARE_WEBGL) as visit:
        page = visit.page
        page.add_init_script(CARD_JS + SAVING_JS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        pages.open_ready(page, url)
        page.wait_for_timeout(6000)  # a trial begins after four seconds
        assert [name for name in asked if "/worker-web" in name] == []


@pytest.mark.long  # two minutes where a program computes the graphics
def test_a_clearly_faster_graphics_card_is_taken_and_remembered(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any, tmp_path: Path
) -> None:
    folder = slow_wasm(site("embedded"), tmp_path)
    with chromium(*SOFTWARE_WEBGL) as visit:
        page = visit.page
        page.add_init_script(CARD_JS)
        pages.open_ready(page, serving(folder).url)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        teach(page)
        expect(finding(page, "Backend")).to_have_text("webgl", timeout=TRIAL_MS)
        expect(finding(page, "Why webgl")).to_contain_text("wasm took")
        expect(finding(page, "Examples in memory")).to_have_text("2")
        until_named(page)
        assert len(page.workers) == 1, "the worker that was left is ended"
        pages.open_ready(page, serving(folder).url)
        before = page.evaluate("localStorage.getItem('onthefly backend trials')")
        expect(finding(page, "Backend")).to_have_text("webgl", timeout=TRIAL_MS)
        assert page.evaluate("localStorage.getItem('onthefly backend trials')") == before


def test_a_graphics_card_that_is_taken_away_takes_nothing_along(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any, tmp_path: Path
) -> None:
    folder = losing_webgl(site("embedded"), tmp_path)
    with chromium(*SOFTWARE_WEBGL) as visit:
        page = visit.page
        page.goto(f"{serving(folder).url}?backend=webgl")
        expect(page.get_by_role("status")).to_contain_text("The model is ready", timeout=TRIAL_MS)
        page.get_by_role("switch", name="Live").set_checked(False)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        teach(page)
        until_named(page)
        (worker,) = page.workers
        worker.evaluate(
            "() => self.contexts.forEach((c) => c.getExtension('WEBGL_lose_context')?.loseContext())"
        )
        expect(page.get_by_role("status")).to_contain_text("was taken away", timeout=pages.READY_MS)
        expect(finding(page, "Backend")).to_have_text("wasm")
        expect(finding(page, "Why not webgl")).to_contain_text("was taken away")
        expect(finding(page, "Examples in memory")).to_have_text("2")
        page.wait_for_timeout(500)
        until_named(page)
        page.get_by_role("button", name="Hold to record Class 2", exact=True).click()
        photos = page.get_by_role("list", name="Photos of Class 2").get_by_role("listitem")
        expect(photos).to_have_count(2, timeout=pages.READY_MS)
        assert len(page.workers) == 1
