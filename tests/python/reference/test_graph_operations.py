"""The NumPy reference's operations on small cases that are computed by hand, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from onthefly_studio.errors import ConfigError
from onthefly_studio.graph.model import Array, GraphModel
from onthefly_studio.graph.portability import PORTABLE_FUSED_OPS, PORTABLE_OPS, REWRITTEN_OPS
from onthefly_studio.reference.graph import Network, features
from onthefly_studio.reference.node import NotComputed
from onthefly_studio.reference.operations import FUSED, OPERATIONS
from tests.python.reference.graphs import computed, graph, node, one


def plane(*rows: list[float]) -> Array:
    """A picture of one channel, `[1, h, w, 1]`."""
    return np.asarray(rows, np.float32)[None, :, :, None]


# --- the table ------------------------------------------------------------------------------------


def test_every_operation_that_may_be_in_a_graph_is_computed() -> None:
    assert set(OPERATIONS) == (PORTABLE_OPS | REWRITTEN_OPS) - {"Const", "Placeholder"}
    assert set(FUSED) >= PORTABLE_FUSED_OPS


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (one("Cos", constants={}), ("Cos", "'y'")),
        (
            one("AvgPool", constants={}, ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1], padding="ODD"),
            ("AvgPool", "padding ODD", "'y'"),
        ),
        (
            one("MaxPool", constants={}, ksize=[1, 1, 1, 3], strides=[1, 1, 1, 1], padding="SAME"),
            ("MaxPool", "[1, 1, 1, 3]", "'y'"),
        ),
        (
            one(
                "Conv2D",
                constants={"k": np.ones((1, 1, 3, 2))},
                strides=[1, 1, 1, 1],
                padding="SAME",
                data_format="NCHW",
            ),
            ("Conv2D", "NCHW", "'y'"),
        ),
        (
            one("Conv2D", constants={"k": np.ones((1, 1, 1, 3))}, strides=[1, 1, 1, 1], padding="SAME"),
            ("Conv2D", "1 of 3 channels", "'y'"),
        ),
        (
            one(
                "_FusedConv2D",
                constants={"k": np.ones((1, 1, 3, 2))},
                strides=[1, 1, 1, 1],
                padding="SAME",
                fused_ops=["HardSwish"],
                num_args=0,
            ),
            ("_FusedConv2D", "HardSwish", "'y'"),
        ),
        (
            one("Pad", constants={"around": [[0, 0], [9**9, 0], [0, 0], [0, 0]]}, Tpaddings=int),
            ("Pad", "shape", "'y'"),
        ),
        (graph(node("two", "Relu", "x"), node("y", "Relu", "two:1")), ("Relu", "two:1", "'y'")),
    ],
)
def test_what_is_unknown_is_named_with_its_node_and_what_knows_it(
    model: GraphModel, told: tuple[str, ...]
) -> None:
    with pytest.raises(NotComputed) as caught:
        features(model, np.zeros((1, 4, 4, 3), np.float32))
    error = caught.value
    assert isinstance(error, ConfigError) and error.exit_code == 2
    assert all(each in error.message for each in told), error.message
    assert "convert" in str(error.hint)


# --- by hand --------------------------------------------------------------------------------------


def test_the_odd_zero_of_same_comes_after() -> None:
    """4 places, windows of 3 two apart: one zero is missing, and it is the last."""
    model = one("Conv2D", constants={"k": np.ones((1, 3, 1, 1))}, strides=[1, 1, 2, 1], padding="SAME")
    assert computed(model, plane([1, 2, 3, 4])).ravel().tolist() == [6, 7]


def test_zeros_are_where_explicit_paddings_say() -> None:
    model = one(
        "Conv2D",
        constants={"k": np.ones((1, 2, 1, 1))},
        strides=[1, 1, 1, 1],
        padding="EXPLICIT",
        explicit_paddings=[0, 0, 0, 0, 2, 1, 0, 0],
    )
    assert computed(model, plane([1, 2])).ravel().tolist() == [0, 1, 3, 2]


def test_a_convolution_is_not_turned_around() -> None:
    """A kernel of a, b at x, y is a x + b y; and each output has its own numbers."""
    kernel = np.array([[1, 10], [2, 20]]).reshape(1, 2, 1, 2)
    model = one("Conv2D", constants={"k": kernel}, strides=[1, 1, 1, 1], padding="VALID")
    assert computed(model, plane([3, 5])).ravel().tolist() == [13, 130]


def test_a_dilated_window_leaves_places_out() -> None:
    model = one(
        "Conv2D",
        constants={"k": np.array([1, 10, 100]).reshape(1, 3, 1, 1)},
        strides=[1, 1, 1, 1],
        padding="VALID",
        dilations=[1, 1, 2, 1],
    )
    assert computed(model, plane([1, 2, 3, 4, 5, 6])).ravel().tolist() == [531, 642]


def test_a_depthwise_convolution_makes_several_of_each_channel() -> None:
    kernel = np.array([[1, 10], [100, 1000]]).reshape(1, 1, 2, 2)
    model = one("DepthwiseConv2dNative", constants={"k": kernel}, strides=[1, 1, 1, 1], padding="SAME")
    assert computed(model, np.array([[[[2, 3]]]])).ravel().tolist() == [2, 20, 300, 3000]


def test_what_is_around_a_plane_does_not_count_in_pools() -> None:
    around: dict[str, Any] = {"ksize": [1, 1, 3, 1], "strides": [1, 1, 1, 1], "padding": "SAME"}
    negative = plane([-3, -5, -10])
    assert computed(one("AvgPool", constants={}, **around), negative).ravel().tolist() == [-4, -6, -7.5]
    assert computed(one("MaxPool", constants={}, **around), negative).ravel().tolist() == [-3, -3, -5]


def test_activations() -> None:
    x = np.array([[-200, -1, 0, 2, 7]])
    found = {op: computed(one(op, constants={}), x)[0].tolist() for op in ("Relu", "Relu6", "Elu", "Sigmoid")}
    assert found["Relu"] == [0, 0, 0, 2, 7]
    assert found["Relu6"] == [0, 0, 0, 2, 6]
    assert found["Elu"] == pytest.approx([-1, np.expm1(-1), 0, 2, 7])
    assert found["Sigmoid"] == pytest.approx([0, 0.268941, 0.5, 0.880797, 0.999089], abs=1e-6)
    assert computed(one("LeakyRelu", constants={}), x)[0].tolist() == pytest.approx([-40, -0.2, 0, 2, 7])
    sloped = one("Prelu", constants={"slope": [1.0, 2.0, 3.0, 4.0, 5.0]})
    assert computed(sloped, x)[0].tolist() == [-200, -2, 0, 2, 7]


def test_softmax_of_large_numbers() -> None:
    assert computed(one("Softmax", constants={}), [[1000, 1000, -1000]])[0].tolist() == [0.5, 0.5, 0]


def test_what_is_fused_follows_in_order_each_with_its_own_input() -> None:
    constants = {"k": np.eye(2), "bias": [1.0, -9.0], "more": [[10.0, 20.0]]}
    model = one("_FusedMatMul", constants=constants, fused_ops=["BiasAdd", "Relu", "Add"], num_args=2)
    assert computed(model, [[2, 3]]).tolist() == [[13, 20]]


def test_a_plane_may_stand_in_the_place_of_a_bias() -> None:
    model = graph(
        node(
            "y",
            "_FusedConv2D",
            "x",
            "k",
            "x",
            strides=[1] * 4,
            padding="SAME",
            fused_ops=["BiasAdd"],
            num_args=1,
        ),
        k=np.ones((1, 1, 1, 1)),
    )
    assert computed(model, plane([1, 2])).ravel().tolist() == [2, 4]


def test_a_shape_is_computed_with() -> None:
    """As Keras flattens: the batch's size out of the shape, packed with -1."""
    model = graph(
        node("shape", "Shape", "x", out_type=int),
        node("size", "StridedSlice", "shape", "zero", "one", "one", T=int, Index=int, shrink_axis_mask=1),
        node("target", "Pack", "size", "rest", T=int, N=2, axis=0),
        node("y", "Reshape", "x", "target", Tshape=int),
        zero=[0],
        one=[1],
        rest=-1,
    )
    assert computed(model, np.zeros((3, 2, 2, 1))).shape == (3, 4)


# --- how a graph is run ---------------------------------------------------------------------------


def test_images_are_computed_one_at_a_time() -> None:
    """A graph may be made for single images."""
    model = one("Reshape", constants={"shape": [1, 12]}, Tshape=int)
    images = np.arange(24, dtype=np.float32).reshape(2, 2, 2, 3)
    assert np.array_equal(features(model, images), images.reshape(2, 12))


def test_what_depends_on_no_picture_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(op: str) -> Callable[..., Array]:
        compute = OPERATIONS[op]

        def operation(given: Any, *values: Array) -> Array:
            calls.append(given.name)
            return compute(given, *values)

        return operation

    for op in ("Mul", "Add"):
        monkeypatch.setitem(OPERATIONS, op, counted(op))
    model = graph(node("kernel", "Mul", "a", "b"), node("y", "Add", "x", "kernel"), a=[2.0], b=[3.0])
    assert features(model, np.ones((3, 1, 1, 1), np.float32)).ravel().tolist() == [7, 7, 7]
    assert calls == ["kernel", "y", "y", "y"]


def test_no_picture_sees_what_another_left() -> None:
    model = graph(node("z", "Identity", "x"), node("w", "Relu", "z"), node("y", "Sub", "z", "w"))
    images = np.random.default_rng(1).normal(size=(4, 3, 3, 2)).astype(np.float32)
    kept = images.copy()
    network = Network(model)
    found = [network(image[None]) for image in images]
    assert np.array_equal(np.concatenate(found), np.minimum(images, 0))
    assert np.array_equal(images, kept)


def test_a_graph_without_an_end_is_refused() -> None:
    model = graph(node("a", "Add", "x", "b"), node("b", "Add", "x", "a"), node("y", "Relu", "b"))
    with pytest.raises(ValueError, match="cycle"):
        Network(model)


@pytest.mark.parametrize(
    "model",
    [
        one("Add", constants={"whole": [1]}),
        one("AddN", constants={"smaller": [[1.0]]}, N=2),
        one("BiasAdd", constants={"bias": [1.0]}),
        one("Mean", constants={"axes": [4]}, Tidx=int),
        one("Mean", constants={"axes": [1, -3]}, Tidx=int),
        one("Slice", constants={"begin": [0, 0, 0, 0], "size": [1, 9, 1, 1]}, Index=int),
        one("MatMul", constants={"other": np.ones((3, 2))}),
        one("Squeeze", constants={}, squeeze_dims=[1]),
        one("Conv2D", constants={"k": np.ones((5, 1, 3, 1))}, strides=[1] * 4, padding="VALID"),
        one("Conv2D", constants={"k": np.ones((1, 1, 3, 1))}, padding="VALID"),
        one(
            "_FusedConv2D",
            constants={"k": np.ones((1, 1, 3, 1))},
            strides=[1] * 4,
            padding="SAME",
            fused_ops=["BiasAdd"],
        ),
    ],
    ids=lambda model: model.nodes[-1]["op"],
)
def test_what_does_not_fit_together_is_not_made_to_fit(model: GraphModel) -> None:
    with pytest.raises((ValueError, KeyError)):
        features(model, np.zeros((1, 4, 4, 3), np.float32))
