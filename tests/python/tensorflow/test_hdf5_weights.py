"""Keras' files of weights, read without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from onthefly_studio.errors import ConversionError
from onthefly_studio.tensorflow import hdf5_weights

WANTED = {"Conv:kernel": (1, 1, 2, 3), "Conv/BatchNorm:gamma": (3,), "Conv/BatchNorm:beta": (3,)}


def write_hdf5(path: Path) -> None:
    """As Keras writes a network of two layers and a classifier; a layer's name may lie in another's."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"input_1", b"Conv", b"Conv/BatchNorm", b"Logits"]
        file.require_group("input_1").attrs["weight_names"] = np.zeros(0)
        for layer, names in (
            ("Conv", ["kernel"]),
            ("Conv/BatchNorm", ["gamma", "beta"]),
            ("Logits", ["kernel"]),
        ):
            group = file.require_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in names]
            for number, name in enumerate(names):
                shape = WANTED.get(f"{layer}:{name}", (5, 7))
                group[f"{layer}/{name}:0"] = np.full(shape, number, np.float32)


def test_arrays_are_found_by_layer_and_variable(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "w.h5")
    arrays = hdf5_weights.read(tmp_path / "w.h5", WANTED)
    assert {name: array.shape for name, array in arrays.items()} == WANTED
    assert arrays["Conv/BatchNorm:gamma"].tolist() == [0, 0, 0]
    assert arrays["Conv/BatchNorm:beta"].tolist() == [1, 1, 1]


def external(file: h5py.File) -> None:
    """An array whose values lie in another file of the machine."""
    group = file["Conv"]
    del group["Conv/kernel:0"]
    group.create_dataset("Conv/kernel:0", (1, 1, 2, 3), "f4", external="/etc/passwd")


def linked(file: h5py.File) -> None:
    del file["Conv/Conv/kernel:0"]
    file["Conv/Conv/kernel:0"] = h5py.ExternalLink("/tmp/other.h5", "/x")


def reshaped(file: h5py.File) -> None:
    del file["Conv/Conv/kernel:0"]
    file["Conv/Conv/kernel:0"] = np.zeros((1, 1, 2, 4), np.float32)


def typed(file: h5py.File) -> None:
    del file["Conv/Conv/kernel:0"]
    file["Conv/Conv/kernel:0"] = np.zeros((1, 1, 2, 3), np.int32)


def without_gamma(file: h5py.File) -> None:
    file["Conv/BatchNorm"].attrs["weight_names"] = [b"Conv/BatchNorm/beta:0"]


def without_names(file: h5py.File) -> None:
    del file.attrs["layer_names"]


def without_layer(file: h5py.File) -> None:
    file.attrs["layer_names"] = [b"Conv", b"Logits"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (external, "not an array in this file"),
        (linked, "a link to somewhere else"),
        (reshaped, r"'Conv' has a kernel of shape \(1, 1, 2, 4\) .* the network's is \(1, 1, 2, 3\)"),
        (typed, "type int32"),
        (without_gamma, "'Conv/BatchNorm' has no variable 'gamma'"),
        (without_names, "cannot be read as Keras' weights"),
        (without_layer, "lack the layer 'Conv/BatchNorm'"),
    ],
)
def test_other_files_are_refused(harm: Callable[[h5py.File], None], words: str, tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    write_hdf5(path)
    with h5py.File(path, "r+") as file:
        harm(file)
    with pytest.raises(ConversionError, match=words) as caught:
        hdf5_weights.read(path, WANTED)
    assert (caught.value.exit_code, caught.value.where) == (4, str(path))
    assert caught.value.mend


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"x" * 100)
    with pytest.raises(ConversionError, match="cannot be read as Keras' weights"):
        hdf5_weights.read(path, WANTED)
