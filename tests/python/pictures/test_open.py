"""Pictures as a browser shows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from onthefly_studio.errors import ConfigError, SourceError
from onthefly_studio.pictures.open import on_background, open_picture
from tests.support.odd.scene import saved

LEFT_RED = np.zeros((4, 8, 3), np.uint8)
LEFT_RED[:, :4] = (255, 0, 0)
LEFT_RED[:, 4:] = (0, 0, 255)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda p: p),
        (2, lambda p: p[:, ::-1]),
        (3, lambda p: p[::-1, ::-1]),
        (4, lambda p: p[::-1]),
        (5, lambda p: p.transpose(1, 0, 2)),
        (6, lambda p: np.rot90(p, -1)),
        (7, lambda p: p[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda p: np.rot90(p)),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_camera_s_orientation_is_applied(
    kind: str, orientation: int, turn: Callable[[NDArray[Any]], NDArray[Any]]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    large = LEFT_RED.repeat(8, 0).repeat(8, 1)
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    got = open_picture(saved(Image.fromarray(large), kind, exif=exif, **options))
    expected = turn(large)
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected).max() <= 4


def test_another_colour_space_is_converted() -> None:
    """The profile of a space whose red and green are exchanged: red in it is green in sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    image = Image.new("RGB", (3, 3), (255, 0, 0))
    got = open_picture(saved(image, "PNG", icc_profile=bytes(profile)))
    np.testing.assert_allclose(got[0, 0], [0, 255, 0], atol=2)


def test_a_profile_that_makes_no_sense_is_left_aside() -> None:
    image = Image.new("RGB", (3, 3), (10, 20, 30))
    assert open_picture(saved(image, "PNG", icc_profile=b"nonsense" * 20))[0, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_becomes_rgb(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((2, 2), 0x80FF, np.uint16))
    else:
        grey = Image.new("RGB", (2, 2), (128, 128, 128))
        image = grey.convert(mode, dither=Image.Dither.NONE, palette=Image.Palette.ADAPTIVE)
    got = open_picture(saved(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert got.shape == (2, 2, 3)
    assert np.abs(got.astype(int) - (255 if mode == "1" else 128)).max() <= 2


def test_what_is_transparent_lies_on_white() -> None:
    rgba = np.array([[[200, 100, 50, 255], [200, 100, 50, 0], [200, 100, 50, 128]]], np.uint8)
    got = open_picture(saved(Image.fromarray(rgba), "PNG"))
    assert got.tolist() == [[[200, 100, 50], [255, 255, 255], [227, 177, 152]]]


def test_every_alpha_and_sample_is_rounded_as_the_formula_has_it() -> None:
    alpha, sample = np.mgrid[0:256, 0:256].astype(np.uint8)
    got = on_background(np.dstack([sample, sample, sample, alpha]))[..., 0]
    exact = np.rint(sample * (alpha / 255)) + 255 - alpha
    np.testing.assert_array_equal(got, exact)


@pytest.mark.parametrize(
    "contents", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_refused(contents: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(contents)
    with pytest.raises(SourceError, match="not a picture") as caught:
        open_picture(tmp_path / "x.png")
    assert caught.value.where == str(tmp_path / "x.png")


def test_a_picture_cut_short_and_a_huge_one_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    contents = saved(Image.fromarray(pixels), "PNG")
    with pytest.raises(SourceError, match="not a picture"):
        open_picture(contents[:-2000], "cut.png")
    monkeypatch.setattr("onthefly_studio.pictures.open.PICTURE_PIXELS", 1000)
    with pytest.raises(SourceError, match="64 by 64"):
        open_picture(contents, "huge.png")


def test_no_such_picture(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        open_picture(tmp_path / "none.jpg")
