"""Files of the cache that are known by their sha256, and the part files that they come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onthefly_studio import file_system
from onthefly_studio.cache import Cache, sha256_file


def part_file(cache: Cache, key: str) -> Path:
    """Where a download goes until it is whole; it stays when it breaks off, to be resumed."""
    part = cache.path("downloads", f"{key}.part")
    with cache.writing():
        part.parent.mkdir(parents=True, exist_ok=True)
    return part


@contextmanager
def passing(part: Path, cache: Cache) -> Iterator[None]:
    """While a complete file is judged: kept or refused, it is no part any more."""
    try:
        yield
    finally:
        with cache.writing():
            part.unlink(missing_ok=True)


def keep(part: Path, sha256: str, kind: str, name: str, cache: Cache) -> Path:
    """Move a trusted file into the cache, in place of one that is no longer what it was."""
    place = cache.path(kind, sha256)
    if place.is_dir() and not hashes_to(place / name, sha256):
        with cache.lock(kind, sha256), cache.writing():
            file_system.remove(place)

    def fill(into: Path) -> None:
        with cache.writing():
            file_system.replace(part, into / name)

    return cache.folder(kind, sha256, fill) / name


def hashes_to(file: Path, sha256: str) -> bool:
    """Whether a file is there, and is what it was."""
    try:
        return sha256_file(file) == sha256
    except OSError:
        return False
