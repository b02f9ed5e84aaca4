"""Unpacks a SavedModel's `.tar.gz` without trusting a byte of it.

An archive may be a stranger's, so nothing is written before its header has been judged: only plain
files and folders, only below the target, within bounds on number, size and name. The archive is
read once, from front to back, to its very end, so that a cut or damaged one is noticed.
"""

from __future__ import annotations

import gzip
import os
import re
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from onthefly_studio import file_system
from onthefly_studio.errors import OutputError, SourceError

GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20
_DRIVE = re.compile(r"[A-Za-z]:")
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


@dataclass(frozen=True)
class UnpackLimits:
    """How much an archive may hold."""

    members: int = 1_000
    total_bytes: int = 2 << 30
    """Sum of all files, unpacked."""
    name_bytes: int = 1024
    part_bytes: int = 255
    """One folder's or file's name, the longest that common file systems keep."""
    header_bytes: int = 1 << 20
    """One extended header (long names, attributes), which tarfile reads into memory whole."""
    overhead_bytes: int = 64 << 20
    """All headers, padding and whatever follows the last member."""
    portable_names: bool = os.name == "nt"
    """Refuse a name that Windows would take for another file's, or for no file's."""


def unpack_tar(
    archive: Path, into: Path, limits: UnpackLimits | None = None, *, where: str | None = None
) -> None:
    """Unpack a `.tar.gz` of plain files and folders into an empty or absent folder.

    Files get mode 0644 and folders 0755, whatever the archive says. On failure `into` is left as
    empty, or as absent, as it was.

    Args:
        archive: the file to read.
        into: the folder to fill.
        limits: how much it may hold.
        where: what the user knows the archive by, for messages; its path by default.

    Raises:
        SourceError: the archive is cut, damaged, too large, or holds a member that is refused.
        OutputError: `into` could not be written.
    """
    limits = limits or UnpackLimits()
    was_there = into.is_dir()
    try:
        with _writing(into):
            into.mkdir(parents=True, exist_ok=True)
        _unpack(archive, into, limits, where or str(archive))
    except BaseException:
        _sweep(into, keep=was_there)
        raise


def find_saved_model(root: Path, *, where: str) -> Path:
    """The folder that holds `saved_model.pb`: `root` itself or exactly one folder directly in it.

    Args:
        root: an unpacked archive.
        where: what the user knows it by, for the message.

    Raises:
        SourceError: there is none, or there are several.
    """
    if (root / "saved_model.pb").is_file():
        return root
    found = sorted(path.parent for path in root.glob("*/saved_model.pb") if path.is_file())
    if len(found) == 1:
        return found[0]
    hint = "Pack the folder that holds saved_model.pb and variables/, and nothing else."
    if found:
        names = ", ".join(f"{folder.name}/" for folder in found[:5])
        raise SourceError(f"The archive holds {len(found)} SavedModels ({names}).", where=where, hint=hint)
    names = ", ".join(path.name + "/" * path.is_dir() for path in sorted(root.iterdir())[:5]) or "nothing"
    raise SourceError(
        f"No saved_model.pb at the top of the archive or one folder down (there is: {names}).",
        where=where,
        hint=hint,
    )


def _unpack(archive: Path, into: Path, limits: UnpackLimits, where: str) -> None:
    names = _Names(where, limits)
    total = 0
    with _reading(where), _opened(archive, limits, where) as stream:
        tar = tarfile.open(  # noqa: SIM115 - it holds nothing that `stream` does not close
            fileobj=stream, mode="r|", tarinfo=_header_check(where, limits)
        )
        for count, member in enumerate(tar, start=1):
            if count > limits.members:
                _refuse(where, f"The archive holds more than {limits.members} members.")
            target = into.joinpath(*names.accept(member))
            if member.isdir():
                _make_folder(target)
                continue
            total += member.size
            if total > limits.total_bytes:
                _refuse(where, f"Unpacked, the archive would take more than {_mib(limits.total_bytes)}.")
            _make_folder(target.parent)
            _write(tar, member, target)
        _drain(stream)
    _set_modes(into)


def _make_folder(folder: Path) -> None:
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None, "only plain files come here"
    with _created(target) as file:
        left = member.size
        while left:
            chunk = source.read(min(_CHUNK, left))
            if not chunk:
                raise EOFError
            with _writing(target):
                file.write(chunk)
            left -= len(chunk)


@contextmanager
def _created(target: Path) -> Iterator[IO[bytes]]:
    """A new file; closing it writes the rest, and may find the disk full."""
    with _writing(target):
        file = target.open("xb")
    try:
        yield file
    finally:
        with _writing(target):
            file.close()


def _set_modes(root: Path) -> None:
    with _writing(root):
        for path in root.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)


class _Names:
    """Judges members' names and kinds, and remembers them, so that none is written twice."""

    def __init__(self, where: str, limits: UnpackLimits) -> None:
        self._where, self._limits = where, limits
        self._files: set[tuple[str, ...]] = set()
        self._folders: set[tuple[str, ...]] = set()  # those with a header of their own
        self._parents: set[tuple[str, ...]] = set()  # those something stands in

    def accept(self, member: tarfile.TarInfo) -> list[str]:
        """The member's path, part by part (none for the root); refuses what may not be unpacked."""
        self._check_kind(member)
        parts = self._parts(member.name)
        if parts or not member.isdir():
            self._check_new(member, parts)
        return parts

    def _check_kind(self, member: tarfile.TarInfo) -> None:
        if member.issparse():
            self._refuse(member.name, _KINDS[tarfile.GNUTYPE_SPARSE])
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE):
            self._refuse(member.name, _KINDS.get(member.type, "neither a file nor a folder"))
        if member.size < 0:
            self._refuse(member.name, "of negative size")

    def _parts(self, name: str) -> list[str]:
        if name.startswith("/") or _DRIVE.match(name):
            self._refuse(name, "named with an absolute path")
        if "\\" in name or not name.isprintable():
            self._refuse(name, "named with a character that may not be in a path")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            self._refuse(name, "named with a path that leads out of the archive (..)")
        if self._limits.portable_names and not all(map(file_system.is_portable, parts)):
            self._refuse(name, "named as no file can be on this system")
        lengths = [len(part.encode()) for part in parts]
        if sum(lengths) > self._limits.name_bytes or max(lengths, default=0) > self._limits.part_bytes:
            self._refuse(name, "named with too long a path")
        return parts

    def _check_new(self, member: tarfile.TarInfo, parts: list[str]) -> None:
        # Names that differ in case or in how an accent is written are one file on some systems.
        key = tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)
        above = {key[:end] for end in range(1, len(key))}
        taken = self._folders if member.isdir() else self._folders | self._parents
        if not parts or key in self._files or key in taken or above & self._files:
            self._refuse(member.name, "named like another member, or like a folder of one")
        (self._folders if member.isdir() else self._files).add(key)
        self._parents |= above

    def _refuse(self, name: str, why: str) -> NoReturn:
        shown = name if len(name) <= 80 else name[:77] + "..."
        _refuse(self._where, f"The archive holds a member that is {why}: {shown!r}.")


def _header_check(where: str, limits: UnpackLimits) -> type[tarfile.TarInfo]:
    """The class that tarfile makes of each raw header block.

    Two things must be caught here, before tarfile goes on: an extended header so large that reading
    it would fill the memory, and a damaged header, which tarfile takes for the end of the archive.
    """
    plain = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.DIRTYPE)

    class Header(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Header:
            is_end = len(buf) == tarfile.BLOCKSIZE and not any(buf)
            try:
                header = super().frombuf(buf, encoding, errors)
            except tarfile.HeaderError as error:
                if is_end:
                    raise
                raise _damaged(where) from error
            if header.type not in plain and header.size > limits.header_bytes:
                _refuse(where, f"The archive holds a header of {_mib(header.size)}.")
            return header

    return Header


class _Bounded(gzip.GzipFile):
    """A gzip stream that may yield so many bytes and no more: what a small archive can inflate to."""

    def __init__(self, file: IO[bytes], where: str, limit: int) -> None:
        super().__init__(fileobj=file, mode="rb")
        self._where, self._left, self._limit = where, limit, limit

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes; refuses once more than the limit have come."""
        chunk = super().read(size)
        self._left -= len(chunk)
        if self._left < 0:
            _refuse(self._where, f"The archive inflates to more than {_mib(self._limit)}.")
        return chunk


@contextmanager
def _opened(archive: Path, limits: UnpackLimits, where: str) -> Iterator[_Bounded]:
    with archive.open("rb") as file:
        start = file.read(len(GZIP_MAGIC))
        if start != GZIP_MAGIC:
            raise SourceError(
                "The file is not a .tar.gz: it does not begin as gzip does."
                if start
                else "The file is empty, not a .tar.gz.",
                where=where,
                hint="Pass a SavedModel packed with `tar -czf`, or the folder that holds saved_model.pb.",
            )
        file.seek(0)
        with _Bounded(file, where, limits.total_bytes + limits.overhead_bytes) as stream:
            yield stream


def _drain(stream: _Bounded) -> None:
    # gzip checks its sum and length only when it is read to the end.
    while stream.read(_CHUNK):
        pass


@contextmanager
def _reading(where: str) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, RecursionError) as error:
        raise _damaged(where) from error
    except OSError as error:
        raise SourceError(
            f"The archive could not be read ({error.strerror or error}).",
            where=where,
            hint="Check that the file exists and that you can read it.",
        ) from error


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"The archive could not be unpacked ({error.strerror or error}).",
            where=str(target),
            hint="Set ONTHEFLY_CACHE to a folder with room that you can write to.",
        ) from error


def _damaged(where: str) -> SourceError:
    return SourceError(
        "The archive is cut short or damaged.",
        where=where,
        hint="Fetch or pack it again, and compare its sha256 with the publisher's.",
    )


def _refuse(where: str, what: str) -> NoReturn:
    raise SourceError(
        what,
        where=where,
        hint="A SavedModel needs plain files and folders only; pack it again with `tar -czf`.",
    )


def _sweep(folder: Path, *, keep: bool) -> None:
    file_system.delete(folder)
    if keep:
        folder.mkdir(exist_ok=True)


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.0f} MiB"
