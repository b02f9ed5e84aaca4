"""The directory of a zip that a stranger made: where its files lie, everything within bounds.

`zipfile` would read a directory of any length, and takes what the page refuses. The twin of
`site_template/src/project/zip.ts`.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from onthefly_studio.contract import PROJECT_LIMITS
from onthefly_studio.errors import SourceError
from onthefly_studio.project.format.schema import damaged
from onthefly_studio.text import printable

STORED, DEFLATED = 0, 8
LOCAL = struct.Struct("<4s5H3I2H")
LOCAL_SIGNATURE = b"PK\3\4"
_END, _END_SIGNATURE = struct.Struct("<4s4H2IH"), b"PK\5\6"
_CENTRAL, _CENTRAL_SIGNATURE = struct.Struct("<4s6H3I5H2I"), b"PK\1\2"
_LOCATOR, _LOCATOR_SIGNATURE = struct.Struct("<4sIQI"), b"PK\6\7"
_END_64, _END_64_SIGNATURE = struct.Struct("<4sQ2H2I4Q"), b"PK\6\6"
_EXTRA_64, _FULL, _FULL_16 = 1, 0xFFFFFFFF, 0xFFFF
"""A field that is full stands for one with 64 bits elsewhere."""
_ENCRYPTED = 1
_UNSAFE = re.compile(r"/.*|[A-Za-z]:.*|.*[\\\x00-\x1f\x7f-\x9f].*", re.DOTALL)
"""Names that lead elsewhere on some system, or steer a terminal."""


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
    wraps: bool
    """Whether the count is the rest of a division by 2^16, as macOS writes it for many files."""


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
    if size > PROJECT_LIMITS.zip_bytes:
        raise too_large(f"the file has {size:,} bytes", str(path))
    extent = _find(file, size, path)
    if extent.count > PROJECT_LIMITS.records or extent.length > PROJECT_LIMITS.directory_bytes:
        raise too_large(f"it has {extent.count:,} files", str(path))
    file.seek(extent.start)
    entries = _parse(file.read(extent.length), extent, path)
    return _bounded(entries, extent.start, path)


def too_large(what: str, where: str) -> SourceError:
    """The error for what could only be meant to fill a memory or a disk."""
    return SourceError(
        f"The project is larger than any that could have been exported ({what}); it is not opened.",
        where=where,
    )


def _not_a_zip(path: Path) -> SourceError:
    return SourceError(
        "The file is not a project: it is not a zip, or only part of one.",
        where=str(path),
        hint="Export it again, or copy or download the file again.",
    )


def _find(file: BinaryIO, size: int, path: Path) -> Extent:
    """The directory, by the record at the end of the file; right before that record it has to stand."""
    tail_start = max(0, size - _END.size - 0xFFFF)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    while at >= 0:
        if at + _END.size <= len(tail):
            *_, comment = fields = _END.unpack_from(tail, at)
            if at + _END.size + comment == len(tail):
                extent = _extent(file, fields, tail_start + at)
                if extent is None:
                    raise _not_a_zip(path)
                return extent
        at = tail.rfind(_END_SIGNATURE, 0, at)
    raise _not_a_zip(path)


def _extent(file: BinaryIO, fields: tuple[int, ...], end: int) -> Extent | None:
    """The directory that the record at `end` tells of; None where that record contradicts itself."""
    _, disk, first_disk, here, count, length, start, _ = fields
    file.seek(max(0, end - _LOCATOR.size))
    locator = file.read(_LOCATOR.size)
    if end < _LOCATOR.size or locator[:4] != _LOCATOR_SIGNATURE:
        whole = disk == first_disk == 0 and here == count and start + length == end
        return Extent(start, length, count, wraps=True) if whole else None
    _, disk_64, at, disks = _LOCATOR.unpack(locator)
    if at + _END_64.size > end - _LOCATOR.size:
        return None
    file.seek(at)
    record = _END_64.unpack(file.read(_END_64.size))
    signature, bytes_64, _, _, *wide = record
    # Where the short record says something, it says the same.
    full = (_FULL_16, _FULL_16, _FULL_16, _FULL_16, _FULL, _FULL)
    short = (disk, first_disk, here, count, length, start)
    agree = all(a in (b, most) for a, b, most in zip(short, wide, full, strict=True))
    one_disk = disk_64 == 0 and disks <= 1 and wide[:2] == [0, 0]
    *_, here, count, length, start = wide
    whole = signature == _END_64_SIGNATURE and at + 12 + bytes_64 == end - _LOCATOR.size
    if not (whole and agree and one_disk and here == count and start + length == at):
        return None
    return Extent(start, length, count, wraps=False)


def _parse(contents: bytes, extent: Extent, path: Path) -> list[Entry]:
    records: list[tuple[bytes, bytes, tuple[int, ...]]] = []
    at = 0
    while at < len(contents):
        if at + _CENTRAL.size > len(contents) or contents[at : at + 4] != _CENTRAL_SIGNATURE:
            raise _not_a_zip(path)
        fields = _CENTRAL.unpack_from(contents, at)
        name, extra, comment = fields[10:13]
        at += _CENTRAL.size
        records.append((contents[at : at + name], contents[at + name : at + name + extra], fields))
        at += name + extra + comment
        if len(records) > PROJECT_LIMITS.records:
            raise too_large(f"it has more than {PROJECT_LIMITS.records:,} files", str(path))
    count = len(records) & _FULL_16 if extent.wraps else len(records)
    if at != len(contents) or count != extent.count or len(contents) != extent.length:
        raise _not_a_zip(path)
    # A Windows that writes backslashes writes nothing else; beside slashes they are meant to mislead.
    backslashes = not any(b"/" in raw_name for raw_name, _, _ in records)
    return [_entry(*record, backslashes) for record in records]


def _entry(raw_name: bytes, extra: bytes, fields: tuple[int, ...], backslashes: bool) -> Entry:
    _, _, _, flags, method, _, _, crc, packed, size, *_, start = fields
    name = _safe_name(raw_name, backslashes)
    wide, sizes = list(_wide(extra)), [size, packed, start]
    for place, recorded in enumerate(sizes):  # in this order, and only those that found no room
        if recorded == _FULL:
            if not wide:
                raise damaged(name, "lacks one of its sizes")
            sizes[place] = wide.pop(0)
    size, packed, start = sizes
    entry = Entry(name, raw_name, method, crc, packed, size, start)
    _check_packing(entry, flags)
    return entry


def _wide(extra: bytes) -> tuple[int, ...]:
    """The fields with 64 bits among the extra ones of an entry."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        held = extra[at + 4 : at + 4 + length]
        if kind == _EXTRA_64:
            return struct.unpack_from(f"<{len(held) // 8}Q", held)
        at += 4 + length
    return ()


def _safe_name(raw_name: bytes, backslashes: bool) -> str:
    """A name that stays inside the folder it is unpacked to, on every system."""
    name = raw_name.decode("utf-8", "replace")  # a folder's name may be in whatever code a system has
    if backslashes:
        name = name.replace("\\", "/")
    parts = name.removesuffix("/").split("/")
    if len(name) > PROJECT_LIMITS.name_length or _UNSAFE.fullmatch(name) or {"", ".", ".."} & set(parts):
        raise SourceError(
            "The zip holds a file with a name that no project has; it is not opened.",
            where=printable(name),
            hint="Do not trust it: it was made to write outside its folder, or it is not a project.",
        )
    return name


def _check_packing(entry: Entry, flags: int) -> None:
    if flags & _ENCRYPTED:
        raise damaged(entry.name, "is encrypted")
    if entry.method not in (STORED, DEFLATED):
        raise damaged(entry.name, "is packed in a way that is not supported")
    if entry.method == STORED and entry.size != entry.packed:
        raise damaged(entry.name, "has two sizes")


def _bounded(entries: list[Entry], directory: int, path: Path) -> list[Entry]:
    """Sizes before anything is read, and no two entries that share bytes."""
    ordered = sorted(entries, key=lambda entry: entry.start)
    ends = [*(entry.start for entry in ordered[1:]), directory][: len(ordered)]
    for entry, end in zip(ordered, ends, strict=True):
        if entry.start + LOCAL.size + len(entry.raw_name) + entry.packed > end:
            raise damaged(entry.name, "overlaps its neighbour")
        ratio = entry.size / max(1, entry.packed)
        if entry.size > PROJECT_LIMITS.ratio_from and ratio > PROJECT_LIMITS.ratio:
            raise too_large(f"{entry.name} unpacks to {ratio:,.0f} times its size", str(path))
    total = sum(entry.size for entry in entries)
    if total > PROJECT_LIMITS.total_bytes:
        raise too_large(f"it unpacks to {total:,} bytes", str(path))
    return [replace(entry, end=end) for entry, end in zip(ordered, ends, strict=True)]
