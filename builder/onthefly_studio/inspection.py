"""What is inside a built site, or a folder with a TensorFlow.js graph model.

Everything is read from the files and none of them is trusted: a site may be damaged or a stranger's, so
whatever cannot be read is named as a problem next to what can. Nothing here needs TensorFlow.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from onthefly_studio.errors import ConfigError, ConversionError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import portability as rules
from onthefly_studio.graph.model import GraphModel, fused_ops
from onthefly_studio.site import publish
from onthefly_studio.site.publish import Integrity

FORMAT = 1
"""Of `Inspection.as_json`; a change that a reader must know of counts it up."""

ACCEPTED = (
    "the folder of a built site, or a folder with a TensorFlow.js graph model (model.json and its shards)"
)
ByteKind = Literal["weights", "graph", "scripts", "wasm", "page", "other"]
BYTE_KINDS: tuple[ByteKind, ...] = ("weights", "graph", "scripts", "wasm", "page", "other")
_BY_SUFFIX: dict[str, ByteKind] = {
    ".js": "scripts",
    ".wasm": "wasm",
    ".html": "page",
    ".css": "page",
    ".svg": "page",
    ".png": "page",
    ".webmanifest": "page",
}
_MAX_JSON_BYTES = 64 << 20
_MAX_MODEL_BYTES = 1 << 30
"""Far beyond any MobileNet: what is larger is refused before it fills the memory."""

_MALFORMED = (
    ConversionError,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)
"""What reading a graph that a stranger wrote can end in."""


@dataclass(frozen=True)
class Graph:
    """What the network is made of."""

    ops: dict[str, int]
    """Operations by name, the most frequent first; constants not among them."""
    constants: int
    fused: dict[str, int]
    """What convolutions and products carry inside, such as `BiasAdd+Relu`."""
    bias_ranks: dict[str, int]
    """Rank of the fused biases to their number; a rank of 0 breaks two backends."""
    parameters: int
    """Values of all constants that are not shapes and axes."""
    stored: dict[str, int]
    """Values by the type they are stored in."""
    features: int | None
    portability: dict[str, list[str]]
    """For each backend, what in the graph it would not run right; see `rules`."""


@dataclass(frozen=True)
class Share:
    """One kind of file."""

    files: int
    bytes: int
    gzip: int
    """As a host sends them."""


@dataclass(frozen=True)
class Inspection:
    """All that was found."""

    kind: Literal["site", "graph model"]
    folder: Path
    site: dict[str, Any]
    """What site.json says; empty for a bare graph model and where it cannot be read."""
    check: list[dict[str, Any]]
    """The build's golden check, row by row, with `passed`."""
    graph: Graph | None
    sizes: dict[ByteKind, Share]
    integrity: Integrity | None
    """None for a bare graph model, which comes without a list of sums."""
    problems: list[str]
    """What could not be read, one line each."""

    @property
    def ok(self) -> bool:
        """Whether everything could be read and is as it was built."""
        return not self.problems and (self.integrity is None or self.integrity.ok)

    def as_json(self) -> dict[str, Any]:
        """The same for machines: a structure that stays, under the number `FORMAT`."""
        integrity = None
        if self.integrity is not None:
            integrity = {**asdict(self.integrity), "ok": self.integrity.ok}
        backbone = _table(self.site.get("backbone"))
        return {
            "format": FORMAT,
            "kind": self.kind,
            "folder": str(self.folder),
            "ok": self.ok,
            "problems": self.problems,
            **{key: self.site.get(key) for key in ("generator", "title", "lang", "classes", "precision")},
            "fit": _table(self.site.get("preprocess")).get("fit"),
            "backbone": backbone or None,
            "features": self.features,
            "head": _table(self.site.get("head")) or None,
            "graph": None if self.graph is None else asdict(self.graph),
            "bytes": {kind: asdict(share) for kind, share in self.sizes.items()},
            "check": self.check,
            "integrity": integrity,
        }

    @property
    def features(self) -> int | None:
        """Width of the feature vector: the graph's own word, else the site's."""
        if self.graph is not None and self.graph.features is not None:
            return self.graph.features
        width = _table(self.site.get("backbone")).get("features")
        return width if isinstance(width, int) else None


def inspect(folder: Path) -> Inspection:
    """Look into a built site or a folder with a graph model.

    Raises:
        ConfigError: it is neither.
    """
    if folder.is_dir() and _is_site(folder):
        return _inspect_site(folder)
    if (folder / "model.json").is_file():
        return _inspect_model(folder)
    if not folder.exists():
        what = "There is no such folder."
    elif folder.is_dir():
        what = "The folder holds neither a built site (no site.json) nor a graph model (no model.json)."
    else:
        what = "This is a file; give a folder."
    raise ConfigError(what, where=str(folder.absolute()), hint=f"Pass {ACCEPTED}.")


def _is_site(folder: Path) -> bool:
    """Whether it is a site of ours, also one that has lost its site.json or its list of sums."""
    if str(_site_json(folder, []).get("generator", "")).startswith("onthefly "):
        return True
    return {"site.json", "index.html"} <= set(publish.listed(folder) or {})


def _inspect_site(folder: Path) -> Inspection:
    problems: list[str] = []
    site = _site_json(folder, problems)
    files = publish.files(folder)
    where = _graph_url(site, files)
    graph = None
    if where is None:
        problems.append("The backbone's model.json is missing.")
    else:
        graph = _read_graph((folder / where).parent, problems)
    return Inspection(
        "site",
        folder,
        site,
        _rows(site),
        graph,
        _sizes(folder, files, where),
        publish.integrity(folder),
        problems,
    )


def _inspect_model(folder: Path) -> Inspection:
    document = _json(folder / "model.json")
    if not isinstance(document, dict) or document.get("format", "graph-model") != "graph-model":
        raise ConfigError(
            "model.json is not a TensorFlow.js graph model.",
            where=str((folder / "model.json").absolute()),
            hint=f"Pass {ACCEPTED}.",
        )
    problems: list[str] = []
    graph = _read_graph(folder, problems)
    files = ["model.json", *(name for name in _shards(document) if (folder / name).is_file())]
    return Inspection(
        "graph model", folder, {}, [], graph, _sizes(folder, files, "model.json"), None, problems
    )


def _site_json(folder: Path, problems: list[str]) -> dict[str, Any]:
    try:
        return _table(_json(folder / "site.json"))
    except ConfigError as error:
        problems.append(error.what)
        return {}


def _json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        ConfigError: it cannot be read, or is too large to be what it is named.
    """
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ValueError(f"larger than {_MAX_JSON_BYTES >> 20} MiB")
        # Python reads NaN and Infinity, which are no JSON and which no other reader would take from us.
        return json.loads(path.read_bytes(), parse_constant=lambda name: None)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"{path.name} cannot be read ({reason}).", where=str(path.absolute()), hint=f"Pass {ACCEPTED}."
        ) from error


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(site: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = site.get("check")
    rows = [_table(row) for row in listed] if isinstance(listed, list) else []
    return [
        {key: row.get(key) for key in ("image", "error", "limit")} | {"passed": _passed(row)} for row in rows
    ]


def _passed(row: Mapping[str, Any]) -> bool:
    error, limit = row.get("error"), row.get("limit")
    return isinstance(error, (int, float)) and isinstance(limit, (int, float)) and error <= limit


def _graph_url(site: Mapping[str, Any], files: Iterable[str]) -> str | None:
    """Where in the site the graph stands: as site.json says, else as it lies there; never outside."""
    url = _table(_table(site.get("model")).get("graph")).get("url")
    present = set(files)
    if isinstance(url, str) and url in present:
        return url
    found = sorted(name for name in present if name.startswith("model/") and name.endswith("/model.json"))
    return found[0] if found else None


def _shards(document: Mapping[str, Any]) -> list[str]:
    groups = document.get("weightsManifest")
    tables = [_table(group) for group in groups] if isinstance(groups, list) else []
    names = [name for table in tables if isinstance(table.get("paths"), list) for name in table["paths"]]
    return [name for name in names if isinstance(name, str) and graph_model.is_shard_name(name)]


def _read_graph(folder: Path, problems: list[str]) -> Graph | None:
    try:
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
        if size > _MAX_MODEL_BYTES:
            raise ConversionError(f"The model takes {size:,} bytes, more than any MobileNet.")
        return describe(graph_model.read(folder))
    except _MALFORMED as error:
        reason = error.what if isinstance(error, ConversionError) else f"{type(error).__name__}: {error}"
        problems.append(f"The graph cannot be read: {reason}")
        return None


def describe(model: GraphModel) -> Graph:
    """What a graph is made of."""
    values: Counter[str] = Counter()
    parameters = 0
    for name, array in model.weights.items():
        values[array.dtype.name] += int(array.size)
        # Whole numbers that stand for themselves are shapes and axes.
        if np.issubdtype(model.dense(name).dtype, np.floating):
            parameters += int(array.size)
    ops = Counter(str(node["op"]) for node in model.nodes)
    constants = ops.pop("Const", 0)
    fused = Counter("+".join(fused_ops(node)) for node in model.nodes if fused_ops(node))
    return Graph(
        ops=_ranked(ops),
        constants=constants,
        fused=_ranked(fused),
        bias_ranks=_ranked(_bias_ranks(model)),
        parameters=parameters,
        stored=_ranked(values),
        features=_features(model),
        portability={name: rules.violations(model, backend) for name, backend in rules.BACKENDS.items()},
    )


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _bias_ranks(model: GraphModel) -> Counter[str]:
    biases = [node["input"][2] for node in model.nodes if "BiasAdd" in fused_ops(node)]
    return Counter(str(model.weights[bias].ndim) for bias in biases if bias in model.weights)


def _features(model: GraphModel) -> int | None:
    """Width of the one output, where the signature tells."""
    outputs = list(model.signature.get("outputs", {}).values())
    if len(outputs) != 1:
        return None
    dims = outputs[0].get("tensorShape", {}).get("dim", [])
    width = int(dims[-1]["size"]) if dims else -1
    return width if width > 0 else None


def _sizes(folder: Path, files: Iterable[str], graph: str | None) -> dict[ByteKind, Share]:
    shares = {kind: Share(0, 0, 0) for kind in BYTE_KINDS}
    for name in files:
        kind = _byte_kind(name, graph)
        try:
            size, packed = _measure(folder / name)
        except OSError:  # what cannot be read is named by the list of sums
            continue
        before = shares[kind]
        shares[kind] = Share(before.files + 1, before.bytes + size, before.gzip + packed)
    return shares


def _byte_kind(name: str, graph: str | None) -> ByteKind:
    path = Path(name)
    if graph is not None and path.parent == Path(graph).parent:
        if name == graph:
            return "graph"
        if path.suffix == ".bin":
            return "weights"
    return _BY_SUFFIX.get(path.suffix, "other")


def _measure(path: Path) -> tuple[int, int]:
    """A file's bytes, plain and as gzip packs them on a host (level 6)."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    size = packed = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            size += len(chunk)
            packed += len(packer.compress(chunk))
    return size, packed + len(packer.flush())
