"""Reading a zip that a stranger made, and writing one whose bytes depend on nothing but its files.

Everything is bounded by the directory before a file is read. The twin of `site_template/src/project/zip.ts`.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from onthefly_studio.contract import PROJECT_LIMITS
from onthefly_studio.errors import ConfigError
from onthefly_studio.project.format.directory import (
    LOCAL,
    LOCAL_SIGNATURE,
    STORED,
    Entry,
    read_directory,
    too_large,
)
from onthefly_studio.project.format.members import members
from onthefly_studio.project.format.schema import damaged

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Zip's clock begins then."""


class Archive:
    """A zip, opened and found within bounds; to be closed.

    Args:
        path: the file.

    Raises:
        ConfigError: there is no such file, or it is no file.
        SourceError: it is no zip, or not one that a project can be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _open(path)
        try:
            self._entries = members(read_directory(self._file, path))
        except OSError as error:
            self._file.close()
            raise _unreadable(path, error) from error
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def names(self) -> list[str]:
        """Every file of the project, in the order they lie in the zip; without what a system added."""
        return list(self._entries)

    def read(self, name: str, limit: int = PROJECT_LIMITS.total_bytes) -> bytes:
        """The bytes of one file, checked against the directory's size and checksum.

        Raises:
            ConfigError: the zip cannot be read any more.
            SourceError: the file is missing, larger than the limit, or damaged.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise damaged(name, "is missing")
        if entry.size > limit:
            raise too_large(f"{name} has {entry.size:,} bytes", name)
        try:
            packed = self._packed(name, entry)
        except OSError as error:
            raise _unreadable(self._path, error) from error
        contents = packed if entry.method == STORED else _inflated(name, entry, packed)
        if zlib.crc32(contents) != entry.crc:
            raise damaged(name, "cannot be unpacked, its checksum is wrong")
        return contents

    def _packed(self, name: str, entry: Entry) -> bytes:
        """What the zip holds of a file, whose own header has to say what the directory says."""
        self._file.seek(entry.start)
        header = self._file.read(LOCAL.size)
        if len(header) < LOCAL.size or header[:4] != LOCAL_SIGNATURE:
            raise damaged(name, "is missing")
        *_, method, _, _, _, _, _, name_length, extra_length = LOCAL.unpack(header)
        start = entry.start + LOCAL.size + name_length + extra_length
        same = self._file.read(name_length) == entry.raw_name and method == entry.method
        if not same or start + entry.packed > entry.end:
            raise damaged(name, "is not what the directory of the zip says")
        self._file.seek(start)
        return self._file.read(entry.packed)


def _open(path: Path) -> BinaryIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ConfigError(
                "This is a folder; a project is the zip that Export wrote.",
                where=str(path),
                hint="Give the project.zip itself.",
            )
        if not stat.S_ISREG(mode):
            raise ConfigError(
                "This is a pipe or a device; a project is read from a file.",
                where=str(path),
                hint="Save it to a file first, and give that.",
            )
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"The project cannot be read ({error.strerror}).", where=str(path), hint="Check the path."
    )


def _inflated(name: str, entry: Entry, packed: bytes) -> bytes:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        # One more than it may have: what an inflated file holds is not what the directory says.
        contents = inflate.decompress(packed, entry.size + 1)
    except zlib.error as error:
        raise damaged(name, "cannot be unpacked, its packing is wrong") from error
    if len(contents) != entry.size or not inflate.eof:
        raise damaged(name, "cannot be unpacked, it has another size than the directory of the zip says")
    return contents


def pack(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of stored files: photos do not get smaller, and the bytes depend on no compressor."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name, contents in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 0  # else the system this runs on
            archive.writestr(entry, contents)
    return buffer.getvalue()
