"""Where the page's script does not run, words that need none say so, in the page's language."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site import render
from tests.browser import pages
from tests.support import hosts
from tests.support.hosts import SUB, Answer, Host, Manner

FASTER = 100
"""So many times faster animations run: nobody waits for the words that are kept back for a while."""


def pace(page: Page, times: float) -> None:
    """Let all animations run so many times as fast as they would."""
    session = page.context.new_cdp_session(page)
    session.send("Animation.enable")
    session.send("Animation.setPlaybackRate", {"playbackRate": times})


def says_so(page: Page, lang: str = "en") -> None:
    words = render.words(lang)
    for part in ("unstarted", "unstarted_visitor", "unstarted_publisher"):
        text = page.get_by_text(words[part])
        expect(text).to_be_visible()
        assert text.evaluate(UNCOVERED_JS), "nothing lies over it"


UNCOVERED_JS = """
(element) => {
  const {left, top, width, height} = element.getBoundingClientRect();
  return [0.02, 0.25, 0.5, 0.75, 0.98].every((x) => [0.1, 0.5, 0.9].every((y) =>
    element === document.elementFromPoint(left + x * width, top + y * height)));
}
"""


def script_of(out: Path) -> str:
    return next(path.name for path in (out / "assets").glob("app.*.js"))


def missing_script(root: Path, path: str) -> Answer:
    script = path.endswith(script_of(root / SUB))
    return hosts.missing(root, path) if script else hosts.plain(root, path)


def mistyped_script(root: Path, path: str) -> Answer:
    answer = hosts.plain(root, path)
    if path.endswith(".js"):
        answer.headers["Content-Type"] = "text/plain"
    return answer


@pytest.mark.parametrize(
    ("manner", "address", "policy"),
    [
        (missing_script, f"{SUB}/", None),
        (mistyped_script, f"{SUB}/", None),
        (hosts.clean, SUB, None),
        (hosts.plain, f"{SUB}/", "script-src 'none'"),
    ],
    ids=["script missing", "script of another type", "folder without its slash", "script forbidden"],
)
def test_a_host_on_which_the_script_does_not_run(
    manner: Manner, address: str, policy: str | None, browser: Browser, root: Path
) -> None:
    with Host(root, manner) as host, browser.new_page() as page:
        host.headers = {"Content-Security-Policy": policy} if policy else {}
        pace(page, FASTER)
        page.goto(host.url + address)
        says_so(page)


def test_a_page_that_was_opened_as_a_file(browser: Browser, site: Callable[..., Built]) -> None:
    for lang in ("en", "nl"):
        with browser.new_page() as page:
            pace(page, FASTER)
            page.goto((site("embedded", lang=lang).out / "index.html").as_uri())
            says_so(page, lang)


def test_words_of_every_language_say_the_same() -> None:
    languages = [json.loads(path.read_text("utf-8")).keys() for path in render.WORDS.glob("*.json")]
    assert len(languages) >= 2
    assert all(keys == languages[0] for keys in languages)


def test_without_javascript_the_page_asks_for_it_and_for_nothing_else(browser: Browser, root: Path) -> None:
    with Host(root) as host, browser.new_page(java_script_enabled=False) as page:
        pace(page, FASTER)
        page.goto(f"{host.url}{SUB}/")
        # Playwright finds no text in this element.
        expect(page.locator("noscript p")).to_be_visible()
        expect(page.locator("noscript p")).to_have_text(render.words("en")["noscript"])
        expect(page.get_by_text(render.words("en")["unstarted"])).to_be_hidden()


SHIFTS_JS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const {value} of list.getEntries()) shifts += value;
}).observe({type: 'layout-shift', buffered: true});
"""


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_visitor_does_not_see_them_unless_the_script_is_late(
    motion: Any, browser: Browser, root: Path
) -> None:
    """And they come and go without moving anything."""
    with Host(root) as host, browser.new_page(reduced_motion=motion, service_workers="block") as page:
        held: list[Any] = []
        script = script_of(root / SUB)
        page.route(f"**/{script}", lambda route: held.append(route))
        page.add_init_script(SHIFTS_JS)
        pace(page, 0)
        page.goto(f"{host.url}{SUB}/", wait_until="commit")
        page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")
        words = page.get_by_text(render.words("en")["unstarted"])
        expect(words).to_have_count(1)
        expect(words).to_be_hidden()
        pace(page, FASTER)
        says_so(page)
        assert len(held) == 1
        held[0].continue_()
        expect(page.get_by_role("button", name="Hold to record Class 1", exact=True)).to_be_visible()
        expect(words).to_have_count(0)
        expect(page.get_by_role("status")).to_contain_text("The model is ready", timeout=pages.READY_MS)
        assert page.evaluate("shifts") < 0.01
