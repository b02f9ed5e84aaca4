"""The per-user cache: folders that are either complete or absent.

A folder is filled under a temporary name next to its place, under a lock, and renamed into place
when it is complete. So a folder that exists is complete, whatever was killed; two builds at once
fill it once; and leftovers of a killed build are swept by the next one that needs the same entry.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from onthefly_studio import file_system
from onthefly_studio.errors import OutputError

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
"""Failures that can only be the disk's, wherever in a stage they come up."""
_WINDOWS_DISK = (19, 39, 112)
"""The same by Windows' numbers: write-protected, and full in two ways."""
_FAILED = re.compile(r"\[(?P<whose>Errno|WinError) (?P<number>\d+)\] (?P<words>[^:]*)(: .*)?", re.DOTALL)
"""How Python puts an `OSError` into words."""

_TAG = "CACHEDIR.TAG"
_LOCKS = "locks"
_NAME = re.compile(
    r"(?P<leftover>\.(?:partial-)?)?(?P<key>[0-9a-f]{64})(?:-[0-9a-f]{8})?(?:\.part)?(?:\.json)?(?:\.new)?"
)


@dataclass(frozen=True)
class Kind:
    """One folder of the cache."""

    holds: str
    """In words, for a user who wonders what takes the room."""
    lock: str
    """The kind of the lock that an entry is written under."""
    read_under: tuple[str, ...] = ()
    """Kinds of locks under which a running build may read any entry."""


KINDS = {
    "archives": Kind("downloads as they came", "archives", ("download", "unpacked")),
    "weights": Kind("Keras' own weights, as they came", "weights", ("download", "model")),
    "unpacked": Kind("models unpacked or downloaded file by file", "unpacked", ("download", "model")),
    "downloads": Kind("interrupted downloads, to be resumed", "download"),
    "sources": Kind("the sha256 that each source has to match", "source", ("download",)),
    "unreachable": Kind("which places did not answer within the last hour", "unreachable"),
    "converted": Kind("converted graphs, before a precision is chosen", "converted", ("model",)),
    "model": Kind("finished models, checked, in one precision each", "model", ("assets", "out")),
    "kernel": Kind("the training kernel, compiled", "kernel", ("assets",)),
    "assets": Kind("the page's scripts, bundled", "assets", ("out",)),
    "witness": Kind("the training with tf.layers that validate compares with", "witness"),
}
"""Every folder that a stage keeps something in."""


@dataclass(frozen=True)
class Entry:
    """One thing in the cache, of one or several files or folders."""

    kind: str
    key: str
    leftover: bool
    """Half-written, by a build that was killed or is at work; never used as it is."""
    paths: tuple[Path, ...]
    bytes: int


@dataclass(frozen=True)
class Record:
    """What is remembered of a source: the sha256 by what was hashed."""

    url: str | None
    """None where the record is damaged."""
    hashes: dict[str, str]
    since: float
    """When it was last written, in seconds since 1970."""
    path: Path


def disk_reason(error: OSError) -> str:
    """Why a file could not be written, in the system's own words."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        # What copying a tree raises: (from, to, reason) of each file that failed.
        _, _, reason = error.args[0][0]
        match = _FAILED.fullmatch(str(reason))
        return match["words"] if match else str(reason)
    return error.strerror or str(error)


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


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file; None where the file is absent or holds none."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write an object so that whoever reads sees the old file or the new one, whole.

    The caller holds a lock on it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(json.dumps(value, sort_keys=True), encoding="utf-8", newline="\n")
        file_system.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


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
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"The cache folder cannot be written ({disk_reason(error)}).",
            where=str(self.root),
            hint="Set ONTHEFLY_CACHE to a folder with room that you can write to.",
        )

    @contextmanager
    def lock(self, kind: str, key: str) -> Iterator[None]:
        """A lock between processes for one entry; freed by the system when its holder dies.

        It is not re-entrant: taking the same entry's lock twice in one thread waits for ever.
        """
        import filelock  # 25 ms, which a build that finds everything cached need not pay

        path = self._lock_path(kind, key)
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

        Errors of `fill` pass through and leave no entry behind; that the disk is full or may not be
        written becomes an `OutputError` here, so that no stage has to think of it at every write.
        """
        place = self.path(kind, key)
        if place.is_dir():
            return place
        with self.lock(kind, key):
            if place.is_dir():  # another build filled it while we waited
                return place
            for leftover in place.parent.glob(f".partial-{key}*"):
                file_system.delete(leftover)
            # A name of its own: a killed build's child may still be writing to the old one.
            partial = place.with_name(f".partial-{key}-{secrets.token_hex(4)}")
            with self.writing():
                partial.mkdir(parents=True)
            try:
                fill(partial)
                with self.writing():
                    file_system.rename(partial, place)
            except BaseException as error:
                file_system.delete(partial)
                if isinstance(error, OSError) and _is_of_the_disk(error):
                    raise self._unwritable(error) from error
                raise
        return place

    def entries(self, kinds: Iterable[str] = KINDS) -> list[Entry]:
        """What the cache holds, by kind; whatever does not bear a name of ours is passed over."""
        found: list[Entry] = []
        for kind in kinds:
            folder = self.root / kind
            named: dict[tuple[str, bool], list[Path]] = {}
            for path in _listed(folder) if not folder.is_symlink() else []:
                match = _NAME.fullmatch(path.name)
                if match and not path.is_symlink():
                    named.setdefault((match["key"], bool(match["leftover"])), []).append(path)
            for (key, leftover), paths in sorted(named.items()):
                found.append(Entry(kind, key, leftover, tuple(paths), sum(map(_size, paths))))
        return found

    def foreign(self) -> list[str]:
        """Names in the cache's folder that are none of ours: is it a cache, or somebody's home?"""
        known = {*KINDS, _LOCKS}
        return [
            path.name
            for path in _listed(self.root)
            if path.name != _TAG
            and not file_system.is_litter(path.name)
            and not (path.name in known and path.is_dir() and not path.is_symlink())
        ]

    def records(self) -> list[Record]:
        """The sources whose hashes are recorded, by URL."""
        found = []
        for entry in self.entries(["sources"]):
            for path in entry.paths if not entry.leftover else ():
                found.append(_record(path))
        return sorted(found, key=lambda record: record.url or "")

    def in_use(self, entry: Entry) -> bool:
        """Whether a running build writes the entry, or may be reading it."""
        with ExitStack() as stack:
            return not self._take(entry, stack)

    def remove(self, entry: Entry) -> bool:
        """Delete an entry, unless a running build needs it; returns whether it is gone.

        Raises:
            OutputError: it could not be deleted.
        """
        with ExitStack() as stack, self.writing():
            if not self._take(entry, stack):
                return False
            for path in entry.paths:
                _remove(path)
        return True

    def _take(self, entry: Entry, stack: ExitStack) -> bool:
        """Take the entry's own lock until the stack closes; False where a build holds it or a reader's."""
        kind = KINDS[entry.kind]
        if not self._try_lock(self._lock_path(kind.lock, entry.key), stack):
            return False
        with ExitStack() as readers:  # looked at, not kept: a build that begins now finds its way
            return all(
                self._try_lock(path, readers)
                for name in kind.read_under
                for path in _listed(self.root / _LOCKS)
                if path.name.startswith(f"{name}-")
            )

    def _try_lock(self, path: Path, stack: ExitStack) -> bool:
        import filelock

        with self.writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            held = filelock.FileLock(path)
            try:
                held.acquire(timeout=0)
            except filelock.Timeout:
                return False
        stack.callback(held.release)
        return True

    def _lock_path(self, kind: str, key: str) -> Path:
        return self.root / _LOCKS / f"{kind}-{key}.lock"


def _is_of_the_disk(error: OSError) -> bool:
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        # It gathers several, and has no number of its own.
        match = _FAILED.fullmatch(str(error.args[0][0][2]))
        numbers = _DISK if match and match["whose"] == "Errno" else _WINDOWS_DISK
        return match is not None and int(match["number"]) in numbers
    return error.errno in _DISK or getattr(error, "winerror", None) in _WINDOWS_DISK


def _listed(folder: Path) -> list[Path]:
    """What a folder holds, in order; nothing where it is absent or may not be read."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _size(path: Path) -> int:
    """Bytes of a file, or of all files under a folder; links are not followed."""
    if not path.is_dir():
        return _file_size(path)
    return sum(_file_size(Path(root, name)) for root, _, names in os.walk(path) for name in names)


def _file_size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # gone since it was listed
        return 0


def _remove(path: Path) -> None:
    """Delete a file or a folder; a folder that is cut off half-way is no entry any more."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    doomed = path
    if not path.name.startswith("."):
        doomed = path.with_name(f".partial-{path.name}-{secrets.token_hex(4)}")
        file_system.rename(path, doomed)
    file_system.remove(doomed)


def _record(path: Path) -> Record:
    try:
        since = path.stat().st_mtime
        known = json.loads(path.read_bytes())
        hashes = {str(what): str(sha256) for what, sha256 in known.items() if what != "url"}
        return Record(str(known["url"]), hashes, since, path)
    except (OSError, ValueError, AttributeError, KeyError):
        return Record(None, {}, 0.0, path)
