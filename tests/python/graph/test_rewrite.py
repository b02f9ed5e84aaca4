"""Rewrites keep the function and change the form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import portability as rules
from onthefly_studio.graph.model import fused_ops
from onthefly_studio.graph.rewrite import drop_unread_attributes, rewrite, widen_scalar_biases
from tests.support.graph_runs import BIAS, DEEP, KERNEL, MORE, ONES, assert_same, by_tensorflow
from tests.support.graphs import convolution, fused, network, node, text


@pytest.mark.parametrize(("op", "channels"), [("_FusedConv2D", 3), ("FusedDepthwiseConv2dNative", 2)])
def test_a_scalar_bias_is_widened_to_its_channels(op: str, channels: int) -> None:
    model = convolution(np.array(3.0), op=op)
    assert rules.violations(model, rules.BACKENDS["wasm"])
    wide = widen_scalar_biases(model)
    bias = wide.weights[wide.node("conv")["input"][2]]
    np.testing.assert_array_equal(bias, np.full(channels, 3, np.float32))
    assert "bias" not in wide.weights, "the scalar is no longer read and must not ship"
    rules.require_portable(wide)


def test_a_scalar_that_others_read_stays() -> None:
    model = convolution(np.array(3.0))
    model.nodes.insert(-1, {"name": "sum", "op": "AddV2", "input": ["conv", "bias"], "attr": {}})
    wide = widen_scalar_biases(model)
    assert wide.weights["bias"].shape == ()
    assert wide.node("conv")["input"][2] == "conv/bias"


def test_a_missing_bias_becomes_zeros() -> None:
    model = convolution(np.zeros(2), op="FusedDepthwiseConv2dNative", ops=("NoOp", "Relu"))
    conv = model.node("conv")
    conv["input"].pop()
    conv["attr"]["num_args"] = {"i": "0"}
    named = rewrite(model)
    node = named.node("conv")
    assert fused_ops(node) == ["BiasAdd", "Relu"]
    assert node["attr"]["num_args"] == {"i": "1"}
    np.testing.assert_array_equal(named.weights[node["input"][2]], np.zeros(2, np.float32))
    rules.require_portable(named)


def test_a_bias_per_channel_is_left_alone() -> None:
    model = convolution(np.array([1.0, 2, 3]))
    assert widen_scalar_biases(model).nodes == model.nodes


def test_only_what_no_backend_reads_is_dropped() -> None:
    node = drop_unread_attributes(convolution(np.zeros(3))).node("conv")
    assert "device" not in node
    assert set(node["attr"]) == {"T", "strides", "padding", "data_format", "fused_ops", "num_args"}


@pytest.mark.parametrize("backend", rules.BACKENDS)
def test_fused_hard_swish_is_refused_on_every_backend(backend: str) -> None:
    model = convolution(np.zeros(3), ops=("BiasAdd", "_FusedHardSwish"))
    assert any("_FusedHardSwish" in line for line in rules.violations(model, rules.BACKENDS[backend]))
    with pytest.raises(ConversionError, match="_FusedHardSwish"):
        rules.require_portable(rewrite(model))


def test_an_unknown_operation_is_named() -> None:
    model = convolution(np.zeros(3))
    model.nodes[-1]["op"] = "Bucketize"
    with pytest.raises(ConversionError, match="Identity: operation Bucketize"):
        rules.require_portable(model)


def test_a_rank_0_bias_is_refused_where_it_goes_wrong() -> None:
    model = convolution(np.array(3.0))
    refused = {name for name, backend in rules.BACKENDS.items() if rules.violations(model, backend)}
    assert refused == {"wasm", "webgpu"}
    assert fused("BiasAdd") == model.node("conv")["attr"]["fused_ops"]


# Fused nodes, by NumPy, TensorFlow and TensorFlow.js

Plane = NDArray[Any]


def following(op: str, kernel: str, *ops: str, given: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A fused node of stride 1 after the first convolution, with the inputs of its `fused_ops`."""
    attributes = {"strides": ONES, "padding": text("SAME"), "data_format": text("NHWC"), **more}
    attributes |= {"fused_ops": fused(*ops), "num_args": {"i": str(len(given))}}
    return node("end", op, "conv", kernel, *given, **attributes)


def pointwise(*ops: str, given: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return following("_FusedConv2D", "k", *ops, given=given, **more)


def sigmoid(x: Plane) -> Plane:
    return 1 / (1 + np.exp(-x))


MORE_PLANE = np.random.default_rng(4).normal(size=(1, 8, 8, 4))
SLOPES = np.array([0.1, 0.5, -0.2, 0.3])
FUSED: dict[str, tuple[dict[str, Any], Callable[[Plane], Plane]]] = {
    "a residual sum": (
        pointwise("BiasAdd", "Add", given=("b", "conv")),
        lambda x: x @ KERNEL[0, 0] + BIAS + x,
    ),
    "a residual sum with an activation": (
        pointwise("BiasAdd", "Add", "Relu", given=("b", "conv")),
        lambda x: np.maximum(x @ KERNEL[0, 0] + BIAS + x, 0),
    ),
    "an activation before the sum": (
        pointwise("BiasAdd", "Relu6", "AddV2", given=("b", "conv")),
        lambda x: np.clip(x @ KERNEL[0, 0] + BIAS, 0, 6) + x,
    ),
    "the other branch as the bias": (pointwise("BiasAdd", given=("conv",)), lambda x: x @ KERNEL[0, 0] + x),
    "the other branch as the bias of an activation": (
        pointwise("BiasAdd", "Relu", given=("conv",)),
        lambda x: np.maximum(x @ KERNEL[0, 0] + x, 0),
    ),
    "a bias for each pixel": (
        pointwise("BiasAdd", given=("plane",)),
        lambda x: x @ KERNEL[0, 0] + MORE_PLANE,
    ),
    "an activation without a bias": (pointwise("Relu6"), lambda x: np.clip(x @ KERNEL[0, 0], 0, 6)),
    "a sigmoid": (
        pointwise("BiasAdd", "Sigmoid", given=("b",)),
        lambda x: sigmoid(x @ KERNEL[0, 0] + BIAS),
    ),
    "a leaky relu with its slope": (
        pointwise("BiasAdd", "LeakyRelu", given=("b",), leakyrelu_alpha={"f": 0.3}),
        lambda x: (y := x @ KERNEL[0, 0] + BIAS) * np.where(y < 0, 0.3, 1),
    ),
    "slopes of each channel": (
        pointwise("BiasAdd", "Prelu", given=("b", "slopes")),
        lambda x: (y := x @ KERNEL[0, 0] + BIAS) * np.where(y < 0, SLOPES, 1),
    ),
    "a depthwise residual": (
        following("FusedDepthwiseConv2dNative", "deep", "BiasAdd", "Add", given=("b", "conv")),
        lambda x: depthwise(x) + BIAS + x,
    ),
    "inputs that only wait": (
        {**pointwise("BiasAdd", given=("b",)), "input": ["conv", "k", "b", "^conv"]},
        lambda x: x @ KERNEL[0, 0] + BIAS,
    ),
    "a sum of three": (
        node("end", "AddN", "conv", "conv", "conv", N={"i": "3"}),
        lambda x: x + x + x,
    ),
    "a sum of one": (node("end", "AddN", "conv", N={"i": "1"}), lambda x: x),
}


def depthwise(x: Plane) -> Plane:
    wide = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    parts = [wide[:, r : r + 8, c : c + 8] * DEEP[r, c, :, 0] for r in range(3) for c in range(3)]
    return np.sum(parts, axis=0)


@pytest.mark.parametrize("name", FUSED)
def test_whatever_is_fused_is_computed_everywhere(name: str, tmp_path: Path) -> None:
    end, formula = FUSED[name]
    constants = {**MORE, "deep": DEEP, "slopes": SLOPES, "plane": MORE_PLANE}
    model = network(end, **constants)
    plane = by_tensorflow(network(node("same", "Identity", "conv"), **MORE), tmp_path / "plane")
    wanted = formula(plane.astype(np.float64))
    after = rewrite(model)
    assert_same(model, after, tmp_path)
    found = by_tensorflow(after, tmp_path / "again")
    assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()
    assert np.abs(wanted - plane).max() > 0.01 or name == "a sum of one"


def test_a_fused_operation_too_many_is_not_passed_over() -> None:
    model = convolution(np.zeros(3), ops=("BiasAdd", "Relu", "Relu6"))
    assert any(
        "more than a bias and an activation" in each for each in rules.violations(model, rules.BackendRules())
    )
    rules.require_portable(rewrite(model))
    alone = convolution(np.zeros(3), ops=("Relu",))
    assert rules.violations(alone, rules.BackendRules())
