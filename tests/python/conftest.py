"""What tests of the package share: small models, projects, and folders with a good site."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.pipeline import Built
from tests.support import projects, tensorflow_scripts
from tests.support.hubserver import HubServer


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `tensorflow_scripts.small_models` fills."""
    folder = tmp_path_factory.mktemp("small models")
    tensorflow_scripts.worker().call("small_models", folder)
    return folder


@pytest.fixture
def one_tensorflow() -> Iterator[None]:
    """Conversions run in the shared worker, and do not each pay for an import of TensorFlow."""
    with tensorflow_scripts.in_one_worker():
        yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A project's file that a test may change."""
    return projects.save(tmp_path / "project.zip")


@pytest.fixture(scope="session")
def good_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's file that all tests share, since none may change it."""
    return projects.save(tmp_path_factory.mktemp("good") / "project.zip")


@pytest.fixture(scope="session")
def good_site(site: Callable[..., Built], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good site in `dist/` that all tests share, since none may change it."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(site("embedded").out, root / "dist")
    return root


@pytest.fixture(scope="session")
def own_cache(cache: Cache) -> Callable[[Path], Cache]:
    """A copy in a folder of what the shared cache holds, for who looks at what lies in it, or takes it away.

    By links: what is in a cache is never changed, only replaced or deleted.
    """
    skipped = shutil.ignore_patterns("locks", "downloads", ".*")

    def copied(folder: Path) -> Cache:
        shutil.copytree(cache.root, folder / "cache", copy_function=os.link, ignore=skipped)
        return Cache(folder / "cache")

    return copied


@pytest.fixture(scope="module")
def full_cache(
    good_site: Path, own_cache: Callable[[Path], Cache], tmp_path_factory: pytest.TempPathFactory
) -> Cache:
    """A cache in which everything is made already, and nobody else is at work."""
    return own_cache(tmp_path_factory.mktemp("full"))


@pytest.fixture
def server() -> Iterator[HubServer]:
    """A server of this test's own."""
    with HubServer() as running:
        yield running
