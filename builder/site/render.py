"""`index.html` and `site.json` from the settings, the assets and the backbone."""

from __future__ import annotations

import json
from typing import Any

import jinja2
from markupsafe import Markup

from builder.errors import ConfigError
from builder.site.assets import TEMPLATE_ROOT, Assets
from builder.site.policy import POLICY

TEMPLATES = TEMPLATE_ROOT / "templates"


def inline_json(value: object) -> Markup:
    """JSON that can stand inside a `<script>` element: nothing in it can end the element."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - made safe on the lines above


def page(site: dict[str, Any], assets: Assets) -> str:
    """The page's HTML.

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
            title=site["title"],
            lang=site["lang"],
            site=site,
            site_json=inline_json(site),
            policy=POLICY,
            assets={name: asset["url"] for name, asset in assets.items() if "url" in asset},
        )
    except jinja2.TemplateError as error:
        raise ConfigError(f"The page's template has a mistake: {error}.", where=str(TEMPLATES)) from error
