"""The command as a user runs it: exit codes, messages, and nothing heavy at the start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.cli import COMMANDS
from onthefly_studio.cli.build import command as build_command
from onthefly_studio.places import PROJECT_ROOT
from tests.support.commands import loaded, onthefly, refused
from tests.support.processes import PYTHON_PATH


def test_help_names_every_command_and_loads_nothing_heavy(tmp_path: Path) -> None:
    done = onthefly("--help", cwd=tmp_path)
    assert done.returncode == 0
    for name in ("build", "serve"):
        assert name in done.stdout
    assert loaded({"tensorflow", "numpy", "pydantic", "requests", "jinja2"}, "--help") == set()


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        (["--backbone", "embeded"], 2, ["embedded"]),
        (["--backbone", "http://example.org/model"], 2, ["https"]),
        (["--classes", "Alone"], 2, ["--classes", "at least 2"]),
        (["--classes", "Cup,cup"], 2, ["twice"]),
        (["--config", "none.toml"], 2, ["none.toml"]),
        (["--backbone", "hub", "--offline"], 3, ["tfhub.dev"]),
        (["--backbone", "http://127.0.0.1:9/model"], 3, ["127.0.0.1:9"]),
        (["--backbone", "embedded", "--out", "/proc/here/dist"], 5, ["/proc/here/dist"]),
    ],
)
def test_bad_input_is_refused(
    arguments: list[str], code: int, parts: list[str], tmp_path: Path, cache: Cache
) -> None:
    refused(onthefly("build", *arguments, cwd=tmp_path, cache=cache), code, *parts)
    assert list(tmp_path.iterdir()) == [], "nothing is written"


NO_PROJECT = ["--backbone", "embedded", "--offline"]


@pytest.mark.parametrize(
    ("settings", "arguments", "note"),
    [
        ("", ["--head", "none.zip"], "--head is now called --starter."),
        ('project = "none.zip"\n', [], "project in site.toml is now called starter."),
        ('project = "old.zip"\n', ["--head", "none.zip"], "--head is now called --starter, and project in"),
        ('starter = "none.zip"\n', [], ""),
        ("", ["--starter", "none.zip"], ""),
    ],
)
def test_the_starter_project_s_former_names_work_and_say_so_once(
    settings: str, arguments: list[str], note: str, tmp_path: Path, cache: Cache
) -> None:
    (tmp_path / "site.toml").write_text(settings, "utf-8")
    done = onthefly("build", *NO_PROJECT, *arguments, cwd=tmp_path, cache=cache)
    refused(done, 2, "none.zip", "cannot be read")  # each is taken for the starter project
    assert done.stderr.count("is now called") == (0 if not note else 2 if "and project" in note else 1)
    assert done.stderr.count("still works") == bool(note)
    assert note in done.stderr


def test_both_names_of_the_starter_project_are_wrong_use(tmp_path: Path, cache: Cache) -> None:
    done = onthefly("build", "--head", "a.zip", "--starter", "b.zip", cwd=tmp_path, cache=cache)
    refused(done, 2, "--head and --starter are two names of one setting", "Give --starter alone.")
    (tmp_path / "site.toml").write_text('project = "a.zip"\nstarter = "b.zip"\n', "utf-8")
    done = onthefly("build", cwd=tmp_path, cache=cache)
    refused(done, 2, "project in site.toml and starter are two names of one setting", "site.toml")


def test_an_unknown_option_or_command_is_wrong_use(tmp_path: Path) -> None:
    for arguments in (["build", "--backbon", "x"], ["biuld"]):
        done = onthefly(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_a_build_says_what_it_carries_and_how_to_serve_it(tmp_path: Path, cache: Cache) -> None:
    first = onthefly("build", "--backbone", "embedded", cwd=tmp_path, cache=cache)
    assert first.returncode == 0, first.stderr
    assert "dist/ is built: " in first.stdout
    assert "the embedded weights, trained on generated images" in first.stdout
    assert "Serve it: onthefly serve" in first.stdout
    second = onthefly("build", "--backbone", "embedded", cwd=tmp_path, cache=cache)
    assert "dist/ is up to date" in second.stdout
    assert second.stderr == ""


def test_auto_says_in_one_line_why_it_fell_back(tmp_path: Path, own_cache: Callable[[Path], Cache]) -> None:
    """The proxy is a port where nobody listens, so no machine's network lets this through."""
    cache = own_cache(tmp_path)
    for kind in ("archives", "weights", "unpacked"):  # what another test has fetched is no copy at hand here
        shutil.rmtree(cache.path(kind, ""), ignore_errors=True)
    proxy = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = onthefly("build", cwd=tmp_path, cache=cache, **proxy)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if "embedded weights" in line]
    assert len(told) == 1
    assert "tfhub.dev" in told[0]
    assert "Why these weights:" in done.stdout


def test_a_setting_in_the_file_is_taken_and_its_folder_is_the_root(tmp_path: Path, cache: Cache) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "site.toml").write_text('backbone = "embedded"\ntitle = "Hands"\nout = "public"\n')
    done = onthefly("build", "--config", "project/site.toml", cwd=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    assert "<title>Hands</title>" in (project / "public" / "index.html").read_text()


def test_a_bug_of_ours_ends_with_70_and_says_what_to_do(tmp_path: Path) -> None:
    script = (
        "import sys; sys.argv = ['onthefly', 'build']\n"
        "import onthefly_studio.cli.build as b\n"
        "def broken(*a, **k): raise RuntimeError('boom')\n"
        "b.build = broken\n"
        "from onthefly_studio.cli import main; main()"
    )
    env = {**os.environ, "PYTHONPATH": PYTHON_PATH}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 70
    assert "this is a bug in onthefly" in done.stderr
    assert "--debug" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_readme_names_every_command_and_every_option_of_build() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text("utf-8")
    for name in COMMANDS:
        assert f"onthefly {name}" in readme, name
    for parameter in build_command.params:
        for option in parameter.opts:
            assert f"`{option}`" in readme, option
