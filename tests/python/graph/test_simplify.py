"""Simplified graphs have fewer operations and the same values, in TensorFlow and in TensorFlow.js."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onthefly_studio.contract import Precision
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import simplify
from onthefly_studio.graph.convert import Converted
from onthefly_studio.graph.model import GraphModel, fused_ops
from onthefly_studio.graph.recognise import recognise
from tests.support.graph_runs import (
    DEEP,
    KERNEL,
    MORE,
    ONE_BIAS,
    ONES,
    assert_same,
)
from tests.support.graphs import HARD_SWISH, NUMBERS, fused, mean, network, node, text

TWOS = {"list": {"i": ["1", "2", "2", "1"]}}


def pointwise(name: str, of: str, *ops: str, kernel: str = "k", bias: str = "b") -> dict[str, Any]:
    attributes = {"strides": ONES, "padding": text("SAME"), "data_format": text("NHWC")}
    attributes |= {"fused_ops": fused("BiasAdd", *ops), "num_args": ONE_BIAS}
    return node(name, "_FusedConv2D", of, kernel, bias, **attributes)


def depthwise(name: str, of: str, padding: str = "SAME") -> dict[str, Any]:
    attributes = {"strides": TWOS, "padding": text(padding), "data_format": text("NHWC")}
    attributes |= {"fused_ops": fused("BiasAdd"), "num_args": ONE_BIAS}
    return node(name, "FusedDepthwiseConv2dNative", of, "deep_k", "b", **attributes)


def operations(model: GraphModel) -> Counter[str]:
    return Counter(each["op"] for each in model.nodes if each["op"] != "Const")


def assert_left_alone(rewrite: Callable[[GraphModel], GraphModel], model: GraphModel) -> None:
    after = rewrite(model)
    assert after.nodes == model.nodes
    assert {name: values.tobytes() for name, values in after.weights.items()} == {
        name: values.tobytes() for name, values in model.weights.items()
    }


# --- factors --------------------------------------------------------------------------------------


def test_hard_swish_leaves_its_factor_to_the_next_kernel(tmp_path: Path) -> None:
    before = network(*HARD_SWISH, depthwise("deep", "swish"), **MORE)
    after = simplify.fold_factors(before)
    assert operations(after)["Mul"] == 1
    np.testing.assert_allclose(after.weights["deep_k"], DEEP * 0.16667, rtol=1e-6)
    assert "c" not in after.weights
    assert_same(before, after, tmp_path)


def test_a_factor_goes_through_means_products_and_zeros_to_every_kernel_it_reaches(tmp_path: Path) -> None:
    around = np.array([[0, 0], [1, 1], [1, 1], [0, 0]])
    before = network(
        *HARD_SWISH,
        mean("squeezed", "swish"),
        pointwise("gate", "squeezed", "Relu6"),
        node("weak", "Mul", "gate", "c"),
        node("excited", "Mul", "weak", "swish"),
        node("wide", "Pad", "excited", "around"),
        pointwise("projected", "wide", kernel="k2"),
        around=around,
        k2=KERNEL + 1,
        **MORE,
    )
    after = simplify.fold_factors(before)
    assert operations(after)["Mul"] == operations(before)["Mul"] - 2 == 2
    np.testing.assert_allclose(after.weights["k"], KERNEL * 0.16667, rtol=1e-6)
    np.testing.assert_allclose(after.weights["k2"], (KERNEL + 1) * 0.16667**2, rtol=1e-6)
    assert_same(before, after, tmp_path)


def test_a_pictures_factor_of_two_goes_past_its_offset_without_rounding(tmp_path: Path) -> None:
    before = network(mean("end", "conv"), two=2.0, one=1.0, axes=np.array([1, 2]))
    before.nodes += [node("doubled", "Mul", "inputs", "two"), node("moved", "Sub", "doubled", "one")]
    before.node("conv")["input"][0] = "moved"
    after = simplify.fold_factors(before)
    assert operations(after)["Mul"] == 0
    (number,) = (after.weights[name] for name in after.node("moved")["input"] if name in after.weights)
    assert number == 0.5
    np.testing.assert_array_equal(after.weights["kernel"], 2 * before.weights["kernel"])
    step = recognise(after).steps[0]
    assert (step.scale, step.offset) == (1, -0.5)
    assert_same(before, after, tmp_path)


def test_a_kernel_that_others_read_too_stays_as_it_is_for_them(tmp_path: Path) -> None:
    nodes = (*HARD_SWISH, pointwise("one", "swish"), pointwise("two", "conv"))
    before = network(*nodes, node("both", "AddV2", "one", "two"), **MORE)
    after = simplify.fold_factors(before)
    assert operations(after)["Mul"] == 1
    np.testing.assert_array_equal(after.weights["k"], before.weights["k"])
    assert after.node("one")["input"][1] != after.node("two")["input"][1] == "k"
    assert_same(before, after, tmp_path)


@pytest.mark.parametrize(
    "nodes",
    [
        HARD_SWISH,
        (*HARD_SWISH, pointwise("next", "swish"), node("sum", "AddV2", "swish", "next")),
        (*HARD_SWISH, node("square", "Mul", "swish", "swish"), pointwise("next", "square")),
        (*HARD_SWISH, node("more", "Sigmoid", "swish"), pointwise("next", "more")),
        (*HARD_SWISH, node("more", "AddV2", "swish", "three"), pointwise("next", "more")),
        (*HARD_SWISH, mean("mean", "swish"), node("own", "Mul", "mean", "swish"), pointwise("next", "own")),
    ],
    ids=["the output", "a residual sum", "its square", "a curve", "a sum that would round", "mean by itself"],
)
def test_a_factor_stays_where_something_else_reads_it(nodes: tuple[dict[str, Any], ...]) -> None:
    assert_left_alone(simplify.fold_factors, network(*nodes, **MORE))


@pytest.mark.parametrize("peak", [1e-3, 3e5])
def test_a_factor_that_half_precision_could_not_hold_in_the_weights_stays(peak: float) -> None:
    small = KERNEL / np.abs(KERNEL).max() * peak
    model = network(*HARD_SWISH, pointwise("next", "swish", kernel="small"), small=small, **MORE)
    model.weights["c"] = np.array(0.16667 if peak < 1 else 6, np.float32)
    assert_left_alone(simplify.fold_factors, model)
    held = network(*HARD_SWISH, pointwise("next", "swish"), **MORE)
    assert operations(simplify.fold_factors(held))["Mul"] == 1


def test_a_factor_for_each_channel_stays() -> None:
    model = network(node("each", "Mul", "conv", "b"), pointwise("next", "each"), **MORE)
    assert_left_alone(simplify.fold_factors, model)


# --- into a convolution ---------------------------------------------------------------------------


def test_a_hard_sigmoid_becomes_the_end_of_its_convolution(tmp_path: Path) -> None:
    nodes = (node("shifted", "AddV2", "conv", "three"), node("clamped", "Relu6", "shifted"))
    before = network(*nodes, mean("end", "clamped"), **NUMBERS)
    after = simplify.fuse_activations(simplify.fuse_sums(before))
    assert operations(after) == {"Placeholder": 1, "_FusedConv2D": 1, "Mean": 1, "Identity": 1}
    assert fused_ops(after.node("conv")) == ["BiasAdd", "Relu6"]
    np.testing.assert_array_equal(
        after.weights[after.node("conv")["input"][2]], before.weights["bias"] + np.float32(3)
    )
    assert_same(before, after, tmp_path)


def test_a_number_taken_off_counts_with_its_sign(tmp_path: Path) -> None:
    before = network(node("less", "Sub", "conv", "three"), mean("end", "less"), **NUMBERS)
    after = simplify.fuse_sums(before)
    assert operations(after)["Sub"] == 0
    assert_same(before, after, tmp_path)


@pytest.mark.parametrize(
    "nodes",
    [
        HARD_SWISH,
        (node("from", "Sub", "three", "conv"),),
        (node("each", "AddV2", "conv", "b"),),
        (pointwise("first", "conv", "Relu"), node("more", "AddV2", "first", "three")),
        (node("same", "Relu6", "conv"), node("more", "AddV2", "same", "conv")),
        (depthwise("deep", "conv"), node("curve", "Sigmoid", "deep")),
    ],
    ids=["read twice", "taken from", "one for each", "after its relu", "relu of what is read", "a curve"],
)
def test_a_convolution_keeps_its_end_where_that_is_another(nodes: tuple[dict[str, Any], ...]) -> None:
    model = simplify._needed(network(*nodes, **MORE))
    assert_left_alone(simplify.fuse_sums, model)
    assert_left_alone(simplify.fuse_activations, model)


# --- zeros ----------------------------------------------------------------------------------------

AS_SAME = np.array([[0, 0], [0, 1], [0, 1], [0, 0]])
"""Of 8 by a window of 3 in steps of 2."""


def test_zeros_that_are_those_of_same_are_left_to_the_convolution(tmp_path: Path) -> None:
    before = network(
        node("wide", "Pad", "conv", "around"), depthwise("deep", "wide", "VALID"), around=AS_SAME, **MORE
    )
    after = simplify.absorb_pads(before)
    assert operations(after)["Pad"] == 0
    assert "around" not in after.weights
    assert_same(before, after, tmp_path)


@pytest.mark.parametrize(
    ("around", "padding"),
    [(AS_SAME[:, ::-1], "VALID"), (AS_SAME * 2, "VALID"), (AS_SAME, "SAME")],
    ids=["before", "more", "besides"],
)
def test_other_zeros_stay(around: NDArray[Any], padding: str) -> None:
    pad = node("wide", "Pad", "conv", "around")
    model = simplify._needed(network(pad, depthwise("deep", "wide", padding), around=around, **MORE))
    assert_left_alone(simplify.absorb_pads, model)


def test_zeros_around_a_plane_of_unknown_size_stay() -> None:
    nodes = (node("half", "MaxPool", "conv"), node("wide", "Pad", "half", "around"))
    model = network(*nodes, depthwise("deep", "wide", "VALID"), around=AS_SAME, **MORE)
    assert_left_alone(simplify.absorb_pads, simplify._needed(model))


# --- nodes that do nothing ------------------------------------------------------------------------


def test_identities_go_and_the_outputs_name_stays(tmp_path: Path) -> None:
    before = network(node("same", "Identity", "conv"), mean("end", "same"), **NUMBERS)
    after = simplify.drop_identities(before)
    assert after.output_name == before.output_name == "Identity"
    assert [each["name"] for each in after.nodes if each["op"] == "Identity"] == ["Identity"]
    assert_same(before, after, tmp_path)


def test_a_constant_is_kept_once_in_each_shape_and_type(tmp_path: Path) -> None:
    nodes = (node("a", "AddV2", "conv", "three"), node("b1", "AddV2", "a", "three_again"), mean("end", "b1"))
    before = network(*nodes, three_again=3.0, row=np.array([3.0]), **NUMBERS)
    after = simplify.merge_constants(before)
    assert sum(values.size == 1 and values == 3 for values in after.weights.values()) == 1
    np.testing.assert_array_equal(after.weights["axes"], [1, 2])
    assert_same(before, after, tmp_path)


def test_zero_and_its_negative_are_two_constants() -> None:
    nodes = (node("a", "AddV2", "conv", "plus"), node("end", "AddV2", "a", "minus"))
    model = network(*nodes, plus=0.0, minus=-0.0)
    assert {"plus", "minus"} <= set(simplify.merge_constants(model).weights)


# --- whole networks -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "excited", "kept"),
    [("embedded", 9, 1), ("keras-small", 9, 1), ("keras-large", 8, 2), ("075", 9, 1), ("100", 9, 1)],
)
def test_what_a_mobilenet_v3_is_left_with(
    name: str, excited: int, kept: int, converted: Callable[[str, Precision], Converted]
) -> None:
    """Nothing of hard-sigmoid but the product it gates, and of hard-swish a sum, a relu6 and a product."""
    left = operations(graph_model.read(converted(name, "float32").folder))
    assert left["Pad"] == 0
    assert left["Mean"] == excited + 1
    # The output's factor has no weights to go to, nor that of Large's first, which a residual sum reads.
    assert left["Mul"] == left["Relu6"] + excited + kept
