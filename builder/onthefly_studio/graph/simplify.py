"""Rewrites that take operations out of a graph: the same function, with less to run on every backend.

Most of a MobileNetV3's operations work on single elements, and each costs a pass over memory or a call to
the GPU. What can be done once to the weights is done here. Each rewrite applies only where it is proven to
keep the function, and otherwise leaves the graph as it is.

A plane's mean stays a `Mean`: as an `AvgPool` it takes less on wasm, webgl and cpu, and so much more on
webgpu that the whole network is a sixth slower there (docs/performance.md).
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from onthefly_studio.graph.model import Array, GraphModel, Node, add_constant, fused_ops
from onthefly_studio.graph.topology import (
    CONVOLUTIONS,
    DEPTHWISE,
    in_order,
    numbers,
    plain,
    same_padding,
    shapes,
    word,
)

FUSED = ("_FusedConv2D", "FusedDepthwiseConv2dNative")
FUSABLE = ("Relu", "Relu6")
PRODUCTS = ("MatMul", "_FusedMatMul")
SUMS = ("Add", "AddV2", "Sub")
CARRIERS = ("AvgPool", "Identity", "Mean", "Pad", "Reshape", "Squeeze")
"""Operations whose output has the factor that their first input has."""

LEAST_PEAK = 2.0**-12
"""What a kernel's largest weight has to be after it took up a factor. Half precision counts in steps of
2^-24 below 2^-14: beside such a weight they are finer than its own rounding."""


def simplify(model: GraphModel, *, keep_half: bool = False) -> GraphModel:
    """All rewrites, in order.

    Args:
        model: the graph.
        keep_half: leave weights as they are that half precision holds exactly, see `fold_factors`.
    """
    for rewrite in (
        drop_identities,
        fuse_sums,
        fuse_activations,
        absorb_pads,
        partial(fold_factors, keep_half=keep_half),
        merge_constants,
    ):
        model = rewrite(model)
    return model


@dataclass(frozen=True)
class _Reader:
    """A node that reads a value, and the place among its inputs."""

    node: Node
    place: int


def _readers(model: GraphModel) -> dict[str, list[_Reader]]:
    """Who reads each node's value. The signature reads the output, as nobody's input."""
    found: dict[str, list[_Reader]] = {}
    for node in in_order(model):
        for place, reference in enumerate(node.get("input", ())):
            found.setdefault(plain(reference), []).append(_Reader(node, place))
    return found


def _rewired(model: GraphModel, instead: dict[str, str]) -> GraphModel:
    """The graph with references to some nodes replaced, without the nodes that nothing needs any more."""

    def final(reference: str) -> str:
        name = plain(reference)
        while name in instead:
            name = instead[name]
        mark = "^" if reference.startswith("^") else ""
        return reference if name == plain(reference) else mark + name

    nodes = [
        {**node, "input": [final(each) for each in node["input"]]} if node.get("input") else node
        for node in model.nodes
    ]
    return _needed(replace(model, nodes=nodes))


def _needed(model: GraphModel) -> GraphModel:
    """Without nodes that the output does not need."""
    names = {node["name"] for node in in_order(model)} | {model.input_name}
    nodes = [node for node in model.nodes if node["name"] in names]
    return replace(model, nodes=nodes, weights={k: v for k, v in model.weights.items() if k in names})


def _changed(model: GraphModel, changes: dict[str, Node], weights: dict[str, Array]) -> GraphModel:
    """With some nodes in another form; new constants stand before everything that reads them."""
    known = {node["name"] for node in model.nodes}
    nodes: list[Node] = []
    for name in weights:
        if name not in known:
            add_constant(nodes, {}, name, weights[name])
    nodes += [changes.get(node["name"], node) for node in model.nodes]
    return replace(model, nodes=nodes, weights={**model.weights, **weights})


def _fresh(model: GraphModel, name: str) -> str:
    """A name that no node of the graph has."""
    taken = {node["name"] for node in model.nodes}
    while name in taken:
        name += "_"
    return name


def _scalar(model: GraphModel, node: Node) -> tuple[float, int] | None:
    """The one number that a node takes as an input, and the place of the other input."""
    given = [plain(each) for each in node.get("input", ())]
    if len(given) != 2:
        return None
    for place in (0, 1):
        if given[place] in model.weights and given[1 - place] not in model.weights:
            values = model.dense(given[place])
            # More axes than the other input has would give the output more axes.
            if values.size == 1 and values.ndim <= 1:
                return float(values.reshape(())), 1 - place
    return None


def _strings(values: list[str]) -> dict[str, Any]:
    return {"list": {"s": [base64.b64encode(value.encode()).decode() for value in values]}}


# --- nodes that do nothing ------------------------------------------------------------------------


def drop_identities(model: GraphModel) -> GraphModel:
    """Read what an `Identity` reads instead; the output's keeps the name that the signature gives."""
    instead = {
        node["name"]: plain(node["input"][0])
        for node in model.nodes
        if node["op"] == "Identity" and len(node["input"]) == 1 and node["name"] != model.output_name
    }
    return _rewired(model, instead)


def merge_constants(model: GraphModel) -> GraphModel:
    """One constant for all that hold the same numbers in the same shape."""
    first: dict[tuple[object, ...], str] = {}
    instead: dict[str, str] = {}
    for name in sorted(model.weights):
        values = model.weights[name]
        key = (values.dtype.str, values.shape, values.tobytes(), model.affine.get(name))
        kept = first.setdefault(key, name)
        if kept != name:
            instead[name] = kept
    return _rewired(model, instead)


# --- into a convolution ---------------------------------------------------------------------------


def fuse_sums(model: GraphModel) -> GraphModel:
    """A number that is added to a convolution's output, and to nothing else of it, into its bias."""
    readers = _readers(model)
    changes: dict[str, Node] = {}
    weights: dict[str, Array] = {}
    instead: dict[str, str] = {}
    for node in in_order(model):
        added = _scalar(model, node) if node["op"] in SUMS else None
        if added is None or (node["op"] == "Sub" and added[1] == 1):
            continue
        number, place = added
        maker = _sole_maker(model, readers, plain(node["input"][place]))
        if maker is None or maker["name"] in changes or fused_ops(maker) != ["BiasAdd"]:
            continue
        bias = plain(maker["input"][2])
        if bias not in model.weights or model.weights[bias].ndim != 1:
            continue
        sign = -1 if node["op"] == "Sub" else 1
        own = _fresh(model, f"{node['name']}/bias")
        weights[own] = (model.dense(bias) + np.float32(sign * number)).astype(np.float32)
        changes[maker["name"]] = {**maker, "input": [*maker["input"][:2], own, *maker["input"][3:]]}
        instead[node["name"]] = maker["name"]
    return _rewired(_changed(model, changes, weights), instead)


def fuse_activations(model: GraphModel) -> GraphModel:
    """A relu or relu6 of a convolution's output, where nothing else reads that, into the convolution."""
    readers = _readers(model)
    changes: dict[str, Node] = {}
    instead: dict[str, str] = {}
    for node in in_order(model):
        if node["op"] not in FUSABLE:
            continue
        maker = _sole_maker(model, readers, plain(node["input"][0]))
        if maker is None or fused_ops(maker) != ["BiasAdd"]:
            continue
        attr = {**maker["attr"], "fused_ops": _strings(["BiasAdd", node["op"]])}
        changes[maker["name"]] = {**maker, "attr": attr}
        instead[node["name"]] = maker["name"]
    return _rewired(_changed(model, changes, {}), instead)


def _sole_maker(model: GraphModel, readers: dict[str, list[_Reader]], name: str) -> Node | None:
    """The fused convolution that makes a value which one node reads; None for any other value."""
    if len(readers.get(name, ())) != 1 or name == model.output_name:
        return None
    maker = model.node(name)
    return maker if maker["op"] in FUSED else None


def absorb_pads(model: GraphModel) -> GraphModel:
    """Zeros around a plane as a convolution's own SAME, where they are just those."""
    known = shapes(model)
    makers = {node["name"]: node for node in model.nodes}
    changes: dict[str, Node] = {}
    for node in in_order(model):
        if node["op"] not in (*CONVOLUTIONS, *DEPTHWISE) or word(node, "padding") != "VALID":
            continue
        pad, kernel = makers[plain(node["input"][0])], plain(node["input"][1])
        if pad["op"] != "Pad" or plain(pad["input"][0]) not in known or node["name"] not in known:
            continue
        height, width, _ = known[plain(pad["input"][0])]
        rows, columns = model.weights[kernel].shape[:2]
        _, down, across, _ = numbers(node, "strides")
        wanted = [(0, 0), same_padding(height, rows, down), same_padding(width, columns, across), (0, 0)]
        if model.dense(plain(pad["input"][1])).tolist() == [list(pair) for pair in wanted]:
            attr = {**node["attr"], "padding": {"s": base64.b64encode(b"SAME").decode()}}
            changes[node["name"]] = {**node, "input": [pad["input"][0], *node["input"][1:]], "attr": attr}
    return _needed(_changed(model, changes, {}))


# --- factors --------------------------------------------------------------------------------------


def fold_factors(model: GraphModel, *, keep_half: bool = False) -> GraphModel:
    """Multiply weights by a factor instead of every element that goes to them.

    `w * (c * x)` is `(c * w) * x`, also where pooling, a product with something else or zeros around a
    plane stand between. So the 1/6 of hard-swish and of hard-sigmoid goes, and the picture's rescaling.

    With `keep_half`, weights that half precision holds exactly stay so, or stay as they are: those of a graph
    that somebody stored in it would be rounded a second time. That moves the features which MobileNetV3-Small
    0.75 has of a blank picture by 17 % of their largest, and the first time did by 8 %.
    """
    for node in in_order(model):
        factor = _scalar(model, node) if node["op"] == "Mul" else None
        if factor is None:
            continue
        number, place = factor
        taken = _taken_up(model, node["name"], number, keep_half)
        if taken is not None:
            model = _rewired(taken, {node["name"]: plain(node["input"][place])})
    return model


def _taken_up(model: GraphModel, scaled: str, factor: float, keep_half: bool) -> GraphModel | None:
    """The graph with a factor of one value in the weights that it goes to; None where it cannot be there."""
    if not math.isfinite(factor) or factor == 0:
        return None
    readers = _readers(model)
    changes: dict[str, Node] = {}
    weights: dict[str, Array] = {}
    carrying = {scaled}
    for node in in_order(model):
        places = [i for i, each in enumerate(node.get("input", ())) if plain(each) in carrying]
        if not places:
            continue
        op = node["op"]
        # A product of two values that both have the factor would have its square.
        if (op in CARRIERS and places == [0]) or (op == "Mul" and len(places) == 1):
            carrying.add(node["name"])
        elif op in SUMS and len(places) == 1 and math.frexp(abs(factor))[0] == 0.5:
            # A power of two: dividing the sum's number by it rounds nothing.
            added = _scalar(model, node)
            if added is None or added[1] != places[0]:
                return None
            own = _fresh(model, f"{node['name']}/number")
            weights[own] = np.asarray(added[0] / factor, np.float32)
            given = list(node["input"])
            given[1 - added[1]] = own
            changes[node["name"]] = {**node, "input": given}
            carrying.add(node["name"])
        elif op in (*CONVOLUTIONS, *DEPTHWISE, *PRODUCTS) and places == [0]:
            kernel = plain(node["input"][1])
            values = _times(model, kernel, factor, keep_half)
            if values is None:
                return None
            own = kernel if len(readers[kernel]) == 1 else _fresh(model, f"{node['name']}/kernel")
            weights[own] = values
            changes[node["name"]] = {**node, "input": [node["input"][0], own, *node["input"][2:]]}
        else:
            return None
    return None if model.output_name in carrying else _changed(model, changes, weights)


def _times(model: GraphModel, kernel: str, factor: float, keep_half: bool) -> Array | None:
    """A kernel times a factor; None where half precision would hold that worse than what it is now."""
    if kernel not in model.weights or model.weights[kernel].dtype != np.float32:
        return None
    given = model.weights[kernel]
    values: Array = (given.astype(np.float64) * factor).astype(np.float32)
    if not given.any():
        return values
    if not LEAST_PEAK <= float(np.abs(values).max()) <= float(np.finfo(np.float16).max):
        return None
    return None if keep_half and _is_half(given) and not _is_half(values) else values


def _is_half(values: Array) -> bool:
    """Whether half precision holds every number exactly."""
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float16) == values).all())
