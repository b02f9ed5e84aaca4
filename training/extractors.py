"""Features of images by the name of what makes them: a network, or a descriptor without one."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from training.condition import renormalise, views
from training.export import load
from training.generate.basics import Floats
from training.network import Backbone, channels_last
from training.recipe import RECIPES

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "training" / "runs"
Extractor = Callable[[Floats], Floats]
"""Inputs `[n, 224, 224, 3]` in [0, 1] to features `[n, F]`."""
_BATCH = 64


class UnavailableError(Exception):
    """This extractor cannot be used here; the message says why."""


def extractor(name: str, python: Path) -> Extractor:
    """The extractor of a name.

    Args:
        name: `random`, `hog`, the path of a `.npz` of weights, or any `--backbone` of `onthefly build`.
        python: the interpreter that has On-the-Fly's packages, for the last.
    """
    if name == "random":
        return partial(_run, _random())
    if name == "hog":
        return hog
    if name.endswith(".npz"):
        if not Path(name).exists():
            raise UnavailableError(f"there is no {name}")
        return partial(_run, load(Path(name)))
    return partial(_of_backbone, name, python)


@torch.inference_mode()
def _run(backbone: Backbone, inputs: Floats) -> Floats:
    backbone.eval()
    found = []
    for at in range(0, len(inputs), _BATCH):
        images = torch.from_numpy(np.ascontiguousarray(inputs[at : at + _BATCH])).permute(0, 3, 1, 2)
        found.append(backbone(channels_last(images)).numpy())
    return np.concatenate(found)


def _random() -> Backbone:
    """Random weights; only batch normalisation has seen generated images, or features would be dead."""
    torch.manual_seed(1)
    backbone = Backbone()
    renormalise(backbone, views(RECIPES["one-minute"], RUNS / "random", 256), torch.device("cpu"))
    return backbone


def hog(inputs: Floats) -> Floats:
    """Histograms of oriented gradients by scikit-image, of the image at 128 x 128; 1764 values.

    A block of 36 values has length 1, so six times as much has a root mean square of 1, as suits a head
    that is trained like the others.
    """
    from skimage.feature import hog as of_one
    from skimage.transform import resize

    found = [
        of_one(
            resize(image, (128, 128), anti_aliasing=True),
            orientations=9,
            pixels_per_cell=(16, 16),
            cells_per_block=(2, 2),
            channel_axis=-1,
        )
        for image in inputs
    ]
    return (6 * np.stack(found)).astype(np.float32)


def _of_backbone(backbone: str, python: Path, inputs: Floats) -> Floats:
    if not python.exists():
        raise UnavailableError(f"there is no {python}: `make site` makes it, or give --python")
    if (
        (backbone.endswith(".tar.gz") or "/" in backbone)
        and "://" not in backbone
        and not Path(backbone).exists()
    ):
        raise UnavailableError(f"there is no {backbone}")
    with tempfile.TemporaryDirectory() as scratch:
        given, told = Path(scratch) / "inputs.npy", Path(scratch) / "features.npy"
        np.save(given, inputs)
        command = [str(python), "-m", "training.features", backbone, str(given), str(told)]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True, text=True
        )
        if done.returncode:
            raise UnavailableError(done.stderr.strip().splitlines()[-1])
        features: Floats = np.load(told, allow_pickle=False)
    return features
