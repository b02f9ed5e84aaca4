"""Every operation that a graph for the browser may have, in NumPy, as TensorFlow defines it.

`OPERATIONS` is the table: a function of a node and the values of its inputs. Values are float32, or int32
where a graph computes with shapes; none is written to once it is made, so that two names may stand for one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from onthefly_studio.reference import windows
from onthefly_studio.reference.node import Node

Value = npt.NDArray[Any]
Operation = Callable[..., Value]
"""Of a node and the values of its inputs, in their order."""
Float32 = npt.NDArray[np.float32]

READS_ONE = ("BiasAdd", "Add", "AddV2", "Prelu")
"""Fused operations that take an input of their own."""
NOTHING = "NoOp"
"""What stands in the place of a bias where a fused depthwise convolution has none."""


# --- one value of each element ---------------------------------------------------------------------


def _of_floats(compute: Callable[[Float32], Value]) -> Operation:
    """An operation on each float32 element."""

    def operation(node: Node, x: Value) -> Value:
        _require_floats(node, x)
        return compute(x).astype(np.float32, copy=False)

    return operation


def _of_two(compute: Callable[[Value, Value], Value]) -> Operation:
    """An operation on each two elements of one type, after broadcasting."""

    def operation(node: Node, x: Value, y: Value) -> Value:
        if x.dtype != y.dtype:
            raise ValueError(f"{node.name}: {node.op} of {x.dtype} and {y.dtype}")
        node.bounded(np.broadcast_shapes(x.shape, y.shape))
        return np.asarray(compute(x, y), x.dtype)

    return operation


def _require_floats(node: Node, *values: Value) -> None:
    for value in values:
        if value.dtype != np.float32:
            raise ValueError(f"{node.name}: {node.op} of {value.dtype}")


def _relu(node: Node, x: Value) -> Value:
    return np.maximum(x, x.dtype.type(0))


def _relu6(node: Node, x: Value) -> Value:
    return np.minimum(_relu(node, x), x.dtype.type(6))


def _elu(x: Float32) -> Value:
    return np.where(x < 0, np.expm1(np.minimum(x, np.float32(0))), x)


def _leaky_relu(node: Node, x: Value) -> Value:
    _require_floats(node, x)
    # In a fused node the slope has a name that says whose it is.
    slope = node.number("leakyrelu_alpha" if node.op != "LeakyRelu" else "alpha", 0.2)
    return np.where(x > 0, x, x * np.float32(slope))


def _prelu(node: Node, x: Value, slope: Value) -> Value:
    _require_floats(node, x, slope)
    node.bounded(np.broadcast_shapes(x.shape, slope.shape))
    return np.where(x > 0, x, x * slope)


def _sigmoid(x: Float32) -> Value:
    return np.float32(1) / (np.float32(1) + np.exp(-x))


def _divided(node: Node, x: Value, y: Value) -> Value:
    _require_floats(node, x, y)
    node.bounded(np.broadcast_shapes(x.shape, y.shape))
    return np.asarray(x / y, np.float32)


def _same(node: Node, x: Value) -> Value:
    return x


def _negative(node: Node, x: Value) -> Value:
    return np.negative(x)


def _square(node: Node, x: Value) -> Value:
    return x * x


def _softmax(x: Float32) -> Value:
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Value = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return shares


def _sum_of_all(node: Node, first: Value, *others: Value) -> Value:
    """`AddN`, which does not broadcast."""
    total = first
    for other in others:
        if (other.shape, other.dtype) != (first.shape, first.dtype):
            raise ValueError(f"{node.name}: a sum of shapes {first.shape} and {other.shape}")
        total = total + other
    return total


def _bias_added(node: Node, x: Value, bias: Value) -> Value:
    if (layout := node.word("data_format", "NHWC")) != "NHWC":
        raise node.unknown(f"the data format {layout[:20]}")
    if x.ndim < 2 or bias.shape != x.shape[-1:] or bias.dtype != x.dtype:
        raise ValueError(f"{node.name}: a bias of shape {bias.shape} for {x.shape}")
    return x + bias


# --- along axes -----------------------------------------------------------------------------------


def _along(reduce: Callable[..., Value], *, only_floats: bool = False) -> Operation:
    """An operation that takes some axes together, or leaves them with one place."""

    def operation(node: Node, x: Value, axes: Value) -> Value:
        if only_floats:
            _require_floats(node, x)
        along = tuple(_axis(node, int(axis), x.ndim) for axis in np.ravel(axes))
        if len(set(along)) < len(along):
            raise ValueError(f"{node.name}: an axis twice in {list(along)}")
        return np.asarray(reduce(x, axis=along, keepdims=node.flag("keep_dims")), x.dtype)

    return operation


def _mean(x: Value, **along: Any) -> Value:
    mean: Value = x.mean(**along, dtype=np.float64)  # a plane's sum in single precision depends on its order
    return mean


def _sum(x: Value, **along: Any) -> Value:
    total: Value = x.sum(**along, dtype=np.float64 if x.dtype == np.float32 else x.dtype)
    return total


def _axis(node: Node, axis: int, rank: int) -> int:
    """An axis, counted from the first; a negative one is counted from behind."""
    if not -rank <= axis < rank:
        raise ValueError(f"{node.name}: an axis {axis} of {rank}")
    return axis % rank


# --- products -------------------------------------------------------------------------------------


def _product(node: Node, x: Value, y: Value) -> Value:
    _require_floats(node, x, y)
    if x.ndim != 2 or y.ndim != 2:
        raise ValueError(f"{node.name}: a product of shapes {x.shape} and {y.shape}")
    left = x.T if node.flag("transpose_a") else x
    right = y.T if node.flag("transpose_b") else y
    node.bounded((left.shape[0], right.shape[1]))
    return left @ right


def _fused(base: Operation) -> Operation:
    """A convolution or a product of matrices, and what follows on it in the same node."""

    def operation(node: Node, x: Value, kernel: Value, *others: Value) -> Value:
        listed = node.words("fused_ops")
        given = list(others[: node.whole("num_args", len(others))])
        if len(given) != sum(name in READS_ONE for name in listed):
            raise ValueError(f"{node.name}: {listed} with {len(given)} inputs")
        value = base(node, x, kernel)
        for name in listed:
            if name == NOTHING:
                continue
            if name not in FUSED:
                raise node.unknown(f"{name[:40]} fused")
            value = FUSED[name](node, value, *([given.pop(0)] if name in READS_ONE else []))
        return value

    return operation


# --- shapes ---------------------------------------------------------------------------------------


def _reshaped(node: Node, x: Value, shape: Value) -> Value:
    return x.reshape([int(size) for size in shape])


def _squeezed(node: Node, x: Value) -> Value:
    axes = tuple(_axis(node, axis, x.ndim) for axis in node.wholes("squeeze_dims", ()))
    return x.squeeze(axes or None)


def _shape(node: Node, x: Value) -> Value:
    return np.array(x.shape, node.type("out_type", "int32"))


def _padded(node: Node, x: Value, around: Value, value: Value | None = None) -> Value:
    if around.shape != (x.ndim, 2) or around.min(initial=0) < 0:
        raise ValueError(f"{node.name}: paddings {around.tolist()} of {x.shape}")
    pairs = [(int(before), int(after)) for before, after in around]
    shape = tuple(before + size + after for (before, after), size in zip(pairs, x.shape, strict=True))
    whole = np.full(node.bounded(shape), 0 if value is None else value.reshape(()), x.dtype)
    inside = (slice(before, before + size) for (before, _), size in zip(pairs, x.shape, strict=True))
    whole[tuple(inside)] = x
    return whole


def _filled(node: Node, shape: Value, value: Value) -> Value:
    sizes = tuple(int(size) for size in shape)
    return np.full(node.bounded(sizes), value.reshape(()), value.dtype)


def _packed(node: Node, *values: Value) -> Value:
    if len({value.dtype for value in values}) != 1:
        raise ValueError(f"{node.name}: values of several types")
    return np.stack(values, _axis(node, node.whole("axis", 0), values[0].ndim + 1))


def _joined(node: Node, *given: Value) -> Value:
    *values, axis = given
    if len({value.dtype for value in values}) != 1:
        raise ValueError(f"{node.name}: values of several types")
    along = _axis(node, int(axis), values[0].ndim)
    node.bounded((sum(value.size for value in values),))
    return np.concatenate(values, along)


def _slice(node: Node, x: Value, begin: Value, size: Value) -> Value:
    if begin.shape != (x.ndim,) or size.shape != (x.ndim,):
        raise ValueError(f"{node.name}: a part of {x.shape} from {begin.tolist()}")
    cut = []
    for first, count, whole in zip(begin.tolist(), size.tolist(), x.shape, strict=True):
        last = whole if count == -1 else first + count
        if not 0 <= first <= last <= whole:
            raise ValueError(f"{node.name}: places {first} to {last} of {whole}")
        cut.append(slice(first, last))
    return x[tuple(cut)]


def _strided_slice(node: Node, x: Value, begin: Value, end: Value, strides: Value) -> Value:
    """As Python's own `x[begin:end:stride, ..., new, place]`: what each is stands in bits of the masks."""
    masks = {
        name: node.whole(f"{name}_mask", 0)
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    cut: list[Any] = []
    for number, (first, last, step) in enumerate(
        zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)
    ):
        said = {name for name, mask in masks.items() if mask >> number & 1}
        if "ellipsis" in said:
            cut.append(...)
        elif "new_axis" in said:
            cut.append(None)
        elif "shrink_axis" in said:
            cut.append(first)
        else:
            cut.append(slice(None if "begin" in said else first, None if "end" in said else last, step))
    return np.asarray(x[tuple(cut)])


def _reciprocal_root(x: Float32) -> Value:
    return np.float32(1) / np.sqrt(x)


_ADDED = _of_two(np.add)
FUSED: dict[str, Operation] = {
    "Add": _ADDED,
    "AddV2": _ADDED,
    # TensorFlow also writes what has a value of its own for each pixel in the place of a bias.
    "BiasAdd": _ADDED,
    "Elu": _of_floats(_elu),
    "LeakyRelu": _leaky_relu,
    "Prelu": _prelu,
    "Relu": _relu,
    "Relu6": _relu6,
    "Sigmoid": _of_floats(_sigmoid),
    "Tanh": _of_floats(np.tanh),
}
"""What may follow on a convolution or a product in one node."""

OPERATIONS: dict[str, Operation] = {
    "Add": _ADDED,
    "AddN": _sum_of_all,
    "AddV2": _ADDED,
    "AvgPool": windows.mean_of_windows,
    "BiasAdd": _bias_added,
    "ConcatV2": _joined,
    "Conv2D": windows.convolution,
    "DepthwiseConv2dNative": windows.depthwise,
    "Elu": FUSED["Elu"],
    "Exp": _of_floats(np.exp),
    "Fill": _filled,
    "FusedDepthwiseConv2dNative": _fused(windows.depthwise),
    "Identity": _same,
    "LeakyRelu": _leaky_relu,
    "MatMul": _product,
    "Max": _along(np.max),
    "MaxPool": windows.largest_of_windows,
    "Maximum": _of_two(np.maximum),
    "Mean": _along(_mean, only_floats=True),
    "Min": _along(np.min),
    "Minimum": _of_two(np.minimum),
    "Mul": _of_two(np.multiply),
    "Neg": _negative,
    "Pack": _packed,
    "Pad": _padded,
    "PadV2": _padded,
    "Prelu": _prelu,
    "RealDiv": _divided,
    "Relu": _relu,
    "Relu6": _relu6,
    "Reshape": _reshaped,
    "Rsqrt": _of_floats(_reciprocal_root),
    "Shape": _shape,
    "Sigmoid": FUSED["Sigmoid"],
    "Slice": _slice,
    "Softmax": _of_floats(_softmax),
    "Sqrt": _of_floats(np.sqrt),
    "Square": _square,
    "Squeeze": _squeezed,
    "StridedSlice": _strided_slice,
    "Sub": _of_two(np.subtract),
    "Sum": _along(_sum),
    "Tanh": FUSED["Tanh"],
    "_FusedConv2D": _fused(windows.convolution),
    "_FusedMatMul": _fused(_product),
}
