"""What makes a site installable and usable without a connection: the service worker and the manifest."""

from __future__ import annotations

import json
from pathlib import Path

from onthefly_studio.cache import sha256_file
from onthefly_studio.contract import BACKENDS
from onthefly_studio.site.description import Site
from onthefly_studio.site.mime_types import mime_type
from onthefly_studio.site.publish import SUMS

NOT_KEPT = {
    *(SUMS, "_headers", ".nojekyll", ".gitattributes"),
    *("sw.js", "onthefly.d.ts", "LICENSE", "NOTICE"),
}
"""Files of the site that the page never asks for."""


def service_worker(script: Path, site: Site, folder: Path, version: str) -> str:
    """`sw.js`: the bundled script with the list of files it keeps.

    Args:
        script: the bundle of `src/service-worker.ts`.
        site: what `site.json` says.
        folder: the finished site.
        version: changes whenever any file does, so that browsers fetch anew; the page carries it too.
    """
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - NOT_KEPT
    # Kept once they have been used: most visitors never need them.
    optional = {site.workers[name].url for name in BACKENDS[1:]} | {site.wasm.plain.url}
    sums = {name: sha256_file(folder / name) for name in files}
    listed = {
        "version": version,
        "needed": {name: sums[name] for name in files - optional},
        "optional": {name: sums[name] for name in optional},
    }
    return f"const __FILES__={json.dumps(listed, sort_keys=True)};\n{script.read_text('utf-8')}"


def manifest(site: Site, icon: str) -> str:
    """`manifest.webmanifest`, with which browsers offer to install the site."""
    described = {
        "name": site.title,
        "short_name": site.title[:12],
        "lang": site.lang,
        "start_url": ".",
        "scope": ".",
        "display": "standalone",
        "background_color": "#f5f4f1",
        "theme_color": "#f5f4f1",
        # A kind alone: with "; charset" behind it, browsers take the icon for one that they cannot show.
        "icons": [
            {"src": icon, "sizes": "any", "type": mime_type(Path(icon)).partition(";")[0], "purpose": "any"}
        ],
    }
    return json.dumps(described, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
