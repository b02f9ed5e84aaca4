"""What is put to both sides: frames, drawn pictures and training tasks, all from published seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from onthefly_studio.errors import ConfigError, SourceError
from onthefly_studio.pictures.open import SUFFIXES, open_picture
from onthefly_studio.project.folders import pictures_below
from onthefly_studio.reference import golden
from onthefly_studio.reference.head import Float32, Weights, initial_weights
from onthefly_studio.reference.random import Xoshiro128
from onthefly_studio.reference.training import HeadSettings

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

FRAME_SIZES = ((1, 1), (2, 3), (224, 224), (640, 480), (480, 640), (641, 480), (1919, 1081))
"""Width and height of the frames that preprocessing is compared on; two leave an odd margin to the square."""
PHOTOS_MAX = 24


def random_frame(width: int, height: int) -> Pixels:
    """RGBA bytes `[height, width, 4]`, each of them random, transparency too."""
    rng = np.random.default_rng(width * 10_000 + height)
    return rng.integers(0, 256, (height, width, 4), np.uint8)


def rgba(picture: Pixels) -> Pixels:
    """RGB `[h, w, 3]` with an opaque alpha, `[h, w, 4]`."""
    opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
    return np.concatenate([picture, opaque], axis=2)


# ---- pictures ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Picture:
    """A picture as bytes, and whether the limits for photographs hold for it."""

    id: str
    pixels: Pixels
    """RGB, `[h, w, 3]`."""
    is_photo_like: bool
    contents: bytes | None = None
    """The file, where it is one: the page reads it by itself."""


@dataclass(frozen=True)
class Refused:
    """A picture's file that Python does not read."""

    id: str
    contents: bytes
    why: str


def drawn(kind: golden.Kind, seed: int = 0) -> Picture:
    """One of the pictures that are drawn from a seed, 224 x 224."""
    image = golden.Golden(kind, seed)
    return Picture(image.name.replace(" ", "-"), _draw(image), image.is_photo_like)


@lru_cache(maxsize=64)
def _draw(image: golden.Golden) -> Pixels:
    return golden.draw(image)


def feature_pictures() -> list[Picture]:
    """The golden images of this version, and more of their kinds."""
    known = [drawn(image.kind, image.seed) for image in golden.GOLDEN]
    return [*known, *(drawn("scene", seed) for seed in range(11, 17)), *(drawn("noise", s) for s in (11, 12))]


def camera_pictures() -> list[Picture]:
    """Pictures of a camera's shapes: scenes enlarged to frames, by nearest neighbour."""
    shapes = ((224, 224), (640, 480), (480, 640), (1919, 1081))
    pictures = []
    for seed, (width, height) in enumerate(shapes, 21):
        rows = np.arange(height) * golden.SIZE // height
        columns = np.arange(width) * golden.SIZE // width
        pixels = drawn("scene", seed).pixels[rows][:, columns]
        pictures.append(Picture(f"{width}x{height}", pixels, is_photo_like=True))
    return pictures


def photographs(folder: Path) -> tuple[list[Picture], list[Refused]]:
    """Up to `PHOTOS_MAX` photographs in a folder and those below it, evenly taken in the order of names.

    Raises:
        ConfigError: there is no such folder, or no photograph in it.
    """
    found = pictures_below(folder)
    if not found:
        raise ConfigError(
            f"There are no photographs ({', '.join(sorted(SUFFIXES))}).",
            where=f"--photos {folder}",
            hint="Name a folder that holds some.",
        )
    count = min(len(found), PHOTOS_MAX)
    read: list[Picture] = []
    refused: list[Refused] = []
    for path in (found[i * len(found) // count] for i in range(count)):
        name = f"photo/{path.relative_to(folder).as_posix()}"
        try:
            contents = path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"The photograph cannot be read ({error.strerror}).", where=str(path), hint="Remove it."
            ) from error
        try:
            read.append(Picture(name, open_picture(contents, name), is_photo_like=True, contents=contents))
        except SourceError as error:
            refused.append(Refused(name, contents, error.what))
    return read, refused


# ---- training ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """A head to be trained on drawn features."""

    name: str
    counts: tuple[int, ...]
    """Examples of each class."""
    settings: HeadSettings
    seed: int
    """Of the features."""

    @property
    def classes(self) -> int:
        """How many."""
        return len(self.counts)


STEP_TASKS = (
    Task("two", (6, 6), HeadSettings(hidden=16, seed=11), seed=101),
    Task("three-uneven", (13, 4, 5), HeadSettings(hidden=16, seed=12), seed=102),
    Task("ten", (3,) * 10, HeadSettings(hidden=16, seed=13), seed=103),
    Task("one-batch", (3, 4), HeadSettings(hidden=16, batch=50, epochs=20, seed=14), seed=104),
    Task("full-width", (4, 3), HeadSettings(hidden=128, epochs=4, seed=15), seed=105),
)
"""Followed step by step. 22 examples in batches of 5 leave a short last one of 2."""

TRAINING_TASKS = (
    Task("two", (30, 30), HeadSettings(seed=1), seed=201),
    Task("three", (25, 15, 20), HeadSettings(seed=2), seed=202),
    Task("ten", (6,) * 10, HeadSettings(seed=3), seed=203),
)
"""Trained from start to end by every implementation on its own."""

ORDER_TASKS = (
    Task("seed-1", (12, 11), HeadSettings(hidden=1, epochs=4, seed=1), seed=301),
    Task("seed-4294967295", (5, 9, 4), HeadSettings(hidden=1, epochs=4, batch=4, seed=2**32 - 1), seed=302),
)
INIT_SHAPES = ((128, 3, 1), (7, 10, 2**32 - 1))
"""Hidden units, classes, seed."""

FIXED_CLASSES, FIXED_HIDDEN, FIXED_SEED = 3, 128, 9
ASKED = 40
"""Feature vectors that no run has seen, of which probabilities are asked besides those it was trained on."""


@dataclass(frozen=True)
class Examples:
    """What a task is trained on, and what it is asked afterwards."""

    features: Float32
    """`[n, F]`, in the order of class."""
    labels: Labels
    """`[n]`"""
    asked: Float32
    """`[n + ASKED, F]`: what it was trained on, then vectors it has not seen."""


@lru_cache(maxsize=16)
def examples(task: Task, width: int) -> Examples:
    """Features like a backbone's, hard-swish of noise about a centre per class, from the task's seed."""
    labels = np.repeat(np.arange(task.classes), task.counts)
    of_all = np.concatenate([labels, np.arange(ASKED) % task.classes])
    random = Xoshiro128(task.seed)
    # Centres lie close together, so that vectors never seen get probabilities far from 0 and 1.
    centres = _uniform(random, task.classes, width) * 0.15
    before = centres[of_all] + _uniform(random, len(of_all), width)
    features = (before * np.clip(before + 3, 0, 6) / 6).astype(np.float32)
    return Examples(features[: len(labels)], labels, features)


def _uniform(random: Xoshiro128, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Uniform values of unit variance, `[rows, columns]`."""
    draws = np.array([random.uniform() for _ in range(rows * columns)])
    values: npt.NDArray[np.float64] = (2 * draws - 1) * np.sqrt(3)
    return values.reshape(rows, columns)


@lru_cache(maxsize=16)
def start_weights(task: Task, width: int) -> Weights:
    """What the task's training starts from; not to be changed."""
    return initial_weights(width, task.settings.hidden, task.classes, task.settings.seed)


@lru_cache(maxsize=2)
def fixed_head(width: int) -> Weights:
    """The head of the rows from pixels to probabilities; its answers are far from certain."""
    return initial_weights(width, FIXED_HIDDEN, FIXED_CLASSES, FIXED_SEED)


# ---- classes in the page -----------------------------------------------------------------------

CLASS_IDS = ("zebra", "empty", "apple", "mango")
"""In display order: neither sorted, nor each with examples."""
CLASS_SETTINGS = HeadSettings(hidden=32, epochs=8, batch=5, seed=6)
_TINTS = {"zebra": (255, 110, 90), "apple": (90, 255, 110), "mango": (110, 90, 255)}


def class_pictures() -> list[tuple[str, Picture]]:
    """Examples in the order of adding, which is not the order of their classes."""
    ids: Sequence[str] = ("mango", "zebra", "zebra", "apple", "mango", "apple", "zebra", "mango", "apple")
    pictures = []
    for number, class_id in enumerate(ids):
        scene = drawn("scene", 41 + number).pixels.astype(np.uint16)
        tinted = (scene * np.array(_TINTS[class_id], np.uint16) // 255).astype(np.uint8)
        pictures.append((class_id, Picture(f"{class_id}-{number}", tinted, is_photo_like=True)))
    return pictures
