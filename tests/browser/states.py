"""Every state of the page, one after another: what is looked at in each is the caller's."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from onthefly_studio.pipeline import Built
from tests.browser import cameras, pages
from tests.browser.pages import button
from tests.support.patience import PATIENCE_MS

COUNT = 26
"""How many there are."""

FOREIGN = "0" * 64
"""The hash of a model that no site has."""


def _teach(page: Page, class_name: str, scene: str, count: int) -> None:
    cameras.show(page, scene)
    pages.take(page, class_name, count)


def walk(page: Page, built: Built, url: str, folder: Path) -> Iterator[str]:
    """Lead the page through its states; each name is given while the page is in it.

    Args:
        page: of a browser whose motion is reduced, so that nothing is half way.
        folder: for the files that the page writes.
    """
    cameras.install(page)
    shards = [shard["url"] for shard in built.site.for_page()["model"]["shards"]]
    model = pages.Held(page, "**/" + shards[-1])
    page.goto(url)
    expect(page.get_by_role("progressbar", name="Model download")).to_be_visible()
    expect(button(page, "Stop camera")).to_be_visible()
    model.until_asked()
    yield "loading"

    model.let_go()
    expect(page.get_by_role("status")).to_have_text("The model is ready.", timeout=PATIENCE_MS)
    yield "ready"

    button(page, "Hold to record Class 1").focus()
    page.keyboard.down("Space")
    expect(pages.photos(page, "Class 1").nth(2)).to_be_attached()
    yield "recording"
    page.keyboard.up("Space")

    live = page.get_by_role("switch", name="Live", exact=True)
    live.click()
    _teach(page, "Class 2", "standing", 4)
    yield "photos"

    page.get_by_text("Settings and curves").click()
    fields = {"Epochs": "1000", "Batch size": "1", "Hidden units": "4096"}
    for name, value in fields.items():
        field = page.get_by_role("textbox", name=name, exact=True)
        field.fill(value)
        field.press("Enter")
    button(page, "Train").click()
    expect(page.get_by_text(re.compile("^Epoch .* of 1000"))).to_be_visible()
    yield "training"

    button(page, "Stop").click()
    expect(page.get_by_role("status")).to_have_text("Training was stopped.")
    field = page.get_by_role("textbox", name="Epochs")
    field.fill("0")
    field.press("Enter")
    expect(page.get_by_text(re.compile("^Not accepted"))).to_be_visible()
    yield "settings, one of them wrong"

    button(page, "Back to the site’s settings").click()
    button(page, "Train").click()
    expect(page.get_by_text(re.compile("of its own photos right"))).to_be_visible()
    page.get_by_text("The figures").click()
    yield "settings and curves"

    page.get_by_text("Settings and curves").click()
    expect(page.get_by_role("progressbar", name="Class 2")).to_have_attribute("aria-valuetext", pages.PERCENT)
    yield "answering"

    button(page, "Show mode").click()
    expect(page.get_by_role("dialog", name="Show mode")).to_contain_text("Class")
    yield "show mode"
    button(page, "Leave show mode").click()

    picture = cameras.paint(page, "lying")
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Photo to try").evaluate("(input) => input.click()")
    chooser.value.set_files({"name": "red.png", "mimeType": "image/png", "buffer": picture})
    expect(page.get_by_role("img", name="The photo red.png")).to_be_visible()
    yield "a photo in the camera's place"
    button(page, "Back to the camera").click()

    button(page, "Camera and answer options").click()
    slider = page.get_by_role("slider", name="Say “not sure” below")
    slider.focus()
    page.keyboard.press("End")
    yield "camera menu"
    page.keyboard.press("Escape")

    # The same under two names: neither can be far ahead.
    _teach(page, "Class 3", "standing", 4)
    button(page, "Train").click()
    expect(page.get_by_text("Not sure", exact=True).first).to_be_visible()
    yield "not sure"

    page.get_by_text("Under the hood").click()
    expect(page.get_by_role("table", name="What it takes for what")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name="Photos most often confused")).to_be_visible()
    yield "under the hood"

    button(page, "Stop camera").click()
    page.get_by_role("button", name=re.compile("^Enlarge: Shows")).first.click()
    yield "a confused photo"
    page.keyboard.press("Escape")
    page.get_by_text("Under the hood").click()

    button(page, "Enlarge photo 2 of Class 1").click()
    expect(page.get_by_role("dialog", name="Photo 2 of Class 1")).to_be_visible()
    yield "a photo enlarged"
    page.keyboard.press("Escape")

    button(page, "More for Class 2").click()
    yield "menu of a class"
    page.keyboard.press("Escape")

    button(page, "Start camera").click()
    expect(button(page, "Stop camera")).to_be_visible()
    button(page, "Record Class 1 hands-free").click()
    yield "hands-free"
    page.get_by_role("spinbutton", name="Countdown in seconds").fill("10")
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name=re.compile("^Stop · starts in"))).to_be_visible()
    yield "counting down"
    page.keyboard.press("Escape")

    button(page, "Select photos of Class 1").click()
    page.get_by_role("checkbox", name="Photo 1 of Class 1").click()
    button(page, "Move to").click()
    yield "selection, and where to move it"
    page.keyboard.press("Escape")
    button(page, "Done").click()

    button(page, "Remove Class 3").click()
    box = page.get_by_role("textbox", name="Name of class 2", exact=True)
    box.fill("Class 1")
    expect(page.get_by_text("Two classes have this name.").first).to_be_visible()
    yield "two classes of one name"
    box.fill("Class 2")
    box.press("Enter")

    with page.expect_file_chooser() as chooser:
        button(page, "Upload photos to Class 1").click()
    broken: list[FilePayload] = [
        {"name": f"IMG_{i}.heic", "mimeType": "image/heic", "buffer": b"no picture"} for i in range(12)
    ]
    notes: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"words"}
    chooser.value.set_files([*broken, notes])
    expect(page.get_by_role("heading", name=re.compile("could not be read"))).to_be_visible()
    yield "files that could not be read"
    button(page, "Close this message").click()

    button(page, "Projects").click()
    dialog = page.get_by_role("dialog", name="Projects in this browser")
    dialog.get_by_role("button", name=re.compile("^Delete")).first.click()
    expect(dialog).to_contain_text("deleted for good")
    yield "projects"
    dialog.get_by_role("button", name="Close").click()

    button(page, "Use it in code").click()
    yield "code"
    page.keyboard.press("Escape")

    button(page, "Reset").click()
    yield "reset"
    page.keyboard.press("Escape")

    with page.expect_download() as download:
        button(page, "Export").click()
    path = folder / "foreign.zip"
    _as_of_another_site(Path(download.value.path()), path)
    with page.expect_file_chooser() as chooser:
        button(page, "Import").click()
    chooser.value.set_files(path)
    expect(page.get_by_text("made on a site with another backbone")).to_be_visible()
    yield "an import of another backbone"
    button(page, "Leave it").click()

    button(page, "Stop camera").click()
    page.evaluate("() => { studio.refuse = () => 'NotReadableError' }")
    button(page, "Start camera").click()
    expect(page.get_by_role("alert").filter(has_text="Another program may be using it")).to_be_visible()
    yield "camera fault"


def _as_of_another_site(read: Path, write: Path) -> None:
    """Write a project as if a site with another model had made it."""
    with zipfile.ZipFile(read) as old, zipfile.ZipFile(write, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "project.json":
                told = json.loads(data)
                told["backbone"]["modelHash"] = FOREIGN
                data = json.dumps(told).encode()
            new.writestr(name, data)
