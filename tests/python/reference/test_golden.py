"""Golden images: the page draws the very bytes that the build drew."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from onthefly_studio.reference import golden
from tests.support.node import evaluate

CORE = Path(__file__).resolve().parents[3] / "site_template" / "src" / "core"


def test_the_page_draws_the_same_bytes() -> None:
    script = f"""
      import {{createHash}} from 'node:crypto';
      import {{drawGolden}} from {json.dumps((CORE / "golden.ts").as_uri())};
      const {{size, images}} = {json.dumps(golden.index())};
      const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
      console.log(JSON.stringify(images.map((golden) => sha256(drawGolden(golden, size)))));
    """
    theirs = json.loads(evaluate(script))
    images = golden.index()["images"]
    assert isinstance(images, list)
    assert theirs == [image["sha256"] for image in images]


def test_images_are_what_they_are_called() -> None:
    drawn = {image.name: golden.draw(image) for image in golden.GOLDEN}
    assert drawn["zeros"].max() == 0
    assert drawn["ones"].min() == 255
    assert 70 < drawn["noise 1"].std() < 78  # uniform bytes: 255 / sqrt(12) = 73.6
    scene = drawn["scene 1"].astype(float)
    assert scene.std() > 30
    # Neighbouring pixels are alike, as in photographs, and some edges are hard.
    steps = np.abs(np.diff(scene, axis=1))
    assert np.median(steps) < 6
    assert steps.max() > 60


def test_inputs_are_bytes_over_255() -> None:
    inputs = golden.inputs()
    assert inputs.shape == (len(golden.GOLDEN), 224, 224, 3)
    assert inputs.dtype == np.float32
    assert inputs.min() == 0
    assert inputs.max() == 1
