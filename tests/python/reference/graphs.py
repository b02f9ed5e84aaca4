"""Graphs of one operation, for tests of the NumPy reference."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from onthefly_studio.graph.model import Array, GraphModel
from onthefly_studio.reference.graph import Network

TYPES = {np.dtype(np.float32): "DT_FLOAT", np.dtype(np.int32): "DT_INT32"}


def attribute(value: Any) -> dict[str, Any]:
    """An attribute of a Python value, as GraphDef's JSON writes it; `float` and `int` are types."""
    if value in (float, int):
        return {"type": "DT_FLOAT" if value is float else "DT_INT32"}
    if isinstance(value, bool):
        return {"b": value}
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": value}
    if isinstance(value, str):
        return {"s": base64.b64encode(value.encode()).decode()}
    kind = "s" if value and isinstance(value[0], str) else "i"
    return {"list": {kind: [attribute(each)[kind] for each in value]}}


def node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    """A node of float32, where its attributes don't say otherwise."""
    attr = {key: attribute(value) for key, value in {"T": float, **attributes}.items()}
    return {"name": name, "op": op, "input": list(inputs), "attr": attr}


def graph(*nodes: dict[str, Any], **constants: Any) -> GraphModel:
    """A graph that reads `x`; its output is the last node.

    Constants are float32, or int32 where they are given as whole numbers.
    """
    weights = {}
    for name, value in constants.items():
        array = np.asarray(value)
        weights[name] = array.astype(np.int32 if array.dtype.kind == "i" else np.float32)
    listed = [{"name": "x", "op": "Placeholder", "attr": {"dtype": attribute(float)}}]
    for name, array in weights.items():
        listed.append({"name": name, "op": "Const", "attr": {"dtype": {"type": TYPES[array.dtype]}}})
    signature = {
        "inputs": {"x": {"name": "x:0", "dtype": "DT_FLOAT"}},
        "outputs": {"y": {"name": f"{nodes[-1]['name']}:0", "dtype": "DT_FLOAT"}},
    }
    return GraphModel([*listed, *nodes], weights, signature, {"producer": 1})


def one(
    op: str, *, inputs: tuple[str, ...] | None = None, constants: dict[str, Any], **attributes: Any
) -> GraphModel:
    """A graph of one operation, of `x` and then the constants, or of the named inputs."""
    return graph(node("y", op, *(inputs or ("x", *constants)), **attributes), **constants)


def computed(model: GraphModel, x: Any) -> Array:
    """What the reference makes of `x`, as a batch."""
    return Network(model)(np.asarray(x, np.float32))
