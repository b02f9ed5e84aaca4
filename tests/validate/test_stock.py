"""The published model is portable: TensorFlow.js as it is, without our loader, runs it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onthefly_studio.contract import Precision
from onthefly_studio.graph import check
from onthefly_studio.graph.convert import Converted
from onthefly_studio.reference import golden
from tests import support


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_a_plain_load_graph_model_gives_the_golden_features(
    precision: Precision, converted: Callable[[str, Precision], Converted], tmp_path: Path
) -> None:
    folder = converted("embedded", precision).folder
    golden.inputs()[:2].tofile(tmp_path / "images.bin")
    script = support.FOLDER / "stock.cjs"
    command = ["node", str(script), str(folder), str(tmp_path / "images.bin"), str(tmp_path / "out.bin")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    computed = np.fromfile(tmp_path / "out.bin", "<f4").reshape(2, -1)
    expected = np.fromfile(folder / "golden.bin", "<f4").reshape(-1, computed.shape[1])[:2]
    assert check.relative_error(computed, expected).max() <= check.GOLDEN_LIMIT
