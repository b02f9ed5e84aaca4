"""Pictures' files on the page and in Python: both read and refuse the same ones, and see the same in them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from onthefly_studio.errors import SourceError
from onthefly_studio.pictures.open import open_picture
from onthefly_studio.pipeline import Built
from onthefly_studio.reference.preprocess import SIZE, preprocess
from onthefly_studio.site.server import SiteServer
from tests.browser import pages
from tests.support.odd import corpus
from tests.support.odd.encoders import GREY, RGB, png
from tests.support.odd.scene import saved, scene

LEVELS, MEAN = 2, 0.5
"""How far two decoders may be apart, in levels of a byte: by rounding, twice where one is transparent."""
WIDER = {
    # Between the points of a table with four inputs each computes in a way of its own.
    "cmyk-profile.jpg": 12,
    # Colours beyond sRGB, half transparent: cut off before or after they are multiplied.
    "cicp-p3-alpha.png": 5,
}
ONLY_PAGE = {
    *("cicp-pq.png", "cicp-pq-16.png", "cicp-hlg.png", "cicp-p3-pq.png", "cicp-pq.avif"),
    *("animated.avif", "cursor.cur"),
}
"""That the documentation says Python does not read."""
APART = {"alpha.avif", "alpha-premultiplied.avif"}
"""That the documentation says browsers see differently."""

OPEN_JS = """
const {frameOf} = await import(new URL('onthefly.js', document.baseURI).href);
const blobOf = (text) => new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]);
const base64 = (view) => new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.split(',')[1]);
  reader.readAsDataURL(new Blob([view]));
});
"""
READ_JS = f"""
async ({{files, every, fit}}) => {{
  {OPEN_JS}
  const read = {{}};
  for (const [name, text] of Object.entries(files)) {{
    try {{
      const frame = await frameOf(blobOf(text));
      const size = [frame.width, frame.height];
      const input = await window.worker.probe.preprocess(frame, fit);
      const edge = Math.sqrt(input.length / 3);
      const some = [];
      for (let i = 0; i < edge; i += every)
        for (let j = 0, at = 3 * i * edge; j < edge; j += every, at += 3 * every)
          some.push(...input.subarray(at, at + 3));
      read[name] = {{size, input: await base64(Float32Array.from(some))}};
    }} catch (error) {{
      read[name] = {{refused: `${{error.name}} ${{error.code}}: ${{error.message}}`}};
    }}
  }}
  return read;
}}
"""
EMBED_JS = f"""
async (files) => {{
  {OPEN_JS}
  const features = [];
  for (const text of files) features.push(Array.from(await window.worker.embed(await frameOf(blobOf(text)))));
  return features;
}}
"""
TEACH_JS = f"""
async (files) => {{
  {OPEN_JS}
  window.worker.setClasses(['a']);
  const thumbnails = [];
  for (const text of files) {{
    const {{thumbnail}} = await window.worker.addExample(await frameOf(blobOf(text)), 'a');
    thumbnails.push(await base64(await thumbnail.arrayBuffer()));
  }}
  return thumbnails;
}}
"""


@pytest.fixture(scope="module")
def page(site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any) -> Iterator[Page]:
    """A page with a worker."""
    with chromium(camera=False) as visit:
        visit.page.goto(serving(site("embedded").out).url)
        visit.page.evaluate(pages.CLIENT_JS)
        yield visit.page
        assert visit.complaints == []


def as_text(files: dict[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(contents).decode() for name, contents in files.items()}


def read(page: Page, files: dict[str, bytes], fit: str = "stretch", every: int = 1) -> dict[str, Any]:
    """What the page makes of files: their size, and the backbone's input, times 255, at some places."""
    told: dict[str, Any] = page.evaluate(READ_JS, {"files": as_text(files), "every": every, "fit": fit})
    for answer in told.values():
        if "input" in answer:
            values = np.frombuffer(base64.b64decode(answer["input"]), "<f4")
            answer["input"] = 255 * values.reshape(-(-SIZE // every), -(-SIZE // every), 3)
    return told


def expected(contents: bytes, fit: Any = "stretch", every: int = 1) -> tuple[list[int], NDArray[Any]] | str:
    """The same by Python, or why it refuses the file."""
    try:
        pixels = open_picture(contents, "it")
    except SourceError as error:
        return error.what
    return [*pixels.shape[1::-1]], 255 * preprocess(pixels, fit)[::every, ::every]


def test_odd_pictures_are_read_and_refused_alike_and_look_the_same(page: Page) -> None:
    files = corpus()
    assert len(files) > 350
    told = read(page, files, every=4)
    faults, shown = [], []
    for name, contents in files.items():
        by_page, by_python = told[name], expected(contents, every=4)
        if isinstance(by_python, str) or "refused" in by_page:
            if isinstance(by_python, str) != ("refused" in by_page) and name not in ONLY_PAGE:
                faults.append(f"{name}: {by_page.get('refused', 'read by the page')}, Python: {by_python}")
            continue
        size, levels = by_python
        shown.append(levels.std() > 20)
        if by_page["size"] != size:
            faults.append(f"{name}: {by_page['size']} on the page, {size} in Python")
            continue
        difference = np.abs(by_page["input"] - levels)
        if name not in APART and (difference.max() > WIDER.get(name, LEVELS) or difference.mean() > MEAN):
            faults.append(
                f"{name}: up to {difference.max():.1f} levels apart, {difference.mean():.2f} in the mean"
            )
    assert not faults, "\n".join(faults)
    # Most of it can be read, some of it cannot, and what is read shows something.
    assert len(shown) > 290
    assert len(files) - len(shown) > 50
    assert sum(shown) > 260


def drawing(draw: Callable[[ImageDraw.ImageDraw], object]) -> bytes:
    """A transparent PNG of 480 by 480 pixels with something on it."""
    image = Image.new("RGBA", (480, 480), (0, 0, 0, 0))
    draw(ImageDraw.Draw(image))
    return saved(image, "PNG")


TRANSPARENT = {
    "circle": drawing(lambda d: d.ellipse((20, 20, 220, 220), fill=(230, 30, 30, 255))),
    "square": drawing(lambda d: d.rectangle((260, 20, 460, 220), fill=(30, 30, 230, 255))),
    "triangle": drawing(lambda d: d.polygon([(240, 260), (60, 460), (420, 460)], fill=(30, 200, 30, 160))),
    "empty": drawing(lambda d: None),
}


def test_a_transparent_picture_shows_nothing_of_the_one_before_it(page: Page) -> None:
    """One after the other or each by itself: the same features, and thumbnails of what is learned from."""
    names = list(TRANSPARENT)
    files = list(as_text(TRANSPARENT).values())
    white = base64.b64encode(saved(Image.new("RGB", (480, 480), "white"), "PNG")).decode()
    forwards = np.array(page.evaluate(EMBED_JS, [*files, white]))
    backwards = np.array(page.evaluate(EMBED_JS, [white, *files[::-1]]))[::-1]
    np.testing.assert_array_equal(forwards, backwards)
    np.testing.assert_array_equal(forwards[names.index("empty")], forwards[-1])
    told = read(page, TRANSPARENT, fit="crop")
    thumbnails = page.evaluate(TEACH_JS, files)
    for name, contents, thumbnail in zip(names, TRANSPARENT.values(), thumbnails, strict=True):
        by_python = expected(contents, "crop")
        assert not isinstance(by_python, str)
        assert np.abs(told[name]["input"] - by_python[1]).max() <= 1, name
        # A JPEG, of pixels that were smoothed before: alike, and as white where nothing is.
        small = open_picture(base64.b64decode(thumbnail)).astype(float)
        assert np.abs(small - by_python[1]).mean() < 3, name
        assert small[0, 0].min() > 250, name


RAW_JS = f"""
async ([text, width, height]) => {{
  {OPEN_JS}
  const {{data}} = window.toFrame({{bytes: text, width, height}});
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d').putImageData(new ImageData(data, width, height), 0, 0);
  const opaque = new OffscreenCanvas(width, height);
  opaque.getContext('2d').fillRect(0, 0, width, height);
  const inputs = {{}};
  // As a camera's frames go, without a bitmap. The first of a kind is where the worker learns how to read it.
  for (const [name, source] of Object.entries({{opaque, frame: canvas}})) {{
    const frame = new VideoFrame(source, {{timestamp: 0}});
    inputs[name] = await window.worker.probe.preprocess(frame, 'crop');
    frame.close();
  }}
  if (!inputs.opaque.every((value) => value === 0)) throw new Error('what is black is not');
  delete inputs.opaque;
  const given = {{
    raw: {{data, width, height}},
    bytes: {{data: new Uint8Array(data), width, height}},
    imageData: new ImageData(data, width, height),
    canvas,
    bitmap: await createImageBitmap(canvas),
  }};
  for (const [name, image] of Object.entries(given))
    inputs[name] = await window.worker.probe.preprocess(await frameOf(image), 'crop');
  for (const name in inputs) inputs[name] = await base64(inputs[name]);
  return inputs;
}}
"""


def test_transparency_means_the_same_in_every_kind_of_image(page: Page) -> None:
    """Pixels, canvases and frames of video with alpha lie on white as files do."""
    rng = np.random.default_rng(5)
    rgba = rng.integers(0, 256, (SIZE, SIZE, 4), np.uint8)
    rgba[:20], rgba[-20:, :, 3], rgba[100:120, :, 3] = 255, 0, 255
    text = base64.b64encode(rgba.tobytes()).decode()
    told = page.evaluate(RAW_JS, [text, SIZE, SIZE])
    by_python = expected(saved(Image.fromarray(rgba), "PNG"))
    assert not isinstance(by_python, str)
    for name, text in told.items():
        values = np.frombuffer(base64.b64decode(text), "<f4").reshape(SIZE, SIZE, 3)
        apart = np.abs(255 * values - by_python[1])
        if name == "frame":  # Chromium multiplies by alpha twice where it draws one
            apart = apart[(rgba[..., 3] == 0) | (rgba[..., 3] == 255)]
        exact = name in ("raw", "bytes", "imageData")
        assert apart.max() <= (1e-3 if exact else LEVELS), name


@lru_cache
def stripes(width: int, height: int) -> bytes:
    """A PNG whose colours change all along both sides."""
    y, x = np.mgrid[0:height, 0:width]
    return png(np.stack([x * 255 // width, y * 255 // height, (x // 7 + y // 5) % 256], 2), RGB)


@pytest.mark.parametrize("fit", ["crop", "stretch"])
def test_long_and_large_pictures_are_read_whole_and_leave_no_trace(page: Page, fit: str) -> None:
    """Also where no canvas of a browser would be large enough for what is read."""
    files = {
        "long.png": stripes(40_000, 10),
        "small.png": stripes(96, 64),
        "high.png": stripes(10, 40_000),
        "beyond-one-canvas.png": stripes(4103, 4100),
        "beyond-most-canvases.png": stripes(70_000, 3),
    }
    told = read(page, files, fit)
    for name, contents in files.items():
        by_python = expected(contents, fit)
        assert not isinstance(by_python, str)
        assert told[name]["size"] == by_python[0], told[name]
        np.testing.assert_allclose(told[name]["input"], by_python[1], atol=1e-3, err_msg=name)


def test_the_thumbnail_of_a_large_picture_shows_it(page: Page) -> None:
    files = {"large": stripes(4103, 4100), "long": stripes(40_000, 10)}
    for name, thumbnail in zip(files, page.evaluate(TEACH_JS, list(as_text(files).values())), strict=True):
        small = open_picture(base64.b64decode(thumbnail)).astype(float)
        by_python = expected(files[name], "crop")
        assert not isinstance(by_python, str)
        # The third channel's stripes are finer than a thumbnail.
        assert np.abs(small - by_python[1])[..., :2].mean() < 6, name


def test_a_picture_of_too_many_pixels_is_refused_by_both_and_the_next_one_is_as_ever(page: Page) -> None:
    huge = png(np.zeros((1, 1, 1), int), GREY, 1, size=(16_385, 16_385), rows=16_385)
    small = saved(Image.fromarray(scene()), "PNG")
    before = page.evaluate(EMBED_JS, [base64.b64encode(small).decode()])
    told = read(page, {"huge.png": huge, "small.png": small}, "crop")
    assert told["huge.png"]["refused"] == (
        "ImageError too-large: The image (Blob) has 16385 by 16385 pixels; at most 120,000,000 are read."
    )
    assert expected(huge) == "The picture has 16385 by 16385 pixels."
    by_python = expected(small, "crop")
    assert not isinstance(by_python, str)
    np.testing.assert_allclose(told["small.png"]["input"], by_python[1], atol=1e-3)
    assert page.evaluate(EMBED_JS, [base64.b64encode(small).decode()]) == before


def test_a_visitor_is_told_which_picture_has_too_many_pixels(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any, tmp_path: Path
) -> None:
    huge, whole = tmp_path / "huge.png", tmp_path / "whole.png"
    huge.write_bytes(png(np.zeros((1, 1, 1), int), GREY, 1, size=(16_385, 16_385), rows=16_385))
    Image.fromarray(scene()).save(whole)
    said = "1 photo has more than 120 million pixels: too many."
    with chromium(camera=False) as visit:
        page = visit.page
        pages.open_ready(page, serving(site("embedded").out).url)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload photos to Class 1", exact=True).click()
        chooser.value.set_files([huge, whole])
        expect(page.get_by_role("status").first).to_have_text(
            f"Added 1 photo to Class 1. 1 file could not be read: huge.png. {said}"
        )
        told = page.get_by_role("region", name="1 file could not be read")
        expect(told).to_contain_text(said)
        expect(told).not_to_contain_text("HEIC")
        assert visit.complaints == []
