"""Examples from files and folders: chosen, dropped, pasted, upright, many at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from onthefly_studio.pipeline import Built
from tests.browser import pages
from tests.browser.pages import Opened, button, status
from tests.browser.uploads import choose, picture
from tests.support.camera import CHROMIUM_ARGS

BROWSER_FLAGS = CHROMIUM_ARGS


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
            "1 file is not a picture."
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
        expect(status(page)).to_have_text("1 file is not a picture.")


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
        expect(status(page)).to_have_text("Added 2 photos to Class 2. 1 file is not a picture.")
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
            "Added 7 photos to 2 classes. 1 file could not be read: a.png. 1 file is not a picture. "
            "1 photo next to the folders was left out."
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
        expect(page.get_by_text("Your photos will be added as soon as the model is loaded.")).to_be_visible()
        model.let_go()
        expect(pages.photos(page, "Class 1")).to_have_count(1)
