"""WebP, GIF, BMP, icons, AVIF, and what is no picture."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

from tests.support.odd import encoders as make
from tests.support.odd.encoders import RGBA, png
from tests.support.odd.scene import HEIGHT, WIDTH, Files, alpha, indexed, profiles, saved, scene


def webps() -> Files:
    """WebP, with and without loss."""
    image = Image.fromarray(scene())
    clear = Image.fromarray(np.dstack([scene(), alpha()]))
    lossy, lossless = saved(image, "WEBP", quality=90), saved(image, "WEBP", lossless=True)
    yield "lossy.webp", lossy
    yield "lossless.webp", lossless
    yield "odd-sides.webp", saved(image.crop((0, 0, 95, 63)), "WEBP", quality=90)
    yield "lossy-alpha.webp", saved(clear, "WEBP", quality=90)
    yield "lossless-alpha.webp", saved(clear, "WEBP", lossless=True, exact=True)
    for orientation in (3, 6):
        exif = make.exif(orientation)
        yield f"exif-{orientation}.webp", saved(image, "WEBP", lossless=True, exif=exif)
        yield f"exif-{orientation}-start.webp", saved(image, "WEBP", lossless=True, exif=b"Exif\0\0" + exif)
    yield "xmp-6.webp", saved(image, "WEBP", lossless=True, xmp=make.xmp(6))
    for name in ("p3", "swapped", "nonsense", "grey", "of-cmyk", "grid"):
        yield f"profile-{name}.webp", saved(image, "WEBP", lossless=True, icc_profile=profiles()[name])
    yield "profile-swapped-lossy.webp", saved(image, "WEBP", quality=90, icc_profile=profiles()["swapped"])
    yield "profile-swapped-alpha.webp", saved(clear, "WEBP", lossless=True, icc_profile=profiles()["swapped"])
    other = Image.fromarray(255 - scene())
    options = {"save_all": True, "append_images": [other], "duration": 100, "lossless": True}
    yield "animated.webp", saved(image, "WEBP", **options)
    yield "animated-alpha.webp", saved(clear, "WEBP", **options)
    yield "animated-profile.webp", saved(image, "WEBP", icc_profile=profiles()["swapped"], **options)
    yield "animated-small-first.webp", small_first(lossless)
    yield "background.webp", small_first(lossless, background=b"\0\0\xff\xff")
    yield "flagless-exif.webp", flagless(saved(image, "WEBP", lossless=True, exif=make.exif(6)))
    yield "trailing.webp", lossy + b"and more" * 100
    for share in (0.97, 0.5):
        yield f"cut-{share}.webp", lossy[: int(len(lossy) * share)]
        yield f"cut-{share}-lossless.webp", lossless[: int(len(lossless) * share)]
    yield "header-only.webp", lossy[:30]


def small_first(lossless: bytes, background: bytes = b"\0\0\0\0") -> bytes:
    """An animation whose first picture covers a part."""
    body = make.riff_chunks(lossless)[0]
    data = struct.pack("<4sI", body[0], len(body[1])) + body[1] + b"\0" * (len(body[1]) % 2)

    def three(value: int) -> bytes:
        return struct.pack("<I", value)[:3]

    canvas = b"\x02\0\0\0" + three(WIDTH + 40 - 1) + three(HEIGHT + 60 - 1)
    frame = three(10) + three(15) + three(WIDTH - 1) + three(HEIGHT - 1) + three(100) + b"\0" + data
    return make.riff((b"VP8X", canvas), (b"ANIM", background + b"\0\0"), (b"ANMF", frame), (b"ANMF", frame))


def flagless(webp: bytes) -> bytes:
    """With EXIF that the header does not announce."""
    chunks = make.riff_chunks(webp)
    return make.riff((b"VP8X", b"\0" + chunks[0][1][1:]), *chunks[1:])


def gifs() -> Files:
    """GIFs of one picture and of several."""
    indices, palette = indexed()
    size = (WIDTH, HEIGHT)
    other = indices[::-1]
    yield "plain.gif", make.gif(size, palette, make.gif_frame(indices))
    yield "interlaced.gif", make.gif(size, palette, make.gif_frame(indices, interlaced=True))
    yield (
        "transparent.gif",
        make.gif(size, palette, make.gif_frame(indices, transparent=int(indices[20, 30]))),
    )
    yield "local-palette.gif", make.gif(size, palette[::-1].copy(), make.gif_frame(indices, palette=palette))
    yield "only-local-palette.gif", make.gif(size, None, make.gif_frame(indices, palette=palette))
    yield "no-palette.gif", make.gif(size, None, make.gif_frame(indices))
    two = (make.gif_frame(indices), make.gif_frame(other))
    yield "animated.gif", make.gif(size, palette, *two)
    clear = make.gif_frame(other, transparent=3, disposal=2)
    yield (
        "animated-transparent.gif",
        make.gif(size, palette, make.gif_frame(indices, transparent=3, disposal=2), clear),
    )
    small = make.gif_frame(indices, (12, 9))
    for name, background in (("", 0), ("-background", 7)):
        larger = (WIDTH + 40, HEIGHT + 30)
        yield f"small-first{name}.gif", make.gif(larger, palette, small, background=background)
    yield "small-first-animated.gif", make.gif((WIDTH + 40, HEIGHT + 30), palette, small, *two)
    yield (
        "small-first-transparent.gif",
        make.gif(
            (WIDTH + 40, HEIGHT + 30), palette, make.gif_frame(indices, (12, 9), transparent=5), background=5
        ),
    )
    yield "large-first.gif", make.gif((60, 40), palette, make.gif_frame(indices))
    yield "beyond-screen.gif", make.gif((60, 40), palette, make.gif_frame(indices, (20, 10)))
    yield "off-screen.gif", make.gif((20, 20), palette, make.gif_frame(indices, (30, 30)))
    yield "few-colours.gif", make.gif(size, palette[:4], make.gif_frame(indices))
    yield "clear-colour-unused.gif", make.gif(size, palette, make.gif_frame(indices, transparent=250))
    yield "no-screen.gif", make.gif((0, 0), palette, make.gif_frame(indices))
    plain = make.gif(size, palette, make.gif_frame(indices))
    yield "87a.gif", plain.replace(b"GIF89a", b"GIF87a")
    yield "trailing.gif", plain + b"and more" * 100
    yield "no-end.gif", plain[:-1]
    for share in (0.97, 0.5):
        yield f"cut-{share}.gif", plain[: int(len(plain) * share)]
    yield "by-pillow.gif", saved(Image.fromarray(scene()), "GIF")
    yield "no-picture.gif", make.gif(size, palette)


def bmps() -> Files:
    """BMPs of every depth."""
    rgb = scene()
    indices, palette = indexed()
    bits = np.asarray(Image.fromarray(rgb).convert("1", dither=Image.Dither.NONE)).astype(np.uint8)
    black_white = np.array([[20, 10, 90], [250, 240, 200]], np.uint8)
    yield "1.bmp", make.bmp(bits, 1, palette=black_white)
    few = Image.fromarray(rgb).quantize(16, dither=Image.Dither.NONE)
    sixteen = np.array((few.getpalette() or [])[:48], np.uint8).reshape(-1, 3)
    yield "4.bmp", make.bmp(np.asarray(few), 4, palette=sixteen)
    yield "8.bmp", make.bmp(indices, 8, palette=palette)
    yield "8-top-down.bmp", make.bmp(indices, 8, palette=palette, top_down=True)
    yield "8-os2.bmp", make.bmp(indices, 8, palette=np.pad(palette, ((0, 56), (0, 0))), header=12)
    yield "24-os2.bmp", make.bmp(rgb, 24, header=12)
    yield "24.bmp", make.bmp(rgb, 24)
    yield "24-odd-width.bmp", make.bmp(rgb[:, :95], 24)
    yield "24-top-down.bmp", make.bmp(rgb, 24, top_down=True)
    r, g, b = (rgb[..., i].astype(np.int64) for i in range(3))
    a = alpha()[..., 0].astype(np.int64)
    yield "16.bmp", make.bmp((r >> 3) << 10 | (g >> 3) << 5 | b >> 3, 16)
    masks = (0xF800, 0x07E0, 0x001F)
    yield "16-565.bmp", make.bmp((r >> 3) << 11 | (g >> 2) << 5 | b >> 3, 16, compression=3, masks=masks)
    bgra = a << 24 | r << 16 | g << 8 | b
    yield "32.bmp", make.bmp(bgra & 0xFFFFFF, 32)
    yield "32-with-fourth-byte.bmp", make.bmp(bgra, 32)
    masks = (0xFF0000, 0xFF00, 0xFF)
    yield "32-masks.bmp", make.bmp(bgra, 32, compression=3, masks=masks)
    yield "32-other-masks.bmp", make.bmp(r | g << 8 | b << 16, 32, compression=3, masks=masks[::-1])
    with_alpha = (*masks, 0xFF000000)
    yield "32-v4-alpha.bmp", make.bmp(bgra, 32, compression=3, masks=with_alpha, header=108)
    yield "32-v5-alpha.bmp", make.bmp(bgra, 32, compression=3, masks=with_alpha, header=124)
    yield "32-v5-no-alpha.bmp", make.bmp(bgra, 32, compression=3, masks=masks, header=124)
    empty = np.full((HEIGHT, WIDTH), 0x336699, np.int64)
    yield "32-v5-clear.bmp", make.bmp(empty, 32, compression=3, masks=with_alpha, header=124)
    profile = profiles()["swapped"]
    yield "8-v5-profile.bmp", make.bmp(indices, 8, palette=palette, header=124, profile=profile)
    yield "24-v5-profile.bmp", make.bmp(rgb, 24, header=124, profile=profiles()["swapped"])
    rows = [b"".join(bytes((1, int(v))) for v in row) + b"\0\0" for row in indices[::-1]]
    yield "8-rle.bmp", make.bmp(indices, 8, palette=palette, compression=1, data=b"".join(rows) + b"\0\1")
    skipped = [
        b"\0\2\x30\0" + b"".join(bytes((1, int(v))) for v in row[48:]) + b"\0\0" for row in indices[::-1]
    ]
    yield (
        "8-rle-skips.bmp",
        make.bmp(indices, 8, palette=palette, compression=1, data=b"".join(skipped) + b"\0\1"),
    )
    nibbles = np.asarray(few)
    rows = [
        b"".join(bytes((2, int(a) << 4 | int(b))) for a, b in row.reshape(-1, 2)) + b"\0\0"
        for row in nibbles[::-1]
    ]
    yield "4-rle.bmp", make.bmp(nibbles, 4, palette=sixteen, compression=2, data=b"".join(rows) + b"\0\1")
    plain = make.bmp(rgb, 24)
    yield "cut.bmp", plain[: len(plain) // 2]
    yield "cut-a-little.bmp", plain[:-30]
    yield "header-only.bmp", plain[:54]
    yield "trailing.bmp", plain + b"and more"
    yield "short-palette.bmp", make.bmp(indices, 8, palette=palette[:20])
    body = make.dib(rgb, 24)[0]
    yield (
        "jpeg-inside.bmp",
        b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, 54) + body[:16] + b"\4" + body[17:],
    )


def icons() -> Files:
    """Icons and cursors."""
    rgb = np.asarray(Image.fromarray(scene()).resize((64, 64)))
    clear = np.dstack([rgb, np.asarray(Image.fromarray(alpha()[..., 0]).resize((64, 64)))])
    inside = png(clear, RGBA)
    mask = bytes(64 * 8)
    body = make.dib(clear, 32, double=True)[0] + mask
    small = make.dib(clear[::2, ::2], 32, double=True)[0] + bytes(32 * 4)
    yield "png.ico", make.ico((64, 64, inside))
    yield "bmp.ico", make.ico((64, 64, body))
    yield "two.ico", make.ico((32, 32, small), (64, 64, body))
    yield "masked.ico", make.ico((64, 64, make.dib(rgb, 24, double=True)[0] + b"\xf0" * (64 * 8)), bits=24)
    yield "cursor.cur", make.ico((64, 64, body), cursor=True)


def avifs() -> Files:
    """AVIF, where Pillow writes it."""
    image = Image.fromarray(scene())
    clear = Image.fromarray(np.dstack([scene(), alpha()]))
    best = {"quality": 95, "speed": 9}
    for sampling in ("4:4:4", "4:2:2", "4:2:0"):
        yield f"{sampling.replace(':', '')}.avif", saved(image, "AVIF", subsampling=sampling, **best)
    yield "narrow.avif", saved(image, "AVIF", range="limited", **best)
    yield "grey.avif", saved(image.convert("L"), "AVIF", subsampling="4:0:0", **best)
    yield "lossless.avif", saved(image, "AVIF", quality=100, subsampling="4:4:4", speed=9)
    yield "alpha.avif", saved(clear, "AVIF", **best)
    yield "alpha-premultiplied.avif", saved(clear, "AVIF", alpha_premultiplied=True, **best)
    for orientation in (3, 5, 6):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"exif-{orientation}.avif", saved(image, "AVIF", exif=exif.tobytes(), **best)
    for name in ("p3", "swapped", "nonsense"):
        yield f"profile-{name}.avif", saved(image, "AVIF", icc_profile=profiles()[name], **best)
    yield "animated.avif", saved(image, "AVIF", save_all=True, append_images=[image.rotate(180)], **best)
    plain = saved(image, "AVIF", **best)
    at = plain.index(b"nclx") + 4
    for name, pair in {
        "p3": (12, 13),
        "bt2020": (9, 14),
        "linear": (1, 8),
        "unspecified": (2, 2),
        "pq": (9, 16),
    }.items():
        yield f"cicp-{name}.avif", plain[:at] + struct.pack(">HH", *pair) + plain[at + 4 :]
    yield "cut.avif", plain[: len(plain) // 2]
    yield "header-only.avif", plain[:32]


def others() -> Files:
    """What is no picture, or none for a browser."""
    image = Image.fromarray(scene())
    yield "plain.tif", saved(image, "TIFF")
    yield "plain.jp2", saved(image, "JPEG2000")
    yield "plain.ppm", saved(image, "PPM")
    yield "plain.tga", saved(image, "TGA")
    yield "plain.pcx", saved(image, "PCX")
    yield "plain.dds", saved(image, "DDS")
    yield "plain.icns", saved(image.resize((64, 64)), "ICNS")
    yield "heic-header.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
    yield "jxl-header.jxl", b"\xff\x0a" + bytes(100)
    yield (
        "drawing.svg",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
    )
    yield "empty.png", b""
    yield "text.jpg", b"This is no picture."
    yield "page.html.jpg", b"<!doctype html><title>404 Not Found</title>" * 20
    yield "zeros.png", bytes(1000)
    yield "xbm.xbm", b"#define a_width 8\n#define a_height 1\nstatic char a_bits[] = {0xaa};\n"
