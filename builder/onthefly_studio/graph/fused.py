"""Fused nodes taken apart: into what TensorFlow.js computes, or into TensorFlow's plain operations.

A fused node is a convolution or a matrix product, `fused_ops` that follow it one after another, and
`num_args` further inputs that those read in their order: `[BiasAdd, Add, Relu]` reads a bias and what is
added, as TensorFlow writes the end of a residual block. Or it writes `[BiasAdd]`, with the other branch in
place of the bias. TensorFlow.js knows a bias of one value per channel, and one activation after it. With
anything else it throws, or silently leaves out the activation.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from onthefly_studio.graph.model import Array, GraphModel, Node, add_constant, fused_ops

NO_BIAS = "NoOp"
"""What tensorflowjs writes first in `fused_ops` of a depthwise convolution with an activation but no bias."""
BIAS = "BiasAdd"
READS_ONE = (BIAS, "Add", "AddV2", "Prelu")
"""Fused operations with an input of their own."""
ACTIVATIONS = ("Relu", "Relu6", "Elu", "Prelu", "LeakyRelu")
"""What TensorFlow.js computes after a bias, in one node."""
PLAIN = ("Add", "AddV2", "Elu", "LeakyRelu", "Relu", "Relu6", "Sigmoid", "Tanh")
"""What may stand on its own, as an operation of this name that every backend has."""

_CONVOLUTION = ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings")
UNFUSED = {
    "_FusedConv2D": ("Conv2D", _CONVOLUTION),
    "FusedDepthwiseConv2dNative": ("DepthwiseConv2dNative", _CONVOLUTION),
    "_FusedMatMul": ("MatMul", ("T", "transpose_a", "transpose_b")),
}
"""The plain operation at the beginning of each fused one, and its attributes."""


@dataclass(frozen=True)
class _Fused:
    """One of `fused_ops`, with the input that it reads."""

    op: str
    given: tuple[str, ...]


def _parts(node: Node) -> list[_Fused] | None:
    """A node's fused operations with their inputs; None where they do not fit together."""
    extra = list(node["input"][2:])
    if "num_args" in node["attr"]:  # what stands after those is none of the operations'
        extra = extra[: int(node["attr"]["num_args"].get("i", 0))]
    if len(extra) != len([op for op in fused_ops(node) if op in READS_ONE]):
        return None
    return [_Fused(op, (extra.pop(0),) if op in READS_ONE else ()) for op in fused_ops(node) if op != NO_BIAS]


def split_fused(model: GraphModel) -> GraphModel:
    """Give every fused node the one form that TensorFlow.js computes: a bias, then an activation or none.

    An activation without a bias gets one of zeros. What is added otherwise, or comes after that, becomes
    nodes of its own. A node with an operation that is unknown here stays, for `rules` to refuse by its name.
    """
    weights = dict(model.weights)
    nodes: list[Node] = []
    taken = {node["name"] for node in model.nodes}
    for node in model.nodes:
        parts = _parts(node) if node["op"] in UNFUSED and fused_ops(node) else None
        if parts is None:
            nodes.append(node)
            continue
        kept, later = _divided([_as_sum(part, weights) for part in parts])
        kernel = node["input"][1]
        if kept and kept[0].op != BIAS:
            if kernel in weights:
                zeros = np.zeros(output_channels(node, weights[kernel].shape), np.float32)
                bias = add_constant(nodes, weights, _fresh(f"{node['name']}/bias", taken), zeros)
                kept = [_Fused(BIAS, (bias,)), *kept]
            else:
                kept, later = [], [*kept, *later]
        if any(part.op not in PLAIN for part in later):
            nodes.append(node)
        else:
            nodes += _in_parts(node, kept, later, taken)
    return replace(model, nodes=nodes, weights=weights)


def _as_sum(part: _Fused, weights: dict[str, Array]) -> _Fused:
    """A bias that is computed, or has a value for each pixel too, as what it is: something to add."""
    is_bias = part.op == BIAS and part.given[0] in weights and weights[part.given[0]].ndim <= 1
    return part if is_bias or part.op != BIAS else replace(part, op="Add")


def _divided(parts: list[_Fused]) -> tuple[list[_Fused], list[_Fused]]:
    """What stays in the node, and what has to follow it."""
    kept = 1 if parts and parts[0].op == BIAS else 0
    kept += len(parts) > kept and parts[kept].op in ACTIVATIONS
    return parts[:kept], parts[kept:]


def _in_parts(node: Node, kept: list[_Fused], later: list[_Fused], taken: set[str]) -> list[Node]:
    """The node with what is kept, and the nodes that follow it; the last has the node's own name."""
    chain = _Chain(node["name"], taken)
    extra = [each for part in kept for each in part.given]
    if kept:
        fused = {"fused_ops": string_list([part.op for part in kept]), "num_args": {"i": str(len(extra))}}
        chain.add({**node, "attr": {**node["attr"], **fused}, "input": [*node["input"][:2], *extra]})
    else:
        chain.add(_unfused(node))
    for part in later:
        chain.follow(node, part)
    return chain.finished()


def _unfused(node: Node) -> Node:
    """The plain operation that a fused node begins with."""
    op, attributes = UNFUSED[node["op"]]
    attr = {key: value for key, value in node["attr"].items() if key in attributes}
    if (
        "dilations" in attributes
    ):  # TensorFlow.js asks for them in a plain convolution, and not in a fused one
        attr = {"dilations": {"list": {"i": ["1"] * 4}}, **attr}
    return {"name": node["name"], "op": op, "input": node["input"][:2], "attr": attr}


class _Chain:
    """Nodes of which each reads the one before it. The last takes the name of the node they stand for."""

    def __init__(self, name: str, taken: set[str]) -> None:
        self._name, self._taken = name, taken
        self._nodes: list[Node] = []

    def add(self, node: Node) -> str:
        """Append a node; returns its name."""
        name = _fresh(f"{self._name}/part_{len(self._nodes)}", self._taken)
        self._nodes.append({**node, "name": name})
        return name

    def follow(self, node: Node, part: _Fused, before: str | None = None) -> None:
        """Append one fused operation of a node on its own, after what is there or after `before`."""
        attr: dict[str, Any] = {"T": node["attr"]["T"]}
        last = before or self._nodes[-1]["name"]
        if part.op == "Prelu":  # relu(x) - alpha * relu(-x)
            above, turned = (self.add({"op": op, "input": [last], "attr": attr}) for op in ("Relu", "Neg"))
            below = self.add({"op": "Relu", "input": [turned], "attr": attr})
            scaled = self.add({"op": "Mul", "input": [below, *part.given], "attr": attr})
            self.add({"op": "Sub", "input": [above, scaled], "attr": attr})
            return
        # TensorFlow's BiasAdd takes one value per channel only, and AddV2 whatever fits.
        op = "AddV2" if part.op in (BIAS, "Add") else part.op
        if op == "LeakyRelu" and "leakyrelu_alpha" in node["attr"]:
            attr["alpha"] = node["attr"]["leakyrelu_alpha"]
        self.add({"op": op, "input": [last, *part.given], "attr": attr})

    def finished(self) -> list[Node]:
        """All of them."""
        self._nodes[-1]["name"] = self._name
        return self._nodes


def unfuse(node: Node) -> list[Node]:
    """A node as plain ones of TensorFlow, to run it there; the last carries the node's own name.

    `FusedDepthwiseConv2dNative` and `Prelu` are TensorFlow.js' own and unknown to TensorFlow, and the other
    fused ones would depend on which kernels this TensorFlow was built with.

    Raises:
        ValueError: its fused operations and its inputs do not fit together.
    """
    chain = _Chain(node["name"], set())
    if node["op"] == "Prelu":
        chain.follow(node, _Fused("Prelu", (node["input"][1],)), before=node["input"][0])
        return chain.finished()
    if node["op"] not in UNFUSED:
        return [node]
    parts = _parts(node)
    if parts is None:
        raise ValueError(f"{node['name']} fuses {fused_ops(node)} with {len(node['input'])} inputs")
    chain.add(_unfused(node))
    for part in parts:
        chain.follow(node, part)
    return chain.finished()


def string_list(values: Sequence[str]) -> dict[str, Any]:
    """A list of strings, as GraphDef's JSON writes it."""
    return {"list": {"s": [base64.b64encode(value.encode()).decode() for value in values]}}


def output_channels(node: Node, kernel: tuple[int, ...]) -> int:
    """Channels a fused convolution or matrix product puts out, from its kernel's shape."""
    if "Depthwise" in node["op"]:
        return kernel[2] * kernel[3]
    transposed = node.get("attr", {}).get("transpose_b", {}).get("b", False)
    return kernel[0] if transposed else kernel[-1]


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
