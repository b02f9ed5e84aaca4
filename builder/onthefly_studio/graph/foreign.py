"""A TensorFlow.js graph model made elsewhere: what it must be before anything of it is used.

Counts and sizes are bounded before they are read, and the graph is checked to be one: every name known,
no circle, no operation but the known, harmless ones of `portability`, one image in and one tensor out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.model import GraphModel, Node
from onthefly_studio.graph.portability import PORTABLE_OPS, REWRITTEN_OPS
from onthefly_studio.reference.golden import SIZE
from onthefly_studio.sources.other_formats import refuse_layers


@dataclass(frozen=True)
class GraphLimits:
    """How much a graph may hold; a MobileNetV3 has about 1000 nodes, 300 weights and 17 MB."""

    document_bytes: int = 64 << 20
    nodes: int = 20_000
    weights: int = 20_000
    shards: int = 1_000
    weight_bytes: int = 512 << 20
    rank: int = 6


LIMITS = GraphLimits()
AGAIN = "Download the model again, whole, or convert it again with tensorflowjs_converter."
FEATURES = "Choose the feature-vector variant of the model, for 224-pixel images."


def read(folder: Path, limits: GraphLimits = LIMITS) -> GraphModel:
    """Read a graph model from `model.json` and its shards, every weight as float32 or int32.

    Args:
        folder: holds the files, side by side.
        limits: how much they may hold.

    Raises:
        ConversionError: the files are damaged or too large, or the graph is not from one
            `[n, 224, 224, 3]` to one tensor.
    """
    where = str(folder)
    document = read_document(folder / "model.json", where, limits)
    _check_sizes(folder, weight_groups(document, where, limits), limits)
    model = graph_model.read(folder)
    weights = {name: model.dense(name) for name in model.weights}
    nodes = [_plain(node) for node in model.nodes]
    _check_graph(nodes, set(weights), where)
    _check_operations(nodes, where)
    signature = _signature(document, nodes, where)
    model = GraphModel(nodes, weights, signature, model.versions)
    _check_input(model, where)
    return model


def complete(model: GraphModel, shape: tuple[int, ...], *, where: str) -> GraphModel:
    """The graph as the page's own are: `[n, F]` out, and shape and type of both ends written down.

    A file may leave out any of them, and exports read them.

    Args:
        model: the graph.
        shape: of what it gives for a batch of images, `[n, F]` or `[n, 1, 1, F]`.
        where: what the user knows it by.

    Raises:
        ConversionError: it gives anything else.
    """
    nodes, ((key, output),) = list(model.nodes), model.signature["outputs"].items()
    if len(shape) == 4 and shape[1:3] == (1, 1) and shape[3]:
        flat = f"{model.output_name}/flat"
        attributes = {"T": {"type": "DT_FLOAT"}, "squeeze_dims": {"list": {"i": ["1", "2"]}}}
        nodes.append({"name": flat, "op": "Squeeze", "input": [model.output_name], "attr": attributes})
        key, output = "feature_vector", {"name": f"{flat}:0"}
    elif len(shape) != 2 or not shape[1]:
        shown = ", ".join(map(str, ("n", *shape[1:])))
        raise ConversionError(
            f"The graph gives [{shown}]; a batch of feature vectors is [n, features].",
            where=where,
            hint=FEATURES,
        )
    ((name, image),) = model.signature["inputs"].items()
    placeholder = model.node(model.input_name)
    known = filter(None, (_sizes(shape) for shape in _input_shapes(image, placeholder)))
    batch = next((sizes[0] for sizes in known), -1)
    given = _shape(batch, SIZE, SIZE, 3)
    attributes = {**placeholder["attr"], "dtype": {"type": "DT_FLOAT"}, "shape": {"shape": given}}
    nodes[nodes.index(placeholder)] = {**placeholder, "attr": attributes}
    signature = {
        **model.signature,
        "inputs": {name: {**image, "dtype": "DT_FLOAT", "tensorShape": given}},
        "outputs": {key: {**output, "dtype": "DT_FLOAT", "tensorShape": _shape(batch, shape[-1])}},
    }
    return replace(model, nodes=nodes, signature=signature)


def _shape(*sizes: int) -> dict[str, Any]:
    return {"dim": [{"size": str(size)} for size in sizes]}


@dataclass(frozen=True)
class WeightGroup:
    """Shards which together, one after another, hold some of the weights."""

    shards: list[str]
    """Plain names of files beside `model.json`."""
    bytes: int
    """In all of them."""


def read_document(path: Path, where: str, limits: GraphLimits = LIMITS) -> dict[str, Any]:
    """The document in a `model.json` that describes a graph; its weights are not looked into yet.

    Args:
        path: of the file.
        where: what the user knows its folder by.
        limits: how much it may hold.

    Raises:
        ConversionError: it is damaged, too large, or describes no graph.
    """
    try:
        size, most = path.stat().st_size, limits.document_bytes
        if size > most:
            _refuse(where, f"model.json has {size:,} bytes; more than {most:,} are not read.")
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        _refuse(where, f"model.json cannot be read ({reason}).")
    topology = document.get("modelTopology") if isinstance(document, dict) else None
    if not isinstance(topology, dict):
        _refuse(where, "model.json is not a TensorFlow.js graph model: it has no modelTopology.")
    refuse_layers(path.parent, document, where)
    nodes, groups = topology.get("node"), document.get("weightsManifest")
    if not _is_list_of(dict, nodes) or not nodes:
        _refuse(where, "model.json is not a TensorFlow.js graph model: it has no list of nodes.")
    if not _is_list_of(dict, groups):
        _refuse(where, "model.json has no weightsManifest.")
    if len(nodes) > limits.nodes:
        _refuse(where, f"The graph has {len(nodes):,} nodes; more than {limits.nodes:,} are not read.")
    _check_nodes(nodes, where)
    return dict(document)


def _is_list_of(kind: type, value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)


def _check_nodes(nodes: list[Node], where: str) -> None:
    for number, node in enumerate(nodes):
        texts = [node.get("name"), node.get("op")]
        attributes = node.get("attr", {})
        if (
            not _is_list_of(str, texts)
            or not _is_list_of(str, node.get("input", []))
            or not isinstance(attributes, dict)
            or not _is_list_of(dict, list(attributes.values()))
        ):
            _refuse(
                where, f"The node {str(node.get('name', number))[:80]!r} is not written like a graph's node."
            )


def weight_groups(document: dict[str, Any], where: str, limits: GraphLimits = LIMITS) -> list[WeightGroup]:
    """The shards that a document names, and the bytes that they have to hold; none of them is opened.

    Args:
        document: from `read_document`.
        where: what the user knows its folder by.
        limits: how many shards and bytes there may be.

    Raises:
        ConversionError: there are more, one has a path for its name, or a weight is not described.
    """
    weights = shards = total = 0
    seen: set[str] = set()
    found = []
    for group in document["weightsManifest"]:
        paths, specs = group.get("paths"), group.get("weights")
        if not _is_list_of(str, paths) or not _is_list_of(dict, specs):
            _refuse(where, "The weightsManifest has a group without paths or weights.")
        assert isinstance(paths, list) and isinstance(specs, list)
        weights += len(specs)
        shards += len(paths)
        if weights > limits.weights or shards > limits.shards:
            most = f"{limits.weights:,} weights or {limits.shards:,} shards"
            _refuse(where, f"The manifest lists more than {most}.")
        for name in paths:
            _check_name(name, where)
        needed = sum(_bytes_of(spec, seen, where, limits) for spec in specs)
        total += needed
        _check_total(total, where, limits)
        found.append(WeightGroup(paths, needed))
    return found


def _check_sizes(folder: Path, groups: list[WeightGroup], limits: GraphLimits) -> None:
    total = 0
    for group in groups:
        there = sum(_size(folder, name) for name in group.shards)
        total += max(group.bytes, there)
        _check_total(total, str(folder), limits)
        if group.bytes != there:
            _refuse(
                str(folder),
                f"The weights of {_listed(group.shards)} need {group.bytes:,} bytes, and the file"
                f"{'s hold' if len(group.shards) > 1 else ' holds'} {there:,}.",
            )


def _check_total(total: int, where: str, limits: GraphLimits) -> None:
    if total > limits.weight_bytes:
        most = f"{limits.weight_bytes >> 20} MiB"
        _refuse(where, f"The weights take more than {most}, which no MobileNet does.")


def _bytes_of(spec: dict[str, Any], seen: set[str], where: str, limits: GraphLimits) -> int:
    """Bytes that one weight takes in its shard."""
    name, shape, quantization = spec.get("name"), spec.get("shape"), spec.get("quantization", {})
    if not isinstance(name, str) or name in seen:
        _refuse(where, f"The manifest has a weight without a name of its own: {str(name)[:80]!r}.")
    seen.add(name)
    shown = repr(name[:80])
    if not _is_list_of(int, shape) or not isinstance(quantization, dict):
        _refuse(where, f"The weight {shown} has no shape.")
    assert isinstance(shape, list)
    if len(shape) > limits.rank or any(size < 0 or size > limits.weight_bytes for size in shape):
        _refuse(where, f"The weight {shown} has the shape {str(shape)[:80]}, which no weight here has.")
    kind, stored = spec.get("dtype"), quantization.get("dtype", spec.get("dtype"))
    whole = stored in ("uint8", "uint16")
    if (
        kind not in ("float32", "int32")
        or stored not in graph_model.STORED_DTYPES
        or (whole and (kind != "float32" or not quantization))
    ):
        _refuse(where, f"The weight {shown} is {kind} stored as {stored}, which is not supported.")
    return math.prod(shape) * graph_model.STORED_DTYPES[str(stored)].itemsize


def _check_name(name: str, where: str) -> None:
    if not graph_model.is_shard_name(name):
        _refuse(where, f"A shard is at {name[:80]!r}; only plain names of files beside model.json are read.")


def _size(folder: Path, name: str) -> int:
    try:
        file = folder / name
        if file.is_file():
            return file.stat().st_size
    except (OSError, ValueError):
        pass
    return _refuse(str(folder), f"The shard {name[:80]!r} is missing.")


def _plain(node: Node) -> Node:
    """The node with its first outputs named as everywhere here: `x`, not `x:0`."""
    inputs = [name.removesuffix(":0") for name in node.get("input", [])]
    return (
        {**node, "input": inputs, "attr": node.get("attr", {})}
        if inputs
        else {
            **{key: value for key, value in node.items() if key != "input"},
            "attr": node.get("attr", {}),
        }
    )


def _sources(node: Node) -> Iterator[str]:
    """The nodes that a node reads or waits for."""
    for name in node.get("input", []):
        yield name.removeprefix("^").split(":")[0]


def _check_graph(nodes: list[Node], weights: set[str], where: str) -> None:
    """Refuse a graph with a name twice, a name of nothing, a constant of nothing, or a circle."""
    by_name = {node["name"]: node for node in nodes}
    if len(by_name) != len(nodes):
        _refuse(where, f"The graph has {len(nodes) - len(by_name)} nodes whose names are already taken.")
    for node in nodes:
        if node["op"] == "Const" and node["name"] not in weights:
            _refuse(where, f"The constant {node['name'][:80]!r} has no weight in the manifest.")
        for source in _sources(node):
            if source not in by_name:
                _refuse(where, f"The node {node['name'][:80]!r} reads {source[:80]!r}, which is not there.")
    waiting = {name: len(set(_sources(node))) for name, node in by_name.items()}
    readers: dict[str, list[str]] = {name: [] for name in by_name}
    for name, node in by_name.items():
        for source in set(_sources(node)):
            readers[source].append(name)
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        for reader in readers[ready.pop()]:
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    if stuck := sorted(name for name, count in waiting.items() if count):
        _refuse(where, f"The graph has a cycle, with {_listed(stuck)} in or after it.")


def _check_operations(nodes: list[Node], where: str) -> None:
    """Refuse what some backend lacks, and with it whatever TensorFlow would do to this machine."""
    unknown = sorted({node["op"] for node in nodes} - PORTABLE_OPS - REWRITTEN_OPS)
    if unknown:
        raise ConversionError(
            f"The graph holds operations that not every backend of TensorFlow.js has: {_listed(unknown)}.",
            where=where,
            hint="Choose a model that TensorFlow.js can run; a MobileNetV3 feature vector is one.",
        )


def _signature(document: dict[str, Any], nodes: list[Node], where: str) -> dict[str, Any]:
    """The graph's one input and one output: as it says, or else as its ends show."""
    user = document.get("userDefinedMetadata")
    given = document.get("signature") or (user.get("signature") if isinstance(user, dict) else None)
    known = {node["name"] for node in nodes}
    if not given:
        read = {source for node in nodes for source in _sources(node)}
        inputs = [node["name"] for node in nodes if node["op"] == "Placeholder"]
        outputs = [node["name"] for node in nodes if node["name"] not in read and node["name"] not in inputs]
        outputs = [name for name in outputs if next(n for n in nodes if n["name"] == name)["op"] != "Const"]
        given = {
            "inputs": {name: {"name": f"{name}:0"} for name in inputs},
            "outputs": {name: {"name": f"{name}:0"} for name in outputs},
        }
    signature = {}
    for side in ("inputs", "outputs"):
        tensors = given.get(side) if isinstance(given, dict) else None
        if not isinstance(tensors, dict) or not _is_list_of(dict, list(tensors.values())):
            _refuse(where, f"The graph's signature has no {side}.")
        if len(tensors) != 1:
            raise ConversionError(
                f"The graph has {len(tensors)} {side} ({_listed(sorted(tensors)) or 'none'}); "
                "a feature vector has one.",
                where=where,
                hint=FEATURES,
            )
        ((key, tensor),) = tensors.items()
        name = str(tensor.get("name", key)).removesuffix(":0")
        if name not in known:
            _refuse(where, f"The signature names {name[:80]!r}, which the graph does not have.")
        signature[side] = {key: {**tensor, "name": f"{name}:0"}}
    return signature


def _check_input(model: GraphModel, where: str) -> None:
    """Refuse another input than one placeholder for float32 images of 224 x 224."""
    node = model.node(model.input_name)
    (tensor,) = model.signature["inputs"].values()
    if node["op"] != "Placeholder" or sum(each["op"] == "Placeholder" for each in model.nodes) != 1:
        _refuse(where, "The graph does not have exactly one placeholder, for its input.")
    kind = node["attr"].get("dtype", {}).get("type", "DT_FLOAT")
    if kind not in ("DT_FLOAT", 1):
        raise ConversionError(f"The graph reads {kind}, not DT_FLOAT.", where=where, hint=FEATURES)
    for shape in _input_shapes(tensor, node):
        sizes = _sizes(shape)
        if sizes is None:
            continue
        fits = len(sizes) == 4 and sizes[0] in (-1, 1)
        if not fits or any(size not in (-1, ok) for size, ok in zip(sizes[1:], (SIZE, SIZE, 3), strict=True)):
            shown = ", ".join("n" if size == -1 else str(size) for size in sizes)
            raise ConversionError(
                f"The graph reads images of shape [{shown}]; the page gives it [n, {SIZE}, {SIZE}, 3].",
                where=where,
                hint=FEATURES,
            )


def _input_shapes(tensor: dict[str, Any], placeholder: Node) -> tuple[object, object]:
    """What the signature and the placeholder say of the images' shape."""
    return tensor.get("tensorShape"), placeholder["attr"].get("shape", {}).get("shape")


def _sizes(shape: object) -> list[int] | None:
    """A tensor's shape, -1 where it is open; None where nothing is said."""
    dims = shape.get("dim") if isinstance(shape, dict) else None
    if not isinstance(dims, list) or not dims:
        return None
    try:
        return [int(dim.get("size", 0)) for dim in dims]
    except (AttributeError, TypeError, ValueError):
        return [0]  # which fits nothing


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(repr(name[:80]) for name in names[:3]) + more


def _refuse(where: str, what: str) -> NoReturn:
    raise ConversionError(what, where=where, hint=AGAIN)
