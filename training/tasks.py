"""Few-shot tasks made of generated scenes, to choose settings by without looking at a photograph.

A task is like somebody at a webcam: one room and one light, some classes, and in each frame a small change
of view. Classes are hands with fingers shut in some ways, objects of programs that no training draws (of
materials of their own, or all of the same), everyday things, and somebody holding one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.generate import figures
from training.generate.basics import Floats, Pixels, Rng, rng_of, rotation
from training.generate.scenes import (
    Canvas,
    Light,
    backdrop,
    clutter,
    draw,
    gradient,
    material,
    render_thing,
    room,
)
from training.generate.shapes import EVERYDAY, LABELS, MATERIALS, NOTHING, PROGRAMS, Part, instance
from training.generate.textures import Textures, pool

KINDS = ("hands", "objects", "shapes", "everyday", "held", "anywhere", "anybody")
FRAMES = 40
"""Of each class."""
SIZE = 224
_SCENE = 192
_TASKS = 90
_NEW_PROGRAMS = 5000
"""Objects from this number on are in no recipe."""
_LAYOUT = (255.0, 0.0, 0.0)
assert LABELS < _NEW_PROGRAMS


class _Setting:
    """A room, materials and a light that stay."""

    def __init__(self, textures: Textures, kind: int, task: int) -> None:
        self.rng = rng_of(_TASKS, kind, task)
        self.textures = textures
        self._room = Canvas(np.zeros((_SCENE, _SCENE, 3), np.float32))
        if self.rng.random() < 0.75:
            room(self._room, self.rng, textures)
        else:
            self._room.image[:] = backdrop(self.rng, textures, _SCENE)
            clutter(self._room, self.rng, textures)
        self._light = Light.any(self.rng)

    def frame(self, rng: Rng, parts: list[Part], materials: list[Floats], scale: float = 1.0) -> Pixels:
        """Something in the room, seen from a slightly different place in a slightly different light."""
        canvas = Canvas(self._room.image.copy())
        matrix, shift = np.eye(2) * _SCENE / 2, np.full(2, _SCENE / 2)
        if scale < 1:
            matrix = matrix * scale @ rotation(rng.normal(0, 0.3))
            shift = shift + rng.normal(0, 0.1 * _SCENE, 2)
        draw(canvas, rng, parts, (matrix, shift), materials, [_LAYOUT] * len(materials), self._light)
        zoom, turn = float(np.exp(rng.normal(0, 0.05))), float(np.degrees(rng.normal(0, 0.04)))
        view = cv2.getRotationMatrix2D((_SCENE / 2, _SCENE / 2), turn, zoom)
        view[:, 2] += rng.normal(0, 0.03 * _SCENE, 2)
        seen = cv2.warpAffine(canvas.image, view, (_SCENE, _SCENE), borderMode=cv2.BORDER_REFLECT_101)
        seen = seen * np.exp(rng.normal(0, 0.1)) * np.exp(rng.normal(0, 0.03, 3))
        seen = seen + rng.normal(0, 4, (_SCENE, _SCENE, 1))
        return cv2.resize(seen.clip(0, 255).astype(np.uint8), (SIZE, SIZE))

    def swatches(self, count: int) -> list[Floats]:
        """Materials."""
        return [self.textures.any(self.rng, _SCENE).astype(np.float32) for _ in range(count)]

    def body(self) -> list[Floats]:
        """The materials of somebody."""
        materials = [material(self.rng, self.textures, _SCENE) for _ in range(figures.MATERIALS)]
        materials[figures.SKIN] = gradient(self.rng, figures.skin(self.rng), _SCENE)
        materials[figures.DARK] = np.full((_SCENE, _SCENE, 3), 30, np.float32)
        return materials


def _hands(setting: _Setting, rng: Rng) -> list[list[Pixels]]:
    materials = setting.body()
    classes = [(int(c) >> np.arange(5)) & 1 > 0 for c in rng.permutation(32)[:8]]
    return [
        [setting.frame(rng, figures.close_up(rng, shut).parts, materials) for _ in range(FRAMES)]
        for shut in classes
    ]


def _objects(setting: _Setting, rng: Rng, own: bool) -> list[list[Pixels]]:
    shared = setting.swatches(MATERIALS)
    classes = []
    for number in _NEW_PROGRAMS + rng.permutation(10_000)[:6]:
        materials = setting.swatches(MATERIALS) if own else shared
        classes.append(
            [
                setting.frame(rng, instance(int(number), rng), materials, rng.uniform(0.5, 0.9))
                for _ in range(FRAMES)
            ]
        )
    return classes


def _everyday(setting: _Setting, rng: Rng) -> list[list[Pixels]]:
    materials = setting.swatches(MATERIALS)
    things = [make(rng) for make in EVERYDAY]
    return [
        [setting.frame(rng, parts, materials, rng.uniform(0.5, 0.9)) for _ in range(FRAMES)]
        for parts in things
    ]


def _held(setting: _Setting, rng: Rng) -> list[list[Pixels]]:
    """Nothing, or one of three everyday things, in the hand of somebody who moves."""
    materials = setting.body()
    frames: dict[int, list[Pixels]] = {label: [] for label in (NOTHING, PROGRAMS, PROGRAMS + 1, PROGRAMS + 2)}
    while min(map(len, frames.values())) < FRAMES:
        figure = figures.person(rng)
        if len(frames.get(figure.held, [()] * FRAMES)) < FRAMES:
            frames[figure.held].append(setting.frame(rng, figure.parts, materials))
    return list(frames.values())


def _anywhere(setting: _Setting, rng: Rng) -> list[list[Pixels]]:
    """Objects of which every frame shows another one, of other materials, before something else."""
    return [
        [_at_random(setting, rng, int(number), is_held=False) for _ in range(FRAMES)]
        for number in _NEW_PROGRAMS + rng.permutation(10_000)[:4]
    ]


def _anybody(setting: _Setting, rng: Rng) -> list[list[Pixels]]:
    """Nothing, or an everyday thing, in the hand of somebody else in every frame."""
    labels = (NOTHING, PROGRAMS, PROGRAMS + 1, PROGRAMS + 2)
    return [[_at_random(setting, rng, label, is_held=True) for _ in range(FRAMES)] for label in labels]


def _at_random(setting: _Setting, rng: Rng, label: int, is_held: bool) -> Pixels:
    scene = render_thing(setting.textures, rng, _SCENE, label, is_held)
    return cv2.resize(scene.image, (SIZE, SIZE))


_MAKE: dict[str, Callable[[_Setting, Rng], list[list[Pixels]]]] = {
    "hands": _hands,
    "objects": lambda setting, rng: _objects(setting, rng, own=True),
    "shapes": lambda setting, rng: _objects(setting, rng, own=False),
    "everyday": _everyday,
    "held": _held,
    "anywhere": _anywhere,
    "anybody": _anybody,
}


def task(folder: Path, kind: str, number: int) -> tuple[Pixels, npt.NDArray[np.int64]]:
    """The images `[n, 224, 224, 3]` of a task, and their classes.

    Args:
        folder: where the pool of textures is, or will be.
        kind: one of `KINDS`.
        number: of the task.
    """
    key = KINDS.index(kind)
    setting = _Setting(pool(folder), key, number)
    classes = _MAKE[kind](setting, rng_of(_TASKS + 1, key, number))
    return np.concatenate([np.stack(frames) for frames in classes]), np.repeat(
        np.arange(len(classes)), FRAMES
    )
