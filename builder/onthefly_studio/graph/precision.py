"""How weights are stored: fewer bytes to download, the same arithmetic in the browser.

`int8` keeps a scale per output channel for the large kernels. TensorFlow.js' manifest knows one scale per
tensor only, which turns this network's features into noise, so the scales stand in the graph: a kernel
is stored divided by its channels' scales, and a multiplication puts them back. Any TensorFlow.js loads
that; the page's own loader does the multiplications once (`site_template/src/worker/fold.ts`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConversionError
from onthefly_studio.graph.model import Affine, Array, GraphModel, Node, add_constant

KERNEL_RANK = 4
"""Tensors of lower rank (biases, scales, constants) always stay float32: few bytes, much harm."""

INT8_LEAST_SIZE = 6000
"""Smaller kernels stay in float16. On 60 photographs the least cosine with the original is 0.9984; with
kernels of 4000 values and depthwise ones in 8 bits too it is 0.9932, for 61 KB less of 1.7 MB."""

INT8_READ = Affine(scale=1 / 127, min=-1.0)
"""A kernel over its channels' scales lies in [-1, 1], in steps of 1/127; zero is exact."""

CONVOLUTIONS = ("_FusedConv2D", "Conv2D")
"""Depthwise ones stay in float16: 9 or 25 values make an output there, so that rounding does not even out."""


def store(model: GraphModel, precision: Precision) -> GraphModel:
    """The model with its kernels stored in `precision`.

    Raises:
        ConversionError: a kernel holds a value that is not finite, or beyond float16's range.
    """
    for name, array in model.weights.items():
        if not np.isfinite(array).all():
            raise ConversionError(f"The weight {name!r} holds values that are not finite.", where="convert")
    if precision == "float32":
        return model
    if precision == "int8":
        model = _to_int8(model)
    return _to_float16(model)


def _to_float16(model: GraphModel) -> GraphModel:
    """Every float32 kernel in half precision."""
    weights = dict(model.weights)
    for name, array in weights.items():
        if array.dtype == np.float32 and array.ndim >= KERNEL_RANK:
            peak = float(np.abs(array).max(initial=0))
            if peak > float(np.finfo(np.float16).max):
                raise ConversionError(
                    f"The weight {name!r} reaches {peak:.3g}, beyond what float16 holds (65504).",
                    where="convert",
                    hint="Build with --precision float32.",
                )
            weights[name] = array.astype(np.float16)
    return replace(model, weights=weights)


def _to_int8(model: GraphModel) -> GraphModel:
    """Every large kernel as 8-bit steps of its output channels' scales."""
    weights, affine = dict(model.weights), dict(model.affine)
    nodes: list[Node] = []
    scaled: dict[str, str] = {}
    for node in model.nodes:
        kernel = node["input"][1] if node["op"] in CONVOLUTIONS else None
        if kernel in weights and weights[kernel].size >= INT8_LEAST_SIZE:
            if kernel not in scaled:
                scaled[kernel] = _scale_back(kernel, nodes, weights, affine)
            node = {**node, "input": [node["input"][0], scaled[kernel], *node["input"][2:]]}
        nodes.append(node)
    return replace(model, nodes=nodes, weights=weights, affine=affine)


def _scale_back(kernel: str, nodes: list[Node], weights: dict[str, Array], affine: dict[str, Affine]) -> str:
    """Store a kernel in 8 bits and append the node that multiplies its scales back; returns its name."""
    stored, scale = quantize(weights[kernel])
    weights[kernel], affine[kernel] = stored, INT8_READ
    scale_name = add_constant(nodes, weights, f"{kernel}/channel_scale", scale)
    product = f"{kernel}/scaled"
    nodes.append(
        {"attr": {"T": {"type": "DT_FLOAT"}}, "input": [kernel, scale_name], "name": product, "op": "Mul"}
    )
    return product


def quantize(kernel: Array) -> tuple[Array, Array]:
    """A kernel in 8-bit steps, and the scales that bring it back.

    Args:
        kernel: `[h, w, in, out]`, float32.

    Returns:
        uint8 of the kernel's shape, to be read with `INT8_READ`; and the scales, float32
        `[out]`, each the largest size in its channel.
    """
    scale: Array = np.abs(kernel).max(axis=(0, 1, 2)).astype(np.float32)
    divisor = np.where(scale > 0, scale, 1).astype(np.float64)
    steps = np.rint(kernel / divisor / INT8_READ.scale) - np.rint(INT8_READ.min / INT8_READ.scale)
    return steps.astype(np.uint8), scale
