"""What can go wrong with a camera: each fault has its own words, and a way on."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser import pages

FAULTY_CAMERA_JS = """
// A camera that fails as `fault` says, and a browser that was not asked for it before.
window.fault = null;
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => {
  window.asked = (window.asked ?? 0) + 1;
  if (window.fault === 'OverconstrainedError') throw new OverconstrainedError('width');
  if (window.fault) throw new DOMException('as the browser says it', window.fault);
  window.stream = await real(wish);
  return window.stream;
};
const {query} = navigator.permissions;
navigator.permissions.query = async (what) =>
  what.name === 'camera' ? {state: 'prompt'} : query.call(navigator.permissions, what);
"""

MESSAGES = {
    "NotAllowedError": "Access to the camera was refused.",
    "NotFoundError": "No camera was found.",
    "NotReadableError": "The camera did not start. Another program may be using it",
    "OverconstrainedError": "This camera offers no picture size that the page can use.",
    "TypeError": "The camera could not be started.",
}


def alert_says(page: Page, text: str) -> None:
    expect(page.get_by_role("alert")).to_contain_text(text)
    expect(page.get_by_role("alert")).to_have_count(1)


def test_each_fault_has_its_own_message_and_a_way_on(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        page.add_init_script(FAULTY_CAMERA_JS)
        page.clock.install()
        pages.open_ready(page, url)
        start = page.get_by_role("button", name="Start camera", exact=True)
        hold = page.get_by_role("button", name="Hold to record Class 1", exact=True)
        taken = page.get_by_role("list", name="Photos of Class 1", exact=True).get_by_role("listitem")
        expect(start).to_be_visible()
        assert page.evaluate("window.asked") is None, "no prompt that nobody asked for"

        seen = set()
        for fault, message in MESSAGES.items():
            page.evaluate("(fault) => { window.fault = fault }", fault)
            start.click()
            alert_says(page, message)
            expect(hold).to_have_accessible_description("Start the camera first.")
            seen.add(page.get_by_role("alert").inner_text())
        assert len(seen) == len(MESSAGES)

        page.evaluate("window.fault = null")
        start.click()
        expect(page.get_by_role("button", name="Stop camera", exact=True)).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        pages.take(page, "Class 1")

        # The cable is pulled while a photo is being taken every tenth of a second.
        hold.hover()
        page.mouse.down()
        expect(taken.nth(2)).to_be_attached()
        page.evaluate(
            """() => {
              const [track] = stream.getVideoTracks();
              track.stop();
              track.dispatchEvent(new Event('ended'));
            }"""
        )
        alert_says(page, "The camera was disconnected.")
        status = page.get_by_role("status")
        told = re.compile(r"^Recorded (\d+) photos of Class 1\.$")
        expect(status).to_have_text(told)
        match = told.match(status.inner_text())
        assert match
        # Time for ten more: nothing is recorded from a camera that is gone.
        page.clock.run_for(1000)
        page.mouse.up()
        start.click()
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(taken).to_have_count(1 + int(match[1]))
        pages.take(page, "Class 1")
        assert taken.count() == 1 + int(match[1]) + 1
        assert visit.complaints == []


def test_a_machine_without_a_camera_is_told_so(url: str, chromium: Any) -> None:
    """The browser's own answer, not a stub's."""
    with chromium("--use-fake-ui-for-media-stream", camera=False) as visit:
        page = visit.page
        pages.open_ready(page, url)
        if not page.get_by_role("alert").count():
            page.get_by_role("button", name="Start camera", exact=True).click()
        alert_says(page, MESSAGES["NotFoundError"])
        page.get_by_role("textbox", name="Name of class 1").fill("Mug")
        expect(page.get_by_role("progressbar", name="Mug", exact=True)).to_be_visible()
        assert visit.complaints == []


def test_a_permission_that_the_browser_withholds(url: str, chromium: Any) -> None:
    """The browser's own refusal: there is a camera, and the prompt is dismissed."""
    with chromium("--use-fake-device-for-media-stream", camera=False) as visit:
        page = visit.page
        pages.open_ready(page, url)
        page.get_by_role("button", name="Start camera", exact=True).click()
        alert_says(page, MESSAGES["NotAllowedError"])
        assert visit.complaints == []
