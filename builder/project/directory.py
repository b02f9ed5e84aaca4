"""The directory of a zip that a stranger made: where its files lie, everything within bounds.

`zipfile` would read a directory of any length, and takes what the page refuses. The twin of
`site_template/src/project/zip.js`.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from builder.errors import SourceError
from builder.project.schema import (
    DIRECTORY_BYTES,
    NAME_LENGTH,
    RATIO,
    RATIO_FROM,
    RECORDS,
    TOTAL_BYTES,
    ZIP_BYTES,
    damaged,
    printable,
)

STORED, DEFLATED = 0, 8
LOCAL = struct.Struct("<4s5H3I2H")
LOCAL_SIGNATURE = b"PK\3\4"
_END, _END_SIGNATURE = struct.Struct("<4s4H2IH"), b"PK\5\6"
_CENTRAL, _CENTRAL_SIGNATURE = struct.Struct("<4s6H3I5H2I"), b"PK\1\2"
_ENCRYPTED = 1


@dataclass(frozen=True)
class Entry:
    """One file in a zip, as the directory tells of it."""

    name: str
    raw_name: bytes
    """As it stands in the zip."""
    method: int
    crc: int
    packed: int
    """Bytes in the zip."""
    size: int
    """Bytes unpacked."""
    start: int
    """Of the entry's own header."""
    end: int = 0
    """Where the next entry, or the directory, begins."""


@dataclass(frozen=True)
class Extent:
    """Where the directory lies, and how many entries it says to have."""

    start: int
    length: int
    count: int


def read_directory(file: BinaryIO, path: Path) -> list[Entry]:
    """Every entry of a zip, in the order they lie in it.

    Args:
        file: the open zip.
        path: of it, for errors.

    Raises:
        SourceError: it is no zip, or not one that a project can be.
        OSError: it cannot be read.
    """
    size = file.seek(0, io.SEEK_END)
    if size > ZIP_BYTES:
        raise too_large(f"the file has {size:,} bytes", str(path))
    extent = _find(file, size, path)
    if extent.count > RECORDS or extent.length > DIRECTORY_BYTES:
        raise too_large(f"it has {extent.count:,} files", str(path))
    file.seek(extent.start)
    entries = _parse(file.read(extent.length), extent, path)
    return _bounded(entries, extent.start, path)


def too_large(what: str, where: str) -> SourceError:
    """The error for what could only be meant to fill a memory or a disk."""
    return SourceError(
        f"The project is larger than any that can have been exported ({what}); it is not opened.", where=where
    )


def _not_a_zip(path: Path) -> SourceError:
    return SourceError(
        "The file is not a project: it is no zip, or only a part of one.",
        where=str(path),
        mend="Export it again, or copy or download the file again.",
    )


def _find(file: BinaryIO, size: int, path: Path) -> Extent:
    """The directory, by the record at the end of the file; right before that record it has to stand."""
    tail_start = max(0, size - _END.size - 0xFFFF)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    while at >= 0:
        if at + _END.size <= len(tail):
            _, disk, first_disk, here, count, length, start, comment = _END.unpack_from(tail, at)
            if at + _END.size + comment == len(tail):
                whole = disk == first_disk == 0 and here == count and start + length == tail_start + at
                if not whole:
                    raise _not_a_zip(path)
                return Extent(start, length, count)
        at = tail.rfind(_END_SIGNATURE, 0, at)
    raise _not_a_zip(path)


def _parse(contents: bytes, extent: Extent, path: Path) -> list[Entry]:
    entries: list[Entry] = []
    at = 0
    while len(entries) < extent.count:
        if at + _CENTRAL.size > len(contents) or contents[at : at + 4] != _CENTRAL_SIGNATURE:
            raise _not_a_zip(path)
        fields = _CENTRAL.unpack_from(contents, at)
        _, _, _, flags, method, _, _, crc, packed, size, name, extra, comment, _, _, _, start = fields
        at += _CENTRAL.size
        raw_name = contents[at : at + name]
        if len(raw_name) != name:
            raise _not_a_zip(path)
        at += name + extra + comment
        entry = Entry(_safe_name(raw_name), raw_name, method, crc, packed, size, start)
        _check_packing(entry, flags)
        entries.append(entry)
    if at != len(contents):
        raise _not_a_zip(path)
    return entries


def _safe_name(raw_name: bytes) -> str:
    """A name that stays inside the folder it is unpacked to, on every system."""
    name = raw_name.decode("utf-8", "replace")
    parts = name.removesuffix("/").split("/")
    if not re.fullmatch(rf"[A-Za-z0-9._/-]{{1,{NAME_LENGTH}}}", name) or {"", ".", ".."} & set(parts):
        raise SourceError(
            "The zip holds a file with a name that no project has; it is not opened.",
            where=printable(name),
            mend="Do not trust it: whoever made it meant to write outside of a folder, or it is no project.",
        )
    return name


def _check_packing(entry: Entry, flags: int) -> None:
    if flags & _ENCRYPTED:
        raise damaged(entry.name, "is encrypted")
    if entry.method not in (STORED, DEFLATED):
        raise damaged(entry.name, "is packed in a way that is not read")
    if entry.method == STORED and entry.size != entry.packed:
        raise damaged(entry.name, "has two sizes")


def _bounded(entries: list[Entry], directory: int, path: Path) -> list[Entry]:
    """Sizes before anything is read, and no two entries that share bytes."""
    ordered = sorted(entries, key=lambda entry: entry.start)
    ends = [*(entry.start for entry in ordered[1:]), directory][: len(ordered)]
    for entry, end in zip(ordered, ends, strict=True):
        if entry.start + LOCAL.size + len(entry.raw_name) + entry.packed > end:
            raise damaged(entry.name, "reaches into its neighbour")
        ratio = entry.size / max(1, entry.packed)
        if entry.size > RATIO_FROM and ratio > RATIO:
            raise too_large(f"{entry.name} unpacks to {ratio:,.0f} times its size", str(path))
    total = sum(entry.size for entry in entries)
    if total > TOTAL_BYTES:
        raise too_large(f"it unpacks to {total:,} bytes", str(path))
    return [replace(entry, end=end) for entry, end in zip(ordered, ends, strict=True)]
