"""Putting a finished site in its place: all of it or nothing.

The site is written beside its place and swapped in by renaming, so a failed or killed build leaves
the old one as it was, and a server never sees half of each. What people put into the folder is moved along
(`foreign.py`).

Three folders take part, and at any moment of a kill they tell where everything belongs:

- `dist`: the site that stands;
- `.dist.old`: the old site, while the new one is renamed into its place;
- `.dist.new`: the new site while it is written. Once its list of sums is there, whatever that does not name
  is somebody's, on its way.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from onthefly_studio import file_system
from onthefly_studio.cache import Cache, disk_reason, sha256_file, sha256_text
from onthefly_studio.errors import OutputError
from onthefly_studio.site import description, foreign

SUMS = "SHA256SUMS"
_MOST_NAMES = 10
"""Of files, in a message."""


@dataclass(frozen=True)
class Integrity:
    """How a site's files stand to its list of sums; names are relative to the folder."""

    listed: bool
    """Whether there is a list to hold them to."""
    changed: list[str]
    missing: list[str]
    extra: list[str]
    """What is not the site's own, such as `.git` or `CNAME`; of a folder only the folder itself."""

    @property
    def ok(self) -> bool:
        """Whether the folder holds the files its list names, each with its sha256, whatever else is there."""
        return self.listed and not (self.changed or self.missing)


def files(folder: Path) -> list[str]:
    """The names of a site's files but the list of sums, in order; every file where there is no list."""
    sums = listed(folder)
    if sums is not None:
        # A stranger's list may name what lies elsewhere.
        return sorted(name for name in filter(_is_inside, sums) if (folder / name).is_file())
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name != SUMS)


def _is_inside(name: str) -> bool:
    """Whether a name leads to nothing but what is in the folder, on whatever system."""
    path = PureWindowsPath(name)
    return not path.anchor and ".." not in path.parts


def size(folder: Path) -> int:
    """Bytes of the site's own files."""
    own = (folder / name for name in [*files(folder), SUMS])
    return sum(path.stat().st_size for path in own if path.is_file())


def write_sums(folder: Path) -> None:
    """List the sha256 of every file, as `sha256sum -c` reads it; the list is there whole or not at all."""
    (folder / SUMS).unlink(missing_ok=True)
    lines = [f"{sha256_file(folder / name)}  {name}\n" for name in files(folder)]
    part = folder / f".{SUMS}.part"
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    file_system.rename(part, folder / SUMS)


def listed(folder: Path) -> dict[str, str] | None:
    """The list of sums, name to sha256; None where there is none that can be read."""
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return None
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def integrity(folder: Path) -> Integrity:
    """Hold every file to the list of sums; one that cannot be read counts as changed."""
    sums, found = listed(folder), files(folder)
    if sums is None:
        return Integrity(False, [], [], [])
    changed = [name for name in found if _sum(folder / name) != sums[name]]
    return Integrity(
        True, changed, sorted(set(sums).difference(found)), foreign.foreign(folder, _own(folder))
    )


def _own(folder: Path) -> list[str]:
    """Every name that is the site's; none where nothing tells."""
    sums = listed(folder)
    return [] if sums is None else [*sums, SUMS]


def _sum(path: Path) -> str | None:
    try:
        return sha256_file(path)
    except OSError:
        return None


def is_intact(folder: Path) -> bool:
    """Whether the folder holds the files its list names, each with its sha256, whatever else is there."""
    try:
        return integrity(folder).ok
    except OSError:  # another build swaps it at this moment
        return False


def edited(folder: Path) -> list[str]:
    """The site's own files that are not as they were built; none where there is no site."""
    try:
        return integrity(folder).changed
    except OSError:  # another build swaps it at this moment
        return []


def is_ours(folder: Path) -> bool:
    """Whether a folder is a site that this command wrote."""
    try:
        return description.is_ours(folder) and (folder / SUMS).is_file()
    except OSError:
        return False


def prepare(out: Path, cache: Cache) -> None:
    """What can be known before the long stages, so that nobody waits for them in vain.

    Undoes a swap that a kill cut off, so that the old site stands also where this build fails too, or finds
    nothing to do.

    Raises:
        OutputError: the place holds something that is not a site of ours, or cannot be written.
    """
    out = _resolved(out)
    with _writing(out):
        if _aside(out).exists() or _next_to(out).exists():
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

    Where `out` is a link to a folder, that folder is replaced and the link stays. What is in the folder and
    not the site's own is in the new one too.

    Raises:
        OutputError: the place cannot be written, or holds something that is not a site of ours, or something
            that is not the site's own where the new site has a file.
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
            f"This names no folder ({error}).", where=repr(str(out)), hint="Choose another with --out."
        ) from error
    if not place.name:
        raise OutputError(
            "The root folder cannot be replaced.", where=str(place), hint="Choose a folder in it with --out."
        )
    return place


def _lock_key(out: Path) -> str:
    # Bytes of a name that are no text are kept as text in their own way; any way will do for a key.
    return sha256_text(ascii(str(out)))[:16]


def _aside(out: Path) -> Path:
    """Where the old site stands while the new one is renamed into its place."""
    return out.with_name(f".{out.name}.old")


def _next_to(out: Path) -> Path:
    """Where the new site is written; and what is deleted lies under this name while it is."""
    return out.with_name(f".{out.name}.new")


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "Free up space or allow writing there, or choose another folder with --out."
        if error.errno in (errno.EBUSY, errno.EXDEV):
            hint = "A mounted folder cannot be replaced; choose one inside it with --out."
        elif file_system.is_in_use(error):
            hint = f"Close whatever has the folder or a file in it open, and build again. {hint}"
        raise OutputError(
            f"The site cannot be written ({disk_reason(error)}).", where=str(out), hint=hint
        ) from error


@contextmanager
def _fresh(out: Path) -> Iterator[Path]:
    """An empty folder beside `out`, gone in the end together with folders made for it alone."""
    fresh = _next_to(out)
    made = [folder for folder in out.parents if not folder.exists()]
    _discard(fresh, out)
    try:
        fresh.mkdir(parents=True)
        yield fresh
    finally:
        _discard(fresh, out)
        for folder in made:
            with suppress(OSError):  # not empty: the site stands in it
                folder.rmdir()


def _discard(fresh: Path, out: Path) -> None:
    """Delete what was written beside; not while somebody's files are on their way in it."""
    if listed(fresh) is None or not any(_on_the_way(fresh, out)):
        file_system.delete(fresh)


def _on_the_way(from_: Path, out: Path) -> tuple[list[str], list[str]]:
    """What is somebody's in one folder and not in the other: what can be moved there, and what cannot."""
    if not out.is_dir():
        return [], foreign.foreign(from_, _own(from_))
    return foreign.foresee(from_, out, _own(from_), _own(out))


def _swap(fresh: Path, out: Path) -> None:
    if listed(fresh) is None:
        write_sums(fresh)
    old = _aside(out)
    _room(out, fresh, out)
    try:
        if out.exists():
            file_system.rename(out, old)
            foreign.carry(old, fresh, _room(old, fresh, out), out)  # anew: something may have come since
        file_system.rename(fresh, out)
    finally:
        # Whether it went well, failed or was interrupted in between.
        _recover(out)


def _room(old: Path, fresh: Path, out: Path) -> list[str]:
    """What is to be moved from the old site to the new one, both on their way to or from `out`.

    Raises:
        OutputError: the new site has something in its place.
    """
    moves, taken = foreign.foresee(old, fresh, _own(old), _own(fresh))
    if taken:
        raise OutputError(
            f"The output folder holds something of yours where the new site has a file: {named(taken)}.",
            where=str(out),
            hint="Rename it, or move it to another place, and build again.",
        )
    return moves


def _recover(out: Path) -> None:
    """After a swap, whole or cut off at any moment: a site stands with everything that was in it.

    Each step can be cut off and begun again.

    Raises:
        OutputError: somebody's files are on their way and something else has taken their place.
    """
    old, new = _aside(out), _next_to(out)
    is_done = out.exists()
    if old.exists() and not is_done:
        file_system.rename(old, out)
    if listed(new) is not None:
        _bring_home(new, out)
    if old.exists() and is_done:
        _bring_home(old, out)  # what came while the folders were renamed
        _discard(new, out)
        # First: a list of sums that is deleted early must not make the rest look like somebody's.
        file_system.rename(old, new)
        file_system.delete(new)


def _bring_home(from_: Path, out: Path) -> None:
    moves, taken = _on_the_way(from_, out)
    if taken:
        raise OutputError(
            "An interrupted build has left something of yours next to the output folder, and its place "
            f"there is taken or gone: {named(taken)}.",
            where=str(from_),
            hint="Move it to where you want it, delete that folder, and build again.",
        )
    foreign.carry(from_, out, moves, out)


def named(names: list[str]) -> str:
    """The first of many names, for a message."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _require_replaceable(out: Path) -> None:
    if not out.exists():
        return
    if not (out.is_dir() and (file_system.is_unused(out) or is_ours(out))):
        raise OutputError(
            "The output folder holds something that is not a site built by onthefly; it is left alone.",
            where=str(out),
            hint="Choose another folder with --out, or empty this one yourself.",
        )
