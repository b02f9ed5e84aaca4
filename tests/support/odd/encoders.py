"""Picture files and colour profiles put together by hand, where Pillow writes only the usual ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PNG_START = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
"""Colour types of a PNG."""

# ---- PNG ---------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _packed(rows: Array, depth: int) -> bytes:
    """Scan lines without a filter, of samples `[h, w, channels]`."""
    height = rows.shape[0]
    flat = rows.reshape(height, -1)
    if depth == 16:
        lines = flat.astype(">u2").view(np.uint8).reshape(height, -1)
    elif depth == 8:
        lines = flat.astype(np.uint8)
    else:
        bits = (flat[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        lines = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    return b"".join(b"\0" + line.tobytes() for line in lines)


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(
    samples: Array,
    colour: int,
    depth: int = 8,
    *,
    before: bytes = b"",
    after: bytes = b"",
    interlaced: bool = False,
    size: tuple[int, int] | None = None,
    rows: int = 0,
) -> bytes:
    """A PNG.

    Args:
        samples: `[h, w, channels]`, each below 2 ** depth.
        colour: its colour type.
        depth: bits per sample.
        before: chunks between the header and the picture's data.
        after: chunks behind them.
        interlaced: in seven passes.
        size: width and height that the header names, where they are not the samples'.
        rows: of zeros, as many as the header's width needs, in the place of the samples.
    """
    height, width = samples.shape[:2]
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    lines = b"".join(_packed(samples[y::dy, x::dx], depth) for x, y, dx, dy in passes)
    if rows and size:
        lines = bytes(rows * (1 + -(-size[0] * depth // 8)))
    header = struct.pack(">IIBBBBB", *(size or (width, height)), depth, colour, 0, 0, int(interlaced))
    return b"".join(
        (
            PNG_START,
            chunk(b"IHDR", header),
            before,
            chunk(b"IDAT", zlib.compress(lines, 1)),
            after,
            chunk(b"IEND"),
        )
    )


def iccp(profile: bytes) -> bytes:
    """A PNG's chunk with a colour profile."""
    return chunk(b"iCCP", b"odd\0\0" + zlib.compress(profile))


def chrm(*values: float) -> bytes:
    """White point, red, green and blue as x and y."""
    return chunk(b"cHRM", struct.pack(">8I", *(round(100_000 * value) for value in values)))


def gama(value: float) -> bytes:
    """The exponent that the samples were encoded with."""
    return chunk(b"gAMA", struct.pack(">I", round(100_000 * value)))


# ---- colour profiles ---------------------------------------------------------------------------

SRGB_PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
"""XYZ of red, green and blue, adapted to D50."""
P3_PRIMARIES = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(65536 * value) for value in values))


def gamma_curve(gamma: float) -> bytes:
    """A power, as versions 2 and 4 both know it."""
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * gamma))


def table_curve(values: Sequence[float]) -> bytes:
    """Sampled, each value in [0, 1]."""
    return b"curv\0\0\0\0" + struct.pack(
        f">I{len(values)}H", len(values), *(round(65535 * v) for v in values)
    )


def parametric_curve(kind: int, *parameters: float) -> bytes:
    """One of version 4's formulas."""
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + _fixed(*parameters)


SRGB_CURVE = parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def profile(
    space: bytes,
    tags: dict[bytes, bytes],
    *,
    version: int = 4,
    connection: bytes = b"XYZ ",
    kind: bytes = b"mntr",
    intent: int = 0,
) -> bytes:
    """An ICC profile with these tags."""
    at = 128 + 4 + 12 * len(tags)
    table, bodies = struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        padded = body + b"\0" * (-len(body) % 4)
        table += struct.pack(">4sII", name, at + len(bodies), len(body))
        bodies += padded
    head = struct.pack(
        ">I4sI4s4s4s12s4s4sII4sII12s",
        *(at + len(bodies), b"\0" * 4, version << 24, kind, space, connection),
        *(struct.pack(">6H", 2024, 1, 1, 0, 0, 0), b"acsp", b"\0" * 4, 0, 0, b"\0" * 4, 0, 0, b"\0" * 4 * 3),
    )
    head = head[:64] + struct.pack(">I", intent) + _fixed(0.9642, 1.0, 0.8249) + head[80:]
    return head.ljust(128, b"\0") + table + bodies


def rgb_profile(
    primaries: Sequence[Sequence[float]] = SRGB_PRIMARIES,
    curve: bytes = SRGB_CURVE,
    *,
    version: int = 4,
    intent: int = 0,
) -> bytes:
    """A matrix and a curve."""
    tags = {
        name + b"XYZ": b"XYZ \0\0\0\0" + _fixed(*primary)
        for name, primary in zip((b"r", b"g", b"b"), primaries, strict=True)
    }
    tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + _fixed(0.9642, 1.0, 0.8249)
    return profile(b"RGB ", tags, version=version, intent=intent)


def grey_profile(curve: bytes) -> bytes:
    """A curve alone."""
    return profile(
        b"GRAY", {b"kTRC": curve, b"wtpt": b"XYZ \0\0\0\0" + _fixed(0.9642, 1.0, 0.8249)}, version=2
    )


def table_profile(space: bytes, channels: int) -> bytes:
    """A grid from device colours to Lab: red stands for green, and all of it a little darker."""
    grid = 9
    corners = np.stack(np.meshgrid(*[np.arange(grid) / (grid - 1)] * channels, indexing="ij"), axis=-1)
    flat = corners.reshape(-1, channels)
    rgb = (1 - flat[:, :3]) * (1 - flat[:, 3:]) if space == b"CMYK" else flat[:, [1, 0, 2]]
    lightness = rgb.mean(axis=1) * 90
    lab = np.stack(
        [lightness * 2.55, 128 + 60 * (rgb[:, 0] - rgb[:, 1]), 128 + 60 * (rgb[:, 1] - rgb[:, 2])], 1
    )
    identity = bytes(range(256))
    body = b"mft1\0\0\0\0" + bytes((channels, 3, grid, 0)) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    body += identity * channels + lab.round().clip(0, 255).astype(np.uint8).tobytes() + identity * 3
    return profile(
        space, {b"A2B0": body}, version=2, connection=b"Lab ", kind=b"mntr" if channels == 3 else b"prtr"
    )


# ---- BMP and ICO -------------------------------------------------------------------------------


def dib(
    samples: Array,
    bits: int,
    *,
    palette: Array | None = None,
    compression: int = 0,
    masks: Sequence[int] = (),
    header: int = 40,
    top_down: bool = False,
    data: bytes | None = None,
    profile: bytes = b"",
    double: bool = False,
) -> tuple[bytes, int]:
    """A bitmap without a file's header, and how many bytes stand before its pixels.

    Args:
        samples: `[h, w]` indices or packed pixels, `[h, w, 3 or 4]` RGB or RGBA bytes.
        bits: per pixel.
        palette: `[n, 3]`.
        compression: 0 none, 1 and 2 run lengths, 3 masks.
        masks: of red, green, blue and alpha.
        header: its length: 12, 40, 108 or 124.
        top_down: the first row first.
        data: in the place of the samples', where it is compressed.
        profile: a colour profile, behind the pixels of a header of 124 bytes.
        double: as an icon names its height.
    """
    height, width = samples.shape[:2]
    if data is None:
        if samples.ndim == 3:
            lines = samples[..., [2, 1, 0, 3][: samples.shape[2]]].reshape(height, -1).astype(np.uint8)
        elif bits in (16, 32):
            lines = samples.astype(f"<u{bits // 8}").view(np.uint8).reshape(height, -1)
        else:
            marks = (samples[..., None] >> np.arange(bits - 1, -1, -1)) & 1
            lines = np.packbits(marks.reshape(height, -1).astype(np.uint8), axis=1)
        lines = np.pad(lines, ((0, 0), (0, -lines.shape[1] % 4)))
        data = lines[:: 1 if top_down else -1].tobytes()
    if header == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        rows = (-1 if top_down else 1) * height * (2 if double else 1)
        used = 0 if palette is None else len(palette)
        head = struct.pack(
            "<IiiHHIIiiII", header, width, rows, 1, bits, compression, len(data), 2835, 2835, used, 0
        )
        if header > 40:
            head += struct.pack("<4I", *(*masks, *[0] * (4 - len(masks))))
            space = b"DEBM" if profile else b"BGRs"
            head += space + b"\0" * 48
            if header == 124:
                head += struct.pack("<4I", 4, 0, len(profile), 0)
        elif masks:
            head += struct.pack(f"<{len(masks)}I", *masks)
    if palette is not None:
        width_of_entry = 3 if header == 12 else 4
        entries = np.zeros((len(palette), width_of_entry), np.uint8)
        entries[:, :3] = palette[:, ::-1]
        head += entries.tobytes()
    if profile:
        head = head[:112] + struct.pack("<I", len(head) + len(data)) + head[116:]
    return head + data + profile, len(head)


def bmp(samples: Array, bits: int, **options: object) -> bytes:
    """A BMP file; see `dib`."""
    body, offset = dib(samples, bits, **options)  # type: ignore[arg-type]
    return b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, 14 + offset) + body


def ico(*pictures: tuple[int, int, bytes], bits: int = 32, cursor: bool = False) -> bytes:
    """An icon of pictures with their width and height."""
    at, table, bodies = 6 + 16 * len(pictures), b"", b""
    for width, height, body in pictures:
        table += struct.pack(
            "<BBBBHHII", width % 256, height % 256, 0, 0, 1, bits, len(body), at + len(bodies)
        )
        bodies += body
    return struct.pack("<HHH", 0, 2 if cursor else 1, len(pictures)) + table + bodies


# ---- GIF ---------------------------------------------------------------------------------------


def _lzw(indices: bytes) -> bytes:
    """Codes of nine bits, none of them for more than one pixel: no compression, and any reader reads it."""
    codes: list[int] = []
    for at in range(0, len(indices), 250):
        codes += [256, *indices[at : at + 250]]
    codes.append(257)
    bits = np.array([[(code >> i) & 1 for i in range(9)] for code in codes], np.uint8).ravel()
    data = np.packbits(bits, bitorder="little").tobytes()
    return (
        b"".join(bytes((len(data[i : i + 255]),)) + data[i : i + 255] for i in range(0, len(data), 255))
        + b"\0"
    )


def gif_frame(
    indices: Array,
    at: tuple[int, int] = (0, 0),
    *,
    transparent: int | None = None,
    disposal: int = 0,
    palette: Array | None = None,
    interlaced: bool = False,
) -> bytes:
    """One picture of a GIF."""
    height, width = indices.shape
    flags = disposal << 2 | (transparent is not None)
    control = b"\x21\xf9\x04" + struct.pack("<BHBB", flags, 10, transparent or 0, 0)
    local = 0 if palette is None else 0x87
    head = struct.pack("<BHHHHB", 0x2C, *at, width, height, local | (0x40 if interlaced else 0))
    colours = (
        b"" if palette is None else np.pad(palette, ((0, 256 - len(palette)), (0, 0))).astype("u1").tobytes()
    )
    if interlaced:
        indices = np.concatenate([indices[0::8], indices[4::8], indices[2::4], indices[1::2]])
    return control + head + colours + b"\x08" + _lzw(indices.astype(np.uint8).tobytes())


def gif(size: tuple[int, int], palette: Array | None, *frames: bytes, background: int = 0) -> bytes:
    """A GIF with a screen of this width and height."""
    flags = 0 if palette is None else 0xF7
    colours = (
        b"" if palette is None else np.pad(palette, ((0, 256 - len(palette)), (0, 0))).astype("u1").tobytes()
    )
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" if len(frames) > 1 else b""
    head = b"GIF89a" + struct.pack("<HHBBB", *size, flags, background, 0)
    return head + colours + loop + b"".join(frames) + b";"


# ---- JPEG and WebP -----------------------------------------------------------------------------


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG's marker with what belongs to it."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG with more segments right after its start."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def exif(orientation: int, order: str = ">") -> bytes:
    """The TIFF inside EXIF, with nothing but an orientation."""
    start = b"MM\0*" if order == ">" else b"II*\0"
    return start + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def xmp(orientation: int) -> bytes:
    """XMP that tells an orientation."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        f'tiff:Orientation="{orientation}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP of these chunks."""
    body = b"WEBP" + b"".join(
        struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunks(webp: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a WebP."""
    chunks, at = [], 12
    while at + 8 <= len(webp):
        name, length = struct.unpack("<4sI", webp[at : at + 8])
        chunks.append((name, webp[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return chunks
