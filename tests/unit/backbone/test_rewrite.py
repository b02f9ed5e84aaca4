"""Rewrites keep the function and change the form."""

from __future__ import annotations

import numpy as np
import pytest

from builder.backbone import rules
from builder.backbone.graph_model import fused_ops
from builder.backbone.rewrite import drop_unread_attributes, rewrite, widen_scalar_biases
from builder.errors import ConversionError
from tests.unit.backbone.graphs import convolution, fused


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
