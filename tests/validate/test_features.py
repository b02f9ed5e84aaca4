"""Features in Chromium against the original SavedModel in TensorFlow, on every backend."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from onthefly_studio.contract import Precision
from onthefly_studio.graph import check
from onthefly_studio.pipeline import Built
from onthefly_studio.reference import golden
from onthefly_studio.site.server import SiteServer
from onthefly_studio.sources import Source
from onthefly_studio.validate.chromium import SOFTWARE_WEBGL, SOFTWARE_WEBGPU
from tests.browser import pages
from tests.support import data, tensorflow_scripts

TRAINED = ("100", "075", "embedded")
MODELS = (*TRAINED, "keras-small", "keras-large")
BACKENDS = ("wasm", "webgl", "webgpu", "cpu")
FLAGS = {"webgl": SOFTWARE_WEBGL, "webgpu": SOFTWARE_WEBGPU}
BESIDE = "site.json"
"""Not the page, which would start a worker of its own: whatever lies beside it is as good for the module."""
EVERY_RUN = {
    # Every model in every precision, but float32, which the test of the kernels computes thrice.
    *itertools.product(TRAINED, ("float16", "int8"), ["wasm"]),
    *(("embedded", "int8", backend) for backend in BACKENDS),
}
CASES = [
    pytest.param(*case, marks=[] if case in EVERY_RUN else [pytest.mark.long])
    for case in itertools.product(MODELS, check.LIMITS, BACKENDS)
]


def ten_photographs() -> list[NDArray[Any]]:
    """Ten real photographs, of the size that the backbone reads; drawn scenes where there are none."""
    if not data.PHOTOS.is_dir():
        return [golden.draw(golden.Golden("scene", seed)) for seed in range(50, 60)]
    chosen = [paths[i] for paths in data.photos("cats-dogs").values() for i in (0, 12, 24)]
    chosen += [paths[7] for paths in list(data.photos("hand-digits").values())[:4]]
    resized = [
        Image.fromarray(data.pixels(path)).resize((224, 224), Image.Resampling.BILINEAR) for path in chosen
    ]
    return [np.asarray(image) for image in resized]


@pytest.fixture(scope="module")
def reference(
    source: Callable[[str], Source], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], NDArray[Any]]:
    """The original SavedModel's features of the photographs, by model; each is computed once."""
    known: dict[str, NDArray[Any]] = {}

    def compute(name: str) -> NDArray[Any]:
        if name not in known:
            folder = tmp_path_factory.mktemp(name)
            given = source(name).saved_model or folder / "embedded"
            if name == "embedded":
                tensorflow_scripts.worker().call("embedded_model", given)
            inputs = (np.stack(ten_photographs()) / 255).astype(np.float32)
            images = pages.saved(folder / "inputs.npy", inputs)
            tensorflow_scripts.worker().call("features", given, images, folder / "features.npy")
            known[name] = np.load(folder / "features.npy")
        return known[name]

    return compute


@pytest.mark.parametrize(("name", "precision", "backend"), CASES)
def test_features_in_chromium_are_those_of_the_saved_model(
    name: str,
    precision: Precision,
    backend: str,
    site: Callable[..., Built],
    reference: Callable[[str], NDArray[Any]],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
) -> None:
    built = site(name, precision)
    # Software GPUs take seconds for a picture, so they get fewer; they have computed the golden images too.
    photographs = ten_photographs()[: None if backend == "wasm" else 1]
    expected = reference(name)[: len(photographs)]
    with chromium(*FLAGS.get(backend, ()), camera=False) as visit:
        visit.page.goto(serving(built.out).url + BESIDE)
        visit.page.evaluate(pages.CLIENT_JS, backend)
        assert visit.page.evaluate("[window.ready.backend, window.skipped]") == [backend, []]
        computed = pages.features(visit.page, photographs)
    errors = check.relative_error(computed, expected)
    cosines = check.cosine_similarity(computed, expected)
    print(f"\n{name} {precision} {backend}: error {errors.max():.2e}, cosine {cosines.min():.6f}")
    limits = check.LIMITS[precision]
    assert errors.max() <= limits.photo
    assert cosines.min() >= limits.cosine
    if name in TRAINED:
        # The images are told apart: a constant answer would have matched a broken reference too.
        assert np.std(reference(name), axis=0).max() > 0.1


START_JS = """
async (kernels) => {
  // The site's worker with these kernels and no others.
  const {connect, loadSite} = await import(new URL('onthefly.js', document.baseURI).href);
  const {site, base} = await loadSite();
  const {worker} = await connect(site, base, 'wasm');
  window.worker = worker;
  window.toFrame = ({bytes, width, height}) =>
    ({data: Uint8ClampedArray.from(atob(bytes), (c) => c.charCodeAt(0)), width, height});
  return (await worker.start(site, base, undefined, undefined, kernels)).kernels.kind;
}
"""


@pytest.mark.parametrize("name", TRAINED)
def test_every_kernel_gives_the_saved_models_features_with_float32_weights(
    name: str,
    site: Callable[..., Built],
    reference: Callable[[str], NDArray[Any]],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
) -> None:
    built = site(name, "float32")
    photographs = ten_photographs()
    expected = reference(name)
    found: dict[str, NDArray[Any]] = {}
    with chromium(camera=False) as visit:
        visit.page.goto(serving(built.out).url + BESIDE)
        for kernels in ("relaxed", "simd", "stock"):
            assert visit.page.evaluate(START_JS, kernels) == kernels
            found[kernels] = pages.features(visit.page, photographs)
    for kernels, computed in found.items():
        error = check.relative_error(computed, expected).max()
        print(f"\n{name} {kernels}: error {error:.2e}")
        assert error <= 1e-4
    # A relaxed multiply-add rounds once, a plain one twice: had one run in the other's place, it would show.
    assert not np.array_equal(found["relaxed"], found["simd"])
