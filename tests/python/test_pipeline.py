"""The whole build in Python: incremental, reproducible, and careful with what stands."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from onthefly_studio import pipeline
from onthefly_studio.cache import Cache
from onthefly_studio.config import load
from onthefly_studio.errors import OnTheFlyError, OutputError
from onthefly_studio.pipeline import Built, build
from onthefly_studio.places import TEMPLATE_ROOT
from onthefly_studio.report import Silent
from onthefly_studio.site import assets, publish, render
from tests.support.processes import PYTHON_PATH

OPTIONS = {"backbone": "embedded", "out": "dist"}


def stages(root: Path, cache: Cache, **options: object) -> list[str]:
    """The stages that had work to do."""
    reporter = Silent()
    build(load(None, {**OPTIONS, **options}), cache=cache, reporter=reporter, root=root)
    return [stage for stage, _ in reporter.steps]


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the page's sources that a test may change."""
    copy = tmp_path / "site_template"
    shutil.copytree(TEMPLATE_ROOT, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "node_modules").symlink_to(TEMPLATE_ROOT / "node_modules")
    monkeypatch.setattr(assets, "TEMPLATE_ROOT", copy)
    for module in (render, pipeline):
        monkeypatch.setattr(module, "TEMPLATES", copy / "templates")
    return copy


def test_a_second_build_is_up_to_date_and_a_change_redoes_only_what_it_touches(
    cache: Cache, tmp_path: Path, template: Path
) -> None:
    stages(tmp_path, cache)
    before = digest(tmp_path / "dist")
    assert stages(tmp_path, cache) == []
    assert digest(tmp_path / "dist") == before

    page = template / "templates" / "index.html.j2"
    page.write_text(page.read_text().replace("</body>", "<p>changed</p></body>"))
    assert stages(tmp_path, cache) == ["publish"]
    changed = {name for name, value in digest(tmp_path / "dist").items() if before.get(name) != value}
    assert changed == {"index.html", "site.json", "sw.js", "SHA256SUMS"}

    style = template / "src" / "ui" / "style.css"
    style.write_text(style.read_text() + "\n.more { color: red }\n")
    assert stages(tmp_path, cache) == ["assets", "publish"]
    assert stages(tmp_path, cache, title="Another title") == ["publish"]


def test_a_touched_site_is_built_again_and_it_is_said_what_was_touched(cache: Cache, tmp_path: Path) -> None:
    stages(tmp_path, cache)
    before = digest(tmp_path / "dist")
    (tmp_path / "dist" / "index.html").write_text("defaced")
    reporter = Silent()
    build(load(None, {"backbone": "embedded"}), cache=cache, reporter=reporter, root=tmp_path)
    assert [stage for stage, _ in reporter.steps] == ["publish"]
    assert reporter.notes == ["Edited since the last build, and now overwritten: index.html."]
    assert digest(tmp_path / "dist") == before


def test_what_was_put_beside_a_site_stays_and_does_not_make_it_be_built_again(
    cache: Cache, tmp_path: Path
) -> None:
    stages(tmp_path, cache)
    before = digest(tmp_path / "dist")
    theirs = {"CNAME": b"example.org", ".git": b"gitdir: elsewhere", "assets/extra.txt": b"mine"}
    for name, text in theirs.items():
        (tmp_path / "dist" / name).write_bytes(text)
    assert stages(tmp_path, cache) == []
    assert stages(tmp_path, cache, title="Another title") == ["publish"]
    assert stages(tmp_path, cache) == ["publish"]
    for name, text in theirs.items():
        assert (tmp_path / "dist" / name).read_bytes() == text
        (tmp_path / "dist" / name).unlink()
    assert digest(tmp_path / "dist") == before


def test_an_up_to_date_build_imports_neither_tensorflow_nor_a_network_library(
    cache: Cache, tmp_path: Path
) -> None:
    stages(tmp_path, cache)
    script = (
        "import sys; sys.argv = ['onthefly', 'build', '--backbone', 'embedded']\n"
        "from onthefly_studio.cli import cli; cli.main(standalone_mode=False)\n"
        "heavy = {'tensorflow', 'tensorflowjs', 'tensorflow_hub', 'tf_keras', 'keras', 'jax'}\n"
        "heavy |= {'requests', 'urllib3'}\n"
        "print('imported:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={
            "ONTHEFLY_CACHE": str(cache.root),
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": PYTHON_PATH,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "is up to date" in done.stdout
    assert "imported: []" in done.stdout


def test_two_clean_builds_are_equal_byte_for_byte(cache: Cache, tmp_path: Path) -> None:
    """From nothing: another cache, another conversion, another folder."""
    stages(tmp_path / "one", cache)
    assert stages(tmp_path / "two", Cache(tmp_path / "cache")) == ["assets", "convert", "publish"]
    sums = [(tmp_path / name / "dist" / "SHA256SUMS").read_text() for name in ("one", "two")]
    assert sums[0] == sums[1]
    assert digest(tmp_path / "one" / "dist") == digest(tmp_path / "two" / "dist")


def test_the_site_is_whole_and_says_what_it_carries(site: Callable[..., Built]) -> None:
    built = site("embedded")
    for name in (
        "index.html",
        "site.json",
        "golden.json",
        "golden.bin",
        "onthefly.js",
        "_headers",
        ".nojekyll",
        ".gitattributes",
        "SHA256SUMS",
        "LICENSE",
        "NOTICE",
    ):
        assert (built.out / name).is_file(), name
    assert publish.is_intact(built.out)
    record = json.loads((built.out / "site.json").read_text())
    assert record["backbone"]["kind"] == "embedded"
    assert "generated images" in record["backbone"]["trainedOn"]
    assert record["backbone"]["trust"] == "built-in"
    assert all(row["error"] <= row["limit"] for row in record["check"])
    for asset in (
        *record["workers"].values(),
        record["model"]["graph"],
        *record["model"]["shards"],
        record["golden"]["features"],
    ):
        path = built.out / asset["url"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == asset["sha256"]
        assert path.stat().st_size == asset["bytes"]


def test_every_url_is_relative(site: Callable[..., Built]) -> None:
    out = site("embedded").out
    html = (out / "index.html").read_text()
    urls = re.findall(r"""(?:src|href)="([^"]*)\"""", html)
    assert urls
    for url in urls:
        assert not re.match(r"[a-z]+:|/", url), url
        assert (out / url).is_file(), url


def test_a_failed_build_leaves_the_old_site_as_it_was(cache: Cache, tmp_path: Path) -> None:
    stages(tmp_path, cache)
    before = digest(tmp_path / "dist")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "saved_model.pb").write_bytes(b"nothing")
    with pytest.raises(OnTheFlyError):
        stages(tmp_path, cache, backbone=str(broken))
    assert digest(tmp_path / "dist") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "dist"]


def test_a_folder_that_is_not_ours_is_left_alone(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="left alone"):
        stages(tmp_path, cache)
    assert (tmp_path / "dist" / "thesis.txt").read_text() == "years of work"


def test_names_are_text_and_never_markup(cache: Cache, tmp_path: Path) -> None:
    names = ["<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "قطة"]
    stages(tmp_path, cache, classes=names, title="<b>Title</b>")
    html = (tmp_path / "dist" / "index.html").read_text("utf-8")
    assert "<img src=x" not in html
    assert "<script>alert" not in html
    assert "<b>Title" not in html
    inline = re.search(r'<script type="application/json" id="site">(.*?)</script>', html, re.S)
    assert inline is not None
    assert json.loads(inline[1])["classes"] == names


def test_a_site_does_not_tell_where_its_weights_lay(
    cache: Cache, backbone: Callable[[str], str], tmp_path: Path
) -> None:
    """A backbone from a folder is named by the folder alone."""
    folder = Path(backbone("keras-small"))
    stages(tmp_path, cache, backbone=str(folder))
    for name in ("index.html", "site.json", "sw.js"):
        assert str(folder.parent) not in (tmp_path / "dist" / name).read_text("utf-8"), name
