"""Storing weights in fewer bits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import portability as rules
from onthefly_studio.graph.precision import INT8_LEAST_SIZE, INT8_READ, quantize, store
from tests.support.graphs import convolution

RNG = np.random.default_rng(3)


def large() -> graph_model.GraphModel:
    """A graph whose kernel is large enough for 8 bits, its channels of very different sizes."""
    model = convolution(np.zeros(128))
    sizes = 10.0 ** RNG.uniform(-4, 1, 128)
    model.weights["kernel"] = (RNG.normal(size=(1, 1, 64, 128)) * sizes).astype(np.float32)
    model.weights["bias"] = np.zeros(128, np.float32)
    return model


def test_each_channel_keeps_its_own_scale(tmp_path: Path) -> None:
    model = large()
    stored = store(model, "int8")
    kernel, scale = stored.node(stored.node("conv")["input"][1])["input"]
    assert stored.weights[kernel].dtype == np.uint8
    assert stored.weights[scale].dtype == np.float32, "scales are never rounded"
    back = stored.dense(kernel) * stored.dense(scale)
    original = model.weights["kernel"]
    step = np.abs(original).max(axis=(0, 1, 2)) / 127
    assert (np.abs(back - original) <= 0.501 * step).all()
    rules.require_portable(stored)
    graph_model.write(stored, tmp_path)
    np.testing.assert_array_equal(graph_model.read(tmp_path).dense(kernel), stored.dense(kernel))


def test_depthwise_kernels_stay_in_float16() -> None:
    model = convolution(np.zeros(400), op="FusedDepthwiseConv2dNative")
    model.weights["kernel"] = RNG.normal(size=(5, 5, 400, 1)).astype(np.float32)
    stored = store(model, "int8")
    assert stored.weights["kernel"].dtype == np.float16
    assert stored.nodes == model.nodes


def test_zero_and_the_largest_are_exact() -> None:
    kernel = np.zeros((1, 1, 3, 2), np.float32)
    kernel[..., 1] = [[[-0.25, 0, 0.25]]]
    steps, scale = quantize(kernel)
    back = (steps * INT8_READ.scale + INT8_READ.min) * scale
    np.testing.assert_allclose(back, kernel, atol=1e-9)


def test_small_kernels_stay_in_float16_and_low_ranks_in_float32() -> None:
    model = convolution(np.array([1.0, 2, 3]))
    assert model.weights["kernel"].size < INT8_LEAST_SIZE
    stored = store(model, "int8")
    assert stored.weights["kernel"].dtype == np.float16
    assert stored.weights["bias"].dtype == np.float32
    assert stored.nodes == model.nodes


def test_a_kernel_that_two_nodes_read_is_stored_once() -> None:
    model = large()
    again = {**model.node("conv"), "name": "again"}
    model.nodes.insert(-1, again)
    stored = store(model, "int8")
    assert [node["op"] for node in stored.nodes].count("Mul") == 1
    assert stored.node("again")["input"][1] == stored.node("conv")["input"][1]


def test_the_manifest_is_one_that_any_tensorflowjs_reads(tmp_path: Path) -> None:
    graph_model.write(store(large(), "int8"), tmp_path)
    specs = json.loads((tmp_path / "model.json").read_text())["weightsManifest"][0]["weights"]
    (quantized,) = (spec for spec in specs if spec["name"] == "kernel")
    assert quantized["dtype"] == "float32"
    assert quantized["quantization"]["dtype"] == "uint8"
    assert quantized["quantization"]["scale"] == pytest.approx(1 / 127)


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(precision: str, value: float) -> None:
    model = large()
    model.weights["kernel"][0, 0, 0, 0] = value
    with pytest.raises(ConversionError, match="not finite"):
        store(model, precision)  # type: ignore[arg-type]
