"""What the numbers of a picture mean, and the same colours in sRGB, as browsers compute them."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Curve = Callable[[Floats], Floats]
"""From a sample in [0, 1] to light in [0, 1]."""
BLOCK = 1 << 20
"""Pixels that are converted at once."""


class UnknownColours(ValueError):
    """Colours that every browser shows in its own way."""


@dataclass(frozen=True)
class Space:
    """An RGB colour space.

    Args:
        curve: of every channel.
        primaries: x and y of white, red, green and blue.
    """

    curve: Curve
    primaries: tuple[float, ...]

    def to_srgb(self, pixels: Pixels) -> Pixels:
        """Convert `[h, w, 3]`, or `[h, w, 1]` of grey."""
        table = self.curve(np.arange(256) / 255)
        if pixels.shape[2] == 1:
            grey: Pixels = _encoded(table)[pixels]
            return grey
        matrix = np.linalg.inv(_to_xyz(_SRGB)) @ _to_xyz(self.primaries)
        flat = pixels.reshape(-1, 3)
        made = np.empty_like(flat)
        for at in range(0, len(flat), BLOCK):
            made[at : at + BLOCK] = _encoded(table[flat[at : at + BLOCK]] @ matrix.T)
        return made.reshape(pixels.shape)


def _encoded(light: Floats) -> Pixels:
    light = light.clip(0, 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    encoded: Pixels = np.floor(255 * coded + 0.5).astype(np.uint8)
    return encoded


def _to_xyz(xy: Sequence[float]) -> Floats:
    """The matrix from light of these primaries to XYZ, with white adapted to D50 (Bradford).

    Raises:
        ValueError: they span no space.
    """
    points = np.array(xy).reshape(4, 2)
    if (points[:, 1] == 0).any():
        raise ValueError("a colour without light")
    tristimulus = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in points]).T
    white, primaries = tristimulus[:, 0], tristimulus[:, 1:]
    if abs(np.linalg.det(primaries)) < 1e-9:
        raise ValueError("colours in one line")
    cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapted = np.linalg.inv(cones) @ np.diag(cones @ _D50 / (cones @ white)) @ cones
    scaled: Floats = adapted @ primaries * np.linalg.solve(primaries, white)
    return scaled


_D50 = np.array([0.9642, 1.0, 0.8249])
_D65 = (0.3127, 0.3290)
_C = (0.310, 0.316)
_SRGB = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_P3 = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
_PRIMARIES = {
    1: _SRGB,
    4: (*_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (*_C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    10: (1 / 3, 1 / 3, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    11: (0.314, 0.351, *_P3),
    12: (*_D65, *_P3),
    22: (*_D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
"""By their number in ITU-T H.273."""


def power(exponent: float) -> Curve:
    """A plain power."""
    return lambda samples: samples**exponent


def _broken(exponent: float, a: float, slope: float, knee: float) -> Curve:
    """A power with a straight beginning."""
    return lambda s: np.where(s < knee, s * slope, (s * a + 1 - a) ** exponent)


_CURVES: dict[int, Curve] = {
    # What television's cameras encode is meant for screens that decode it so (ITU-R BT.1886).
    **dict.fromkeys((1, 6, 11, 14, 15), power(2.4)),
    4: power(2.2),
    5: power(2.8),
    7: _broken(1 / 0.45, 1 / 1.1115721959, 0.25, 0.0912863421),
    8: power(1.0),
    13: _broken(2.4, 1 / 1.055, 1 / 12.92, 0.04045),
    17: lambda s: s**2.6 * 52.37 / 48,
}
"""By their number in ITU-T H.273."""
PQ, HLG = 16, 18


def coded(primaries: int, curve: int) -> Space | None:
    """The space with these numbers of ITU-T H.273; None where they name none.

    Raises:
        UnknownColours: it is one for screens brighter than sRGB's white.
    """
    if curve in (PQ, HLG) and primaries in _PRIMARIES:
        raise UnknownColours(
            "its colours are for HDR screens (PQ or HLG), which each browser darkens in its own way"
        )
    if curve not in _CURVES or primaries not in _PRIMARIES:
        return None
    return None if (primaries, curve) == (1, 13) else Space(_CURVES[curve], _PRIMARIES[primaries])


def measured(gamma: float, primaries: Sequence[float] | None) -> Space | None:
    """The space of a PNG's gAMA and cHRM; None where that is sRGB, or makes no sense.

    Args:
        gamma: that samples were raised to.
        primaries: x and y of white, red, green and blue.
    """
    if gamma <= 0 or (primaries is None and abs(2.2 * gamma - 1) <= 0.05):
        return None
    space = Space(power(1 / gamma), tuple(primaries or _SRGB))
    try:
        _to_xyz(space.primaries)
    except ValueError:
        return None
    return space


def is_profile(profile: bytes) -> bool:
    """Whether these bytes are an ICC profile."""
    try:
        ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (ImageCms.PyCMSError, OSError):
        return False
    return True


def from_profile(pixels: Pixels, profile: bytes) -> Pixels | None:
    """Convert by an ICC profile.

    Args:
        pixels: `[h, w, 1]` grey, `[h, w, 3]` RGB, or `[h, w, 4]` CMYK.
        profile: the whole of it.

    Returns:
        RGB; None where the profile makes no sense for such a picture, so that browsers leave it aside.

    Raises:
        UnknownColours: see `coded`.
    """
    space = profile[16:20]
    wanted = {4: b"CMYK", 3: b"RGB "}.get(pixels.shape[2], b"GRAY")
    if space == b"RGB " and pixels.shape[2] == 1:
        pixels = pixels.repeat(3, axis=2)
    elif space != wanted:
        return None
    _require_sdr(profile)
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[pixels.shape[2]]
    image = Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes())
    try:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made: Any = ImageCms.profileToProfile(
            image, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return None
    return None if made is None else np.asarray(made)


def _require_sdr(profile: bytes) -> None:
    """Refuse a profile of ICC 4.4 that names PQ or HLG."""
    count = struct.unpack(">I", profile[128:132].rjust(4, b"\0"))[0]
    for at in range(132, min(len(profile) - 11, 132 + 12 * count), 12):
        name, where, _ = struct.unpack(">4sII", profile[at : at + 12])
        if name == b"cicp" and len(profile) >= where + 12:
            coded(profile[where + 8], profile[where + 9])
