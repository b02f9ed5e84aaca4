"""Opening pictures as Chromium shows them: upright, in sRGB, on white, bounded: docs/formats.md."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from onthefly_studio.contract import PICTURE_PIXELS
from onthefly_studio.errors import ConfigError, SourceError
from onthefly_studio.pictures import colours
from onthefly_studio.pictures.decode import READERS, Decoded, TooLarge, kind_of

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "ICO")
_NAMES = "avif bmp gif heic heif jfif jpeg jpg jxl png tif tiff webp"
SUFFIXES = frozenset(f".{name}" for name in _NAMES.split())
"""Of files that the page takes for pictures. Not all can be read, and those that cannot are told of."""
BACKGROUND = 255
"""What a transparent picture lies on, in all three channels."""

Pixels = npt.NDArray[np.uint8]


def open_picture(source: Path | bytes, where: str | None = None) -> Pixels:
    """RGB bytes `[h, w, 3]`: upright, converted to sRGB, on white where they are transparent.

    Args:
        source: a file, or its bytes.
        where: what errors call it; the path by default.

    Raises:
        ConfigError: there is no such file.
        SourceError: it is not a picture that browsers read, or too large.
    """
    name = where or str(source)
    try:
        contents = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The picture cannot be read ({error.strerror}).", where=name, hint="Check the path."
        ) from error
    kind = kind_of(contents)
    if kind not in READERS:
        raise SourceError(
            f"{kind} is not supported: hardly any browser reads it."
            if kind
            else "This is not a picture that can be read.",
            where=name,
            hint=f"Save it as one of {', '.join(FORMATS)}.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own warning of large pictures; the bound is ours
            return _upright(_on_background(READERS[kind](contents, PICTURE_PIXELS)))
    except TooLarge as error:
        raise SourceError(
            f"The picture has {error} pixels.",
            where=name,
            hint=f"Make it smaller: at most {PICTURE_PIXELS:,} pixels are read.",
        ) from error
    except colours.UnknownColours as error:
        raise SourceError(
            f"The picture is not the same in every browser: {error}.",
            where=name,
            hint="Save it for ordinary screens (SDR, sRGB).",
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error, OverflowError) as error:
        is_plain = isinstance(error, ValueError) and not isinstance(error, UnicodeError)
        raise SourceError(
            f"This is not a picture that can be read{f': {error}' if is_plain and str(error) else ''}.",
            where=name,
            hint=f"Give one of {', '.join(FORMATS)}, intact.",
        ) from error


def on_background(rgba: Pixels) -> Pixels:
    """RGB `[h, w, 3]` of RGBA bytes: a sample c of alpha a becomes round(c·a/255) + 255 − a."""
    alpha = rgba[..., 3:].astype(np.uint16)
    # Twice the product is even and 255 times an odd number is not: no half has to be rounded.
    return ((rgba[..., :3] * alpha + 127) // 255 + BACKGROUND - alpha).astype(np.uint8)


def _on_background(decoded: Decoded) -> Decoded:
    """In sRGB, RGB, and opaque."""
    pixels = decoded.pixels
    converted = colours.from_profile(pixels, decoded.profile) if decoded.profile else None
    if converted is not None:
        pixels = converted
    elif pixels.shape[2] == 4:
        pixels = np.asarray(Image.frombytes("CMYK", pixels.shape[1::-1], pixels.tobytes()).convert("RGB"))
    elif decoded.space is not None:
        pixels = decoded.space.to_srgb(pixels)
    if pixels.shape[2] == 1:
        pixels = pixels.repeat(3, axis=2)
    if decoded.alpha is not None:
        pixels = on_background(np.dstack([pixels, decoded.alpha]))
    return Decoded(pixels, orientation=decoded.orientation)


def _upright(decoded: Decoded) -> Pixels:
    pixels = decoded.pixels
    if decoded.orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if decoded.orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if decoded.orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
