"""A site that is published from a git repository comes out of it as it was built, also on Windows."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from onthefly_studio.pipeline import Built
from onthefly_studio.site import publish

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

AS_ON_WINDOWS = ("-c", "core.autocrlf=true")
PERSON = ("-c", "user.name=Publisher", "-c", "user.email=publisher@example.org")


def git(folder: Path, *arguments: str) -> None:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", *AS_ON_WINDOWS, *PERSON, *arguments]
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)


def through_git(repository: Path, clone: Path) -> Path:
    git(repository, "init")
    git(repository, "add", "--all", "--force")
    git(repository, "commit", "--message", "Publish")
    git(repository.parent, "clone", str(repository), str(clone))
    return clone


@pytest.mark.parametrize("place", [".", "docs/hands"], ids=["root", "sub-folder"])
def test_a_clone_with_other_line_ends_holds_the_site_as_it_was_built(
    place: str, site: Callable[..., Built], tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(site("embedded").out, repository / place)
    (repository / place / "CNAME").write_text("example.org\n")
    if place != ".":
        (repository / ".gitattributes").write_text("* text=auto eol=crlf\n")
    clone = through_git(repository, tmp_path / "clone")
    held = publish.integrity(clone / place)
    assert held.ok, held
    assert "CNAME" in held.extra


def test_without_its_attributes_the_same_clone_is_damaged(site: Callable[..., Built], tmp_path: Path) -> None:
    """Else the test above could not fail."""
    repository = tmp_path / "repository"
    shutil.copytree(site("embedded").out, repository)
    (repository / ".gitattributes").unlink()
    clone = through_git(repository, tmp_path / "clone")
    changed = publish.integrity(clone).changed
    assert {"index.html", "sw.js", "site.json"} <= set(changed)
