"""A disk that is full or may not be written: one clear message, and the old site stays as it was."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import OutputError
from onthefly_studio.site import publish
from tests.support.builds import NO_MODEL, TWICE, M, Project, packed
from tests.support.hubserver import HubServer


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a disk of so many bytes, in memory."""
    places: list[Path] = []

    def mount(size: int) -> Path:
        place = tmp_path / f"disk{len(places)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode != 0:
            pytest.skip("a small disk can be mounted by root on Linux only; run as root to test a full one")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", "-l", str(place)], check=True)


def size_of(folder: Path) -> int:
    # In pages, as a disk in memory counts.
    return sum((path.stat().st_size | 4095) + 1 for path in folder.rglob("*"))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        shutil.Error([("from", "to", "[Errno 28] No space left on device: 'to'")]),
    ],
    ids=["a write", "a copy"],
)
def test_a_full_disk_is_told_whichever_stage_met_it(error: OSError, tmp_path: Path) -> None:
    def fill(into: Path) -> None:
        raise error

    with pytest.raises(OutputError, match=r"^The cache folder cannot .* \(No space left on device\)"):
        Cache(tmp_path).folder("model", "key", fill)
    place = tmp_path / "dist"
    with (
        pytest.raises(OutputError, match=r"^The site cannot be written \(No space left on device\)"),
        publish.replacing(place, Cache(tmp_path / "cache")),
    ):
        raise error
    assert not place.exists()


def test_a_disk_full_under_the_output(
    good_site: Path, full_cache: Cache, mounted: Callable[..., Path]
) -> None:
    disk = mounted(size_of(good_site / "dist") + (2 << 20))  # the old site and a part of the new one
    shutil.copytree(good_site / "dist", disk / "dist")
    parts = ["No space left on device", str(disk / "dist"), "Free up space"]
    Project(disk, full_cache).refuses(5, parts, "--backbone", "embedded", "--title", "New")
    assert publish.is_intact(disk / "dist")


def test_a_read_only_disk_under_the_output(
    good_site: Path, full_cache: Cache, mounted: Callable[..., Path]
) -> None:
    disk = mounted(size_of(good_site / "dist") + (64 << 20))
    shutil.copytree(good_site / "dist", disk / "dist")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    parts = [str(disk / "dist")]
    Project(disk, full_cache).refuses(5, parts, "--backbone", "embedded", "--title", "New")


def test_a_disk_full_under_the_cache_while_downloading(
    good_site: Path, server: HubServer, mounted: Callable[..., Path]
) -> None:
    project = Project(good_site, Cache(mounted(128 << 10) / "cache"))
    server.modules[M] = NO_MODEL
    parts = ["No space left on device", str(project.cache.root), "ONTHEFLY_CACHE"]
    project.refuses(5, parts, "--backbone", server.url(M), program=TWICE)


def test_a_disk_full_under_the_cache_while_unpacking(
    good_site: Path, tmp_path: Path, mounted: Callable[..., Path]
) -> None:
    project = Project(good_site, Cache(mounted(128 << 10) / "cache"))
    archive = tmp_path / "model.tar.gz"
    many = [(f"variables/{number}", bytes(3000)) for number in range(100)]
    for members in ([("saved_model.pb", bytes(1 << 20))], many):  # written at once, or when it is closed
        archive.write_bytes(packed(*members))
        project.refuses(5, ["No space left on device", "ONTHEFLY_CACHE"], "--backbone", archive)


def test_a_disk_full_under_the_cache_while_bundling(
    good_site: Path, full_cache: Cache, mounted: Callable[..., Path]
) -> None:
    models = full_cache.path("model", "")
    small = Cache(mounted(size_of(models) + (1 << 20)) / "cache")
    shutil.copytree(models, small.path("model", ""))
    parts = ["No space left on device", "ONTHEFLY_CACHE"]
    Project(good_site, small).refuses(5, parts, "--backbone", "embedded", "--title", "New")


@pytest.mark.long
def test_a_disk_full_under_the_cache_while_converting(good_site: Path, mounted: Callable[..., Path]) -> None:
    for size in (1 << 20, 9 << 20):  # TensorFlow's own writing fails, and ours
        project = Project(good_site, Cache(mounted(size) / "cache"))
        parts = ["No space left on device", "ONTHEFLY_CACHE"]
        project.refuses(5, parts, "--backbone", "embedded", "--title", "New")
