"""What a graph says about itself: its nodes in order, their attributes, and the shapes of what they make."""

from __future__ import annotations

import base64
import math

import numpy as np

from onthefly_studio.graph.model import Array, GraphModel, Node
from onthefly_studio.reference.golden import SIZE

Shape = tuple[int, int, int]
"""Height, width and channels."""
Padding = tuple[int, int, int, int]
"""Rows above and below, columns left and right."""
NO_PADDING: Padding = (0, 0, 0, 0)

CONVOLUTIONS = ("Conv2D", "_FusedConv2D")
DEPTHWISE = ("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")
ELEMENTWISE = ("Add", "AddV2", "Identity", "Maximum", "Minimum", "Mul", "Relu", "Relu6", "Sigmoid", "Sub")


def plain(reference: str) -> str:
    """The node that a reference such as `name:0` or `^name` names."""
    return reference.removeprefix("^").split(":")[0]


def in_order(model: GraphModel) -> list[Node]:
    """The nodes that the output needs, each after its inputs."""
    nodes = {node["name"]: node for node in model.nodes}
    order: dict[str, Node] = {}
    waiting = [model.output_name]
    while waiting:
        name = waiting[-1]
        missing = [each for each in map(plain, nodes[name].get("input", ())) if each not in order]
        if name in order or not missing:
            order[waiting.pop()] = nodes[name]
        else:
            waiting += missing
    return list(order.values())


def word(node: Node, attribute: str) -> str:
    """A string attribute; empty where the node has none."""
    return base64.b64decode(node.get("attr", {}).get(attribute, {}).get("s", "")).decode()


def numbers(node: Node, attribute: str) -> list[int]:
    """A list of whole numbers; empty where the node has none."""
    return [int(n) for n in node.get("attr", {}).get(attribute, {}).get("list", {}).get("i", [])]


def input_shape(model: GraphModel) -> Shape:
    """Of the picture; sizes that the graph leaves open are those that every backbone here is made for."""
    sizes = model.node(model.input_name).get("attr", {}).get("shape", {}).get("shape", {}).get("dim", [])
    found = [int(dim.get("size", -1)) for dim in sizes]
    height, width, channels = found[1:] if len(found) == 4 else (-1, -1, -1)
    return (height if height > 0 else SIZE, width if width > 0 else SIZE, channels if channels > 0 else 3)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow's SAME has them: the odd one comes after."""
    whole = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return whole // 2, whole - whole // 2


def windowed(
    height: int, width: int, kernel: tuple[int, int], stride: tuple[int, int], padding: Padding
) -> tuple[int, int]:
    """Rows and columns that a window makes of a plane."""
    top, bottom, left, right = padding
    return (
        (height + top + bottom - kernel[0]) // stride[0] + 1,
        (width + left + right - kernel[1]) // stride[1] + 1,
    )


def shapes(model: GraphModel) -> dict[str, Shape]:
    """The shape of what each node makes, `[n, height, width, channels]` without n.

    A node that is unknown here, or makes something else, is left out, and so is all that depends on it.
    """
    known: dict[str, Shape] = {}
    for node in in_order(model):
        name, op = node["name"], node["op"]
        given = [plain(each) for each in node.get("input", ())]
        constants = {place: model.dense(each) for place, each in enumerate(given) if each in model.weights}
        found = [known[each] for each in given if each in known]
        shape: Shape | None = None
        if op == "Placeholder":
            shape = input_shape(model)
        elif len(found) + len(constants) < len(given) or not found:
            continue  # something unknown goes in
        elif op in ELEMENTWISE:
            shape = _broadcast(found, list(constants.values()))
        elif op in (*CONVOLUTIONS, *DEPTHWISE) and 1 in constants:
            shape = _convolved(node, found[0], constants[1])
        elif op == "Pad" and 1 in constants:
            shape = _padded(found[0], constants[1])
        elif op == "AvgPool":
            shape = _moved(node, found[0], _pair(numbers(node, "ksize")), found[0][2])
        elif op == "Mean" and is_plane_mean(node, constants.get(1)):
            shape = (1, 1, found[0][2])
        if shape is not None:
            known[name] = shape
    return known


def is_plane_mean(node: Node, axes: Array | None) -> bool:
    """Whether a `Mean` goes over rows and columns and leaves `[n, 1, 1, channels]`."""
    keeps = bool(node.get("attr", {}).get("keep_dims", {}).get("b", False))
    return keeps and axes is not None and sorted(np.ravel(axes).tolist()) in ([1, 2], [-3, -2])


def _broadcast(shapes: list[Shape], constants: list[Array]) -> Shape | None:
    """Of an operation on each element; constants are taken for one number, or one for each channel."""
    whole: Shape = (max(s[0] for s in shapes), max(s[1] for s in shapes), max(s[2] for s in shapes))
    fits = all(size in (1, most) for shape in shapes for size, most in zip(shape, whole, strict=True))
    small = all(each.size in (1, whole[2]) and each.ndim <= 4 for each in constants)
    return whole if fits and small else None


def _convolved(node: Node, shape: Shape, kernel: Array) -> Shape | None:
    if kernel.ndim != 4:
        return None
    channels = kernel.shape[2] * kernel.shape[3] if node["op"] in DEPTHWISE else kernel.shape[3]
    return _moved(node, shape, (kernel.shape[0], kernel.shape[1]), channels)


def _moved(node: Node, shape: Shape, window: tuple[int, int] | None, channels: int) -> Shape | None:
    """What a window that moves over a plane makes of it."""
    height, width, _ = shape
    stride = _pair(numbers(node, "strides"))
    known = word(node, "data_format") in ("", "NHWC") and all(n == 1 for n in numbers(node, "dilations"))
    if not known or not window or not stride:
        return None
    padding = NO_PADDING
    if word(node, "padding") == "SAME":
        padding = (*same_padding(height, window[0], stride[0]), *same_padding(width, window[1], stride[1]))
    elif word(node, "padding") != "VALID":
        return None
    return (*windowed(height, width, window, stride, padding), channels)


def _padded(shape: Shape, around: Array) -> Shape | None:
    if around.shape != (4, 2) or around[0].any():
        return None
    _, rows, columns, channels = around.sum(axis=1).tolist()
    return shape[0] + rows, shape[1] + columns, shape[2] + channels


def _pair(listed: list[int]) -> tuple[int, int] | None:
    """Rows and columns of `[1, rows, columns, 1]`."""
    return (listed[1], listed[2]) if len(listed) == 4 and all(n > 0 for n in listed) else None


def constant(model: GraphModel, name: str) -> Array | None:
    """The value of a node that depends on no picture; 8-bit kernels are a product with channels' scales."""
    if name in model.weights:
        return model.dense(name)
    node = model.node(name)
    inputs = [plain(each) for each in node.get("input", ())]
    if node["op"] != "Mul" or not all(each in model.weights for each in inputs):
        return None
    product: Array = model.dense(inputs[0]) * model.dense(inputs[1])
    return product
