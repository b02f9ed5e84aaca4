"""Photographs in folders: which file is a picture of which class, and which is not.

The rule is the page's (`site_template/src/ui/classes/picture-files.ts`): a picture's class is the outermost
folder on its path that directly holds pictures, and the class has that folder's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from onthefly_studio.errors import ConfigError, OnTheFlyError, SourceError
from onthefly_studio.pictures.open import SUFFIXES, open_picture
from onthefly_studio.project.format import names
from onthefly_studio.text import printable

PICTURE_SUFFIXES = SUFFIXES | {".apng", ".ico", ".jpe", ".pjp", ".pjpeg", ".svg"}
"""What browsers take for pictures, whether or not it can be read here: that is tried."""
LITTER = re.compile(r"\..*|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE)
"""What systems put beside pictures without being asked; not even counted."""
SHOWN = 40
"""Files of one kind that are named; the others are counted."""


@dataclass(frozen=True)
class LeftOut:
    """Files that were not taken, by reason; the names of the reasons are the page's."""

    unreadable: dict[str, str] = field(default_factory=dict)
    """Pictures that cannot be read, and why."""
    others: list[str] = field(default_factory=list)
    """Files that are no pictures."""
    beside: list[str] = field(default_factory=list)
    """Pictures in no class's folder."""

    def counts(self) -> str:
        """How many, by reason, as a sentence; empty where all were taken."""
        parts = [
            _counted(len(self.unreadable), "picture that cannot be read", "pictures that cannot be read"),
            _counted(len(self.beside), "picture next to the folders", "pictures next to the folders"),
            _counted(len(self.others), "file that is not a picture", "files that are not pictures"),
        ]
        listed = ", ".join(filter(None, parts))
        return f"Left out: {listed}." if listed else ""

    def lines(self) -> Iterator[str]:
        """All of them by name, or the first where they are very many."""
        if self.unreadable:
            yield "Pictures that cannot be read:"
            yield from _some(f"{name}: {why}" for name, why in self.unreadable.items())
        if self.beside:
            yield "Pictures next to the folders, of no class:"
            yield from _some(self.beside)
        if self.others:
            yield "Files that are not pictures:"
            yield from _some(self.others)

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {"unreadable": self.unreadable, "others": self.others, "beside": self.beside}


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}" if count else ""


def _some(lines: Iterable[str]) -> Iterator[str]:
    every = [printable(line, 400) for line in lines]
    yield from (f"  {line}" for line in every[:SHOWN])
    if len(every) > SHOWN:
        yield f"  … and {len(every) - SHOWN:,} more"


@dataclass(frozen=True)
class Found:
    """What a folder holds."""

    folder: Path
    classes: dict[str, list[Path]]
    """Pictures by class, both in the order of their paths; an empty folder is a class without pictures."""
    left_out: LeftOut

    @property
    def pictures(self) -> list[Path]:
        """All, class by class."""
        return [path for files in self.classes.values() for path in files]

    def without(self, unreadable: Mapping[Path, OnTheFlyError]) -> Found:
        """The same without pictures that turned out not to be readable."""
        classes = {name: [p for p in files if p not in unreadable] for name, files in self.classes.items()}
        reasons = {self.shown(path): " ".join(error.what.split()) for path, error in unreadable.items()}
        left_out = replace(self.left_out, unreadable={**self.left_out.unreadable, **reasons})
        return replace(self, classes=classes, left_out=left_out)

    def shown(self, path: Path) -> str:
        """A file as messages name it."""
        return path.relative_to(self.folder).as_posix()

    def require_all(self) -> None:
        """Check that no picture is left out, as `--strict` asks.

        Raises:
            SourceError: names those that are.
        """
        left_out = replace(self.left_out, others=[])
        if left_out.unreadable or left_out.beside:
            raise SourceError(
                "\n".join(["Not every picture can be used.", *left_out.lines()]),
                where=str(self.folder),
                hint="Fix or remove them, or omit --strict to continue without them.",
            )


def pictures_below(folder: Path) -> list[Path]:
    """Every photograph in a folder and those below it, of whatever class, in the order of paths.

    Only what is expected to be read here (`pictures.SUFFIXES`).
    """
    return _in_order(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(map(LITTER.fullmatch, path.relative_to(folder).parts))
    )


def _in_order(paths: Iterable[Path]) -> list[Path]:
    """Paths in one order on every system: Windows compares paths without regard to case, and a head that is
    trained on the same photos in another order is another."""
    return sorted(paths, key=lambda path: path.parts)


def is_picture(path: Path) -> bool:
    """Whether the file can be read as a picture, or at least begun to."""
    return not unreadable([path])


def unreadable(paths: Iterable[Path]) -> dict[Path, OnTheFlyError]:
    """Which of these pictures cannot be read, and why."""
    errors: dict[Path, OnTheFlyError] = {}
    for path in paths:
        try:
            open_picture(path)
        except (ConfigError, SourceError) as error:
            errors[path] = error
    return errors


def sort_out(folder: Path) -> Found:
    """Find the pictures of each class in a folder.

    Raises:
        ConfigError: there is no such folder, or two folders in one place have names that look alike.
    """
    if not folder.is_dir():
        raise ConfigError(
            "There is no such folder.", where=str(folder), hint="Give a folder with one folder per class."
        )
    walk = _Walk(folder)
    walk.visit(folder, None, ())
    return Found(folder, _by_name(walk.found, folder), walk.left_out)


class _Walk:
    def __init__(self, root: Path) -> None:
        self._root = root
        self.found: dict[Path, list[Path]] = {}
        """Pictures by the folder that makes them a class."""
        self.left_out = LeftOut()

    def visit(self, place: Path, of: Path | None, above: tuple[object, ...]) -> None:
        """Sort what lies in a folder; `of` is the class's folder that it lies in."""
        here = _identity(place)
        if here in above:  # a link back to where it lies
            return
        folders, pictures = self._listed(place)
        if of is None and pictures and place != self._root and place.name.strip():
            of = place
        if of is None:
            self.left_out.beside.extend(self._shown(path) for path in pictures)
        else:
            self.found.setdefault(of, []).extend(pictures)
        for inner in folders:
            before = len(self.found)
            self.visit(inner, of, (*above, here))
            if place == self._root and len(self.found) == before and inner.name.strip():
                self.found[inner] = []

    def _listed(self, place: Path) -> tuple[list[Path], list[Path]]:
        """The folders and the pictures in a folder; whatever else is there is noted."""
        try:
            inside = _in_order(path for path in place.iterdir() if not LITTER.fullmatch(path.name))
        except OSError as error:
            raise ConfigError(
                f"A folder cannot be read ({error.strerror}).",
                where=str(place),
                hint="Make it readable.",
            ) from error
        folders = [path for path in inside if path.is_dir()]
        pictures = [path for path in inside if path.suffix.lower() in PICTURE_SUFFIXES and not _odd(path)]
        taken = {*folders, *pictures}
        self.left_out.others.extend(self._shown(path) for path in inside if path not in taken)
        return folders, pictures

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _identity(place: Path) -> object:
    """What two ways to one folder have in common."""
    status = place.stat()
    # Some shares on Windows number nothing.
    return (status.st_dev, status.st_ino) if status.st_ino else place.resolve()


def _odd(path: Path) -> bool:
    """Whether it is there and no file: a folder, a pipe or a device."""
    return path.exists() and not path.is_file()


def _by_name(found: Mapping[Path, list[Path]], root: Path) -> dict[str, list[Path]]:
    """Folders of one name are one class, unless they lie side by side: then one of them is a slip.

    Raises:
        ConfigError: two lie side by side.
    """
    alike: dict[str, list[Path]] = {}
    for place in found:
        alike.setdefault(names.key(class_name(place)), []).append(place)
    twins = [
        f"{_spelt(a, b)} and {_spelt(b, a)}"
        for places in alike.values()
        for i, a in enumerate(places)
        for b in places[i + 1 :]
        if a.parent == b.parent
    ]
    if twins:
        raise ConfigError(
            f"Folders have names that nobody can tell apart: {'; '.join(twins[:SHOWN])}.",
            where=str(root),
            hint="Put what is in them into one folder, or give one of them another name.",
        )
    return {
        class_name(places[0]): _in_order(path for place in places for path in found[place])
        for places in alike.values()
    }


def class_name(folder: Path) -> str:
    """The name of the class that a folder makes."""
    return printable(names.normal(folder.name).strip())


def _spelt(path: Path, other: Path) -> str:
    same = names.normal(path.name) == names.normal(other.name)  # and so would look the same here
    return ascii(path.name) if same else repr(path.name)
