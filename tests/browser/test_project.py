"""A project's journey: taught in Chromium, exported, verified and used in Python, imported elsewhere."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from onthefly_studio.cache import Cache
from onthefly_studio.cli.evaluate import command as evaluate_command
from onthefly_studio.cli.predict import command as predict_command
from onthefly_studio.cli.verify import command as verify_command
from onthefly_studio.pipeline import Built
from onthefly_studio.project.format.read import read
from onthefly_studio.site.server import SiteServer
from tests.browser import pages
from tests.support.commands import invoked

CLASSES = [
    {"id": "c1", "name": "Cup", "tone": 0},
    {"id": "c2", "name": "Offene Hand", "tone": 1},
    {"id": "c3", "name": "空", "tone": 4},
    {"id": "c4", "name": "Never shown", "tone": 2},
]
PER_CLASS = 6
ALIKE, PYTHON_ALIKE = 1e-6, 1e-3

TEACH_JS = """
async ({frames, settings}) => {
  await window.worker.setClasses(['c1', 'c2', 'c3', 'c4']);
  for (const {classId, frame} of frames) await window.worker.addExample(window.toFrame(frame), classId);
  const {outcome} = await window.worker.train(settings);
  if (outcome !== 'trained') throw new Error(outcome);
}
"""
PREDICT_JS = """
async (png) => {
  const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
  return (await window.worker.predict(bitmap)).probabilities;
}
"""
EXPORT_JS = """
async (classes) => {
  const {loadSite, exportProject} = await import(new URL('onthefly.js', document.baseURI).href);
  const {site} = await loadSite();
  const {file, ...told} = await exportProject(window.worker, site, classes);
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return {...told, zip: btoa(text)};
}
"""
IMPORT_JS = """
async ({zip, options}) => {
  const {loadSite, importProject} = await import(new URL('onthefly.js', document.baseURI).href);
  const {site} = await loadSite();
  const bytes = Uint8Array.from(atob(zip), (c) => c.charCodeAt(0));
  try {
    const {classes, examples, ...told} = await importProject(window.worker, site, bytes, options);
    const pictures = [];
    for (const {id, classId, picture} of examples) {
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await picture.arrayBuffer()));
      pictures.push([id, classId, Array.from(hash, (b) => b.toString(16).padStart(2, '0')).join('')]);
    }
    return {classes, pictures, ...told};
  } catch (error) {
    return {name: error.name, code: error.code, message: error.message};
  }
}
"""


def picture(label: int, number: int) -> NDArray[Any]:
    """Clouds in a class's colours, RGB bytes of a camera's shape."""
    rng = np.random.default_rng(100 * label + number)
    coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
    clouds = np.asarray(Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC)).astype(np.int64)
    tint = np.array([[220, 60, 40], [60, 200, 80], [50, 70, 230]])[label]
    fine = rng.integers(0, 1 + 40 * label, (240, 320, 1))
    return np.clip((clouds + 2 * tint) // 3 + fine, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def taught(
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """Three classes taught on raw pixels, what the page said of a picture, and its export."""
    built = site("embedded")
    folder = tmp_path_factory.mktemp("project")
    # Half of one class and half of another, so that the answer is not a plain 1.
    halves = (picture(0, 99).astype(int) + picture(1, 99)) // 2
    Image.fromarray(halves.astype(np.uint8)).save(folder / "probe.png")
    png = base64.b64encode((folder / "probe.png").read_bytes()).decode()
    frames = [
        {"classId": f"c{label + 1}", "frame": pages.frame(picture(label, number))}
        for number in range(PER_CLASS)
        for label in range(3)
    ]
    with chromium(camera=False) as visit:
        page = visit.page
        pages.open_module(page, serving(built.out).url)
        page.evaluate(TEACH_JS, {"frames": frames, "settings": built.site.for_page()["head"]})
        said = page.evaluate(PREDICT_JS, png)
        assert max(said.values()) < 0.999, said
        exported = page.evaluate(EXPORT_JS, CLASSES)
        assert visit.complaints == []
    path = folder / "project.zip"
    path.write_bytes(base64.b64decode(exported["zip"]))
    return {"built": built, "folder": folder, "path": path, "png": png, "said": said, "exported": exported}


def test_verify_reproduces_what_the_page_trained(taught: dict[str, Any]) -> None:
    assert taught["exported"]["examples"] == 3 * PER_CLASS
    assert taught["exported"]["withoutHead"] is None
    done = invoked(verify_command, taught["path"], "--json", "--site", taught["built"].out)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    print(f"\n{ {key: told[key] for key in told if key.endswith(('error', 'similarity'))} }")
    assert told["reproduced"] is True
    assert told["steps_followed"] == told["steps_planned"] == 10 * 4
    assert told["loss_error"] < 1e-5
    assert told["probability_error"] < 1e-5
    assert told["least_similarity"] > 0.8


def test_an_import_brings_everything_back(
    taught: dict[str, Any], serving: Callable[[Path], SiteServer], chromium: Any
) -> None:
    project = read(taught["path"])
    with chromium(camera=False) as visit:
        page = visit.page
        pages.open_module(page, serving(taught["built"].out).url)
        told = page.evaluate(IMPORT_JS, {"zip": taught["exported"]["zip"], "options": {}})
        assert told["classes"] == CLASSES
        hashes = {name.rpartition("/")[2]: digest for name, digest in hashes_of(taught["path"]).items()}
        assert told["pictures"] == [[e.id, e.class_id, hashes[f"{e.id}.jpg"]] for e in project.examples]
        again = page.evaluate(PREDICT_JS, taught["png"])
        assert again.keys() == taught["said"].keys() == {"c1", "c2", "c3"}
        assert max(abs(again[key] - taught["said"][key]) for key in again) <= ALIKE

        # A refused file leaves what is there; and an export of what came in is what went out.
        broken = base64.b64encode(taught["path"].read_bytes()[:-100]).decode()
        refused = page.evaluate(IMPORT_JS, {"zip": broken, "options": {}})
        assert (refused["name"], refused["code"]) == ("ProjectError", "not-a-project")
        assert page.evaluate(PREDICT_JS, taught["png"]) == again
        second = page.evaluate(EXPORT_JS, CLASSES)
        assert hashes_of_bytes(second["zip"]) == hashes_of(taught["path"])
        assert visit.complaints == []


def hashes_of(path: Path) -> dict[str, str]:
    """The recorded sha256 of everything that was taught."""
    return hashes_of_bytes(base64.b64encode(path.read_bytes()).decode())


def hashes_of_bytes(text: str) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(text))) as archive:
        files: dict[str, str] = json.loads(archive.read("project.json"))["files"]
    del files["metadata.json"]  # has the time
    return files


def test_another_site_takes_the_photos_when_asked(
    taught: dict[str, Any],
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
) -> None:
    other = site("embedded", "float32")
    with chromium(camera=False) as visit:
        page = visit.page
        pages.open_module(page, serving(other.out).url)
        given = {"zip": taught["exported"]["zip"], "options": {}}
        refused = page.evaluate(IMPORT_JS, given)
        assert refused["code"] == "other-backbone"
        assert "float16" in refused["message"]
        assert page.evaluate("window.worker.memory().then((m) => m.examples)") == 0
        told = page.evaluate(IMPORT_JS, {**given, "options": {"reembed": True}})
        assert told["reembedded"] is True
        assert told["head"] is None
        page.evaluate("(settings) => window.worker.train(settings)", other.site.for_page()["head"])
        said = page.evaluate(PREDICT_JS, taught["png"])
        assert said.keys() == taught["said"].keys()
        assert said["c3"] < 0.5


def test_python_predicts_what_the_page_showed(
    taught: dict[str, Any], cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the site's own files, and from the cache that built it."""
    monkeypatch.setenv("ONTHEFLY_CACHE", str(cache.root))
    probe = taught["folder"] / "probe.png"
    done = invoked(predict_command, taught["path"], probe, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["labels"] == ["Cup", "Offene Hand", "空"]
    expected = [taught["said"][f"c{i}"] for i in (1, 2, 3)]
    (row,) = told["predictions"]
    off = np.abs(np.subtract(row["probabilities"], expected)).max()
    print(f"\nprobabilities {expected}, at most {off:.1e} apart")
    assert row["probabilities"] == pytest.approx(expected, abs=PYTHON_ALIKE)
    assert row["label"] == told["labels"][int(np.argmax(expected))]


def test_evaluate_counts_what_is_right(taught: dict[str, Any], tmp_path: Path) -> None:
    for label, name in enumerate(["cup", "offene-hand", "空"]):
        (tmp_path / name).mkdir()
        for number in (50, 51):
            Image.fromarray(picture(label, number)).save(tmp_path / name / f"{number}.png")
    done = invoked(evaluate_command, taught["path"], tmp_path, "--json", "--site", taught["built"].out)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["photos"] == 6
    assert told["right"] == sum(told["confusion"][i][i] for i in range(3)) >= 5
