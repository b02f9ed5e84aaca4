"""The weights that ship: whole, of known origin, small, and with features that carry something."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onthefly_studio.contract import Precision
from onthefly_studio.graph.convert import Converted
from onthefly_studio.reference.preprocess import preprocess
from onthefly_studio.sources.embedded import EMBEDDED_WEIGHTS
from tests.support import data, tensorflow_scripts

FOLDER = EMBEDDED_WEIGHTS.parent
PROVENANCE = json.loads((FOLDER / "provenance.json").read_text("utf-8"))


def test_the_hash_is_that_of_the_file_and_of_its_provenance() -> None:
    sha256 = hashlib.sha256(EMBEDDED_WEIGHTS.read_bytes()).hexdigest()
    assert (FOLDER / "weights.sha256").read_text("ascii") == sha256 + "\n"
    assert PROVENANCE["sha256"] == sha256


def test_the_provenance_says_what_made_them() -> None:
    assert PROVENANCE["licence"] == "Apache-2.0"
    assert "no photograph" in PROVENANCE["trainedOn"]
    assert PROVENANCE["imagesSeen"] == PROVENANCE["steps"] * PROVENANCE["settings"]["batch"] > 100_000
    assert PROVENANCE["trainingSeconds"] > 0
    assert {"recipe", "torch", "numpy"} <= set(PROVENANCE)


def test_the_archive_is_small_and_needs_no_pickle() -> None:
    assert EMBEDDED_WEIGHTS.stat().st_size <= 3_200_000
    with zipfile.ZipFile(EMBEDDED_WEIGHTS) as archive:
        assert all(name.endswith(".npy") for name in archive.namelist())
    with np.load(EMBEDDED_WEIGHTS, allow_pickle=False) as arrays:
        for name in arrays.files:
            array = arrays[name]
            assert array.dtype == (np.float16 if array.ndim == 4 else np.float32), name
            assert np.isfinite(array).all(), name


@pytest.mark.parametrize("kind", ["drawn", "photographs"])
def test_features_are_neither_dead_nor_collinear(
    kind: str, converted: Callable[[str, Precision], Converted], tmp_path: Path
) -> None:
    """On images of many kinds every feature varies, and hundreds of directions do."""
    if kind == "drawn":
        images = np.stack([_drawn(seed) for seed in range(400)])
    elif data.PHOTOS.is_dir():
        paths = [
            path
            for name in ("hand-digits", "cats-dogs")
            for each in data.photos(name).values()
            for path in each
        ]
        images = np.stack([preprocess(data.pixels(path)) for path in paths[::2]])
    else:
        pytest.skip(f"no {data.PHOTOS}: no photographs to compute features of")
    np.save(tmp_path / "inputs.npy", images)
    tensorflow_scripts.worker().call(
        "graph_features",
        converted("embedded", "float32").folder,
        tmp_path / "inputs.npy",
        tmp_path / "features.npy",
    )
    features = np.load(tmp_path / "features.npy")
    spread = features.std(axis=0)
    assert spread.min() > 1e-3
    assert spread.max() < 50 * np.median(spread)
    centred = features - features.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    assert int((values > 1e-3 * values[0]).sum()) > 250
    share = values**2 / (values**2).sum()
    assert np.exp(-(share * np.log(share + 1e-30)).sum()) > 20, "effective rank"


def _drawn(seed: int) -> NDArray[Any]:
    """Stripes of any width and colour, with boxes and noise: `[224, 224, 3]` in [0, 1]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:224, :224] / 224
    angle, frequency = rng.uniform(0, np.pi), rng.uniform(2, 60)
    share = 0.5 + 0.5 * np.sin(frequency * (np.cos(angle) * x + np.sin(angle) * y))
    first, second = rng.random((2, 3))
    image = share[..., None] * first + (1 - share[..., None]) * second
    for _ in range(int(rng.integers(1, 7))):
        top, left = rng.integers(0, 200, 2)
        height, width = rng.integers(10, 150, 2)
        image[top : top + height, left : left + width] = rng.random(3)
    image = image + rng.normal(0, rng.uniform(0, 0.1), image.shape)
    return image.clip(0, 1).astype(np.float32)
