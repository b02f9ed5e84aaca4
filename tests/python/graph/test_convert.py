"""Conversion with the real TensorFlow and the real converter."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import check, rewrite
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import portability as rules
from onthefly_studio.graph.convert import Converted, convert, run_child
from onthefly_studio.reference import golden
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source
from tests.support import tensorflow_scripts

Converter = Callable[[str, Precision], Converted]


@pytest.fixture(scope="module")
def keras(backbone: Callable[[str], str]) -> Path:
    return Path(backbone("keras-small"))


def given(folder: Path) -> Source:
    return Source("folder", str(folder), folder, f"test {folder.name}", "given", None)


@pytest.mark.parametrize("precision", check.LIMITS)
@pytest.mark.parametrize("name", ["embedded", "100", "075"])
def test_the_written_model_is_the_original(name: str, precision: Precision, converted: Converter) -> None:
    result = converted(name, precision)
    assert result.features == 1024
    assert [row.image for row in result.rows] == [image.name for image in golden.GOLDEN]
    limits = check.LIMITS[precision]
    for row in result.rows:
        assert row.passed
        assert row.limit in (limits.photo, limits.other)
        # A difference of exactly nothing would mean that a model was compared with itself.
        assert row.error > 0


def test_golden_vectors_are_those_of_the_files(converted: Converter) -> None:
    half, full = converted("embedded", "float16").folder, converted("embedded", "float32").folder
    read = [np.fromfile(folder / "golden.bin", "<f4").reshape(-1, 1024) for folder in (half, full)]
    errors = check.relative_error(read[0], read[1])
    assert errors.max() > check.GOLDEN_LIMIT / 10, (
        "the float16 golden vectors must come from the float16 files"
    )
    index = json.loads((half / "golden.json").read_text())
    assert index["features"] == 1024
    assert len(index["images"]) == len(read[0])


def test_a_wrong_model_is_caught_with_figure_and_limit(converted: Converter) -> None:
    """The comparison that the build fails on, fed with another model's features."""
    folders = [converted("embedded", "float32").folder, converted("embedded", "float16").folder]
    full, half = (np.fromfile(folder / "golden.bin", "<f4").reshape(-1, 1024) for folder in folders)
    with pytest.raises(ConversionError, match=r"differ by .* \(limit 0.0001\)"):
        check.require_within(check.compare(half, full, golden.GOLDEN, "float32"), "float32")


@pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="oneDNN is on by default on x86 only"
)
def test_a_conversion_with_onednn_left_on_is_caught(keras: Path, tmp_path: Path) -> None:
    job = {
        "source": {"saved_model": str(keras)},
        "converted": str(tmp_path / "converted"),
        "model": str(tmp_path / "model"),
        "precision": "float32",
    }
    for folder in ("converted", "model"):
        (tmp_path / folder).mkdir()
    with pytest.raises(ConversionError, match="_FusedHardSwish"):
        run_child(job, {"TF_ENABLE_ONEDNN_OPTS": "1"})


def test_a_rank_0_bias_of_keras_is_mended(
    keras: Path, cache: Cache, tmp_path: Path, one_tensorflow: None
) -> None:
    tensorflow_scripts.worker().call("raw_conversion", keras, tmp_path)
    raw = graph_model.read(tmp_path)
    scalar = [line for line in rules.violations(raw, rules.BACKENDS["wasm"]) if "has rank 0" in line]
    assert scalar, "the trap is gone: TensorFlow folds no scalar into these convolutions any more"
    with pytest.raises(ConversionError, match="rank 0"):
        rules.require_portable(raw)
    rules.require_portable(rewrite.rewrite(raw))
    result = convert(given(keras), "float32", cache=cache, reporter=Silent())
    assert max(row.error for row in result.rows) < 1e-4


def test_an_error_of_the_child_is_one_clear_message(tmp_path: Path, one_tensorflow: None) -> None:
    cache = Cache(tmp_path / "cache")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "saved_model.pb").write_bytes(b"no protocol buffer")
    with pytest.raises(ConversionError) as caught:
        convert(given(broken), "float32", cache=cache, reporter=Silent())
    assert "cannot load the SavedModel" in caught.value.what
    assert caught.value.where == str(broken)
    assert "Traceback" not in caught.value.format_message()
    assert not list(cache.root.glob("*/.partial-*")), "nothing half-written stays in the cache"
