"""JPEGs: coded, turned, coloured and broken in every way."""

from __future__ import annotations

import struct

from PIL import Image

from tests.support.odd import encoders as make
from tests.support.odd.scene import Files, profiles, saved, scene


def jpegs() -> Files:
    """JPEGs as they are coded, turned and broken."""
    image = Image.fromarray(scene())
    best = {"quality": 92}
    plain = saved(image, "JPEG", **best)
    yield "plain.jpg", plain
    for orientation in (*range(10), 65535):
        body = make.segment(0xE1, b"Exif\0\0" + make.exif(orientation))
        yield f"exif-{orientation}.jpg", make.with_segments(plain, body)
    little = make.segment(0xE1, b"Exif\0\0" + make.exif(6, "<"))
    yield "exif-6-little-endian.jpg", make.with_segments(plain, little)
    yield "exif-6-behind-tables.jpg", behind_tables(plain, little)
    yield (
        "exif-6-then-8.jpg",
        make.with_segments(plain, little, make.segment(0xE1, b"Exif\0\0" + make.exif(8))),
    )
    yield "exif-cut-short.jpg", make.with_segments(plain, make.segment(0xE1, b"Exif\0\0MM\0*"))
    yield "exif-nonsense.jpg", make.with_segments(plain, make.segment(0xE1, b"Exif\0\0" + b"?" * 40))
    namespace = b"http://ns.adobe.com/xap/1.0/\0"
    told = make.segment(0xE1, namespace + make.xmp(6))
    yield "xmp-6.jpg", make.with_segments(plain, told)
    yield "xmp-6-exif-1.jpg", make.with_segments(plain, make.segment(0xE1, b"Exif\0\0" + make.exif(1)), told)
    yield "progressive.jpg", saved(image, "JPEG", progressive=True, **best)
    for name in ("4:4:4", "4:2:2", "4:2:0", "4:1:1"):
        yield f"{name.replace(':', '')}.jpg", saved(image, "JPEG", subsampling=name, **best)
    yield "odd-sides.jpg", saved(image.crop((0, 0, 95, 63)), "JPEG", subsampling="4:2:0", **best)
    yield "restarts.jpg", saved(image, "JPEG", restart_marker_rows=1, **best)
    yield "kept-rgb.jpg", saved(image, "JPEG", keep_rgb=True, **best)
    yield "grey.jpg", saved(image.convert("L"), "JPEG", **best)
    yield "cmyk.jpg", saved(image.convert("CMYK"), "JPEG", **best)
    yield "cmyk-with-exif-6.jpg", make.with_segments(saved(image.convert("CMYK"), "JPEG", **best), little)
    yield "trailing.jpg", plain + b"and more" * 100
    yield "two-in-one.jpg", plain + saved(Image.fromarray(255 - scene()), "JPEG", **best)
    yield (
        "several-pictures.jpg",
        saved(image, "MPO", save_all=True, append_images=[image.rotate(180)], **best),
    )
    yield "leading-byte.jpg", b"\0" + plain
    yield "no-end.jpg", plain[:-2]
    yield "no-end-grey.jpg", saved(image.convert("L"), "JPEG", **best)[:-2]
    yield "no-end-and-more.jpg", plain[:-2] + b"and more" * 20
    yield "early-end.jpg", plain[:1500] + b"\xff\xd9"
    yield "early-end-progressive.jpg", saved(image, "JPEG", progressive=True, **best)[:1800] + b"\xff\xd9"
    yield "late-end.jpg", plain[:-2] + bytes(3) + plain[-2:]
    yield "filled.jpg", plain[:2] + b"\xff" + plain[2:]
    for share in (0.97, 0.7, 0.4):
        yield f"cut-{share}.jpg", plain[: int(len(plain) * share)]
    yield "cut-progressive.jpg", saved(image, "JPEG", progressive=True, **best)[:-700]
    yield "cut-in-tables.jpg", plain[:200]
    yield "start-only.jpg", plain[:2]
    yield "damaged.jpg", plain[:900] + bytes(40) + plain[940:]
    yield "no-tables.jpg", without_segments(plain, 0xC4)
    yield "no-quantisation.jpg", without_segments(plain, 0xDB)
    yield "no-header.jpg", without_segments(plain, 0xE0)
    yield "lossless-header.jpg", plain.replace(b"\xff\xc0\0\x11", b"\xff\xc3\0\x11")
    yield "12-bits-header.jpg", plain.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c")
    yield "no-height.jpg", plain.replace(b"\xff\xc0\0\x11\x08\0\x40", b"\xff\xc0\0\x11\x08\0\0")
    yield "jfif.jfif", plain
    yield "named-png.png", plain


def behind_tables(jpeg: bytes, segment: bytes) -> bytes:
    """With a segment right before the frame's header."""
    at = jpeg.index(b"\xff\xc0")
    return jpeg[:at] + segment + jpeg[at:]


def without_segments(jpeg: bytes, marker: int) -> bytes:
    """Without all segments of a kind."""
    at, kept = 2, [jpeg[:2]]
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        if jpeg[at + 1] != marker:
            kept.append(jpeg[at:end])
        at = end
    return b"".join([*kept, jpeg[at:]])


def jpegs_of_colour() -> Files:
    """JPEGs with colour profiles."""
    image = Image.fromarray(scene())
    for name, body in profiles().items():
        if body:
            yield f"profile-{name}.jpg", saved(image, "JPEG", quality=92, icc_profile=body)
    for name, curve in (("linear", make.gamma_curve(1.0)), ("2.2", make.gamma_curve(2.2))):
        body = make.grey_profile(curve)
        yield f"grey-profile-{name}.jpg", saved(image.convert("L"), "JPEG", quality=92, icc_profile=body)
    p3 = make.rgb_profile(make.P3_PRIMARIES)
    linear = profiles()["linear"]
    yield "grey-with-linear.jpg", saved(image.convert("L"), "JPEG", quality=92, icc_profile=linear)
    yield "grey-with-p3.jpg", saved(image.convert("L"), "JPEG", quality=92, icc_profile=p3)
    cmyk = image.convert("CMYK")
    of_cmyk = make.table_profile(b"CMYK", 4)
    yield "cmyk-profile.jpg", saved(cmyk, "JPEG", quality=92, icc_profile=of_cmyk)
    yield "cmyk-with-p3.jpg", saved(cmyk, "JPEG", quality=92, icc_profile=p3)
    long = p3 + bytes(100_000)
    yield "profile-in-parts.jpg", saved(image, "JPEG", quality=92, icc_profile=long)
    head = b"ICC_PROFILE\0"
    swapped = profiles()["swapped"]
    parts = [
        make.segment(0xE2, head + b"\x02\x02" + swapped[250:]),
        make.segment(0xE2, head + b"\x01\x02" + swapped[:250]),
    ]
    plain = saved(image, "JPEG", quality=92)
    yield "profile-parts-exchanged.jpg", make.with_segments(plain, *parts)
    yield "profile-part-missing.jpg", make.with_segments(plain, parts[1])
