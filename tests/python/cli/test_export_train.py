"""`onthefly export` and `onthefly train` as a user runs them wrongly, without TensorFlow."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from tests.support import projects
from tests.support.commands import loaded, onthefly, refused


def test_export_says_what_is_missing(file: Path) -> None:
    here, given = file.parent, ("export", "project.zip", "--format", "tfjs", "--out", "model")
    cache = Cache(here / "cache")
    refused(
        onthefly(*given, cwd=here, cache=cache), 3, "is not on this machine", "0123456789abcdef", "--site"
    )
    (here / "dist").mkdir()
    refused(onthefly(*given, "--site", "dist", cwd=here), 2, "does not have the project's backbone", "dist")
    projects.save(file, replace(projects.project(), head=None))
    refused(onthefly(*given, cwd=here), 1, "holds no trained head")
    file.write_bytes(b"PK")
    refused(onthefly(*given, cwd=here), 3, "not a project")
    for wrong in (("export", "project.zip"), (*given[:2], "--format", "onnx", "--out", "model")):
        done = onthefly(*wrong, cwd=here)
        assert done.returncode == 2
        assert "--format" in done.stderr
    assert not (here / "model").exists()


def test_export_says_that_a_backbone_does_not_exist(file: Path, tmp_path: Path) -> None:
    done = onthefly(
        *("export", "project.zip", "--format", "tfjs", "--out", "model", "--backbone", "nowhere"),
        cwd=tmp_path,
    )
    refused(done, 2, "nowhere")


def test_train_says_what_is_missing(tmp_path: Path) -> None:
    refused(onthefly("train", "none", "--out", "p.zip", cwd=tmp_path), 2, "no such folder", "none")
    folder = tmp_path / "photos"
    for name in ("Cup", "Hand", "Empty"):
        (folder / name).mkdir(parents=True)
    (folder / "Cup" / "1.jpg").write_bytes(projects.jpeg())
    (folder / "Hand" / "notes.txt").write_text("no picture")
    done = onthefly("train", "photos", "--out", "p.zip", cwd=tmp_path)
    refused(done, 2, "1 of 3 folders", "photos")
    (folder / "Hand" / "1.jpg").write_bytes(projects.jpeg(1))
    (tmp_path / "site").mkdir()
    given = ("train", "photos", "--out", "p.zip", "--site", "site")
    refused(onthefly(*given, cwd=tmp_path), 2, "holds no site")
    refused(onthefly(*given, "--backbone", "embedded", cwd=tmp_path), 2, "either --site or --backbone")
    assert onthefly(*given[:4], "--epochs", "0", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "p.zip").exists()


@pytest.mark.skipif(importlib.util.find_spec("apache_beam") is not None, reason="Apache Beam is installed")
def test_beam_says_how_to_install_it(tmp_path: Path) -> None:
    done = onthefly("train", "photos", "--out", "p.zip", "--runner", "beam", cwd=tmp_path)
    assert done.returncode == 2
    assert "needs Apache Beam, which is not installed. Run: pip install" in done.stderr


@pytest.mark.parametrize("command", ["export", "train"])
def test_help_loads_nothing_heavy(command: str) -> None:
    assert loaded({"tensorflow", "numpy", "PIL", "requests", "jinja2"}, command, "--help") == set()
