"""The page as a visitor meets it, by accessible names: recording, naming, removing, training, forgetting."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import calls, pages
from tests.browser.pages import FRAMES, Opened, bar, button, photos, status, wait_for_photos
from tests.browser.pages import hold_button as hold

CLASSES = ["Class 1", "Class 2", "Class 3"]
LYING, STANDING = [0, 2, 4], [FRAMES, FRAMES + 2, FRAMES + 4]


def values(page: Page) -> list[int]:
    """What the bars of all classes say at one moment."""
    read: list[int] = page.get_by_role("progressbar").evaluate_all(
        "(bars) => bars.map((bar) => Number(bar.getAttribute('aria-valuenow')))"
    )
    return read


def settled(page: Page, class_name: str) -> int:
    """The photos of a class once recording has ended: their number must not change any more.

    The page's clock is installed. It goes on by the time of ten photos, and a photo of another class comes
    after all that was begun by then.
    """
    told = re.compile(rf"^Recorded \d+ photos? of {class_name}\.$")
    expect(status(page)).to_have_text(told)
    count = photos(page, class_name).count()
    page.clock.run_for(1000)
    pages.take(page, "Class 3")
    assert photos(page, class_name).count() == count, "recording goes on after the release"
    return count


@contextmanager
def no_time(page: Page) -> Iterator[None]:
    """Let what is done here take none of the page's time: a press and its release are one click, if slow."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
    yield
    page.clock.resume()


def test_everything_has_its_name(url: str, opened_at: Opened) -> None:
    with opened_at(url) as page:
        expect(status(page)).to_have_text("The model now waits for Train.")
        for name in ("Stop camera", "Add class", "Train", "Reset", "Undo", "Redo", "Export", "Import"):
            expect(button(page, name)).to_have_count(1)
        for i, name in enumerate(CLASSES, 1):
            expect(page.get_by_role("textbox", name=f"Name of class {i}", exact=True)).to_have_value(name)
            expect(hold(page, name)).to_be_enabled()
            expect(button(page, f"Remove {name}")).to_be_enabled()
            expect(photos(page, name)).to_have_count(0)
            expect(bar(page, name)).to_have_attribute("aria-valuetext", "no result yet")
        nameless = page.get_by_role("button").filter(has_not_text=re.compile(r"\S"))
        assert all(name for name in nameless.evaluate_all("(all) => all.map((one) => one.ariaLabel)"))

        button(page, "Stop camera").click()
        expect(button(page, "Start camera")).to_be_visible()
        assert page.locator("video").evaluate("(video) => video.srcObject") is None
        expect(hold(page, "Class 1")).to_have_accessible_description("Start the camera first.")
        hold(page, "Class 1").click(force=True)
        expect(status(page)).to_have_text("Start the camera first.")
        expect(photos(page, "Class 1")).to_have_count(0)
        button(page, "Start camera").click()
        expect(hold(page, "Class 1")).to_be_enabled()


def test_a_click_takes_one_photo_and_holding_takes_many(url: str, opened_at: Opened) -> None:
    with opened_at(url, clock=True) as page:
        one = hold(page, "Class 1")
        with no_time(page):
            one.click()
        assert settled(page, "Class 1") == 1

        one.hover()
        page.mouse.down()
        wait_for_photos(page, "Class 1", 5)
        page.mouse.up()
        told = re.compile(r"^Recorded (\d+) photos of Class 1\.$")
        expect(status(page)).to_have_text(told)
        match = told.match(status(page).inner_text())
        held = settled(page, "Class 1")
        assert held >= 5
        assert match and int(match[1]) == held - 1

        before = held
        for key in ("Space", "Enter"):
            with no_time(page):
                one.press(key)
            assert settled(page, "Class 1") == before + 1, f"{key} takes one photo"
            page.keyboard.down(key)
            wait_for_photos(page, "Class 1", before + 4)
            page.keyboard.up(key)
            before = settled(page, "Class 1")

        # What held the button goes elsewhere: to another element, or to another window.
        page.keyboard.down("Space")
        wait_for_photos(page, "Class 1", before + 2)
        page.keyboard.press("Tab")
        before = settled(page, "Class 1")
        page.keyboard.up("Space")
        one.hover()
        page.mouse.down()
        wait_for_photos(page, "Class 1", before + 2)
        page.mouse.move(5, 5)
        settled(page, "Class 1")
        page.mouse.up()
        expect(photos(page, "Class 2")).to_have_count(0)


def test_fingers_record_on_a_phone(url: str, opened_at: Opened) -> None:
    with opened_at(url, clock=True, width=390, height=844, has_touch=True, is_mobile=True) as page:
        two = hold(page, "Class 2")
        with no_time(page):
            two.tap()
        assert settled(page, "Class 2") == 1

        box = two.bounding_box()
        assert box
        finger = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        touch = page.context.new_cdp_session(page)
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [finger]})
        wait_for_photos(page, "Class 2", 4)
        # A finger that drifts goes on recording, and does not scroll the page.
        for _ in range(4):
            finger["y"] -= 5
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [finger]})
        wait_for_photos(page, "Class 2", 7)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert settled(page, "Class 2") >= 7
        assert page.evaluate("scrollY") == 0
        small = page.get_by_role("button").evaluate_all(
            """(all) => all.map((one) => [one.ariaLabel ?? one.textContent, one.getBoundingClientRect()])
              .filter(([, box]) => box.width && Math.min(box.width, box.height) < 44).map(([name]) => name)"""
        )
        assert small == []


def test_a_new_name_is_the_name_of_everything_of_its_class(url: str, opened_at: Opened) -> None:
    with opened_at(url) as page:
        pages.take(page, "Class 1")
        box = page.get_by_role("textbox", name="Name of class 1")
        box.fill("Mug")
        expect(photos(page, "Mug")).to_have_count(1)
        for name in ("Hold to record Mug", "Remove Mug", "Remove photo 1 of Mug"):
            expect(button(page, name)).to_have_count(1)
        expect(bar(page, "Mug")).to_have_count(1)
        expect(page.get_by_label("Class 1", exact=True)).to_have_count(0)
        box.fill("  ")
        expect(bar(page, "Class 1")).to_have_count(1)

        button(page, "Add class").click()
        added = page.get_by_role("textbox", name="Name of class 4")
        expect(added).to_be_focused()
        page.keyboard.type("Pen")
        expect(added).to_have_value("Pen")
        pages.take(page, "Pen")


def test_what_was_removed_comes_back(url: str, opened_at: Opened) -> None:
    with opened_at(url, width=320, height=700) as page:
        page.get_by_text("Under the hood").click()
        pages.record(page, "Class 1", [*LYING[:2], STANDING[0]])
        # An address is made for every showing, so a picture is known by its pixels.
        before = pages.pictures(page, "Class 1")
        assert len(before) == 3
        assert len(set(before)) == 2

        button(page, "Remove photo 2 of Class 1").click()
        expect(status(page)).to_have_text("Removed 1 photo of Class 1.")
        assert pages.pictures(page, "Class 1") == [before[0], before[2]]
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        button(page, "Undo").click()
        expect(status(page)).to_have_text("Undone: removing 1 photo of Class 1.")
        assert pages.pictures(page, "Class 1") == before
        button(page, "Redo").click()
        expect(photos(page, "Class 1")).to_have_count(2)
        button(page, "Undo").click()

        # What can come back stays with the worker, outside of training.
        button(page, "Remove photo 3 of Class 1").click()
        button(page, "Remove photo 1 of Class 1").click()
        expect(photos(page, "Class 1")).to_have_count(1)
        expect(pages.fact(page, "Examples in memory")).to_have_text("3")
        button(page, "Undo").click()
        button(page, "Undo").click()
        expect(photos(page, "Class 1")).to_have_count(3)
        assert pages.pictures(page, "Class 1") == before

        button(page, "Remove Class 1").click()
        expect(status(page)).to_have_text("Removed Class 1.")
        expect(bar(page, "Class 1")).to_have_count(0)
        expect(page.get_by_role("textbox", name="Name of class 1", exact=True)).to_have_value("Class 2")
        page.keyboard.press("Control+z")
        expect(status(page)).to_have_text("Undone: removing Class 1.")
        expect(page.get_by_role("textbox", name="Name of class 1", exact=True)).to_have_value("Class 1")
        expect(photos(page, "Class 1")).to_have_count(3)

        # A change after an undo takes the place of what could have been done again.
        button(page, "Undo").click()
        expect(button(page, "Redo")).to_be_enabled()
        button(page, "Remove Class 1").click()
        expect(button(page, "Redo")).to_be_disabled()
        button(page, "Remove Class 3").click(force=True)
        expect(status(page)).to_have_text("Keep at least two classes.")
        expect(page.get_by_role("textbox", name=re.compile("^Name of class"))).to_have_count(2)


def test_training_refuses_runs_predicts_and_is_forgotten(url: str, opened_at: Opened) -> None:
    with opened_at(url) as page:
        missing = "Record photos for at least two classes."
        expect(button(page, "Train")).to_be_disabled()
        expect(button(page, "Train")).to_have_accessible_description(missing)
        pages.record(page, "Class 1", LYING)
        button(page, "Train").click(force=True)
        expect(status(page)).to_have_text(missing)

        pages.record(page, "Class 2", STANDING)
        expect(button(page, "Train")).to_have_accessible_description("6 photos in 2 classes, ready to train.")
        button(page, "Train").click()
        expect(status(page)).to_have_text(re.compile(r"^Trained on 6 photos in [\d.]+ m?s\.$"))
        expect(button(page, "Train")).to_have_accessible_description(
            re.compile(r"^\d+% of its own photos right · loss (< )?\d+\.\d{3}$")
        )
        expect(bar(page, "Class 1")).to_have_attribute("aria-valuetext", re.compile(r"^\d+ percent$"))
        expect(bar(page, "Class 3")).to_have_attribute("aria-valuetext", "Left out")
        expect(page.get_by_text("Left out of training until it has photos.")).to_be_visible()
        for _ in range(5):
            assert sum(values(page)) in (99, 100, 101)
            calls.further(page, "predict", 1)
        others = {LYING[0] + 1: "Class 1", STANDING[0] + 1: "Class 2"}
        assert pages.winners(page, list(others)) == others
        # The winner is said as well, not more often than speech can follow.
        said = page.locator("[aria-live=polite]")
        expect(said).to_have_text(re.compile(r"^Class [12], \d+%$"))

        pages.take(page, "Class 3")
        expect(button(page, "Train")).to_have_accessible_description(
            "The model is older than the photos. Train again."
        )
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 7 photos")
        expect(bar(page, "Class 3")).to_have_attribute("aria-valuetext", re.compile(r"^\d+ percent$"))
        page.get_by_text("Settings and curves").click()
        page.get_by_text("The figures").click()
        figures = page.get_by_role("table", name="Training, epoch by epoch").get_by_role("row")
        expect(figures).to_have_count(1 + 10)
        page.get_by_text("Under the hood").click()
        expect(pages.fact(page, "Examples in memory")).to_have_text("7")

        button(page, "Reset").click()
        dialog = page.get_by_role("dialog", name="Forget everything?")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_be_hidden()
        expect(photos(page, "Class 1")).to_have_count(3)
        button(page, "Reset").click()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        page.get_by_role("textbox", name="Name of class 1").fill("Mug")
        button(page, "Reset").click()
        dialog.get_by_role("button", name="Forget everything").click()
        expect(status(page)).to_have_text("Everything was forgotten.")
        for name in CLASSES:
            expect(photos(page, name)).to_have_count(0)
            expect(bar(page, name)).to_have_attribute("aria-valuetext", "no result yet")
        assert values(page) == [0, 0, 0]
        expect(pages.fact(page, "Examples in memory")).to_have_text("0")
        expect(figures).to_have_count(0)
        expect(button(page, "Train")).to_be_disabled()
        pages.take(page, "Class 1")
        expect(pages.fact(page, "Examples in memory")).to_have_text("1")


def test_a_long_training_shows_how_far_it_is_and_can_be_stopped(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], opened_at: Opened
) -> None:
    built = site("embedded", head={"hidden": 4096, "epochs": 1000, "batch": 1})
    with opened_at(serving(built.out).url) as page:
        for name in CLASSES:
            pages.take(page, name)
        button(page, "Train").click()
        progress = page.get_by_role("progressbar", name="Training progress")
        expect(progress).to_be_visible()
        expect(status(page)).to_have_text("Training on 3 photos…")
        detail = page.get_by_text(re.compile(r"^Epoch \d+ of 1000 · \d+% right · loss (< )?\d+\.\d{3}$"))
        expect(detail).to_be_visible()
        share = progress.evaluate("(bar) => bar.value")
        page.wait_for_function("([bar, share]) => bar.value > share", arg=[progress.element_handle(), share])
        assert 0 < progress.evaluate("(bar) => bar.value") < 1
        # The page stays alive meanwhile.
        pages.take(page, "Class 1")
        button(page, "Stop").click()
        expect(status(page)).to_have_text("Training was stopped.")
        expect(progress).to_have_count(0)
        expect(bar(page, "Class 1")).to_have_attribute("aria-valuetext", "no result yet")

        # Reset in the middle of a training ends it, and nothing of it comes back.
        button(page, "Train").click()
        expect(detail).to_be_visible()
        button(page, "Reset").click()
        page.get_by_role("button", name="Forget everything").click()
        expect(status(page)).to_have_text("Everything was forgotten.")
        expect(progress).to_have_count(0)
        expect(photos(page, "Class 1")).to_have_count(0)
        # The run has ended, and its answer came before that to this photo.
        pages.take(page, "Class 1")
        assert not [call for call in calls.of(page, "train") if call["open"]]
        expect(status(page)).to_have_text("Recorded 1 photo of Class 1.")
        assert values(page) == [0, 0, 0]
