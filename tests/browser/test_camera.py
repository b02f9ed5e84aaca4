"""The camera as a visitor has it: which one, what is asked when, and how it goes and comes back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

from onthefly_studio.site.server import SiteServer
from tests.browser import cameras, pages
from tests.browser.pages import button

MIRRORED = re.compile(r"^matrix\(-1, 0, 0, 1, 0, 0\)$")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with a context of its own, which afterwards has complained of nothing."""
    with pages.visited(browser, viewport={"width": 1280, "height": 900}) as visit:
        yield visit.page


def hold(page: Page) -> Locator:
    return button(page, "Hold to record Class 1")


def photos(page: Page) -> Locator:
    return page.get_by_role("list", name="Photos of Class 1", exact=True).get_by_role("listitem")


def menu(page: Page) -> Locator:
    """The options, opened."""
    group = page.get_by_role("group", name="Camera and answer options")
    if not group.is_visible():
        button(page, "Camera and answer options").click()
    return group


def running(page: Page) -> None:
    """Wait until the camera gives a picture."""
    expect(button(page, "Stop camera")).to_be_visible()
    expect(page.locator("video")).to_be_visible()
    page.wait_for_function("() => document.querySelector('video').videoWidth > 0")


def says(page: Page | FrameLocator, text: str) -> None:
    """What is told of the camera, once."""
    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.get_by_role("alert")).to_contain_text(text)


def quiet(page: Page) -> None:
    expect(page.get_by_role("alert")).to_have_count(0)


def opened(page: Page) -> str:
    """The id of the one camera that is open."""
    assert page.evaluate("studio.live()") == 1
    device: str = page.evaluate("studio.tracks.find((track) => track.readyState === 'live').device")
    return device


def test_what_is_asked_is_said_before_and_while_it_is_asked(url: str, page: Page) -> None:
    cameras.install(page, cameras.TWO, permission="prompt")
    pages.open_ready(page, url)
    expect(page.get_by_text("Your browser will ask whether this page may use it")).to_be_visible()
    assert page.evaluate("studio.asked.length") == 0, "no prompt that nobody asked for"
    expect(menu(page)).to_contain_text("Start the camera once to choose between cameras.")
    page.keyboard.press("Escape")

    page.evaluate("() => { studio.waiting = new Promise((go) => (studio.answer = go)) }")
    button(page, "Start camera").click()
    expect(page.get_by_text("Answer your browser’s question: may this page use the camera?")).to_be_visible()
    # Stopped before the answer: the camera that comes with it is let go.
    button(page, "Stop camera").click()
    page.evaluate("studio.answer()")
    page.wait_for_function("() => studio.tracks.length === 1 && studio.live() === 0")
    expect(button(page, "Start camera")).to_be_visible()
    expect(page.get_by_text("Your browser will ask")).to_have_count(0)

    button(page, "Start camera").click()
    running(page)
    expect(menu(page).get_by_role("option")).to_have_text(["Desk camera", "Cable camera"])


def test_a_chosen_camera_is_opened_again(url: str, page: Page) -> None:
    cameras.install(page, cameras.TWO)
    pages.open_ready(page, url)
    running(page)
    choice = menu(page).get_by_role("combobox", name="Camera", exact=True)
    expect(choice).to_have_value("desk")
    choice.select_option("Cable camera")
    page.wait_for_function("() => studio.tracks.length === 2 && studio.live() === 1")
    assert opened(page) == "cable"
    expect(choice).to_have_value("cable")

    pages.open_ready(page, url)
    running(page)
    assert opened(page) == "cable"

    # Where it is not there, another one is taken, and that is said; the choice is kept.
    page.add_init_script("studio.devices = studio.devices.slice(0, 1)")
    pages.open_ready(page, url)
    running(page)
    assert opened(page) == "desk"
    says(page, "The camera you chose cannot be used right now, so another one is on.")
    wishes = page.evaluate("studio.asked.map((wish) => wish.deviceId?.exact ?? wish.facingMode)")
    assert wishes == ["cable", "cable", "user"]
    expect(menu(page).get_by_role("combobox", name="Camera", exact=True)).to_have_value("desk")


def test_front_and_back_on_a_phone(url: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    cameras.install(page, cameras.PHONE)
    pages.open_ready(page, url)
    running(page)
    assert opened(page) == "f"
    expect(page.locator("video")).to_have_css("transform", MIRRORED)
    button(page, "Turn to the back camera").click()
    expect(button(page, "Turn to the front camera")).to_be_visible()
    running(page)
    assert opened(page) == "b"
    expect(page.locator("video")).to_have_css("transform", "none")
    pages.open_ready(page, url)
    running(page)
    assert opened(page) == "b", "the side is remembered"
    button(page, "Turn to the front camera").click()
    expect(page.locator("video")).to_have_css("transform", MIRRORED)

    # One camera has no other side to turn to.
    page.evaluate("studio.plug(studio.devices.slice(0, 1))")
    expect(button(page, "Turn to the back camera")).to_have_count(0)


MARK_JS = """
async (all) => {
  // At which side each photo shows the white mark in its upper corner.
  const canvas = new OffscreenCanvas(224, 224);
  const drawing = canvas.getContext('2d', {willReadFrequently: true});
  const sides = [];
  for (const image of all) {
    await image.decode();
    drawing.drawImage(image, 0, 0, 224, 224);
    const blue = (x) => drawing.getImageData(x, 3, 1, 1).data[2];
    sides.push(blue(3) > 200 ? 'left' : blue(220) > 200 ? 'right' : 'none');
  }
  return sides;
}
"""


def test_the_mirror_is_for_the_eye_only(url: str, page: Page) -> None:
    cameras.install(page)
    pages.open_ready(page, url)
    running(page)
    video = page.locator("video")
    expect(video).to_have_css("transform", MIRRORED)
    hold(page).click()
    expect(photos(page)).to_have_count(1)
    switch = menu(page).get_by_role("switch", name="Mirror the preview")
    expect(switch).to_be_checked()
    switch.click()
    expect(video).to_have_css("transform", "none")
    page.keyboard.press("Escape")
    hold(page).click()
    expect(photos(page)).to_have_count(2)
    assert photos(page).locator("img").evaluate_all(MARK_JS) == ["left", "left"]

    pages.open_ready(page, url)
    running(page)
    expect(video).to_have_css("transform", "none")
    expect(menu(page).get_by_role("switch", name="Mirror the preview")).not_to_be_checked()


def test_fewer_wishes_where_the_camera_cannot_grant_them(url: str, page: Page) -> None:
    cameras.install(page)
    page.add_init_script("studio.refuse = (wish) => wish.width && 'OverconstrainedError'")
    pages.open_ready(page, url)
    running(page)
    says(page, "This camera does not offer the usual picture size, so its own is used.")
    assert page.evaluate("studio.asked.map(({width}) => width?.ideal ?? null)") == [640, None]
    hold(page).click()
    expect(photos(page)).to_have_count(1)

    page.evaluate("() => { studio.refuse = () => 'OverconstrainedError' }")
    button(page, "Stop camera").click()
    quiet(page)
    button(page, "Start camera").click()
    says(page, "This camera offers no picture size that the page can use.")


def test_a_camera_that_falls_asleep_wakes_by_itself(url: str, page: Page) -> None:
    cameras.install(page)
    pages.open_ready(page, url)
    running(page)
    page.evaluate("studio.tell('mute')")
    says(page, "The camera sends no picture.")
    expect(page.locator("video")).to_be_hidden()
    expect(hold(page)).to_have_accessible_description("The camera sends no picture.")
    hold(page).click(force=True)
    expect(photos(page)).to_have_count(0)
    expect(button(page, "Stop camera")).to_be_visible()
    page.evaluate("studio.tell('unmute')")
    running(page)
    quiet(page)
    hold(page).click()
    expect(photos(page)).to_have_count(1)


def test_a_cable_that_is_pulled_and_put_back(url: str, page: Page) -> None:
    cameras.install(page, cameras.TWO)
    pages.open_ready(page, url)
    running(page)
    page.evaluate("() => { window.both = studio.devices; studio.plug(both.slice(1)) }")
    says(page, "The camera was disconnected. Press Start camera to use another one, or connect it again.")
    page.evaluate("studio.plug([])")
    says(page, "The camera was disconnected. Connect it again, then press Start camera.")
    button(page, "Start camera").click()
    says(page, "No camera was found.")
    page.evaluate("studio.plug(both)")
    says(page, "A camera is connected. Press Start camera to continue.")
    assert page.evaluate("studio.live()") == 0
    button(page, "Start camera").click()
    running(page)
    quiet(page)

    page.evaluate("studio.plug(both.slice(1))")
    says(page, "The camera was disconnected.")
    page.evaluate("studio.plug(both)")
    says(page, "A camera is connected.")


def test_a_permission_that_changes_in_the_browser(url: str, page: Page) -> None:
    cameras.install(page, permission="prompt")
    page.add_init_script("studio.refuse = () => 'NotAllowedError'")
    pages.open_ready(page, url)
    button(page, "Start camera").click()
    says(page, "Access to the camera was refused.")
    page.evaluate("() => { studio.words = 'Permission denied by system' }")
    button(page, "Start camera").click()
    says(page, "This device’s own settings keep the browser from using the camera.")
    page.evaluate("() => { studio.words = undefined; studio.allow('denied') }")
    button(page, "Start camera").click()
    says(page, "Access to the camera was refused.")
    # Allowed in the address bar: that is wish enough.
    page.evaluate("() => { studio.refuse = null; studio.allow('granted') }")
    running(page)
    quiet(page)
    # Taken back there: the browser ends the stream too.
    page.evaluate("() => { studio.allow('denied'); studio.tell('ended') }")
    says(page, "Access to the camera was refused.")
    page.wait_for_function("() => studio.live() === 0")


def test_the_camera_rests_while_the_page_is_hidden(url: str, page: Page) -> None:
    cameras.install(page)
    pages.open_ready(page, url)
    running(page)
    page.evaluate("studio.hide(true)")
    page.wait_for_function("() => studio.live() === 0")
    page.evaluate("studio.hide(false)")
    running(page)
    assert page.evaluate("studio.live()") == 1

    # One that was stopped by hand stays so.
    button(page, "Stop camera").click()
    page.evaluate("studio.hide(true)")
    page.evaluate("studio.hide(false)")
    expect(button(page, "Start camera")).to_be_visible()
    # It would have been asked for at once.
    assert page.evaluate("[studio.live(), studio.tracks.length, studio.asked.length]") == [0, 2, 2]

    # A page that opens in the background waits until it is looked at.
    page.add_init_script("studio.hide(true)")
    pages.open_ready(page, url)
    assert page.evaluate("studio.asked.length") == 0
    page.evaluate("studio.hide(false)")
    running(page)


@pytest.mark.parametrize("allowed", [True, False])
def test_inside_another_page(
    allowed: bool, url: str, chromium: Any, tmp_path: Path, serving: Callable[[Path], SiteServer]
) -> None:
    """With Chromium's own camera and policy. The page around is of another origin."""
    allow = 'allow="camera"' if allowed else ""
    icon = '<link rel="icon" href="data:,">'
    html = f'<!doctype html>{icon}<iframe src="{url}" {allow} width="800" height="700"></iframe>'
    (tmp_path / "index.html").write_text(html)
    with chromium() as visit:
        page = visit.page
        page.goto(serving(tmp_path).url)
        inside = page.frame_locator("iframe")
        expect(inside.get_by_role("status")).to_contain_text("The model is ready")
        if allowed:
            expect(button(inside, "Stop camera").or_(button(inside, "Start camera"))).to_be_visible()
            if button(inside, "Start camera").is_visible():
                button(inside, "Start camera").click()
            expect(inside.locator("video")).to_be_visible()
            button(inside, "Hold to record Class 1").click()
            taken = inside.get_by_role("list", name="Photos of Class 1", exact=True).get_by_role("listitem")
            expect(taken).to_have_count(1)
        else:
            for _ in range(2):
                says(inside, 'The publisher of that page has to write allow="camera" on the iframe.')
                link = inside.get_by_role("link", name="Open this page by itself")
                expect(link).to_have_attribute("href", url)
                button(inside, "Start camera").click()
        assert visit.complaints == []
