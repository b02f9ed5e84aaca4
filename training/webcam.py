"""A simulated webcam: somebody with an empty hand, a telephone or a cup, in a room.

Photographs give the room's wall, the clothes and the prints on things; everything else is drawn here,
and by other code than the images that the network is trained on. For every seed there are frames to
teach with, frames of the same scene later (moved, shifted, in another light), and frames in the same
room of somebody else with another telephone and another cup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from onthefly_studio.pictures.open import open_picture
from onthefly_studio.project.folders import pictures_below

WIDTH, HEIGHT = 480, 360
CLASSES = ("nothing", "phone", "cup")
_SCALE = 8
"""OpenCV takes fractions of a pixel as eighths."""
Frame = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]


class Frames(NamedTuple):
    """Frames `[360, 480, 3]` and the number of the class of each."""

    frames: list[Frame]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Cast:
    """Somebody, and what belongs to them."""

    skin: Points
    hair: Points
    hair_length: float
    head: Points
    shoulders: float
    shirt: Frame
    phone: Frame
    phone_size: Points
    phone_colour: Points
    cup: Frame
    cup_size: Points
    cup_colour: Points
    handle: int
    """The side that the cup's handle is on, -1 or 1."""


@dataclass(frozen=True)
class _Circumstances:
    """What changes between sittings: where somebody sits and in which light."""

    place: Points
    size: float
    camera: Points
    light: Points
    from_side: float
    grain: float


def _colour(rng: np.random.Generator, low: float = 0.1, high: float = 0.95) -> Points:
    return np.asarray(rng.uniform(low, high, 3) * 255)


def _print(rng: np.random.Generator, photos: Sequence[Path], height: int, width: int) -> Frame:
    """A piece of a photograph."""
    photo = open_picture(photos[int(rng.integers(len(photos)))])
    side = int(min(photo.shape[:2]) * rng.uniform(0.3, 0.9))
    y, x = rng.integers(0, photo.shape[0] - side + 1), rng.integers(0, photo.shape[1] - side + 1)
    return np.asarray(cv2.resize(photo[y : y + side, x : x + side], (width, height)), np.uint8)


def _cast(rng: np.random.Generator, photos: Sequence[Path]) -> _Cast:
    tone = rng.uniform(0.35, 1)
    shirt = _print(rng, photos, HEIGHT, WIDTH)
    if rng.random() < 0.5:  # a plain one
        shirt = (0.15 * shirt + 0.85 * _colour(rng)).astype(np.uint8)
    return _Cast(
        skin=np.array([240.0, 195, 165]) * tone,
        hair=_colour(rng, 0.05, 0.5),
        hair_length=rng.uniform(0.2, 1.6),
        head=np.array([rng.uniform(40, 52), rng.uniform(54, 66)]),
        shoulders=rng.uniform(85, 125),
        shirt=shirt,
        phone=_print(rng, photos, HEIGHT, WIDTH),
        phone_size=np.array([rng.uniform(26, 35), rng.uniform(48, 64)]),
        phone_colour=_colour(rng, 0, 0.4) if rng.random() < 0.7 else _colour(rng),
        cup=_print(rng, photos, HEIGHT, WIDTH),
        cup_size=np.array([rng.uniform(30, 41), rng.uniform(34, 50)]),
        cup_colour=_colour(rng, 0.5, 1) if rng.random() < 0.6 else _colour(rng),
        handle=int(rng.choice([-1, 1])),
    )


def _circumstances(rng: np.random.Generator, apart: float) -> _Circumstances:
    """How a sitting differs from the plain one; `apart` says how much."""
    return _Circumstances(
        place=rng.normal(0, [12, 5]) * apart,
        size=float(np.exp(rng.normal(0, 0.05 * apart))),
        camera=rng.normal(0, 6, 2) * apart,
        light=np.exp(rng.normal(0, 0.16 * apart) + rng.normal(0, 0.05 * apart, 3)),
        from_side=rng.normal(0, 0.2 * apart),
        grain=rng.uniform(2, 6),
    )


def _room(rng: np.random.Generator, photos: Sequence[Path]) -> Frame:
    """A wall out of focus, with a picture on it and a piece of furniture; wider than the frame."""
    height, width = HEIGHT + 80, WIDTH + 80
    wall = cv2.GaussianBlur(_print(rng, photos, height, width), (0, 0), 9).astype(np.float64)
    wall = 0.4 * wall + 0.6 * _colour(rng, 0.35, 0.95)
    for _ in range(3):
        w, h = int(rng.uniform(50, 130)), int(rng.uniform(40, 150))
        x, y = int(rng.uniform(0, width - w)), int(rng.uniform(0, height - h))
        wall[y : y + h, x : x + w] = _print(rng, photos, h, w) if rng.random() < 0.5 else _colour(rng)
    return np.asarray(cv2.GaussianBlur(wall, (0, 0), 2.0).clip(0, 255), np.uint8)


class _Painter:
    """Draws outlines given relative to somebody's place and size."""

    def __init__(self, frame: Frame, origin: Points, size: float) -> None:
        self.image = frame.astype(np.float64)
        self._origin, self._size = origin, size

    def fill(self, outline: Points, material: Points | Frame, shade: float = 0.0) -> None:
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        points = (outline * self._size + self._origin) * _SCALE
        cv2.fillPoly(mask, [points.astype(np.int32)], 255, cv2.LINE_AA, 3)
        x, y, w, h = cv2.boundingRect(mask)
        if not w or not h:
            return
        at = np.s_[y : y + h, x : x + w]
        cover = mask[at][..., None] / 255
        colour = np.asarray(material[at] if material.ndim == 3 else material, np.float64)
        if shade:  # darker towards the rim
            depth = cv2.distanceTransform((mask[at] > 127).astype(np.uint8), cv2.DIST_L2, 3)
            colour = colour * (1 - shade * np.exp(-depth / (6 * self._size)))[..., None]
        self.image[at] = self.image[at] * (1 - cover) + colour * cover


def _oval(centre: Points, half: Points, angle: float = 0.0) -> Points:
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return _turned(np.stack([half[0] * np.cos(t), half[1] * np.sin(t)], 1), angle) + centre


def _rectangle(centre: Points, half: Points, angle: float) -> Points:
    return _turned(np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]]) * half, angle) + centre


def _turned(points: Points, angle: float) -> Points:
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[c, s], [-s, c]]))


def _tube(start: Points, end: Points, first: float, second: float) -> Points:
    along = (end - start) / (np.linalg.norm(end - start) + 1e-9)
    across = np.array([-along[1], along[0]])
    t = np.linspace(-np.pi / 2, np.pi / 2, 8)
    cap = end + second * (np.cos(t)[:, None] * along + np.sin(t)[:, None] * across)
    foot = start - first * (np.cos(t)[:, None] * along + np.sin(t)[:, None] * across)
    return np.concatenate([cap, foot])


def _frame(rng: np.random.Generator, room: Frame, cast: _Cast, sitting: _Circumstances, held: str) -> Frame:
    """One frame: somebody moves a little, and so do hand and light."""
    shift = np.round(sitting.camera + rng.normal(0, 1, 2)).clip(-39, 39).astype(int) + 40
    view = room[shift[1] : shift[1] + HEIGHT, shift[0] : shift[0] + WIDTH]
    origin = np.array([WIDTH / 2, 150.0]) + sitting.place + rng.normal(0, [12, 6])
    painter = _Painter(view, origin, sitting.size * float(np.exp(rng.normal(0, 0.03))))
    lean, nod = rng.normal(0, 5), rng.normal(0, 0.07)
    head = np.array([lean, rng.normal(0, 3)])
    painter.fill(_oval(head + [0, -8], cast.head * 1.15, nod), cast.hair, 0.3)
    if cast.hair_length > 0.8:
        long = np.array([cast.head[0] * 2.2, cast.head[1] * cast.hair_length]) / 2
        painter.fill(_rectangle(head + [0, 30], long, nod), cast.hair, 0.3)
    s = cast.shoulders
    top = cast.head[1] + 22
    trunk = [
        [-s * 0.4, top],
        [s * 0.4, top],
        [s, top + 28],
        [s * 0.95, 330],
        [-s * 0.95, 330],
        [-s, top + 28],
    ]
    painter.fill(np.array(trunk, float), cast.shirt, 0.4)
    painter.fill(_rectangle(head / 2 + [0, cast.head[1]], np.array([17.0, 24]), 0), cast.skin * 0.85)
    painter.fill(_oval(head, cast.head, nod), cast.skin, 0.3)
    painter.fill(_oval(head + [0, -cast.head[1] * 0.8], cast.head * [0.95, 0.35], nod), cast.hair)
    for side in (-1, 1):
        painter.fill(_oval(head + [side * cast.head[0] * 0.4, -6], np.array([6.0, 4]), nod), np.zeros(3) + 30)
    painter.fill(
        _oval(head + [0, cast.head[1] * 0.5], np.array([14.0, 4]), nod), cast.skin * [0.75, 0.5, 0.5]
    )

    shoulder = np.array([s * 0.9, top + 45])
    elbow = shoulder + [rng.normal(12, 6), rng.normal(85, 6)]
    hand = np.array([s * 0.72, top + 45]) + rng.normal(0, [11, 12])
    painter.fill(_tube(shoulder, elbow, 27, 22), cast.shirt, 0.4)
    painter.fill(_tube(elbow, hand + [0, 22], 22, 14), cast.shirt * np.float64(0.9), 0.4)
    tilt = rng.normal(0, 0.16)
    painter.fill(_oval(hand + [0, 8], np.array([17.0, 21]), tilt), cast.skin, 0.25)
    if held == "phone":
        _phone(painter, cast, hand + rng.normal(0, 3, 2), tilt + rng.normal(0, 0.12))
    elif held == "cup":
        _cup(painter, cast, hand + rng.normal(0, 3, 2), tilt * 0.5)
    spread = rng.uniform(0.8, 1.15)
    for k in range(4):
        knuckle = hand + _turned(np.array([[-15.0, -10 + 8 * k]]), tilt)[0]
        if held == "nothing":
            knuckle = hand + _turned(np.array([[(k - 1.5) * 9, -8.0]]), tilt)[0]
            tip = knuckle + _turned(np.array([[(k - 1.5) * 6 * spread, -29.0 + 3 * abs(k - 1.5)]]), tilt)[0]
        else:
            tip = knuckle + _turned(np.array([[12.0 * spread, 0]]), tilt)[0]
        painter.fill(_tube(knuckle, tip, 5, 4.5), cast.skin * 0.95, 0.2)
    return _lit(rng, painter.image, sitting)


def _phone(painter: _Painter, cast: _Cast, hand: Points, tilt: float) -> None:
    centre = hand + [0, -22]
    painter.fill(_rectangle(centre, cast.phone_size, tilt), cast.phone_colour, 0.2)
    screen = 0.7 * cast.phone.astype(np.float64) + 60
    painter.fill(_rectangle(centre, cast.phone_size * [0.88, 0.85], tilt), screen.astype(np.uint8))


def _cup(painter: _Painter, cast: _Cast, hand: Points, tilt: float) -> None:
    centre = hand + [0, -14]
    w, h = cast.cup_size
    ring = _oval(np.zeros(2), np.array([w * 0.6, h * 0.55]))
    handle = np.concatenate([ring, ring[:1], ring[::-1] * 0.62, ring[:1] * 0.62]) + [cast.handle * w, 0]
    painter.fill(_turned(handle, tilt) + centre, cast.cup_colour * 0.9)
    body = np.array([[-w, -h], [w, -h], [w * 0.8, h], [-w * 0.8, h]])
    painter.fill(_turned(body, tilt) + centre, cast.cup_colour, 0.35)
    label = np.array([[-w * 0.6, -h * 0.4], [w * 0.6, -h * 0.4], [w * 0.55, h * 0.4], [-w * 0.55, h * 0.4]])
    painter.fill(_turned(label, tilt) + centre, cast.cup)
    rim = _oval(np.array([0, -h]), np.array([w, w * 0.25]))
    painter.fill(_turned(rim, tilt) + centre, cast.cup_colour * 0.55)


def _lit(rng: np.random.Generator, image: Points, sitting: _Circumstances) -> Frame:
    across = np.linspace(-1, 1, WIDTH)[None, :, None]
    light = sitting.light * np.exp(rng.normal(0, 0.03)) * (1 + sitting.from_side * across)
    grain = rng.normal(0, sitting.grain, (HEIGHT, WIDTH, 1))
    return np.asarray((image * light + grain).clip(0, 255), np.uint8)


def simulate(photos: Path, seed: int, per_class: int) -> tuple[Frames, Frames, Frames]:
    """Frames to teach with, of the same scene later, and of somebody else with other things.

    Args:
        photos: a folder with photographs, at any depth.
        seed: chooses room, people, things and light.
        per_class: frames of each class in each part.
    """
    files = pictures_below(photos)
    if not files:
        raise SystemExit(f"{photos}: there are no photographs in it")
    rng = np.random.default_rng([50, seed])
    room = _room(rng, files)
    one, another = _cast(rng, files), _cast(rng, files)
    return (
        _sitting(rng, room, one, 0.0, per_class),
        _sitting(rng, room, one, 1.0, per_class),
        _sitting(rng, room, another, 1.0, per_class),
    )


def _sitting(rng: np.random.Generator, room: Frame, cast: _Cast, apart: float, per_class: int) -> Frames:
    circumstances = _circumstances(rng, apart)
    frames = [_frame(rng, room, cast, circumstances, held) for held in CLASSES for _ in range(per_class)]
    return Frames(frames, np.repeat(np.arange(len(CLASSES)), per_class))
