"""Batches of augmented scenes, each a function of recipe, shard and step alone.

A shard holds a window over its endless sequence of scenes. Every step some new scenes enter, the
oldest leave, and the batch is drawn from the window. Started at a later step, the window is drawn anew:
resuming continues with the very images that an uninterrupted training would have seen.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from training.generate.basics import Pixels, Points, Rng, rng_of
from training.generate.scenes import Scene, scene
from training.generate.textures import Textures, pool
from training.recipe import Recipe, Stage

LAYOUT_SIZE = 64
_FIRST_SCENES = 512
"""With so many in the window a shard starts."""
_ORDER = 30

_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_RGB = np.linalg.inv(_YIQ)


class Batch(NamedTuple):
    """A shard's part of a batch."""

    images: Pixels
    """`[n, p, p, 3]`."""
    layouts: Pixels
    """`[n, LAYOUT_SIZE, LAYOUT_SIZE, 3]`, cut from the scenes in the same way."""
    labels: npt.NDArray[np.int64]
    """`[n]`."""


def _crop(rng: Rng, pixels: int) -> Points:
    """A random crop, turned and perhaps mirrored: from output pixels to the unit square, `[2, 3]`."""
    area = rng.uniform(0.35, 1.0)
    aspect = np.exp(rng.uniform(-0.22, 0.22))
    width, height = min(np.sqrt(area) * aspect, 1.0), min(np.sqrt(area) / aspect, 1.0)
    centre = [rng.uniform(width / 2, 1 - width / 2), rng.uniform(height / 2, 1 - height / 2)]
    turn = rng.normal(0, 0.12)
    mirror = -1 if rng.random() < 0.5 else 1
    c, s = np.cos(turn), np.sin(turn)
    matrix = np.array([[c * width * mirror, -s * height], [s * width * mirror, c * height]])
    return np.concatenate([matrix / pixels, (centre - matrix @ [0.5, 0.5])[:, None]], 1)


def _recolour(rng: Rng, image: Pixels) -> Pixels:
    """Another light, saturation, hue, white balance and contrast: one affine map of the colours."""
    gain = np.exp(rng.normal(0, 0.2))
    saturation = 0.0 if rng.random() < 0.08 else np.exp(rng.normal(0, 0.3))
    hue = rng.normal(0, 0.15)
    c, s = np.cos(hue) * saturation, np.sin(hue) * saturation
    balance = np.diag(np.exp(rng.normal(0, 0.06, 3)))
    matrix = gain * _RGB @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ _YIQ @ balance
    contrast = np.exp(rng.normal(0, 0.2))
    shift = 128 * (1 - contrast) + rng.normal(0, 12)
    mapped: Pixels = cv2.transform(image, np.concatenate([matrix * contrast, np.full((3, 1), shift)], 1))
    return mapped


def augment(rng: Rng, image: Pixels, layout: Pixels, pixels: int) -> tuple[Pixels, Pixels]:
    """A view of a scene: cropped, recoloured, blurred or noisy; and the layout of that crop."""
    crop = _crop(rng, pixels)
    views = []
    for source, size in ((image, pixels), (layout, LAYOUT_SIZE)):
        to_source = crop * len(source)
        to_source[:, :2] *= pixels / size
        views.append(
            cv2.warpAffine(
                source,
                to_source,
                (size, size),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REFLECT_101,
            )
        )
    view = _recolour(rng, views[0])
    r = rng.random()
    if r < 0.25:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 1.6) * pixels / 96)
    elif r < 0.5:
        grain = rng.normal(0, rng.uniform(2, 14)) * rng.standard_normal((pixels, pixels, 1), np.float32)
        view = (view + grain).clip(0, 255).astype(np.uint8)
    return view, views[1]


def _scene(textures: Textures, recipe: Recipe, stage: Stage, stream: int, number: int) -> Scene:
    drawn = scene(textures, recipe.seed, stream, number, stage.scene)
    layout: Pixels = cv2.resize(drawn.layout, (LAYOUT_SIZE, LAYOUT_SIZE), interpolation=cv2.INTER_AREA)
    return Scene(drawn.image, layout, drawn.label)


def batches(recipe: Recipe, folder: Path, shard: int, first_step: int = 0) -> Iterator[Batch]:
    """A shard's batches from a step on.

    Args:
        recipe: what to train.
        folder: where the pool of textures is, or will be.
        shard: number of the shard.
        first_step: of the training.
    """
    textures = pool(folder, recipe.texture_classes)
    window: deque[Scene] = deque()
    drawn, source = 0, -1
    for step in range(first_step, recipe.steps):
        number, inside = recipe.stage_at(step)
        stage = recipe.stages[number]
        # Scenes of one size form one stream, whichever stages they serve.
        alike = [k for k in range(number) if recipe.stages[k].scene == stage.scene]
        earlier = sum(_wanted(recipe, recipe.stages[k]) for k in alike)
        total = (
            min(_FIRST_SCENES, stage.window)
            + earlier
            + math.ceil((inside + 1) * recipe.shard_batch / stage.uses)
        )
        if source != stage.scene:
            window.clear()
            source, drawn = stage.scene, max(0, total - stage.window)
        stream = shard * 10_000 + stage.scene
        while drawn < total:
            window.append(_scene(textures, recipe, stage, stream, drawn))
            drawn += 1
            if len(window) > stage.window:
                window.popleft()
        rng = rng_of(_ORDER, recipe.seed, shard, step)
        chosen = [window[k] for k in rng.integers(0, len(window), recipe.shard_batch)]
        views = [augment(rng, s.image, s.layout, stage.pixels) for s in chosen]
        yield Batch(
            np.stack([view for view, _ in views]),
            np.stack([layout for _, layout in views]),
            np.array([s.label for s in chosen], np.int64),
        )


def _wanted(recipe: Recipe, stage: Stage) -> int:
    """Scenes that enter in the course of a stage."""
    steps = stage.images // recipe.batch
    return math.ceil(steps * recipe.shard_batch / stage.uses)
