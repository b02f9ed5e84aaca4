"""Pictures' files, and giving them to the page."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.pages import button


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
