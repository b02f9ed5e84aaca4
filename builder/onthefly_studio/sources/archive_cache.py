"""Archives in the cache, as they came and unpacked, both by the archive's sha256.

A model that came file by file has its place among the unpacked ones, by the sha256 over all of its files.
"""

from __future__ import annotations

from pathlib import Path

from onthefly_studio import file_system
from onthefly_studio.cache import Cache, sha256_tree
from onthefly_studio.sources import hashed_files, model_folder

_ARCHIVE = "module.tar.gz"
_MODEL = "model"
_TREE = "tree.sha256"


def kept(sha256: str, where: str, cache: Cache) -> Path | None:
    """The model of an archive downloaded before; None where the cache has lost it."""
    if model := unpacked(sha256, where, cache):
        return model
    archive = cache.path("archives", sha256) / _ARCHIVE
    return unpack(archive, sha256, where, cache) if hashed_files.hashes_to(archive, sha256) else None


def keep(part: Path, sha256: str, cache: Cache) -> None:
    """Move a trusted archive into the cache."""
    hashed_files.keep(part, sha256, "archives", _ARCHIVE, cache)


def unpack(archive: Path, sha256: str, where: str, cache: Cache) -> Path:
    """The model in an archive, from the cache where it is there and unharmed.

    Args:
        archive: the file.
        sha256: of it.
        where: what the user knows it by, for messages.
        cache: what it is unpacked into.

    Raises:
        SourceError: the archive is cut, damaged, or holds no model.
        OutputError: the cache cannot be written.
    """
    from onthefly_studio.sources.unpack import unpack_tar

    if model := unpacked(sha256, where, cache):
        return model

    def fill(into: Path) -> None:
        unpack_tar(archive, into / _MODEL, where=where)
        model_folder.find(into / _MODEL, where)
        with cache.writing():
            (into / _TREE).write_text(sha256_tree(into / _MODEL) + "\n", encoding="ascii", newline="\n")

    place = cache.folder("unpacked", sha256, fill)
    return model_folder.find(place / _MODEL, where)


def keep_files(folder: Path, sha256: str, where: str, cache: Cache) -> Path:
    """Move a trusted model that came file by file into the cache.

    Args:
        folder: holds its files and nothing else; it is moved.
        sha256: `onthefly_studio.cache.sha256_tree` of it.
        where: what the user knows it by, for messages.
        cache: what it is moved into.
    """
    if model := unpacked(sha256, where, cache):
        return model

    def fill(into: Path) -> None:
        with cache.writing():
            file_system.rename(folder, into / _MODEL)
            (into / _TREE).write_text(sha256 + "\n", encoding="ascii", newline="\n")

    return model_folder.find(cache.folder("unpacked", sha256, fill) / _MODEL, where)


def unpacked(sha256: str, where: str, cache: Cache) -> Path | None:
    """The unpacked model; one that is no longer what was unpacked is thrown away."""
    place = cache.path("unpacked", sha256)
    if not place.is_dir():
        return None
    if _is_whole(place):
        return model_folder.find(place / _MODEL, where)
    with cache.lock("unpacked", sha256), cache.writing():
        if place.is_dir() and not _is_whole(place):  # nor made anew while we waited
            file_system.remove(place)
    return None


def _is_whole(place: Path) -> bool:
    """Whether an unpacked model is still, byte for byte, what was unpacked."""
    try:
        return sha256_tree(place / _MODEL) == (place / _TREE).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return False
