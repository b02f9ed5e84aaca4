"""Features in Chromium against the original SavedModel in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from builder.backbone import check, golden
from builder.backbone.obtain import Source
from builder.backbone.precision import Precision
from builder.pipeline import Built
from builder.site.server import SiteServer
from tests import data, tensorflow_scripts
from tests.browser import pages


def ten_photographs() -> list[np.ndarray]:
    """Ten real photographs, of the size that the backbone reads; drawn scenes where there are none."""
    if not data.PHOTOS.is_dir():
        return [golden.draw(golden.Golden("scene", seed)) for seed in range(50, 60)]
    chosen = [paths[i] for paths in data.photos("cats-dogs").values() for i in (0, 12, 24)]
    chosen += [paths[7] for paths in list(data.photos("hand-digits").values())[:4]]
    resized = [
        Image.fromarray(data.pixels(path)).resize((224, 224), Image.Resampling.BILINEAR) for path in chosen
    ]
    return [np.asarray(image) for image in resized]


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("name", ["100", "075", "embedded"])
def test_features_in_chromium_are_those_of_the_saved_model(
    name: str,
    precision: Precision,
    site: Callable[..., Built],
    source: Callable[[str], Source],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    tmp_path: Path,
) -> None:
    built = site(name, precision)
    photos = ten_photographs()
    given = source(name).saved_model or tmp_path / "embedded"
    if name == "embedded":
        tensorflow_scripts.run("embedded_model", given)
    inputs = pages.saved(tmp_path / "inputs.npy", (np.stack(photos) / 255).astype(np.float32))
    tensorflow_scripts.run("features", given, inputs, tmp_path / "reference.npy")
    reference = np.load(tmp_path / "reference.npy")
    with chromium() as visit:
        visit.page.goto(serving(built.out).url)
        visit.page.evaluate(pages.CLIENT_JS)
        assert visit.page.evaluate("window.ready.backend") == "wasm"
        computed = pages.features(visit.page, photos)
    errors, cosines = check.relative_error(computed, reference), check.cosine_similarity(computed, reference)
    print(f"\n{name} {precision}: largest error {errors.max():.2e}, least cosine {cosines.min():.6f}")
    limits = check.LIMITS[precision]
    assert errors.max() <= limits.photo
    assert cosines.min() >= limits.cosine
    assert np.abs(reference).max() > 0.1
    # The images are told apart: a constant answer would have matched a broken reference too.
    assert np.std(reference, axis=0).max() > 0.1
