"""The whole story with a fake camera: record, train, and name photographs never seen before."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import calls, pages
from tests.support import camera, data

CLASSES = ["Zero", "One", "Two"]
DIGITS = ["0", "1", "2"]
RECORDED = 20
FRAMES_PER_SECOND = Fraction(12)
SIZE = (320, 240)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Photographs of three hand digits, each frame with its number; the first 20 of a digit are recorded."""
    digits = data.photos("hand-digits")
    photos = [(label, path) for label in DIGITS for path in digits[label]]
    # Recorded ones first, so that one run of the film serves recording, and the rest of it the test.
    photos.sort(key=lambda item: digits[item[0]].index(item[1]) >= RECORDED)
    path = tmp_path_factory.mktemp("film") / "digits.y4m"
    frames = [camera.compose(data.pixels(photo), marker, SIZE) for marker, (_, photo) in enumerate(photos)]
    camera.write_film(path, frames, FRAMES_PER_SECOND)
    cut = RECORDED * len(DIGITS)
    digit = dict(zip(CLASSES, DIGITS, strict=True))
    recorded = {name: [m for m in range(cut) if photos[m][0] == digit[name]] for name in CLASSES}
    truth = {m: CLASSES[DIGITS.index(photos[m][0])] for m in range(cut, len(photos))}
    return {"path": path, "recorded": recorded, "truth": truth}


@pytest.mark.parametrize(
    ("name", "least"), [pytest.param("100", 0.90, marks=pytest.mark.long), ("embedded", 0.80)]
)
def test_photographs_never_seen_are_named(
    name: str,
    least: float,
    film: dict[str, Any],
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
) -> None:
    built = site(name, classes=CLASSES)
    with chromium(film=film["path"]) as visit:
        page = visit.page
        calls.watch(page)
        pages.open_ready(page, serving(built.out).url)
        for class_name in CLASSES:
            pages.record(page, class_name, film["recorded"][class_name])
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Trained on 60 photos")
        shown = pages.winners(page, list(film["truth"]))
        assert visit.complaints == []
    right = [shown[marker] == truth for marker, truth in film["truth"].items()]
    print(f"\n{name}: {sum(right)} of {len(right)} held-out photographs")
    assert len(right) == 120
    assert sum(right) / len(right) >= least


@pytest.mark.parametrize(("backend", "predictions"), [("wasm", 100), ("cpu", 5)])
def test_tensors_are_constant_over_many_predictions(
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    backend: str,
    predictions: int,
) -> None:
    with chromium(camera=False) as visit:
        page = visit.page
        pages.open_module(page, serving(site("embedded").out).url, backend)
        counts = page.evaluate(
            """async (predictions) => {
          const {worker} = window;
          const drawn = (seed) => ({
            data: Uint8ClampedArray.from({length: 320 * 240 * 4}, (_, i) => (i * seed) % 251),
            width: 320,
            height: 240,
          });
          const pictures = Array.from({length: 12}, (_, i) => drawn(i));
          const picture = (seed) => pictures[seed];
          await worker.setClasses(['a', 'b']);
          for (let i = 0; i < 4; i++) await worker.addExample(picture(3 + i), i % 2 ? 'a' : 'b');
          const {head} = (await (await fetch('site.json')).json());
          await worker.train(head);
          await worker.predict(picture(2));
          const counts = [];
          for (let i = 0; i < predictions; i++) {
            const {probabilities} = await worker.predict(picture(5 + (i % 7)));
            const sum = Object.values(probabilities).reduce((a, b) => a + b, 0);
            if (Math.abs(sum - 1) > 1e-5) throw new Error(`probabilities sum to ${sum}`);
            counts.push((await worker.memory()).tensors);
          }
          return counts;
        }""",
            predictions,
        )
        assert len(counts) == predictions
        assert len(set(counts)) == 1
        if page.evaluate("window.ready.kernels.kind") == "stock":
            assert counts[0] > 100, "the graph's weights"
        else:
            assert counts[0] < 10, "packed weights are no tensors"
        assert visit.complaints == []
