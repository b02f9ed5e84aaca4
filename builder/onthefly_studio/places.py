"""Where the parts of a site that are not Python come from: a checkout's sources, or the wheel.

In a checkout the page is bundled by Node and weights are converted by TensorFlow. An installed command has
neither: its package carries the results in `ready/`, which `make wheel` writes (`tools/wheel.py`):

    ready/page/shared/      what the bundles of all languages have in common, with hashed names
    ready/page/LANGUAGE/    the rest: `assets.json` and the page's script, in that language's words
    ready/templates/        as in `site_template/`
    ready/backbone/         the embedded backbone as a float32 graph, with the original's golden features
    ready/backbone/PRECISION/  the golden features, the plan and the measured differences of one precision
    ready/LICENSE, NOTICE, site.toml
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
READY = _PACKAGE / "ready"
PROJECT_ROOT = _PACKAGE.parents[1]
"""Of a checkout."""
TEMPLATE_ROOT = PROJECT_ROOT / "site_template"
"""The page's sources, in a checkout."""
IN_CHECKOUT = (TEMPLATE_ROOT / "package.json").is_file()

TEMPLATES = (TEMPLATE_ROOT if IN_CHECKOUT else READY) / "templates"
LICENCES = PROJECT_ROOT if IN_CHECKOUT else READY
"""The folder of the texts that travel into every site."""
SITE_TOML = (PROJECT_ROOT if IN_CHECKOUT else READY) / "site.toml"
"""Every setting, with its default."""
