"""A site of a model that reads pictures in [0, 255]: the page gives it [0, 1], each kernel its features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.config import load
from onthefly_studio.pipeline import Built, build
from onthefly_studio.report import Silent
from onthefly_studio.validate.rows import Report


@pytest.fixture(scope="module")
def built(of_bytes: Path, cache: Cache, tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("site")
    options = {"backbone": str(of_bytes), "input_range": "0-255", "precision": "float32"}
    return build(load(None, options), cache=cache, reporter=Silent(), root=root)


def test_every_kernel_of_the_page_gives_the_originals_features(
    built: Built, of_bytes: Path, validated: Callable[..., Report]
) -> None:
    assert "plan" in built.site.for_page()["model"]
    report = validated(built.out, only=("selfcheck", "kernels", "features"), original=str(of_bytes))
    assert {row.verdict for row in report.rows} == {"ok"}, report.misses
    rows = {row.id: row for row in report.rows}
    assert {"kernels/relaxed", "kernels/simd", "kernels/stock", "features/original/scene-1"} <= set(rows)
    assert 0 < (rows["features/original/scene-1"].error or 0) <= 1e-4
