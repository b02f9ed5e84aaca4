"""The limits of real networks: what rounding does stays well within them, and what is wrong far beyond."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import check, convert
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.convert import Converted
from onthefly_studio.graph.input_range import read_unit_range
from onthefly_studio.graph.model import Array, GraphModel
from onthefly_studio.graph.precision import CONVOLUTIONS
from onthefly_studio.reference import golden
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, obtain
from tests.support import tensorflow_scripts

Converter = Callable[[str, Precision], Converted]


@pytest.mark.parametrize("precision", get_args(Precision))
@pytest.mark.parametrize("name", ["embedded", "100", "075"])
def test_rounding_takes_up_half_of_a_limit_at_most(
    name: str, precision: Precision, converted: Converter
) -> None:
    for row in converted(name, precision).rows:
        print(f"\n{name} {precision} {row.image}: {row.error:.2e} of {row.limit:g}, cosine {row.cosine}")
        assert row.error <= row.limit / 2
        if row.cosine is not None and row.least_cosine is not None:
            assert 1 - row.cosine <= (1 - row.least_cosine) / 2


# What has to be caught


def kernels(model: GraphModel) -> list[str]:
    return [node["input"][1] for node in model.nodes if node["op"] in CONVOLUTIONS]


def with_kernels(model: GraphModel, change: Callable[[Array], Array], *names: str) -> GraphModel:
    changed = {name: change(model.weights[name]).astype(np.float32) for name in names}
    return replace(model, weights={**model.weights, **changed})


def one_scale(kernel: Array) -> Array:
    """8 bits with one scale for a whole tensor, as tensorflowjs stores it."""
    least, step = kernel.min(), (kernel.max() - kernel.min()) / 255
    return np.rint((kernel - least) / step) * step + least


def largest(model: GraphModel) -> str:
    return max(kernels(model), key=lambda name: model.weights[name].size)


HARMS: dict[str, Callable[[GraphModel], GraphModel]] = {
    "8 bits with one scale for a tensor": lambda m: with_kernels(m, one_scale, *kernels(m)),
    "each channel taken for the next": lambda m: with_kernels(m, lambda k: np.roll(k, 1, -1), largest(m)),
    "red taken for blue": lambda m: with_kernels(m, lambda k: k[:, :, ::-1], kernels(m)[0]),
    "pictures in [-1, 1]": lambda m: read_unit_range(m, "-1-1"),
    "a kernel of zeros": lambda m: with_kernels(m, np.zeros_like, largest(m)),
}


@pytest.mark.parametrize("name", ["embedded", "100"])
@pytest.mark.parametrize("harm", HARMS)
def test_what_is_wrong_is_caught_in_every_precision(
    harm: str, name: str, converted: Converter, tmp_path: Path
) -> None:
    folder = converted(name, "float32").folder
    reference = np.fromfile(folder / "golden.bin", "<f4").reshape(len(golden.GOLDEN), -1)
    graph_model.write(HARMS[harm](graph_model.read(folder)), tmp_path)
    np.save(tmp_path / "images.npy", golden.inputs())
    tensorflow_scripts.worker().call(
        "graph_features", tmp_path, tmp_path / "images.npy", tmp_path / "features.npy"
    )
    features = np.load(tmp_path / "features.npy")
    for precision in get_args(Precision):
        rows = check.compare(features, reference, golden.GOLDEN, precision)
        with pytest.raises(ConversionError, match="does not match the original"):
            check.require_within(rows, precision)


# Graphs that come in half precision


@pytest.mark.parametrize("name", ["embedded", "075"])
def test_a_graph_stored_in_float16_is_not_rounded_twice(
    name: str, source: Callable[[str], Source], cache: Cache, tmp_path: Path, one_tensorflow: None
) -> None:
    """What `tensorflowjs_converter --quantize_float16` writes is taken in the default precision as it is."""
    given = source(name).saved_model or tmp_path / "saved"
    if name == "embedded":
        tensorflow_scripts.worker().call("embedded_model", given)
    tensorflow_scripts.worker().call("quantized_conversion", given, tmp_path / "graph", "float16")
    half = obtain(str(tmp_path / "graph"), cache=cache, reporter=Silent())
    made = convert.convert(half, "float16", cache=cache, reporter=Silent())
    assert max(row.error for row in made.rows) < check.LIMITS["float32"].photo
    assert made.no_plan is None
    for row in convert.convert(half, "int8", cache=cache, reporter=Silent()).rows:
        assert row.error <= row.limit / 2
