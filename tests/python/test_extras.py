"""Without the packages of an extra: exit 2 and one line with the command that brings them."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from onthefly_studio import extras
from onthefly_studio.cache import Cache
from onthefly_studio.contract import TENSORFLOW_JS
from onthefly_studio.errors import ConfigError
from onthefly_studio.graph import convert
from onthefly_studio.graph.model import model_hash
from onthefly_studio.places import PROJECT_ROOT
from tests.support import projects
from tests.support.commands import CONVERTING, without

CONVERT = f'pip install "onthefly-studio[convert] @ {extras.WHEEL_ADDRESS}"'
CONVERTER = f"pip install --no-deps tensorflowjs=={TENSORFLOW_JS}"
MODULES = {
    "convert": CONVERTING,
    "validate": ("playwright",),
    "beam": ("apache_beam",),
}
WRONG = re.compile(r"pip install[^\n]*\bonthefly\b(?!-studio|_studio|\.example)")


def refusal(folder: Path, extra: str, *arguments: str, absent: tuple[str, ...] = ()) -> str:
    """The one line that the command ends with."""
    done = without(absent or MODULES[extra], *arguments, cwd=folder, cache=Cache(folder / "cache"))
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("Error: ").strip()


@pytest.fixture
def saved_model(tmp_path: Path) -> str:
    folder = tmp_path / "saved"
    (folder / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"):
        (folder / name).write_bytes(b"not looked into")
    return str(folder)


@pytest.mark.parametrize(
    ("backbone", "purpose"),
    [
        (None, "Converting a SavedModel"),
        ("hub", "Converting the Hub's SavedModel"),
        ("keras", "Converting Keras' weights"),
    ],
)
def test_a_build_that_converts(backbone: str | None, purpose: str, saved_model: str, tmp_path: Path) -> None:
    line = refusal(tmp_path, "convert", "build", "--backbone", backbone or saved_model)
    assert line == f"{purpose} needs TensorFlow, which is not installed. Run: {CONVERT} && {CONVERTER}"
    assert not (tmp_path / "dist").exists()


def test_the_converter_alone(saved_model: str, tmp_path: Path) -> None:
    line = refusal(tmp_path, "convert", "build", "--backbone", saved_model, absent=("tensorflowjs",))
    assert line == (
        f"Converting a SavedModel needs TensorFlow.js' converter, which is not installed. Run: {CONVERTER}"
    )


def test_checking_a_site(tmp_path: Path) -> None:
    line = refusal(tmp_path, "validate", "validate", "dist")
    assert line.startswith("Checking a site in a browser needs Playwright, which is not installed. Run: pip ")


def test_training_with_beam(tmp_path: Path) -> None:
    line = refusal(tmp_path, "beam", "train", "photos", "--out", "p.zip", "--runner", "beam")
    assert line.startswith("--runner beam needs Apache Beam, which is not installed. Run: pip install ")
    assert "onthefly-studio[beam] @ https://" in line


@pytest.mark.parametrize(
    ("purpose", "command"),
    [
        ("Exporting as tflite", ("export", "project.zip", "--format", "tflite", "--out", "model")),
    ],
)
def test_a_project(purpose: str, command: tuple[str, ...], tmp_path: Path) -> None:
    model = tmp_path / "dist" / "model" / "new"
    model.mkdir(parents=True)
    (model / "model.json").write_text("{}")  # it is not looked into before TensorFlow is asked for
    model = model.rename(model.with_name(model_hash(model)))
    backbone = projects.some_backbone(modelHash=model.name)
    projects.save(tmp_path / "project.zip", projects.project(backbone=backbone))
    (tmp_path / "photo.jpg").write_bytes(projects.jpeg())
    line = refusal(tmp_path, "convert", *command, "--site", "dist")
    assert line == f"{purpose} needs TensorFlow, which is not installed. Run: {CONVERT} && {CONVERTER}"
    assert not (tmp_path / "model").exists()


def test_what_is_here_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apache_beam", sys)
    extras.require("beam", "This")
    assert extras.missing("beam", "This") is None
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(ConfigError, match="This needs Apache Beam"):
        extras.require("beam", "This")


def test_a_cache_key_needs_no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    here = convert.code_hash.__wrapped__()
    monkeypatch.setattr(convert, "version", absent)
    assert convert.code_hash.__wrapped__() != here


def test_every_extra_is_in_pyproject_and_the_base_has_nothing_of_them() -> None:
    text = (PROJECT_ROOT / "pyproject.toml").read_text("utf-8")
    base, optional = text.split("[project.optional-dependencies]")
    for extra in MODULES:
        assert re.search(rf"^{extra} = \[", optional, re.M)
    for name in ("tensorflow", "tf-keras", "ydf", "jax", "flax", "setuptools<", "playwright"):
        assert f'"{name}' not in base.split("dependencies = [")[1], name
    assert "tensorflowjs" not in (PROJECT_ROOT / "requirements.lock").read_text("utf-8")
    assert f"tensorflowjs=={TENSORFLOW_JS}" in (PROJECT_ROOT / "requirements-nodeps.lock").read_text("utf-8")


def test_nobody_is_sent_to_somebody_elses_package() -> None:
    """PyPI's `onthefly` is not ours, and nothing of ours is there."""
    roots = ("builder", "docs", "examples", "site_template/src", "site_template/templates", "tools")
    files = [path for root in roots for path in (PROJECT_ROOT / root).rglob("*")]
    files += [*PROJECT_ROOT.glob("*.md"), PROJECT_ROOT / "Makefile", PROJECT_ROOT / "pyproject.toml"]
    texts = {".md", ".py", ".toml", ".ts", ".tsx", ".j2", ".html", ".yml", ""}
    for path in files:
        if path.is_file() and path.suffix in texts:
            found = WRONG.search(path.read_text("utf-8"))
            assert not found, f"{path}: {found and found[0]}"
