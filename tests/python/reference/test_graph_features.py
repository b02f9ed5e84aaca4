"""Whole networks in the NumPy reference: the features that TensorFlow gave when they were converted."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import onthefly_studio.reference
from onthefly_studio.contract import Precision
from onthefly_studio.graph import check
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.convert import Converted
from onthefly_studio.reference import golden
from onthefly_studio.reference.graph import features
from tests.support import tensorflow_scripts

LIMIT = 1e-4
"""Relative to each image's largest feature."""

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)


@needs_tensorflow
@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize("name", ["embedded", "100", "075", "keras-small", "keras-large"])
def test_golden_features(
    converted: Callable[[str, Precision], Converted], name: str, precision: Precision
) -> None:
    made = converted(name, precision)
    expected = np.fromfile(made.folder / "golden.bin", "<f4").reshape(-1, made.features)
    found = features(graph_model.read(made.folder), golden.inputs())
    assert found.dtype == np.float32
    assert check.relative_error(found, expected).max() <= LIMIT


@needs_tensorflow
def test_a_graph_as_tensorflowjs_writes_it(backbone: Callable[[str], str], tmp_path: Path) -> None:
    """Before any rewrite here: with TensorFlow's own fusions, scalar biases and sums of many."""
    raw, given, told = tmp_path / "raw", tmp_path / "images.npy", tmp_path / "features.npy"
    np.save(given, golden.inputs())
    tensorflow_scripts.worker().call("raw_conversion", backbone("keras-small"), raw)
    tensorflow_scripts.worker().call("graph_features", raw, given, told)
    found = features(graph_model.read(raw), golden.inputs())
    assert check.relative_error(found, np.load(told)).max() <= LIMIT


def test_it_shares_no_code_with_what_it_proves() -> None:
    """Of the package that converts graphs and plans them, only the reading of files."""
    for name in ("graph", "node", "operations", "windows"):
        text = (Path(onthefly_studio.reference.__path__[0]) / f"{name}.py").read_text("utf-8")
        named = {each.module for each in ast.walk(ast.parse(text)) if isinstance(each, ast.ImportFrom)}
        own = {module for module in named if module and module.startswith("onthefly_studio")}
        known = {"onthefly_studio.errors", "onthefly_studio.graph.model"}
        assert {module for module in own if not module.startswith("onthefly_studio.reference")} <= known
