"""Rewrites of a converted graph: the same function, in a form that every backend computes right."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np

from builder.backbone.graph_model import GraphModel, Node, add_constant, fused_ops

# Attributes of fused nodes that only TensorFlow's own kernels read.
UNREAD_ATTRIBUTES = ("num_host_args", "TArgs", "use_cudnn_on_gpu", "filter_format", "epsilon")


def rewrite(model: GraphModel) -> GraphModel:
    """All rewrites, in order."""
    return widen_scalar_biases(name_missing_biases(drop_unread_attributes(model)))


NO_BIAS = "NoOp"
"""What tensorflowjs writes first in `fused_ops` of a depthwise convolution with an activation but no bias."""


def name_missing_biases(model: GraphModel) -> GraphModel:
    """Give a fused convolution without a bias one of zeros: one form for all, and none outside the rules."""
    weights = dict(model.weights)
    nodes: list[Node] = []
    for node in model.nodes:
        fused = fused_ops(node)
        if fused[:1] == [NO_BIAS] and node["input"][1] in weights:
            channels = _output_channels(node, weights[node["input"][1]].shape)
            zeros = np.zeros(channels, np.float32)
            attr = {**node["attr"], "fused_ops": _string_list(["BiasAdd", *fused[1:]])}
            attr["num_args"] = {"i": str(int(attr.get("num_args", {}).get("i", 0)) + 1)}
            bias = add_constant(nodes, weights, f"{node['name']}/bias", zeros)
            node = {**node, "attr": attr, "input": [*node["input"][:2], bias, *node["input"][2:]]}
        nodes.append(node)
    return replace(model, nodes=nodes, weights=weights)


def widen_scalar_biases(model: GraphModel) -> GraphModel:
    """Give every fused bias one value per output channel.

    TensorFlow folds the `+3` of a hard sigmoid into a convolution whose own bias is zero, as a
    scalar. See `rules.BACKENDS` for what the backends make of that.
    """
    weights = dict(model.weights)
    nodes: list[Node] = []
    for node in model.nodes:
        if "BiasAdd" in fused_ops(node):
            kernel, bias = node["input"][1], node["input"][2]
            if bias in weights and kernel in weights and weights[bias].ndim == 0:
                channels = _output_channels(node, weights[kernel].shape)
                values = np.full(channels, weights[bias], weights[bias].dtype)
                # Its own name: the scalar may serve other nodes too.
                wide = add_constant(nodes, weights, f"{node['name']}/bias", values)
                node = {**node, "input": [*node["input"][:2], wide, *node["input"][3:]]}
        nodes.append(node)
    return _without_unused(replace(model, nodes=nodes, weights=weights))


def _output_channels(node: Node, kernel: tuple[int, ...]) -> int:
    """Channels a fused convolution or matrix product puts out, from its kernel's shape."""
    if "Depthwise" in node["op"]:
        return kernel[2] * kernel[3]
    transposed = node.get("attr", {}).get("transpose_b", {}).get("b", False)
    return kernel[0] if transposed else kernel[-1]


def _string_list(values: list[str]) -> dict[str, object]:
    """A list of strings, as GraphDef's JSON writes it."""
    return {"list": {"s": [base64.b64encode(value.encode()).decode() for value in values]}}


def _without_unused(model: GraphModel) -> GraphModel:
    """Drop constants that no node reads any more."""
    read = {name.removeprefix("^").split(":")[0] for node in model.nodes for name in node.get("input", [])}
    read.add(model.output_name)
    nodes = [node for node in model.nodes if node["op"] != "Const" or node["name"] in read]
    kept = {node["name"] for node in nodes}
    return replace(model, nodes=nodes, weights={k: v for k, v in model.weights.items() if k in kept})


def drop_unread_attributes(model: GraphModel) -> GraphModel:
    """Leave out what TensorFlow.js never reads: devices, and oneDNN's attributes of fused nodes."""
    nodes: list[Node] = []
    for node in model.nodes:
        unread = UNREAD_ATTRIBUTES if fused_ops(node) else ()
        attributes = {key: value for key, value in node.get("attr", {}).items() if key not in unread}
        nodes.append({**{k: v for k, v in node.items() if k != "device"}, "attr": attributes})
    return replace(model, nodes=nodes)
