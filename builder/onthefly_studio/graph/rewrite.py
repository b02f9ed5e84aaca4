"""Rewrites of a converted graph: the same function, in a form that every backend computes correctly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from onthefly_studio.graph.fused import output_channels, split_fused
from onthefly_studio.graph.model import GraphModel, Node, add_constant, fused_ops

# Attributes of fused nodes that only TensorFlow's own kernels read.
UNREAD_ATTRIBUTES = ("num_host_args", "TArgs", "use_cudnn_on_gpu", "filter_format", "epsilon")


def rewrite(model: GraphModel) -> GraphModel:
    """All rewrites, in order."""
    return widen_scalar_biases(split_fused(split_sums(drop_unread_attributes(model))))


def split_sums(model: GraphModel) -> GraphModel:
    """A sum of many (`AddN`, as TensorFlow's optimiser makes of residual sums) as sums of two."""
    nodes: list[Node] = []
    for node in model.nodes:
        given = [each for each in node.get("input", []) if not each.startswith("^")]
        if node["op"] != "AddN" or not given:
            nodes.append(node)
            continue
        attr = {"T": node["attr"]["T"]}
        if len(given) == 1:
            nodes.append({"name": node["name"], "op": "Identity", "input": given, "attr": attr})
            continue
        last = given[0]
        for number, each in enumerate(given[1:], 1):
            is_whole = number == len(given) - 1
            name = node["name"] if is_whole else f"{node['name']}/of_{number + 1}"
            nodes.append({"name": name, "op": "AddV2", "input": [last, each], "attr": attr})
            last = name
    return replace(model, nodes=nodes)


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
                channels = output_channels(node, weights[kernel].shape)
                values = np.full(channels, weights[bias], weights[bias].dtype)
                # Its own name: the scalar may serve other nodes too.
                wide = add_constant(nodes, weights, f"{node['name']}/bias", values)
                node = {**node, "input": [*node["input"][:2], wide, *node["input"][3:]]}
        nodes.append(node)
    return _without_unused(replace(model, nodes=nodes, weights=weights))


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
