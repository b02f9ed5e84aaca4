"""`onthefly verify`, `predict` and `evaluate` as a user runs them, without TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support import projects
from tests.support.commands import loaded, onthefly, refused
from tests.support.projects import put


def test_verify_says_reproduced(file: Path) -> None:
    done = onthefly("verify", file.name, cwd=file.parent)
    assert done.returncode == 0, done.stderr
    assert "27 photos, 3 classes; 24 units, 6 epochs, batches of 5, rate 0.003, seed 11" in done.stdout
    assert "36 of 36 steps followed" in done.stdout
    assert done.stdout.endswith("\nreproduced\n")


def test_verify_fails_with_what_is_not_as_it_was(file: Path) -> None:
    projects.alter(file, {"head.json": put("settings.seed", 12)})
    done = onthefly("verify", file.name, "--json", cwd=file.parent)
    refused(done, 1, "The seed was changed", "project.json says 11", file.name)
    told = json.loads(done.stdout)
    assert told["reproduced"] is False
    assert told["findings"][0]["kind"] == "seed"


def test_verify_loads_nothing_heavy(file: Path) -> None:
    assert loaded({"tensorflow", "PIL", "requests", "jinja2"}, "verify", str(file)) == set()


def test_what_is_no_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK")
    refused(onthefly("verify", "x.zip", cwd=tmp_path), 3, "not a project", "x.zip")
    refused(onthefly("predict", "none.zip", "x.png", cwd=tmp_path), 2, "none.zip")


def test_predict_says_which_site_it_needs(file: Path) -> None:
    done = onthefly("predict", file.name, "x.png", cwd=file.parent, ONTHEFLY_CACHE=str(file.parent / "cache"))
    refused(
        done, 3, "is not on this machine", "MobileNetV3-Small 1.0, float16, model 0123456789abcdef", "--site"
    )
    site = file.parent / "dist"
    site.mkdir()
    done = onthefly("predict", file.name, "x.png", "--site", "dist", cwd=file.parent)
    refused(done, 2, "does not have the project's backbone", "dist")


def test_evaluate_on_held_out_photos(file: Path) -> None:
    done = onthefly("evaluate", file.name, "--held-out", "0.3", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    assert "on 9 photos of the project, by a second head" in done.stdout
    assert "rows: what it shows" in done.stdout
    refused(onthefly("evaluate", file.name, cwd=file.parent), 2, "--held-out")
