"""Examples as a visitor gives, sees and sorts them: hands-free, one by one, thousands of them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from onthefly_studio.pipeline import Built
from onthefly_studio.project.format.model import Example, Project
from onthefly_studio.project.format.schema import Preprocess, ProjectClass, folder_of
from onthefly_studio.project.format.write import write
from onthefly_studio.reference.training import HeadSettings
from tests.browser import pages
from tests.browser.pages import Opened, button, status
from tests.browser.uploads import choose, picture
from tests.support import projects
from tests.support.camera import CHROMIUM_ARGS

BROWSER_FLAGS = CHROMIUM_ARGS

WATCH_JS = """
() => {
  // What the focused button said, in turn: a recording can be over before anybody looks.
  window.said = [];
  const look = () => {
    const text = document.activeElement?.textContent ?? '';
    if (text && window.said.at(-1) !== text) window.said.push(text);
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}
"""


def test_hands_free_counts_down_records_and_is_remembered(opened: Opened) -> None:
    with opened() as page:
        start = button(page, "Record Class 2 hands-free")
        start.click()
        dialog = page.get_by_role("dialog", name="Record Class 2 hands-free")
        for name, value in (("Countdown", "2"), ("Photos per", "10"), ("Duration", "2")):
            dialog.get_by_role("spinbutton", name=name).fill(value)
        expect(dialog).to_contain_text("Takes about 20 photos.")
        # What cannot be done is not taken.
        dialog.get_by_role("spinbutton", name="Duration").fill("0")
        button(dialog, "Start").click()
        expect(dialog).to_be_visible()
        dialog.get_by_role("spinbutton", name="Duration").fill("2")
        page.evaluate(WATCH_JS)
        button(dialog, "Start").click()
        expect(dialog).to_be_hidden()
        expect(status(page)).to_have_text(re.compile(r"Recorded \d+ photos? of Class 2\."))
        said = page.evaluate("said")
        assert [text for text in said if text.startswith("Stop")] == [
            "Stop · starts in 2",
            "Stop · starts in 1",
            "Stop recording",
        ]
        assert 1 <= pages.photos(page, "Class 2").count() <= 20
        expect(start).to_be_focused()
        button(page, "Undo").click()
        expect(pages.photos(page, "Class 2")).to_have_count(0)

        page.reload()
        button(page, "Record Class 1 hands-free").click()
        for name, value in (("Countdown", "2"), ("Photos per", "10"), ("Duration", "2")):
            expect(page.get_by_role("spinbutton", name=name)).to_have_value(value)


HIDE_JS = """
() => {
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => true});
  document.dispatchEvent(new Event('visibilitychange'));
  delete document.hidden;
}
"""


def test_hands_free_ends_by_button_by_escape_and_out_of_sight(opened: Opened) -> None:
    with opened(clock=True) as page:

        def begin(countdown: int) -> None:
            button(page, "Record Class 1 hands-free").click()
            page.get_by_role("spinbutton", name="Countdown").fill(str(countdown))
            page.get_by_role("spinbutton", name="Duration").fill("300")
            button(page, "Start").click()

        begin(60)
        page.keyboard.press("Escape")
        expect(status(page)).to_have_text("Nothing was recorded.")
        expect(pages.photos(page, "Class 1")).to_have_count(0)

        total = 0
        for end in (
            lambda: page.keyboard.press("Escape"),
            lambda: button(page, "Stop recording").click(),
            lambda: page.evaluate(HIDE_JS),
        ):
            begin(0)
            expect(pages.photos(page, "Class 1").nth(total + 1)).to_be_attached()
            end()
            expect(button(page, "Hold to record Class 1")).to_be_visible()
            expect(status(page)).to_have_text(re.compile(r"Recorded \d+ photos? of Class 1\."))
            total = pages.photos(page, "Class 1").count()
            # Time for five more; and this one comes after all that was begun.
            page.clock.run_for(1000)
            if button(page, "Start camera").is_visible():  # a camera may rest while nobody looks
                button(page, "Start camera").click()
            pages.take(page, "Class 2")
            assert pages.photos(page, "Class 1").count() == total, "recording goes on"


def test_photos_are_selected_moved_and_removed(opened: Opened, tmp_path: Path) -> None:
    files = [picture(tmp_path / f"{n}.png", (20 * n, 100, 50)) for n in range(8)]
    with opened() as page:
        choose(page, "Upload photos to Class 1", files)
        expect(status(page)).to_have_text("Added 8 photos to Class 1.")
        items = pages.photos(page, "Class 1")
        expect(items.first).to_have_attribute("aria-setsize", "8")
        expect(items.last).to_have_attribute("aria-posinset", "8")

        # One by one, by mouse and by key.
        button(page, "Remove photo 8 of Class 1").click()
        expect(button(page, "Remove photo 7 of Class 1")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(button(page, "Remove photo 6 of Class 1")).to_be_focused()
        page.keyboard.press("Delete")
        expect(status(page)).to_have_text("Removed 1 photo of Class 1.")
        expect(items).to_have_count(6)
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+z")
        expect(items).to_have_count(8)

        # Several: in a mode of its own, or at once with Ctrl and Shift.
        box = page.get_by_role("checkbox")
        button(page, "Select photos of Class 1").click()
        box.and_(page.get_by_label("Photo 5 of Class 1")).click()
        box.and_(page.get_by_label("Photo 3 of Class 1")).click(modifiers=["Shift"])
        expect(page.get_by_text("3 selected")).to_be_visible()
        page.keyboard.press("Space")
        expect(page.get_by_text("2 selected")).to_be_visible()
        button(page, "Move to").click()
        expect(button(page, "Move to Class 1")).to_have_count(0)
        button(page, "Move to Class 3").click()
        expect(status(page)).to_have_text("Moved 2 photos to Class 3.")
        expect(items).to_have_count(6)
        expect(pages.photos(page, "Class 3")).to_have_count(2)
        expect(box).to_have_count(0)

        button(page, "Enlarge photo 6 of Class 1").click(modifiers=["Control"])
        expect(box.and_(page.get_by_label("Photo 6 of Class 1"))).to_be_checked()
        expect(box.and_(page.get_by_label("Photo 6 of Class 1"))).to_be_focused()
        page.keyboard.press("Shift+ArrowRight")
        expect(page.get_by_text("2 selected")).to_be_visible()
        page.keyboard.press("Control+a")
        expect(page.get_by_text("6 selected")).to_be_visible()
        button(page, "Remove").click()
        expect(status(page)).to_have_text("Removed 6 photos of Class 1.")
        button(page, "Undo").click()
        expect(items).to_have_count(6)
        expect(box).to_have_count(0)


def test_a_photo_is_enlarged_leafed_moved_and_removed(opened: Opened, tmp_path: Path) -> None:
    files = [picture(tmp_path / f"{n}.png", (80 * n, 100, 50)) for n in range(3)]
    with opened() as page:
        choose(page, "Upload photos to Class 1", files)
        expect(pages.photos(page, "Class 1")).to_have_count(3)
        button(page, "Enlarge photo 2 of Class 1").click()
        dialog = page.get_by_role("dialog")
        title = dialog.get_by_role("heading")
        expect(title).to_have_text("Photo 2 of Class 1")
        button(dialog, "Older photo").click()
        expect(title).to_have_text("Photo 1 of Class 1")
        expect(button(dialog, "Older photo")).to_be_disabled()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(title).to_have_text("Photo 3 of Class 1")
        button(dialog, "Remove photo").click()
        expect(title).to_have_text("Photo 2 of Class 1")
        expect(pages.photos(page, "Class 1")).to_have_count(2)
        button(dialog, "Move to").click()
        button(dialog, "Move to Class 2").click()
        expect(title).to_have_text("Photo 1 of Class 1")
        expect(pages.photos(page, "Class 2")).to_have_count(1)
        button(dialog, "Remove photo").click()
        expect(dialog).to_have_count(0)
        expect(pages.photos(page, "Class 1")).to_have_count(0)
        expect(button(page, "Hold to record Class 1")).to_be_focused()


def many(built: Built, count: int) -> bytes:
    """A project file with so many made-up photos in one class, for the site's own backbone."""
    width = built.site.for_page()["backbone"]["features"]
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(5).integers(0, 256, (32, 32, 3), np.uint8)).save(buffer, "JPEG")
    project = Project(
        generator="onthefly 0.1.0",
        backbone=projects.backbone_of(built),
        preprocess=Preprocess(size=224, fit="crop"),
        settings=HeadSettings(**built.site.for_page()["head"]),
        classes=[
            ProjectClass(id=f"c{i + 1}", name=name, tone=i, folder=folder_of(name, i))
            for i, name in enumerate(("Many", "Few"))
        ],
        examples=[Example(i + 1, "c1" if i < count else "c2", buffer.getvalue()) for i in range(count + 2)],
        features=np.random.default_rng(6).random((count + 2, width), np.float32),
        head=None,
    )
    return write(project, model_name="Many", time_stamp=datetime(2024, 5, 6, tzinfo=timezone.utc))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("count", [800, pytest.param(10_000, marks=pytest.mark.long)])
def test_of_thousands_of_photos_only_those_near_by_stand_in_the_page(
    count: int, width: int, site: Callable[..., Built], opened: Opened, tmp_path: Path
) -> None:
    file = tmp_path / "many.zip"
    file.write_bytes(many(site("embedded"), count))
    with opened(width=width, height=844) as page:
        before = page.evaluate("document.querySelectorAll('*').length")
        with page.expect_file_chooser() as chooser:
            button(page, "Import").click()
        chooser.value.set_files(file)
        expect(status(page)).to_contain_text(f"Imported {count + 2} photos.")
        items = pages.photos(page, "Many")
        expect(items.first).to_have_attribute("aria-setsize", str(count))
        expect(items.first).to_have_attribute("aria-posinset", "1")

        def bounded() -> None:
            assert 4 < items.count() <= 250
            assert page.evaluate("document.querySelectorAll('*').length") < before + 2500

        bounded()
        # Keys lead to the far end and back, and what has the focus can be seen.
        button(page, f"Enlarge photo {count} of Many").focus()
        page.keyboard.press("End")
        last = button(page, "Enlarge photo 1 of Many")
        expect(last).to_be_focused()
        expect(last).to_be_in_viewport(ratio=0.5)
        expect(items.last).to_have_attribute("aria-posinset", str(count))
        bounded()
        page.keyboard.press("Delete")
        expect(items.last).to_have_attribute("aria-setsize", str(count - 1))
        expect(button(page, "Enlarge photo 1 of Many")).to_be_focused()
        page.keyboard.press("Home")
        expect(button(page, f"Enlarge photo {count - 1} of Many")).to_be_focused()
        # Scrolling half-way brings what belongs there; a place in the list has one place on the screen.
        area = page.get_by_role("list", name="Photos of Many").element_handle()
        page.evaluate(
            """(list) => {
              const scroller = list.parentElement;
              scroller.scrollIntoView({block: 'center'});
              if (scroller.scrollWidth > scroller.clientWidth) scroller.scrollLeft = scroller.scrollWidth / 2;
              else scroller.scrollTop = scroller.scrollHeight / 2;
            }""",
            area,
        )
        page.wait_for_function(
            """([list, wanted]) => {
              const {x, y, width, height} = list.parentElement.getBoundingClientRect();
              const hit = document.elementFromPoint(x + width * 0.4, y + height * 0.3)?.closest('li');
              return hit && Math.abs(hit.getAttribute('aria-posinset') - wanted) < 30;
            }""",
            arg=[area, count / 2],
        )
        bounded()
        button(page, "Select photos of Many").click()
        button(page, "All photos of Many").click()
        expect(page.get_by_text(f"{count - 1} selected")).to_be_visible()
        button(page, "Remove").click()
        expect(items).to_have_count(0)
        button(page, "Undo").click()
        expect(items.first).to_have_attribute("aria-setsize", str(count - 1))
