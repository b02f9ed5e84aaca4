"""What a visitor teaches is still there at the next visit: kept in the browser, as projects."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import pages
from tests.browser.pages import button, record_seen, status

KEPT = "Kept in this browser."
NAMELESS = "Project without a name"
DELETING = "Deleting. Thousands of photos take a while."
SAID_JS = """
() => {
  // What the page says of a deletion, however short it is.
  window.said = [];
  new MutationObserver(() => {
    for (const one of document.querySelectorAll('[aria-live], [role=status]')) said.push(one.textContent);
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}
"""


def wait_until_kept(page: Page) -> None:
    expect(page.get_by_text(KEPT, exact=True)).to_be_visible()


def wait_until_the_head_is_kept(page: Page) -> None:
    """A head is written some time after it was trained, and the page says nothing of that."""
    pages.wait_for_promise(
        page,
        """async () => {
          const wait = (request) => new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
          const [{name}] = await indexedDB.databases();
          const database = await wait(indexedDB.open(name));
          const count = await wait(database.transaction('heads').objectStore('heads').count());
          database.close();
          return count === 1;
        }""",
        "one head in the browser's database",
    )
    wait_until_kept(page)


def test_a_reload_brings_everything_back(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, url)
        expect(page.get_by_text("What you teach is kept in this browser.")).to_be_visible()
        name = page.get_by_role("textbox", name="Name of class 1", exact=True)
        name.fill("Cup")
        name.press("Enter")
        for _ in range(3):
            record_seen(page, "Cup", 1)
            pages.next_frame(page)
        record_seen(page, "Class 2", 2)
        button(page, "Remove photo 1 of Cup").click()
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 4 photos")
        expect(pages.photos(page, "Cup")).to_have_count(2)
        wait_until_the_head_is_kept(page)
        before = pages.pictures(page, "Cup")
        said = page.get_by_text(re.compile("of its own photos right")).inner_text()

        pages.open_ready(page, url)
        expect(pages.photos(page, "Cup")).to_have_count(2)
        assert pages.pictures(page, "Cup") == before
        assert len(set(before)) == 2
        expect(pages.photos(page, "Class 2")).to_have_count(2)
        # The head is back without training, and up to date.
        expect(page.get_by_text(said)).to_be_visible()
        bar = page.get_by_role("progressbar", name="Cup", exact=True)
        expect(bar).to_have_attribute("aria-valuetext", pages.PERCENT)
        # And the worker has the photos too: it can train on them, and add to them.
        record_seen(page, "Cup", 1)
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 5 photos")
        assert visit.complaints == []


WRITTEN_JS = """
{
  // How many photos the disk has, and how many the page shows, when the page goes.
  let written = 0;
  const {put} = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...given) {
    const asked = put.apply(this, given);
    if (this.name === 'examples') this.transaction.addEventListener('complete', () => { written += 1; });
    return asked;
  };
  window.written = () => written;
  addEventListener('pagehide', () => {
    const list = document.querySelector('[aria-label="Photos of Class 2"]');
    sessionStorage.setItem('gone', JSON.stringify([written, list?.children.length ?? 0]));
  });
}
"""


def test_a_reload_in_the_middle_of_recording_loses_nothing(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        page.add_init_script(WRITTEN_JS)
        pages.open_ready(page, url)
        expect(button(page, "Stop camera")).to_be_visible()
        hold = button(page, "Hold to record Class 2")
        hold.hover()
        page.mouse.down()
        page.wait_for_function("() => written() >= 8")
        page.evaluate("() => { location.reload() }")
        expect(status(page)).to_contain_text("The model is ready")
        written, seen = page.evaluate("JSON.parse(sessionStorage.getItem('gone'))")
        assert written >= 8
        # The last ones may have been on the page for a moment before they were on the disk.
        expect(pages.photos(page, "Class 2").nth(written - 1)).to_be_attached()
        assert written <= pages.photos(page, "Class 2").count() <= seen
        page.mouse.up()
        assert visit.complaints == []


def test_several_projects_are_kept_opened_and_deleted(url: str, chromium: Any) -> None:
    with chromium(width=390, height=844) as visit:
        page = visit.page
        pages.open_ready(page, url)
        record_seen(page, "Class 1", 2)
        page.get_by_role("textbox", name="Name of this project").fill("First")
        page.keyboard.press("Enter")
        button(page, "Projects").click()
        dialog = page.get_by_role("dialog", name="Projects in this browser")
        expect(dialog.get_by_role("listitem")).to_have_count(1)
        expect(dialog).to_contain_text("2 photos")
        dialog.get_by_role("button", name="New project").click()
        expect(dialog).to_be_hidden()
        expect(pages.photos(page, "Class 1")).to_have_count(0)
        expect(page.get_by_role("textbox", name="Name of this project")).to_have_value("")
        record_seen(page, "Class 3", 1)
        wait_until_kept(page)

        button(page, "Projects").click()
        expect(dialog.get_by_role("listitem")).to_have_count(2)
        dialog.get_by_role("button", name="Open First").click()
        expect(status(page)).to_have_text("Opened First.")
        expect(pages.photos(page, "Class 1")).to_have_count(2)
        expect(pages.photos(page, "Class 3")).to_have_count(0)

        # The project that is open at the end is the one at the next visit.
        pages.open_ready(page, url)
        expect(pages.photos(page, "Class 1")).to_have_count(2)
        button(page, "Projects").click()
        dialog.get_by_role("button", name=f"Delete {NAMELESS}").click()
        expect(dialog).to_contain_text("deleted for good")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog.get_by_role("listitem")).to_have_count(2)
        dialog.get_by_role("button", name=f"Delete {NAMELESS}").click()
        page.evaluate(SAID_JS)
        dialog.get_by_role("button", name="Delete it").click()
        expect(dialog.get_by_role("listitem")).to_have_count(1)
        assert DELETING in page.evaluate("window.said"), "a large project takes a while"
        dialog.get_by_role("button", name="Close").click()

        button(page, "Reset").click()
        page.evaluate("() => { window.said.length = 0 }")
        page.get_by_role("button", name="Forget everything").click()
        expect(status(page)).to_have_text("Everything was forgotten.")
        assert DELETING in page.evaluate("window.said")
        pages.open_ready(page, url)
        expect(pages.photos(page, "Class 1")).to_have_count(0)
        button(page, "Projects").click()
        expect(dialog).to_contain_text("There is no other project.")
        assert visit.complaints == []


def test_an_import_leaves_the_project_before_it_in_its_place(url: str, chromium: Any, tmp_path: Path) -> None:
    file = tmp_path / "cups.zip"
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, url)
        record_seen(page, "Class 1", 2)
        with page.expect_download() as download:
            button(page, "Export").click()
        download.value.save_as(file)
        record_seen(page, "Class 2", 1)
        with page.expect_file_chooser() as chooser:
            button(page, "Import").click()
        chooser.value.set_files(file)
        expect(status(page)).to_contain_text("Imported 2 photos.")
        expect(pages.photos(page, "Class 2")).to_have_count(0)
        expect(page.get_by_role("textbox", name="Name of this project")).to_have_value("cups")
        wait_until_kept(page)
        pages.open_ready(page, url)
        expect(pages.photos(page, "Class 1")).to_have_count(2)
        expect(pages.photos(page, "Class 2")).to_have_count(0)
        button(page, "Projects").click()
        button(page, f"Open {NAMELESS}").click()
        expect(pages.photos(page, "Class 2")).to_have_count(1)
        assert visit.complaints == []


def test_undo_is_kept_too(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, url)
        record_seen(page, "Class 1", 2)
        record_seen(page, "Class 2", 1)
        button(page, "Remove Class 1").click()
        button(page, "Undo").click()
        expect(pages.photos(page, "Class 1")).to_have_count(2)
        button(page, "Remove photo 2 of Class 1").click()
        wait_until_kept(page)
        pages.open_ready(page, url)
        expect(pages.photos(page, "Class 1")).to_have_count(1)
        expect(pages.photos(page, "Class 2")).to_have_count(1)
        assert visit.complaints == []


def test_where_nothing_is_kept_the_page_says_so(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        page.add_init_script(
            "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };"
        )
        pages.open_ready(page, url)
        said = page.get_by_text(re.compile("^Not kept in this browser: .* Export it before you leave"))
        expect(said).to_be_visible()
        record_seen(page, "Class 1", 1)
        expect(said).to_be_visible()
        button(page, "Projects").click()
        expect(page.get_by_role("dialog")).to_contain_text("Not kept in this browser")
        assert visit.complaints == []


def test_a_project_open_in_another_tab_is_left_alone(url: str, chromium: Any) -> None:
    with chromium() as visit:
        first = visit.page
        pages.open_ready(first, url)
        record_seen(first, "Class 1", 2)
        wait_until_kept(first)
        second = first.context.new_page()
        pages.open_ready(second, url)
        expect(pages.photos(second, "Class 1")).to_have_count(0)
        button(second, "Projects").click()
        button(second, f"Open {NAMELESS}").click()
        expect(status(second)).to_contain_text("open in another tab")
        expect(pages.photos(second, "Class 1")).to_have_count(0)
        first.close()
        # The browser lets go of what a tab held a moment after it has gone.
        unlocked = "async () => (await navigator.locks.query()).held.length === 0"
        pages.wait_for_promise(second, unlocked, "no lock of the tab that was closed")
        button(second, f"Open {NAMELESS}").click()
        expect(pages.photos(second, "Class 1")).to_have_count(2)
        assert visit.complaints == []


def test_after_an_update_of_the_model_photos_are_learned_anew(
    url: str, site: Callable[..., Built], chromium: Any, serving: Callable[[Path], SiteServer], tmp_path: Path
) -> None:
    """The same address with other weights: what was taught before is still of use."""
    folder = tmp_path / "site"
    folder.symlink_to(site("embedded").out, target_is_directory=True)
    address = serving(folder).url
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, address)
        record_seen(page, "Class 1", 2)
        record_seen(page, "Class 2", 2)
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 4 photos")
        wait_until_the_head_is_kept(page)
        folder.unlink()
        folder.symlink_to(site("embedded", "float32").out, target_is_directory=True)
        pages.open_ready(page, address)
        expect(pages.photos(page, "Class 1")).to_have_count(2)
        # The head of the other model is gone: the one that answers was trained on what was learned anew.
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 4 photos")
        wait_until_the_head_is_kept(page)
        pages.open_ready(page, address)
        expect(page.get_by_text(re.compile("of its own photos right"))).to_be_visible()
        assert visit.complaints == []


def test_the_model_goes_into_a_file_of_its_own(url: str, chromium: Any, tmp_path: Path) -> None:
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, url)
        button(page, "Export model").click()
        expect(status(page)).to_have_text("There is no model yet. Record photos for two classes first.")
        page.get_by_role("textbox", name="Name of this project").fill("Cups & hands")
        record_seen(page, "Class 1", 1)
        record_seen(page, "Class 2", 1)
        page.get_by_role("switch", name="Live").check()
        expect(page.get_by_text(re.compile("of its own photos right"))).to_be_visible()
        with page.expect_download() as download:
            button(page, "Export model").click()
        assert download.value.suggested_filename == "Cups-hands-model.zip"
        download.value.save_as(tmp_path / "model.zip")
        assert visit.complaints == []
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        assert {"model.json", "metadata.json", "index.html"} <= set(archive.namelist())


def test_code_is_there_to_be_copied(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        pages.open_ready(page, url)
        button(page, "Use it in code").click()
        dialog = page.get_by_role("dialog", name="Use it in code")
        dialog.get_by_role("button", name="Copy").first.click()
        expect(dialog.get_by_role("button", name="Copied")).to_have_count(1)
        assert f"from '{url}onthefly.js'" in page.evaluate("navigator.clipboard.readText()")
        assert visit.complaints == []


def test_a_site_with_a_project_answers_at_once_and_leaves_it_to_its_visitors(
    url: str, site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any, tmp_path: Path
) -> None:
    file = tmp_path / "project.zip"
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, url)
        record_seen(page, "Class 1", 2)
        record_seen(page, "Class 2", 2)
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 4 photos")
        with page.expect_download() as download:
            button(page, "Export").click()
        download.value.save_as(file)
    given = serving(site("embedded", project=str(file)).out).url
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, given)
        expect(pages.photos(page, "Class 1")).to_have_count(2)
        bar = page.get_by_role("progressbar", name="Class 1", exact=True)
        expect(bar).to_have_attribute("aria-valuetext", pages.PERCENT)
        expect(page.get_by_text("What you teach is kept in this browser.")).to_be_visible()
        # Not the visitor's own until it is changed; from then on all of it is.
        button(page, "Projects").click()
        expect(page.get_by_role("dialog")).to_contain_text("There is no other project.")
        page.keyboard.press("Escape")
        record_seen(page, "Class 2", 1)
        wait_until_kept(page)
        pages.open_ready(page, given)
        expect(pages.photos(page, "Class 1")).to_have_count(2)
        expect(pages.photos(page, "Class 2")).to_have_count(3)
        assert visit.complaints == []
