"""A publisher's own looks: readable whatever the colour, and only pictures as logos."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from onthefly_studio.errors import ConfigError
from onthefly_studio.places import TEMPLATE_ROOT
from onthefly_studio.site import render, theme

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle r="4"/></svg>'


def test_contrast_is_wcags() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert theme.contrast("#1a5fd0", "#1a5fd0") == 1


@pytest.mark.parametrize("accent", ["#ffff00", "#000000", "#ffffff", "#808080", "#0b6d80", "#FF0000"])
def test_every_accent_can_be_read(accent: str) -> None:
    sheet = theme.css(accent)
    light, dark = sheet.split("@media")
    for scheme, background in ((light, theme.LIGHT), (dark, theme.DARK)):
        values = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", scheme))
        assert theme.contrast(values["primary"], background) >= theme.READABLE
        assert theme.contrast(values["on-primary"], values["primary"]) >= theme.READABLE
        assert theme.contrast(values["focus"], background) >= theme.READABLE


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert theme.readable("#0b6d80", theme.LIGHT) == "#0b6d80"


def test_the_surfaces_are_those_of_the_style_sheet() -> None:
    sheet = (TEMPLATE_ROOT / "src" / "ui" / "shared" / "base.css").read_text("utf-8")
    light, dark = sheet.split("@media (prefers-color-scheme: dark)")[:2]
    assert f"--surface: {theme.LIGHT};" in light
    assert f"--bg: {theme.DARK};" in dark


def test_a_logo_is_a_picture(tmp_path: Path) -> None:
    (tmp_path / "own.svg").write_bytes(SVG)
    assert theme.logo(tmp_path / "own.svg") == theme.Logo(".svg", SVG)
    (tmp_path / "page.svg").write_bytes(b"<html><script>alert(1)</script></html>")
    (tmp_path / "own.gif").write_bytes(b"GIF89a")
    (tmp_path / "huge.png").write_bytes(theme.MAGIC[".png"][0] + bytes(theme.LOGO_BYTES))
    for name in ("page.svg", "own.gif", "huge.png", "absent.svg"):
        with pytest.raises(ConfigError) as caught:
            theme.logo(tmp_path / name)
        assert name in str(caught.value.where)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("en", "ltr"), ("nl-BE", "ltr"), ("ar", "rtl"), ("az-Arab", "rtl"), ("he-IL", "rtl")],
)
def test_direction(lang: str, expected: str) -> None:
    assert render.direction(lang) == expected


def test_every_language_has_every_word() -> None:
    english = render.words("en")
    assert english == render.words("xx")
    assert render.speaks("nl-BE")
    assert not render.speaks("xx")
    for path in render.WORDS.glob("*.json"):
        own = render.words(path.stem)
        assert own.keys() == english.keys(), path.name
        assert all(own.values()), path.name
        assert "{name}" in own["embedded"]
        assert "{number}" in own["class"]
    assert render.words("nl-NL") == render.words("nl") != english
