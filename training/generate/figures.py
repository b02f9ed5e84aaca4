"""Figures as a webcam sees them: head, trunk and arms, hands with fingers, something held.

Units: the frame is about [-1, 1]; x to the right, y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.generate.basics import Points, Rng, hsv_to_rgb, rotation
from training.generate.shapes import NOTHING, PROGRAMS, Part, box, ellipse, limb, radial, smooth, thing

CLOTHES, SKIN, HAIR, DARK = 0, 1, 2, 3
HELD = 4
"""Materials from here on belong to what is held."""
MATERIALS = 7
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Figure:
    """Parts from back to front, and the label of what is held."""

    parts: list[Part]
    held: int


def skin(rng: Rng) -> Points:
    """Two shades of one skin, `[2, 3]` in [0, 1]."""
    value = rng.uniform(0.25, 1)
    hue = np.full(2, rng.uniform(0.02, 0.1))
    saturation = np.clip(np.full(2, 0.75 - 0.45 * value + rng.normal(0, 0.07)), 0.05, 0.9)
    return hsv_to_rgb(hue, saturation, np.array([value, value * 0.8]))


def hand(rng: Rng, size: float, shut: Flags | None = None) -> list[Part]:
    """An open, closed or pointing hand; the wrist at the origin, the fingers towards -y.

    Args:
        rng: chooses.
        size: of the hand.
        shut: which fingers are, the thumb last; chosen by default.
    """
    if shut is None:
        shut = rng.random(5) < rng.choice([0.0, 0.3, 0.6, 1.0])
    spread = rng.uniform(0.1, 0.3)
    palm = smooth(box(0.36, 0.42), 2) * [1, rng.uniform(0.85, 1.1)] + [0, -0.45]
    parts = []
    thick = rng.uniform(0.075, 0.11)
    for k in range(4):
        across = (k - 1.5) * 0.2
        length = (0.55, 0.65, 0.6, 0.45)[k] * rng.uniform(0.9, 1.1)
        angle = -np.pi / 2 + (k - 1.5) * spread + rng.normal(0, 0.05)
        bend = rng.normal(0, 0.12)
        if shut[k]:
            length *= rng.uniform(0.25, 0.45)
        start = np.array([across, -0.75])
        outline, _ = limb(start, angle, [(length / 2, 0.0), (length / 2, bend)], thick, thick * 0.8)
        parts.append(Part(outline, SKIN))
    thumb_angle = -np.pi + rng.uniform(0.2, 1.2) if not shut[4] else -np.pi / 2 + rng.uniform(0, 0.6)
    reach = rng.uniform(0.4, 0.55) * (0.6 if shut[4] else 1)
    thumb, _ = limb(
        np.array([-0.25, -0.3]), thumb_angle, [(reach / 2, 0.0), (reach / 2, 0.25)], thick * 1.15, thick * 0.9
    )
    parts += [Part(thumb, SKIN), Part(palm, SKIN)]
    if shut[:4].any():  # folded fingers lie on the palm
        for k in np.flatnonzero(shut[:4]):
            parts.append(Part(ellipse(thick, thick * 1.9, 14) + [(k - 1.5) * 0.19, -0.66], SKIN))
    return [Part(part.outline * size, part.material) for part in parts]


def close_up(rng: Rng, shut: Flags | None = None) -> Figure:
    """A hand held up to the camera, with its forearm."""
    size = rng.uniform(0.55, 0.95)
    turn = rotation(rng.normal(0, 0.45))
    mirrored = rng.choice([-1.0, 1.0])
    arm, _ = limb(np.array([0, 1.8]), -np.pi / 2, [(1.8, rng.normal(0, 0.1))], size * 0.34, size * 0.27)
    parts = [Part(arm, SKIN if rng.random() < 0.6 else CLOTHES), *hand(rng, size, shut)]
    where = np.array([0, 0.45]) + rng.normal(0, 0.15, 2)
    return Figure([Part((p.outline * [mirrored, 1]) @ turn.T + where, p.material) for p in parts], -1)


def person(rng: Rng, given: int | None = None) -> Figure:
    """Somebody in front of the camera, hands down, up, or holding something.

    Args:
        rng: chooses.
        given: the label of what is held; chosen by default.
    """
    head = np.array([rng.normal(0, 0.06), rng.uniform(-0.6, -0.4)])
    width, height = rng.uniform(0.17, 0.23), rng.uniform(0.22, 0.29)
    shoulders = rng.uniform(0.34, 0.52)
    neck_y = head[1] + height
    shoulder_y = neck_y + rng.uniform(0.12, 0.2)
    tilt = rotation(rng.normal(0, 0.12))
    parts: list[Part] = []
    if rng.random() < 0.75:  # hair behind the head
        long = rng.random() < 0.4
        hair = ellipse(width * rng.uniform(1.1, 1.4), height * rng.uniform(1.05, 1.2))
        if long:
            hair = np.where(hair[:, 1:] > 0, hair * [1, rng.uniform(1.5, 2.4)], hair)
        if rng.random() < 0.3:
            hair = radial(rng, 40) * [width * 1.5, height * 1.4]
        parts.append(Part(hair @ tilt.T + head, HAIR))
    trunk = np.array(
        [
            [-shoulders, shoulder_y + 0.06],
            [-shoulders * 0.6, shoulder_y - 0.03],
            [shoulders * 0.6, shoulder_y - 0.03],
            [shoulders, shoulder_y + 0.06],
            [shoulders * rng.uniform(0.75, 1.1), 1.4],
            [-shoulders * rng.uniform(0.75, 1.1), 1.4],
        ]
    )
    parts.append(Part(smooth(trunk, 2), CLOTHES))
    parts.append(Part(box(0.09, 0.15, 1) + [head[0] / 2, neck_y + 0.02], SKIN))
    parts.append(Part(ellipse(width, height) @ tilt.T + head, SKIN))
    if rng.random() < 0.7:  # a fringe
        top = ellipse(width * 1.05, height * rng.uniform(0.3, 0.5)) + [0, -height * 0.7]
        parts.append(Part(top @ tilt.T + head, HAIR))
    for side in (-1, 1):
        eye = ellipse(0.028, 0.016, 10) + [side * width * 0.42, -height * 0.08]
        parts.append(Part(eye @ tilt.T + head, DARK))
    parts.append(Part((ellipse(0.06, 0.015, 10) + [0, height * 0.5]) @ tilt.T + head, DARK))

    held = NOTHING
    pose = rng.choice(3, p=[0.2, 0.25, 0.55])  # arms down, a hand up, something held
    if given is not None:
        pose = 2 if given != NOTHING else pose % 2
    active = int(rng.choice([-1, 1]))
    sleeve = rng.random() < 0.6
    for side in (-active, active):
        shoulder = np.array([side * shoulders * 0.9, shoulder_y + 0.1])
        down = np.pi / 2 - side * rng.uniform(0.0, 0.4)
        upper = rng.uniform(0.4, 0.52)
        if side != active or pose == 0:
            bend = side * rng.uniform(0, 0.9)
        else:
            bend = -side * rng.uniform(-2.9, -1.5) if rng.random() < 0.5 else side * rng.uniform(0.9, 2.3)
        upper_arm, joints = limb(shoulder, down, [(upper, 0.0)], 0.12, 0.095)
        forearm, ends = limb(joints[-1], down + bend, [(rng.uniform(0.35, 0.48), 0.0)], 0.095, 0.06)
        parts.append(Part(upper_arm, CLOTHES))
        parts.append(Part(forearm, CLOTHES if sleeve else SKIN))
        direction = ends[-1] - ends[-2]
        turn = rotation(np.arctan2(direction[1], direction[0]) + np.pi / 2 + rng.normal(0, 0.25))
        palm = [
            Part((p.outline * [side, 1]) @ turn.T + ends[-1], p.material)
            for p in hand(rng, rng.uniform(0.2, 0.27))
        ]
        if side == active and pose == 2:
            held = PROGRAMS + int(rng.integers(NOTHING - PROGRAMS))
            if rng.random() < 0.4:
                held = int(rng.integers(PROGRAMS))
            held = held if given is None else given
            size = rng.uniform(0.16, 0.42)
            lean = rotation(rng.normal(0, 0.4))
            place = ends[-1] + direction / np.linalg.norm(direction) * rng.uniform(0.08, 0.16)
            shown = [
                Part(p.outline * size @ lean.T + place, HELD + p.material, p.fractal)
                for p in thing(held, rng)
            ]
            parts += shown + palm if rng.random() < 0.5 else palm + shown
        else:
            parts += palm
    scale = rng.uniform(0.75, 1.35)
    where = np.array([rng.normal(0, 0.25), rng.normal(0.08, 0.12)])
    mirrored = rng.choice([-1.0, 1.0])
    return Figure(
        [Part(p.outline * [mirrored * scale, scale] + where, p.material, p.fractal) for p in parts], held
    )
