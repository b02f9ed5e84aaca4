"""The whole story, from the first look to the exported project: by keyboard, in Dutch, from right to left."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import axe, cameras, languages, pages
from tests.browser.pages import button, sees
from tests.support.browsers import Visit


@contextmanager
def opened(browser: Browser, width: int) -> Iterator[Visit]:
    height = 844 if width < 768 else 900
    size = {"width": width, "height": height}
    with pages.visited(browser, viewport=size, reduced_motion="reduce") as visit:
        yield visit


# By keyboard alone ----------------------------------------------------------------------------------------

FOCUS_JS = """
() => {
  // What has the focus, whether that can be seen, and what lies over its middle.
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const {x, y, width, height} = at.getBoundingClientRect();
  const {outlineStyle, outlineWidth, outlineColor} = getComputedStyle(at);
  const top = document.elementFromPoint(x + width / 2, y + height / 2);
  return {
    name: at.ariaLabel ?? at.textContent,
    outline: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && !outlineColor.endsWith(', 0)'),
    covered: !top || !(at.contains(top) || top.contains(at)),
  };
}
"""


def focus(page: Page) -> dict[str, Any]:
    """What has the focus, which must be in plain sight."""
    told: dict[str, Any] | None = page.evaluate(FOCUS_JS)
    assert told, "nothing has the focus"
    assert told["outline"], f"the focus on {told['name']!r} does not show"
    assert not told["covered"], f"something lies over {told['name']!r}, which has the focus"
    return told


def tab_to(page: Page, wanted: Locator, *, most: int = 60) -> None:
    """Press Tab until an element has the focus; on the way it must never be lost or out of sight."""
    passed = []
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            focus(page)
            return
        # From the last element it goes to the browser's own, and comes back.
        if page.evaluate("document.activeElement !== document.body"):
            passed.append(focus(page)["name"])
    raise AssertionError(f"{most} times Tab did not lead there, but to {passed}")


def hold_space(page: Page, name: str, count: int) -> None:
    tab_to(page, button(page, f"Hold to record {name}"))
    page.keyboard.down("Space")
    expect(pages.photos(page, name).nth(count - 1)).to_be_attached()
    page.keyboard.up("Space")
    expect(button(page, f"Hold to record {name}")).to_be_focused()


@pytest.mark.parametrize("width", [390, pytest.param(768, marks=pytest.mark.long), 1280])
def test_by_keyboard_alone(
    width: int,
    browser: Browser,
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    tmp_path: Path,
) -> None:
    with opened(browser, width) as visit:
        page = visit.page
        cameras.install(page, permission="prompt")
        page.add_init_script(
            "addEventListener('pointerdown', () => { throw new Error('a pointer was used') }, true)"
        )
        page.goto(serving(site("embedded").out).url)
        expect(page.get_by_role("status")).to_contain_text("The model is ready")

        tab_to(page, button(page, "Start camera"))
        page.keyboard.press("Enter")
        expect(button(page, "Stop camera")).to_be_focused()
        focus(page)

        for i, name in enumerate(("Cup", "Hand"), 1):
            tab_to(page, page.get_by_role("textbox", name=f"Name of class {i}", exact=True))
            page.keyboard.type(name)
            page.keyboard.press("Enter")
            cameras.show(page, ("lying", "standing")[i - 1])
            hold_space(page, name, 4)

        # It trains by itself, and says what it sees.
        sees(page, "Hand")
        cameras.show(page, "lying")
        sees(page, "Cup")
        expect(page.locator("[aria-live=polite]").filter(has_text=re.compile(r"^Cup, \d+%$"))).to_have_count(
            1
        )

        tab_to(page, button(page, "Export"))
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Exported")
        expect(button(page, "Export")).to_be_focused()
        path = tmp_path / "project.zip"
        download.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read("project.json"))
        assert [one["name"] for one in told["classes"]][:2] == ["Cup", "Hand"]
        assert {one["class"] for one in told["examples"]} == {one["id"] for one in told["classes"][:2]}
        assert "head.json" in archive.namelist()


# In other languages ---------------------------------------------------------------------------------------


def teach(page: Page, record: str, names: list[str]) -> None:
    """Teach two classes; the button's name has its class' name in braces."""
    for name, scene in zip(names, ("lying", "standing"), strict=True):
        cameras.show(page, scene)
        listed = page.locator("li.class-card").filter(has=button(page, record.format(name)))
        for count in range(1, 4):
            # As assistive technology clicks: one photo, however slow the machine is.
            expect(button(page, record.format(name))).to_be_enabled()
            button(page, record.format(name)).evaluate("(button) => button.click()")
            expect(listed.get_by_role("listitem")).to_have_count(count)


WIDER_JS = """
() => [...document.querySelectorAll('body *')].filter((element) => {
  // What scrolls by itself may hold more than it shows.
  if (element.closest('.photo-scroller, .matrix-frame, .history-frame, pre, .visually-hidden')) return false;
  const {left, right, width} = element.getBoundingClientRect();
  return width > 0 && (left < -1 || right > innerWidth + 1);
}).map((element) => `${element.tagName}.${element.className}`)
"""

SPILLED_JS = """
() => [...document.querySelectorAll('button, summary')].filter((button) => {
  const box = button.getBoundingClientRect();
  const range = document.createRange();
  const texts = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    if (texts.currentNode.parentElement.offsetWidth <= 1) continue; // only for those who listen
    range.selectNodeContents(texts.currentNode);
    const {left, right, width} = range.getBoundingClientRect();
    if (width && (left < box.left || right > box.right)) return true;
  }
  return false;
}).map((button) => button.ariaLabel ?? button.textContent)
"""


def test_in_dutch(
    browser: Browser, site: Callable[..., Built], serving: Callable[[Path], SiteServer], english: list[str]
) -> None:
    assert len(english) > 200
    with opened(browser, 1280) as visit:
        page = visit.page
        cameras.install(page, permission="prompt")
        page.goto(serving(site("embedded", lang="nl").out).url)
        expect(page.get_by_role("status")).to_have_text("Het model is klaar.")
        assert page.evaluate("[document.documentElement.lang, document.dir]") == ["nl", "ltr"]
        assert languages.found(english, page.evaluate(languages.SAID_JS)) == []

        button(page, "Camera starten").click()
        expect(button(page, "Camera stoppen")).to_be_visible()
        page.get_by_role("textbox", name="Naam van klasse 1").fill("Kopje")
        teach(page, "Vasthouden voor opname van {}", ["Kopje", "Klasse 2"])
        expect(page.get_by_text("Het model ziet")).to_be_visible()
        expect(page.get_by_text(re.compile(r"\d+% van de eigen foto’s goed"))).to_be_visible()
        expect(page.get_by_role("progressbar", name="Kopje")).to_have_attribute(
            "aria-valuetext", re.compile(r"^\d+ procent$")
        )
        for name in ("Klasse toevoegen", "Trainen", "Wissen", "Ongedaan maken", "Exporteren", "Importeren"):
            expect(button(page, name)).to_have_count(1)
        assert languages.found(english, page.evaluate(languages.SAID_JS)) == []

        page.get_by_text("Instellingen en krommen").click()
        page.locator("details.hood > summary").click()
        expect(page.get_by_role("table")).to_have_count(1)
        assert languages.found(english, page.evaluate(languages.SAID_JS)) == []

        # Longer words than the English ones: none leaves its button, and nothing the screen.
        for width in (320, 390, 768, 844, 1280):
            pages.resize(page, width, 390 if width == 844 else 844)
            assert page.evaluate(WIDER_JS) == [], f"at {width}"
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate(SPILLED_JS) == [], f"at {width}"

        # The rest of what can be opened, where there is least room.
        page.set_viewport_size({"width": 320, "height": 700})
        for opener in (
            "Projecten",
            "Meer voor Kopje",
            "Kopje handsfree opnemen",
            "Foto 1 van Kopje vergroten",
            "Wissen",
        ):
            button(page, opener).click()
            assert languages.found(english, page.evaluate(languages.SAID_JS)) == [], opener
            assert page.evaluate(SPILLED_JS) == [], opener
            page.keyboard.press("Escape")
        with page.expect_download() as download:
            button(page, "Exporteren").click()
        assert download.value.suggested_filename.endswith(".zip")


def test_english_would_be_found(
    browser: Browser, site: Callable[..., Built], serving: Callable[[Path], SiteServer], english: list[str]
) -> None:
    with opened(browser, 1280) as visit:
        page = visit.page
        cameras.install(page)
        pages.open_ready(page, serving(site("embedded").out).url)
        assert len(languages.found(english, page.evaluate(languages.SAID_JS))) > 40


def test_from_right_to_left(
    browser: Browser, site: Callable[..., Built], serving: Callable[[Path], SiteServer]
) -> None:
    with opened(browser, 1280) as visit:
        page = visit.page
        cameras.install(page)
        pages.open_ready(page, serving(site("embedded", lang="ar", title="قطط").out).url, live=True)
        assert page.evaluate("[document.documentElement.lang, document.dir]") == ["ar", "rtl"]
        expect(button(page, "Stop camera")).to_be_visible()
        page.get_by_role("textbox", name="Name of class 1").fill("قطة")
        teach(page, "Hold to record {}", ["قطة", "Class 2"])
        expect(page.get_by_text("The model sees")).to_be_visible()
        page.get_by_text("Settings and curves").click()
        page.get_by_text("Under the hood").click()
        expect(page.get_by_role("table", name="What it takes for what")).to_be_visible()

        stage = page.get_by_role("region", name="Camera preview").bounding_box()
        card = page.locator("li.class-card").first.bounding_box()
        assert stage and card
        assert stage["x"] > card["x"] + card["width"], "reading begins at the right"
        button(page, "More for Class 2").click()
        for width in (320, 390, 768, 844, 1280):
            pages.resize(page, width, 390 if width == 844 else 844)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate(WIDER_JS) == [], f"at {width}"
            assert axe.violations(page) == [], f"at {width}"
        # The control: what is too wide would be found.
        page.locator("li.class-card").first.evaluate("(card) => { card.style.width = '1400px' }")
        assert page.evaluate(WIDER_JS) != []
