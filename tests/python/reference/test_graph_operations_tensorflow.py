"""The NumPy reference's operations against TensorFlow's own, over random values, shapes and attributes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.model import Array, GraphModel
from onthefly_studio.reference.operations import OPERATIONS
from tests.python.reference.graphs import computed, graph, node, one
from tests.support import tensorflow_scripts

NEAR = 2e-6
"""Relative to the largest value: both are float32."""

random = np.random.default_rng(16)


def normal(*shape: int) -> Array:
    return random.normal(size=shape).astype(np.float32)


def _named(cases: list[tuple[GraphModel, Array]]) -> list[tuple[str, GraphModel, Array]]:
    return [(f"{model.nodes[-1]['op']} {number}", model, x) for number, (model, x) in enumerate(cases)]


def _windows() -> list[tuple[str, GraphModel, Array]]:
    """Convolutions and pools of random sizes."""
    cases: list[tuple[GraphModel, Array]] = []
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
        dilated: dict[str, Any] = {"dilations": [1, *dilations, 1]} if number % 4 == 0 else {}
        kernel = {"k": normal(rows, columns, channels, made)}
        cases.append((one("Conv2D", constants=kernel, strides=[1, stride, across, 1], **dilated, **more), x))
        deep = {"k": normal(rows, columns, channels, times)}
        equal = [1, stride, stride, 1]  # TensorFlow's has no other for them
        cases.append((one("DepthwiseConv2dNative", constants=deep, strides=equal, **more), x))
        size: dict[str, Any] = {"ksize": [1, rows, columns, 1], "strides": [1, stride, across, 1]}
        if padding != "EXPLICIT":
            cases.append((one("AvgPool", constants={}, **size, **more), x))
            cases.append((one("MaxPool", constants={}, **size, **more), x))
    return _named(cases)


def _elements() -> list[tuple[str, GraphModel, Array]]:
    """Operations on elements, along axes and of shapes, of random values."""
    x = normal(2, 3, 4, 5) * np.float32(4)
    positive = np.abs(x) + np.float32(0.1)
    cases: list[tuple[GraphModel, Array]] = [
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
            said: dict[str, Any] = {"transpose_a": turned, "transpose_b": other}
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
    some_masks: tuple[dict[str, Any], ...] = (
        {},
        {"begin_mask": 2, "end_mask": 5},
        {"shrink_axis_mask": 6},
        {"ellipsis_mask": 2},
        {"new_axis_mask": 2, "shrink_axis_mask": 8},
        {"begin_mask": 1, "end_mask": 1, "ellipsis_mask": 4, "shrink_axis_mask": 8},
    )
    for masks in some_masks:
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


def _fusions() -> list[tuple[str, GraphModel, Array]]:
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
        said: dict[str, Any] = {
            "fused_ops": listed,
            "strides": [1, 2, 2, 1],
            "padding": "SAME",
            "leakyrelu_alpha": 0.1,
        }
        more = {"bias": normal(6)} if "BiasAdd" in listed else {}
        more |= {"slope": normal(6)} if "Prelu" in listed else {}
        more |= {"plane": normal(2, 4, 3, 6)} if "Add" in listed else {}
        said["num_args"] = len(more)
        cases += [
            one("_FusedConv2D", constants={"k": normal(3, 3, 3, 6), **more}, **said),
            one("FusedDepthwiseConv2dNative", constants={"k": normal(3, 5, 3, 2), **more}, **said),
        ]
    found = [(model, x) for model in cases]
    product: dict[str, Any] = {"fused_ops": ["BiasAdd", "Relu"], "num_args": 1, "transpose_b": True}
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
def test_it_is_what_tensorflow_computes(model: GraphModel, x: Array, tmp_path: Path) -> None:
    graph_model.write(model, tmp_path)
    np.save(tmp_path / "x.npy", x)
    tensorflow_scripts.worker().call("graph_features", tmp_path, tmp_path / "x.npy", tmp_path / "y.npy")
    expected = np.load(tmp_path / "y.npy")
    found = computed(graph_model.read(tmp_path), x)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= NEAR * np.abs(expected).max(), np.abs(found - expected).max()
