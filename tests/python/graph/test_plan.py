"""The plan of the page's kernels: graphs that it is, graphs that it is not, and the proof between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from onthefly_studio.contract import Precision
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import plan_proof
from onthefly_studio.graph.convert import Converted
from onthefly_studio.graph.plan import NotRecognised
from onthefly_studio.graph.recognise import recognise
from onthefly_studio.reference import golden
from tests.support.graphs import HARD_SWISH, NUMBERS, fused, mean, network, node, text


@pytest.mark.parametrize(
    "nodes",
    [
        HARD_SWISH,
        (*HARD_SWISH[1:3], node("part", "Mul", "clamped", "c"), node("swish", "Mul", "conv", "part")),
    ],
    ids=["factor first", "factor last"],
)
def test_hard_swish_becomes_the_end_of_its_convolution(nodes: tuple[dict[str, Any], ...]) -> None:
    found = recognise(network(*nodes, mean("mean", "swish"), **NUMBERS))
    assert [step.op for step in found.steps] == ["convolution", "mean"]
    activation = found.steps[0].activation
    assert activation and activation.gated
    assert (activation.shift, activation.high) == (3, 6)
    assert activation.scale == pytest.approx(0.16667)


def test_a_picture_is_rescaled_on_its_way_into_the_convolution() -> None:
    model = network(mean("mean", "conv"), axes=np.array([1, 2]), two=2.0, one=1.0)
    model.nodes += [node("doubled", "Mul", "inputs", "two"), node("moved", "Sub", "doubled", "one")]
    model.node("conv")["input"][0] = "moved"
    (step, _) = recognise(model).steps
    assert (step.scale, step.offset) == (2, -1)
    # SAME of 8 by 3: a row and a column of zeros on each side, zeros after the rescaling.
    assert step.padding == (1, 1, 1, 1)


def test_a_product_by_a_factor_per_channel_is_a_step_of_its_own() -> None:
    gated = node("gated", "Mul", "conv", "mean")
    model = network(mean("mean", "conv"), gated, mean("end", "gated"), axes=np.array([1, 2]))
    assert [step.op for step in recognise(model).steps] == ["convolution", "mean", "scale", "mean"]


def test_pad_and_valid_are_a_padding_in_numbers() -> None:
    around = np.array([[0, 0], [0, 1], [2, 1], [0, 0]])
    model = network(
        node("padded", "Pad", "conv", "around"),
        node(
            "deep",
            "FusedDepthwiseConv2dNative",
            "padded",
            "deep_kernel",
            "bias",
            strides={"list": {"i": ["1", "2", "2", "1"]}},
            padding=text("VALID"),
            fused_ops=fused("BiasAdd", "Relu"),
        ),
        mean("mean", "deep"),
        around=around,
        deep_kernel=np.ones((3, 3, 4, 1)),
        axes=np.array([1, 2]),
    )
    step = recognise(model).steps[1]
    assert (step.op, step.padding, step.stride, step.shape) == ("depthwise", (0, 1, 2, 1), (2, 2), (4, 5, 4))


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ((node("soft", "Sigmoid", "conv"), mean("mean", "soft")), "no step does Sigmoid"),
        (
            (*HARD_SWISH, node("more", "AddV2", "swish", "conv"), mean("mean", "more")),
            "only exists in the graph",
        ),
        ((mean("mean", "conv"), node("more", "AddV2", "mean", "three")), "only exists in the graph"),
        ((node("same", "Identity", "conv"),), "not one vector"),
        ((mean("mean", "inputs"),), "reads the picture itself"),
        ((node("flat", "Reshape", "conv", "axes"),), "more than a vector"),
    ],
)
def test_what_no_step_expresses_is_named(nodes: tuple[dict[str, Any], ...], why: str) -> None:
    with pytest.raises(NotRecognised, match=why):
        recognise(network(*nodes, **NUMBERS))


def test_a_value_that_is_read_before_its_activation_is_not_taken_for_the_one_after() -> None:
    nodes = (mean("early", "conv"), *HARD_SWISH, node("both", "Mul", "swish", "early"), mean("end", "both"))
    with pytest.raises(NotRecognised, match=r"read elsewhere|only exists"):
        recognise(network(*nodes, **NUMBERS))


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_the_embedded_backbone_has_a_plan_that_gives_its_features(
    precision: Precision, converted: Callable[[str, Precision], Converted]
) -> None:
    made = converted("embedded", precision)
    assert made.no_plan is None
    assert made.plan and made.plan.is_file()
    model = graph_model.read(made.folder)
    features = np.fromfile(made.folder / "golden.bin", "<f4").reshape(-1, made.features)
    found = plan_proof.proven(model, golden.inputs(), features)
    assert {step.op for step in found.steps} == {"convolution", "depthwise", "pointwise", "mean", "scale"}
    assert not [step for step in found.steps if step.kernel and step.op == "scale"]


@pytest.mark.parametrize("name", ["keras-small", "keras-large", "075"])
def test_every_mobilenet_v3_has_a_plan(name: str, converted: Callable[[str, Precision], Converted]) -> None:
    assert converted(name, "float32").no_plan is None


def test_a_plan_that_is_another_function_is_refused(
    converted: Callable[[str, Precision], Converted],
) -> None:
    made = converted("embedded", "float32")
    model = graph_model.read(made.folder)
    features = np.fromfile(made.folder / "golden.bin", "<f4").reshape(-1, made.features)
    images = golden.inputs()[:1]
    plan_proof.proven(model, images, features[:1])
    with pytest.raises(NotRecognised, match="off by"):
        plan_proof.proven(model, images, features[:1] * np.float32(1.001))
    with pytest.raises(NotRecognised, match="features of shape"):
        plan_proof.proven(model, images, features[:1, :-1])
