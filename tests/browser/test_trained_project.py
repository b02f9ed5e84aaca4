"""`onthefly train`: a folder of photographs becomes a project that the page's module and `verify` take."""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.cli.predict import command as predict_command
from onthefly_studio.cli.train import command as train_command
from onthefly_studio.cli.verify import command as verify_command
from onthefly_studio.pipeline import Built
from onthefly_studio.project.format.read import read
from onthefly_studio.site.server import SiteServer
from tests.browser import outside
from tests.support.commands import invoked

PYTHON_ALIKE = 1e-3
TAKE_JS = """
async ({zip, name}) => {
  const {createClassifier} = await import(new URL('dist/onthefly.js', document.baseURI));
  const classifier = await createClassifier({classes: ['x', 'y']});
  const taken = await classifier.importProject(Uint8Array.from(atob(zip), (c) => c.charCodeAt(0)));
  const said = await classifier.predict(await (await fetch(name)).blob());
  const before = classifier.settings;
  const {history} = await classifier.train();
  return {taken, said, before, trained: await classifier.predict(await (await fetch(name)).blob()), history};
}
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for label, name in enumerate(["Warm", "Leaf & tree", "空"]):
        (folder / name / "more").mkdir(parents=True)
        for number in range(4):
            path = folder / name / ("more/3.jfif" if number == 3 else f"{number}.png")
            outside.save(path, outside.colours(label, number))
    (folder / "Nothing yet").mkdir()
    (folder / ".hidden").mkdir()
    (folder / "Warm" / "notes.txt").write_text("not a picture")
    (folder / "Warm" / "2b.jpg").write_bytes(b"\xff\xd8 and no more")
    return folder


def test_a_folder_becomes_a_project(
    photos: Path,
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    tmp_path: Path,
) -> None:
    built = site("embedded")
    file = tmp_path / "project.zip"
    arguments = [photos, "--out", file, "--site", built.out, "--seed", 9, "--epochs", 6]
    done = invoked(train_command, *arguments)
    assert done.exit_code == 0, done.output
    assert "12 photos, 3 classes" in done.stdout
    assert "Left out: 1 picture that cannot be read, 1 file that is not a picture." in done.stdout
    assert "Warm/2b.jpg" in done.stderr
    project = read(file)
    assert [each.name for each in project.classes] == ["Leaf & tree", "Nothing yet", "Warm", "空"]
    assert project.backbone.model_hash == built.site.for_page()["model"]["hash"]
    assert (project.settings.seed, project.settings.epochs, project.settings.hidden) == (9, 6, 128)

    verified = invoked(verify_command, file, "--site", built.out, "--json")
    assert verified.exit_code == 0, verified.output
    told = json.loads(verified.stdout)
    assert told["reproduced"] is True
    assert told["least_similarity"] > 0.8

    folder = outside.with_site(tmp_path / "page", built)
    outside.page(folder, "plain.html", "")
    outside.save(folder / "probe.png", outside.between(0.4))
    with chromium(camera=False) as visit:
        visit.page.goto(f"{serving(folder).url}plain.html")
        zipped = base64.b64encode(file.read_bytes()).decode()
        page = visit.page.evaluate(TAKE_JS, {"zip": zipped, "name": "probe.png"})
        assert visit.complaints == []
    assert page["taken"] == {"classes": [c.name for c in project.classes], "examples": 12, "trained": True}
    assert page["before"]["seed"] == 9
    said = invoked(predict_command, file, folder / "probe.png", "--site", built.out, "--json")
    (row,) = json.loads(said.stdout)["predictions"]
    python = dict(zip(json.loads(said.stdout)["labels"], row["probabilities"], strict=True))
    # The head came along; and the page, training on what came along, makes the same.
    for shown in (page["said"], page["trained"]):
        assert {each["class"]: each["probability"] for each in shown} == pytest.approx(
            python, abs=PYTHON_ALIKE
        )
    assert [epoch["loss"] for epoch in page["history"]] == pytest.approx(
        [epoch.loss for epoch in project.trained_head().history], abs=1e-3
    )


def test_strictly_a_broken_picture_is_named_and_the_old_file_stays(
    photos: Path, site: Callable[..., Built], tmp_path: Path
) -> None:
    file = tmp_path / "project.zip"
    file.write_bytes(b"what was here")
    done = invoked(train_command, photos, "--out", file, "--site", site("embedded").out, "--strict")
    assert done.exit_code == 3
    assert "Warm/2b.jpg" in done.output
    assert file.read_bytes() == b"what was here"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(importlib.util.find_spec("apache_beam") is None, reason="Apache Beam is not installed")
def test_beam_embeds_the_same(photos: Path, site: Callable[..., Built], tmp_path: Path) -> None:
    files = [tmp_path / "local.zip", tmp_path / "beam.zip"]
    for runner, file in zip(("local", "beam"), files, strict=True):
        done = invoked(
            train_command, photos, "--out", file, "--site", site("embedded").out, "--runner", runner
        )
        assert done.exit_code == 0, done.output
        assert "Warm/2b.jpg" in done.stderr
        assert "Traceback" not in done.output
    local, beam = (read(file) for file in files)
    assert np.array_equal(local.features, beam.features)
    assert local.examples == beam.examples
