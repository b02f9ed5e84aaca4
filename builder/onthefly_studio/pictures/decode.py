"""From a picture's file to its samples and what they mean, as Chromium reads them."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError, features

from onthefly_studio.pictures import bmp, colours, png

Pixels = npt.NDArray[np.uint8]


@dataclass
class Decoded:
    """A picture as its file has it."""

    pixels: Pixels
    """`[h, w, c]`: one channel of grey, three of RGB, or four of CMYK."""
    alpha: Pixels | None = None
    """`[h, w]`, for colours that are not multiplied by it."""
    profile: bytes | None = None
    space: colours.Space | None = None
    """Where there is no profile that counts."""
    orientation: int = 1
    """As EXIF has it."""


class TooLarge(Exception):
    """Its text is how many pixels there are."""


def _require_few(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise TooLarge(f"{width} by {height}")


_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    png.START: "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\0\0\1\0": "ICO",
}


def kind_of(contents: bytes) -> str:
    """The format that a file is of; nothing where it is of none known here."""
    if contents[:4] == b"RIFF" and contents[8:12] == b"WEBP":
        return "WEBP"
    if contents[4:8] == b"ftyp":
        brands = contents[8 : min(struct.unpack(">I", contents[:4])[0], 256)]
        return "AVIF" if b"avif" in brands or b"avis" in brands else "HEIC"
    return next((kind for start, kind in _SIGNATURES.items() if contents.startswith(start)), "")


def _opened(contents: bytes, kind: str, most: int) -> Image.Image:
    """By Pillow, not decoded yet."""
    try:
        image = Image.open(io.BytesIO(contents), formats=(kind,))
    except Image.DecompressionBombError as error:
        found = re.search(r"\d+", str(error))
        raise TooLarge(f"{int(found[0]):,}" if found else "too many") from error
    except UnidentifiedImageError as error:
        raise OSError from error
    _require_few(image.width, image.height, most)
    return image


def _channels(image: Image.Image) -> Pixels:
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _split(image: Image.Image, **meaning: Any) -> Decoded:
    """With transparency apart."""
    pixels = _channels(image)
    if image.mode not in ("LA", "RGBA"):
        return Decoded(pixels, **meaning)
    return Decoded(pixels[..., :-1], pixels[..., -1], **meaning)


def _jpeg(contents: bytes, most: int) -> Decoded:
    _require_end(contents)
    with _opened(contents, "JPEG", most) as image:
        # Pillow would take an orientation from XMP, too.
        orientation = _orientation(image.info.get("exif", b"")[6:])
        plain = image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")
        return Decoded(_channels(plain), profile=image.info.get("icc_profile"), orientation=orientation)


def _require_end(contents: bytes) -> None:
    """Refuse a JPEG without its last marker: browsers take it for half a picture, whatever may follow."""
    at = 2
    while contents[at : at + 2] != b"\xff\xda":
        if contents[at : at + 1] != b"\xff" or at + 4 > len(contents):
            return  # broken otherwise; Pillow will say so
        at += 1 if contents[at + 1] == 0xFF else 2 + struct.unpack(">H", contents[at + 2 : at + 4])[0]
    if contents.find(b"\xff\xd9", at) < 0:
        raise ValueError("it is cut short")


def _orientation(exif: bytes) -> int:
    """1 to 8, of the TIFF inside EXIF."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 10:
        return 1
    at = struct.unpack(f"{order}I", exif[4:8])[0]
    entries = exif[at + 2 :]
    for start in range(0, 12 * struct.unpack(f"{order}H", exif[at : at + 2].ljust(2, b"\0"))[0], 12):
        entry = entries[start : start + 12]
        if len(entry) < 12:
            break
        tag, kind, count, value = struct.unpack(f"{order}HHIH", entry[:10])
        if (tag, kind, count) == (0x0112, 3, 1):
            return value if 1 <= value <= 8 else 1
    return 1


def _png(contents: bytes, most: int) -> Decoded:
    file = png.parse(contents)
    header = file.header
    _require_few(header.width, header.height, most)
    with _opened(file.samples(), "PNG", most) as image:
        decoded = _of_samples(file, image)
    if file.frame is not None:
        decoded = _placed(decoded, file.at, (header.height, header.width))
    decoded.orientation = _orientation(file.chunks.get(b"eXIf", b""))
    coding = file.numbers(b"cICP", "4B")
    space = colours.coded(coding[0], coding[1]) if coding and coding[3] == 1 else None
    if space is None and not (coding and coding[3] == 1 and coding[:2] == (1, 13)):
        decoded.profile = file.profile()
        if not (decoded.profile and colours.is_profile(decoded.profile)):
            space = _measured(file)
    decoded.space = space
    return decoded


def _measured(file: png.Png) -> colours.Space | None:
    """By a PNG's gAMA and cHRM."""
    gamma, points = file.numbers(b"gAMA", ">I"), file.numbers(b"cHRM", ">8I")
    intent = file.numbers(b"sRGB", "B")
    if gamma is None or (intent and intent[0] <= 3):
        return None
    return colours.measured(gamma[0] / 100_000, points and tuple(value / 100_000 for value in points))


def _of_samples(file: png.Png, image: Image.Image) -> Decoded:
    """What samples stand for: colours of a palette, one that is transparent, or themselves."""
    header, clear = file.header, file.chunks.get(b"tRNS")
    if header.colour in (png.GREY_ALPHA, png.RGBA):
        decoded = _split(image)
        if header.colour == png.GREY_ALPHA:
            decoded.pixels = decoded.pixels[..., :1]  # Pillow may have made it RGB
        return decoded
    samples = _channels(image)  # of fewer bits they have been spread to 255
    if header.depth == 1:
        samples = samples * np.uint8(255)
    step = max(255 // ((1 << header.depth) - 1), 1)
    if header.colour == png.PALETTE:
        return _of_palette(samples[..., 0] // np.uint8(step), file.chunks[b"PLTE"], clear or b"")
    alpha = None
    if clear is not None and len(clear) == 2 * samples.shape[2]:
        key = step * np.array(struct.unpack(f">{samples.shape[2]}H", clear))
        if header.colour == png.RGB and header.depth == 16:
            key >>= 8  # Pillow keeps the upper bytes
        alpha = np.where((samples == key).all(axis=2), 0, 255).astype(np.uint8)
    if samples.dtype != np.uint8:
        samples = (samples >> 8).astype(np.uint8)
    return Decoded(samples, alpha)


def _of_palette(indices: Pixels, palette: bytes, clear: bytes) -> Decoded:
    entries = np.frombuffer(palette[: len(palette) // 3 * 3], np.uint8).reshape(-1, 3)
    indices = np.minimum(indices, len(entries) - 1)
    if not clear:
        return Decoded(entries[indices])
    alpha = np.full(256, 255, np.uint8)
    alpha[: min(len(clear), 256)] = np.frombuffer(clear[:256], np.uint8)
    return Decoded(entries[indices], alpha[indices])


def _placed(decoded: Decoded, at: tuple[int, int], shape: tuple[int, int]) -> Decoded:
    """A picture that covers a part of a transparent one."""
    (x, y), (height, width, channels) = at, decoded.pixels.shape
    pixels, alpha = np.zeros((*shape, channels), np.uint8), np.zeros(shape, np.uint8)
    pixels[y : y + height, x : x + width] = decoded.pixels
    alpha[y : y + height, x : x + width] = 255 if decoded.alpha is None else decoded.alpha
    return Decoded(pixels, alpha)


def _webp(contents: bytes, most: int) -> Decoded:
    is_animated = contents[12:16] == b"VP8X" and len(contents) > 20 and bool(contents[20] & 2)
    if is_animated:
        # What no picture covers is transparent, whether the header tells of it or not.
        contents = contents[:20] + bytes((contents[20] | 0x10,)) + contents[21:]
    with _opened(contents, "WEBP", most) as image:
        return _split(image, profile=None if is_animated else image.info.get("icc_profile"))


def _gif(contents: bytes, most: int) -> Decoded:
    with _opened(contents, "GIF", most) as image:
        box = image.tile[0][1] if image.tile else (0, 0, 0, 0)
        clear = image.info.get("transparency")
        indices = np.asarray(image) if image.mode in ("L", "P") else None
        palette = np.zeros((256, 3), np.uint8)
        if image.mode == "P":
            entries = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
            palette[: len(entries)] = entries
        elif _has_palette(contents):
            palette = np.arange(256, dtype=np.uint8).repeat(3).reshape(256, 3)
    if indices is None:
        raise ValueError("it has no indices")
    alpha = np.zeros(indices.shape, np.uint8)
    left, top, right, bottom = box
    alpha[top:bottom, left:right] = 255
    if clear is not None:
        alpha[indices == clear] = 0
    return Decoded(palette[indices], alpha)


def _has_palette(contents: bytes) -> bool:
    """Whether a GIF has a palette for its first picture; Pillow takes shades of grey where there is none."""
    at = 13 + (3 << (contents[10] & 7) + 1 if contents[10] & 0x80 else 0)
    while contents[at] == 0x21:
        at += 2
        while contents[at]:
            at += 1 + contents[at]
        at += 1
    return bool(contents[10] & 0x80 or contents[at + 9] & 0x80)


def _bmp(contents: bytes, most: int) -> Decoded:
    header = bmp.read_header(contents)
    _require_few(header.width, header.height, most)
    pixels = bmp.read(contents, header)
    alpha = pixels[..., 3] if pixels.shape[2] == 4 else None
    return Decoded(pixels[..., :3], alpha, profile=header.profile)


def _avif(contents: bytes, most: int) -> Decoded:
    if not features.check("avif"):
        raise ValueError("the installed Pillow cannot read AVIF; version 11.3 and later can")
    if contents[8:12] == b"avis":
        raise ValueError("it is an animation, which every AVIF reader handles in its own way")
    with _opened(contents, "AVIF", most) as image:
        orientation = _orientation(image.info.get("exif", b"").removeprefix(b"Exif\0\0"))
        decoded = _split(image, profile=image.info.get("icc_profile"), orientation=orientation)
    if decoded.profile and not colours.is_profile(decoded.profile):
        raise ValueError("its colour profile makes no sense")
    if not decoded.profile:
        at = contents.find(b"colrnclx")
        primaries, curve = struct.unpack(">HH", contents[at + 8 : at + 12]) if at >= 0 else (1, 13)
        # Cameras write BT.709's curve and mean sRGB's: browsers take it so.
        decoded.space = colours.coded(primaries, 13 if curve in (1, 6, 11, 14, 15) else curve)
    return decoded


def _ico(contents: bytes, most: int) -> Decoded:
    with _opened(contents, "ICO", most) as image:
        return _split(image.convert("RGBA"))


READERS: dict[str, Callable[[bytes, int], Decoded]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
    "BMP": _bmp,
    "AVIF": _avif,
    "ICO": _ico,
}
"""By format: from a file's bytes, and the number of pixels that it may have.

Raises:
    TooLarge: it has more.
    UnknownColours: each browser shows it in its own way.
    OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error, OverflowError: it is broken.
"""
