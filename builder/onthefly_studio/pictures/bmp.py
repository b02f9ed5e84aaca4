"""Bitmaps as browsers read them: any masks, transparency where the header tells of it, and skipped pixels."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
NONE, RLE8, RLE4, MASKS, MASKS_WITH_ALPHA = 0, 1, 2, 3, 6
_DEFAULT = {16: (0x7C00, 0x03E0, 0x001F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
_FILE_HEADER = 14


@dataclass(frozen=True)
class Header:
    """What stands before a bitmap's pixels."""

    length: int
    width: int
    height: int
    is_top_down: bool
    bits: int
    packing: int
    colours: int
    masks: tuple[int, ...]
    """Of red, green, blue and alpha in a pixel."""
    data: int
    """Where the pixels begin in the file."""
    profile: bytes | None


def read_header(contents: bytes) -> Header:
    """Read the header of a file.

    Raises:
        ValueError: it makes no sense, or is of a kind that browsers refuse.
    """
    if len(contents) < _FILE_HEADER + 12:
        raise ValueError("it is cut short")
    data, length = struct.unpack("<II", contents[10:18])
    if length == 12:
        width, height, _, bits = struct.unpack("<HHHH", contents[18:26])
        packing = used = 0
    elif length in (40, 52, 56, 64, 108, 124) and len(contents) >= _FILE_HEADER + length:
        width, height, _, bits, packing, _, _, _, used = struct.unpack("<iiHHIIiiI", contents[18:50])
    else:
        raise ValueError("its header has another length")
    known = {NONE: (1, 4, 8, 16, 24, 32), RLE8: (8,), RLE4: (4,), MASKS: (16, 32), MASKS_WITH_ALPHA: (16, 32)}
    if bits not in known.get(packing, ()) or width <= 0 or not height or (length == 64 and packing >= MASKS):
        raise ValueError("its header makes no sense")
    return Header(
        length=length,
        width=width,
        height=abs(height),
        is_top_down=height < 0,
        bits=bits,
        packing=packing,
        colours=min(used or 1 << bits, 1 << bits) if bits <= 8 else 0,
        masks=_masks(contents, length, bits, packing),
        data=data,
        profile=_profile(contents) if length == 124 else None,
    )


def _masks(contents: bytes, length: int, bits: int, packing: int) -> tuple[int, ...]:
    if packing not in (MASKS, MASKS_WITH_ALPHA):
        return _DEFAULT.get(bits, ())
    count = 4 if length >= 56 or packing == MASKS_WITH_ALPHA else 3
    if len(contents) < 54 + 4 * count:
        raise ValueError("it is cut short")
    masks = struct.unpack(f"<{count}I", contents[54 : 54 + 4 * count])
    if not all(masks[:3]):
        raise ValueError("a colour has no bits")
    return (*masks, 0)[:4]


def _profile(contents: bytes) -> bytes | None:
    space = contents[_FILE_HEADER + 56 : _FILE_HEADER + 60]
    at, length = struct.unpack("<II", contents[_FILE_HEADER + 112 : _FILE_HEADER + 120])
    if space != b"DEBM" or _FILE_HEADER + at + length > len(contents):
        return None
    return contents[_FILE_HEADER + at : _FILE_HEADER + at + length]


def read(contents: bytes, header: Header) -> Pixels:
    """The pixels of a file, RGB or RGBA, `[h, w, 3 or 4]`.

    Raises:
        ValueError: some are missing.
    """
    if header.packing in (RLE8, RLE4):
        indices, is_drawn = _unpacked(contents, header)
        pixels = _palette(contents, header)[indices]
        pixels[~is_drawn] = 0
    else:
        samples = _samples(contents, header)
        if header.bits <= 8:
            pixels = _palette(contents, header)[samples]
        elif header.bits == 24:
            pixels = samples.reshape(header.height, header.width, 3)[..., ::-1]
        else:
            used = header.masks if header.masks[3] else header.masks[:3]
            pixels = np.stack([_channel(samples, mask) for mask in used], axis=2)
    return np.ascontiguousarray(pixels if header.is_top_down else pixels[::-1])


def _samples(contents: bytes, header: Header) -> npt.NDArray[Any]:
    """Packed pixels `[h, w]`, or bytes `[h, 3w]` of 24 bits, in the order of the file."""
    stride = (header.width * header.bits + 31) // 32 * 4
    data = np.frombuffer(contents, np.uint8)[header.data :][: stride * header.height]
    if len(data) < stride * header.height:
        raise ValueError("it is cut short")
    lines = data.reshape(header.height, stride)
    if header.bits < 8:
        marks = np.unpackbits(lines, axis=1).reshape(header.height, -1, header.bits)[:, : header.width]
        weights = (1 << np.arange(header.bits - 1, -1, -1)).astype(np.uint8)
        indices: Pixels = (marks * weights).sum(axis=2, dtype=np.uint8)
        return indices
    used = lines[:, : header.width * header.bits // 8]
    if header.bits in (8, 24):
        return used
    return np.ascontiguousarray(used).view(f"<u{header.bits // 8}")


def _palette(contents: bytes, header: Header) -> Pixels:
    """256 colours, black where the file has none."""
    width = 3 if header.length == 12 else 4
    at = _FILE_HEADER + header.length
    entries = np.frombuffer(contents[at : min(at + width * header.colours, header.data)], np.uint8)
    entries = entries[: len(entries) // width * width].reshape(-1, width)
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(entries)] = entries[:, 2::-1]
    return palette


def _channel(samples: npt.NDArray[Any], mask: int) -> Pixels:
    """The samples of one colour, whatever number of bits they have, as bytes."""
    shift = (mask & -mask).bit_length() - 1
    most = mask >> shift
    values = (samples & mask) >> shift
    if most > 255:
        values >>= most.bit_length() - 8
    else:
        values = np.floor(values * (255 / most) + 0.5)
    made: Pixels = values.astype(np.uint8)
    return made


def _unpacked(contents: bytes, header: Header) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    """Indices of run-length coded pixels, and which of them the runs reach, `[h, w]`."""
    indices = np.zeros((header.height, header.width), np.uint8)
    is_drawn = np.zeros(indices.shape, bool)
    at, x, y = header.data, 0, 0

    def draw(values: Pixels) -> None:
        nonlocal x
        if y >= header.height:
            raise ValueError("it has too many rows")
        fitting = values[: header.width - x]
        indices[y, x : x + len(fitting)] = fitting
        is_drawn[y, x : x + len(fitting)] = True
        x += len(fitting)

    while at + 2 <= len(contents):
        count, value = contents[at], contents[at + 1]
        at += 2
        if count:
            pair = (value, value) if header.packing == RLE8 else (value >> 4, value & 15)
            draw(np.resize(np.array(pair, np.uint8), count))
        elif value == 0:
            x, y = 0, y + 1
        elif value == 1:
            return indices, is_drawn
        elif value == 2:
            if at + 2 > len(contents):
                break
            x, y = x + contents[at], y + contents[at + 1]
            at += 2
        else:
            size = value if header.packing == RLE8 else (value + 1) // 2
            plain = np.frombuffer(contents[at : at + size], np.uint8)
            if len(plain) < size:
                break
            if header.packing == RLE4:
                plain = np.stack([plain >> 4, plain & 15], axis=1).ravel()[:value]
            draw(plain)
            at += size + size % 2
    raise ValueError("it is cut short")
