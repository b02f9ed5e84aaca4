"""Examples as a visitor gives, sees and sorts them: hands-free, from files and folders, thousands of them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.project.format.model import Example, Project
from onthefly_studio.project.format.schema import Backbone, Preprocess, ProjectClass, folder_of
from onthefly_studio.project.format.write import write
from onthefly_studio.reference.training import HeadSettings
from onthefly_studio.site.server import SiteServer
from tests.browser import pages
from tests.conftest import Visit

Opened = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def browser(chromium: Any) -> Iterator[Browser]:
    """One browser for all tests here; each has a context of its own."""
    with chromium() as visit:
        yield visit.page.context.browser


@pytest.fixture
def url(site: Callable[..., Built], serving: Callable[[Path], SiteServer]) -> str:
    return serving(site("embedded").out).url


@pytest.fixture
def opened(browser: Browser, url: str) -> Opened:
    """Opens a page with its camera on, and afterwards demands that nothing was complained of."""

    @contextmanager
    def open_page(*, ready: bool = True, clock: bool = False, **options: Any) -> Iterator[Page]:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "service_workers": "block", **options}
        )
        try:
            visit = Visit(context.new_page())
            if clock:
                visit.page.clock.install()
            if ready:
                pages.open_ready(visit.page, url)
                expect(button(visit.page, "Stop camera")).to_be_visible()
            yield visit.page
            assert visit.complaints == []
        finally:
            context.close()

    return open_page


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def status(page: Page) -> Locator:
    return page.get_by_role("status")


def choose(page: Page, name: str, files: Path | list[Path]) -> None:
    """Give files to the picker behind a button."""
    with page.expect_file_chooser() as chooser:
        button(page, name).click()
    chooser.value.set_files(files)


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> Path:
    """A picture of one colour, in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


PIXELS_JS = """
(image) => {
  // Colours of a picture on the page at the middle of its top, bottom, left and right.
  const {naturalWidth: width, naturalHeight: height} = image;
  const canvas = new OffscreenCanvas(width, height);
  const drawing = canvas.getContext('2d', {willReadFrequently: true});
  drawing.drawImage(image, 0, 0);
  const at = (x, y) => [...drawing.getImageData(x, y, 1, 1).data.slice(0, 3)];
  const [right, bottom] = [width - 4, height - 4];
  return [[width, height], at(width / 2, 4), at(width / 2, bottom), at(4, height / 2), at(right, height / 2)];
}
"""


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


def test_good_files_are_taken_and_the_others_named(opened: Opened, tmp_path: Path) -> None:
    files = [picture(tmp_path / "red.png", (200, 0, 0)), picture(tmp_path / "green.jpg", (0, 150, 0))]
    for name in ("phone.heic", "torn.jpg"):
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftypheic, and nothing after it")
        files.append(tmp_path / name)
    for name in ("notes.txt", ".DS_Store"):
        (tmp_path / name).write_text("words")
        files.append(tmp_path / name)
    with opened() as page:
        choose(page, "Upload photos to Class 2", files)
        expect(status(page)).to_have_text(
            "Added 2 photos to Class 2. 2 files could not be read: phone.heic, torn.jpg. "
            "1 file is no picture."
        )
        expect(pages.photos(page, "Class 2")).to_have_count(2)
        told = page.get_by_role("region", name="2 files could not be read")
        expect(told.get_by_role("listitem")).to_have_text(["phone.heic", "torn.jpg"])
        button(told, "Close this message").click()
        expect(told).to_have_count(0)
        button(page, "Undo").click()
        expect(status(page)).to_have_text("Undone: 2 photos of Class 2.")
        expect(pages.photos(page, "Class 2")).to_have_count(0)

        choose(page, "Upload photos to Class 1", tmp_path / "notes.txt")
        expect(status(page)).to_have_text("1 file is no picture.")


def test_uploads_are_upright_cropped_and_not_mirrored(opened: Opened, tmp_path: Path) -> None:
    # Stored lying: red, white, blue from left to right; to be turned by 90 degrees, so that red is on top.
    lying = np.zeros((100, 300, 3), np.uint8)
    lying[:, :120], lying[:, 120:180], lying[:, 180:] = (255, 0, 0), (255, 255, 255), (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(lying).save(tmp_path / "turned.png", exif=exif)
    sides = np.zeros((100, 200, 3), np.uint8)
    sides[:, :100], sides[:, 100:] = (255, 0, 0), (0, 0, 255)
    Image.fromarray(sides).save(tmp_path / "sides.png")
    with opened() as page:
        choose(page, "Upload photos to Class 1", [tmp_path / "turned.png"])
        expect(pages.photos(page, "Class 1")).to_have_count(1)
        button(page, "Enlarge photo 1 of Class 1").click()
        shown = page.get_by_role("dialog").get_by_role("img", name="Photo 1 of Class 1")
        size, top, bottom, left, _ = shown.evaluate(PIXELS_JS)
        assert size == [224, 224]
        # Its middle square: a third of its length, white in the middle and the colours at its ends.
        assert top[0] > 200 and top[2] < 60, top
        assert bottom[2] > 200 and bottom[0] < 60, bottom
        assert min(left) > 200, left
        expect(page.get_by_role("dialog")).to_contain_text("This square is what the model learns from.")
        page.keyboard.press("Escape")
        choose(page, "Upload photos to Class 2", [tmp_path / "sides.png"])
        expect(pages.photos(page, "Class 2")).to_have_count(1)
        button(page, "Enlarge photo 1 of Class 2").click()
        shown = page.get_by_role("dialog").get_by_role("img", name="Photo 1 of Class 2")
        *_, left, right = shown.evaluate(PIXELS_JS)
        assert left[0] > 200 and right[2] > 200
        assert shown.evaluate("(one) => getComputedStyle(one).transform") == "none"


TRANSFER_JS = """
async ({names, colour}) => {
  const transfer = new DataTransfer();
  for (const name of names) {
    const canvas = new OffscreenCanvas(32, 32);
    const drawing = canvas.getContext('2d');
    drawing.fillStyle = colour;
    drawing.fillRect(0, 0, 32, 32);
    const png = await canvas.convertToBlob({type: 'image/png'});
    const isPicture = name.endsWith('.png');
    transfer.items.add(isPicture ? new File([png], name, {type: 'image/png'}) : new File(['?'], name));
  }
  return transfer;
}
"""


def test_pictures_are_dropped_on_a_class_and_pasted_into_one(opened: Opened) -> None:
    with opened() as page:
        dropped = page.evaluate_handle(TRANSFER_JS, {"names": ["a.png", "b.png", "c.txt"], "colour": "red"})
        card = page.get_by_role("listitem").filter(has=button(page, "Remove Class 2"))
        card.dispatch_event("dragover", {"dataTransfer": dropped})
        expect(card.get_by_text("Add to Class 2")).to_be_visible()
        card.dispatch_event("drop", {"dataTransfer": dropped})
        expect(status(page)).to_have_text("Added 2 photos to Class 2. 1 file is no picture.")
        expect(card.get_by_text("Add to Class 2")).to_have_count(0)
        expect(pages.photos(page, "Class 2")).to_have_count(2)
        # Beside the classes a picture has no place, and does not open in the page's stead either.
        beside = page.get_by_role("listitem").filter(has=button(page, "Add class"))
        beside.dispatch_event("drop", {"dataTransfer": dropped})
        expect(status(page)).to_have_text("Drop photos on the class they belong to.")
        refused = page.get_by_role("heading", level=1).evaluate(
            """(title, dataTransfer) => ['dragover', 'drop'].map((kind) =>
              !title.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer})))""",
            dropped,
        )
        assert refused == [True, True]

        paste = """(transfer) => document.activeElement.dispatchEvent(
          new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true, cancelable: true}))"""
        pasted = page.evaluate_handle(TRANSFER_JS, {"names": ["image.png"], "colour": "blue"})
        page.evaluate("document.activeElement.blur()")
        page.evaluate(paste, pasted)
        expect(status(page)).to_have_text("Added 1 photo to Class 2.")  # the one used last
        button(page, "Remove Class 3").focus()
        page.evaluate(paste, pasted)
        expect(status(page)).to_have_text("Added 1 photo to Class 3.")
        expect(pages.photos(page, "Class 3")).to_have_count(1)
        # Words are no business of the classes.
        page.get_by_role("textbox", name="Name of class 1").fill("")
        page.evaluate("() => navigator.clipboard.writeText('Cup').catch(() => {})")
        expect(pages.photos(page, "Class 3")).to_have_count(1)


def test_folders_become_classes_in_one_step(opened: Opened, tmp_path: Path) -> None:
    root = tmp_path / "set"
    for number in range(3):
        picture(root / "train" / "cat" / f"{number}.png", (200, 20 * number, 0))
        picture(root / "train" / "Dog" / f"{number}.png", (0, 20 * number, 200))
    picture(root / "test" / "cat" / "x.jpg", (200, 200, 0))
    picture(root / "cover.png", (1, 2, 3))
    (root / "empty").mkdir()
    (root / "readme.md").write_text("words")
    (root / "train" / "cat" / "._0.png").write_bytes(b"litter")
    (root / "train" / "broken").mkdir()
    (root / "train" / "broken" / "a.png").write_bytes(b"no picture")
    with opened() as page:
        page.get_by_role("textbox", name="Name of class 2").fill("dog ")
        page.keyboard.press("Enter")
        choose(page, "Add folders", root)
        expect(status(page)).to_have_text(
            "Added 7 photos to 2 classes. 1 file could not be read: a.png. 1 file is no picture. "
            "1 photo beside the folders was left out."
        )
        # The class that was there by that name, in any case, is used; untouched ones gave way, and
        # a folder of which nothing could be read left no class behind.
        boxes = page.get_by_role("textbox", name="Name of class")
        assert [box.input_value() for box in boxes.all()] == ["dog ", "cat"]
        expect(pages.photos(page, "dog")).to_have_count(3)
        expect(pages.photos(page, "cat")).to_have_count(4)
        button(page, "Undo").click()
        expect(status(page)).to_have_text("Undone: 7 photos of 2 classes.")
        assert [box.input_value() for box in boxes.all()] == ["Class 1", "dog ", "Class 3"]
        button(page, "Redo").click()
        expect(pages.photos(page, "cat")).to_have_count(4)
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 7 photos")


DECODING_JS = """
// Only so many pictures are decoded until `decodeOn` is called.
window.decoded = 0;
window.onwards = new Promise((go) => (window.decodeOn = go));
const decode = window.createImageBitmap;
window.createImageBitmap = async (given, ...rest) => {
  if (given instanceof Blob && ++window.decoded > 24) await window.onwards;
  return decode(given, ...rest);
};
"""


def test_a_long_upload_shows_how_far_it_is_and_can_be_cancelled(opened: Opened, tmp_path: Path) -> None:
    total = 80
    for number in range(total):
        picture(tmp_path / "set" / f"class {number % 4}" / f"{number}.png", (number, 90, 2 * number))
    with opened() as page:
        page.evaluate(f"() => {{ {DECODING_JS} }}")
        choose(page, "Add folders", tmp_path / "set")
        progress = page.get_by_role("progressbar", name="Adding photos")
        expect(progress).to_be_visible()
        page.wait_for_function("(bar) => bar.value > 3", arg=progress.element_handle())
        # The page answers meanwhile.
        button(page, "Add class").click()
        page.keyboard.type("Another")
        button(page, "Cancel").click()
        page.evaluate("decodeOn()")
        told = re.compile(rf"^Stopped: added \d+ of {total} photos\.$")
        expect(status(page)).to_have_text(told)
        expect(progress).to_have_count(0)
        match = re.search(r"added (\d+)", status(page).inner_text())
        assert match and 3 < int(match[1]) < total
        names = [box.input_value() for box in page.get_by_role("textbox", name="Name of class").all()]
        assert "Another" in names
        assert sum(pages.photos(page, name).count() for name in names) == int(match[1])


def test_photos_chosen_before_the_model_is_there_are_added_when_it_is(
    site: Callable[..., Built], url: str, opened: Opened, tmp_path: Path
) -> None:
    shards = site("embedded").site.for_page()["model"]["shards"]
    with opened(ready=False) as page:
        model = pages.Held(page, "**/" + shards[-1]["url"])
        page.goto(url)
        choose(page, "Upload photos to Class 1", picture(tmp_path / "a.png", (9, 99, 9)))
        expect(page.get_by_text("Your photos are added as soon as the model has arrived.")).to_be_visible()
        model.let_go()
        expect(pages.photos(page, "Class 1")).to_have_count(1)


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
    told, model = built.site.for_page()["backbone"], built.site.for_page()["model"]
    width = told["features"]
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(5).integers(0, 256, (32, 32, 3), np.uint8)).save(buffer, "JPEG")
    backbone = {key: told[key] for key in ("name", "kind", "sha256", "features")}
    project = Project(
        generator="onthefly 0.1.0",
        backbone=Backbone.model_validate(
            {**backbone, "modelHash": model["hash"], "precision": built.site.for_page()["precision"]}
        ),
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
    with opened(viewport={"width": width, "height": 844}) as page:
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
