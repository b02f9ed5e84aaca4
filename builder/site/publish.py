"""Putting a finished site in its place: all of it or nothing.

The site is written beside its place and swapped in by renaming, so a failed or killed build leaves
the old one as it was, and a server never sees half of each.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from builder.cache import Cache, disk_reason, sha256_file, sha256_text
from builder.errors import OutputError

SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Integrity:
    """How a site's files stand to its list of sums; names are relative to the folder."""

    listed: bool
    """Whether there is a list to hold them to."""
    changed: list[str]
    missing: list[str]
    extra: list[str]

    @property
    def ok(self) -> bool:
        """Whether the folder holds exactly the files its list names, each with its sha256."""
        return self.listed and not (self.changed or self.missing or self.extra)


def files(folder: Path) -> list[str]:
    """The names of a site's files but the list of sums, in order."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name != SUMS)


def write_sums(folder: Path) -> None:
    """List the sha256 of every file, as `sha256sum -c` reads it."""
    lines = [f"{sha256_file(folder / name)}  {name}\n" for name in files(folder)]
    (folder / SUMS).write_text("".join(lines), "utf-8")


def listed(folder: Path) -> dict[str, str] | None:
    """The list of sums, name to sha256; None where there is none that can be read."""
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return None
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def integrity(folder: Path) -> Integrity:
    """Hold every file to the list of sums; one that cannot be read counts as changed."""
    sums, found = listed(folder), set(files(folder))
    if sums is None:
        return Integrity(False, [], [], [])
    changed = [name for name in sorted(found & set(sums)) if _sum(folder / name) != sums[name]]
    return Integrity(True, changed, sorted(set(sums) - found), sorted(found - set(sums)))


def _sum(path: Path) -> str | None:
    try:
        return sha256_file(path)
    except OSError:
        return None


def is_intact(folder: Path) -> bool:
    """Whether the folder holds exactly the files its list names, each with its sha256."""
    try:
        return integrity(folder).ok
    except OSError:  # another build swaps it at this moment
        return False


def is_ours(folder: Path) -> bool:
    """Whether a folder is a site that this command wrote."""
    try:
        site = json.loads((folder / "site.json").read_text("utf-8"))
        return (folder / SUMS).is_file() and str(site.get("generator", "")).startswith("onthefly ")
    except (OSError, ValueError, AttributeError):
        return False


def prepare(out: Path, cache: Cache) -> None:
    """What can be known before the long stages, so that nobody waits for them in vain.

    Undoes a swap that a kill cut off, so that the old site stands also where this build fails too.

    Raises:
        OutputError: the place holds something that is not a site of ours, or cannot be written.
    """
    out = _resolved(out)
    with _writing(out):
        if _aside(out).exists():
            with cache.lock("out", _lock_key(out)):
                _recover(out)
        _require_replaceable(out)
        # What stands may be up to date, and then nothing will be written.
        above = next(folder for folder in (out, *out.parents) if folder.exists())
        if above != out and not os.access(above, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@contextmanager
def replacing(out: Path, cache: Cache) -> Iterator[Path]:
    """A fresh folder to write a site into, put in the place of `out` when the block ends well.

    Where `out` is a link to a folder, that folder is replaced and the link stays.

    Raises:
        OutputError: the place cannot be written, or holds something that is not a site of ours.
    """
    out = _resolved(out)
    with cache.lock("out", _lock_key(out)), _writing(out):
        _recover(out)
        _require_replaceable(out)
        with _fresh(out) as fresh:
            yield fresh
            _swap(fresh, out)


def _resolved(out: Path) -> Path:
    try:
        place = out.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a NUL in the name
        raise OutputError(
            f"This names no folder ({error}).", where=repr(str(out)), mend="Choose another with --out."
        ) from error
    if not place.name:
        raise OutputError(
            "The root folder cannot be replaced.", where=str(place), mend="Choose a folder in it with --out."
        )
    return place


def _lock_key(out: Path) -> str:
    # Bytes of a name that are no text are kept as text in their own way; any way will do for a key.
    return sha256_text(ascii(str(out)))[:16]


def _aside(out: Path) -> Path:
    """Where the old site stands while the new one is renamed into its place."""
    return out.with_name(f".{out.name}.old")


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        mend = "Make room or give rights there, or choose another folder with --out."
        if error.errno in (errno.EBUSY, errno.EXDEV):
            mend = "A mounted folder cannot be replaced; choose one inside it with --out."
        raise OutputError(
            f"The site cannot be written ({disk_reason(error)}).", where=str(out), mend=mend
        ) from error


@contextmanager
def _fresh(out: Path) -> Iterator[Path]:
    """An empty folder beside `out`, gone in the end together with folders made for it alone."""
    fresh = out.with_name(f".{out.name}.new")
    made = [folder for folder in out.parents if not folder.exists()]
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        for folder in made:
            with suppress(OSError):  # not empty: the site stands in it
                folder.rmdir()


def _swap(fresh: Path, out: Path) -> None:
    try:
        if out.exists():
            out.rename(_aside(out))
        fresh.rename(out)
    finally:
        # Whether it went well, failed or was interrupted in between.
        _recover(out)


def _recover(out: Path) -> None:
    """After a swap, whole or cut off between its two renames: a site stands, and nothing beside it."""
    old = _aside(out)
    if old.exists() and not out.exists():
        old.rename(out)
    elif old.exists():
        shutil.rmtree(old, ignore_errors=True)


def _require_replaceable(out: Path) -> None:
    if not out.exists():
        return
    empty = out.is_dir() and not any(out.iterdir())
    if not (out.is_dir() and (empty or is_ours(out))):
        raise OutputError(
            "The output folder holds something that is not a site built by onthefly; it is left alone.",
            where=str(out),
            mend="Choose another folder with --out, or empty this one yourself.",
        )
