"""`index.html` and `site.json` from the settings, the assets and the backbone."""

from __future__ import annotations

import json

import jinja2
from markupsafe import Markup

from onthefly_studio.contract import CLASS_TONES
from onthefly_studio.errors import ConfigError
from onthefly_studio.places import TEMPLATES
from onthefly_studio.site.assets import language_of
from onthefly_studio.site.description import Site
from onthefly_studio.site.policy import POLICY

WORDS = TEMPLATES / "words"
RIGHT_TO_LEFT = {"ar", "arc", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"}
"""Languages that are written so by default."""


def inline_json(value: object) -> Markup:
    """JSON that can stand inside a `<script>` element: nothing in it can end the element."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - made safe on the lines above


def speaks(lang: str) -> bool:
    """Whether the page has words of its own in a language (BCP 47)."""
    return language_of(lang) == _primary(lang)


def words(lang: str) -> dict[str, str]:
    """The words that stand without JavaScript, in a language; in English where it has none of its own."""
    read: dict[str, str] = json.loads((WORDS / f"{language_of(lang)}.json").read_text("utf-8"))
    return read


def _primary(lang: str) -> str:
    return lang.split("-")[0].lower()


def direction(lang: str) -> str:
    """Which way a language is written, as HTML's `dir`."""
    primary, *rest = lang.lower().split("-")
    return "rtl" if primary in RIGHT_TO_LEFT or {"arab", "hebr"} & set(rest) else "ltr"


def page(site: Site, app: str, styles: list[str], icon: str, version: str) -> str:
    """The page's HTML.

    Args:
        site: what `site.json` says.
        app: URL of the page's script.
        styles: URLs of its style sheets; a later one goes before an earlier one.
        icon: URL of the logo.
        version: by which the service worker knows the page of its own files.

    Raises:
        ConfigError: the template has a mistake.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    try:
        return environment.get_template("index.html.j2").render(
            title=site.title,
            lang=site.lang,
            site=site,
            site_json=inline_json(site.for_page()),
            policy=POLICY,
            words=words(site.lang),
            tones=CLASS_TONES,
            direction=direction(site.lang),
            app=app,
            styles=styles,
            icon=icon,
            version=version,
        )
    except jinja2.TemplateError as error:
        raise ConfigError(f"The page's template has a mistake: {error}.", where=str(TEMPLATES)) from error
