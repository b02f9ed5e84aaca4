"""Models that cannot become a site are refused in one clear message, and leave nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import convert
from onthefly_studio.graph import foreign as foreign_graph
from onthefly_studio.graph.foreign import GraphLimits
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, obtain
from tests.support.tfjs_files import FLOAT, Files


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """One in which nobody else is at work, since what is left in it is looked at."""
    return Cache(tmp_path_factory.mktemp("cache"))


def entries(cache: Cache) -> list[str]:
    """Every entry of the cache, the half-written too, but the locks."""
    return sorted(str(path) for path in cache.root.glob("*/*") if path.parent.name != "locks")


def refusal(source: Source, cache: Cache, where: Path) -> str:
    """What the whole conversion says of a model, checked to be an error a user can act on."""
    before = entries(cache)
    with pytest.raises(ConversionError) as caught:
        convert.convert(source, "float16", cache=cache, reporter=Silent())
    error = caught.value
    assert type(error) is ConversionError
    assert error.exit_code == 4
    assert error.where == str(where)
    assert error.hint
    assert "Traceback" not in error.format_message()
    assert "\n" not in error.what
    assert entries(cache) == before
    return error.what


# SavedModels


SAVED_MODELS = {
    "0 to 255": ["barely differ between pictures", "in [0, 1], by", "in [0, 255]"],
    "constant": ["barely differ between pictures", "in no other input range"],
    "two outputs": ["'serving_default' has 2 outputs (features, logits)"],
    "128 pixels": ["reads images of shape [n, 128, 128, 3], not [n, 224, 224, 3]"],
    "bytes": ["reads uint8, not float32"],
    "four at once": ["reads 4 images at once"],
    "maps": ["gives [n, 14, 14, 8], not [n, features]"],
    "several": ["2 signatures", "'one', 'two'"],
    "odd operation": ["TensorFlow.js does not have Lgamma"],
    "nothing": ["no signature and cannot be called"],
    "CalledForTwo": ["no signature", "several tensors (features, logits)"],
    "CalledSmall": ["no signature", "[n, 224, 224, 3]", "it reads: [n, 128, 128, 3]"],
}


@pytest.mark.parametrize("name", SAVED_MODELS)
def test_saved_models(name: str, small_models: Path, cache: Cache, one_tensorflow: None) -> None:
    source = obtain(str(small_models / name), cache=cache, reporter=Silent())
    what = refusal(source, cache, small_models / name)
    for words in SAVED_MODELS[name]:
        assert words in what


def test_a_saved_model_in_a_process_of_its_own(small_models: Path, cache: Cache) -> None:
    """The build's own child, after the worker that the others share."""
    folder = small_models / "two outputs"
    assert "2 outputs" in refusal(obtain(str(folder), cache=cache, reporter=Silent()), cache, folder)


@pytest.mark.parametrize("harm", ["no variables", "cut", "not one"])
def test_damaged_saved_models(
    harm: str, small_models: Path, cache: Cache, tmp_path: Path, one_tensorflow: None
) -> None:
    graph = (small_models / "other names" / "saved_model.pb").read_bytes()
    folder = tmp_path / "model"
    folder.mkdir()
    data = {"no variables": graph, "cut": graph[: len(graph) // 2], "not one": b"no protocol buffer"}[harm]
    (folder / "saved_model.pb").write_bytes(data)
    what = refusal(obtain(str(folder), cache=cache, reporter=Silent()), cache, folder)
    assert "TensorFlow cannot load the SavedModel" in what


# TensorFlow.js graphs

Harm = Callable[[Files], object]


def weight(files: Files, **changes: object) -> None:
    files.group["weights"][0].update(changes)


def path(name: str) -> Harm:
    return lambda files: files.group.update(paths=[name, *files.group["paths"][1:]])


def shorten(files: Files) -> None:
    files.shards["group1-shard2of2.bin"] = files.shards["group1-shard2of2.bin"][:-1]


def lengthen(files: Files) -> None:
    files.shards["group1-shard2of2.bin"] += b"\0"


def circle(files: Files) -> None:
    files.node("conv")["input"] = ["pooled", "kernel", "bias"]


def second_output(files: Files) -> None:
    files.document["signature"]["outputs"]["map"] = {"name": "conv:0"}


def second_input(files: Files) -> None:
    files.document["signature"]["inputs"]["mask"] = {"name": "conv:0"}


def unknown_operation(files: Files) -> None:
    attributes = {"T": FLOAT}
    files.nodes.append({"name": "odd", "op": "Lgamma", "input": ["pooled"], "attr": attributes})
    files.document["signature"]["outputs"]["pooled"]["name"] = "odd"


def harmful_operation(files: Files) -> None:
    """One that TensorFlow would carry out, on this machine, if the graph were simply run."""
    files.nodes.append({"name": "file", "op": "ReadFile", "input": ["name"]})
    files.nodes.append({"name": "name", "op": "Placeholder", "attr": {"dtype": {"type": "DT_STRING"}}})
    files.node("conv")["input"].append("^file")


def wrong_attribute(files: Files) -> None:
    files.node("pooled")["attr"]["keep_dims"] = {"nonsense": 1}


def map_as_output(files: Files) -> None:
    files.document["signature"]["outputs"]["pooled"]["name"] = "conv:0"


def too_few_inputs(files: Files) -> None:
    files.node("conv")["input"].pop()


GRAPHS: dict[str, tuple[Harm, str]] = {
    "missing shard": (lambda files: files.shards.popitem(), "shard 'group1-shard2of2.bin' is missing"),
    "short shard": (shorten, "need 12,340 bytes, and the files hold 12,339"),
    "long shard": (lengthen, "need 12,340 bytes, and the files hold 12,341"),
    "absolute path": (path("/etc/passwd"), "A shard is at '/etc/passwd'"),
    "absolute URL": (path("https://example.com/w.bin"), "A shard is at 'https://example.com/w.bin'"),
    "path upwards": (path("../weights.bin"), "A shard is at '../weights.bin'"),
    "path upwards elsewhere": (path("..\\weights.bin"), "A shard is at"),
    "no path": (path(""), "A shard is at ''"),
    "weight too large": (lambda files: weight(files, shape=[1000, 1000]), "need 4,000,"),
    "negative size": (lambda files: weight(files, shape=[-1, 4]), "has the shape [-1, 4]"),
    "size of a size": (lambda files: weight(files, shape=[1 << 40] * 6), "has the shape [1099511627776"),
    "rank": (lambda files: weight(files, shape=[1] * 9), "which no weight here has"),
    "shape of text": (lambda files: weight(files, shape="1"), "has no shape"),
    "type": (lambda files: weight(files, dtype="string"), "is string stored as string"),
    "no scale": (
        lambda files: weight(files, dtype="float32", quantization={"dtype": "uint8"}),
        "need",
    ),
    "names twice": (lambda files: weight(files, name="bias"), "without a name of its own: 'bias'"),
    "constant of nothing": (lambda files: weight(files, name="other"), "'kernel' has no weight"),
    "nodes twice": (
        lambda files: files.nodes.append(dict(files.nodes[0])),
        "1 nodes whose names are already taken",
    ),
    "input of nothing": (lambda files: files.nodes.pop(1), "'conv' reads 'kernel', which is not there"),
    "circle": (circle, "has a cycle, with 'conv', 'gained', 'pooled'"),
    "two outputs": (second_output, "has 2 outputs ('map', 'pooled')"),
    "two inputs": (second_input, "has 2 inputs ('image', 'mask')"),
    "unknown operation": (
        unknown_operation,
        "operations that not every backend of TensorFlow.js has: 'Lgamma'",
    ),
    "harmful operation": (harmful_operation, "not every backend of TensorFlow.js has: 'ReadFile'"),
    "wrong attribute": (wrong_attribute, "The graph cannot be run"),
    "too few inputs": (too_few_inputs, "The graph cannot be run"),
    "maps": (map_as_output, "gives [n, 14, 14, 4]"),
    "no nodes": (lambda files: files.document["modelTopology"].pop("node"), "no list of nodes"),
    "nodes of text": (lambda files: files.document["modelTopology"]["node"].append("x"), "no list of nodes"),
    "node without operation": (lambda files: files.nodes[0].pop("op"), "'image' is not written like"),
    "no weights": (lambda files: files.document.pop("weightsManifest"), "no weightsManifest"),
    "group of nothing": (lambda files: files.group.pop("paths"), "a group without paths or weights"),
    "output of nothing": (
        lambda files: files.document["signature"]["outputs"]["pooled"].update(name="x"),
        "names 'x', which the graph does not have",
    ),
    "layers of TensorFlow.js": (
        lambda files: files.document.update(modelTopology={"class_name": "Sequential", "config": {}}),
        "is a TensorFlow.js layers model",
    ),
    "layers of Keras": (
        lambda files: files.document.update(modelTopology={"keras_version": "2", "model_config": {}}),
        "is a TensorFlow.js layers model",
    ),
    "layers model": (
        lambda files: files.document.update(format="layers-model"),
        "is a TensorFlow.js layers model",
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(name: str, cache: Cache, tmp_path: Path, one_tensorflow: None) -> None:
    harm, words = GRAPHS[name]
    files = Files()
    harm(files)
    folder = files.write(tmp_path / "graph")
    assert words in refusal(obtain(str(folder), cache=cache, reporter=Silent()), cache, folder)


METADATA = {
    "tfjsVersion": "1.3.1",
    "tmVersion": "2.4.7",
    "packageVersion": "0.8.4",
    "packageName": "@teachablemachine/image",
    "labels": ["Cup", "Plant", "Nothing"],
    "imageSize": 224,
}


@pytest.mark.parametrize("left", ["tmVersion", "packageName"])
def test_a_model_of_teachable_machine(left: str, cache: Cache, tmp_path: Path, one_tensorflow: None) -> None:
    """As its export writes it: layers without a `format`, one file of weights, and metadata."""
    files = Files()
    files.document = {
        "modelTopology": {"class_name": "Sequential", "config": {"name": "sequential_4", "layers": []}},
        "weightsManifest": [{"paths": ["./weights.bin"], "weights": []}],
    }
    folder = files.write(tmp_path / "my-model")
    marks = {"tmVersion", "packageName"} - {left}
    said = {key: value for key, value in METADATA.items() if key not in marks}
    (folder / "metadata.json").write_text(json.dumps(said))
    source = obtain(str(folder), cache=cache, reporter=Silent())
    assert "Teachable Machine made: a whole classifier, of 3 classes" in refusal(source, cache, folder)


@pytest.mark.parametrize("metadata", [b"", b"[]", b"{}", b"[" * 100_000, b'{"labels": ["A"]}'])
def test_other_metadata_beside_layers_is_passed_over(metadata: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"modelTopology": {"class_name": "Sequential", "config": {}}}')
    (tmp_path / "metadata.json").write_bytes(metadata)
    with pytest.raises(ConversionError, match=r"layers model, and only graph models") as caught:
        foreign_graph.read(tmp_path)
    assert "tfjs_layers_model" in str(caught.value.hint)


def test_a_graph_for_smaller_images(cache: Cache, tmp_path: Path, one_tensorflow: None) -> None:
    folder = Files(size=128).write(tmp_path / "graph")
    what = refusal(obtain(str(folder), cache=cache, reporter=Silent()), cache, folder)
    assert what == "The graph reads images of shape [n, 128, 128, 3]; the page gives it [n, 224, 224, 3]."


def test_a_graph_in_a_process_of_its_own(cache: Cache, tmp_path: Path) -> None:
    files = Files()
    shorten(files)
    folder = files.write(tmp_path / "graph")
    assert "hold 12,339" in refusal(obtain(str(folder), cache=cache, reporter=Silent()), cache, folder)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"modelTopology": 1}'])
def test_a_model_json_that_is_none(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(data)
    with pytest.raises(ConversionError, match=r"model\.json") as caught:
        foreign_graph.read(tmp_path)
    assert caught.value.where == str(tmp_path)
    assert caught.value.hint == foreign_graph.AGAIN


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (GraphLimits(document_bytes=100), "more than 100 are not read"),
        (GraphLimits(nodes=7), "has 8 nodes; more than 7"),
        (GraphLimits(weights=3), "more than 3 weights"),
        (GraphLimits(shards=1), "1 shards"),
        (GraphLimits(weight_bytes=10_000), "take more than 0 MiB"),
    ],
)
def test_counts_and_sizes_are_bounded_before_anything_is_read(
    limits: GraphLimits, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Files().write(tmp_path)

    def read(folder: Path) -> None:
        raise AssertionError("the weights were read")

    monkeypatch.setattr("onthefly_studio.graph.model.read", read)
    with pytest.raises(ConversionError, match=words):
        foreign_graph.read(folder, limits)


def test_a_shard_that_only_claims_to_be_large_is_not_read(tmp_path: Path) -> None:
    folder = Files().write(tmp_path)
    with (folder / "group1-shard1of2.bin").open("r+b") as shard:
        shard.truncate(1 << 40)  # a sparse file: no bytes on the disk
    with pytest.raises(ConversionError, match="take more than 512 MiB"):
        foreign_graph.read(folder)


def test_weights_that_are_not_finite(cache: Cache, tmp_path: Path, one_tensorflow: None) -> None:
    files = Files()
    blob = np.frombuffer(files.shards["group1-shard1of2.bin"][:4], "<f4").copy()
    blob[0] = np.nan
    files.shards["group1-shard1of2.bin"] = blob.tobytes() + files.shards["group1-shard1of2.bin"][4:]
    folder = files.write(tmp_path / "graph")
    with pytest.raises(ConversionError, match="not finite"):
        convert.convert(
            obtain(str(folder), cache=cache, reporter=Silent()), "float16", cache=cache, reporter=Silent()
        )


def test_files_are_json_and_nothing_else(tmp_path: Path) -> None:
    """What Python's json takes beyond the format does no harm: NaN for a size is no size."""
    files = Files()
    files.group["weights"][0]["shape"] = [float("nan")]
    folder = files.write(tmp_path)
    assert "NaN" in (folder / "model.json").read_text()
    assert json.loads((folder / "model.json").read_text())
    with pytest.raises(ConversionError, match="has no shape"):
        foreign_graph.read(folder)
