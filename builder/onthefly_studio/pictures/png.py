"""The chunks of a PNG, as browsers take them.

Pillow turns pictures by metadata that browsers leave alone, knows no colours but a profile's, and refuses
files with long texts. So chunks are read here, and Pillow is handed the samples and nothing else.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

START = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
_DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_KNOWN = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_ONCE = (b"PLTE", b"tRNS", b"iCCP", b"cICP", b"gAMA", b"cHRM", b"sRGB", b"eXIf", b"acTL")
STEP = 1 << 14
"""Deflated bytes at once: 16 MB at the most once inflated."""
PROFILE_MAX = 1 << 26
"""Bytes of an unpacked profile: more than the largest there are."""


@dataclass(frozen=True)
class Header:
    """The picture's kind."""

    width: int
    height: int
    depth: int
    colour: int
    is_interlaced: bool

    @property
    def packed(self) -> bytes:
        """As in the file; of a palette's indices as if they were grey, for which no palette is needed."""
        colour = GREY if self.colour == PALETTE else self.colour
        numbers = (self.width, self.height, self.depth, colour, 0, 0, self.is_interlaced)
        return struct.pack(">IIBBBBB", *numbers)

    @property
    def bytes(self) -> int:
        """Of the inflated data."""
        passes = _ADAM7 if self.is_interlaced else ((0, 0, 1, 1),)
        total = 0
        for x, y, across, down in passes:
            columns, rows = -(-(self.width - x) // across), -(-(self.height - y) // down)
            if columns > 0 and rows > 0:
                total += rows * (1 + -(-columns * self.depth * _CHANNELS[self.colour] // 8))
        return total


@dataclass
class Png:
    """What a PNG says."""

    header: Header
    data: list[bytes] = field(default_factory=list)
    """Deflated samples, in parts."""
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    """Others that stand before the data; of each kind the first."""
    frame: Header | None = None
    """Of the first picture of an animation, where it is not the file's own."""
    at: tuple[int, int] = (0, 0)
    """Where that lies."""

    def samples(self) -> bytes:
        """A PNG of the samples alone: grey, with the palette's indices where there is one.

        Raises:
            ValueError: there are too few of them.
        """
        header = self.frame or self.header
        _require_rows(self.data, header.bytes)
        parts = [(b"IHDR", header.packed), *((b"IDAT", part) for part in self.data), (b"IEND", b"")]
        return START + b"".join(_chunk(kind, body) for kind, body in parts)

    def profile(self) -> bytes | None:
        """The unpacked colour profile."""
        name, _, rest = self.chunks.get(b"iCCP", b"").partition(b"\0")
        if not name or rest[:1] != b"\0":
            return None
        try:
            return zlib.decompressobj().decompress(rest[1:], PROFILE_MAX)
        except zlib.error:
            return None

    def numbers(self, kind: bytes, form: str) -> tuple[int, ...] | None:
        """The numbers in a chunk; None where there is none, or one of another length."""
        body = self.chunks.get(kind, b"")
        return struct.unpack(form, body) if len(body) == struct.calcsize(form) else None


def parse(contents: bytes) -> Png:
    """Read a PNG's chunks.

    Raises:
        ValueError: it is broken in a way in which browsers refuse it.
    """
    chunks = _walk(contents)
    kind, body = next(chunks, (b"", b""))
    if kind != b"IHDR":
        raise ValueError("it does not begin with its header")
    png = Png(_header(body))
    animated: list[tuple[bytes, bytes]] = []
    seen: set[bytes] = set()
    is_open = False
    for kind, body in chunks:
        if kind == b"IDAT":
            if b"IDAT" in seen and not is_open:
                raise ValueError("its data is interrupted")
            png.data.append(body)
        elif kind in (b"fcTL", b"fdAT"):
            animated.append((kind, body))
            if kind == b"fcTL" and b"IDAT" not in seen and b"acTL" in png.chunks:
                seen.add(b"first")
        elif kind in _ONCE and (kind not in seen or kind == b"PLTE"):
            if kind == b"PLTE" and kind in seen:
                raise ValueError("it has two palettes")
            if b"IDAT" not in seen and not (kind == b"tRNS" and _misses_palette(png)):
                png.chunks[kind] = body
        elif kind == b"IHDR":
            raise ValueError("it has two headers")
        is_open = kind == b"IDAT"
        seen.add(kind)
    _require_whole(png, seen)
    if b"acTL" in png.chunks and b"first" not in seen:
        _take_first(png, animated)
    return png


def _walk(contents: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Chunks up to the end, without those whose checksum is wrong where the picture does not need them."""
    view, at = memoryview(contents), len(START)
    while True:
        if at + 8 > len(contents):
            raise ValueError("it is cut short")
        length, kind = struct.unpack(">I4s", view[at : at + 8])
        if kind == b"IEND":
            return
        end = at + 12 + length
        if end > len(contents):
            raise ValueError("it is cut short")
        body = bytes(view[at + 8 : end - 4])
        is_right = zlib.crc32(body, zlib.crc32(kind)) == struct.unpack(">I", view[end - 4 : end])[0]
        if kind[0] < ord("a") and (kind not in _KNOWN or not is_right):
            raise ValueError(f"its chunk {kind!r} is unknown or damaged")
        if is_right:
            yield kind, body
        at = end


def _header(body: bytes) -> Header:
    if len(body) != 13:
        raise ValueError("its header has another length")
    width, height, depth, colour, packing, filtering, interlacing = struct.unpack(">IIBBBBB", body)
    if depth not in _DEPTHS.get(colour, ()) or packing or filtering or interlacing > 1 or not width * height:
        raise ValueError("its header makes no sense")
    return Header(width, height, depth, colour, bool(interlacing))


def _misses_palette(png: Png) -> bool:
    return png.header.colour == PALETTE and b"PLTE" not in png.chunks


def _require_whole(png: Png, seen: set[bytes]) -> None:
    if b"IDAT" not in seen:
        raise ValueError("it has no data")
    palette = png.chunks.get(b"PLTE")
    if palette is not None and not 3 <= len(palette) <= 768:
        raise ValueError("its palette makes no sense")
    if _misses_palette(png):
        raise ValueError("it has no palette")
    coding = png.numbers(b"cICP", "4B")
    if coding and coding[2]:
        raise ValueError("it names a matrix for its colours, and is RGB")


def _take_first(png: Png, animated: list[tuple[bytes, bytes]]) -> None:
    """Of an animation that the file's own picture is no part of, take the first picture."""
    if not animated or len(animated[0][1]) != 26:
        return
    width, height, x, y = struct.unpack(">4I", animated[0][1][4:20])
    if not width * height or x + width > png.header.width or y + height > png.header.height:
        raise ValueError("its first picture lies outside")
    png.frame, png.at, png.data = replace(png.header, width=width, height=height), (x, y), []
    for kind, body in animated[1:]:
        if kind == b"fcTL":
            break
        png.data.append(body[4:])


def _require_rows(data: list[bytes], count: int) -> None:
    """Inflate, a little at a time, to see that there are as many bytes: Pillow fills up what is missing."""
    inflate = zlib.decompressobj()
    for part in data:
        for at in range(0, len(part), STEP):
            count -= len(inflate.decompress(part[at : at + STEP]))
            if count <= 0:
                return
    if count > len(inflate.flush()):
        raise ValueError("rows are missing")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
