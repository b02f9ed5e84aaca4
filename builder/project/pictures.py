"""Opening pictures as a browser shows them: upright, in sRGB, bounded."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps

from builder.errors import ConfigError, SourceError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"))
PIXELS = 120_000_000
"""More than any camera's, and 360 MB once decoded."""

Pixels = npt.NDArray[np.uint8]


def open_picture(source: Path | bytes, where: str | None = None) -> Pixels:
    """RGB bytes `[h, w, 3]`: EXIF orientation applied, converted to sRGB, transparency as a canvas has it.

    Args:
        source: a file, or its bytes.
        where: what errors call it; the path by default.

    Raises:
        ConfigError: there is no such file.
        SourceError: it is not a picture, or too large.
    """
    name = where or str(source)
    try:
        contents = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The picture cannot be read ({error.strerror}).", where=name, mend="Check the path."
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own warning of large pictures; the bound is ours
            with Image.open(io.BytesIO(contents), formats=FORMATS) as image:
                if image.width * image.height > PIXELS:
                    raise SourceError(
                        f"The picture has {image.width} by {image.height} pixels.",
                        where=name,
                        mend=f"Make it smaller: at most {PIXELS:,} pixels are read.",
                    )
                return np.asarray(_to_srgb(ImageOps.exif_transpose(image)))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise SourceError(
            "This is not a picture that can be read.",
            where=name,
            mend=f"Give one of {', '.join(FORMATS)}, intact.",
        ) from error


def _to_srgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits per pixel: the upper eight, where Pillow would cut off
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if "transparency" in image.info or "A" in image.getbands():
        pixels = np.asarray(image.convert("RGBA")).copy()
        # A canvas keeps colours multiplied by their alpha, so what is wholly transparent comes out black.
        pixels[pixels[..., 3] == 0] = 0
        profile = image.info.get("icc_profile")
        image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
        image.info["icc_profile"] = profile
    return _from_profile(image)


def _from_profile(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile:
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            plain = image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")
            converted = ImageCms.profileToProfile(
                plain, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # a profile that makes no sense, or of another colour space: browsers ignore it too
    return image.convert("RGB")
