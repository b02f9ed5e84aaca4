"""Reading a zip that a stranger made, and writing one whose bytes depend on nothing but its files.

Everything is bounded by the directory before a file is read. The twin of `site_template/src/project/zip.js`.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from builder.errors import ConfigError, SourceError
from builder.project.schema import ENTRIES, RATIO, RATIO_FROM, TOTAL_BYTES, ZIP_BYTES, damaged

_END_SIGNATURE, _END = b"PK\5\6", struct.Struct("<4sHHHHIIH")
_LOCAL_BYTES = 30
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Zip's clock begins then."""


class Archive:
    """A zip, opened and found within bounds; to be closed.

    Args:
        path: the file.

    Raises:
        ConfigError: there is no such file.
        SourceError: it is no zip, or not one that a project can be.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise ConfigError(
                f"The project cannot be read ({error.strerror}).", where=str(path), mend="Check the path."
            ) from error
        try:
            self._zip, self._entries = _open(self._file, path)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> list[str]:
        """Every file, in the directory's order."""
        return list(self._entries)

    def read(self, name: str, limit: int = TOTAL_BYTES) -> bytes:
        """The bytes of one file, checked against the directory's size and checksum.

        Raises:
            SourceError: it is missing, larger than the limit, or damaged.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise damaged(name, "is missing")
        if entry.file_size > limit:
            raise _too_large(f"{name} has {entry.file_size:,} bytes", name)
        try:
            with self._zip.open(entry) as file:
                # One more than it may have: what an inflated file holds is not what the directory says.
                contents = file.read(entry.file_size + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise damaged(name, "cannot be unpacked, its checksum or its packing is wrong") from error
        if len(contents) != entry.file_size:
            raise damaged(name, "does not have the size that the directory of the zip says")
        return contents


def _open(file: BinaryIO, path: Path) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    size = file.seek(0, io.SEEK_END)
    if size > ZIP_BYTES:
        raise _too_large(f"the file has {size:,} bytes", str(path))
    directory = _directory_start(file, size, path)
    try:
        opened = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _not_a_zip(path) from error
    entries = opened.infolist()
    for entry in entries:
        _check_entry(entry)
    _check_bounds(entries, directory, path)
    return opened, _named(entries)


def _not_a_zip(path: Path) -> SourceError:
    return SourceError(
        "The file is not a project: it is no zip, or only a part of one.",
        where=str(path),
        mend="Export it again, or copy or download the file again.",
    )


def _too_large(what: str, where: str) -> SourceError:
    return SourceError(
        f"The project is larger than any that can have been exported ({what}); it is not opened.", where=where
    )


def _directory_start(file: BinaryIO, size: int, path: Path) -> int:
    """Where the directory begins, before `zipfile` reads it, however long it may be."""
    tail_start = max(0, size - _END.size - 0xFFFF)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    while at >= 0:
        if at + _END.size <= len(tail):
            _, disk, first_disk, here, count, length, start, comment = _END.unpack_from(tail, at)
            if at + _END.size + comment == len(tail):
                # 64-bit sizes, which no project needs, fail here too.
                whole = disk == first_disk == 0 and here == count and start + length == tail_start + at
                whole = whole and tail[max(0, at - 20) :][:4] != b"PK\6\7"
                if whole and count <= ENTRIES:
                    return int(start)
                raise _not_a_zip(path)
        at = tail.rfind(_END_SIGNATURE, 0, at)
    raise _not_a_zip(path)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    parts = name.removesuffix("/").split("/")
    if not re.fullmatch(r"[A-Za-z0-9._/-]{1,200}", name) or {"", ".", ".."} & set(parts):
        raise SourceError(
            "The zip holds a file with a name that no project has; it is not opened.",
            where=ascii(name)[:200],
            mend="Do not trust it: whoever made it meant to write outside of a folder, or it is no project.",
        )
    if entry.flag_bits & 1:
        raise damaged(name, "is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise damaged(name, "is packed in a way that is not read")
    if entry.compress_type == zipfile.ZIP_STORED and entry.file_size != entry.compress_size:
        raise damaged(name, "has two sizes")


def _check_bounds(entries: list[zipfile.ZipInfo], directory: int, path: Path) -> None:
    """Sizes before anything is read, and no two entries that share bytes."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    ends = [entry.header_offset for entry in ordered[1:]] + [directory]
    for entry, end in zip(ordered, ends, strict=True):
        if entry.header_offset + _LOCAL_BYTES + len(entry.orig_filename) + entry.compress_size > end:
            raise damaged(entry.orig_filename, "reaches into its neighbour")
        ratio = entry.file_size / max(1, entry.compress_size)
        if entry.file_size > RATIO_FROM and ratio > RATIO:
            raise _too_large(f"{entry.orig_filename} unpacks to {ratio:,.0f} times its size", str(path))
    total = sum(entry.file_size for entry in entries)
    if total > TOTAL_BYTES:
        raise _too_large(f"it unpacks to {total:,} bytes", str(path))


def _named(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    named: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = entry.orig_filename
        if name in named:
            raise damaged(name, "stands in the zip twice")
        named[name] = entry
    for name, entry in list(named.items()):
        if name.endswith("/"):
            if entry.file_size:
                raise damaged(name, "is a folder with contents")
            del named[name]
    return named


def pack(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of stored files: photos do not get smaller, and the bytes depend on no compressor."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name, contents in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 0  # else the system this runs on
            archive.writestr(entry, contents)
    return buffer.getvalue()
