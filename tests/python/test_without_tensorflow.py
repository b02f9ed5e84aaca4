"""Where TensorFlow is not installed, NumPy computes the backbone, and gives what TensorFlow gives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onthefly_studio.cache import Cache
from onthefly_studio.contract import Precision
from onthefly_studio.graph import check
from onthefly_studio.graph.convert import Converted
from onthefly_studio.project.format.read import read
from tests.support.commands import CONVERTING, Done, onthefly, without

CLASSES, EACH = ("reds", "greens"), 6


def run(cwd: Path, cache: Cache, *arguments: str) -> Done:
    done = without(CONVERTING, *arguments, cwd=cwd, cache=cache)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos of two classes."""
    root = tmp_path_factory.mktemp("place")
    drawn = np.random.default_rng(3)
    for number, name in enumerate(CLASSES):
        (root / "photos" / name).mkdir(parents=True)
        for each in range(EACH):
            pixels = drawn.integers(0, 120, (160, 200, 3))
            pixels[..., number] += 120
            Image.fromarray(pixels.astype(np.uint8)).save(root / "photos" / name / f"{each}.png")
    return root


@pytest.fixture(scope="module")
def built(place: Path, cache: Cache, converted: Callable[[str, Precision], Converted]) -> Path:
    """A site of a TensorFlow.js graph, built without TensorFlow."""
    graph = place / "graph"
    graph.mkdir()
    for file in converted("embedded", "float32").model_files():
        shutil.copyfile(file, graph / file.name)
    run(place, cache, "build", "--backbone", "graph")
    return place / "dist"


@pytest.fixture(scope="module")
def project(place: Path, cache: Cache, built: Path) -> Path:
    """A project trained without TensorFlow."""
    run(place, cache, "train", "photos", "--out", "project.zip", "--epochs", "4")
    return place / "project.zip"


def test_a_site_of_a_graph_says_that_numpy_checked_it(
    built: Path, converted: Callable[[str, Precision], Converted]
) -> None:
    assert json.loads((built / "site.json").read_text("utf-8"))["checkedWith"] == "numpy"
    tensorflow = converted("embedded", "float16").folder
    features, theirs = (
        np.fromfile(folder / "golden.bin", "<f4").reshape(6, -1) for folder in (built, tensorflow)
    )
    assert 0 < check.relative_error(features, theirs).max() < 1e-4  # close, and not a copy
    weights = [path.read_bytes() for path in sorted(tensorflow.glob("weights-*.bin"))]
    assert [path.read_bytes() for path in sorted(built.glob("model/*/weights-*.bin"))] == weights


def test_a_project_has_tensorflows_features_and_answers(place: Path, cache: Cache, project: Path) -> None:
    done = onthefly("train", "photos", "--out", "theirs.zip", "--epochs", "4", cwd=place, cache=cache)
    assert done.returncode == 0, done.stderr
    ours, theirs = (read(place / name) for name in ("project.zip", "theirs.zip"))
    assert 0 < check.relative_error(ours.features, theirs.features).max() < 1e-4
    photos = [f"photos/{name}/{each}.png" for name in CLASSES for each in range(EACH)]
    answers = [
        json.loads(done.stdout)
        for done in (
            run(place, cache, "predict", "project.zip", *photos, "--json"),
            onthefly("predict", "theirs.zip", *photos, "--json", cwd=place, cache=cache),
        )
    ]
    first, second = ([row["label"] for row in answer["predictions"]] for answer in answers)
    assert first == second == [name for name in CLASSES for _ in range(EACH)]


def test_a_project_is_evaluated_and_verified(place: Path, cache: Cache, project: Path) -> None:
    evaluated = json.loads(run(place, cache, "evaluate", "project.zip", "photos", "--json").stdout)
    assert evaluated["accuracy"] == 1
    assert "reproduced" in run(place, cache, "verify", "project.zip").stdout
