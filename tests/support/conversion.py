"""A conversion, and what it proved itself with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onthefly_studio.cache import Cache
from onthefly_studio.contract import Precision
from onthefly_studio.graph.convert import Converted, convert
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source


def through(source: Source, cache: Cache, precision: Precision = "float32") -> Converted:
    """Convert a source."""
    return convert(source, precision, cache=cache, reporter=Silent())


def golden_features(converted: Converted) -> NDArray[Any]:
    """Its features of the golden images, float32 `[n, F]`."""
    return np.fromfile(converted.folder / "golden.bin", "<f4").reshape(-1, converted.features)
