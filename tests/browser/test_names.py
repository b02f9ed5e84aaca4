"""Names whose letters are stored in two forms, as macOS and others do: one name, wherever it comes in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import pages
from tests.browser.pages import name_box

COMPOSED, APART = "Caf\u00e9", "Cafe\u0301"
OLD_SPELLING_JS = """
async (name) => {
  // The kept document with the name of its first class in other letters, as an older page wrote it.
  const done = (request, event = 'success') => new Promise((resolve, reject) => {
    request[`on${event}`] = () => resolve(request.result);
    request.onerror = request.onabort = () => reject(request.error);
  });
  const database = await done(indexedDB.open(`onthefly ${location.pathname}`));
  const writing = database.transaction('docs', 'readwrite');
  const store = writing.objectStore('docs');
  const [key] = await done(store.getAllKeys());
  const doc = await done(store.get(key));
  doc.classes[0].name = name;
  store.put(doc, key);
  await done(writing, 'complete');
  database.close();
}
"""
MODULE_JS = """
async ({composed, apart}) => {
  const {createClassifier} = await import(new URL('onthefly.js', document.baseURI));
  const refused = await createClassifier({classes: [apart, composed]}).catch(({code}) => code);
  const classifier = await createClassifier({classes: [apart, 'x']});
  const image = () => ({data: new Uint8Array(4 * 16 * 16).fill(90), width: 16, height: 16});
  const added = [await classifier.addExample(image(), apart), await classifier.addExample(image(), composed)];
  const told = {refused, classes: classifier.classes, added: added.map((each) => [each.class, each.count])};
  classifier.dispose();
  return told;
}
"""


def name(page: Page, position: int, text: str) -> None:
    name_box(page, position).fill(text)
    name_box(page, position).press("Enter")


def test_a_name_is_one_wherever_it_comes_in(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any, tmp_path: Path
) -> None:
    url = serving(site("embedded").out).url
    for number, path in enumerate([f"{APART}/1.png", "Leaf/2.png", "Leaf/more/3.png"]):
        file = tmp_path / "set" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (90 * number, 200, 60)).save(file)
    with chromium(camera=False) as visit:
        page = visit.page
        pages.open_ready(page, url)
        name(page, 1, APART)
        expect(name_box(page, 1)).to_have_value(COMPOSED)
        name_box(page, 2).fill(COMPOSED.upper().replace("\u00c9", "E\u0301"))
        expect(page.get_by_text("Two classes have this name.")).to_have_count(2)
        name(page, 2, "Leaf")

        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Add folders", exact=True).click()
        chooser.value.set_files(tmp_path / "set")
        expect(page.get_by_role("status")).to_have_text("Added 3 photos to 2 classes.")
        boxes = page.get_by_role("textbox", name="Name of class")
        assert [box.input_value() for box in boxes.all()] == [COMPOSED, "Leaf"]
        leaves = page.get_by_role("list", name="Photos of Leaf", exact=True).get_by_role("listitem")
        expect(leaves).to_have_count(2)

        told = page.evaluate(MODULE_JS, {"composed": COMPOSED, "apart": APART})
        assert told == {
            "refused": "bad-option",
            "classes": [COMPOSED, "x"],
            "added": [[COMPOSED, 1], [COMPOSED, 2]],
        }

        expect(page.get_by_text("Kept in this browser.", exact=True)).to_be_visible()
        page.evaluate(OLD_SPELLING_JS, APART)
        pages.open_ready(page, url)
        expect(name_box(page, 1)).to_have_value(COMPOSED)
        expect(leaves).to_have_count(2)
        assert visit.complaints == []
