"""What small graphs compute, in TensorFlow and in TensorFlow.js, and constants for them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import portability as rules
from onthefly_studio.graph.model import GraphModel
from tests import support
from tests.support import tensorflow_scripts
from tests.support.graphs import NUMBERS

ONE_BIAS = {"i": "1"}
ONES = {"list": {"i": ["1", "1", "1", "1"]}}
KERNEL = np.random.default_rng(7).normal(size=(1, 1, 4, 4))
DEEP = np.random.default_rng(8).normal(size=(3, 3, 4, 1))
BIAS = np.array([0.5, -1.0, 2.0, 0.1])
IMAGES = np.random.default_rng(9).random((10, 8, 8, 3)).astype(np.float32)
MORE = {**NUMBERS, "k": KERNEL, "deep_k": DEEP, "b": BIAS}
CLOSE = 2e-6
"""Of the largest value: weights that took up a factor are rounded once more, to 24 bits."""
STOCK = support.FOLDER / "stock.cjs"


def by_tensorflow(model: GraphModel, folder: Path) -> NDArray[Any]:
    """What a graph makes of `IMAGES`."""
    folder.mkdir()
    graph_model.write(model, folder)
    np.save(folder / "images.npy", IMAGES)
    tensorflow_scripts.worker().call("graph_features", folder, folder / "images.npy", folder / "out.npy")
    made: NDArray[Any] = np.load(folder / "out.npy")
    return made


def by_tensorflow_js(folder: Path) -> NDArray[Any]:
    """What TensorFlow.js makes of them, with the files that `by_tensorflow` wrote."""
    IMAGES.tofile(folder / "images.bin")
    files = [str(folder), str(folder / "images.bin"), str(folder / "out.bin")]
    done = subprocess.run(["node", str(STOCK), *files, "8"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.fromfile(folder / "out.bin", "<f4")


def assert_same(before: GraphModel, after: GraphModel, scratch: Path) -> None:
    """Both graphs give the same values; the second is one that every backend runs."""
    rules.require_portable(after)
    wanted = by_tensorflow(before, scratch / "before")
    found = by_tensorflow(after, scratch / "after")
    assert wanted.shape == found.shape
    assert np.abs(wanted).max() > 0.1
    assert np.abs(found - wanted).max() <= CLOSE * np.abs(wanted).max()
    told = by_tensorflow_js(scratch / "after")
    assert np.abs(told - wanted.ravel()).max() <= CLOSE * np.abs(wanted).max()
