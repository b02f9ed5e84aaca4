"""`onthefly validate` on sites as they are built: every row holds, and what cannot be checked says so."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from onthefly_studio.cache import Cache
from onthefly_studio.cli import cli
from onthefly_studio.errors import ConfigError
from onthefly_studio.graph.check import GOLDEN_LIMIT
from onthefly_studio.pipeline import Built
from onthefly_studio.validate import original, rows
from onthefly_studio.validate.page import render
from onthefly_studio.validate.rows import Report, Row, Selection
from tests.support import data

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def run(
    site: Callable[..., Built], cache: Cache, tmp_path_factory: pytest.TempPathFactory
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any], str]:
    """The command on the embedded site in float16, on wasm: how it ended, its JSON and its page."""
    folder = tmp_path_factory.mktemp("validate")
    report, page = folder / "report.json", folder / "report.html"
    command = [
        sys.executable,
        "-m",
        "onthefly_studio",
        "validate",
        str(site("embedded").out),
        "--backend",
        "wasm",
    ]
    done = subprocess.run(
        [*command, "--json", str(report), "--html", str(page)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "ONTHEFLY_CACHE": str(cache.root)},
    )
    assert report.exists(), done.stderr
    return done, json.loads(report.read_text()), page.read_text()


def test_every_row_holds_on_wasm(run: Any) -> None:
    done, report, _ = run
    assert done.returncode == 0, done.stdout + done.stderr
    assert {row["verdict"] for row in report["rows"]} == {"ok"}, done.stdout
    assert {row["id"].split("/")[0] for row in report["rows"]} == set(rows.GROUPS) - {"start"}
    # Enough to mean something, and few enough to be run before every publication.
    assert 90 < len(report["rows"]) < 150
    (backend,) = report["backends"]
    assert (backend["name"], backend["started"]) == ("wasm", True)
    assert 0 < backend["seconds"] < report["seconds"]
    # Equality everywhere would mean that something was compared with itself.
    assert sum(row["error"] > 0 for row in report["rows"]) > 50


def test_the_table_is_aligned(run: Any) -> None:
    done, report, _ = run
    lines = done.stdout.splitlines()
    head, body = lines[0], lines[1 : 1 + len(report["rows"])]
    place = head.index("verdict")
    assert all(line[place:].split()[0] == "ok" for line in body)
    assert re.search(
        rf"{len(report['rows'])} rows: {len(report['rows'])} ok\. Chromium [\d.]+, \d+ s\.", lines[-1]
    )


def test_the_json_keeps_its_structure(run: Any) -> None:
    _, report, _ = run
    assert report["format"] == 1
    assert set(report) == {
        *("format", "site", "browser", "backends", "rows", "totals", "passed", "seconds"),
        *("curves", "spreads"),
    }
    assert set(report["rows"][0]) == {"id", "backend", "error", "limit", "verdict", "detail"}
    assert set(report["backends"][0]) == {"name", "started", "reason", "renderer", "seconds"}
    assert report["totals"] == {"ok": len(report["rows"]), "FAILED": 0, "not checked": 0, "not started": 0}
    assert report["passed"] is True
    assert report["site"]["precision"] == "float16"
    witnesses = {curve["witness"] for curve in report["curves"]}
    assert witnesses >= {"page, wasm-simd", "NumPy", "tf.layers", "Keras", "Keras, binary cross-entropy"}
    assert all(len(curve["loss"]) == 10 for curve in report["curves"])
    assert {spread["reference"] for spread in report["spreads"]} == {"golden", "original"}
    assert all(len(spread["error"]) == 1024 for spread in report["spreads"])


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]


def test_the_page_needs_nothing_else(run: Any) -> None:
    _, report, text = run
    page = Page(text)
    assert page.links == []
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "url(" not in text
    assert page.tags.count("polyline") == len(report["curves"]) + len(report["spreads"])
    assert all(row["id"] in text for row in report["rows"])
    assert "prefers-color-scheme: dark" in text


def test_the_page_shows_what_failed_and_escapes_what_it_shows() -> None:
    report = Report(Selection(), site={})
    report.check("selfcheck", "wasm", float("nan"), 1e-3)
    report.check("preprocess/crop/1x1", "wasm", 2.0, 1.0, "<b>bold</b>")
    report.skip("features/original/zeros", "wasm", "it is gone")
    report.rows.append(Row("start", "webgpu", None, None, "not started", "no adapter"))
    report.backends = [
        {"name": "wasm", "started": True, "reason": None, "renderer": None, "seconds": 1.0},
        {"name": "webgpu", "started": False, "reason": "no adapter", "renderer": None, "seconds": 1.0},
    ]
    backbone = {"name": "x", "kind": "url", "trainedOn": "y", "features": 8, "sha256": "0", "trust": "given"}
    report.site = {"title": "<i>", "precision": "int8", "generator": "g", "backbone": backbone}
    as_json = report.as_json()
    assert json.loads(json.dumps(as_json, allow_nan=False))["passed"] is False
    assert [row.id for row in report.misses] == ["selfcheck", "preprocess/crop/1x1"]
    page = render(as_json)
    assert "It does not" in page
    assert "&lt;b&gt;bold" in page
    assert "<i>" not in page
    assert "it is gone" in page


# ---- one browser for the rest ------------------------------------------------------------------


def test_only_checks_what_is_named(site: Callable[..., Built], validated: Callable[..., Report]) -> None:
    report = validated(site("embedded").out, only=("init", "preprocess/crop/2", "steps/plain/one-batch"))
    assert [row.id for row in report.rows] == [
        *("preprocess/crop/2x3", "preprocess/crop/224x224", "init/seed-1", "init/seed-4294967295"),
        *("steps/plain/one-batch/weights", "steps/plain/one-batch/moments"),
    ]


@pytest.mark.parametrize("name", ["nonsense", "steps/sideways"])
def test_a_row_that_does_not_exist_is_an_error(
    name: str, site: Callable[..., Built], validated: Callable[..., Report]
) -> None:
    with pytest.raises(ConfigError, match=f"No row begins with '{name}'"):
        validated(site("embedded").out, only=("init/seed-1", name))


def as_if_from(folder: Path, into: Path, **backbone: Any) -> Path:
    """A copy of a site that says it was made from something else."""
    copy = Path(shutil.copytree(folder, into))
    record = json.loads((copy / "site.json").read_text())
    record["backbone"].update(backbone)
    (copy / "site.json").write_text(json.dumps(record))
    return copy


def test_without_the_original_rows_are_not_checked_and_say_why(
    site: Callable[..., Built], validated: Callable[..., Report], tmp_path: Path
) -> None:
    url = "https://example.invalid/model"
    folder = as_if_from(site("embedded").out, tmp_path / "site", kind="url", url=url, sha256="0" * 64)
    report = validated(folder, only=("features",))
    found = {row.id: row for row in report.rows}
    assert found.pop("features/golden").verdict == "ok"
    assert {row.verdict for row in found.values()} == {"not checked"}
    assert all(f"onthefly build --backbone {url}" in row.detail for row in found.values())
    assert report.misses == []


def test_another_original_than_the_sites_is_refused(
    site: Callable[..., Built], validated: Callable[..., Report], tmp_path: Path
) -> None:
    folder = as_if_from(site("embedded").out, tmp_path / "site", kind="archive", sha256="0" * 64)
    with pytest.raises(ConfigError, match="not what the site was made from"):
        validated(folder, only=("features/original",), original="embedded")
    with pytest.raises(original.NotAtHand, match="--original"):
        original.find(json.loads((folder / "site.json").read_text())["backbone"], Cache(tmp_path))


def test_an_original_in_the_cache_is_found_by_its_hash(
    site: Callable[..., Built], validated: Callable[..., Report]
) -> None:
    """Google's weights in float32: from pixels to probabilities against the original itself."""
    photos = data.PHOTOS / "cats-dogs" if data.PHOTOS.is_dir() else None
    report = validated(site("100", "float32").out, only=("features", "end-to-end"), photos=photos)
    assert {row.verdict for row in report.rows} == {"ok"}, report.rows
    names = {row.id for row in report.rows}
    assert {"features/original/cosine", "end-to-end/original/640x480"} <= names
    assert photos is None or sum("/photo/" in name for name in names) == 24
    golden = next(row for row in report.rows if row.id == "features/golden")
    assert golden.limit == GOLDEN_LIMIT


def test_the_squashed_frame_is_compared_too(
    site: Callable[..., Built], validated: Callable[..., Report]
) -> None:
    report = validated(site("embedded", fit="stretch").out, only=("end-to-end", "preprocess/stretch"))
    assert {row.verdict for row in report.rows} == {"ok"}, report.rows


@pytest.mark.long
def test_every_row_holds_on_every_backend(
    site: Callable[..., Built], validated: Callable[..., Report]
) -> None:
    report = validated(site("embedded", "int8").out, backends=())
    assert {row.verdict for row in report.rows} == {"ok"}, report.rows
    assert [backend["name"] for backend in report.backends] == ["wasm", "webgl", "webgpu", "cpu"]


# ---- wrong use ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: None, "There is no such folder"),
        (lambda folder: folder.mkdir(), "not a site built by onthefly"),
        (
            lambda folder: (folder.mkdir(), (folder / "site.json").write_text('{"format": 0}')),
            "another version",
        ),
    ],
)
def test_a_folder_that_is_no_site_is_told_at_once(
    make: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    make(folder)
    result = CliRunner().invoke(cli, ["validate", str(folder)])
    assert result.exit_code == 2
    assert said in result.output
    assert "mend:" in result.output
