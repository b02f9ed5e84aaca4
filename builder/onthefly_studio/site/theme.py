"""A publisher's own looks: an accent colour that stays readable, and a logo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onthefly_studio.errors import ConfigError

LIGHT, DARK = "#ffffff", "#14151a"
"""What the accent stands on: the surfaces of `src/ui/shared/base.css`, light and dark."""
READABLE = 4.5
"""Least contrast of text (WCAG 2.2, 1.4.3)."""
MAGIC = {".svg": (b"<svg", b"<?xml"), ".png": (b"\x89PNG\r\n\x1a\n",), ".webp": (b"RIFF",)}
LOGO_BYTES = 512 * 1024

Rgb = tuple[int, int, int]


def css(accent: str) -> str:
    """The style sheet that makes an accent the colour of buttons, switches and the focus.

    Where the colour itself would be hard to read on the page, a darker or lighter one of the same hue is
    taken.

    Args:
        accent: `#rrggbb`.
    """
    light, dark = readable(accent, LIGHT), readable(accent, DARK)
    return f"""/* The publisher's accent, {accent}. */
:root {{
  --primary: {light};
  --primary-hover: {_mix(light, "#000000", 0.15)};
  --on-primary: {ink(light)};
  --focus: {light};
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --primary: {dark};
    --primary-hover: {_mix(dark, "#ffffff", 0.15)};
    --on-primary: {ink(dark)};
    --focus: {dark};
  }}
}}
"""


def readable(colour: str, background: str) -> str:
    """The nearest mix with black or white that can be read on the background."""
    end = "#000000" if _luminance(background) > 0.18 else "#ffffff"
    for step in range(101):
        if contrast(mixed := _mix(colour, end, step / 100), background) >= READABLE:
            return mixed
    raise AssertionError(f"neither black nor white can be read on {background}")


def ink(background: str) -> str:
    """Black or white, whichever can be read better."""
    return max("#ffffff", "#000000", key=lambda each: contrast(each, background))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2)."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _rgb(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mix(colour: str, end: str, share: float) -> str:
    pairs = zip(_rgb(colour), _rgb(end), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _rgb(colour: str) -> Rgb:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


@dataclass(frozen=True)
class Logo:
    """A publisher's logo as it is put into the site."""

    suffix: str
    contents: bytes


def logo(path: Path) -> Logo:
    """The logo in a file.

    Raises:
        ConfigError: there is no such file, or it is not an SVG, PNG or WebP picture of a logo's size.
    """
    hint = "Give an SVG, PNG or WebP file of at most 512 KB as `logo` in site.toml."
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The logo cannot be read ({error.strerror}).", where=str(path), hint=hint
        ) from error
    suffix = path.suffix.lower()
    if suffix not in MAGIC or not contents.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(MAGIC[suffix]):
        raise ConfigError(
            "The logo is not a picture that every browser can show.", where=str(path), hint=hint
        )
    if len(contents) > LOGO_BYTES:
        raise ConfigError(f"The logo has {len(contents)} bytes.", where=str(path), hint=hint)
    return Logo(suffix, contents)
