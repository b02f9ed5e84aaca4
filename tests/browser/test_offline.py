"""After one visit the site works without a connection, and a new version replaces the kept one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from onthefly_studio.cache import Cache
from onthefly_studio.config import load
from onthefly_studio.pipeline import Built, build
from onthefly_studio.report import Silent
from onthefly_studio.site.server import serve
from tests.browser import pages

REPLACED = """
async (old) => {
  for (;;) {
    const names = await caches.keys();
    if (names.length === 1 && String(names) !== old) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
"""
CONTROLLED = "() => navigator.serviceWorker.controller !== null"


def test_a_second_visit_needs_no_host(
    site: Callable[..., Built], cache: Cache, chromium: Any, tmp_path: Path
) -> None:
    place = tmp_path / "host" / "sub"
    shutil.copytree(site("embedded").out, place)
    with chromium(service_workers="allow") as visit:
        page = visit.page
        with serve(tmp_path / "host", port=0, headers=False) as server:
            port = server.port
            url = f"{server.url.rstrip('/')}/sub/"
            pages.open_ready(page, url)
            page.wait_for_function(CONTROLLED)
            kept = page.evaluate("caches.keys().then(String)")
        # The host is gone; the browser's own cache is emptied too.
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        page.reload()
        expect(page.get_by_role("status")).to_contain_text("The model is ready")
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()  # it starts by itself
        pages.take(page, "Class 1")

        # The host is back with another version: it shows at once, and is kept in the old one's place.
        options = {"backbone": "embedded", "title": "Second version", "out": "sub"}
        build(load(None, options), cache=cache, reporter=Silent(), root=tmp_path / "host")
        with serve(tmp_path / "host", port=port, headers=False):
            pages.open_ready(page, url)
            assert page.title() == "Second version"
            page.evaluate(REPLACED, kept)
        page.reload()
        expect(page.get_by_role("status")).to_contain_text("The model is ready")
        assert page.title() == "Second version"


def test_nothing_a_visitor_makes_is_kept_by_the_service_worker(
    site: Callable[..., Built], serving: Callable[[Path], Any], chromium: Any
) -> None:
    with chromium(service_workers="allow") as visit:
        page = visit.page
        pages.open_ready(page, serving(site("embedded").out).url)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()  # it starts by itself
        pages.take(page, "Class 1")
        page.wait_for_function(CONTROLLED)
        kept = page.evaluate("""async () => {
          const names = await caches.keys();
          const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
          return requests.flat().map(({url}) => new URL(url).pathname);
        }""")
        files = {
            f"/{path.relative_to(site('embedded').out).as_posix()}"
            for path in site("embedded").out.rglob("*")
        }
        assert set(kept) <= files
        assert "/index.html" in kept
