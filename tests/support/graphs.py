"""Small graph models for tests."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onthefly_studio.graph.model import GraphModel


def text(value: str) -> dict[str, str]:
    """A string attribute, as GraphDef's JSON writes it."""
    return {"s": base64.b64encode(value.encode()).decode()}


def fused(*names: str) -> dict[str, Any]:
    """The attribute `fused_ops`."""
    return {"list": {"s": [text(name)["s"] for name in names]}}


def convolution(
    bias: NDArray[Any], *, op: str = "_FusedConv2D", ops: tuple[str, ...] = ("BiasAdd",)
) -> GraphModel:
    """`[n, 4, 4, 2]` through one fused 1x1 convolution to 3 channels (depthwise: 2)."""
    rng = np.random.default_rng(5)
    shape = (1, 1, 2, 1) if "Depthwise" in op else (1, 1, 2, 3)
    attributes = {
        "T": {"type": "DT_FLOAT"},
        "strides": {"list": {"i": ["1", "1", "1", "1"]}},
        "padding": text("SAME"),
        "data_format": text("NHWC"),
        "fused_ops": fused(*ops),
        "num_args": {"i": "1"},
        "TArgs": {"list": {"type": ["DT_FLOAT"]}},
    }
    nodes = [
        {"name": "inputs", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}}},
        {"name": "kernel", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"}}},
        {"name": "bias", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"}}},
        {
            "name": "conv",
            "op": op,
            "input": ["inputs", "kernel", "bias"],
            "device": "/device:CPU:0",
            "attr": attributes,
        },
        {"name": "Identity", "op": "Identity", "input": ["conv"], "attr": {"T": {"type": "DT_FLOAT"}}},
    ]
    signature = {
        "inputs": {"inputs": {"name": "inputs:0", "dtype": "DT_FLOAT"}},
        "outputs": {"features": {"name": "Identity:0", "dtype": "DT_FLOAT"}},
    }
    weights = {"kernel": rng.normal(size=shape).astype(np.float32), "bias": bias.astype(np.float32)}
    return GraphModel(nodes, weights, signature, {"producer": 1})


FLOAT = {"T": {"type": "DT_FLOAT"}}


def node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    """A node of float32."""
    return {"name": name, "op": op, "input": list(inputs), "attr": {**FLOAT, **attributes}}


def network(*nodes: dict[str, Any], **constants: Any) -> GraphModel:
    """A convolution of `[n, 8, 8, 3]` to 4 channels with the given nodes after it; the last is the output."""
    rng = np.random.default_rng(2)
    model = convolution(np.zeros(4))
    sizes = [{"size": str(size)} for size in (-1, 8, 8, 3)]
    model.nodes[0]["attr"]["shape"] = {"shape": {"dim": sizes}}
    model.weights["kernel"] = rng.normal(size=(3, 3, 3, 4)).astype(np.float32)
    model.weights["bias"] = rng.normal(size=4).astype(np.float32)
    for name, value in constants.items():
        model.weights[name] = np.asarray(
            value, np.int32 if np.asarray(value).dtype.kind == "i" else np.float32
        )
        model.nodes.insert(0, node(name, "Const"))
    end = model.nodes.pop()
    model.nodes += nodes
    model.nodes.append({**end, "input": [nodes[-1]["name"]]})
    return model


def mean(name: str, of: str) -> dict[str, Any]:
    """The mean of a plane; reads the constant `axes`."""
    return node(name, "Mean", of, "axes", keep_dims={"b": True})


HARD_SWISH = (
    node("part", "Mul", "c", "conv"),
    node("shifted", "AddV2", "conv", "three"),
    node("clamped", "Relu6", "shifted"),
    node("swish", "Mul", "part", "clamped"),
)
NUMBERS = {"c": 0.16667, "three": 3.0, "axes": np.array([1, 2])}
