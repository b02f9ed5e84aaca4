"""The TensorFlow.js graph-model format: reading and writing `model.json` with its weight shards.

The format is TensorFlow's GraphDef as JSON, its constants held apart as raw little-endian bytes
and listed in a weights manifest. Reading trusts nothing: names, sizes and sums are checked before
any byte is taken.
"""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from onthefly_studio.cache import sha256_tree
from onthefly_studio.errors import ConversionError
from onthefly_studio.file_system import is_portable

Array = npt.NDArray[Any]
Node = dict[str, Any]

SHARD_BYTES = 1 << 20
"""Shards of 1 MiB: few requests, yet several that a browser can fetch side by side."""

STORED_DTYPES: dict[str, np.dtype[Any]] = {
    "float32": np.dtype("<f4"),
    "int32": np.dtype("<i4"),
    "float16": np.dtype("<f2"),
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
}


@dataclass(frozen=True)
class Affine:
    """How a weight stored as whole numbers is read: `stored * scale + min`, rounded to float32."""

    scale: float
    min: float


@dataclass
class GraphModel:
    """A graph and its constants.

    `weights` holds each constant as it is stored: float16 and whole numbers are decoded to float32 by
    TensorFlow.js when it loads them, and by `dense` here.
    """

    nodes: list[Node]
    weights: dict[str, Array]
    signature: dict[str, Any]
    versions: dict[str, Any] = field(default_factory=dict)
    affine: dict[str, Affine] = field(default_factory=dict)
    """For each weight stored as uint8 or uint16: how it is read."""

    def node(self, name: str) -> Node:
        """The node with this name; a port (`name:0`) or a control mark (`^name`) is ignored."""
        plain = name.removeprefix("^").split(":")[0]
        for node in self.nodes:
            if node["name"] == plain:
                return node
        raise ConversionError(f"The graph names a node {plain!r} that it does not have.")

    def dense(self, name: str) -> Array:
        """A constant as the graph computes with it."""
        stored = self.weights[name]
        if name in self.affine:
            how = self.affine[name]
            return (stored.astype(np.float64) * how.scale + how.min).astype(np.float32)
        return stored.astype(np.float32) if stored.dtype == np.float16 else stored

    @property
    def input_name(self) -> str:
        """The name of the one input tensor, without its port."""
        return _only(self.signature, "inputs").split(":")[0]

    @property
    def output_name(self) -> str:
        """The name of the one output tensor, without its port."""
        return _only(self.signature, "outputs").split(":")[0]


def _only(signature: dict[str, Any], side: str) -> str:
    tensors = list(signature.get(side, {}).values())
    if len(tensors) != 1:
        raise ConversionError(
            f"The model has {len(tensors)} {side}; a feature vector has one.",
            where="signature",
            hint="Give a model that maps one image batch to one feature batch.",
        )
    return str(tensors[0]["name"])


def fused_ops(node: Node) -> list[str]:
    """The operations fused into a node, in order; empty for a plain one."""
    listed = node.get("attr", {}).get("fused_ops", {}).get("list", {}).get("s", [])
    return [base64.b64decode(text).decode() for text in listed]


def add_constant(nodes: list[Node], weights: dict[str, Array], name: str, values: Array) -> str:
    """Append a float32 constant to a graph in the making; returns its name."""
    shape = {"dim": [{"size": str(size)} for size in values.shape]}
    tensor = {"dtype": "DT_FLOAT", "tensorShape": shape}
    attr = {"dtype": {"type": "DT_FLOAT"}, "value": {"tensor": tensor}}
    nodes.append({"attr": attr, "name": name, "op": "Const"})
    weights[name] = values
    return name


def model_files(folder: Path) -> list[Path]:
    """`model.json` and its shards as `write` leaves them, the graph first."""
    return [folder / "model.json", *sorted(folder.glob("weights-*.bin"))]


def model_hash(folder: Path, digits: int = 16) -> str:
    """Of a model's files, the first digits of their sha256: equal means equal features."""
    return sha256_tree(folder, model_files(folder))[:digits]


def read(folder: Path) -> GraphModel:
    """Read `model.json` and its shards from a folder.

    Raises:
        ConversionError: the files do not make up a whole graph model.
    """
    path = folder / "model.json"
    try:
        document = json.loads(path.read_bytes())  # of bytes it takes a byte-order mark too
        topology = document["modelTopology"]
        nodes, groups = topology["node"], document["weightsManifest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConversionError(
            f"This is not a TensorFlow.js graph model ({error}).", where=str(path)
        ) from error
    weights: dict[str, Array] = {}
    affine: dict[str, Affine] = {}
    for group in groups:
        blob = b"".join(_shard(folder, name) for name in group["paths"])
        offset = 0
        for spec in group["weights"]:
            offset = _take(weights, spec, blob, offset, path)
            if (how := _affine(spec, path)) is not None:
                affine[str(spec["name"])] = how
        if offset != len(blob):
            raise ConversionError(
                f"The shards hold {len(blob)} bytes, their manifest accounts for {offset}.", where=str(path)
            )
    return GraphModel(nodes, weights, document.get("signature", {}), topology.get("versions", {}), affine)


def _affine(spec: dict[str, Any], path: Path) -> Affine | None:
    """How a weight stored as whole numbers is read; None for any other."""
    stored = spec.get("quantization", {})
    if stored.get("dtype") not in ("uint8", "uint16"):
        return None
    try:
        how = Affine(float(stored["scale"]), float(stored["min"]))
    except (KeyError, TypeError, ValueError):
        how = Affine(math.nan, math.nan)
    if not (math.isfinite(how.scale) and math.isfinite(how.min)):
        raise ConversionError(f"The weight {spec['name']!r} is quantized without a scale.", where=str(path))
    return how


def is_shard_name(name: str) -> bool:
    """Whether it is the plain name of a file beside `model.json`, on every system."""
    return is_portable(name) and not name.startswith(".")


def _shard(folder: Path, name: str) -> bytes:
    if not is_shard_name(name):
        raise ConversionError(
            f"A shard is named {name!r}; only plain file names are read.", where=str(folder)
        )
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ConversionError(
            f"The shard {name} cannot be read ({error.strerror}).", where=str(folder)
        ) from error


def _take(weights: dict[str, Array], spec: dict[str, Any], blob: bytes, offset: int, path: Path) -> int:
    name, shape = str(spec["name"]), tuple(int(n) for n in spec["shape"])
    stored = spec.get("quantization", {}).get("dtype", spec["dtype"])
    if stored not in STORED_DTYPES:
        raise ConversionError(
            f"The weight {name!r} is stored as {stored}, which is not supported.", where=str(path)
        )
    dtype = STORED_DTYPES[stored]
    count = math.prod(shape)
    end = offset + count * dtype.itemsize
    if end > len(blob):
        raise ConversionError(
            f"The shards end inside the weight {name!r}: {end} bytes are needed, {len(blob)} are there.",
            where=str(path),
        )
    weights[name] = np.frombuffer(blob, dtype, count, offset).reshape(shape)
    return end


def _spec(model: GraphModel, name: str) -> dict[str, Any]:
    array = model.weights[name]
    spec: dict[str, Any] = {"name": name, "shape": list(array.shape), "dtype": array.dtype.name}
    if name in model.affine:
        how = model.affine[name]
        stored = {"dtype": array.dtype.name, "scale": how.scale, "min": how.min}
    elif array.dtype == np.float16:
        stored = {"dtype": "float16"}
    else:
        return spec
    return {**spec, "dtype": "float32", "quantization": {**stored, "original_dtype": "float32"}}


def write(model: GraphModel, folder: Path) -> None:
    """Write `model.json` and shards of at most `SHARD_BYTES`, byte for byte reproducible.

    The same graph gives the same bytes: weights by name, keys sorted, no versions of tools, no times.
    """
    names = sorted(model.weights)
    parts = [
        model.weights[name].astype(model.weights[name].dtype.newbyteorder("<")).tobytes() for name in names
    ]
    blob = b"".join(parts)
    count = max(1, math.ceil(len(blob) / SHARD_BYTES))
    paths = [f"weights-{number:02d}.bin" for number in range(count)]
    for number, path in enumerate(paths):
        (folder / path).write_bytes(blob[number * SHARD_BYTES : (number + 1) * SHARD_BYTES])
    document = {
        "format": "graph-model",
        "modelTopology": {"node": model.nodes, "versions": model.versions},
        "signature": model.signature,
        "weightsManifest": [{"paths": paths, "weights": [_spec(model, name) for name in names]}],
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    (folder / "model.json").write_text(text, "utf-8", newline="\n")
