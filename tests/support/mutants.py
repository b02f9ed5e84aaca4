"""Sites broken on purpose: a worker from edited sources, or files changed, and every hash made to fit."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onthefly_studio.cache import sha256_file
from onthefly_studio.places import TEMPLATE_ROOT
from onthefly_studio.site import publish
from onthefly_studio.site.render import inline_json
from tests.support.node import evaluate


@dataclass(frozen=True)
class Edit:
    """One mistake in the page's sources."""

    file: str
    """Below `site_template`."""
    old: str
    """Stands there exactly once."""
    new: str


def copy_of(site: Path, into: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(site, into))


def republish(site: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what the site says of itself, in site.json and in the page, and list its files anew."""
    for_record = site / "site.json"
    record = json.loads(for_record.read_text())
    change(record)
    for_record.write_text(json.dumps(record))
    page = site / "index.html"

    def changed(match: re.Match[str]) -> str:
        inside = json.loads(match[2])
        change(inside)
        return f"{match[1]}{inline_json(inside)}{match[3]}"

    text, count = re.subn(r'(<script [^>]*id="site">)(.*?)(</script>)', changed, page.read_text(), flags=re.S)
    assert count == 1, "the page no longer holds its description where it did"
    page.write_text(text)
    publish.write_sums(site)


def asset(site: Path, path: Path) -> dict[str, Any]:
    """A file of the site as site.json names it."""
    return {
        "url": path.relative_to(site).as_posix(),
        "sha256": sha256_file(path),
        "bytes": path.stat().st_size,
    }


def swap_worker(site: Path, edits: tuple[Edit, ...], scratch: Path, backend: str = "wasm") -> None:
    """Put a backend's worker bundled from edited sources in the place of the site's own."""
    bundles = _bundle(edits, scratch, backend)
    made = json.loads((bundles / "assets.json").read_text())["workers"][backend]
    target = site / made["url"]
    shutil.copyfile(bundles / made["url"], target)

    def change(record: dict[str, Any]) -> None:
        record["workers"][backend] = asset(site, target)

    republish(site, change)


def _bundle(edits: tuple[Edit, ...], scratch: Path, backend: str) -> Path:
    """Bundle the backend's worker from a copy of the sources with these edits."""
    template, out = scratch / "site_template", scratch / "bundles"
    shutil.copytree(TEMPLATE_ROOT, template, ignore=shutil.ignore_patterns("node_modules"))
    (template / "node_modules").symlink_to(TEMPLATE_ROOT / "node_modules")
    # The other workers and the page stay as they are: bundling them would only take longer.
    for name, value in {"PAGES": "{}", "BACKENDS": f"['{backend}']"}.items():
        _replace(template / "build.mjs", rf"^const {name} = .*;$", f"const {name} = {value};")
    for edit in edits:
        _replace(template / edit.file, re.escape(edit.old), edit.new)
    _node(template / "build.mjs", out, _kernels(edits, template, scratch))
    return out


def _kernels(edits: tuple[Edit, ...], template: Path, scratch: Path) -> Path:
    """The compiled kernels: those that all tests share, or where one is edited, of these sources."""
    if not any(edit.file.startswith("assembly/") for edit in edits):
        return _shared_kernels()
    folder = scratch / "kernels"
    folder.mkdir()
    _node(template / "kernel.mjs", folder)
    return folder


@functools.cache
def _shared_kernels() -> Path:
    module = Path(__file__).with_name("compiled.ts")
    script = f"import {{ folder }} from {json.dumps(module.as_uri())}; process.stdout.write(folder);"
    return Path(evaluate(script))


def _node(*arguments: object) -> str:
    done = subprocess.run(["node", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _replace(file: Path, pattern: str, new: str) -> None:
    text, count = re.subn(pattern, lambda _: new, file.read_text(), flags=re.M)
    assert count == 1, f"{file.name} has {count} places that read {pattern}"
    file.write_text(text)
