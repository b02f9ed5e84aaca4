"""What every part of the generator shares: array types, random numbers, noise and colours."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

cv2.setNumThreads(1)

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Rng = np.random.Generator

TAU = 2 * np.pi
ROUGHNESSES = (0.6, 1.0, 1.4, 1.8, 2.2, 2.8)
"""Exponents of the amplitude's fall with frequency, rough to smooth."""
_FIELDS = 96
_FIELD_SIZE = 256


def rng_of(*key: int) -> Rng:
    """The random numbers of a key: the same on every machine, independent between keys."""
    return np.random.default_rng(key)


@lru_cache(maxsize=1)
def _noise_fields() -> tuple[Floats, ...]:
    """Periodic Gaussian fields with a power-law spectrum, mean 0 and variance 1."""
    rng = rng_of(1)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(_FIELD_SIZE), np.fft.fftfreq(_FIELD_SIZE)))
    frequency[0, 0] = 1
    fields = []
    for number in range(_FIELDS):
        white = np.fft.fft2(rng.standard_normal((_FIELD_SIZE, _FIELD_SIZE)))
        field = np.fft.ifft2(white / frequency ** ROUGHNESSES[number % len(ROUGHNESSES)]).real
        fields.append(((field - field.mean()) / field.std()).astype(np.float32))
    return tuple(fields)


def noise(
    rng: Rng, smoothness: int, size: int, zoom: float, angle: float | None = None, aspect: float = 1.0
) -> Floats:
    """A window of power-law noise, `[size, size]`.

    Args:
        rng: chooses the field and the window.
        smoothness: index into `ROUGHNESSES`.
        size: pixels.
        zoom: pixels of the field per pixel of the window.
        angle: of the window; random by default.
        aspect: stretch of one axis against the other.
    """
    field = _noise_fields()[smoothness + len(ROUGHNESSES) * rng.integers(_FIELDS // len(ROUGHNESSES))]
    turn = rotation(rng.uniform(0, TAU) if angle is None else angle)
    matrix = np.concatenate(
        [turn @ np.diag([zoom * aspect, zoom / aspect]), rng.uniform(0, _FIELD_SIZE, (2, 1))], axis=1
    )
    window: Floats = cv2.warpAffine(
        field,
        matrix.astype(np.float32),
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    return window


def rotation(angle: float) -> Points:
    """The matrix that turns by an angle, `[2, 2]`."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


def hsv_to_rgb(hue: Points, saturation: Points, value: Points) -> Points:
    """Colours `[n, 3]` in [0, 1]; hues are taken modulo 1. The formula of Wikipedia, "HSL and HSV"."""
    k = (np.array([5, 3, 1])[None] + (hue[:, None] % 1) * 6) % 6
    return value[:, None] * (1 - saturation[:, None] * np.clip(np.minimum(k, 4 - k), 0, 1))


def palette(rng: Rng, count: int | None = None) -> Points:
    """A few colours that go together, `[count, 3]` in [0, 1]."""
    n = count or int(rng.integers(2, 6))
    hue = rng.random() + rng.normal(0, rng.choice([0.03, 0.1, 0.4]), n)
    saturation = np.clip(rng.beta(1.3, 2) + rng.normal(0, 0.12, n), 0, 1)
    value = np.clip(rng.uniform(0.1, 1) + rng.normal(0, 0.3, n), 0.02, 1)
    return hsv_to_rgb(hue, saturation, value)
