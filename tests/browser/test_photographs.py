"""JPEG photographs through two decoders: the browser's in the page, Pillow's in `onthefly predict`."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from playwright.sync_api import expect

from onthefly_studio.cache import Cache
from onthefly_studio.cli.evaluate import command as evaluate_command
from onthefly_studio.cli.predict import command as predict_command
from onthefly_studio.cli.train import command as train_command
from onthefly_studio.pipeline import Built
from onthefly_studio.project.format.model import Project
from onthefly_studio.project.format.read import read
from onthefly_studio.reference.head import probabilities
from onthefly_studio.reference.split import split
from onthefly_studio.reference.training import train
from onthefly_studio.site.server import SiteServer
from tests.browser import pages
from tests.support import data

TAUGHT = 20
"""Photographs per class that the head is trained on; the others are asked about."""
SAME_WINNER = 0.99
CLEAR = 1e-2
"""Lead of the winner above which two free runs have to name the same one."""
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


@pytest.mark.parametrize(
    ("collection", "most"),
    [
        ("hand-digits", 10),
        pytest.param("hand-digits", 1000, marks=pytest.mark.long),
        pytest.param("cats-dogs", 1000, marks=pytest.mark.long),
    ],
)
def test_page_and_python_name_the_same_winner(
    collection: str,
    most: int,
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
    asked = [photo for each in photos.values() for photo in each[TAUGHT:][:most]]
    with chromium(camera=False) as visit:
        page = visit.page
        built = site("embedded")
        pages.open_module(page, serving(built.out).url)
        page.evaluate("(ids) => window.worker.setClasses(ids)", ids)
        for class_id, folder in zip(ids, photos.values(), strict=True):
            for photo in folder[:TAUGHT]:
                page.evaluate(TEACH_JS, {"jpeg": encoded(photo), "classId": class_id})
        page.evaluate("(settings) => window.worker.train(settings)", built.site.for_page()["head"])
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


def winners_of_both(page: Project, python: Project, share: float) -> NDArray[Any]:
    """Whom one head names on held-out photos by the page's features and by Python's, `[2, photos]`.

    The head is trained on the page's features of the other photos. A head of its own for each decoder
    would not tell decoders apart from two runs that part at one ReLU.
    """
    features, labels, classes = page.training_set()
    others, same_labels, _ = python.training_set()
    assert (labels == same_labels).all(), "the photos stand in one order"
    held_out = split(labels, share, page.settings.seed)
    run = train(features[~held_out], labels[~held_out], len(classes), page.settings)
    return np.array(
        [probabilities(run.weights, each[held_out]).argmax(axis=1) for each in (features, others)]
    )


def assert_same_winners(shown: NDArray[Any], told: NDArray[Any], project: Project, share: float) -> None:
    """The page's confusion matrix is Python's but for photos whose winner leads by less than `CLEAR`.

    Two runs that sum in another order part by more than rounding where a ReLU flips.
    """
    features, labels, classes = project.training_set()
    held_out = split(labels, share, project.settings.seed)
    run = train(features[~held_out], labels[~held_out], len(classes), project.settings)
    asked = probabilities(run.weights, features[held_out])
    ranked = np.sort(asked, axis=1)
    is_clear = ranked[:, -1] - ranked[:, -2] > CLEAR
    assert (~is_clear).sum() <= 2, "nearly all photos are told apart"
    found, certain = np.zeros((2, *told.shape), int)
    np.add.at(found, (labels[held_out], asked.argmax(axis=1)), 1)
    np.add.at(certain, (labels[held_out][is_clear], asked[is_clear].argmax(axis=1)), 1)
    assert (found == told).all()
    assert (shown.sum(axis=1) == told.sum(axis=1)).all()
    assert (shown >= certain).all()


@pytest.mark.parametrize("most", [15, pytest.param(1000, marks=pytest.mark.long)])
def test_a_folder_of_classes_is_as_well_learned_in_the_page_as_in_python(
    most: int,
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    tmp_path: Path,
) -> None:
    """Held-out figures are those of `onthefly evaluate`, and Python's own decoder gives the same winners."""
    photos = {name: paths[:most] for name, paths in data.photos("hand-digits").items()}
    total = sum(map(len, photos.values()))
    folder = tmp_path / "hand-digits"
    for name, paths in photos.items():
        (folder / name).mkdir(parents=True)
        for path in paths:
            shutil.copyfile(path, folder / name / path.name)
    built = site("embedded")
    with chromium(camera=False) as visit:
        page = visit.page
        pages.open_ready(page, serving(built.out).url)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Add folders", exact=True).click()
        chooser.value.set_files(folder)
        status = page.get_by_role("status").first
        expect(status).to_have_text(f"Added {total} photos to {len(photos)} classes.")
        page.get_by_role("button", name="Train", exact=True).click()
        expect(status).to_contain_text(f"Trained on {total} photos")
        page.get_by_text("Under the hood").click()
        matrix = page.get_by_role("table", name="What it takes for what")
        expect(matrix).to_be_visible()
        rows = matrix.get_by_role("row").all()[1:]
        shown = [[int(cell) for cell in row.get_by_role("cell").all_text_contents()] for row in rows]
        with page.expect_download() as download:
            page.get_by_role("button", name="Export", exact=True).click()
        download.value.save_as(tmp_path / "page.zip")
        assert visit.complaints == []

    done = CliRunner().invoke(evaluate_command, [str(tmp_path / "page.zip"), "--held-out", "0.2", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["labels"] == list(photos)
    assert_same_winners(np.array(shown), np.array(told["confusion"]), read(tmp_path / "page.zip"), 0.2)

    python = str(tmp_path / "python.zip")
    arguments = [str(folder), "--out", python, "--site", str(built.out)]
    done = CliRunner().invoke(train_command, arguments)
    assert done.exit_code == 0, done.output
    by_page, by_python = winners_of_both(read(tmp_path / "page.zip"), read(Path(python)), 0.2)
    same = (by_page == by_python).mean()
    print(f"\n{told['right']} of {told['photos']} right; the same winner by two decoders on {same:.2%}")
    assert same >= SAME_WINNER
