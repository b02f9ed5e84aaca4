"""Convolutions and pooling in NumPy, as TensorFlow defines them for `[n, height, width, channels]`.

A window's sum is never written as a loop over pixels: a pointwise convolution is one product of matrices,
any other one is that of gathered patches, and a depthwise one adds up its input as often as the window has
places, moved and multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onthefly_studio.reference.node import Node

Float32 = npt.NDArray[np.float32]

PATCH_VALUES = 1 << 22
"""Values of patches that are gathered at a time, so that memory does not grow with the plane: 16 MiB."""


@dataclass(frozen=True)
class Line:
    """Where windows lie along rows, or along columns."""

    before: int
    """Places around the plane that are taken for zeros, or for nothing where windows are pooled."""
    after: int
    window: int
    stride: int
    dilation: int
    count: int
    """Windows along this line."""

    def seen(self, place: int) -> slice:
        """What all windows have at one of their places, in the padded plane."""
        start = place * self.dilation
        return slice(start, start + (self.count - 1) * self.stride + 1, self.stride)


@dataclass(frozen=True)
class Windows:
    """Where windows lie in a plane."""

    node: Node
    rows: Line
    columns: Line

    def padded(self, x: Float32, value: float = 0.0) -> Float32:
        """The plane with what its windows see around it."""
        rows, columns = self.rows, self.columns
        if not (rows.before or rows.after or columns.before or columns.after):
            return x
        batch, height, width, channels = x.shape
        above, left = rows.before, columns.before
        shape = self.node.bounded(
            (batch, above + height + rows.after, left + width + columns.after, channels)
        )
        # Zeros come from the system, only the others are written.
        whole = np.full(shape, np.float32(value)) if value else np.zeros(shape, np.float32)
        whole[:, above : above + height, left : left + width] = x
        return whole


def windows(node: Node, x: Float32, size: tuple[int, int], dilations: tuple[int, ...]) -> Windows:
    """How a node lays windows over its input.

    Args:
        node: with `strides`, `padding` and, where that is EXPLICIT, `explicit_paddings`.
        x: `[n, height, width, channels]`.
        size: rows and columns of a window.
        dilations: steps within a window, of every axis.

    Raises:
        NotComputed: in a way that is unknown here.
        ValueError: not one window fits.
    """
    if x.ndim != 4 or x.dtype != np.float32:
        raise ValueError(f"{node.name}: a plane of shape {x.shape} and type {x.dtype}")
    if (layout := node.word("data_format", "NHWC")) != "NHWC":
        raise node.unknown(f"the data format {layout[:20]}")
    strides, padding = node.wholes("strides"), node.word("padding")
    for name, steps in (("strides", strides), ("dilations", dilations)):
        if len(steps) != 4 or min(steps) < 1 or steps[0] != 1 or steps[3] != 1:
            raise node.unknown(f"{name} {list(steps)[:8]}")
    around = node.wholes("explicit_paddings", ()) if padding == "EXPLICIT" else (0,) * 8
    if padding not in ("SAME", "VALID", "EXPLICIT") or len(around) != 8:
        raise node.unknown(f"the padding {padding[:20]}")
    if min(around) < 0 or any(around[:2]) or any(around[6:]):
        raise node.unknown(f"explicit paddings {list(around)}")
    lines = []
    for axis in (1, 2):
        length, window, stride, dilation = x.shape[axis], size[axis - 1], strides[axis], dilations[axis]
        spread = (window - 1) * dilation + 1
        before, after = around[2 * axis : 2 * axis + 2]
        if padding == "SAME":  # as many windows as strides begun; an odd zero comes after
            missing = max((-(-length // stride) - 1) * stride + spread - length, 0)
            before, after = missing // 2, missing - missing // 2
        count = (before + length + after - spread) // stride + 1
        if count < 1 or window < 1:
            raise ValueError(f"{node.name}: a window of {window} in a plane of {length}")
        lines.append(Line(before, after, window, stride, dilation, count))
    return Windows(node, *lines)


def convolution(node: Node, x: Float32, kernel: Float32) -> Float32:
    """`[n, h, w, in]` and `[rows, columns, in, out]` to `[n, h', w', out]`.

    Raises:
        NotComputed: channels in groups, or any other way that is unknown here.
    """
    rows, columns, taken, made = kernel.shape
    layout = windows(node, x, (rows, columns), node.wholes("dilations", (1, 1, 1, 1)))
    if taken != x.shape[3]:
        raise node.unknown(f"a kernel for {taken} of {x.shape[3]} channels")
    flat = kernel.reshape(-1, made)
    down, across = layout.rows, layout.columns
    padded = layout.padded(x)
    shape = (len(x), down.count, across.count, made)
    if (rows, columns) == (1, 1):
        product: Float32 = padded[:, down.seen(0), across.seen(0)].reshape(-1, taken) @ flat
        return product.reshape(shape)
    result = np.empty(shape, np.float32)
    step = max(1, PATCH_VALUES // (across.count * len(flat)))
    for batch in range(len(x)):
        patches = _patches(padded[batch], layout)
        for first in range(0, down.count, step):
            block = patches[first : first + step]
            result[batch, first : first + step] = (block.reshape(-1, len(flat)) @ flat).reshape(
                len(block), across.count, made
            )
    return result


def _patches(plane: Float32, layout: Windows) -> Float32:
    """What each window sees, `[h', w', rows, columns, channels]`: a view of `[height, width, channels]`."""
    down, across = layout.rows, layout.columns
    row, column, channel = plane.strides
    return np.lib.stride_tricks.as_strided(
        plane,
        (down.count, across.count, down.window, across.window, plane.shape[2]),
        (row * down.stride, column * across.stride, row * down.dilation, column * across.dilation, channel),
        writeable=False,
    )


def depthwise(node: Node, x: Float32, kernel: Float32) -> Float32:
    """`[n, h, w, c]` and `[rows, columns, c, m]` to `[n, h', w', c * m]`.

    Raises:
        NotComputed: a way that is unknown here.
    """
    rows, columns, taken, each = kernel.shape
    layout = windows(node, x, (rows, columns), node.wholes("dilations", (1, 1, 1, 1)))
    if taken != x.shape[3]:
        raise ValueError(f"{node.name}: a kernel for {taken} of {x.shape[3]} channels")
    down, across = layout.rows, layout.columns
    padded = layout.padded(np.repeat(x, each, axis=3) if each > 1 else x)
    batch, height, _, channels = padded.shape
    factors = kernel.reshape(rows, columns, channels)
    width = across.count * channels
    result = np.zeros((batch, down.count, width), np.float32)
    product = np.empty_like(result)
    for column in range(columns):
        # With a row's pixels and channels on one axis, NumPy multiplies whole rows at a time.
        seen = padded[:, :, across.seen(column)].reshape(batch, height, width)
        for row in range(rows):
            np.multiply(seen[:, down.seen(row)], np.tile(factors[row, column], across.count), out=product)
            result += product
    return result.reshape(batch, down.count, across.count, channels)


def largest_of_windows(node: Node, x: Float32) -> Float32:
    """`MaxPool`: what is around the plane is never the largest."""
    layout = _pooled(node, x)
    padded = layout.padded(x, -np.inf)
    result = np.full(_shape(x, layout), np.float32(-np.inf))
    for row, column in np.ndindex(layout.rows.window, layout.columns.window):
        np.maximum(result, padded[:, layout.rows.seen(row), layout.columns.seen(column)], out=result)
    return result


def mean_of_windows(node: Node, x: Float32) -> Float32:
    """`AvgPool`: what is around the plane is not counted."""
    layout = _pooled(node, x)
    ones = np.ones((1, *x.shape[1:3], 1), np.float32)
    return _sums(x, layout) / _sums(ones, layout)


def _sums(x: Float32, layout: Windows) -> Float32:
    padded = layout.padded(x)
    result = np.zeros(_shape(x, layout), np.float32)
    for row, column in np.ndindex(layout.rows.window, layout.columns.window):
        result += padded[:, layout.rows.seen(row), layout.columns.seen(column)]
    return result


def _pooled(node: Node, x: Float32) -> Windows:
    size = node.wholes("ksize")
    if len(size) != 4 or size[0] != 1 or size[3] != 1:
        raise node.unknown(f"windows of {list(size)[:8]}")
    return windows(node, x, (size[1], size[2]), (1, 1, 1, 1))


def _shape(x: Float32, layout: Windows) -> tuple[int, int, int, int]:
    return len(x), layout.rows.count, layout.columns.count, x.shape[3]
