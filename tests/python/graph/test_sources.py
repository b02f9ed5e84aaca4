"""Every kind of source through the whole conversion, with the real TensorFlow."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest
from numpy.typing import NDArray

from onthefly_studio.cache import Cache
from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import check
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.convert import Converted
from onthefly_studio.graph.model import fused_ops
from onthefly_studio.places import PROJECT_ROOT
from onthefly_studio.reference import golden
from onthefly_studio.report import Silent
from onthefly_studio.sources import describe_backbone, keras_applications, obtain
from onthefly_studio.sources.keras_applications import MIRROR, NETWORKS
from onthefly_studio.tensorflow import hdf5_weights
from tests.support import tensorflow_scripts
from tests.support.conversion import golden_features, through
from tests.support.hubserver import HubServer
from tests.support.tfjs_files import Files, as_float16, as_float32, as_whole_numbers

FOLDER = "/keras-applications/mobilenet_v3"
Networks = Callable[[str], NDArray[Any]]


pytestmark = pytest.mark.usefixtures("one_tensorflow")


# Keras Applications


def test_names_addresses_and_hashes_are_those_of_keras() -> None:
    spec = find_spec("tf_keras")
    assert spec is not None and spec.origin is not None
    code = Path(spec.origin).with_name("src").joinpath("applications", "mobilenet_v3.py").read_text()
    match = re.search(r'BASE_WEIGHT_PATH = \(\s*"([^"]+)"', code)
    assert match is not None
    assert match[1] == keras_applications.BASE_URL
    table = re.search(r"WEIGHTS_HASHES = {(.*?)\n}", code, re.DOTALL)
    assert table is not None
    published = dict(re.findall(r'"(\w+[\w.]*)": \(\s*"(\w{32})"', table[1]))
    assert {f"weights_mobilenet_v3_{name}.h5": md5 for name, md5 in published.items()} == {
        network.file_name: network.md5 for network in NETWORKS.values()
    }


def test_the_readme_names_every_network_and_the_mirror() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text("utf-8")
    for name in keras_applications.BACKBONES:
        assert f"`{name}`" in readme
    assert f"`{MIRROR}`" in readme
    assert keras_applications.BASE_URL in readme


@pytest.fixture(scope="module")
def mirror() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


@pytest.fixture(scope="module")
def keras_weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder with `w.h5` and `features.npy` of a network with random weights; each is made once."""

    @functools.cache
    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        tensorflow_scripts.worker().call("keras_weights", name, folder / "w.h5", folder / "features.npy")
        return folder

    return make


@pytest.fixture
def network(
    mirror: HubServer,
    keras_weights: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Networks:
    """Puts a network with random weights on the mirror; returns Keras' own features of it."""
    monkeypatch.setenv(MIRROR, mirror.url(FOLDER))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))

    def make(name: str) -> NDArray[Any]:
        folder = keras_weights(name)
        file = (folder / "w.h5").read_bytes()
        known = NETWORKS[name]
        monkeypatch.setitem(NETWORKS, name, replace(known, md5=hashlib.md5(file).hexdigest()))
        mirror.modules[f"{FOLDER}/{known.file_name}"] = file
        return np.load(folder / "features.npy")

    return make


def check_network(backbone: str, features: NDArray[Any], cache: Cache) -> None:
    source = obtain(backbone, cache=cache, reporter=Silent())
    full = through(source, cache)
    assert full.features == features.shape[1]
    # Images that all look alike to a network would prove little.
    assert np.corrcoef(features).min() < 0.5
    assert check.relative_error(golden_features(full), features).max() < 1e-4
    half = through(source, cache, "float16")
    rows = check.compare(golden_features(half), features, golden.GOLDEN, "float16")
    check.require_within(rows, "float16")
    assert max(row.error for row in rows) > 1e-5


def test_kerass_weights_give_kerass_features(
    network: Networks, cache: Cache, mirror: HubServer, tmp_path: Path
) -> None:
    features = network("small")
    assert features.shape[1] == 1024
    check_network("keras", features, cache)
    source = obtain("keras", cache=cache, reporter=Silent(), offline=True)
    assert len(mirror.requests) == 1
    said = describe_backbone(source, 1024)
    assert said == {
        "kind": "keras",
        "name": "MobileNetV3-Small 1.0",
        "trainedOn": "ImageNet photographs",
        "features": 1024,
        "sha256": source.sha256,
        "trust": "pinned",
        "url": keras_applications.BASE_URL + "weights_mobilenet_v3_small_224_1.0_float.h5",
    }
    file = tmp_path / "incomplete.h5"
    assert source.keras is not None
    copy_weights(source.keras.file, file, lambda name: None if "conv_3/" in name else name)
    incomplete = replace(source, sha256="incomplete", keras=replace(source.keras, file=file))
    with pytest.raises(ConversionError, match=r"lack the layers 'expanded_conv_3/expand'") as caught:
        through(incomplete, cache)
    assert (caught.value.exit_code, caught.value.where) == (4, str(file))


def copy_weights(source: Path, target: Path, rename: Callable[[str], str | None]) -> None:
    """A file of Keras' weights under other layer names; None leaves a layer out."""
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        kept = []
        for layer in old.attrs["layer_names"]:
            if (name := rename(layer)) is None:
                continue
            kept.append(name)
            group = new.require_group(name)
            group.attrs["weight_names"] = old[layer].attrs["weight_names"]
            for weight in old[layer].attrs["weight_names"]:
                group[weight] = old[layer][weight][()]
        new.attrs["layer_names"] = kept


def test_a_file_with_renamed_layers_is_read_in_the_networks_order(
    keras_weights: Callable[[str], Path], tmp_path: Path
) -> None:
    """Keras renames layers now and then, and reads its old files in their order; so must we."""
    worker = tensorflow_scripts.worker()
    file = keras_weights("small") / "w.h5"
    worker.call("keras_variables", "small", tmp_path / "variables.json")
    wanted = {name: tuple(shape) for name, shape in json.loads((tmp_path / "variables.json").read_text())}
    arrays = hdf5_weights.read(file, wanted)
    assert len({array.tobytes() for array in arrays.values()}) > len(arrays) * 0.9
    renamed = tmp_path / "renamed.h5"
    copy_weights(file, renamed, lambda name: name.replace("squeeze_excite/", "se_"))
    again = hdf5_weights.read(renamed, wanted)
    assert {name: array.tobytes() for name, array in again.items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    worker.call("keras_variables", "small-075", tmp_path / "variables.json")
    other = {name: tuple(shape) for name, shape in json.loads((tmp_path / "variables.json").read_text())}
    with pytest.raises(ConversionError, match=r"the network's is \("):
        hdf5_weights.read(file, other)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "small"])
def test_the_other_networks_of_keras(name: str, network: Networks, cache: Cache) -> None:
    features = network(name)
    assert features.shape[1] == (1280 if name.startswith("large") else 1024)
    check_network(f"keras:{name}", features, cache)


@pytest.mark.long
@pytest.mark.parametrize("name", ["large", "small-minimalistic"])
def test_a_saved_model_of_another_network(
    name: str, cache: Cache, keras_weights: Callable[[str], Path], tmp_path: Path
) -> None:
    """As a user of Keras exports it: other names, and maps of 1 x 1 in place of vectors."""
    folder = keras_weights(name)
    tensorflow_scripts.worker().call("keras_saved_model", name, folder / "w.h5", tmp_path / "saved")
    source = obtain(str(tmp_path / "saved"), cache=cache, reporter=Silent())
    features = np.load(folder / "features.npy")
    assert check.relative_error(golden_features(through(source, cache)), features).max() < 1e-4
    through(source, cache, "float16")


# SavedModels by other names


@pytest.mark.parametrize(
    "name",
    [
        "other names",
        "serving among others",
        "serving unusable",
        "hub names",
        "1 x 1 maps",
        "any size",
        "single images",
        "Called",
        "TF1 hub module",
    ],
)
def test_the_usable_function_of_a_saved_model_is_found(name: str, small_models: Path, cache: Cache) -> None:
    source = obtain(str(small_models / name), cache=cache, reporter=Silent())
    converted = through(source, cache)
    features = np.load(small_models / "features.npy")
    assert check.relative_error(golden_features(converted), features).max() < 1e-5


def test_a_residual_sum_that_tensorflow_fuses_as_a_bias(
    small_models: Path, cache: Cache, tmp_path: Path
) -> None:
    tensorflow_scripts.worker().call("raw_conversion", small_models / "residual sums", tmp_path)
    raw = graph_model.read(tmp_path)
    planes = [node for node in raw.nodes if fused_ops(node) and node["input"][2] not in raw.weights]
    assert planes, "the trap is gone: TensorFlow fuses no plane as a bias any more"
    source = obtain(str(small_models / "residual sums"), cache=cache, reporter=Silent())
    for precision in get_args(Precision):
        assert all(row.passed for row in through(source, cache, precision).rows)


@pytest.mark.long
def test_a_whole_network_of_residual_sums(cache: Cache, tmp_path: Path) -> None:
    """EfficientNetV2B0 by Keras 3: sums of many, planes in the place of a bias, and [0, 255] as input."""
    tensorflow_scripts.run("efficient_net", tmp_path / "model", environment={"TF_USE_LEGACY_KERAS": "0"})
    source = obtain(str(tmp_path / "model"), cache=cache, reporter=Silent())
    with pytest.raises(ConversionError, match="--input-range 0-255"):
        through(source, cache)
    source = replace(source, input_range="0-255")
    assert through(source, cache).features == 1280
    through(source, cache, "float16")


# TensorFlow.js graphs


@pytest.mark.parametrize(
    "store",
    [
        as_float32,
        as_float16,
        lambda array: as_whole_numbers(array, "uint8"),
        lambda array: as_whole_numbers(array, "uint16"),
    ],
    ids=["float32", "float16", "uint8", "uint16"],
)
@pytest.mark.parametrize("batch", [-1, 1])
def test_a_graph_of_tensorflow_js(
    store: Callable[..., object], batch: int, cache: Cache, tmp_path: Path
) -> None:
    files = Files(store, batch=batch)
    source = obtain(str(files.write(tmp_path / "graph")), cache=cache, reporter=Silent())
    assert source.kind == "tfjs"
    converted = through(source, cache)
    assert converted.features == 4
    expected = files.features(golden.inputs()).astype(np.float32)  # by NumPy
    assert np.ptp(expected, axis=0).min() > 0.01
    assert check.relative_error(golden_features(converted), expected).max() < 1e-5


def test_a_graph_that_does_not_say_what_its_ends_are(cache: Cache, tmp_path: Path) -> None:
    """Converters before 1.7 wrote no signature, or wrote it elsewhere."""
    files = Files()
    signature = files.document.pop("signature")
    bare = through(obtain(str(files.write(tmp_path / "1")), cache=cache, reporter=Silent()), cache)
    files.document["userDefinedMetadata"] = {"signature": signature}
    told = through(obtain(str(files.write(tmp_path / "2")), cache=cache, reporter=Silent()), cache)
    np.testing.assert_array_equal(golden_features(bare), golden_features(told))
    for each in (bare, told):  # what is published says it whole, for those who read it next
        published = graph_model.read(each.folder)
        (image,), (features,) = (published.signature[side].values() for side in ("inputs", "outputs"))
        shapes = [[int(dim["size"]) for dim in end["tensorShape"]["dim"]] for end in (image, features)]
        assert shapes == [[-1, 224, 224, 3], [-1, 4]]
        assert {image["dtype"], features["dtype"]} == {"DT_FLOAT"}


def test_a_built_graph_can_be_the_source_of_another_build(
    converted: Callable[[str, Precision], Converted], cache: Cache, tmp_path: Path
) -> None:
    """What a site publishes is such a graph: taken again, it is the same function."""
    first = converted("embedded", "float16")
    for file in first.model_files():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    again = through(obtain(str(tmp_path), cache=cache, reporter=Silent()), cache)
    assert check.relative_error(golden_features(again), golden_features(first)).max() < 1e-4
