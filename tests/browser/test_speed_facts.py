"""What speed rests on, as far as it shows without a clock: frames without copies, little heap."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.project.format.model import Example, Project
from onthefly_studio.project.format.schema import Preprocess, ProjectClass, folder_of
from onthefly_studio.reference.training import HeadSettings
from onthefly_studio.site.server import SiteServer
from tests.browser import outside, pages
from tests.support import camera, projects
from tests.support.patience import wait_until

FEATURES = 4 * 1024
"""Bytes of an example's features."""
BESIDE = 8 * 1024
"""Bytes that an example may take beside them, in the page and its worker together."""

MADE_JS = """
{
  // How many frames and bitmaps the page makes.
  window.made = {frames: 0, bitmaps: 0};
  window.VideoFrame = class extends VideoFrame {
    constructor(...given) {
      super(...given);
      window.made.frames++;
    }
  };
  const make = window.createImageBitmap;
  window.createImageBitmap = (...given) => {
    window.made.bitmaps++;
    return make(...given);
  };
}
"""
CLOSED_JS = """
() => {
  // How many frames the worker lets go of; closing one twice is no harm and counts once.
  const closed = new WeakSet();
  const {close} = VideoFrame.prototype;
  self.closed = 0;
  VideoFrame.prototype.close = function () {
    if (!closed.has(this)) self.closed++;
    closed.add(this);
    close.call(this);
  };
}
"""
CAMERA_JS = """
async () => {
  const video = document.createElement('video');
  video.srcObject = await navigator.mediaDevices.getUserMedia({video: true});
  await video.play();
  await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  window.video = video;
}
"""


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that shows one picture for ever, so that one frame can be taken in two ways."""
    path = tmp_path_factory.mktemp("film") / "still.y4m"
    camera.write_film(path, [outside.colours(0, 1)], Fraction(10))
    return path


def test_the_camera_is_not_copied_and_its_frames_are_let_go(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        page.add_init_script(MADE_JS)
        pages.open_ready(page, url)
        (worker,) = page.workers
        worker.evaluate(CLOSED_JS)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        for name in ("Class 1", "Class 2"):
            pages.take(page, name)
        page.get_by_role("button", name="Train", exact=True).click()
        # A camera has about ten frames: with any that stayed open it would have stopped long before.
        page.wait_for_function("() => window.made.frames > 40")
        page.get_by_role("button", name="Stop camera").click()
        expect(page.get_by_role("button", name="Start camera")).to_be_visible()
        # The frame that was on its way is let go too.
        wait_until(
            lambda: worker.evaluate("() => self.closed") == page.evaluate("window.made.frames"),
            "the worker lets go of every frame that the page made",
        )
        made = page.evaluate("window.made")
        assert made["bitmaps"] <= 4, "bitmaps only until the frames have been compared with them"
        assert visit.complaints == []


def test_a_frame_and_a_bitmap_give_the_same_features(url: str, still: Path, chromium: Any) -> None:
    with chromium(film=still) as visit:
        page = visit.page
        pages.open_module(page, url)
        page.evaluate(CAMERA_JS)
        found = page.evaluate("""async () => {
          const {worker, video} = window;
          const rows = [await worker.embed(await createImageBitmap(video))];
          // The first frame is read both ways, the next as that showed.
          for (let i = 0; i < 3; i++) rows.push(await worker.embed(new VideoFrame(video)));
          return rows.map((row) => Array.from(row));
        }""")
        bitmap, *frames = np.array(found, np.float32)
        assert bitmap.any()
        for frame in frames:
            assert np.array_equal(frame, bitmap)


def test_a_blank_frame_proves_nothing_and_another_picture_does_not_agree(url: str, chromium: Any) -> None:
    with chromium(camera=False) as visit:
        pages.open_module(visit.page, url)
        found = visit.page.evaluate("""async () => {
          const picture = (paint) => {
            const canvas = new OffscreenCanvas(320, 240);
            const context = canvas.getContext('2d');
            for (let x = 0; x < 320; x += 20) {
              context.fillStyle = paint(x / 320);
              context.fillRect(x, 0, 20, 240);
            }
            return canvas;
          };
          const ramp = picture((share) => `rgb(${255 * share}, 80, ${255 - 255 * share})`);
          const other = picture((share) => `rgb(${255 - 255 * share}, 80, ${255 * share})`);
          const black = picture(() => 'black');
          const ask = async (one, two) =>
            window.worker.agree(new VideoFrame(one, {timestamp: 0}), await createImageBitmap(two));
          const pairs = [[ramp, ramp], [ramp, other], [black, ramp], [black, black]];
          return Promise.all(pairs.map(([one, two]) => ask(one, two)));
        }""")
        assert found == [True, False, False, None]


def test_frames_are_let_go_where_nothing_comes_of_them(url: str, still: Path, chromium: Any) -> None:
    with chromium(film=still) as visit:
        page = visit.page
        pages.open_module(page, url)
        page.evaluate(CAMERA_JS)
        worker = page.workers[-1]
        worker.evaluate(CLOSED_JS)
        said = page.evaluate("""async () => {
          const {worker, video} = window;
          const frame = () => new VideoFrame(video);
          await worker.setClasses(['a', 'b']);
          const said = [await worker.predict(frame())];
          said.push(await worker.addExample(frame(), 'gone').catch(({message}) => message));
          said.push((await worker.addExample(frame(), 'a')).count);
          // A worker that has not started has nothing to embed with.
          const {connect, loadSite} = await import(new URL('onthefly.js', document.baseURI).href);
          const {site, base} = await loadSite();
          window.idle = await connect(site, base);
          return said;
        }""")
        assert said == [None, "There is no class gone.", 1]
        assert worker.evaluate("() => self.closed") == 3
        idle = page.workers[-1]
        idle.evaluate(CLOSED_JS)
        refused = page.evaluate(
            "() => window.idle.worker.embed(new VideoFrame(window.video)).catch(({message}) => message)"
        )
        assert "not been loaded" in refused
        assert idle.evaluate("() => self.closed") == 1


def project(built: Built, photos: int) -> Project:
    """A project of this site's backbone with so many photos in two classes."""
    width = built.site.for_page()["backbone"]["features"]
    picture = projects.jpeg(1, (224, 224))
    names = ("Cup", "Hand")
    return Project(
        generator="onthefly 0.1.0",
        backbone=projects.backbone_of(built),
        preprocess=Preprocess(size=224, fit="crop"),
        settings=HeadSettings(),
        classes=[
            ProjectClass(id=f"c{i + 1}", name=name, tone=i, folder=folder_of(name, i))
            for i, name in enumerate(names)
        ],
        examples=[Example(i + 1, f"c{i % 2 + 1}", picture) for i in range(photos)],
        features=np.random.default_rng(1).random((photos, width), np.float32),
        head=None,
    )


MEASURE_JS = """
async () => (await performance.measureUserAgentSpecificMemory()).breakdown
  .filter(({types}) => types.includes('JavaScript'))
  .reduce((sum, {bytes}) => sum + bytes, 0)
"""


def heap(page: Page) -> int:
    """Bytes of scripts' memory in the page and its worker, arrays included; it collects what is not used."""
    measured: int = page.evaluate(MEASURE_JS)
    return measured


def settled_heap(page: Page) -> int:
    """The same once looking again finds no less: what has just been done leaves things that go by and by."""
    least = heap(page)
    while (now := heap(page)) < least:
        least = now
    return least


def test_an_example_takes_little_beside_its_features(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any, tmp_path: Path
) -> None:
    built = site("embedded")
    url = serving(built.out).url

    def isolate(route: Route) -> None:
        """Only a page that stands alone may measure itself."""
        response = route.fetch()
        alone = {
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-embedder-policy": "require-corp",
        }
        route.fulfill(response=response, headers={**response.headers, **alone})

    few, many = 100, 1100
    with chromium("--enable-blink-features=ForceEagerMeasureMemory", camera=False) as visit:
        page = visit.page
        page.route(url, isolate)
        pages.open_ready(page, url)
        taken = []
        # The first one drives out what the start has left behind: the model's files. What still goes away
        # afterwards goes bit by bit, so that two small ones on both sides of a large one cancel it.
        for photos in (many, few, many, few):
            path = projects.save(tmp_path / f"{photos}.zip", project(built, photos))
            page.get_by_label("Project file", exact=True).set_input_files(path)
            imported = f"Imported {photos} photos"
            expect(page.get_by_role("status").filter(has_text=imported)).to_be_visible()
            expect(page.get_by_text("Kept in this browser.", exact=True)).to_be_visible()
            taken.append(settled_heap(page))
        each = (taken[2] - (taken[1] + taken[3]) / 2) / (many - few)
        print(f"\n{each:.0f} bytes an example")
        # From below only a check that the features are seen at all.
        assert 0.9 * FEATURES < each <= FEATURES + BESIDE
        assert visit.complaints == []
