"""The backbone's graph with a head appended: one model from pictures to probabilities.

The twin of `site_template/src/project/graph.ts`.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from onthefly_studio.graph.model import GraphModel, Node, add_constant
from onthefly_studio.reference.head import NAMES, Weights

_FLOAT = {"type": "DT_FLOAT"}
_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "MatMul": {"T": _FLOAT, "transpose_a": {"b": False}, "transpose_b": {"b": False}},
    "BiasAdd": {"T": _FLOAT, "data_format": {"s": base64.b64encode(b"NHWC").decode()}},
    "Relu": {"T": _FLOAT},
    "Softmax": {"T": _FLOAT},
}


def append_head(backbone: GraphModel, weights: Weights) -> GraphModel:
    """The graph from `[n, size, size, 3]` to `[n, classes]`, in plain operations that every backend has."""
    nodes, stored = list(backbone.nodes), dict(backbone.weights)
    prefix = _free_prefix(nodes)
    for name in NAMES:
        add_constant(nodes, stored, f"{prefix}/{name}", getattr(weights, name))

    def add(op: str, name: str, inputs: list[str]) -> str:
        nodes.append({"attr": _ATTRIBUTES[op], "name": f"{prefix}/{name}", "op": op, "input": inputs})
        return f"{prefix}/{name}"

    given = next(iter(backbone.signature["outputs"].values()))
    features = str(given["name"]).removesuffix(":0")
    product = add("MatMul", "hidden/product", [features, f"{prefix}/kernel1"])
    hidden = add("Relu", "hidden", [add("BiasAdd", "hidden/sum", [product, f"{prefix}/bias1"])])
    product = add("MatMul", "logits/product", [hidden, f"{prefix}/kernel2"])
    last = add("Softmax", "probabilities", [add("BiasAdd", "logits", [product, f"{prefix}/bias2"])])
    shape = {"dim": [given["tensorShape"]["dim"][0], {"size": str(len(weights.bias2))}]}
    output = {"dtype": "DT_FLOAT", "name": f"{last}:0", "tensorShape": shape}
    signature = {**backbone.signature, "outputs": {"probabilities": output}}
    return replace(backbone, nodes=nodes, weights=stored, signature=signature)


def _free_prefix(nodes: list[Node]) -> str:
    """A name for the head that no node of the backbone has."""
    prefix = "head"
    while any(node["name"] == prefix or node["name"].startswith(f"{prefix}/") for node in nodes):
        prefix += "_"
    return prefix
