"""Make the wheel and the source distribution: `make wheel` fills `dist-wheel/`.

Both carry what a checkout makes with Node and TensorFlow (`places.py` lists it), so that whoever installs
them needs neither to build a site of the embedded weights. Whatever is made here comes from the stages of
`onthefly build` itself; the same sources give the same bytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import get_args

from onthefly_studio.cache import Cache, sha256_file
from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConfigError, OutputError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.convert import MEASURED, convert, converted_folder
from onthefly_studio.pipeline import TRAVELLING
from onthefly_studio.places import PROJECT_ROOT, SITE_TOML, TEMPLATES
from onthefly_studio.report import Reporter, Silent
from onthefly_studio.site.assets import INDEX, bundling, languages
from onthefly_studio.sources import obtain

OUT = PROJECT_ROOT / "dist-wheel"
PACKAGE = Path("builder") / "onthefly_studio"
BESIDE = ("pyproject.toml", "MANIFEST.in", "README.md", *TRAVELLING)
"""What belongs to a distribution besides the package."""
EPOCH = "1767225600"
"""Seconds since 1970, for every file in an archive: the same files make the same archive."""


def fill(ready: Path, cache: Cache, reporter: Reporter) -> None:
    """Write everything that an installed command takes instead of making it, into an empty folder."""
    _page(ready / "page", cache, reporter)
    _backbone(ready / "backbone", cache, reporter)
    shutil.copytree(TEMPLATES, ready / "templates")
    for name in (*TRAVELLING, SITE_TOML.name):
        shutil.copyfile(PROJECT_ROOT / name, ready / name)


def _page(folder: Path, cache: Cache, reporter: Reporter) -> None:
    """The bundles of every language; what all have in common is there once."""
    found: dict[str, dict[str, Path]] = {}
    for language in languages():
        with bundling(language, cache, reporter) as bundled:
            bundles = bundled()
        found[language] = {**bundles.files(), INDEX: bundles.folders[-1] / INDEX}
    shared = set.intersection(*(set(files) for files in found.values())) - {INDEX}
    first = next(iter(found.values()))
    shared = {name for name in shared if len({sha256_file(files[name]) for files in found.values()}) == 1}
    for name in shared:
        _put(first[name], folder / "shared" / name)
    for language, files in found.items():
        for name in files.keys() - shared:
            _put(files[name], folder / language / name)


def _backbone(folder: Path, cache: Cache, reporter: Reporter) -> None:
    """The graph that every precision is stored from, and what was measured of each."""
    source = obtain("embedded", cache=cache, reporter=reporter, offline=True)
    for precision in get_args(Precision):
        converted = convert(source, precision, cache=cache, reporter=reporter)
        if converted.no_plan:
            raise ConfigError(f"The embedded backbone has no plan: {converted.no_plan}", where="wheel")
        for name in MEASURED:
            _put(converted.folder / name, folder / precision / name)
    with tempfile.TemporaryDirectory() as scratch:
        made = converted_folder(source, cache)
        if not made.is_dir():  # the models were in the cache, and what they were made of not
            again = Cache(Path(scratch))
            convert(source, "float32", cache=again, reporter=reporter)
            made = converted_folder(source, again)
        for file in (*graph_model.model_files(made), made / "reference.npy"):
            _put(file, folder / file.name)


def _put(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place)


def stage(folder: Path, cache: Cache, reporter: Reporter) -> None:
    """Lay out the sources of a distribution in an empty folder."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "ready", "weights.npz")
    shutil.copytree(PROJECT_ROOT / PACKAGE, folder / PACKAGE, ignore=ignored)
    for name in BESIDE:
        shutil.copyfile(PROJECT_ROOT / name, folder / name)
    fill(folder / PACKAGE / "ready", cache, reporter)


def make(out: Path, cache: Cache, reporter: Reporter) -> list[Path]:
    """Write the wheel and the source distribution into a folder, in the place of older ones."""
    with tempfile.TemporaryDirectory() as scratch:
        sources, made = Path(scratch) / "sources", Path(scratch) / "made"
        sources.mkdir()
        made.mkdir()
        stage(sources, cache, reporter)
        for build in ("build_sdist", "build_wheel"):
            done = subprocess.run(
                [sys.executable, "-c", f"from setuptools import build_meta as b; b.{build}({str(made)!r})"],
                cwd=sources,
                env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                raise OutputError(f"setuptools cannot make it:\n{done.stderr.strip()}", where=build)
        out.mkdir(exist_ok=True)
        for old in (*out.glob("*.whl"), *out.glob("*.tar.gz")):
            old.unlink()
        return [Path(shutil.move(file, out / file.name)) for file in sorted(made.iterdir())]


if __name__ == "__main__":
    for file in make(OUT, Cache(), Silent()):
        name, size = file.relative_to(PROJECT_ROOT), f"{file.stat().st_size / 1e6:.1f} MB"
        print(f"{name}  {size}  sha256 {sha256_file(file)}")
