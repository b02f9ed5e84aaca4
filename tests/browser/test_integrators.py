"""`onthefly.js` on other people's pages: the documented text, kinds of image, policies, servers, frames."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from playwright.sync_api import Page

from tests.browser import outside
from tests.browser.outside import documented

ALIKE = 1e-6


@pytest.fixture
def plain(chromium: Any, folder_url: str) -> Iterator[Page]:
    """A page with `make(options)` and `pixels(name)`."""
    with chromium(camera=False) as visit:
        visit.page.goto(f"{folder_url}plain.html")
        visit.page.evaluate(outside.BYTES_JS + HELPERS_JS)
        yield visit.page
        # A test may ask for what is not there.
        assert [text for text in visit.complaints if "404" not in text] == []


HELPERS_JS = """
window.load = () => import(new URL('dist/onthefly.js', document.baseURI));
window.make = async (options) => {
  window.classifier = await (await load()).createClassifier({ classes: ['Warm', 'Cold'], ...options });
};
window.image = async (name) => {
  const image = new Image();
  image.src = name;
  await image.decode();
  return image;
};
window.pixels = async (name) => {
  const { width, height } = await image(name);
  const canvas = new OffscreenCanvas(width, height);
  const drawing = canvas.getContext('2d');
  drawing.drawImage(await image(name), 0, 0);
  return drawing.getImageData(0, 0, width, height);
};
window.teach = async () => {
  for (const number of [0, 1, 2]) {
    await classifier.addExample(await pixels(`0-${number}.png`), 'Warm');
    await classifier.addExample(await pixels(`1-${number}.png`), 'Cold');
  }
};
window.fails = async (promise) => {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return `${error.name} ${error.code}: ${error.message}`;
  }
};
null; // or Playwright calls the last function
"""


def test_the_documented_three_calls_run_as_they_stand(folder: Path, folder_url: str, chromium: Any) -> None:
    code, loading = documented("js")
    pictures = "".join(
        f'<img src="{label}-{number}.png" alt="{name}">'
        for label, name in enumerate(["Cup", "Hand"])
        for number in range(3)
    )
    draw = (
        "const probe = document.getElementById('probe'); await probe.decode();"
        "const canvas = document.querySelector('canvas');"
        "canvas.width = probe.width; canvas.height = probe.height;"
        "canvas.getContext('2d').drawImage(probe, 0, 0);"
    )
    (folder / "draw.js").write_text(draw, "utf-8")
    scripts = {"doc": code, "load": loading}
    for name, text in scripts.items():
        (folder / f"{name}.js").write_text(
            f"import './draw.js';\n{text}\nwindow.best = best; window.made = classifier;"
        )
        outside.page(
            folder,
            f"{name}.html",
            f'<img id="probe" src="probe.png"><canvas></canvas>{pictures if name == "doc" else ""}'
            f'<script type="module" src="{name}.js"></script>',
            policy=f"default-src 'none'; img-src 'self' data:; {documented('')[0].strip()}"
            if name == "doc"
            else None,
        )
    with chromium(camera=False) as visit:
        page = visit.page
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{folder_url}doc.html")
        page.wait_for_function("() => window.best")
        best = page.evaluate("window.best")
        assert best["class"] == "Hand"
        assert 0.5 < best["probability"] < 1
        assert any(text.startswith("Hand 0.") for text in said)
        page.evaluate(outside.BYTES_JS)
        exported = page.evaluate("window.made.exportProject().then(window.base64)")
        # The other block: the same head from the file, on another page.
        (folder / "project.zip").write_bytes(base64.b64decode(exported))
        page.goto(f"{folder_url}load.html")
        page.wait_for_function("() => window.best")
        again = page.evaluate("window.best")
        assert again["class"] == "Hand"
        assert again["probability"] == pytest.approx(best["probability"], abs=ALIKE)
        assert visit.complaints == []


def test_a_page_that_allows_less_is_told_apart(folder: Path, folder_url: str, chromium: Any) -> None:
    """Each part of the documented policy is needed: without it nothing starts."""
    policy = documented("")[0].strip()
    (folder / "start.js").write_text(
        "import('./dist/onthefly.js').then((module) => module.createClassifier({ classes: ['a', 'b'] }))"
        ".then(({ backend }) => (window.outcome = backend), (error) => (window.outcome = String(error)));"
    )
    weaker = {
        "wasm": policy,
        # There is still another backend.
        "cpu": policy.replace(" 'wasm-unsafe-eval'", ""),
        "Error: The worker could not be started": policy.replace("worker-src blob:", "worker-src 'none'"),
        "could not be read": policy.replace("connect-src 'self'", "connect-src 'none'"),
    }
    for number, (expected, given) in enumerate(weaker.items()):
        name = f"policy-{number}.html"
        script = '<script type="module" src="start.js"></script>'
        outside.page(folder, name, script, policy=f"default-src 'none'; img-src data:; {given}")
        # Without graphics computed by a program, which is slow to start.
        with chromium("--disable-software-rasterizer", camera=False) as visit:
            visit.page.goto(f"{folder_url}{name}")
            visit.page.wait_for_function("() => window.outcome")
            assert expected in visit.page.evaluate("window.outcome"), given
            assert expected != "wasm" or visit.complaints == []


def test_teaching_training_predicting_and_forgetting(plain: Page) -> None:
    plain.evaluate("make({ seed: 5, settings: { epochs: 4 } })")
    assert plain.evaluate("fails(classifier.predict(document.getElementById('probe')))").startswith(
        "ClassifierError not-trained"
    )
    first = plain.evaluate(
        "pixels('0-0.png').then((p) => classifier.addExample(p, 'Warm')).then(({ picture, ...r }) => r)"
    )
    assert first == {"id": 1, "class": "Warm", "count": 1}
    assert plain.evaluate("fails(classifier.train())").startswith("ClassifierError too-few")
    plain.evaluate("classifier.removeExample(1)")
    assert plain.evaluate("classifier.examples") == []
    assert plain.evaluate("fails(classifier.removeExample(1))").startswith("ClassifierError unknown-example")
    plain.evaluate("teach()")
    assert [e["class"] for e in plain.evaluate("classifier.examples")] == ["Warm", "Cold"] * 3
    trained = plain.evaluate(
        "(async () => { const seen = []; const onEpoch = (e) => seen.push(e.epoch);"
        "return { ...(await classifier.train({ onEpoch })), seen }; })()"
    )
    assert trained["seen"] == [1, 2, 3, 4]
    assert (trained["examples"], trained["classes"]) == (6, ["Warm", "Cold"])
    assert len(trained["history"]) == 4
    answer = plain.evaluate("pixels('0-0.png').then((p) => classifier.predict(p))")
    assert [each["class"] for each in answer] == ["Warm", "Cold"]
    assert sum(each["probability"] for each in answer) == pytest.approx(1, abs=1e-5)
    # The same seed and the same examples give the same head, on another worker.
    once = plain.evaluate("pixels('probe.png').then((p) => classifier.predict(p))")
    plain.evaluate("make({ seed: 5, settings: { epochs: 4 } }).then(teach).then(() => classifier.train())")
    assert plain.evaluate("pixels('probe.png').then((p) => classifier.predict(p))") == once
    stopped = plain.evaluate(
        "(() => { const stop = new AbortController(); classifier.settings.epochs = 1000;"
        "const run = fails(classifier.train({ signal: stop.signal })); stop.abort(); return run; })()"
    )
    assert stopped.startswith("ClassifierError stopped")
    assert plain.evaluate("pixels('probe.png').then((p) => classifier.predict(p))") == once
    plain.evaluate("classifier.dispose()")
    assert plain.evaluate("fails(classifier.train())").startswith("ClassifierError disposed")


EVERY_KIND_JS = """
async () => {
  const element = await image('probe.png');
  const raw = await pixels('probe.png');
  const canvas = document.querySelector('canvas');
  canvas.width = element.width;
  canvas.height = element.height;
  canvas.getContext('2d').drawImage(element, 0, 0);
  const offscreen = new OffscreenCanvas(element.width, element.height);
  offscreen.getContext('2d').drawImage(element, 0, 0);
  const blob = await (await fetch('probe.png')).blob();
  const bitmap = await createImageBitmap(element);
  const inFrame = document.createElement('iframe');
  document.body.append(inFrame);
  const foreign = new inFrame.contentWindow.Image();
  foreign.src = element.src;
  const kinds = {
    raw: { data: new Uint8Array(raw.data), width: raw.width, height: raw.height },
    ImageData: raw, element, canvas, offscreen, blob, bitmap, foreign,
    file: new File([blob], 'probe.png'),
    video: await video(canvas),
    frame: new VideoFrame(canvas, { timestamp: 0 }),
  };
  const features = {};
  for (const [name, given] of Object.entries(kinds)) {
    features[name] = Array.from(await classifier.embed(given));
  }
  return { features, kept: [bitmap.width, kinds.frame.codedWidth, raw.data.length] };
}
"""
VIDEO_JS = """
window.video = async (canvas) => {
  const video = document.createElement('video');
  video.srcObject = canvas.captureStream();
  video.muted = true;
  // The stream has a picture for every time that something is drawn.
  const again = setInterval(() => canvas.getContext('2d').drawImage(canvas, 0, 0), 50);
  const first = fails(classifier.embed(video));
  await video.play();
  await new Promise((done) => video.requestVideoFrameCallback(done));
  clearInterval(again);
  window.early = await first;
  return video;
};
null;
"""


def test_every_kind_of_image_gives_the_same_features(plain: Page) -> None:
    plain.evaluate("make()")
    plain.evaluate(VIDEO_JS)
    told = plain.evaluate(EVERY_KIND_JS)
    reference = np.array(told["features"]["raw"])
    for name, features in told["features"].items():
        off = np.abs(np.array(features) - reference).max() / np.abs(reference).max()
        # A video may have gone through other colours; everything else is the same bytes.
        assert off <= (0.1 if name in ("video", "frame") else ALIKE), name
    assert told["kept"] == [320, 320, 320 * 240 * 4], "what was given was left as it is"
    assert "ImageError bad-image: The video has no picture yet" in plain.evaluate("window.early")


def test_photos_are_upright_and_in_srgb(plain: Page, folder: Path) -> None:
    """A photo that was taken sideways, and one whose profile exchanges red and green."""
    upright = outside.between(0.7)[:, :200]
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    outside.save(folder / "sideways.jpg", np.rot90(upright), quality=98, subsampling=0, exif=exif.tobytes())
    outside.save(folder / "upright.jpg", upright, quality=98, subsampling=0)
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    outside.save(folder / "exchanged.png", upright[:, :, [1, 0, 2]], icc_profile=bytes(profile))
    outside.save(folder / "straight.png", upright)
    plain.evaluate("make()")
    embed = "async (name) => Array.from(await classifier.embed(await (await fetch(name)).blob()))"
    found = {
        name: np.array(plain.evaluate(embed, name))
        for name in ("sideways.jpg", "upright.jpg", "exchanged.png", "straight.png")
    }
    outside.save(folder / "sideways.png", np.rot90(upright))
    found["lying"] = np.array(plain.evaluate(embed, "sideways.png"))

    def apart(a: str, b: str) -> float:
        return float(np.abs(found[a] - found[b]).max() / np.abs(found[b]).max())

    assert apart("sideways.jpg", "upright.jpg") < 0.1 < apart("lying", "straight.png")
    assert apart("exchanged.png", "straight.png") < 0.1


def test_wrong_use_is_told_in_words(plain: Page, folder: Path) -> None:
    cases = {
        "make({ classes: ['One'] })": "bad-option: `classes` has to be a list of two",
        "make({ classes: ['One', 'One'] })": "holds a name twice",
        "make({ classes: ['One', ''] })": "names of 1 to 200",
        "make({ seed: -1 })": "bad-option: settings.seed: should be 0",
        "make({ settings: { epochs: 0 } })": "settings.epochs",
        "make({ backend: 'abacus' })": "There is no backend abacus; there are wasm",
        "make({ base: 'nowhere/' })": "no-site",
        "load().then((m) => m.loadClassifier('none.zip'))": "no-file",
        "load().then((m) => m.loadClassifier(new Blob(['PK'])))": "ProjectError not-a-project",
    }
    for code, expected in cases.items():
        assert expected in plain.evaluate(f"fails({code})"), code
    plain.evaluate("make()")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    for code, expected in {
        "'probe.png', 'Warm'": "ImageError bad-image: This is not an image (String)",
        "null, 'Warm'": "This is not an image (Null)",
        "document.body, 'Warm'": "This is not an image (HTMLBodyElement)",
        "{ data: [1, 2, 3, 4], width: 1, height: 1 }, 'Warm'": "RGBA bytes",
        "{ data: new Uint8Array(3), width: 1, height: 1 }, 'Warm'": "RGBA are 4 bytes, and the image has 3",
        "new Blob(['text']), 'Warm'": "The image (Blob) is broken",
        "new File(['text'], 'notes.txt'), 'Warm'": "The file notes.txt is broken",
        "new Image(), 'Warm'": "could not be loaded",
        "document.createElement('video'), 'Warm'": "no picture yet",
        "new ImageData(4, 4), 'Hot'": 'unknown-class: There is no class "Hot"; the classes are "Warm"',
    }.items():
        assert expected in plain.evaluate(f"fails(classifier.addExample({code}))"), code
    assert plain.evaluate("classifier.examples") == []


def test_projects_come_and_go(plain: Page) -> None:
    plain.evaluate("make({ seed: 3 }).then(teach).then(() => classifier.train())")
    before = plain.evaluate("image('probe.png').then((i) => classifier.predict(i))")
    plain.evaluate("classifier.exportProject().then((blob) => { window.file = blob; })")
    plain.evaluate("make({ classes: ['X', 'Y', 'Z'] })")
    assert plain.evaluate("classifier.importProject(window.file)") == {
        "classes": ["Warm", "Cold"],
        "examples": 6,
        "trained": True,
    }
    assert plain.evaluate("classifier.settings.seed") == 3
    assert plain.evaluate("image('probe.png').then((i) => classifier.predict(i))") == before
    assert (
        plain.evaluate("pixels('0-0.png').then((p) => classifier.addExample(p, 'Cold')).then((a) => a.id)")
        == 7
    )
    refused = plain.evaluate("fails(classifier.importProject(window.file.slice(0, 5000)))")
    assert refused.startswith("ProjectError not-a-project")
    assert plain.evaluate("classifier.examples.length") == 7
    # Predicting only: from the same file, and not from one without a head.
    plain.evaluate("load().then(async (m) => { window.loaded = await m.loadClassifier(window.file); })")
    assert plain.evaluate("loaded.classes") == ["Warm", "Cold"]
    assert plain.evaluate("image('probe.png').then((i) => loaded.predict(i))") == before
    assert plain.evaluate("typeof loaded.train") == "undefined"
    plain.evaluate(
        "make().then(teach).then(() => classifier.exportProject())"
        ".then((blob) => { window.untrained = blob; })"
    )
    assert "ProjectError no-head" in plain.evaluate(
        "fails(load().then((m) => m.loadClassifier(window.untrained)))"
    )


def test_from_another_server(plain: Page, elsewhere: str) -> None:
    plain.evaluate(
        "async (url) => { window.load = () => import(url + 'dist/onthefly.js'); await make({ seed: 1 });"
        "await teach(); await classifier.train(); }",
        elsewhere,
    )
    assert plain.evaluate("image('0-1.png').then((i) => classifier.predict(i))")[0]["class"] == "Warm"
    # An image of another server whose pixels this page may not have, and one whose it may.
    closed = plain.evaluate(
        "(url) => image(url + 'closed.png').then((i) => fails(classifier.embed(i)))", elsewhere
    )
    assert "bad-image: The image is from another server" in closed
    plain.evaluate(
        "(url) => classifier.embed(Object.assign(new Image(), { crossOrigin: '', src: url + 'probe.png' }))",
        elsewhere,
    )
