"""Export and Import, as a visitor uses them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import pages


def choose_file(page: Page, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import", exact=True).click()
    chooser.value.set_files(file)


def test_what_was_taught_goes_through_a_file(url: str, chromium: Any, tmp_path: Path) -> None:
    file = tmp_path / "project.zip"
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, url)
        page.get_by_role("button", name="Export", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("nothing to export")
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        page.get_by_role("textbox", name="Name of class 1", exact=True).fill("Cup")
        for name in ("Cup", "Class 2"):
            pages.take(page, name, 2)
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Trained on 4 photos")
        with page.expect_download() as download:
            page.get_by_role("button", name="Export", exact=True).click()
        download.value.save_as(file)
        expect(page.get_by_role("status")).to_have_text("Exported 4 photos.")
        assert download.value.suggested_filename == "On-the-Fly.zip"
        assert visit.complaints == []
    with zipfile.ZipFile(file) as archive:
        described = json.loads(archive.read("project.json"))
        assert [entry["name"] for entry in described["classes"]] == ["Cup", "Class 2", "Class 3"]
        assert "head.f32" in archive.namelist()
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, url)
        choose_file(page, file)
        expect(page.get_by_role("status")).to_have_text("Imported 4 photos.")
        expect(pages.photos(page, "Cup")).to_have_count(2)
        expect(pages.photos(page, "Class 2")).to_have_count(2)
        # The head came along: the bars move without training.
        bar = page.get_by_role("progressbar", name="Cup", exact=True)
        expect(bar).to_have_attribute("aria-valuetext", pages.PERCENT)
        pages.take(page, "Cup")
        expect(pages.photos(page, "Cup")).to_have_count(3)
        assert visit.complaints == []


def test_a_broken_file_is_refused_and_nothing_is_lost(url: str, chromium: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 cut off")
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, url)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        pages.take(page, "Class 1")
        choose_file(page, broken)
        expect(page.get_by_role("status")).to_contain_text("was not imported, and nothing was changed")
        expect(pages.photos(page, "Class 1")).to_have_count(1)
        assert visit.complaints == []


def test_a_file_of_another_backbone_can_be_learned_anew(
    url: str, site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any, tmp_path: Path
) -> None:
    file = tmp_path / "project.zip"
    other = serving(site("embedded", "float32").out).url
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, other)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        for name in ("Class 1", "Class 2"):
            pages.take(page, name)
        with page.expect_download() as download:
            page.get_by_role("button", name="Export", exact=True).click()
        download.value.save_as(file)
        pages.open_ready(page, url)
        choose_file(page, file)
        expect(page.get_by_role("alert")).to_contain_text("another backbone")
        page.get_by_role("button", name="Learn the photos anew").click()
        expect(page.get_by_role("status")).to_contain_text("Imported 2 photos. Press Train")
        expect(pages.photos(page, "Class 2")).to_have_count(1)
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Trained on 2 photos")
        assert visit.complaints == []
