"""What the wheel installs builds the same sites as a checkout, without Node, TensorFlow or a network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from onthefly_studio.cache import Cache, sha256_file
from onthefly_studio.config import load
from onthefly_studio.contract import Precision
from onthefly_studio.new import create
from onthefly_studio.pipeline import build
from onthefly_studio.places import PROJECT_ROOT
from onthefly_studio.report import Silent
from onthefly_studio.site.assets import languages
from tools import wheel

PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "int8")
WITHOUT = (
    *("tensorflow", "tensorflowjs", "tensorflow_hub", "tf_keras", "keras", "ydf", "jax", "pkg_resources"),
    *("playwright", "requests"),
)
"""What building a site of the embedded weights must not need; of the network's library, the whole of it."""
ONTHEFLY = f"""
import sys
sys.modules.update(dict.fromkeys({WITHOUT!r}))
from onthefly_studio.cli import main
main()
"""


@pytest.fixture(scope="module")
def one_conversion(cache: Cache, converted: Callable[..., object]) -> None:
    """All precisions are in the shared cache."""
    for precision in PRECISIONS:
        converted("embedded", precision)


@pytest.fixture(scope="module")
def staged(one_conversion: None, cache: Cache, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of a distribution."""
    folder = tmp_path_factory.mktemp("staged")
    wheel.stage(folder, cache, Silent())
    return folder


@pytest.fixture(scope="module")
def made(one_conversion: None, cache: Cache, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    (path,) = (
        file for file in wheel.make(tmp_path_factory.mktemp("made"), cache, Silent()) if file.suffix == ".whl"
    )
    return path


def run(package: Path, cwd: Path, *arguments: str) -> str:
    """What the command of a package prints, where there is no Node and nothing of WITHOUT."""
    done = subprocess.run(
        [sys.executable, "-c", ONTHEFLY, *arguments],
        cwd=cwd,
        env={
            "PYTHONPATH": str(package),
            "PATH": str(cwd),
            "ONTHEFLY_CACHE": str(cwd / "cache"),
            "HOME": str(cwd),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("precision", PRECISIONS)
def test_an_installed_command_builds_the_bytes_of_a_checkout(
    staged: Path, site: Callable[..., object], tmp_path: Path, precision: Precision
) -> None:
    ours = site("embedded", precision)
    run(staged / "builder", tmp_path, "build", "--backbone", "embedded", "--precision", precision)
    theirs = (tmp_path / "dist" / "SHA256SUMS").read_text()
    assert theirs == (ours.out / "SHA256SUMS").read_text()  # type: ignore[attr-defined]
    again = run(staged / "builder", tmp_path, "build", "--backbone", "embedded", "--precision", precision)
    assert "is up to date" in again


def test_in_every_language(staged: Path, cache: Cache, tmp_path: Path) -> None:
    assert len(languages()) > 1
    for language in languages():
        (tmp_path / language).mkdir()
        (tmp_path / language / "site.toml").write_text(f'lang = "{language}"\nbackbone = "embedded"\n')
        run(staged / "builder", tmp_path / language, "build")
        ours = tmp_path / f"checkout-{language}"
        build(
            load(tmp_path / language / "site.toml", {}),
            cache=cache,
            reporter=Silent(),
            root=ours,
        )
        sums = (ours / "dist" / "SHA256SUMS").read_text()
        assert (tmp_path / language / "dist" / "SHA256SUMS").read_text() == sums


def test_the_wheel_holds_what_it_needs_and_nothing_else(made: Path) -> None:
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
    suffixes = {Path(name).suffix for name in names if "/ready/page/" in name}
    assert {".js", ".css", ".wasm", ".json", ".svg"} <= suffixes
    assert not [name for name in names if name.endswith((".npz", ".tsx", ".pyc"))]
    assert [name for name in names if name.endswith(".ts") and not name.endswith(".d.ts")] == []
    assert not [name for name in names if "node_modules" in name or name.startswith("tests")]
    for name in ("ready/LICENSE", "ready/templates/index.html.j2", "ready/backbone/int8/golden.bin"):
        assert f"onthefly_studio/{name}" in names


def test_the_same_sources_make_the_same_wheel(made: Path, cache: Cache, tmp_path: Path) -> None:
    again = {path.name: path for path in wheel.make(tmp_path / "again", cache, Silent())}
    assert sha256_file(again[made.name]) == sha256_file(made)


@pytest.fixture
def begun(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder that `onthefly new` wrote."""
    create(tmp_path / "site", title='Rock, "paper"', wheel=str(made))
    yield tmp_path / "site"


def test_a_new_site_followed_to_the_letter_is_built(begun: Path, tmp_path: Path) -> None:
    """The steps of its workflow that are commands, in an environment that has the dependencies."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    others = sysconfig.get_paths()["purelib"]
    (packages / "others.pth").write_text(f"import sys; sys.path.append({others!r})\n")
    workflow = yaml.safe_load((begun / ".github" / "workflows" / "publish.yml").read_text("utf-8"))
    commands = [step["run"] for step in workflow["jobs"]["build"]["steps"] if "run" in step]
    assert len(commands) == 2
    settings = begun / "site.toml"
    settings.write_text(
        settings.read_text("utf-8").replace('# backbone = "auto"', 'backbone = "embedded"'), "utf-8"
    )
    for command in commands:
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", command],
            cwd=begun,
            env={
                "PATH": f"{environment / 'bin'}:/usr/bin:/bin",
                "PIP_NO_INDEX": "1",
                "ONTHEFLY_CACHE": str(tmp_path / "cache"),
                "HOME": str(tmp_path),
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    published = begun / workflow["jobs"]["build"]["steps"][-1]["with"]["path"]
    assert json.loads((published / "site.json").read_text("utf-8"))["title"] == 'Rock, "paper"'
    assert list(environment.glob("lib/python*/site-packages/onthefly_studio/ready"))


def test_every_setting_of_a_new_site_is_a_known_one(begun: Path) -> None:
    text = (begun / "site.toml").read_text("utf-8")
    (begun / "site.toml").write_text(re.sub(r"^# (?=[a-z_]+ = |\[)", "", text, flags=re.M), "utf-8")
    assert load(begun / "site.toml", {}).title


def test_the_action_does_what_the_workflow_does() -> None:
    action = yaml.safe_load((PROJECT_ROOT / "action.yml").read_text("utf-8"))
    commands = "\n".join(step.get("run", "") for step in action["runs"]["steps"])
    assert "pip install" in commands
    assert "onthefly build" in commands
    assert action["inputs"]["wheel"]["required"] is True
