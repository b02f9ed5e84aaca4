"""Backends that the page tries by itself: taken where they are clearly faster, left when they are lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from onthefly_studio.validate.chromium import SOFTWARE_WEBGL
from tests.browser import calls, pages
from tests.support import mutants
from tests.support.mutants import Edit

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
BEGUN_JS = """
{
  // What is read here before a trial, and which kinds of drawing a trial asks for.
  window.reads = [];
  window.kinds = [];
  const {getItem} = Storage.prototype;
  Storage.prototype.getItem = function (key) {
    window.reads.push(key);
    return getItem.call(this, key);
  };
  const {getContext} = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    window.kinds.push(kind);
    return getContext.call(this, kind, ...rest);
  };
}
"""


def slow_wasm(built: Built, scratch: Path) -> Path:
    """A site whose wasm worker says of its frames that they take a thousand times what they do.

    A wait instead would have to outlast graphics that a program computes, minutes on a busy machine.
    """
    folder = mutants.copy_of(built.out, scratch / "site")
    told = "return performance.now() - begin;"
    edits = (Edit("src/worker/main.ts", told, "return 1000 * (performance.now() - begin);"),)
    mutants.swap_worker(folder, edits, scratch)
    return folder


def losing_webgl(built: Built, scratch: Path) -> Path:
    """a site whose webgl worker can be made to lose its graphics card."""
    folder = mutants.copy_of(built.out, scratch / "site")
    file = folder / built.site.for_page()["workers"]["webgl"]["url"]
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


def cpu_for_webgl(built: Built, scratch: Path) -> Path:
    """A site whose webgl worker uses no graphics card: as slow as with a poor one, and soon there."""
    folder = mutants.copy_of(built.out, scratch / "site")

    def change(record: dict[str, Any]) -> None:
        record["workers"]["webgl"] = record["workers"]["cpu"]

    mutants.republish(folder, change)
    return folder


def teach(page: Page) -> None:
    for name in ("Class 1", "Class 2"):
        pages.take(page, name)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Trained on 2 photos")


def test_a_program_that_passes_for_a_graphics_card_is_left_alone(url: str, chromium: Any) -> None:
    with chromium(*SOFTWARE_WEBGL) as visit:
        asked: list[str] = []
        visit.page.on("request", lambda request: asked.append(request.url))
        pages.open_ready(visit.page, url)
        expect(pages.fact(visit.page, "Why not webgl")).to_contain_text("without a graphics card")
        expect(pages.fact(visit.page, "Why not webgpu")).to_contain_text("SwiftShader")
        expect(pages.fact(visit.page, "Backend")).to_have_text("wasm")
        assert [name for name in asked if "/worker-web" in name] == []
        assert visit.complaints == []


@pytest.mark.parametrize("card", ["poor", pytest.param("SwiftShader", marks=pytest.mark.long)])
def test_a_graphics_card_that_is_slower_is_measured_once(
    card: str,
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    tmp_path: Path,
) -> None:
    built = site("embedded")
    worker = "/worker-cpu" if card == "poor" else "/worker-webgl"
    url = serving(cpu_for_webgl(built, tmp_path) if card == "poor" else built.out).url
    with chromium(*SOFTWARE_WEBGL) as visit:
        page = visit.page
        page.add_init_script(CARD_JS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for downloads in (1, 1):
            pages.open_ready(page, url)
            figures = re.compile(r"\d+(\.\d+)? ms for a frame; wasm took \d+(\.\d+)? ms")
            expect(pages.fact(page, "Why not webgl")).to_have_text(figures)
            expect(pages.fact(page, "Backend")).to_have_text("wasm")
            assert len([name for name in asked if worker in name]) == downloads
        pages.until_workers(page, 1)  # the candidate's is ended


@pytest.mark.parametrize("saves", [True, False])
def test_a_visitor_who_saves_data_downloads_no_candidate(saves: bool, url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        page.add_init_script(BEGUN_JS + (SAVING_JS if saves else ""))
        page.clock.install()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        pages.open_ready(page, url)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        assert "onthefly backend trials" not in page.evaluate("reads")
        page.clock.fast_forward(5000)  # a trial begins after four seconds
        page.wait_for_function("() => reads.includes('onthefly backend trials')")
        # The candidates are looked at in the same breath, or not at all.
        assert ("webgl2" not in page.evaluate("kinds")) is saves
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
        expect(pages.fact(page, "Backend")).to_have_text("webgl")
        expect(pages.fact(page, "Why webgl")).to_contain_text("wasm took")
        expect(pages.fact(page, "Examples in memory")).to_have_text("2")
        pages.until_answered(page)
        pages.until_workers(page, 1)  # the one that was left is ended
        pages.open_ready(page, serving(folder).url)
        before = page.evaluate("localStorage.getItem('onthefly backend trials')")
        expect(pages.fact(page, "Backend")).to_have_text("webgl")
        assert page.evaluate("localStorage.getItem('onthefly backend trials')") == before


def test_a_graphics_card_that_is_taken_away_takes_nothing_along(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any, tmp_path: Path
) -> None:
    folder = losing_webgl(site("embedded"), tmp_path)
    with chromium(*SOFTWARE_WEBGL) as visit:
        page = visit.page
        calls.watch(page)
        page.goto(f"{serving(folder).url}?backend=webgl")
        expect(page.get_by_role("status")).to_contain_text("The model is ready")
        page.get_by_role("switch", name="Live").set_checked(False)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        teach(page)
        pages.until_answered(page)
        (worker,) = page.workers
        worker.evaluate(
            "() => self.contexts.forEach((c) => c.getExtension('WEBGL_lose_context')?.loseContext())"
        )
        expect(page.get_by_role("status")).to_contain_text("is no longer available")
        expect(pages.fact(page, "Backend")).to_have_text("wasm")
        expect(pages.fact(page, "Why not webgl")).to_contain_text("is no longer available")
        expect(pages.fact(page, "Examples in memory")).to_have_text("2")
        calls.further(page, "predict")
        pages.until_answered(page)
        pages.take(page, "Class 2")
        expect(pages.photos(page, "Class 2")).to_have_count(2)
        pages.until_workers(page, 1)
