"""What browser tests do on a page: by accessible names, as a visitor would."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, FrameLocator, Locator, Page, Route, expect

from tests.browser import calls
from tests.support.browsers import Visit
from tests.support.camera import MARKER_JS
from tests.support.patience import PATIENCE_MS, wait_until

Opened = Callable[..., AbstractContextManager[Page]]
"""What the fixtures `opened` give: opens a page for a block of code."""

READY_MS = PATIENCE_MS
FRAMES = 6
"""Frames of the film `stripes` that show one picture; the other one follows for as long."""
PERCENT = re.compile(r"\d+ percent")
NO_WEBASSEMBLY_JS = """
delete globalThis.WebAssembly;
globalThis.Blob = class extends Blob {
  constructor(parts, options) {
    const isWorker = options?.type === 'text/javascript';
    super(isWorker ? ['delete globalThis.WebAssembly;', ...parts] : parts, options);
  }
};
"""
"""As in browsers that are set to have none; in workers too, once their code has been checked."""
"""For the page and its worker."""
CLIENT_JS = """
async (backend) => {
  // A worker of the test's own, through the module for other pages; null takes the site's own choice.
  const {open, loadSite} = await import(new URL('onthefly.js', document.baseURI).href);
  const {site, base} = await loadSite();
  const {worker, ready, skipped} = await open(site, base, {backend: backend ?? null});
  Object.assign(window, {worker, ready, skipped});
  window.toFrame = ({bytes, width, height}) => {
    const data = Uint8ClampedArray.from(atob(bytes), (c) => c.charCodeAt(0));
    return {data, width, height};
  };
}
"""


@contextmanager
def visited(browser: Browser, **options: Any) -> Iterator[Visit]:
    """An empty page in a context of its own, which must not have complained when the block ends."""
    context = browser.new_context(**{"service_workers": "block", **options})
    try:
        visit = Visit(context.new_page())
        yield visit
        assert visit.complaints == []
    finally:
        context.close()


@contextmanager
def open_page(
    browser: Browser,
    url: str,
    *,
    ready: bool = True,
    camera: bool = True,
    live: bool = False,
    clock: bool = False,
    watched: bool = False,
    script: str = "",
    width: int = 1280,
    height: int = 900,
    **options: Any,
) -> Iterator[Page]:
    """Open the page in a context of its own, and afterwards demand that nothing was complained of.

    Args:
        ready: whether to go to the address and wait for the model; else the page is empty.
        camera: whether to wait for the camera too.
        live: see `open_ready`.
        clock: whether to put a clock into the page that the test can set.
        watched: whether `calls` sees what the page asks of its worker.
        script: runs before the page's own.
        options: of the context.
    """
    with visited(browser, viewport={"width": width, "height": height}, **options) as visit:
        page = visit.page
        if script:
            page.add_init_script(script)
        if clock:
            page.clock.install()
        if watched:
            calls.watch(page)
        if ready:
            open_ready(page, url, live=live)
            if camera:
                expect(button(page, "Stop camera")).to_be_visible()
        yield page


def button(page: Page | FrameLocator | Locator, name: str) -> Locator:
    """The button of exactly this name."""
    return page.get_by_role("button", name=name, exact=True)


def status(page: Page) -> Locator:
    """What the page says it did last."""
    return page.get_by_role("status")


def name_box(page: Page, position: int) -> Locator:
    """Where the name of a class stands, which can be changed."""
    return page.get_by_role("textbox", name=f"Name of class {position}", exact=True)


def bar(page: Page, class_name: str) -> Locator:
    """How sure the model is of a class."""
    return page.get_by_role("progressbar", name=class_name, exact=True)


def open_ready(page: Page, url: str, *, live: bool = False) -> None:
    """Open the page and wait until its model is ready.

    Args:
        live: whether the model trains by itself after every change, as it does for a visitor. Without it
            a test says when it trains, and knows on what.
    """
    page.goto(url)
    expect(page.get_by_role("status")).to_contain_text("The model is ready", timeout=PATIENCE_MS)
    if not live:
        # Without a pointer, which would scroll to it.
        page.get_by_role("switch", name="Live").evaluate("(box) => box.click()")


def wait_for_promise(page: Page, script: str, what: str, arg: object = None) -> None:
    """Wait until an asynchronous question to the page is answered with something true.

    `Page.wait_for_function` takes the promise itself for the answer, and waits for nothing.
    """
    wait_until(lambda: page.evaluate(script, arg), what)


def open_file(page: Page, url: str) -> None:
    """Open a file of the site: its module can be asked for, and no page runs beside what is asked of it."""
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(f"{url}site.json")


def open_module(page: Page, url: str, backend: str | None = None) -> None:
    """Start a worker of the test's own: `worker`, `ready`, `skipped` and `toFrame` are in the window then."""
    open_file(page, url)
    page.evaluate(CLIENT_JS, backend)


class Held:
    """Files that a page asks for and gets only when the test lets them go."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._routes: list[Route] = []
        page.route(pattern, lambda route: self._routes.append(route))

    def until_asked(self) -> None:
        """Wait until the page has asked."""
        # Playwright hears of a request while it is asked something itself.
        wait_until(lambda: self._page.evaluate("true") and self._routes, "the page asks for the file")

    def let_go(self) -> None:
        """Give the page what it has asked for, or is about to."""
        self.until_asked()
        for route in self._routes:
            route.continue_()


def resize(page: Page, width: int, height: int) -> None:
    """Give the page another size, and wait until it has laid itself out in it."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(
        """async ([width, height]) => {
          const frame = () => new Promise(requestAnimationFrame);
          while (innerWidth !== width || innerHeight !== height) await frame();
          // What observes sizes is told within the next frame, and what it changes is drawn in the one after.
          await frame();
          await frame();
        }""",
        [width, height],
    )


def fact(page: Page, term: str) -> Locator:
    """What stands beside a term under the hood, which is opened, in any language."""
    hood = page.locator("details.hood")
    if hood.get_attribute("open") is None:
        hood.locator("summary").first.click()
    terms = page.get_by_role("term").filter(has_text=re.compile(f"^{re.escape(term)}$"))
    return page.locator(".fact").filter(has=terms).get_by_role("definition")


def fact_text(page: Page, term: str) -> str:
    """The words of such a fact."""
    return fact(page, term).inner_text()


def hold_button(page: Page, class_name: str) -> Locator:
    """The button that records for a class."""
    return page.get_by_role("button", name=f"Hold to record {class_name}", exact=True)


def photos(page: Page, class_name: str) -> Locator:
    """The photos of a class."""
    return page.get_by_role("list", name=f"Photos of {class_name}", exact=True).get_by_role("listitem")


def take(page: Page, class_name: str, count: int = 1) -> None:
    """Take photos of what the camera shows, one after another, until they stand there.

    With clicks as assistive technology sends them. A pointer holds the button down for a moment, which on a
    busy machine is so long that the page takes a second photo, as it should.
    """
    button = hold_button(page, class_name)
    taken = photos(page, class_name)
    before = taken.count()
    for number in range(1, count + 1):
        expect(button).to_be_enabled()
        button.evaluate("(button) => button.click()")
        expect(taken).to_have_count(before + number)


def record_seen(page: Page, class_name: str, count: int) -> None:
    """Take photos once the camera runs."""
    expect(button(page, "Stop camera")).to_be_visible()
    take(page, class_name, count)


def wait_for_photos(page: Page, class_name: str, count: int) -> None:
    """Wait until a class has at least so many."""
    expect(photos(page, class_name).nth(count - 1)).to_be_attached()


def preview(page: Page) -> Locator:
    """Where the camera's picture is, and what the model says of it."""
    return page.get_by_role("region", name="Camera preview")


def sees(page: Page, class_name: str) -> None:
    """Wait until the verdict and the bars name this class."""
    expect(preview(page)).to_contain_text(re.compile(rf"The model sees\s*\d+%\s*{class_name}"))
    expect(bar(page, class_name)).to_have_attribute("aria-valuetext", re.compile(r"^([5-9]\d|100) percent$"))


def until_answered(page: Page) -> None:
    """Wait until a bar shows a probability."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('li [role=progressbar]')]"
        ".some((bar) => Number(bar.getAttribute('aria-valuenow')) > 0)",
        timeout=PATIENCE_MS,
    )


def until_workers(page: Page, count: int) -> None:
    """Wait until the page has so many workers: of one that was ended, the test hears a moment later."""
    wait_until(lambda: page.evaluate("true") and len(page.workers) == count, f"the page has {count} workers")


def next_frame(page: Page) -> None:
    """Wait until the camera shows another picture."""
    page.locator("video").evaluate(
        "(video) => new Promise((shown) => video.requestVideoFrameCallback(shown)).then(() => {})"
    )


def frame(rgb: NDArray[Any]) -> dict[str, Any]:
    """RGB bytes `[h, w, 3]` as `toFrame` in the page takes them."""
    alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    rgba = np.concatenate([rgb, alpha], axis=2)
    return {
        "bytes": base64.b64encode(rgba.tobytes()).decode(),
        "width": rgb.shape[1],
        "height": rgb.shape[0],
    }


def features(page: Page, images: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Features of RGB images as the site's worker computes them, `[n, F]`; `CLIENT_JS` has run."""
    rows = [
        page.evaluate("async (f) => Array.from(await window.worker.embed(window.toFrame(f)))", frame(image))
        for image in images
    ]
    return np.array(rows, np.float32)


def pictures(page: Page, name: str) -> list[str]:
    """The pixels of a class's photos, as hashes."""
    read: list[str] = page.get_by_role("list", name=f"Photos of {name}", exact=True).evaluate(
        """async (list) => Promise.all([...list.querySelectorAll('img')].map(async (image) => {
          await image.decode();
          const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
          const drawing = canvas.getContext('2d');
          drawing.drawImage(image, 0, 0);
          const {data} = drawing.getImageData(0, 0, canvas.width, canvas.height);
          const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
          return Array.from(hash, (byte) => byte.toString(16)).join('');
        }))"""
    )
    return read


RECORD_JS = f"""
async ({{wanted, button, list}}) => {{
  // One click for each wanted frame of the film, while the camera shows it; the next one when its photo is
  // there, because the page takes one photo at a time.
  const video = document.querySelector('video');
  const taken = () => document.querySelectorAll(`[aria-label=${{JSON.stringify(list)}}] > li`).length;
  const left = new Set(wanted);
  while (left.size) {{
    await new Promise((shown) => video.requestVideoFrameCallback(shown));
    const marker = ({MARKER_JS})(video);
    if (!left.delete(marker)) continue;
    const before = taken();
    button.click();
    while (taken() === before) await new Promise(requestAnimationFrame);
  }}
}}
"""


def record(page: Page, class_name: str, markers: Sequence[int]) -> None:
    """Record exactly these frames of the film for a class."""
    button = hold_button(page, class_name)
    given = {"wanted": list(markers), "button": button.element_handle(), "list": f"Photos of {class_name}"}
    page.evaluate(RECORD_JS, given)
    expect(photos(page, class_name)).to_have_count(len(markers))


WINNERS_JS = f"""
async (wanted) => {{
  // The winning class in the bars once the page has the answer to a wanted frame of the film.
  window.readFrame = ({MARKER_JS});
  const bars = [...document.querySelectorAll('li [role=progressbar]')];
  const winners = {{}};
  const open = new Set(wanted);
  const video = document.querySelector('video');
  while (open.size) {{
    await new Promise((shown) => video.requestVideoFrameCallback(shown));
    const last = window.calls.findLast((call) => call.name === 'predict' && !call.open);
    if (!last || !open.delete(last.read)) continue;
    const values = bars.map((bar) => Number(bar.getAttribute('aria-valuenow')));
    winners[last.read] = bars[values.indexOf(Math.max(...values))].getAttribute('aria-label');
  }}
  return winners;
}}
"""


def winners(page: Page, markers: Sequence[int]) -> dict[int, str]:
    """The class that the page named for each of these frames of the film; `calls.watch` went before.

    However late an answer comes, it is known which frame was asked about.
    """
    shown: dict[str, str] = page.evaluate(WINNERS_JS, list(markers))
    return {int(marker): name for marker, name in shown.items()}


def saved(path: Path, array: NDArray[Any]) -> Path:
    """Write an array for another process."""
    np.save(path, array)
    return path
