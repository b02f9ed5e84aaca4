"""The page's scripts, bundled by esbuild; cached by the content of what they are made from."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from builder.cache import Cache, sha256_text, sha256_tree
from builder.errors import ConfigError, ConversionError
from builder.report import Reporter

TEMPLATE_ROOT = Path(__file__).resolve().parents[2] / "site_template"
Assets = dict[str, dict[str, Any]]


def sources() -> list[Path]:
    """Every file a bundle is made from."""
    scripts = TEMPLATE_ROOT.glob("*.mjs")
    fixed = [*scripts, *(TEMPLATE_ROOT / name for name in ("package.json", "package-lock.json"))]
    folders = (TEMPLATE_ROOT / name for name in ("src", "static"))
    return fixed + [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def assets_key() -> str:
    """The cache key of the bundles."""
    return sha256_text("assets", sha256_tree(TEMPLATE_ROOT, sources()))


def build_assets(cache: Cache, reporter: Reporter) -> tuple[Path, Assets]:
    """The folder with the bundled files, and what `assets.json` says of them.

    Raises:
        ConfigError: node or the page's packages are not installed.
        ConversionError: the scripts do not bundle.
    """
    key = assets_key()
    if not cache.path("assets", key).is_dir():
        reporter.step("assets", "bundle the page's scripts")
    folder = cache.folder("assets", key, _bundle)
    return folder, json.loads((folder / "assets.json").read_text("utf-8"))


def _bundle(into: Path) -> None:
    node = shutil.which("node")
    if node is None:
        raise ConfigError(
            "Node.js was not found; it bundles the page's scripts.",
            where="assets",
            mend="Install Node.js 20 or newer.",
        )
    if not (TEMPLATE_ROOT / "node_modules").is_dir():
        raise ConfigError(
            "The page's packages are not installed.",
            where=str(TEMPLATE_ROOT),
            mend="Run `make site`, or `npm ci --prefix site_template`.",
        )
    done = subprocess.run([node, str(TEMPLATE_ROOT / "build.mjs"), str(into)], capture_output=True, text=True)
    if "ENOSPC" in done.stderr:  # the cache's disk, which `Cache.folder` puts into words
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if done.returncode != 0:
        raise ConversionError(f"The page's scripts do not bundle:\n{done.stderr.strip()}", where="assets")
