"""JPEG photographs through two decoders: the browser's in the page, Pillow's in `onthefly predict`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from builder.cache import Cache
from builder.cli.predict import command as predict_command
from builder.pipeline import Built
from builder.site.server import SiteServer
from tests import data
from tests.browser import pages

TAUGHT = 20
"""Photographs per class that the head is trained on; the others are asked about."""
SAME_WINNER = 0.99
EXPORT_JS = """
async (classes) => {
  const {loadSite, exportProject} = await import(new URL('onthefly.js', document.baseURI).href);
  const {site} = await loadSite();
  const {file} = await exportProject(window.worker, site, classes);
  const reader = new FileReader();
  await new Promise((resolve) => { reader.onload = resolve; reader.readAsDataURL(file); });
  return reader.result.split(',')[1];
}
"""
BITMAP_JS = """
const bitmapOf = async (jpeg) => createImageBitmap(
  new Blob([Uint8Array.from(atob(jpeg), (c) => c.charCodeAt(0))], {type: 'image/jpeg'}));
"""
TEACH_JS = f"""
async ({{jpeg, classId}}) => {{
  {BITMAP_JS}
  await window.worker.addExample(await bitmapOf(jpeg), classId);
}}
"""
PREDICT_JS = f"""
async ({{jpeg, ids}}) => {{
  {BITMAP_JS}
  const {{probabilities}} = await window.worker.predict(await bitmapOf(jpeg));
  return ids.map((id) => probabilities[id]);
}}
"""


def encoded(photo: Path) -> str:
    return base64.b64encode(photo.read_bytes()).decode()


@pytest.mark.parametrize("collection", ["hand-digits", "cats-dogs"])
def test_page_and_python_name_the_same_winner(
    collection: str,
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    cache: Cache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photos = data.photos(collection)
    classes = [{"id": f"c{i}", "name": name, "tone": i % 10} for i, name in enumerate(photos)]
    ids = [each["id"] for each in classes]
    asked = [photo for each in photos.values() for photo in each[TAUGHT:]]
    with chromium() as visit:
        page = visit.page
        built = site("embedded")
        page.goto(serving(built.out).url)
        page.evaluate(pages.CLIENT_JS)
        page.evaluate("(ids) => window.worker.setClasses(ids)", ids)
        for class_id, folder in zip(ids, photos.values(), strict=True):
            for photo in folder[:TAUGHT]:
                page.evaluate(TEACH_JS, {"jpeg": encoded(photo), "classId": class_id})
        page.evaluate("(settings) => window.worker.train(settings)", built.site["head"])
        said = np.array([page.evaluate(PREDICT_JS, {"jpeg": encoded(photo), "ids": ids}) for photo in asked])
        (tmp_path / "project.zip").write_bytes(base64.b64decode(page.evaluate(EXPORT_JS, classes)))
        assert visit.complaints == []

    monkeypatch.setenv("ONTHEFLY_CACHE", str(cache.root))
    arguments = [str(tmp_path / "project.zip"), *map(str, asked), "--json"]
    done = CliRunner().invoke(predict_command, arguments)
    assert done.exit_code == 0, done.output
    told = np.array([row["probabilities"] for row in json.loads(done.stdout)["predictions"]])
    same = (told.argmax(axis=1) == said.argmax(axis=1)).mean()
    print(f"\n{collection}: {len(asked)} photographs, the same winner on {same:.2%}, ", end="")
    apart = np.abs(told - said)
    print(f"probabilities at most {apart.max():.1e} apart, median {np.median(apart):.1e}")
    assert same >= SAME_WINNER
