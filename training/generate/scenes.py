"""Whole scenes: an object before a texture, or a figure in a room, with what the program knows of it.

Besides the pixels a scene tells its layout, for free and exactly: what is foreground, what is held (or
a detail), and how near each place is. Training asks for these too.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.generate import figures
from training.generate.basics import TAU, Floats, Pixels, Points, Rng, palette, rng_of, rotation
from training.generate.shapes import EVERYDAY, MATERIALS, PROGRAMS, Part, primitive, thing
from training.generate.textures import Textures, fractal

FIGURE_SHARE = 0.3
HAND_SHARE = 0.08
_SCENES = 20
_MATERIALS_OF = 78
_SUBPIXEL_BITS = 3


@dataclass(frozen=True)
class Scene:
    """An image, its layout, and the label of the thing that is shown or held."""

    image: Pixels
    """`[s, s, 3]`."""
    layout: Pixels
    """`[s, s, 3]`: foreground; held or detail; nearness."""
    label: int
    """Below `shapes.LABELS`; -1 where there is none."""


class Canvas:
    """An image in the making, with its layout."""

    def __init__(self, background: Floats) -> None:
        self.image = background
        self.size = len(background)
        self.layout = np.zeros((self.size, self.size, 3), np.float32)

    def fill(self, outline: Points) -> Pixels:
        """The coverage of an outline given in pixels, `[s, s]`."""
        mask = np.zeros((self.size, self.size), np.uint8)
        points = np.clip(outline, -2 * self.size, 3 * self.size) * (1 << _SUBPIXEL_BITS)
        cv2.fillPoly(mask, [points.astype(np.int32)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        return mask

    def paint(self, mask: Pixels, colour: Floats, layout: tuple[float, float, float]) -> None:
        """Blend a material (`[s, s, 3]`) and its layout over the image."""
        x, y, w, h = cv2.boundingRect(mask)
        if w < 1 or h < 1:
            return
        at = np.s_[y : y + h, x : x + w]
        cover = mask[at].astype(np.float32)[..., None] / 255
        self.image[at] += (colour[at] - self.image[at]) * cover
        self.layout[at] += (np.array(layout, np.float32) - self.layout[at]) * cover


@dataclass(frozen=True)
class Light:
    """From where a scene is lit, and how its parts show it."""

    direction: Points
    shaded: bool
    gloss: float
    shadow: bool

    @staticmethod
    def any(rng: Rng) -> Light:
        angle = rng.uniform(0, TAU)
        direction = np.array([np.cos(angle), np.sin(angle)])
        return Light(direction, rng.random() < 0.65, rng.uniform(0.25, 0.9), rng.random() < 0.4)

    def relief(self, mask: Pixels, colour: Floats) -> Floats:
        """The material as if the part bulged towards the viewer; within the part's bounding box."""
        x, y, w, h = cv2.boundingRect(mask)
        at = np.s_[y : y + h, x : x + w]
        inside = (cv2.copyMakeBorder(mask[at], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0) > 127).astype(
            np.uint8
        )
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
        height = cv2.GaussianBlur(np.sqrt(depth * 2 * max(float(depth.max()), 1)), (5, 5), 0)
        slope = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125) * self.direction[0]
        slope = slope + cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125) * self.direction[1]
        slope = slope / np.sqrt(1 + slope * slope)
        lit = colour[at] * (1 - self.gloss * 0.6 * slope)[..., None]
        if self.gloss > 0.6:
            lit = lit + (np.clip(-slope - 0.6, 0, 1) * 120)[..., None]
        whole = colour.copy()
        whole[at] = lit
        return whole

    def cast(self, canvas: Canvas, mask: Pixels) -> None:
        """Darken what lies behind a part."""
        dx, dy = (int(-d * canvas.size * 0.04) for d in self.direction)
        moved = cv2.warpAffine(mask, np.array([[1, 0, -dx], [0, 1, -dy]], np.float32), mask.shape[::-1])
        soft = cv2.GaussianBlur(moved, (0, 0), canvas.size * 0.02).astype(np.float32)
        canvas.image *= (1 - 0.45 / 255 * soft)[..., None]


def gradient(rng: Rng, colours: Points, size: int) -> Floats:
    """Two colours blended in a random direction, `[size, size, 3]` in [0, 255]."""
    angle = rng.uniform(0, TAU)
    line = np.linspace(-1, 1, size, dtype=np.float32)
    share = np.clip(0.5 + 0.5 * (np.cos(angle) * line[None] + np.sin(angle) * line[:, None]), 0, 1)[..., None]
    blended: Floats = ((colours[0] * (1 - share) + colours[1] * share) * 255).astype(np.float32)
    return blended


def backdrop(rng: Rng, textures: Textures, size: int) -> Floats:
    """A texture, sharp or blurred, or a plain wall."""
    r = rng.random()
    if 0.35 <= r < 0.5:
        return gradient(rng, palette(rng, 2), size)
    image = textures.any(rng, size)
    if r < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, size / 20))
    elif r < 0.35:
        return image * np.float32(0.15) + np.float32(0.85) * gradient(rng, palette(rng, 2), size)
    return image.astype(np.float32)


def material(rng: Rng, textures: Textures, size: int) -> Floats:
    """A texture, or one colour."""
    if rng.random() < 0.6:
        return textures.any(rng, size).astype(np.float32)
    return np.broadcast_to((palette(rng, 2)[0] * 255).astype(np.float32), (size, size, 3))


def clutter(canvas: Canvas, rng: Rng, textures: Textures) -> None:
    """Things behind."""
    for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.6 else 0):
        s = canvas.size
        outline = primitive(rng) * s * rng.uniform(0.08, 0.4) + rng.uniform(0, s, 2)
        canvas.paint(canvas.fill(outline), material(rng, textures, s), (0, 0, 64))


def _occluders(canvas: Canvas, rng: Rng, textures: Textures) -> None:
    """Things in front, at the rim."""
    for _ in range(int(rng.integers(1, 3)) if rng.random() < 0.25 else 0):
        s, angle = canvas.size, rng.uniform(0, TAU)
        centre = s / 2 + s * 0.5 * np.array([np.cos(angle), np.sin(angle)])
        outline = primitive(rng) * s * rng.uniform(0.1, 0.3) + centre
        canvas.paint(canvas.fill(outline), textures.any(rng, s).astype(np.float32), (0, 0, 255))


def room(canvas: Canvas, rng: Rng, textures: Textures) -> None:
    """A wall with pictures, windows and shelves, a floor or a table; soft, as behind a webcam's focus."""
    s = canvas.size
    canvas.image[:] = gradient(rng, palette(rng, 2), s)
    if rng.random() < 0.3:
        canvas.image[:] = 0.6 * canvas.image + np.float32(0.4) * textures.any(rng, s)
    for _ in range(int(rng.integers(0, 6))):
        width, height = np.exp(rng.uniform(np.log(0.04), np.log(0.35), 2)) * s
        x, y = rng.uniform(0, s), rng.uniform(0, 0.8 * s)
        outline = np.array([[-width, -height], [width, -height], [width, height], [-width, height]])
        mask = canvas.fill(outline + [x, y])
        canvas.paint(mask, material(rng, textures, s), (0, 0, 32))
        if rng.random() < 0.5:
            inner = canvas.fill(outline * rng.uniform(0.75, 0.92) + [x, y])
            canvas.paint(inner, gradient(rng, palette(rng, 2), s), (0, 0, 32))
    if rng.random() < 0.4:
        top = rng.uniform(0.6, 0.95) * s
        tilt = rng.normal(0, 0.03) * s
        floor = np.array([[0, top - tilt], [s, top + tilt], [s, s], [0, s]])
        canvas.paint(canvas.fill(floor), material(rng, textures, s), (0, 0, 64))
    if rng.random() < 0.5:
        canvas.image[:] = cv2.GaussianBlur(canvas.image, (0, 0), rng.uniform(0.5, s / 40))


def _warp(rng: Rng) -> tuple[float, float, Points]:
    return rng.uniform(0, 0.07), rng.uniform(1.5, 4), rng.uniform(0, 7, 4)


def _bend(outline: Points, warp: tuple[float, float, Points]) -> Points:
    """Bend an outline by two low waves."""
    size, frequency, phase = warp
    x, y = outline[:, 0] * frequency, outline[:, 1] * frequency
    shift = [
        np.sin(y + phase[0]) + np.sin(2 * x + phase[1]) * 0.5,
        np.sin(x + phase[2]) + np.sin(2 * y + phase[3]) * 0.5,
    ]
    return outline + size * np.stack(shift, 1)


def draw(
    canvas: Canvas,
    rng: Rng,
    parts: list[Part],
    place: tuple[Points, Points],
    materials: list[Floats],
    layouts: list[tuple[float, float, float]],
    light: Light,
) -> None:
    """Paint parts from back to front; `place` is the matrix and the shift from their units to pixels."""
    matrix, shift = place
    for part in parts:
        if part.fractal is not None:
            density = fractal(part.fractal, rng, 64, 3000)
            cloud = np.clip(cv2.GaussianBlur((density > 0).astype(np.float32), (0, 0), 0.8) * 2, 0, 1)
            to_pixels = np.concatenate([matrix * 2 / 64, (shift - matrix @ [1, 1])[:, None]], 1)
            mask = (cv2.warpAffine(cloud, to_pixels, (canvas.size, canvas.size)) * 255).astype(np.uint8)
        else:
            mask = canvas.fill(part.outline @ matrix.T + shift)
        _, _, w, h = cv2.boundingRect(mask)
        if w < 2 or h < 2:
            continue
        colour = materials[part.material]
        if light.shaded:
            colour = light.relief(mask, colour)
        elif rng.random() < 0.3:
            colour = colour * np.float32(rng.uniform(0.7, 1.2))
        if light.shadow:
            light.cast(canvas, mask)
        canvas.paint(mask, colour, layouts[part.material])


def _object_scene(rng: Rng, textures: Textures, size: int, given: int | None = None) -> tuple[Canvas, int]:
    canvas = Canvas(backdrop(rng, textures, size))
    clutter(canvas, rng, textures)
    label = int(rng.integers(PROGRAMS))
    if rng.random() < 0.08:
        label = PROGRAMS + int(rng.integers(len(EVERYDAY)))
    label = label if given is None else given
    own = rng_of(_MATERIALS_OF, label)
    classes = own.integers(0, textures.classes, MATERIALS)
    turns_freely = own.random() < 0.15
    if rng.random() < 0.35:  # textures that do not tell the class
        classes = rng.integers(0, textures.classes, MATERIALS)
    materials = [textures.swatch(rng, int(c), size).astype(np.float32) for c in classes]
    if rng.random() < 0.3:
        materials = [m * 0.25 + 0.75 * m.mean((0, 1)) for m in materials]
    angle = rng.uniform(0, TAU) if turns_freely else rng.normal(0, 0.3)
    scale = np.exp(rng.uniform(np.log(0.48), np.log(1.2))) * size * 0.5
    aspect = np.exp(rng.normal(0, 0.12))
    matrix = scale * rotation(angle) @ np.array([[aspect, rng.normal(0, 0.1)], [0, 1 / aspect]])
    if label % 2 == 0 and rng.random() < 0.5:
        matrix = matrix @ np.diag([-1.0, 1.0])
    shift = size / 2 + rng.normal(0, 0.35, 2) * max(size / 2 - scale * 0.6, size * 0.08)
    warp = _warp(rng)
    parts = [
        part if part.fractal is not None else Part(_bend(part.outline, warp), part.material)
        for part in thing(label, rng)
    ]
    layouts = [(255.0, 0.0, 170.0), (255.0, 255.0, 200.0), (255.0, 255.0, 220.0)]
    draw(canvas, rng, parts, (matrix, shift), materials, layouts, Light.any(rng))
    return canvas, label


def _figure_scene(rng: Rng, textures: Textures, size: int, figure: figures.Figure) -> tuple[Canvas, int]:
    canvas = Canvas(np.zeros((size, size, 3), np.float32))
    if rng.random() < 0.75:
        room(canvas, rng, textures)
    else:
        canvas.image[:] = backdrop(rng, textures, size)
        clutter(canvas, rng, textures)
    materials = [material(rng, textures, size) for _ in range(figures.MATERIALS)]
    tones = figures.skin(rng) if rng.random() < 0.8 else palette(rng, 2)
    materials[figures.SKIN] = gradient(rng, tones, size)
    materials[figures.HAIR] = materials[figures.HAIR] * np.float32(rng.uniform(0.2, 0.8))
    materials[figures.DARK] = np.full((size, size, 3), rng.uniform(10, 60), np.float32)
    layouts = [(255.0, 0.0, 140.0), (255.0, 0.0, 170.0), (255.0, 0.0, 150.0), (255.0, 0.0, 170.0)]
    layouts += [(255.0, 255.0, 220.0)] * MATERIALS
    half = size / 2
    place = (np.eye(2) * half, np.array([half, half]))
    draw(canvas, rng, figure.parts, place, materials, layouts, Light.any(rng))
    return canvas, figure.held


def render(textures: Textures, rng: Rng, size: int) -> Scene:
    """Draw a scene of `size` x `size` pixels."""
    kind = rng.random()
    if kind < FIGURE_SHARE - HAND_SHARE:
        canvas, label = _figure_scene(rng, textures, size, figures.person(rng))
    elif kind < FIGURE_SHARE:
        canvas, label = _figure_scene(rng, textures, size, figures.close_up(rng))
    else:
        canvas, label = _object_scene(rng, textures, size)
    return _finish(canvas, rng, textures, label)


def render_thing(textures: Textures, rng: Rng, size: int, label: int, is_held: bool) -> Scene:
    """Draw a scene of this thing, as an object or in somebody's hand; of all else nothing is given."""
    if is_held:
        canvas, _ = _figure_scene(rng, textures, size, figures.person(rng, label))
    else:
        canvas, _ = _object_scene(rng, textures, size, label)
    return _finish(canvas, rng, textures, label)


def _finish(canvas: Canvas, rng: Rng, textures: Textures, label: int) -> Scene:
    """What stands before everything, and the light from one side."""
    size = canvas.size
    _occluders(canvas, rng, textures)
    line = np.linspace(-1, 1, size, dtype=np.float32)
    light = (
        1 + rng.uniform(-0.35, 0.35) * line[None, :, None] + rng.uniform(-0.35, 0.35) * line[:, None, None]
    )
    image = np.clip(canvas.image * light, 0, 255).astype(np.uint8)
    return Scene(image, canvas.layout.astype(np.uint8), label)


def scene(textures: Textures, seed: int, stream: int, number: int, size: int) -> Scene:
    """The scene of this number: the same wherever and whenever it is drawn."""
    return render(textures, rng_of(_SCENES, seed, stream, number), size)
