"""How weights are stored: fewer bytes to download, the same arithmetic in the browser."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from builder.backbone.graph_model import GraphModel
from builder.errors import ConversionError

Precision = Literal["float32", "float16"]
KERNEL_RANK = 4
"""Tensors of lower rank (biases, scales, constants) always stay float32: few bytes, much harm."""


def store(model: GraphModel, precision: Precision) -> GraphModel:
    """The model with its kernels stored in `precision`.

    Raises:
        ConversionError: a kernel holds a value beyond float16's range.
    """
    if precision == "float32":
        return model
    weights = dict(model.weights)
    for name, array in weights.items():
        if array.dtype == np.float32 and array.ndim >= KERNEL_RANK:
            peak = float(np.abs(array).max(initial=0))
            if peak > float(np.finfo(np.float16).max):
                raise ConversionError(
                    f"The weight {name!r} reaches {peak:.3g}, beyond what float16 holds (65504).",
                    where="convert",
                    mend="Build with --precision float32.",
                )
            weights[name] = array.astype(np.float16)
    return replace(model, weights=weights)
