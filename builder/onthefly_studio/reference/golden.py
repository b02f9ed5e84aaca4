"""Golden images: pictures that Python and the page both draw from a seed, bit for bit.

They are drawn and not shipped, so that a visitor downloads only the features. All arithmetic is
on whole numbers. The JavaScript twin is `site_template/src/core/golden.ts`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from onthefly_studio.reference.random import Xoshiro128

SIZE = 224
Kind = Literal["scene", "noise", "zeros", "ones"]
Pixels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]

# Cell edges in pixels, coarse to fine, and their weights in 1/256: about 1/f, as photographs are.
OCTAVES = ((112, 90), (56, 60), (28, 40), (14, 28), (7, 20), (4, 18))
OBJECTS = 16
"""Ellipses and rectangles laid over one another. With them, rounding to float16 moves the features as
it does for photographs (median 1 %, 90th percentile 1.5 % of max|y|); without, two to five times as far."""
TEXTURES = (28, 14, 7, 4)
"""Cell edges of the objects' surfaces."""


@dataclass(frozen=True)
class Golden:
    """One golden image: what is drawn, and from which seed."""

    kind: Kind
    seed: int = 0

    @property
    def is_photo_like(self) -> bool:
        """Whether the limits for photographs apply, rather than those for blank and noise images."""
        return self.kind == "scene"

    @property
    def name(self) -> str:
        """A name for messages."""
        return f"{self.kind} {self.seed}" if self.kind in ("scene", "noise") else self.kind


GOLDEN = (
    Golden("scene", 1),
    Golden("scene", 2),
    Golden("scene", 3),
    Golden("noise", 1),
    Golden("zeros"),
    Golden("ones"),
)


def _octave(random: Xoshiro128, edge: int) -> npt.NDArray[np.int64]:
    """Bilinear noise with one random byte per lattice point, `[SIZE, SIZE]`, 0 to 255."""
    points = SIZE // edge + 1
    lattice = np.array([random.next() >> 24 for _ in range(points * points)], np.int64)
    lattice = lattice.reshape(points, points)
    cell, offset = np.divmod(np.arange(SIZE), edge)
    top, left = cell[:, None], cell[None, :]
    down, right = offset[:, None], offset[None, :]
    mixed = (
        (edge - down) * (edge - right) * lattice[top, left]
        + (edge - down) * right * lattice[top, left + 1]
        + down * (edge - right) * lattice[top + 1, left]
        + down * right * lattice[top + 1, left + 1]
    )
    octave: npt.NDArray[np.int64] = mixed // (edge * edge)
    return octave


def _scene(seed: int) -> Pixels:
    """A background of clouds with objects before it, as whole numbers throughout."""
    random = Xoshiro128(seed)
    light = np.zeros((SIZE, SIZE), np.int64)
    for edge, weight in OCTAVES:
        light += weight * _octave(random, edge)
    light >>= 8
    image = np.stack(
        [128 + ((((3 * light + _octave(random, 112)) >> 2) - 128) * 7 >> 2) for _ in range(3)], -1
    )
    for _ in range(OBJECTS):
        _put_object(image, light, random)
    pixels: Pixels = np.clip(image, 0, 255).astype(np.uint8)
    return pixels


def _put_object(image: npt.NDArray[np.int64], light: npt.NDArray[np.int64], random: Xoshiro128) -> None:
    """Draw one textured, shaded ellipse or rectangle into `image` `[SIZE, SIZE, 3]`."""
    centre_x, centre_y = random.below(SIZE), random.below(SIZE)
    half_width, half_height = 16 + random.below(64), 16 + random.below(64)
    is_ellipse = random.below(2) == 1
    texture = _octave(random, TEXTURES[random.below(len(TEXTURES))])
    colour = [random.below(256) for _ in range(3)]
    right = (np.arange(SIZE) - centre_x)[None, :]
    down = (np.arange(SIZE) - centre_y)[:, None]
    if is_ellipse:
        covered = (right * half_height) ** 2 + (down * half_width) ** 2 <= (half_width * half_height) ** 2
    else:
        covered = (abs(right) <= half_width) & (abs(down) <= half_height)
    shade = right * 40 // half_width
    for channel in range(3):
        surface = (2 * colour[channel] + texture + light) // 4 + shade
        image[:, :, channel] = np.where(covered, surface, image[:, :, channel])


def draw(golden: Golden) -> Pixels:
    """The image as RGB bytes, `[224, 224, 3]`."""
    if golden.kind == "scene":
        return _scene(golden.seed)
    if golden.kind == "noise":
        random = Xoshiro128(golden.seed)
        flat = np.array([random.next() >> 24 for _ in range(SIZE * SIZE * 3)], np.uint8)
        return flat.reshape(SIZE, SIZE, 3)
    return np.full((SIZE, SIZE, 3), 0 if golden.kind == "zeros" else 255, np.uint8)


@lru_cache(maxsize=1)
def inputs() -> npt.NDArray[np.float32]:
    """All golden images as the backbone reads them: float32 `[n, 224, 224, 3]` in [0, 1]; read only."""
    images = np.stack([(draw(golden) / 255.0).astype(np.float32) for golden in GOLDEN])
    images.setflags(write=False)
    return images


def index() -> dict[str, object]:
    """What the page needs to draw the images again and to know that it drew them right."""
    return {
        "format": 1,
        "size": SIZE,
        "images": [
            {
                "kind": golden.kind,
                "seed": golden.seed,
                "sha256": hashlib.sha256(draw(golden).tobytes()).hexdigest(),
            }
            for golden in GOLDEN
        ],
    }
