"""Makes the pictures of the page that the README shows: `python -m tools.screenshots [FOLDER]`.

What the camera sees is drawn here, so the pictures show nobody and belong to the project. A real browser
opens a site built from the embedded weights and is taught with the drawings.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from onthefly_studio.cache import Cache
from onthefly_studio.config import load
from onthefly_studio.pipeline import build
from onthefly_studio.places import PROJECT_ROOT
from onthefly_studio.report import Silent
from onthefly_studio.site.server import serve
from onthefly_studio.validate.chromium import find_browser, launch_options
from tests.support import camera

FOLDER = PROJECT_ROOT / "docs" / "images"
MOST_BYTES = 150_000
PHOTOS = 24
"""Of each class."""
FILM_FRAMES = 20
WAIT_MS = 60_000

SEGMENTS = "".join(f'<path d="M0 -6l-17 -40q17 -11 34 0z" transform="rotate({45 * i})"/>' for i in range(8))

# Each is drawn around the origin, about 240 wide and 260 high.
THINGS = {
    "Mug": """
      <path d="M60 -52h28a54 54 0 0 1 0 108h-28" fill="none" stroke="#2f5fae" stroke-width="24"/>
      <path d="M-92 -100h164v186a34 34 0 0 1 -34 34h-96a34 34 0 0 1 -34 -34z" fill="url(#glaze)"/>
      <path d="M-92 0h164v26h-164z" fill="#f1ead8" opacity=".9"/>
      <ellipse cx="-10" cy="-100" rx="82" ry="21" fill="#2a4f94"/>
      <ellipse cx="-10" cy="-97" rx="70" ry="15" fill="#4a2f22"/>""",
    "Plant": """
      <g fill="url(#leaf)" stroke="#2e6b3a" stroke-width="3">
        <path d="M0 24c-34 -44 -34 -108 0 -156c34 48 34 112 0 156z" transform="rotate(-64 0 24)"/>
        <path d="M0 24c-34 -44 -34 -108 0 -156c34 48 34 112 0 156z" transform="rotate(64 0 24)"/>
        <path d="M0 24c-36 -48 -36 -118 0 -168c36 50 36 120 0 168z" transform="rotate(-32 0 24)"/>
        <path d="M0 24c-36 -48 -36 -118 0 -168c36 50 36 120 0 168z" transform="rotate(32 0 24)"/>
        <path d="M0 24c-38 -52 -38 -126 0 -178c38 52 38 126 0 178z"/>
      </g>
      <path d="M-78 34h156l-24 88h-108z" fill="url(#clay)"/>
      <rect x="-90" y="12" width="180" height="34" rx="7" fill="#b05a34"/>""",
    "Lemon": """
      <g transform="translate(-34 20) rotate(-14)">
        <path d="M-128 0c14 -4 18 -10 30 -26c46 -62 138 -62 176 0c8 14 8 38 0 52c-38 62 -130 62 -176 0
          c-12 -16 -16 -22 -30 -26z" fill="url(#rind)"/>
      </g>
      <g transform="translate(66 62)">
        <circle r="66" fill="#e3b51c"/><circle r="58" fill="#fbf3cf"/>
        <g fill="#f4d757">{segments}</g>
      </g>""",
}

SCENE = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 480" width="640" height="480">
  <defs>
    <radialGradient id="wall" cx=".32" cy=".2" r=".9">
      <stop stop-color="#f3eadb"/><stop offset="1" stop-color="#bfae98"/></radialGradient>
    <linearGradient id="table" x2="0" y2="1">
      <stop stop-color="#a87b55"/><stop offset="1" stop-color="#8a6040"/></linearGradient>
    <linearGradient id="glaze">
      <stop stop-color="#6b9be6"/><stop offset=".45" stop-color="#3d73c9"/>
      <stop offset="1" stop-color="#2f5fae"/></linearGradient>
    <linearGradient id="clay">
      <stop stop-color="#e08a5f"/><stop offset="1" stop-color="#b4552f"/></linearGradient>
    <linearGradient id="leaf" x2="0" y2="1">
      <stop stop-color="#63b870"/><stop offset="1" stop-color="#377f47"/></linearGradient>
    <radialGradient id="rind" cx=".38" cy=".3" r=".8">
      <stop stop-color="#fbe27a"/><stop offset="1" stop-color="#dca911"/></radialGradient>
    <filter id="soft" x="-.5" y="-2" width="2" height="5"><feGaussianBlur stdDeviation="9"/></filter>
  </defs>
  <rect width="640" height="480" fill="url(#wall)"/>
  <rect y="338" width="640" height="142" fill="url(#table)"/>
  <ellipse cx="{x}" cy="{foot}" rx="{shadow}" ry="20" fill="#2a1a0e" opacity=".45" filter="url(#soft)"/>
  <g transform="translate({x} {y}) rotate({turn}) scale({scale})">{thing}</g>
</svg>"""


class Studio:
    """Draws pictures of things, in a browser."""

    def __init__(self, browser: Browser) -> None:
        self._page = browser.new_page(viewport={"width": 640, "height": 480})

    def draw(self, thing: str, x: float, turn: float, scale: float) -> npt.NDArray[np.uint8]:
        """A thing on a table: `[480, 640, 3]` uint8 RGB."""
        drawing = SCENE.format(
            thing=THINGS[thing].format(segments=SEGMENTS),
            x=x,
            y=384 - 122 * scale,
            turn=turn,
            scale=scale,
            foot=384,
            shadow=118 * scale,
        )
        self._page.set_content(f"<style>body {{margin: 0}}</style>{drawing}")
        with Image.open(io.BytesIO(self._page.screenshot())) as drawn:
            return np.asarray(drawn.convert("RGB"))

    def photos(self, thing: str, folder: Path) -> list[Path]:
        """Files in which the thing stands a little differently each time."""
        random = np.random.default_rng(sorted(THINGS).index(thing))
        files = []
        for number in range(PHOTOS):
            shown = self.draw(
                thing, random.uniform(290, 350), random.uniform(-9, 9), random.uniform(1.05, 1.4)
            )
            files.append(folder / f"{thing}-{number:02}.png")
            Image.fromarray(shown).save(files[-1])
        return files

    def film(self, thing: str, path: Path) -> None:
        """The thing, swaying before a camera."""
        phases = np.linspace(0, 2 * np.pi, FILM_FRAMES, endpoint=False)
        frames = [self.draw(thing, 320 + 6 * np.sin(t), 3 * np.sin(t), 1.25) for t in phases]
        camera.write_film(path, frames, Fraction(10))


def button(page: Page, name: str) -> Locator:
    """The button of exactly this name."""
    return page.get_by_role("button", name=name, exact=True)


def upload(page: Page, name: str, files: Sequence[Path], count: int) -> None:
    """Add files to a class, which then has so many photos."""
    with page.expect_file_chooser() as chooser:
        button(page, f"Upload photos to {name}").click()
    chooser.value.set_files([str(file) for file in files])
    card = page.locator("li.class-card").filter(has=button(page, f"Upload photos to {name}"))
    expect(card.get_by_text(f"{count} photos", exact=True)).to_be_visible(timeout=WAIT_MS)


@contextmanager
def taught(browser: Browser, url: str, photos: dict[str, list[Path]], **options: Any) -> Iterator[Page]:
    """A page that knows the things, and sees one of them."""
    context = browser.new_context(reduced_motion="reduce", service_workers="block", **options)
    try:
        page = context.new_page()
        page.goto(url)
        expect(page.get_by_role("status")).to_contain_text("The model is ready", timeout=WAIT_MS)
        for name, files in photos.items():
            upload(page, name, files, len(files))
        expect(button(page, "Stop camera")).to_be_visible()
        expect(page.get_by_text(re.compile("of its own photos right"))).to_be_visible(timeout=WAIT_MS)
        page.wait_for_timeout(1500)
        yield page
    finally:
        context.close()


def save(page: Page, path: Path) -> None:
    """Write what the window shows."""
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(path, quality=84, method=6)
    size = path.stat().st_size
    print(f"{path}: {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{path} is larger than {MOST_BYTES / 1000:.0f} kB.")


def shoot(browser: Browser, url: str, photos: dict[str, list[Path]], folder: Path) -> None:
    """The four pictures."""
    desk: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}, "device_scale_factor": 1.5}
    with taught(browser, url, photos, **desk) as page:
        page.evaluate("scrollTo(0, 0)")
        page.mouse.move(1, 1)
        save(page, folder / "studio.webp")
        button(page, "Show mode").click()
        page.wait_for_timeout(500)
        save(page, folder / "show.webp")
        button(page, "Leave show mode").click()

        # What is under the hood is of most use where something went wrong.
        names = list(photos)
        upload(page, names[1], photos[names[0]][:3], PHOTOS + 3)
        upload(page, names[2], photos[names[1]][:2], PHOTOS + 2)
        page.get_by_text("Under the hood").click()
        expect(page.get_by_role("button", name=re.compile("^Enlarge: Shows")).first).to_be_visible(
            timeout=WAIT_MS
        )
        page.wait_for_timeout(1500)
        page.get_by_role("heading", name="How good is it?").evaluate("(title) => title.scrollIntoView()")
        save(page, folder / "under-the-hood.webp")

    phone: dict[str, Any] = {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
        "color_scheme": "dark",
    }
    with taught(browser, url, photos, **phone) as page:
        page.evaluate("scrollTo(0, 0)")
        save(page, folder / "phone.webp")


def main() -> None:
    """Make them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    found = find_browser()
    if found is None:
        raise SystemExit("No Chromium was found; `make test` installs one.")
    with (
        tempfile.TemporaryDirectory(prefix="onthefly-screenshots-") as scratch,
        sync_playwright() as playwright,
    ):
        root = Path(scratch)
        film = root / "film.y4m"
        options = {"backbone": "embedded", "classes": list(THINGS), "out": "dist"}
        site = build(load(None, options), cache=Cache(), reporter=Silent(), root=root)
        flags = [*camera.CHROMIUM_ARGS, f"--use-file-for-fake-video-capture={film}"]
        browser = playwright.chromium.launch(**launch_options(*flags, browser=found))
        try:
            studio = Studio(browser)
            photos = {thing: studio.photos(thing, root) for thing in THINGS}
            studio.film("Plant", film)
            with serve(site.out, port=0, headers=False) as server:
                shoot(browser, server.url, photos, folder)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
