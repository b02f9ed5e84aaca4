"""Outlines: the programs that objects are made from, and everyday things that people hold.

A shape is a list of parts from back to front, each an outline in units of about [-1, 1] (x right,
y down) with the number of the material that fills it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.generate.basics import TAU, Points, Rng, rng_of, rotation

PROGRAMS = 1000
_SEED = 50_000
MATERIALS = 3


@dataclass(frozen=True)
class Part:
    """An outline `[n, 2]` and the number of its material; a fractal instead where it has a seed."""

    outline: Points
    material: int
    fractal: int | None = None


def radial(rng: Rng, count: int = 72) -> Points:
    """A star-shaped outline: a superformula (J. Gielis, 2003) or a sum of harmonics."""
    angle = np.linspace(0, TAU, count, endpoint=False)
    if rng.random() < 0.5:
        m = rng.integers(1, 9)
        a, b = np.exp(rng.uniform(-0.4, 0.4, 2))
        n1, n2, n3 = np.exp(rng.uniform(-0.7, 1.6, 3))
        radius = np.abs(np.cos(m * angle / 4) / a) ** n2 + np.abs(np.sin(m * angle / 4) / b) ** n3
        radius = (radius + 1e-3) ** (-1 / n1)
        radius = np.clip(radius / radius.max(), 0.12, 1)
    else:
        radius = np.ones(count)
        for k in range(1, int(rng.integers(3, 10))):
            size = rng.normal(0, 0.5 / k ** rng.uniform(0.5, 1.5))
            radius += size * np.cos(k * angle + rng.uniform(0, 7))
        radius = np.clip(radius / np.abs(radius).max(), 0.1, 1)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def smooth(outline: Points, times: int) -> Points:
    """Cut the corners of a closed outline (Chaikin's algorithm)."""
    for _ in range(times):
        following = np.roll(outline, -1, 0)
        outline = np.stack([0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following], 1).reshape(
            -1, 2
        )
    return outline


def ellipse(width: float, height: float, count: int = 28) -> Points:
    """An ellipse with these half-axes."""
    angle = np.linspace(0, TAU, count, endpoint=False)
    return np.stack([width * np.cos(angle), height * np.sin(angle)], 1)


def box(width: float, height: float, round_corners: int = 0) -> Points:
    """A rectangle with these half-sides, its corners cut so often."""
    corners = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]]) * [width, height]
    if not round_corners:
        return corners
    r = min(width, height) * 0.4
    inset = np.array([[0.0, 1], [1, 0], [-1, 0], [0, 1], [0, -1], [-1, 0], [1, 0], [0, -1]]) * r
    return smooth(np.repeat(corners, 2, axis=0) + inset, round_corners)


def primitive(rng: Rng) -> Points:
    """A simple outline: ellipse, rectangle, rounded, polygon or star-shaped, in any direction."""
    kind = rng.integers(5)
    if kind == 0:
        outline = ellipse(1, rng.uniform(0.3, 1))
    elif kind == 1:
        outline = box(0.85, 0.85 * rng.uniform(0.2, 1))
    elif kind == 2:
        outline = smooth(box(0.9, 0.9 * rng.uniform(0.2, 1)), 2)
    elif kind == 3:
        n = int(rng.integers(3, 7))
        angle = np.sort(rng.uniform(0, TAU, n))
        outline = np.stack([np.cos(angle), np.sin(angle)], 1) * rng.uniform(0.5, 1, (n, 1))
    else:
        outline = radial(rng, 40)
    turn = rng.uniform(-np.pi, np.pi) if rng.random() < 0.6 else 0.0
    return outline @ rotation(turn)


def limb(
    start: Points, angle: float, segments: list[tuple[float, float]], wide: float, narrow: float
) -> tuple[Points, Points]:
    """A tapering limb with joints.

    Args:
        start: where it begins.
        angle: its first direction.
        segments: length of each, and the turn before it.
        wide: half its width at the start.
        narrow: half its width at the end.

    Returns:
        The outline, and the joints from start to end.
    """
    joints = [np.asarray(start, float)]
    for length, turn in segments:
        angle += turn
        joints.append(joints[-1] + length * np.array([np.cos(angle), np.sin(angle)]))
    middle = np.array(joints)
    width = np.linspace(wide, narrow, len(middle))[:, None]
    along = np.gradient(middle, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    tip = middle[-1] + along[-1] * width[-1]
    end = np.stack([tip + across[-1] * width[-1] * 0.5, tip - across[-1] * width[-1] * 0.5])
    return np.concatenate([middle + across * width, end, (middle - across * width)[::-1]]), middle


def stroke(rng: Rng, points: Points, width: float) -> Points:
    """A brush stroke through points."""
    line = points
    for _ in range(2):
        between = np.stack([0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]], 1)
        line = np.concatenate([line[:1], between.reshape(-1, 2), line[-1:]])
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-6
    across = np.stack([-along[:, 1], along[:, 0]], 1) * width
    return np.concatenate([line + across, (line - across)[::-1]])


def instance(number: int, rng: Rng) -> list[Part]:
    """One instance of an object program.

    Args:
        number: of the program, below `PROGRAMS`; it fixes the kind, the parts and their arrangement.
        rng: jitters sizes, places and joints.
    """
    p = rng_of(_SEED, number)
    kind = p.choice(6, p=[0.18, 0.1, 0.3, 0.27, 0.12, 0.03])
    jitter = p.choice([0.03, 0.07, 0.12])
    if kind == 0:
        return _blob(p, rng, jitter)
    if kind == 1:
        return _polygon(p, rng, jitter)
    if kind == 2:
        return _creature(p, rng, jitter)
    if kind == 3:
        return _assembly(p, rng, jitter)
    if kind == 4:
        return _glyph(p, rng, jitter)
    return [Part(box(1, 1), 0, fractal=int(p.integers(1 << 30)))]


def _blob(p: Rng, rng: Rng, jitter: float) -> list[Part]:
    outline = radial(p)
    parts = [Part(outline * (1 + rng.normal(0, jitter)), 0)]
    for k in range(int(p.integers(0, 4))):
        size = p.uniform(0.15, 0.6)
        place = p.uniform(-0.35, 0.35, 2) if p.random() < 0.6 else np.zeros(2)
        mark = outline if p.random() < 0.4 else primitive(p)
        moved = place + rng.normal(0, jitter * 0.5, 2)
        parts.append(Part(mark * size * (1 + rng.normal(0, jitter)) + moved, 1 + k % 2))
    return parts


def _polygon(p: Rng, rng: Rng, jitter: float) -> list[Part]:
    n = int(p.integers(3, 10))
    angle = np.sort(np.arange(n) / n * TAU + p.normal(0, 0.5 / n, n))
    outline = np.stack([np.cos(angle), np.sin(angle)], 1) * p.uniform(0.35, 1, (n, 1))
    outline = outline + rng.normal(0, jitter * 0.7, outline.shape)
    parts = [Part(smooth(outline, int(p.integers(0, 4))), 0)]
    for k in range(int(p.integers(0, 3))):
        mark = primitive(p) * p.uniform(0.12, 0.4) + p.uniform(-0.3, 0.3, 2)
        parts.append(Part(mark + rng.normal(0, jitter * 0.5, 2), 1 + k % 2))
    return parts


def _creature(p: Rng, rng: Rng, jitter: float) -> list[Part]:
    """A body with jointed limbs."""
    limbs = int(p.integers(1, 7))
    trunk = radial(p, 40) if p.random() < 0.3 else smooth(box(1, p.uniform(0.6, 1.6)), 3)
    trunk = trunk * p.uniform(0.2, 0.42)
    spread = p.uniform(0.8, 5.5)
    direction = -np.pi / 2 + p.normal(0, 0.5)
    width, length = p.uniform(0.05, 0.16), p.uniform(0.25, 0.65)
    alike = bool(p.random() < 0.5)
    material = 0 if p.random() < 0.6 else 1
    parts = [Part(trunk, 0)]
    for k in range(limbs):
        angle = direction + spread * ((k + 0.5) / limbs - 0.5) + (0 if alike else p.normal(0, 0.25))
        joints = int(p.integers(1, 4))
        reach = length * (1 if alike else p.uniform(0.5, 1.3))
        half = width * (1 if alike else p.uniform(0.6, 1.4))
        bends = p.normal(0, 0.5, joints)
        taper = p.uniform(0.4, 1)
        away = np.array([np.cos(angle), np.sin(angle)])
        start = away * np.abs(trunk @ away).max() * 0.7
        segments = [
            (reach / joints * (1 + rng.normal(0, jitter)), bend + rng.normal(0, jitter * 2.5))
            for bend in bends
        ]
        outline, _ = limb(start, angle + rng.normal(0, jitter * 2), segments, half, half * taper)
        parts.append(Part(outline, material))
    if p.random() < 0.5:
        parts.append(Part(primitive(p) * p.uniform(0.08, 0.2) + p.uniform(-0.15, 0.15, 2), 2))
    if p.random() < 0.3:
        tail = (p.uniform(0.5, 1.0), 0.0)
        down = np.pi / 2 + rng.normal(0, jitter * 1.5)
        parts.append(Part(limb(np.array([0, 0.25]), down, [tail], width * 2, width * 2)[0], material))
    return parts


def _assembly(p: Rng, rng: Rng, jitter: float) -> list[Part]:
    """Simple outlines put together, half of the programs mirror-symmetric."""
    symmetric = p.random() < 0.55
    count = int(p.integers(2, 6))
    parts = [Part(primitive(p) * p.uniform(0.5, 0.9) * [1, p.uniform(0.6, 1.2)], 0)]
    for k in range(count):
        size = p.uniform(0.1, 0.45)
        place = p.uniform(-0.7, 0.7, 2)
        outline = primitive(p) * size * (1 + rng.normal(0, jitter))
        place = place + rng.normal(0, jitter * 0.7, 2)
        material = 1 + k % 2 if p.random() < 0.7 else 0
        parts.append(Part(outline + place, material))
        if symmetric:
            parts.append(Part((outline + place) * [-1, 1], material))
    return parts


def _glyph(p: Rng, rng: Rng, jitter: float) -> list[Part]:
    parts = []
    for k in range(int(p.integers(1, 5))):
        points = np.cumsum(p.normal(0, 0.5, (int(p.integers(3, 6)), 2)), 0)
        points = points - points.mean(0) + p.uniform(-0.3, 0.3, 2)
        points = points + rng.normal(0, jitter, points.shape)
        parts.append(Part(stroke(rng, points, p.uniform(0.03, 0.12)), k % 3))
    return parts


# ---- everyday things -----------------------------------------------------------------------------


def slab(rng: Rng) -> list[Part]:
    """A telephone, a card, a book, a tablet: a flat box with a field in it and perhaps a dot."""
    height = rng.uniform(1.2, 2.1) * 0.5
    parts = [Part(box(0.5, height, 2), 0), Part(box(0.44, height * rng.uniform(0.7, 0.93), 1), 1)]
    if rng.random() < 0.5:
        parts.append(Part(ellipse(0.05, 0.05, 12) + [rng.choice([-0.3, 0, 0.3]), -height * 0.9], 2))
    return parts


def vessel(rng: Rng) -> list[Part]:
    """A cup, a mug, a glass, a pot: a body narrower below, a rim, perhaps a handle."""
    height, below = rng.uniform(0.4, 0.75), rng.uniform(0.6, 1)
    parts = []
    if rng.random() < 0.7:
        side = rng.choice([-1, 1])
        at = [side * 0.5, rng.normal(0, 0.05)]
        size = rng.uniform(0.2, 0.32)
        ring = ellipse(size, size * 1.2, 20)
        hole = ring[::-1] * rng.uniform(0.45, 0.65)
        parts.append(Part(np.concatenate([ring, ring[:1], hole, hole[:1]]) + at, 0))
    body = np.array([[-0.5, -height], [0.5, -height], [0.5 * below, height], [-0.5 * below, height]])
    parts.append(Part(body, 0))
    parts.append(Part(ellipse(0.5 * below, 0.1) + [0, height], 0))
    parts.append(Part(ellipse(0.5, 0.12) + [0, -height], 1))
    if rng.random() < 0.4:
        parts.append(Part(box(0.4, 0.12) + [0, rng.uniform(-0.2, 0.2)], 2))
    return parts


def bottle(rng: Rng) -> list[Part]:
    """A bottle, a jar, a vase: a mirrored profile."""
    height, neck = rng.uniform(0.8, 1.3), rng.uniform(0.12, 0.3)
    shoulder = rng.uniform(-0.5, 0.1) * height
    right = np.array(
        [[neck, -height], [neck, shoulder - 0.25], [0.42, shoulder], [0.42, height * 0.9], [0.36, height]]
    )
    outline = np.concatenate([right, right[::-1] * [-1, 1]])
    parts = [Part(outline, 0), Part(box(neck * 1.15, 0.1) + [0, -height], 1)]
    if rng.random() < 0.6:
        parts.append(Part(box(0.42, height * rng.uniform(0.15, 0.35)) + [0, height * 0.35], 2))
    return parts


def ball(rng: Rng) -> list[Part]:
    """A ball, a fruit, a plate, perhaps with a band or a stalk."""
    parts = [Part(ellipse(0.6, 0.6 * rng.uniform(0.85, 1.15), 36), 0)]
    if rng.random() < 0.5:
        parts.append(
            Part(stroke(rng, np.array([[-0.5, 0.2], [0, rng.uniform(-0.3, 0.4)], [0.5, 0.2]]), 0.06), 1)
        )
    if rng.random() < 0.3:
        parts.append(Part(box(0.04, 0.15) + [0, -0.65], 2))
    return parts


def stick(rng: Rng) -> list[Part]:
    """A pen, a spoon, a brush, a key: something long with a different end."""
    width = rng.uniform(0.04, 0.12)
    parts = [Part(box(width, 1.0, 1), 0)]
    end = ellipse(rng.uniform(1.2, 3) * width, rng.uniform(0.12, 0.3), 20)
    parts.append(Part(end + [0, -1.0], int(rng.integers(0, 3))))
    return parts


def crescent(rng: Rng) -> list[Part]:
    """A banana, a horn, a hook: a bent limb."""
    bend = rng.uniform(0.25, 0.6)
    outline, _ = limb(np.array([-0.7, -0.3]), 1.0, [(0.4, -bend)] * 4, rng.uniform(0.1, 0.2), 0.06)
    return [Part(smooth(outline, 1), 0)]


def spectacles(rng: Rng) -> list[Part]:
    """Two of something, joined: glasses, headphones, scissors' handles."""
    size = rng.uniform(0.25, 0.4)
    ring = ellipse(size, size * rng.uniform(0.6, 1.1), 20)
    eye = ring * rng.uniform(0.5, 0.85)
    bridge = box(0.5, 0.04) + [0, rng.uniform(-0.15, 0.05)]
    return [Part(bridge, 0)] + [
        Part(part + [side * 0.45, 0], material)
        for side in (-1, 1)
        for part, material in ((ring, 0), (eye, 1))
    ]


def toy(rng: Rng) -> list[Part]:
    """A doll, a bear, a robot: a head on a trunk with ears, arms and legs."""
    plump = rng.uniform(0.7, 1.3)
    trunk = smooth(box(0.3 * plump, 0.4), int(rng.integers(0, 3)))
    head = smooth(box(0.26, 0.24), int(rng.integers(0, 3))) + [0, -0.6]
    parts = []
    for side in (-1, 1):
        for start, angle, length in (([side * 0.25, -0.25], 0.6, 0.45), ([side * 0.15, 0.3], 1.4, 0.5)):
            turned = angle if side > 0 else np.pi - angle
            outline, _ = limb(np.array(start), turned + rng.normal(0, 0.3), [(length, 0.0)], 0.11, 0.09)
            parts.append(Part(outline, 0))
        if rng.random() < 0.7:
            parts.append(Part(ellipse(0.1, 0.1, 14) + [side * 0.22, -0.8], 1))
    parts += [Part(trunk, 1), Part(head, 0)]
    parts += [Part(ellipse(0.04, 0.05, 10) + [side * 0.1, -0.63], 2) for side in (-1, 1)]
    return parts


EVERYDAY = (slab, vessel, bottle, ball, stick, crescent, spectacles, toy)
LABELS = PROGRAMS + len(EVERYDAY) + 1
"""Every object program, every everyday thing, and "holds nothing"."""
NOTHING = LABELS - 1


def thing(label: int, rng: Rng) -> list[Part]:
    """An instance of any label but `NOTHING`; of numbers above, of a program that no training draws."""
    return EVERYDAY[label - PROGRAMS](rng) if PROGRAMS <= label < NOTHING else instance(label, rng)
