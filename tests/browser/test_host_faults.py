"""Hosts that forbid what the model needs, or lack a file that one backend needs: said in so many words, and
another backend computes where one can.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from onthefly_studio.pipeline import Built
from tests.browser import outside, pages
from tests.browser.pages import NO_WEBASSEMBLY_JS
from tests.support import hosts
from tests.support.browsers import NO_SOFTWARE_GRAPHICS
from tests.support.hosts import Host

BROWSER_FLAGS = NO_SOFTWARE_GRAPHICS
WORKERS_ALLOWED = "worker-src 'self' blob:"


def without(site: Callable[..., Built], folder: Path, part: str) -> Path:
    """A copy of the site that lacks one file; returns the folder it is in."""
    built = site("embedded")
    asset = {
        "wasm": built.site.for_page()["wasm"]["simd"],
        "worker": built.site.for_page()["workers"]["wasm"],
        "plan": built.site.for_page()["model"]["plan"],
        "shard": built.site.for_page()["model"]["shards"][0],
    }[part]
    shutil.copytree(built.out, folder / "dist")
    (folder / "dist" / asset["url"]).unlink()
    return folder


def is_ready(page: Page) -> None:
    expect(page.get_by_role("status")).to_contain_text("The model is ready", timeout=2 * pages.READY_MS)


@pytest.mark.parametrize(
    ("policy", "lang", "said"),
    [
        ("worker-src 'none'", "en", "that the host sends has to allow worker-src blob:."),
        ("script-src 'self' 'wasm-unsafe-eval'", "en", "that the host sends has to allow worker-src blob:."),
        ("connect-src 'none'", "en", "that the host sends has to allow connect-src 'self'."),
        (
            "default-src 'self'; connect-src 'none'",
            "nl",
            "die de host meestuurt, moet connect-src 'self' toestaan.",
        ),
        ("require-trusted-types-for 'script'", "en", "has to leave out require-trusted-types-for."),
    ],
)
def test_a_policy_of_the_host_is_named_with_what_it_has_to_allow(
    policy: str, lang: str, said: str, browser: Browser, site: Callable[..., Built]
) -> None:
    with Host(site("embedded", lang=lang).out) as host, browser.new_page() as page:
        host.headers = {"Content-Security-Policy": policy}
        page.goto(host.url)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(said, timeout=pages.READY_MS)
        expect(alert).not_to_contain_text("this browser")
        # Once the host allows it, the page works.
        host.headers = {}
        page.goto(host.url)
        expect(page.get_by_role("alert")).to_have_count(0)


def test_a_camera_that_the_host_forbids_is_not_laid_to_another_page(
    chromium: Any, site: Callable[..., Built]
) -> None:
    with Host(site("embedded").out) as host, chromium() as visit:
        host.headers = {"Permissions-Policy": "camera=()"}
        visit.page.goto(host.url)
        expect(visit.page.get_by_text("has to allow camera=(self) there")).to_be_visible()


def test_a_policy_that_forbids_webassembly_leaves_the_other_backends(
    browser: Browser, site: Callable[..., Built]
) -> None:
    with Host(site("embedded").out) as host, browser.new_page() as page:
        host.headers = {"Content-Security-Policy": f"script-src 'self'; {WORKERS_ALLOWED}"}
        page.goto(host.url)
        is_ready(page)
        assert pages.fact_text(page, "Backend") == "cpu"
        assert "has to allow script-src 'self' 'wasm-unsafe-eval'" in pages.fact_text(page, "Why not wasm")


def test_a_browser_without_webassembly_has_the_other_backends(
    browser: Browser, site: Callable[..., Built]
) -> None:
    with Host(site("embedded").out) as host, browser.new_page() as page:
        page.add_init_script(NO_WEBASSEMBLY_JS)
        page.goto(host.url)
        is_ready(page)
        assert pages.fact_text(page, "Backend") == "cpu"
        assert pages.fact_text(page, "Why not wasm") == "This browser offers no WebAssembly."
        assert page.workers[0].evaluate("typeof WebAssembly") == "undefined"


@pytest.mark.parametrize(
    ("part", "manner", "reason"),
    [
        ("wasm", hosts.plain, "could not be downloaded: the server answered 404."),
        (
            "wasm",
            hosts.to_the_folder(308),
            "could not be downloaded: the server sent a web page instead.",
        ),
        ("worker", hosts.plain, "could not be downloaded: the server answered 404."),
    ],
    ids=["wasm missing", "a page for wasm", "worker missing"],
)
def test_another_backend_computes_where_a_file_of_one_is_missing(
    part: str, manner: hosts.Manner, reason: str, browser: Browser, site: Callable[..., Built], tmp_path: Path
) -> None:
    with Host(without(site, tmp_path, part), manner) as host, browser.new_page() as page:
        page.goto(f"{host.url}dist/")
        is_ready(page)
        assert pages.fact_text(page, "Backend") == "cpu"
        assert reason in pages.fact_text(page, "Why not wasm")
        assert len(page.workers) == 1, "those that could not start are ended"


def test_what_is_blocked_on_the_way_is_as_if_it_were_missing(
    browser: Browser, site: Callable[..., Built]
) -> None:
    built = site("embedded")
    with Host(built.out) as host, browser.new_page(service_workers="block") as page:
        page.route("**/*.wasm", lambda route: route.abort("blockedbyclient"))
        page.goto(host.url)
        is_ready(page)
        assert f"{built.site.wasm.simd.url} could not be downloaded" in pages.fact_text(page, "Why not wasm")
        # Without any host there is no use in another backend.
        page.route("**/assets/worker-*", lambda route: route.abort("internetdisconnected"))
        page.route("**/model/**", lambda route: route.abort("internetdisconnected"))
        page.reload()
        said = "could not be downloaded. Check the connection and try again."
        expect(page.get_by_role("alert")).to_contain_text(said, timeout=pages.READY_MS)


def test_without_its_plan_wasm_computes_tensorflows_graph(
    browser: Browser, site: Callable[..., Built], tmp_path: Path
) -> None:
    with Host(without(site, tmp_path, "plan")) as host, browser.new_page() as page:
        page.goto(f"{host.url}dist/")
        is_ready(page)
        assert pages.fact_text(page, "Backend") == "wasm"
        told = pages.fact_text(page, "Backbone computed by")
        assert "TensorFlow.js’ kernels" in told
        assert "could not be downloaded: the server answered 404." in told


def test_a_file_that_every_backend_needs_ends_it(
    browser: Browser, site: Callable[..., Built], tmp_path: Path
) -> None:
    with Host(without(site, tmp_path, "shard")) as host, browser.new_page() as page:
        page.goto(f"{host.url}dist/")
        said = "could not be downloaded: the server answered 404."
        expect(page.get_by_role("alert")).to_contain_text(said, timeout=pages.READY_MS)
        assert not [path for path in host.asked if "worker-cpu" in path], "no other backend was tried"


CREATE_JS = """
async () => {
  try {
    const {createClassifier} = await import('./dist/onthefly.js');
    const classifier = await createClassifier({classes: ['a', 'b']});
    const {backend} = classifier;
    classifier.dispose();
    return {backend};
  } catch ({name, code, message}) {
    return {name, code, message};
  }
}
"""
SCRIPTS = "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'"


@pytest.mark.parametrize(
    ("policy", "name", "said"),
    [
        (f"{SCRIPTS}; worker-src 'none'", "PolicyError", "has to allow worker-src blob:."),
        (f"{SCRIPTS}; connect-src 'none'", "ClassifierError", "has to allow connect-src 'self'."),
    ],
)
def test_the_module_says_what_the_page_around_it_has_to_allow(
    policy: str, name: str, said: str, browser: Browser, site: Callable[..., Built], tmp_path: Path
) -> None:
    outside.page(tmp_path, "index.html", "<p>Somebody's page</p>", policy=policy)
    with Host(outside.with_site(tmp_path, site("embedded"))) as host, browser.new_page() as page:
        page.goto(host.url)
        told = page.evaluate(CREATE_JS)
    assert told["name"] == name
    assert said in told["message"]


def test_the_module_takes_another_backend_where_wasm_is_missing(
    browser: Browser, site: Callable[..., Built], tmp_path: Path
) -> None:
    outside.page(tmp_path, "index.html", "<p>Somebody's page</p>")
    with Host(without(site, tmp_path, "wasm")) as host, browser.new_page() as page:
        page.goto(host.url)
        assert page.evaluate(CREATE_JS)["backend"] == "cpu"
