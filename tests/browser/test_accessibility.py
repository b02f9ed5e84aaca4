"""axe-core finds nothing wrong in every state, light and dark, on a desk, a tablet and a phone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import axe, cameras, pages, states
from tests.browser.pages import button
from tests.support.browsers import Visit

Look = tuple[int, Literal["dark", "light"]]
HEIGHTS = {1280: 900, 768: 1024, 390: 844}
LOOKS: list[Look] = [(390, "dark"), (390, "light"), (768, "light"), (1280, "dark"), (1280, "light")]
"""Colours do not depend on the width: a tablet's layout is looked at in one of them."""


@contextmanager
def opened(browser: Browser) -> Iterator[Visit]:
    # What moves would be looked at half way.
    context = browser.new_context(reduced_motion="reduce", service_workers="block")
    try:
        yield Visit(context.new_page())
    finally:
        context.close()


@pytest.fixture(
    params=[
        pytest.param([LOOKS[0], LOOKS[-1]], id="phone and desk"),
        pytest.param(LOOKS, marks=pytest.mark.long, id="all"),
    ]
)
def looks(request: pytest.FixtureRequest) -> list[Look]:
    chosen: list[Look] = request.param
    return chosen


def look(page: Page, state: str, looks: Sequence[Look]) -> list[str]:
    """What axe-core finds at these sizes, in these schemes; the page is left as on a desk."""
    found = []
    for width, scheme in looks:
        page.emulate_media(color_scheme=scheme)
        pages.resize(page, width, HEIGHTS[width])
        found += [f"{state}, {width}, {scheme}: {violation}" for violation in axe.violations(page)]
    page.emulate_media(color_scheme="light")
    pages.resize(page, 1280, HEIGHTS[1280])
    return found


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param([[one] for one in LOOKS], id="one look at each"),
        pytest.param([LOOKS], marks=pytest.mark.long, id="all looks at each"),
    ],
)
def test_in_every_state(
    turns: list[list[Look]],
    browser: Browser,
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    tmp_path: Path,
) -> None:
    built = site("embedded")
    found = []
    seen = []
    with opened(browser) as visit:
        walk = states.walk(visit.page, built, serving(built.out).url, tmp_path)
        for state, these in zip(walk, itertools.cycle(turns), strict=False):
            seen.append(state)
            found += look(visit.page, state, these)
        assert visit.complaints == []
    assert found == []
    assert len(seen) == len(set(seen)) == states.COUNT


def test_before_the_camera_was_allowed_and_after_the_model_failed(
    looks: list[Look], browser: Browser, url: str
) -> None:
    with opened(browser) as visit:
        page = visit.page
        cameras.install(page, permission="prompt")
        pages.open_ready(page, url, live=True)
        expect(button(page, "Start camera")).to_be_visible()
        assert look(page, "never asked", looks) == []
        assert visit.complaints == []

        page.route("**/model/**", lambda route: route.abort())
        page.reload()
        expect(page.get_by_text("The model could not be started").first).to_be_visible()
        assert look(page, "no model", looks) == []


@pytest.mark.parametrize(
    "script",
    [
        "Object.defineProperty(Navigator.prototype, 'mediaDevices', {get: () => undefined})",
        "delete window.Worker",
    ],
)
def test_where_it_cannot_work(looks: list[Look], script: str, browser: Browser, url: str) -> None:
    with opened(browser) as visit:
        visit.page.add_init_script(script)
        visit.page.goto(url)
        expect(visit.page.get_by_role("alert")).to_be_visible()
        assert look(visit.page, "obstacle", looks) == []
        assert visit.complaints == []


def test_with_much_in_it(looks: list[Look], browser: Browser, url: str) -> None:
    """Twelve classes of long names: what scrolls then can be scrolled by keyboard."""
    with opened(browser) as visit:
        page = visit.page
        page.set_viewport_size({"width": 1280, "height": 900})
        cameras.install(page)
        pages.open_ready(page, url)
        expect(button(page, "Stop camera")).to_be_visible()
        for _ in range(9):
            button(page, "Add class").click()
        for i in range(1, 13):
            page.get_by_role("textbox", name=f"Name of class {i}", exact=True).fill(f"{i} {'long name ' * 5}")
        for name in (f"{i} {'long name ' * 5}".strip() for i in (1, 2)):
            pages.take(page, name, 2)
        button(page, "Train").click()
        expect(page.get_by_text(re.compile("of its own photos right"))).to_be_visible()
        page.get_by_text("Under the hood").click()
        expect(page.get_by_role("table", name="What it takes for what")).to_be_visible()
        assert look(page, "under the hood", looks) == []
        button(page, "Show mode").click()
        assert look(page, "show mode", looks) == []
        assert visit.complaints == []


def test_what_is_wrong_would_be_seen(browser: Browser, url: str) -> None:
    with opened(browser) as visit:
        page = visit.page
        page.goto(url)
        page.get_by_role("textbox", name="Name of class 1").evaluate(
            "(box) => { box.removeAttribute('aria-label'); box.removeAttribute('placeholder'); }"
        )
        page.locator(".site-tagline").evaluate("(text) => { text.style.color = '#ccc' }")
        found = " ".join(axe.violations(page))
        assert "label:" in found
        assert "color-contrast:" in found
