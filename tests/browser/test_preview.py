"""What the model says: of the camera, of a photo in its place, when it is unsure, and on a whole screen."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import cameras, pages
from tests.browser.pages import button, preview, sees

DROP_JS = """
(preview, {bytes, name}) => {
  const given = new DataTransfer();
  if (bytes) {
    const data = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
    given.items.add(new File([data], name, {type: 'image/png'}));
  } else {
    given.setData('text/plain', 'https://example.org/photo.png');
  }
  for (const type of ['dragenter', 'dragover', 'drop']) {
    preview.dispatchEvent(new DragEvent(type, {dataTransfer: given, bubbles: true, cancelable: true}));
  }
}
"""


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A page whose camera the test holds, which afterwards has complained of nothing."""
    with pages.visited(browser, viewport={"width": 1280, "height": 900}) as visit:
        cameras.install(visit.page)
        pages.open_ready(visit.page, url, live=True)
        yield visit.page


def teach(page: Page, class_name: str, shown: str, count: int = 3) -> None:
    cameras.show(page, shown)
    pages.take(page, class_name, count)


def drop(page: Page, picture: bytes | None, name: str = "photo.png") -> None:
    encoded = base64.b64encode(picture).decode() if picture is not None else None
    page.locator(".preview").evaluate(DROP_JS, {"bytes": encoded, "name": name})


def test_the_steps_lead_to_an_answer_and_go_away(page: Page) -> None:
    stage = preview(page)
    expect(stage).to_contain_text("2. Record a class")
    teach(page, "Class 1", "lying")
    expect(stage).to_contain_text("3. Record another")
    expect(stage).not_to_contain_text("Train")
    expect(button(page, "Try a photo")).to_have_count(0)
    teach(page, "Class 2", "standing")
    sees(page, "Class 2")
    expect(stage).not_to_contain_text("Record")
    cameras.show(page, "lying")
    sees(page, "Class 1")
    button(page, "Stop camera").click()
    expect(stage).to_contain_text("Start the camera to see what the model says.")


def test_without_live_the_last_step_is_train(page: Page) -> None:
    page.get_by_role("switch", name="Live", exact=True).click()
    teach(page, "Class 1", "lying", 1)
    expect(preview(page)).to_contain_text("2. Record another")
    teach(page, "Class 2", "standing", 1)
    expect(preview(page)).to_contain_text("3. Press Train")
    button(page, "Train").click()
    sees(page, "Class 2")


def test_below_the_threshold_it_is_not_sure(page: Page, url: str) -> None:
    # The same under two names: neither can be far ahead.
    teach(page, "Class 1", "lying")
    teach(page, "Class 2", "lying")
    stage = preview(page)
    expect(stage).to_contain_text(re.compile(r"The model sees\s*\d+%\s*Class [12]"))
    button(page, "Camera and answer options").click()
    slider = page.get_by_role("slider", name="Say “not sure” below")
    expect(slider).to_have_accessible_description(re.compile("names a class only if"))
    expect(slider).to_have_attribute("aria-valuetext", "Never")
    slider.focus()
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "95%")
    page.keyboard.press("Escape")
    expect(slider).to_be_hidden()
    expect(button(page, "Camera and answer options")).to_be_focused()
    expect(stage).to_contain_text(re.compile(r"Not sure\s*Perhaps Class [12], \d+%"))
    expect(page.locator("[aria-live=polite]").filter(has_text="Not sure")).to_have_count(1)
    assert page.locator("li.is-winner").count() == 0, "no card stands out"

    pages.open_ready(page, url, live=True)
    button(page, "Camera and answer options").click()
    expect(slider).to_have_attribute("aria-valuetext", "95%")


def test_a_photo_in_the_cameras_place(page: Page) -> None:
    teach(page, "Class 1", "lying")
    teach(page, "Class 2", "standing")
    sees(page, "Class 2")
    red = cameras.paint(page, "lying")

    drop(page, red, "red.png")
    expect(page.get_by_role("img", name="The photo red.png")).to_be_visible()
    expect(page.locator("video")).to_be_hidden()
    sees(page, "Class 1")
    # What is on show is not what the camera would give: nothing is recorded from it.
    hold = button(page, "Hold to record Class 1")
    expect(hold).to_have_accessible_description("Go back to the camera first.")
    hold.click(force=True)
    expect(pages.photos(page, "Class 1")).to_have_count(3)
    # A new head is asked about it too.
    page.get_by_role("button", name="Undo", exact=True).click()
    page.get_by_role("button", name="Undo", exact=True).click()
    sees(page, "Class 1")
    button(page, "Back to the camera").click()
    expect(page.locator("video")).to_be_visible()
    sees(page, "Class 2")

    # Without a camera too, chosen from a file.
    button(page, "Stop camera").click()
    with page.expect_file_chooser() as chooser:
        button(page, "Try a photo").click()
    chooser.value.set_files({"name": "red.png", "mimeType": "image/png", "buffer": red})
    sees(page, "Class 1")
    expect(button(page, "Start camera")).to_be_visible()

    # What cannot be read is named, and leaves everything as it is.
    drop(page, b"no picture", "broken.png")
    expect(page.get_by_role("status")).to_have_text(
        "broken.png is broken, or of a kind that this browser cannot read."
    )
    drop(page, None)
    expect(page.get_by_role("status")).to_have_text("That is not a photo from this device.")
    sees(page, "Class 1")
    button(page, "Back to the camera").click()
    expect(preview(page)).to_contain_text("Start the camera to see what the model says.")


WHERE_JS = """
() => {
  const show = document.querySelector('[role=dialog][aria-label="Show mode"]');
  const {x, y, width, height} = show.getBoundingClientRect();
  return {
    place: [x, y, width - innerWidth, height - innerHeight],
    inside: show.contains(document.activeElement),
    full: document.fullscreenElement === show,
  };
}
"""


@pytest.mark.parametrize("allowed", [True, False])
def test_the_show_by_keyboard(allowed: bool, page: Page) -> None:
    if not allowed:
        page.evaluate("() => { Element.prototype.requestFullscreen = () => Promise.reject(new TypeError()) }")
    teach(page, "Class 1", "lying")
    teach(page, "Class 2", "standing")
    sees(page, "Class 2")
    start = button(page, "Show mode")
    start.focus()
    page.keyboard.press("Enter")
    show = page.get_by_role("dialog", name="Show mode")
    expect(show).to_contain_text("Class 2")
    expect(button(page, "Leave show mode")).to_be_focused()
    page.wait_for_function("(full) => (document.fullscreenElement !== null) === full", arg=allowed)
    page.wait_for_function(f"() => ({WHERE_JS})().place.every((each) => Math.abs(each) < 1)")
    for _ in range(3):
        page.keyboard.press("Tab")
        where = page.evaluate(WHERE_JS)
        assert where["inside"] or page.evaluate("document.activeElement === document.body")
    assert page.evaluate(WHERE_JS)["full"] is allowed
    # Every class, with what is said of it now.
    scores = show.get_by_role("list", name="All classes").get_by_role("listitem")
    expect(scores).to_have_count(3)
    expect(scores.nth(1)).to_have_text(re.compile(r"^Class 2\s*\d+%$"))
    expect(scores.nth(2)).to_have_text(re.compile(r"^Class 3\s*–$"))
    cameras.show(page, "lying")
    expect(show).to_contain_text(re.compile(r"The model sees\s*\d+%\s*Class 1"))
    larger = show.get_by_text("Class 1", exact=True).first.evaluate("(name) => name.clientHeight")
    assert larger >= 90, "it can be read from further away"

    page.keyboard.press("Escape")
    expect(show).to_have_count(0)
    expect(start).to_be_focused()
    assert page.evaluate("document.fullscreenElement") is None
    assert page.evaluate("document.querySelectorAll('[inert]').length") == 0
    # By its button as well.
    start.click()
    button(page, "Leave show mode").click()
    expect(show).to_have_count(0)
    expect(preview(page)).to_be_visible()
