"""The NumPy reference's operations: by hand, and against TensorFlow's own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.errors import ConfigError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.model import GraphModel
from onthefly_studio.graph.portability import PORTABLE_FUSED_OPS, PORTABLE_OPS, REWRITTEN_OPS
from onthefly_studio.reference.graph import Network, features
from onthefly_studio.reference.node import NotComputed
from onthefly_studio.reference.operations import FUSED, OPERATIONS
from tests import tensorflow_scripts
from tests.unit.reference.graphs import graph, node, one

NEAR = 2e-6
"""Relative to the largest value: both are float32."""


def computed(model: GraphModel, x: Any) -> np.ndarray:
    return Network(model)(np.asarray(x, np.float32))


def plane(*rows: list[float]) -> np.ndarray:
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
    assert "convert" in str(error.mend)


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
    around = {"ksize": [1, 1, 3, 1], "strides": [1, 1, 1, 1], "padding": "SAME"}
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

    def counted(op: str) -> Callable[..., np.ndarray]:
        compute = OPERATIONS[op]

        def operation(given: Any, *values: np.ndarray) -> np.ndarray:
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
    with pytest.raises(ValueError, match="circle"):
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


# --- against TensorFlow ---------------------------------------------------------------------------

random = np.random.default_rng(16)


def normal(*shape: int) -> np.ndarray:
    return random.normal(size=shape).astype(np.float32)


def _named(cases: list[tuple[GraphModel, np.ndarray]]) -> list[tuple[str, GraphModel, np.ndarray]]:
    return [(f"{model.nodes[-1]['op']} {number}", model, x) for number, (model, x) in enumerate(cases)]


def _windows() -> list[tuple[str, GraphModel, np.ndarray]]:
    """Convolutions and pools of random sizes."""
    cases: list[tuple[GraphModel, np.ndarray]] = []
    for number in range(40):
        height, width = (int(n) for n in random.integers(5, 14, 2))
        rows, columns = (int(n) for n in random.integers(1, 6, 2))
        channels, made, times = (int(n) for n in random.integers(1, 6, 3))
        stride, across, *dilations = (int(n) for n in random.integers(1, 4, 4))
        padding = ("SAME", "VALID", "EXPLICIT")[number % 3]
        if padding == "VALID" or (padding == "EXPLICIT" and number % 2):
            rows, columns, dilations = min(rows, 2), min(columns, 2), [d if d < 3 else 1 for d in dilations]
        if padding == "EXPLICIT":
            height, width = height + 8, width + 8
        more: dict[str, Any] = {"padding": padding}
        if padding == "EXPLICIT":
            more["explicit_paddings"] = [0, 0, *(int(n) for n in random.integers(0, 3, 4)), 0, 0]
        x = normal(2, height, width, channels)
        dilated = {"dilations": [1, *dilations, 1]} if number % 4 == 0 else {}
        kernel = {"k": normal(rows, columns, channels, made)}
        cases.append((one("Conv2D", constants=kernel, strides=[1, stride, across, 1], **dilated, **more), x))
        deep = {"k": normal(rows, columns, channels, times)}
        equal = [1, stride, stride, 1]  # TensorFlow's has no other for them
        cases.append((one("DepthwiseConv2dNative", constants=deep, strides=equal, **more), x))
        size = {"ksize": [1, rows, columns, 1], "strides": [1, stride, across, 1]}
        if padding != "EXPLICIT":
            cases.append((one("AvgPool", constants={}, **size, **more), x))
            cases.append((one("MaxPool", constants={}, **size, **more), x))
    return _named(cases)


def _elements() -> list[tuple[str, GraphModel, np.ndarray]]:
    """Operations on elements, along axes and of shapes, of random values."""
    x = normal(2, 3, 4, 5) * np.float32(4)
    positive = np.abs(x) + np.float32(0.1)
    cases: list[tuple[GraphModel, np.ndarray]] = [
        (one(op, constants={}), x)
        for op in ("Elu", "Exp", "Identity", "LeakyRelu", "Neg", "Relu", "Relu6", "Sigmoid")
    ]
    cases += [(one(op, constants={}), x) for op in ("Softmax", "Square", "Tanh")]
    cases += [(one(op, constants={}), positive) for op in ("Sqrt", "Rsqrt")]
    cases.append((one("LeakyRelu", constants={}, alpha=0.03), x))
    for op in ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum"):
        for shape in ((), (5,), (4, 1), (3, 1, 5), (2, 3, 4, 5), (1, 1, 1, 1, 1)):
            cases.append((one(op, constants={"c": np.abs(normal(*shape)) + 0.5}), x))
            cases.append((one(op, inputs=("c", "x"), constants={"c": normal(*shape)}), positive))
    cases.append((one("AddN", inputs=("x", "c", "x"), constants={"c": normal(*x.shape)}, N=3), x))
    cases.append((one("AddN", inputs=("x",), constants={}, N=1), x))
    cases.append((one("BiasAdd", constants={"c": normal(5)}), x))
    cases.append((one("BiasAdd", constants={"c": normal(5)}, data_format="NHWC"), normal(2, 5)))
    cases.append((one("Prelu", constants={"c": normal(5)}), x))
    cases.append((one("Prelu", constants={"c": normal(3, 4, 5)}), x))
    for op in ("Mean", "Sum", "Max", "Min"):
        for axes in ([1, 2], [-1], 3, [0, 1, 2], [-3, 2]):
            for keep in (False, True):
                cases.append((one(op, constants={"c": np.array(axes)}, Tidx=int, keep_dims=keep), x))
    for turned in (False, True):
        for other in (False, True):
            left, right = normal(*((6, 4) if turned else (4, 6))), normal(*((5, 6) if other else (6, 5)))
            said = {"transpose_a": turned, "transpose_b": other}
            cases.append((one("MatMul", constants={"c": right}, **said), left))
    cases.append((one("Pad", constants={"c": [[0, 1], [2, 0], [0, 0], [1, 3]]}, Tpaddings=int), x))
    cases.append(
        (one("PadV2", constants={"c": [[0, 0], [2, 1], [3, 0], [0, 0]], "d": -1.5}, Tpaddings=int), x)
    )
    cases.append((one("Reshape", constants={"c": [2, -1]}, Tshape=int), x))
    cases.append((one("Reshape", constants={"c": [4, 5, 6]}, Tshape=int), x))
    cases.append((one("Squeeze", constants={}), normal(2, 1, 1, 5)))
    cases.append((one("Squeeze", constants={}, squeeze_dims=[1]), normal(2, 1, 1, 5)))
    cases.append((one("Squeeze", constants={}, squeeze_dims=[-2, 1]), normal(2, 1, 1, 5)))
    cases.append((one("Slice", constants={"c": [0, 1, 2, 0], "d": [2, 1, -1, 3]}, Index=int), x))
    for axis in (0, 1, -1):
        cases.append((one("Pack", inputs=("x", "c"), constants={"c": normal(*x.shape)}, N=2, axis=axis), x))
        joined = {"c": normal(*x.shape), "along": axis}
        cases.append((one("ConcatV2", inputs=("x", "c", "x", "along"), constants=joined, N=3, Tidx=int), x))
    for masks in (
        {},
        {"begin_mask": 2, "end_mask": 5},
        {"shrink_axis_mask": 6},
        {"ellipsis_mask": 2},
        {"new_axis_mask": 2, "shrink_axis_mask": 8},
        {"begin_mask": 1, "end_mask": 1, "ellipsis_mask": 4, "shrink_axis_mask": 8},
    ):
        bounds = {"c": [0, 1, -3, 1], "d": [2, 3, 9, 4], "e": [1, 1, 1, 2]}
        whole = {"c": [1, 1, 3, -1], "d": [-3, -1, 0, -4], "e": [-1, 1, -2, -1]}
        if not masks:
            cases.append((one("StridedSlice", constants=whole, Index=int), x))
        if "shrink_axis_mask" in masks:  # TensorFlow takes no other step there
            bounds["e"] = [1, 1, 1, 1]
        cases.append((one("StridedSlice", constants=bounds, Index=int, **masks), x))
    filled = node("filled", "Fill", "shape", "value", index_type=int)
    cases.append((graph(filled, node("y", "Add", "x", "filled"), shape=[4, 1], value=2.5), x))
    return [
        (f"{model.nodes[-1]['op']} {number}", model, given) for number, (model, given) in enumerate(cases)
    ]


def _fusions() -> list[tuple[str, GraphModel, np.ndarray]]:
    """Fused nodes, which TensorFlow computes taken apart."""
    x, cases = normal(2, 7, 6, 3), []
    for listed in (
        ["BiasAdd"],
        ["BiasAdd", "Relu"],
        ["BiasAdd", "Relu6"],
        ["BiasAdd", "Elu"],
        ["BiasAdd", "LeakyRelu"],
        ["BiasAdd", "Prelu"],
        ["NoOp", "Relu6"],
        ["BiasAdd", "Add", "Relu"],
    ):
        said = {"fused_ops": listed, "strides": [1, 2, 2, 1], "padding": "SAME", "leakyrelu_alpha": 0.1}
        more = {"bias": normal(6)} if "BiasAdd" in listed else {}
        more |= {"slope": normal(6)} if "Prelu" in listed else {}
        more |= {"plane": normal(2, 4, 3, 6)} if "Add" in listed else {}
        said["num_args"] = len(more)
        cases += [
            one("_FusedConv2D", constants={"k": normal(3, 3, 3, 6), **more}, **said),
            one("FusedDepthwiseConv2dNative", constants={"k": normal(3, 5, 3, 2), **more}, **said),
        ]
    found = [(model, x) for model in cases]
    product = {"fused_ops": ["BiasAdd", "Relu"], "num_args": 1, "transpose_b": True}
    found.append(
        (one("_FusedMatMul", constants={"k": normal(5, 4), "bias": normal(5)}, **product), normal(3, 4))
    )
    return [
        (f"{model.nodes[-1]['op']} {number}", model, given) for number, (model, given) in enumerate(found)
    ]


CASES = [*_windows(), *_elements(), *_fusions()]


def test_every_operation_is_compared_with_tensorflows() -> None:
    compared = {each["op"] for _, model, _ in CASES for each in model.nodes}
    assert set(OPERATIONS) - compared == {"Shape"}  # of whole numbers: by hand above


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed")
@pytest.mark.parametrize(("model", "x"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_what_tensorflow_computes(model: GraphModel, x: np.ndarray, tmp_path: Path) -> None:
    graph_model.write(model, tmp_path)
    np.save(tmp_path / "x.npy", x)
    tensorflow_scripts.worker().call("graph_features", tmp_path, tmp_path / "x.npy", tmp_path / "y.npy")
    expected = np.load(tmp_path / "y.npy")
    found = computed(graph_model.read(tmp_path), x)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= NEAR * np.abs(expected).max(), np.abs(found - expected).max()
