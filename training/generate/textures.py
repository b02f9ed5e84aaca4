"""Texture programs: each class is a recipe with its own frequencies, colours and randomness.

A pool of finished instances is made once and read by every scene: drawing textures afresh for each
image would cost more than the image.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.generate.basics import Floats, Pixels, Points, Rng, noise, palette, rng_of

CLASSES = 400
INSTANCES = 8
SIZE = 160
_PROGRAMS = 10_000
_POOL = 3


@dataclass(frozen=True)
class Program:
    """What all instances of one texture class have in common."""

    kind: int
    colours: Points
    recoloured: bool
    """Whether each instance brings colours of its own."""
    orientation: float
    any_direction: bool
    hard: bool
    frequency: float
    smoothness: int
    warp: float
    aspect: float
    a: float
    b: float
    c: float
    seed: int


def program(number: int) -> Program:
    """The texture class of a number."""
    rng = rng_of(_PROGRAMS, number)
    return Program(
        kind=int(rng.integers(len(_KINDS))),
        colours=palette(rng),
        recoloured=bool(rng.random() < 0.25),
        orientation=rng.uniform(0, np.pi),
        any_direction=bool(rng.random() < 0.3),
        hard=bool(rng.random() < 0.4),
        frequency=float(np.exp(rng.uniform(np.log(3), np.log(28)))),
        smoothness=int(rng.integers(6)),
        warp=float(rng.choice([0, 0.3, 1, 2.5])),
        aspect=float(np.exp(rng.uniform(-0.7, 0.7))),
        a=rng.random(),
        b=rng.random(),
        c=rng.random(),
        seed=int(rng.integers(1 << 30)),
    )


@dataclass(frozen=True)
class _Instance:
    """One drawing of a program: its own phase, angle and colours."""

    program: Program
    rng: Rng
    colours: Points
    angle: float
    frequency: float
    u: Floats
    v: Floats


_Y, _X = (axis.astype(np.float32) for axis in np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j])


def draw(number: int, rng: Rng) -> Pixels:
    """An instance of a texture class, `[SIZE, SIZE, 3]`."""
    p = program(number)
    if p.recoloured:
        colours = palette(rng, len(p.colours))
    else:
        light = rng.uniform(0.75, 1.25) * rng.uniform(0.88, 1.12, 3)
        colours = np.clip(p.colours * light + rng.normal(0, 0.03, p.colours.shape), 0, 1)
    angle = rng.uniform(0, np.pi) if p.any_direction else p.orientation + rng.normal(0, 0.15)
    frequency = p.frequency * float(np.exp(rng.normal(0, 0.12)))
    u = np.float32(np.cos(angle)) * _X + np.float32(np.sin(angle)) * _Y
    v = np.float32(-np.sin(angle)) * _X + np.float32(np.cos(angle)) * _Y
    image = _KINDS[p.kind](_Instance(p, rng, colours, angle, frequency, u, v))
    if image.ndim == 2:
        image = _colour_ramp(colours, p.hard)[_to_bytes(image)]
    if rng.random() < 0.5:
        image = image * (1 + 0.15 * noise(rng, 3, SIZE, 0.6))[..., None]
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def _colour_ramp(colours: Points, hard: bool) -> Points:
    """Colours for 0 to 255, blended between neighbours, `[256, 3]`."""
    n = len(colours)
    position = np.linspace(0, n - 1, 256)
    left = np.minimum(position.astype(int), n - 2)
    share = position - left
    if hard:
        share = np.clip((share - 0.5) * 6 + 0.5, 0, 1)
    return colours[left] * (1 - share[:, None]) + colours[left + 1] * share[:, None]


def _to_bytes(field: Any) -> Pixels:
    low, high = np.percentile(field[::4, ::4], [2, 98])
    return (np.clip((field - low) / (high - low + 1e-6), 0, 1) * 255).astype(np.uint8)


# ---- the kinds: each returns a field `[SIZE, SIZE]`, or colours `[SIZE, SIZE, 3]` in [0, 1] ------


def _clouds(i: _Instance) -> Any:
    p = i.program
    return noise(i.rng, p.smoothness, SIZE, np.exp(p.a * 2 - 1.2), i.angle, p.aspect * 1.5 ** (p.b * 2 - 1))


def _stripes(i: _Instance) -> Any:
    p = i.program
    bent = p.warp * noise(i.rng, 3 + p.smoothness // 2, SIZE, 0.8)
    field = np.sin(i.frequency * i.u + bent + i.rng.uniform(0, 7))
    if p.a >= 0.5:
        field = np.tanh(4 * field)
    return field + 0.4 * noise(i.rng, p.smoothness, SIZE, 1) if p.b < 0.4 else field


def _grid(i: _Instance) -> Any:
    p = i.program
    bent = p.warp * 0.5 * noise(i.rng, 4, SIZE, 0.7)
    field = np.sin(i.frequency * i.u + bent + i.rng.uniform(0, 7)) * np.sin(
        i.frequency * p.aspect * i.v + bent + i.rng.uniform(0, 7)
    )
    return np.tanh((field - (p.b - 0.5)) * 6) if p.a < 0.5 else field


def _spots(i: _Instance) -> Any:
    p = i.program
    white = i.rng.standard_normal((SIZE, SIZE)).astype(np.float32)
    sigma = 0.7 + p.a * 5
    band = cv2.GaussianBlur(white, (0, 0), sigma) - cv2.GaussianBlur(white, (0, 0), sigma * 1.7)
    return 1 / (1 + np.exp(-(band / band.std() - (p.b - 0.5) * 2) * (2 + 8 * p.c)))


def _cells(i: _Instance) -> Any:
    p = i.program
    count = int(20 + p.a * p.a * 500)
    seeds = np.full((SIZE, SIZE), 255, np.uint8)
    seeds[i.rng.integers(0, SIZE, count), i.rng.integers(0, SIZE, count)] = 0
    distance, label = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    if p.b < 0.5:
        return np.sqrt(distance)
    flat = i.rng.random(int(label.max()) + 1).astype(np.float32)[label]
    return flat if p.c < 0.5 else flat - 0.1 * np.sqrt(distance)


def _network(i: _Instance) -> Any:
    """A small random network from place to colour (a compositional pattern-producing network)."""
    p = i.program
    weights = rng_of(p.seed)
    places = [
        i.u * 2,
        i.v * 2,
        np.hypot(i.u, i.v) * 3 * (p.a > 0.4),
        np.abs(i.u) * 2,
        0.6 * noise(i.rng, 4, SIZE, 0.6),
        np.ones_like(i.u),
    ]
    h = np.stack(places, -1).reshape(-1, len(places)).astype(np.float32)
    for _ in range(3):
        w = weights.normal(0, 1.1, (h.shape[1], 12)).astype(np.float32)
        h = h @ (w * np.float32(1 + i.rng.normal(0, 0.05)))
        h[:, :4] = np.sin(2 * h[:, :4])
        h[:, 4:8] = np.tanh(h[:, 4:8])
        h[:, 8:] = np.exp(-(h[:, 8:] ** 2))
    out = (h @ weights.normal(0, 1, (12, 3)).astype(np.float32)).reshape(SIZE, SIZE, 3)
    return 1 / (1 + np.exp(-out * 1.3)) if p.b < 0.35 else out[..., 0]


def _dead_leaves(i: _Instance) -> Any:
    p, rng = i.program, i.rng
    colours = i.colours * 255
    image = np.empty((SIZE, SIZE, 3), np.uint8)
    image[:] = colours[0]
    size = 3 + p.a * p.a * 26
    count = int(min(420, 2.2 * SIZE * SIZE / size**2))
    x, y = rng.uniform(0, SIZE, (2, count))
    radius = rng.exponential(size * 0.7, count) + 1
    chosen = rng.integers(0, len(colours), count)
    turn = rng.normal(np.degrees(i.angle), 15, count)
    light = rng.uniform(0.8, 1.1, count)
    for k in range(count):
        colour = (colours[chosen[k]] * light[k]).clip(0, 255).tolist()
        box = (
            (float(x[k]), float(y[k])),
            (float(radius[k] * 2), float(radius[k] * 2 * p.aspect**2 + 1)),
            float(turn[k]),
        )
        if p.b < 0.4:
            cv2.circle(image, (int(x[k]), int(y[k])), int(radius[k]), colour, -1, cv2.LINE_AA)
        elif p.b < 0.7:
            cv2.ellipse(image, box, colour, -1, cv2.LINE_AA)
        else:
            cv2.fillConvexPoly(image, cv2.boxPoints(box).astype(np.int32), colour, cv2.LINE_AA)
    return image.astype(np.float32) / 255


def _hairs(i: _Instance) -> Any:
    p, rng = i.program, i.rng
    colours = i.colours * 255
    image = np.empty((SIZE, SIZE, 3), np.uint8)
    image[:] = colours[0]
    count = int(60 + p.c * 240)
    x, y = rng.uniform(0, SIZE, (2, count))
    turn = rng.normal(i.angle, 0.1 + 0.9 * p.c * p.c, count)
    half = (5 + p.a * 60) * rng.uniform(0.5, 1.4, count) / 2
    chosen = rng.integers(0, len(colours), count)
    light = rng.uniform(0.7, 1.1, count)
    dx, dy = half * np.cos(turn), half * np.sin(turn)
    for k in range(count):
        start, end = (int(x[k] - dx[k]), int(y[k] - dy[k])), (int(x[k] + dx[k]), int(y[k] + dy[k]))
        colour = (colours[chosen[k]] * light[k]).clip(0, 255).tolist()
        cv2.line(image, start, end, colour, 1 + int(p.b * 4), cv2.LINE_AA)
    return image.astype(np.float32) / 255


def _fractal(i: _Instance) -> Any:
    density = fractal(i.program.seed, i.rng, SIZE, 12_000)
    return np.log1p(density + cv2.GaussianBlur(density, (0, 0), 2 + 4 * i.program.a) * 2)


_KINDS: tuple[Callable[[_Instance], Any], ...] = (
    _clouds,
    _stripes,
    _grid,
    _spots,
    _cells,
    _network,
    _dead_leaves,
    _hairs,
    _fractal,
)


def fractal(seed: int, rng: Rng, size: int, count: int) -> Floats:
    """Points of an iterated function system, counted per pixel, `[size, size]`.

    Args:
        seed: of the system's maps.
        rng: jitters the maps and walks the points.
        size: pixels.
        count: points times the steps that are kept.
    """
    maps_rng = rng_of(seed)
    number = int(maps_rng.integers(2, 5))
    linear = []
    for _ in range(number):
        matrix = maps_rng.uniform(-1, 1, (2, 2))
        largest = np.linalg.svd(matrix, compute_uv=False)[0]
        linear.append(matrix / (largest + 1e-9) * maps_rng.uniform(0.45, 0.85))
    shift = maps_rng.uniform(-1, 1, (number, 2))
    maps = np.array(linear) * (1 + rng.normal(0, 0.03, (number, 2, 2)))
    chance = np.abs(np.linalg.det(maps)) + 0.05
    chance /= chance.sum()
    points = np.zeros((count // 20, 2))
    kept = []
    for step in range(28):
        chosen = rng.choice(number, len(points), p=chance)
        points = np.einsum("nij,nj->ni", maps[chosen], points) + shift[chosen]
        if step > 7:
            kept.append(points)
    cloud = np.concatenate(kept)
    low, high = np.percentile(cloud, [1, 99], axis=0)
    cloud = (cloud - (low + high) / 2) / ((high - low).max() + 1e-6) * 0.92 + 0.5
    cell = (cloud * size).astype(int)
    inside = ((cell >= 0) & (cell < size)).all(axis=1)
    density = np.zeros((size, size), np.float32)
    np.add.at(density, (cell[inside, 1], cell[inside, 0]), 1)
    return density


# ---- the pool ------------------------------------------------------------------------------------


class Textures:
    """The pool of finished instances, `[classes, INSTANCES, SIZE, SIZE, 3]`."""

    def __init__(self, pool: Pixels) -> None:
        self._pool = pool
        self.classes = len(pool)

    def swatch(self, rng: Rng, number: int, size: int) -> Pixels:
        """A random window of a random instance of a class, `[size, size, 3]`."""
        image = self._pool[number, rng.integers(INSTANCES)]
        window = max(24, min(SIZE, int(size * np.exp(rng.uniform(-0.5, 0.35)))))
        x, y = rng.integers(0, SIZE - window + 1, 2)
        how = cv2.INTER_LINEAR if window < size else cv2.INTER_AREA
        swatch: Pixels = cv2.resize(image[y : y + window, x : x + window], (size, size), interpolation=how)
        return swatch

    def any(self, rng: Rng, size: int) -> Pixels:
        """A window of any class."""
        return self.swatch(rng, int(rng.integers(self.classes)), size)


def _instances(number: int) -> Pixels:
    return np.stack([draw(number, rng_of(_POOL, number, k)) for k in range(INSTANCES)])


def pool(folder: Path, classes: int = CLASSES, workers: int = 2) -> Textures:
    """The pool, from its file in a folder; made where it is not there yet."""
    file = folder / f"textures-{classes}.npy"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(workers) as processes:
            made = np.stack(list(processes.map(_instances, range(classes), chunksize=4)))
        partial = file.with_suffix(f".{os.getpid()}.npy")
        np.save(partial, made)
        partial.replace(file)
    return Textures(np.load(file, mmap_mode="r"))
