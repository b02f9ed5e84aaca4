"""The page's scripts: bundled by esbuild and cached by what they are made from, or as the wheel has them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from onthefly_studio.cache import Cache, sha256_text, sha256_tree
from onthefly_studio.errors import ConfigError, ConversionError
from onthefly_studio.places import IN_CHECKOUT, READY, TEMPLATE_ROOT
from onthefly_studio.report import Reporter

Assets = dict[str, dict[str, Any]]
INDEX = "assets.json"


@dataclass(frozen=True)
class Bundled:
    """The bundled files of a page in one language: those of all `folders` together."""

    folders: tuple[Path, ...]

    @property
    def assets(self) -> Assets:
        """What became what: names, hashes and sizes."""
        read: Assets = json.loads((self.folders[-1] / INDEX).read_text("utf-8"))
        return read

    def files(self) -> dict[str, Path]:
        """Every file that a site gets, by its name there."""
        found = ((folder, path) for folder in self.folders for path in folder.rglob("*") if path.is_file())
        named = {path.relative_to(folder).as_posix(): path for folder, path in found}
        return {name: path for name, path in sorted(named.items()) if name != INDEX}


def sources() -> list[Path]:
    """Every file a bundle is made from."""
    # The packages' versions, and the compiler options that esbuild reads, are in files of JSON.
    files = [path for suffix in ("mjs", "d.ts", "json") for path in TEMPLATE_ROOT.glob(f"*.{suffix}")]
    folders = (TEMPLATE_ROOT / name for name in ("src", "assembly", "static"))
    return files + [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def assets_key(lang: str) -> str:
    """The cache key of the bundles for a page in a language (BCP 47)."""
    return sha256_text("assets", language_of(lang), sha256_tree(TEMPLATE_ROOT, sources()))


def language_of(lang: str) -> str:
    """The language that a site's words are in: its own (BCP 47), or English where there are none in that."""
    primary = lang.split("-")[0].lower()
    return primary if primary in languages() else "en"


def languages() -> list[str]:
    """Every language that the page has words in, as a code of two letters."""
    if not IN_CHECKOUT:
        return sorted(path.parent.name for path in (READY / "page").glob(f"*/{INDEX}"))
    return sorted(path.stem for path in (TEMPLATE_ROOT / "src" / "ui" / "i18n" / "words").glob("*.ts"))


def _kernel_key() -> str:
    """The cache key of the compiled kernel, which takes longer than all bundles and changes rarely."""
    assembly = (path for path in (TEMPLATE_ROOT / "assembly").rglob("*") if path.is_file())
    tools = (TEMPLATE_ROOT / name for name in ("kernel.mjs", "package-lock.json"))
    return sha256_text("kernel", sha256_tree(TEMPLATE_ROOT, [*assembly, *tools]))


@contextmanager
def bundling(lang: str, cache: Cache, reporter: Reporter) -> Iterator[Callable[[], Bundled]]:
    """Makes the bundles beside the block, where they are not cached; what it yields waits for them.

    The page's script holds the words of one language, that of the site. A block that fails ends the work.
    What the wheel brings is ready.

    Raises:
        ConfigError: node or the page's packages are not installed.
        ConversionError: when waited for: the scripts do not bundle.
    """
    if not IN_CHECKOUT:
        page = READY / "page"
        yield lambda: Bundled((page / "shared", page / language_of(lang)))
        return
    key = assets_key(lang)
    if cache.path("assets", key).is_dir():
        yield lambda: Bundled((cache.path("assets", key),))
        return
    reporter.step("assets", "bundle the page's scripts")
    node = _Node()
    with ThreadPoolExecutor(1) as executor:
        made = executor.submit(cache.folder, "assets", key, partial(_bundle, node, cache, language_of(lang)))
        try:
            yield lambda: Bundled((made.result(),))
        except BaseException:
            node.stop()
            raise


def _bundle(node: _Node, cache: Cache, language: str, into: Path) -> None:
    kernel = cache.folder("kernel", _kernel_key(), lambda place: node.run("kernel.mjs", place))
    node.run("build.mjs", into, kernel, language)


class _Node:
    """Runs the template's programs, one after another; another thread may stop it.

    Raises:
        ConfigError: node or the page's packages are not installed.
    """

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None:
            raise ConfigError(
                "Node.js was not found; it bundles the page's scripts.",
                where="assets",
                hint="Install Node.js 20 or newer.",
            )
        if not (TEMPLATE_ROOT / "node_modules").is_dir():
            raise ConfigError(
                "The page's packages are not installed.",
                where=str(TEMPLATE_ROOT),
                hint="Run `make site`, or `npm ci --prefix site_template`.",
            )
        self._node = node
        self._running: subprocess.Popen[str] | None = None
        self._stopped = False

    def run(self, program: str, *arguments: Path | str) -> None:
        """Run one to its end.

        Raises:
            ConversionError: it failed, or was stopped.
            OSError: the disk of the folder that it writes to is full.
        """
        command = [self._node, str(TEMPLATE_ROOT / program), *map(str, arguments)]
        with subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as child:
            self._running = child
            if self._stopped:
                child.terminate()
            _, errors = child.communicate()
        if "ENOSPC" in errors:  # the cache's disk, which `Cache.folder` puts into words
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if child.returncode != 0:
            raise ConversionError(f"The page's scripts do not bundle:\n{errors.strip()}", where="assets")

    def stop(self) -> None:
        """End what runs, and whatever would run after it."""
        self._stopped = True
        if self._running:
            self._running.terminate()
