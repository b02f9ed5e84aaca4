"""Data that lies beside a checkout where somebody has put it: too large, or not ours to ship.

`../shared/weights` holds Google's SavedModels as TF Hub serves them, `../shared/photos` photographs
by class. What needs them is skipped where they are absent, and says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

SHARED = Path(__file__).resolve().parents[3] / "shared"
WEIGHTS = {
    "100": SHARED / "weights" / "mobilenet_v3_small_100_224_feature_vector_5.tar.gz",
    "075": SHARED / "weights" / "mobilenet_v3_small_075_224_feature_vector_5.tar.gz",
}
PHOTOS = SHARED / "photos"


def weights(width: str) -> Path:
    """Google's SavedModel of this width multiplier, or skip."""
    archive = WEIGHTS[width]
    if not archive.exists():
        pytest.skip(f"no {archive.name} in {archive.parent}; put TF Hub's archive there to run this")
    return archive


def photos(collection: str) -> dict[str, list[Path]]:
    """The photographs of a collection by class, in the order of their names, or skip."""
    folder = PHOTOS / collection
    if not folder.is_dir():
        pytest.skip(f"no photographs in {folder}; put a folder per class there to run this")
    return {
        place.name: sorted(
            path for path in place.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png")
        )
        for place in sorted(folder.iterdir())
        if place.is_dir()
    }


def pixels(photo: Path) -> NDArray[Any]:
    """A photograph as RGB bytes, `[h, w, 3]`."""
    with Image.open(photo) as image:
        return np.asarray(image.convert("RGB"))
