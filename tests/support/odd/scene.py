"""What odd pictures show: one scene of 96 by 64 pixels, which looks different whichever way it is turned."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.support.odd import encoders as make

WIDTH, HEIGHT = 96, 64
Files = Iterator[tuple[str, bytes]]
"""By name."""


def scene(width: int = WIDTH, height: int = HEIGHT) -> NDArray[Any]:
    """RGB bytes `[h, w, 3]`: colours that change slowly, with a light and a dark block."""
    y, x = np.mgrid[0:height, 0:width] / (height - 1)
    red, green, blue = 40 + 130 * x, 220 - 150 * y, 90 + 60 * np.sin(3 * x + 2 * y)
    pixels = np.stack([red, green, blue], axis=2)
    pixels[height // 8 : height // 3, width // 4 : width // 2] = (250, 240, 230)
    pixels[height // 2 : height // 8 * 7, width // 8 * 5 : width // 4 * 3] = (10, 60, 20)
    return pixels.clip(0, 255).astype(np.uint8)


def alpha() -> NDArray[Any]:
    """`[h, w, 1]`: nothing at the left edge, all at the right."""
    across = np.linspace(-40, 300, WIDTH).clip(0, 255).astype(np.uint8)
    return np.broadcast_to(across[None, :, None], (HEIGHT, WIDTH, 1)).copy()


def grey() -> NDArray[Any]:
    """`[h, w, 1]`."""
    return scene().mean(axis=2, keepdims=True).astype(np.uint8)


def indexed() -> tuple[NDArray[Any], NDArray[Any]]:
    """Indices `[h, w]` and a palette `[n, 3]`."""
    image = Image.fromarray(scene()).quantize(200, dither=Image.Dither.NONE)
    return np.asarray(image), np.array(image.getpalette(), np.uint8).reshape(-1, 3)[:200]


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """By Pillow."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def profiles() -> dict[str, bytes]:
    """Colour profiles of RGB."""
    swapped = (make.SRGB_PRIMARIES[1], make.SRGB_PRIMARIES[0], make.SRGB_PRIMARIES[2])
    steps = [(i / 63) ** 2.6 for i in range(64)]
    return {
        "srgb": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        "srgb-v4": make.rgb_profile(),
        "p3": make.rgb_profile(make.P3_PRIMARIES),
        "swapped": make.rgb_profile(swapped, make.gamma_curve(2.2), version=2),
        "linear": make.rgb_profile(curve=make.gamma_curve(1.0), version=2),
        "table-of-steps": make.rgb_profile(curve=make.table_curve(steps), version=2),
        "grid": make.table_profile(b"RGB ", 3),
        "absolute": make.rgb_profile(make.P3_PRIMARIES, intent=3),
        "nonsense": b"nonsense" * 40,
        "cut-short": make.rgb_profile(make.P3_PRIMARIES)[:200],
        "empty": b"",
        "no-curves": make.profile(b"RGB ", {b"wtpt": b"XYZ \0\0\0\0" + bytes(12)}),
        "grey": make.grey_profile(make.gamma_curve(1.0)),
        "of-cmyk": make.table_profile(b"CMYK", 4),
        "of-an-output": make.rgb_profile(make.P3_PRIMARIES).replace(b"mntr", b"prtr"),
        "of-an-input": make.rgb_profile(make.P3_PRIMARIES).replace(b"mntr", b"scnr"),
    }
