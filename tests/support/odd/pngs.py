"""PNGs: every kind of sample, whatever says what they mean, and what else may stand in the file."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.support.odd import encoders as make
from tests.support.odd.encoders import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, chunk, png
from tests.support.odd.scene import HEIGHT, WIDTH, Files, alpha, grey, indexed, profiles, saved, scene


def rgb16(channels: NDArray[Any]) -> NDArray[Any]:
    """Bytes as samples of 16 bits, the lower eight of them other than the upper."""
    return channels.astype(np.int64) * 257 ^ 0x5A


def pngs() -> Files:
    """PNGs of every kind of sample."""
    rgb, light, opaque = scene(), grey(), np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    for depth in (1, 2, 4):
        yield f"grey-{depth}.png", png(light >> (8 - depth), GREY, depth)
    yield "grey-8.png", png(light, GREY)
    yield "grey-16.png", png(rgb16(light), GREY, 16)
    yield "rgb-8.png", png(rgb, RGB)
    yield "rgb-16.png", png(rgb16(rgb), RGB, 16)
    yield "rgba-8.png", png(np.dstack([rgb, alpha()]), RGBA)
    yield "rgba-16.png", png(rgb16(np.dstack([rgb, alpha()])), RGBA, 16)
    yield "rgba-opaque.png", png(np.dstack([rgb, opaque]), RGBA)
    yield "rgba-empty.png", png(np.dstack([rgb, 0 * opaque]), RGBA)
    yield "grey-alpha-8.png", png(np.dstack([light, alpha()]), GREY_ALPHA)
    yield "grey-alpha-16.png", png(rgb16(np.dstack([light, alpha()])), GREY_ALPHA, 16)
    indices, palette = indexed()
    plte = chunk(b"PLTE", palette.tobytes())
    yield "palette-8.png", png(indices[..., None], PALETTE, before=plte)
    yield "palette-8-interlaced.png", png(indices[..., None], PALETTE, before=plte, interlaced=True)
    few = Image.fromarray(rgb).quantize(4, dither=Image.Dither.NONE)
    colours = chunk(b"PLTE", np.array((few.getpalette() or [])[:12], np.uint8).tobytes())
    yield "palette-2.png", png(np.asarray(few)[..., None], PALETTE, 2, before=colours)
    clear, clear_first = chunk(b"tRNS", bytes(range(0, 200, 2))), chunk(b"tRNS", bytes(256))
    yield "palette-transparent.png", png(indices[..., None], PALETTE, before=plte + clear)
    yield "palette-one-transparent.png", png(indices[..., None], PALETTE, before=plte + chunk(b"tRNS", b"\0"))
    short = chunk(b"PLTE", palette[:20].tobytes())
    yield "palette-too-short.png", png(indices[..., None], PALETTE, before=short)
    yield "palette-not-of-colours.png", png(indices[..., None], PALETTE, before=chunk(b"PLTE", bytes(61)))
    yield "two-palettes.png", png(indices[..., None], PALETTE, before=plte + short)
    yield "palette-behind-data.png", png(indices[..., None], PALETTE, after=plte)
    yield "transparency-first.png", png(indices[..., None], PALETTE, before=clear_first + plte)
    yield "transparency-behind.png", png(indices[..., None], PALETTE, before=plte, after=clear_first)
    too_long = colours + chunk(b"tRNS", bytes(99))
    yield "transparency-too-long.png", png(np.asarray(few)[..., None], PALETTE, 2, before=too_long)
    yield "key-too-short.png", png(rgb, RGB, before=chunk(b"tRNS", b"\0\x10"))
    yield "no-palette.png", png(indices[..., None], PALETTE)
    key = struct.pack(">3H", *(int(v) for v in rgb[HEIGHT // 6, WIDTH // 3]))
    yield "rgb-key.png", png(rgb, RGB, before=chunk(b"tRNS", key))
    yield "grey-key.png", png(light, GREY, before=chunk(b"tRNS", struct.pack(">H", int(light[32, 48, 0]))))
    wide = rgb16(rgb)
    key = struct.pack(">3H", *(int(v) for v in wide[HEIGHT // 6, WIDTH // 3]))
    yield "rgb-16-key.png", png(wide, RGB, 16, before=chunk(b"tRNS", key))
    yield "grey-2-key.png", png(light >> 6, GREY, 2, before=chunk(b"tRNS", b"\0\2"))
    yield "rgb-interlaced.png", png(rgb, RGB, interlaced=True)
    yield "rgba-16-interlaced.png", png(rgb16(np.dstack([rgb, alpha()])), RGBA, 16, interlaced=True)
    yield "one-pixel.png", png(rgb[:1, :1], RGB)
    yield "one-row.png", png(rgb[:1], RGB)
    yield "filters.png", saved(Image.fromarray(rgb), "PNG", optimize=True)


def pngs_of_colour() -> Files:
    """PNGs that say what their samples mean."""
    rgb, light = scene(), grey()
    with_alpha = np.dstack([rgb, alpha()])
    srgb_white, srgb = (0.3127, 0.3290), (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
    p3 = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
    for value in (1.0, 0.45455, 0.55, 0.0, 0.2, 0.43, 0.432, 0.477, 0.48, 3.0):
        yield f"gama-{value}.png", png(rgb, RGB, before=make.gama(value))
    yield "gama-1.0-16.png", png(rgb16(rgb), RGB, 16, before=make.gama(1))
    yield "gama-1.0-grey.png", png(light, GREY, before=make.gama(1))
    yield "gama-1.0-alpha.png", png(with_alpha, RGBA, before=make.gama(1))
    indices, palette = indexed()
    plte = chunk(b"PLTE", palette.tobytes())
    yield "gama-1.0-palette.png", png(indices[..., None], PALETTE, before=make.gama(1) + plte)
    yield "gama-and-srgb.png", png(rgb, RGB, before=make.gama(1) + chunk(b"sRGB", b"\0"))
    yield "gama-and-broken-srgb.png", png(rgb, RGB, before=make.gama(1) + chunk(b"sRGB", b"\x09"))
    yield "two-gamas.png", png(rgb, RGB, before=make.gama(1) + make.gama(0.45455))
    yield "gama-too-short.png", png(rgb, RGB, before=chunk(b"gAMA", b"\0\1"))
    yield "srgb.png", png(rgb, RGB, before=chunk(b"sRGB", b"\0"))
    yield "chrm-only.png", png(rgb, RGB, before=make.chrm(*srgb_white, *p3))
    yield "chrm-srgb-gama.png", png(rgb, RGB, before=make.gama(0.45455) + make.chrm(*srgb_white, *srgb))
    yield "chrm-p3-gama.png", png(rgb, RGB, before=make.gama(0.45455) + make.chrm(*srgb_white, *p3))
    yield "chrm-d50-gama.png", png(rgb, RGB, before=make.gama(0.45455) + make.chrm(0.3457, 0.3585, *srgb))
    yield "chrm-p3-linear-alpha.png", png(with_alpha, RGBA, before=make.gama(1) + make.chrm(*srgb_white, *p3))
    yield "chrm-nonsense.png", png(rgb, RGB, before=make.gama(1) + make.chrm(*[0.3] * 8))
    yield "chrm-p3-grey.png", png(light, GREY, before=make.gama(1) + make.chrm(*srgb_white, *p3))
    kinds = {"srgb": (1, 13), "p3": (12, 13), "bt709": (1, 1), "bt2020": (9, 14), "linear": (1, 8)}
    kinds |= {"p3-linear": (12, 8), "gamma22": (1, 4), "pq": (9, 16), "hlg": (9, 18), "p3-pq": (12, 16)}
    kinds |= {"unspecified": (2, 2), "reserved": (0, 0), "smpte-240": (7, 7), "gamma28": (5, 5)}
    for name, (primaries, transfer) in kinds.items():
        yield f"cicp-{name}.png", png(rgb, RGB, before=chunk(b"cICP", bytes((primaries, transfer, 0, 1))))
    yield (
        "cicp-unspecified-gama.png",
        png(rgb, RGB, before=chunk(b"cICP", bytes((2, 2, 0, 1))) + make.gama(1)),
    )
    yield "cicp-srgb-gama.png", png(rgb, RGB, before=chunk(b"cICP", bytes((1, 13, 0, 1))) + make.gama(1))
    yield "cicp-half-known.png", png(rgb, RGB, before=chunk(b"cICP", bytes((2, 8, 0, 1))))
    yield "cicp-narrow-gama.png", png(rgb, RGB, before=chunk(b"cICP", bytes((12, 13, 0, 0))) + make.gama(1))
    yield "cicp-narrow.png", png(rgb, RGB, before=chunk(b"cICP", bytes((12, 13, 0, 0))))
    yield "cicp-matrix.png", png(rgb, RGB, before=chunk(b"cICP", bytes((12, 13, 6, 1))))
    yield "cicp-p3-alpha.png", png(with_alpha, RGBA, before=chunk(b"cICP", bytes((12, 13, 0, 1))))
    yield "cicp-pq-16.png", png(rgb16(rgb), RGB, 16, before=chunk(b"cICP", bytes((9, 16, 0, 1))))
    yield "cicp-linear-grey.png", png(light, GREY, before=chunk(b"cICP", bytes((1, 8, 0, 1))))
    swapped = profiles()["swapped"]
    both = chunk(b"cICP", bytes((12, 13, 0, 1))) + make.iccp(swapped)
    yield "cicp-and-iccp.png", png(rgb, RGB, before=both)
    yield "iccp-and-gama.png", png(rgb, RGB, before=make.gama(1) + make.iccp(swapped))
    yield "iccp-and-srgb.png", png(rgb, RGB, before=chunk(b"sRGB", b"\0") + make.iccp(swapped))
    yield "broken-iccp-and-gama.png", png(rgb, RGB, before=make.gama(1) + make.iccp(b"nonsense" * 40))
    for name, body in profiles().items():
        yield f"iccp-{name}.png", png(rgb, RGB, before=make.iccp(body))
    yield "iccp-swapped-16.png", png(rgb16(rgb), RGB, 16, before=make.iccp(swapped))
    yield "iccp-swapped-alpha.png", png(with_alpha, RGBA, before=make.iccp(swapped))
    yield "iccp-swapped-16-alpha.png", png(rgb16(with_alpha), RGBA, 16, before=make.iccp(swapped))
    yield "iccp-swapped-palette.png", png(indices[..., None], PALETTE, before=make.iccp(swapped) + plte)
    yield "iccp-swapped-grey.png", png(light, GREY, before=make.iccp(swapped))
    linear = make.iccp(make.grey_profile(make.gamma_curve(1.0)))
    yield "iccp-grey-grey.png", png(light, GREY, before=linear)
    yield "iccp-grey-grey-4.png", png(light >> 4, GREY, 4, before=linear)
    yield "iccp-grey-grey-16.png", png(rgb16(light), GREY, 16, before=linear)
    yield "iccp-grey-grey-alpha.png", png(np.dstack([light, alpha()]), GREY_ALPHA, before=linear)
    yield (
        "iccp-grey-grey-alpha-16.png",
        png(rgb16(np.dstack([light, alpha()])), GREY_ALPHA, 16, before=linear),
    )
    yield "iccp-grey-rgba.png", png(with_alpha, RGBA, before=linear)
    yield "iccp-grey-palette.png", png(indices[..., None], PALETTE, before=linear + plte)
    yield "iccp-grey-rgb-gama.png", png(rgb, RGB, before=linear + make.gama(1))
    yield "iccp-twice.png", png(rgb, RGB, before=make.iccp(swapped) + make.iccp(profiles()["linear"]))
    yield "iccp-without-name.png", png(rgb, RGB, before=chunk(b"iCCP", b"\0\0" + zlib.compress(swapped)))
    yield "iccp-other-packing.png", png(rgb, RGB, before=chunk(b"iCCP", b"odd\0\1" + zlib.compress(swapped)))
    yield "iccp-sum-wrong.png", png(rgb, RGB, before=make.iccp(swapped)[:-1] + b"?")
    cut = b"odd\0\0" + zlib.compress(swapped)[:-30]
    yield "iccp-cut-deflate.png", png(rgb, RGB, before=chunk(b"iCCP", cut))
    yield "iccp-behind-data.png", png(rgb, RGB, after=make.iccp(swapped))
    yield "gama-behind-data.png", png(rgb, RGB, after=make.gama(1))
    yield "sbit.png", png(rgb, RGB, before=chunk(b"sBIT", b"\5\6\5"))
    yield "bkgd.png", png(with_alpha, RGBA, before=chunk(b"bKGD", struct.pack(">3H", 255, 0, 0)))


def pngs_of_chunks() -> Files:
    """PNGs with other chunks, with too much, and with something missing."""
    rgb = scene()
    plain = png(rgb, RGB)
    for orientation in (3, 6):
        turned = chunk(b"eXIf", make.exif(orientation))
        yield f"exif-{orientation}-before.png", png(rgb, RGB, before=turned)
        yield f"exif-{orientation}-behind.png", png(rgb, RGB, after=turned)
    two = chunk(b"eXIf", make.exif(6, "<")) + chunk(b"eXIf", make.exif(3))
    yield "exif-6-then-3.png", png(rgb, RGB, before=two)
    yield "exif-with-start.png", png(rgb, RGB, before=chunk(b"eXIf", b"Exif\0\0" + make.exif(6)))
    hexed = make.exif(6).hex()
    raw = f"\nexif\n{len(hexed) // 2:8}\n{hexed}\n".encode()
    yield (
        "exif-in-text.png",
        png(rgb, RGB, before=chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw))),
    )
    told = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + make.xmp(6))
    yield "xmp-6.png", png(rgb, RGB, before=told)
    big = np.random.default_rng(1).integers(0, 256, 3_000_000, np.uint8).tobytes()
    yield "huge-ztxt.png", png(rgb, RGB, before=chunk(b"zTXt", b"odd\0\0" + zlib.compress(bytes(3_000_000))))
    yield "huge-text.png", png(rgb, RGB, before=chunk(b"tEXt", b"odd\0" + b"x" * 3_000_000))
    yield (
        "huge-itxt.png",
        png(rgb, RGB, after=chunk(b"iTXt", b"o\0\1\0\0\0" + zlib.compress(bytes(3_000_000)))),
    )
    p3 = make.rgb_profile(make.P3_PRIMARIES)
    yield "huge-iccp.png", png(rgb, RGB, before=make.iccp(padded(p3, bytes(2_000_000))))
    yield "huge-iccp-of-noise.png", png(rgb, RGB, before=make.iccp(padded(p3, big[:2_000_000])))
    yield "many-text.png", png(rgb, RGB, before=chunk(b"tEXt", b"odd\0" + b"x" * 50) * 5000)
    yield "unknown-chunk.png", png(rgb, RGB, before=chunk(b"prVt", b"?"))
    yield "unknown-critical.png", png(rgb, RGB, before=chunk(b"PRVT", b"?"))
    yield "sum-wrong-text.png", png(rgb, RGB, before=chunk(b"tEXt", b"a\0b")[:-1] + b"?")
    yield "sum-wrong-gama.png", png(rgb, RGB, before=make.gama(1)[:-1] + b"?")
    at = plain.index(b"IDAT")
    size = struct.unpack(">I", plain[at - 4 : at])[0]
    yield "sum-wrong-data.png", plain[: at + 4 + size] + b"odd?" + plain[at + 8 + size :]
    yield "sum-wrong-header.png", plain[:29] + b"odd?" + plain[33:]
    yield "sum-wrong-deflate.png", wrong_adler(plain)
    yield "damaged.png", plain[: at + 300] + b"?" * 40 + plain[at + 340 :]
    yield "sum-wrong-end.png", plain[:-1] + b"?"
    yield "sum-wrong-palette.png", with_wrong_palette()
    yield "data-interrupted.png", split_data(plain).replace(chunk(b"IDAT"), chunk(b"tEXt", b"a\0b"), 1)
    yield "no-data.png", plain[:33] + chunk(b"IEND")
    yield "header-second.png", plain[:8] + chunk(b"tEXt", b"a\0b") + plain[8:]
    yield "two-headers.png", plain[:33] + plain[8:33] + plain[33:]
    yield "trailing.png", plain + b"and more" * 100
    yield "no-end.png", plain[:-12]
    for share in (0.97, 0.5):
        yield f"cut-{share}.png", plain[: int(len(plain) * share)]
    yield "cut-interlaced.png", png(rgb, RGB, interlaced=True)[:-600]
    yield "header-only.png", plain[:33]
    yield "signature-only.png", plain[:8]
    yield "too-few-rows.png", png(rgb[:40], RGB, size=(WIDTH, HEIGHT))
    yield "too-many-rows.png", png(rgb, RGB, size=(WIDTH, 40))
    yield "no-rows.png", png(rgb, RGB, size=(WIDTH, 0))
    yield "depth-3.png", plain[:24] + b"\3" + plain[25:]
    yield "depth-4-rgb.png", png(rgb >> 4, RGB, 4)
    yield "animated.png", animated(first_is_default=True)
    yield "animated-behind.png", animated(first_is_default=False)
    yield "animated-behind-small.png", animated(first_is_default=False, small=True)
    yield "split-data.png", split_data(plain)
    yield "huge-sides.png", png(rgb[:1], RGB, size=(60_000, 60_000))


def with_wrong_palette() -> bytes:
    """The palette's checksum is another one."""
    indices, palette = indexed()
    return png(indices[..., None], PALETTE, before=chunk(b"PLTE", palette.tobytes())[:-1] + b"?")


def padded(profile: bytes, more: bytes) -> bytes:
    """A profile with more at its end, and a length that says so."""
    return struct.pack(">I", len(profile) + len(more)) + profile[4:] + more


def wrong_adler(plain: bytes) -> bytes:
    """The checksum of the deflated data is another one; the chunk's own is right."""
    at = plain.index(b"IDAT")
    size = struct.unpack(">I", plain[at - 4 : at])[0]
    data = plain[at + 4 : at + size] + b"?"
    return plain[: at - 4] + chunk(b"IDAT", data) + plain[at + 8 + size :]


def split_data(plain: bytes) -> bytes:
    """The data in chunks of ten bytes, and some empty ones."""
    at = plain.index(b"IDAT")
    size = struct.unpack(">I", plain[at - 4 : at])[0]
    data = plain[at + 4 : at + 4 + size]
    parts = b"".join(chunk(b"IDAT", data[i : i + 10]) + chunk(b"IDAT") for i in range(0, size, 10))
    return plain[: at - 4] + parts + plain[at + 8 + size :]


def animated(first_is_default: bool, small: bool = False) -> bytes:
    """Two pictures; the first of the animation is the file's own, or it is not."""

    def control(number: int, width: int, height: int, x: int, y: int) -> bytes:
        return chunk(b"fcTL", struct.pack(">5I2H2B", number, width, height, x, y, 1, 10, 0, 0))

    def data(pixels: NDArray[Any]) -> bytes:
        return zlib.compress(b"".join(b"\0" + line.tobytes() for line in pixels))

    other = 255 - scene()[: 40 if small else None, : 50 if small else None]
    height, width = other.shape[:2]
    x, y = (30, 20) if small else (0, 0)
    before = chunk(b"acTL", struct.pack(">II", 2 if first_is_default else 1, 0))
    if first_is_default:
        before += control(0, WIDTH, HEIGHT, 0, 0)
    number = 1 if first_is_default else 0
    after = control(number, width, height, x, y) + chunk(b"fdAT", struct.pack(">I", number + 1) + data(other))
    return png(scene(), RGB, before=before, after=after)
