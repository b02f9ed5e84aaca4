"""Reading and writing graph models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.model import GraphModel
from tests.support.graphs import convolution


def test_what_was_written_is_read(tmp_path: Path) -> None:
    model = convolution(np.array([1.0, 2, 3]))
    model.weights["axes"] = np.array([1, 2], np.int32)
    model.weights["half"] = np.array([[0.5, 1 / 3]], np.float16)
    graph_model.write(model, tmp_path)
    read = graph_model.read(tmp_path)
    assert read.nodes == model.nodes
    assert read.signature == model.signature
    for name, array in model.weights.items():
        assert read.weights[name].dtype == array.dtype
        np.testing.assert_array_equal(read.weights[name], array)
    assert read.dense("half").dtype == np.float32


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    model = convolution(np.zeros(3))
    graph_model.write(model, tmp_path)
    file = tmp_path / "model.json"
    file.write_text(file.read_text("utf-8"), "utf-8-sig")
    assert graph_model.read(tmp_path).nodes == model.nodes


def test_the_same_model_gives_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    model = convolution(np.array([1.0, 2, 3]))
    turned = GraphModel(
        [dict(reversed(node.items())) for node in model.nodes],
        dict(reversed(model.weights.items())),
        model.signature,
        model.versions,
    )
    folders = (tmp_path / "a", tmp_path / "b")
    for folder, each in zip(folders, (model, turned), strict=True):
        folder.mkdir()
        graph_model.write(each, folder)
    files = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert files[0] == files[1]


def test_weights_are_cut_into_shards(tmp_path: Path) -> None:
    model = convolution(np.zeros(3))
    model.weights["big"] = np.arange(700_000, dtype=np.float32)
    graph_model.write(model, tmp_path)
    shards = sorted(tmp_path.glob("weights-*.bin"))
    assert [shard.stat().st_size for shard in shards][:2] == [1 << 20, 1 << 20]
    assert len(shards) == 3
    np.testing.assert_array_equal(graph_model.read(tmp_path).weights["big"], model.weights["big"])


def change(**how: Any) -> Callable[[dict[str, Any]], None]:
    def apply(document: dict[str, Any]) -> None:
        document["weightsManifest"][0].update(how)

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change(paths=["../weights-00.bin"]), "plain file names"),
        (change(paths=["/etc/passwd"]), "plain file names"),
        (change(paths=["weights-01.bin"]), "cannot be read"),
        (change(weights=[]), "accounts for 0"),
        (change(weights=[{"name": "w", "shape": [1000], "dtype": "float32"}]), "end inside"),
        (change(weights=[{"name": "w", "shape": [1], "dtype": "string"}]), "stored as string"),
        (lambda document: document.pop("modelTopology"), "not a TensorFlow.js graph model"),
    ],
)
def test_damaged_models_are_refused(
    damage: Callable[[dict[str, Any]], None], message: str, tmp_path: Path
) -> None:
    graph_model.write(convolution(np.zeros(3)), tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    damage(document)
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(ConversionError, match=message):
        graph_model.read(tmp_path)


def test_two_outputs_are_refused() -> None:
    model = convolution(np.zeros(3))
    model.signature["outputs"]["more"] = {"name": "conv:0"}
    with pytest.raises(ConversionError, match="2 outputs"):
        _ = model.output_name
