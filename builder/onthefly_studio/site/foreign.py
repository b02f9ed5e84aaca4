"""What people put into a site's folder, such as `.git`, `CNAME` or `robots.txt`: it survives every rebuild.

It is what the site's list of sums does not name. When a new site takes the place of an old one, these files
and folders are moved along by renaming, each whole, so that none is ever half there.
"""

from __future__ import annotations

import filecmp
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath

from onthefly_studio import file_system
from onthefly_studio.cache import disk_reason
from onthefly_studio.errors import OutputError


def foreign(folder: Path, own: Collection[str]) -> list[str]:
    """What is not the site's own, in order: files, and folders as a whole.

    Args:
        folder: the site; what is not there holds nothing.
        own: names of the site's files, relative to the folder.
    """
    return list(_foreign(folder, "", set(own), _folders(own)))


def _foreign(folder: Path, prefix: str, own: set[str], folders: set[str]) -> Iterator[str]:
    if not folder.is_dir():
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        name, is_folder = prefix + entry.name, entry.is_dir(follow_symlinks=False)
        if is_folder and name in folders:
            yield from _foreign(Path(entry.path), f"{name}/", own, folders)
        elif is_folder or name not in own:
            yield name


def _folders(own: Collection[str]) -> set[str]:
    """The folders in which the site's own files stand."""
    return {parent.as_posix() for name in own for parent in PurePosixPath(name).parents}


def foresee(
    source: Path, target: Path, own: Collection[str], targets_own: Collection[str]
) -> tuple[list[str], list[str]]:
    """What of a site's folder is to be moved to another one, and what has something else in its place there.

    A file that is there already, with the same bytes, is neither.

    Args:
        source: the folder that is left.
        target: the other one.
        own: names of the site's own files in the source.
        targets_own: the same of the target.
    """
    moves: list[str] = []
    taken: list[str] = []
    shared = _folders(targets_own)

    def look(name: str) -> None:
        here, there = source / name, target / name
        if any(_stands(above) and not _is_folder(above) for above in _above(target, name)):
            taken.append(name)  # a file where a folder would have to be
        elif not _stands(there):
            moves.append(name)
        elif _is_folder(here) and _is_folder(there) and name in shared:
            for entry in sorted(here.iterdir()):
                look(f"{name}/{entry.name}")
        elif not _are_equal(here, there):
            taken.append(name)

    for name in foreign(source, own):
        look(name)
    return moves, taken


def carry(source: Path, target: Path, names: Iterable[str], where: Path) -> None:
    """Move files and folders to another folder on the same disk, each whole.

    Args:
        source: the folder that is left.
        target: the other one.
        names: what `foresee` says can be moved.
        where: the folder to name in an error.

    Raises:
        OutputError: the system refused a move. What had been moved stands in the target.
    """
    for name in names:
        place = target / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            file_system.rename(source / name, place)
        except OSError as error:
            raise OutputError(
                f"{name} is not the site's own, and cannot be moved to the new site ({disk_reason(error)}).",
                where=str(where),
                hint="Close whatever uses it, or move it out of the output folder, and build again.",
            ) from error


def _above(folder: Path, name: str) -> list[Path]:
    return [folder / parent for parent in PurePosixPath(name).parents][:-1]


def _stands(path: Path) -> bool:
    return os.path.lexists(path)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _are_equal(one: Path, other: Path) -> bool:
    both_files = all(path.is_file() and not path.is_symlink() for path in (one, other))
    return both_files and filecmp.cmp(one, other, shallow=False)
