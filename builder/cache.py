"""The per-user cache: folders that are either complete or absent.

A folder is filled under a temporary name beside its place, under a lock, and renamed into place
when it is whole. So a folder that exists is complete, whatever was killed; two builds at once
fill it once; and leftovers of a killed build are swept by the next one that needs the same entry.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from builder.errors import OutputError


def sha256_file(path: Path) -> str:
    """The sha256 of a file's bytes, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_tree(root: Path, paths: Iterable[Path] | None = None) -> str:
    """One sha256 over the names and bytes of the files under `root`, in the order of their names.

    Args:
        root: the folder names are taken relative to.
        paths: the files to count; every regular file under `root` by default.
    """
    files = paths if paths is not None else (p for p in root.rglob("*") if p.is_file())
    # Names, not paths, are sorted: how paths compare depends on the system.
    named = sorted((path.relative_to(root).as_posix(), path) for path in files)
    digest = hashlib.sha256()
    for name, path in named:
        digest.update(name.encode(errors="surrogateescape") + b"\0")
        digest.update(bytes.fromhex(sha256_file(path)))
    return digest.hexdigest()


def sha256_text(*parts: str) -> str:
    """The sha256 of strings, each kept apart from the next."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Cache:
    """Content-addressed folders under one root.

    Args:
        root: where; `$ONTHEFLY_CACHE`, else the system's place for a user's caches.
    """

    def __init__(self, root: Path | None = None) -> None:
        given = os.environ.get("ONTHEFLY_CACHE")
        self.root = root or Path(given or platformdirs.user_cache_dir("onthefly", appauthor=False))

    def path(self, kind: str, key: str) -> Path:
        """Where the entry stands, or would stand."""
        return self.root / kind / key

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around work on the cache's own files: a failure of the disk becomes an `OutputError`."""
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"The cache folder cannot be written ({error.strerror or error}).",
                where=str(self.root),
                mend="Set ONTHEFLY_CACHE to a folder with room that you can write to.",
            ) from error

    @contextmanager
    def lock(self, kind: str, key: str) -> Iterator[None]:
        """A lock between processes for one entry; freed by the system when its holder dies.

        It is not re-entrant: taking the same entry's lock twice in one thread waits for ever.
        """
        import filelock  # 25 ms, which a build that finds everything cached need not pay

        path = self.root / "locks" / f"{kind}-{key}.lock"
        with self.writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            held = filelock.FileLock(path)
            held.acquire()
        try:
            yield
        finally:
            held.release()

    def folder(self, kind: str, key: str, fill: Callable[[Path], None]) -> Path:
        """The complete folder for `key`; `fill` is called with an empty folder if there is none.

        Errors of `fill` pass through and leave no entry behind.
        """
        place = self.path(kind, key)
        if place.is_dir():
            return place
        with self.lock(kind, key):
            if place.is_dir():  # another build filled it while we waited
                return place
            partial = place.with_name(f".partial-{key}")
            shutil.rmtree(partial, ignore_errors=True)
            with self.writing():
                partial.mkdir(parents=True)
            try:
                fill(partial)
                with self.writing():
                    partial.replace(place)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
        return place
