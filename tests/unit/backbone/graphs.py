"""Small graph models for tests."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from builder.backbone.graph_model import GraphModel


def text(value: str) -> dict[str, str]:
    """A string attribute, as GraphDef's JSON writes it."""
    return {"s": base64.b64encode(value.encode()).decode()}


def fused(*names: str) -> dict[str, Any]:
    """The attribute `fused_ops`."""
    return {"list": {"s": [text(name)["s"] for name in names]}}


def convolution(
    bias: np.ndarray, *, op: str = "_FusedConv2D", ops: tuple[str, ...] = ("BiasAdd",)
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
