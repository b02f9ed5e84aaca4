"""Hosts answer in many ways; on each the second visit is as good as the first, with the host and without."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from onthefly_studio.pipeline import Built
from tests.browser import pages
from tests.support import hosts
from tests.support.camera import CHROMIUM_ARGS
from tests.support.hosts import SUB, Host, Manner

BROWSER_FLAGS = CHROMIUM_ARGS
CONTROLLED = "() => navigator.serviceWorker.controller !== null"
KEPT_JS = """
async () => {
  const kept = {};
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await answer.clone().arrayBuffer()));
      kept[request.url] = {
        sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(''),
        redirected: answer.redirected,
        status: answer.status,
      };
    }
  }
  return kept;
}
"""
"""Whatever the worker keeps, as another page of the site would be given it."""


def starts(page: Page) -> None:
    """The page's script has run and its model computes."""
    expect(page.get_by_role("status")).to_contain_text("The model is ready", timeout=pages.READY_MS)


@pytest.mark.parametrize(
    ("manner", "address"),
    [
        (hosts.to_the_folder(308), ""),
        (hosts.to_the_folder(302), "index.html"),
        (hosts.clean, ""),
        (hosts.to_the_file, ""),
        (hosts.bucket, "index.html"),
        (hosts.with_lines_of_its_own, "?backend=wasm"),
    ],
    ids=["index to folder", "by index.html", "clean addresses", "folder to index", "bucket", "lines added"],
)
def test_every_visit_after_the_first_works_with_the_host_and_without(
    manner: Manner, address: str, browser: Browser, root: Path, site: Callable[..., Built]
) -> None:
    context = browser.new_context(service_workers="allow")
    try:
        page = context.new_page()
        with Host(root, manner) as host:
            base = f"{host.url}{SUB}/"
            page.goto(base + address)
            starts(page)
            page.wait_for_function(CONTROLLED)
            page.goto(base + address)
            starts(page)
            kept = page.evaluate(KEPT_JS)
        context.new_cdp_session(page).send("Network.clearBrowserCache")
        for again in (address, "", "index.html"):
            page.goto(base + again)
            assert page.title() == "On-the-Fly"
            expect(page.get_by_role("button", name="Hold to record Class 1", exact=True)).to_be_visible()
        starts(page)
    finally:
        context.close()
    files = dict(line.split("  ")[::-1] for line in sums(site("embedded").out).splitlines())
    assert len(kept) > 10
    for url, answer in kept.items():
        assert answer["status"] == 200
        assert not answer["redirected"], url
        name = url.removeprefix(base)
        if name != "index.html" or manner is not hosts.with_lines_of_its_own:
            assert answer["sha256"] == files[name], name


def sums(out: Path) -> str:
    return (out / "SHA256SUMS").read_text("utf-8")


FETCH_JS = "(url) => fetch(url).then((answer) => answer.text())"
SCOPE_CACHE_JS = """
async (url) => {
  for (const name of await caches.keys()) if (await (await caches.open(name)).match(url)) return true;
  return false;
}
"""


def test_what_is_not_the_sites_file_is_not_kept_in_its_place(
    browser: Browser, root: Path, site: Callable[..., Built]
) -> None:
    """A host that gives its front page for a file that it lacks, then has the file; and one in trouble."""
    record = json.loads((site("embedded").out / "site.json").read_text("utf-8"))
    worker = record["workers"]["cpu"]
    state = {"manner": "front page"}

    def manner(root: Path, path: str) -> hosts.Answer:
        if state["manner"] == "trouble":
            return hosts.Answer(503, b"<h1>Come back later</h1>", {"Content-Type": "text/html"})
        if state["manner"] == "front page" and path.endswith(worker["url"]):
            return hosts.sent(root / SUB / "index.html")
        return hosts.plain(root, path)

    context = browser.new_context(service_workers="allow")
    try:
        page = context.new_page()
        with Host(root, manner) as host:
            base = f"{host.url}{SUB}/"
            page.goto(base)
            starts(page)
            page.wait_for_function(CONTROLLED)
            assert page.evaluate(FETCH_JS, base + worker["url"]).startswith("<!doctype html>")
            state["manner"] = "whole"
            text = page.evaluate(FETCH_JS, base + worker["url"])
            assert hashlib.sha256(text.encode()).hexdigest() == worker["sha256"]
            page.wait_for_function(SCOPE_CACHE_JS, arg=base + worker["url"])
            state["manner"] = "trouble"
            page.reload()
            assert page.title() == "On-the-Fly"
            starts(page)
    finally:
        context.close()
