"""The page where something is not as usual: its address, its start, the screen, the browser, the names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import pages
from tests.browser.pages import Opened, button, photos, status, wait_for_photos
from tests.browser.pages import hold_button as hold


def test_it_works_in_a_sub_folder(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], opened_at: Opened
) -> None:
    folder = site("embedded").out
    root = serving(folder.parent).url
    with opened_at(root, ready=False) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        pages.open_ready(page, f"{root}{folder.name}")  # without a slash: the host puts it there
        pages.take(page, "Class 1")
        loaded = [one for one in asked if not one.startswith(("blob:", "data:"))]
        assert len(loaded) > 5
        assert {one for one in loaded[1:] if not one.startswith(f"{root}{folder.name}/")} == set()


def test_the_page_can_be_used_before_the_model_is_there(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], opened_at: Opened
) -> None:
    built = site("embedded")
    shards = built.site.for_page()["model"]["shards"]
    with opened_at(serving(built.out).url, ready=False) as page:
        model = pages.Held(page, "**/" + shards[-1]["url"])
        page.goto(serving(built.out).url)
        expect(status(page)).to_have_text("The model is loading.")
        expect(page.get_by_role("progressbar", name="Model download")).to_be_visible()
        page.get_by_role("textbox", name="Name of class 1").fill("Mug")
        button(page, "Add class").click()
        expect(button(page, "Stop camera")).to_be_visible()
        page.wait_for_function("() => document.querySelector('video').videoWidth > 0")
        assert hold(page, "Mug").get_attribute("aria-disabled") == "true"
        hold(page, "Mug").click(force=True)
        expect(hold(page, "Mug")).to_have_accessible_description("The model is loading.")
        expect(photos(page, "Mug")).to_have_count(0)
        model.let_go()
        expect(status(page)).to_have_text("The model is ready.")
        pages.take(page, "Mug")
        pages.take(page, "Class 4")


def test_nothing_is_wider_than_the_screen(url: str, opened_at: Opened) -> None:
    with opened_at(url) as page:
        page.get_by_text("Under the hood").click()
        page.get_by_role("textbox", name="Name of class 1").fill("W" * 60)
        page.get_by_role("textbox", name="Name of class 2").fill("word " * 12)
        for box in page.get_by_role("textbox").all()[:2]:
            pages.take(page, box.input_value().strip(), 8)
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 16 photos")
        # Both trained classes have long names, so the verdict shows one of them.
        for width in (320, 390, 768, 844, 1280):
            pages.resize(page, width, 390 if width == 844 else 800)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            for name in ("Stop camera", "Train", "Reset"):
                place = button(page, name).bounding_box()
                assert place
                assert place["x"] >= 0 and place["x"] + place["width"] <= width, f"{name} at {width}"
            # Whatever stays in place leaves room for a class between.
            room = page.evaluate(
                """() => {
                  document.querySelector('[aria-label="Name of class 3"]').scrollIntoView({block: 'center'});
                  const {x, y, width, height} = document.querySelector('[aria-label="Name of class 3"]')
                    .closest('li').querySelector('[aria-label^="Hold to record"]').getBoundingClientRect();
                  const top = document.elementFromPoint(x + width / 2, y + height / 2);
                  return top?.closest('button')?.ariaLabel;
                }"""
            )
            assert room == "Hold to record Class 3", f"covered at {width}"


def test_motion_is_left_out_for_those_who_ask(url: str, opened_at: Opened) -> None:
    moving = {}
    for wish in ("no-preference", "reduce"):
        with opened_at(url, reduced_motion=wish) as page:
            hold(page, "Class 1").hover()
            page.mouse.down()
            wait_for_photos(page, "Class 1", 2)
            if wish == "no-preference":
                page.wait_for_function("document.getAnimations().length > 0")
            moving[wish] = page.evaluate("document.getAnimations().length")
            page.mouse.up()
    assert moving["no-preference"] > 0
    assert moving["reduce"] == 0


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined})",
            "This page needs a secure address",
        ),
        (
            "Object.defineProperty(Navigator.prototype, 'mediaDevices', {get: () => undefined})",
            "This page needs a secure address",
        ),
        ("delete window.Worker", "This browser cannot run the page"),
    ],
)
def test_where_it_cannot_work_it_says_why(script: str, message: str, url: str, opened_at: Opened) -> None:
    with opened_at(url, script=script, ready=False, width=390) as page:
        page.goto(url)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(message)
        if "secure" in message:
            expect(alert).to_contain_text(url)
            expect(alert.get_by_role("link", name="Open over https")).to_have_attribute(
                "href", url.replace("http:", "https:")
            )
        expect(button(page, "Start camera")).to_have_count(0)
        expect(page.get_by_text("never leave this device")).to_be_visible()


def test_hostile_names_are_only_text(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], opened_at: Opened
) -> None:
    names = ["<img src=x onerror=alert(1)>", "قطة", "</script><script>alert(2)</script>"]
    title = '"><script>alert(3)</script>{{ 7*7 }}</title>'
    built = site("embedded", classes=names, title=title)
    with opened_at(serving(built.out).url) as page:
        opening: list[str] = []

        def dismissed(dialog: Dialog) -> None:
            opening.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismissed)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        assert page.title() == title
        for i, name in enumerate(names, 1):
            expect(page.get_by_role("textbox", name=f"Name of class {i}")).to_have_value(name)
            pages.take(page, name)
            expect(status(page)).to_have_text(f"Recorded 1 photo of {name}.")
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 3 photos")
        expect(page.locator("[aria-live=polite]")).to_have_text(re.compile(r".+, \d+%$"))
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("document.scripts.length") == 2
        assert opening == []
