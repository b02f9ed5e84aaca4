"""Weights that Keras has saved as HDF5 (`model.save_weights("x.h5")`), read as plain arrays.

Only datasets are read, each after its shape is known to be the wanted one. Keras' own loading, which
can rebuild layers and run what they hold, has no part in it. Needs h5py, which TensorFlow brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph.model import Array
from onthefly_studio.text import first_line

Shapes = Mapping[str, tuple[int, ...]]


def read(path: Path, wanted: Shapes) -> dict[str, Array]:
    """The arrays of a network's variables.

    Layers are found by name. A file in which some have other names, but which has as many layers as the
    network with its classifier, is read in the network's order, as Keras itself reads it: Keras has
    renamed layers between versions and kept the files. Layers that are not wanted are left alone.

    Args:
        path: the file.
        wanted: shapes by `<layer>:<variable>`, such as `Conv_2:kernel`, in the network's order.

    Returns:
        float32 arrays by the same names.

    Raises:
        ConversionError: the file is no HDF5 file of Keras, or lacks a layer, a variable or a shape.
    """
    import h5py  # type: ignore[import-untyped]

    try:
        with h5py.File(path, "r") as file:
            return _Reader(file, path).read(wanted)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise _refusal(path, f"The file cannot be read as Keras' weights ({first_line(error)}).") from error


class _Reader:
    def __init__(self, file: Any, path: Path) -> None:
        self._file, self._path = file, path

    def read(self, wanted: Shapes) -> dict[str, Array]:
        layers: dict[str, dict[str, tuple[int, ...]]] = {}
        for name, shape in wanted.items():
            layer, _, variable = name.rpartition(":")
            layers.setdefault(layer, {})[variable] = shape
        arrays = {}
        for layer, stored in self._find(list(layers)).items():
            datasets = self._datasets(stored)
            for variable, shape in layers[layer].items():
                if variable not in datasets:
                    raise self._refusal(f"The layer {stored!r} has no variable {variable!r}.")
                arrays[f"{layer}:{variable}"] = self._array(stored, variable, datasets[variable], shape)
        return arrays

    def _find(self, layers: list[str]) -> dict[str, str]:
        """For each layer of the network the name it has in the file."""
        stored = [name for name in self._names(self._file, "layer_names") if self._weight_names(name)]
        missing = [layer for layer in layers if layer not in stored]
        if not missing:
            return {layer: layer for layer in layers}
        if len(stored) == len(layers) + 1:  # and the classifier, which the network here ends before
            return dict(zip(layers, stored, strict=False))
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise self._refusal(
            f"The weights lack the layer{'s' * (len(missing) > 1)} "
            f"{', '.join(repr(layer) for layer in missing[:3])}{more}."
        )

    def _datasets(self, layer: str) -> dict[str, str]:
        """Paths of a layer's datasets by the variable's plain name: `Conv_2/kernel:0` is `kernel`."""
        return {
            name.rpartition("/")[2].partition(":")[0]: f"{layer}/{name}" for name in self._weight_names(layer)
        }

    def _weight_names(self, layer: str) -> list[str]:
        return self._names(self._at(layer), "weight_names")

    def _names(self, group: Any, attribute: str) -> list[str]:
        names = group.attrs[attribute]
        return [name.decode() if isinstance(name, bytes) else str(name) for name in names]

    def _at(self, path: str) -> Any:
        """What stands at a path, if no step of the way leads out of the file."""
        import h5py

        here = self._file
        for part in path.split("/"):
            if not isinstance(here.get(part, getlink=True), h5py.HardLink):
                raise self._refusal(f"{path!r} is missing, or a link to somewhere else.")
            here = here[part]
        return here

    def _array(self, layer: str, variable: str, path: str, shape: tuple[int, ...]) -> Array:
        import h5py

        dataset = self._at(path)
        if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
            raise self._refusal(f"{path!r} is not an array in this file.")
        if dataset.shape != shape or dataset.dtype.kind != "f":
            raise self._refusal(
                f"The layer {layer!r} has a {variable} of shape {dataset.shape} and type {dataset.dtype}; "
                f"the network's is {shape}, of floats."
            )
        return np.asarray(dataset[()], np.float32)

    def _refusal(self, what: str) -> ConversionError:
        return _refusal(self._path, what)


def _refusal(path: Path, what: str) -> ConversionError:
    return ConversionError(
        what,
        where=str(path),
        hint="Give exactly this network's weights, with top layers, as Keras Applications publishes them.",
    )
