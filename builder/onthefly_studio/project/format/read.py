"""From a `project.zip`, whoever made it, to a `Project`. Twin: `site_template/src/project/import.ts`."""

from __future__ import annotations

import hashlib
import math
import struct
from contextlib import closing
from pathlib import Path

import numpy as np

from onthefly_studio.contract import PROJECT_FORMAT, PROJECT_KIND, PROJECT_LIMITS
from onthefly_studio.errors import SourceError
from onthefly_studio.project.format import schema
from onthefly_studio.project.format.archive import Archive
from onthefly_studio.project.format.model import Example, Head, Project
from onthefly_studio.project.format.names import normal_all
from onthefly_studio.project.format.schema import (
    Described,
    HeadEntry,
    damaged,
    parse,
    parse_any,
    picture_path,
)
from onthefly_studio.reference.head import NAMES, Float32, Weights
from onthefly_studio.reference.training import Epoch, HeadSettings


def read(path: Path, *, tolerate_altered: bool = False) -> Project:
    """Read a project, everything in it checked.

    Args:
        path: the zip.
        tolerate_altered: list files that have changed since the export in `Project.altered`, where they
            would be refused otherwise; for `verify`, which tells what the changes mean.

    Raises:
        ConfigError: there is no such file.
        SourceError: it is not a project, damaged, changed, or made by a newer version.
    """
    with closing(Archive(path)) as archive:
        reader = _Reader(archive, path)
        project = reader.project()
    if project.altered and not tolerate_altered:
        raise SourceError(
            f"The project is not as it was exported; changed since: {', '.join(project.altered[:5])}"
            f"{' …' if len(project.altered) > 5 else ''}.",
            where=str(path),
            hint="Export it again. `onthefly verify` explains the changes.",
        )
    return project


class _Reader:
    def __init__(self, archive: Archive, path: Path) -> None:
        self._archive, self._altered = archive, list[str]()
        if schema.PROJECT not in archive.names:
            raise _not_a_project(path, f"it has no {schema.PROJECT}")
        contents = archive.read(schema.PROJECT, PROJECT_LIMITS.json_bytes)
        _check_version(contents, path)
        self._described = parse(Described, schema.PROJECT, contents)
        _check_references(self._described)
        folders = {each.id: each.folder for each in self._described.classes}
        self._pictures = [picture_path(folders[e.class_id], e.id) for e in self._described.examples]
        self._has_head = schema.HEAD in archive.names
        self._check_members()

    def project(self) -> Project:
        described = self._described
        shape = (len(described.examples), described.backbone.features)
        features = _floats(schema.FEATURES, self._read(schema.FEATURES), math.prod(shape)).reshape(shape)
        self._check_metadata()
        head = self._head() if self._has_head else None
        examples = [
            Example(entry.id, entry.class_id, self._picture(name))
            for entry, name in zip(described.examples, self._pictures, strict=True)
        ]
        called = normal_all([each.name for each in described.classes])
        classes = [
            each.model_copy(update={"name": name})
            for each, name in zip(described.classes, called, strict=True)
        ]
        return Project(
            generator=described.generator,
            backbone=described.backbone,
            preprocess=described.preprocess,
            settings=HeadSettings(**described.settings.model_dump()),
            classes=classes,
            examples=examples,
            features=features,
            head=head,
            altered=tuple(self._altered),
        )

    def _check_members(self) -> None:
        """The zip holds exactly the files of the project, and there is a hash of each."""
        names, hashed = self._archive.names, self._described.files
        wanted = {schema.FEATURES, schema.METADATA, *self._pictures}
        if self._has_head:
            wanted |= {schema.HEAD, schema.WEIGHTS, schema.TRACE}
        for name in sorted(wanted):
            if name not in names:
                raise damaged(name, "is missing")
            if name not in hashed:
                raise damaged(schema.PROJECT, f"holds no checksum of {name}")
        for name in [*names, *hashed]:
            if name != schema.PROJECT and name not in wanted:
                raise damaged(name, "is not part of the project")

    def _read(self, name: str, limit: int = PROJECT_LIMITS.total_bytes) -> bytes:
        contents = self._archive.read(name, limit)
        if hashlib.sha256(contents).hexdigest() != self._described.files[name]:
            self._altered.append(name)
        return contents

    def _check_metadata(self) -> None:
        parse_any(schema.METADATA, self._read(schema.METADATA, PROJECT_LIMITS.json_bytes))

    def _head(self) -> Head:
        entry = parse(HeadEntry, schema.HEAD, self._read(schema.HEAD, PROJECT_LIMITS.json_bytes))
        width = self._described.backbone.features
        known = {each.id for each in self._described.classes}
        if len(set(entry.classes)) != len(entry.classes) or not known.issuperset(entry.classes):
            raise damaged(schema.HEAD, "its classes are not those of the project")
        if len(set(entry.examples)) != len(entry.examples):
            raise damaged(schema.HEAD, "names a photo twice")
        hidden, classes = entry.settings.hidden, len(entry.classes)
        shapes = {"kernel1": [width, hidden], "bias1": [hidden]}
        shapes |= {"kernel2": [hidden, classes], "bias2": [classes]}
        for name in NAMES:
            if getattr(entry.shapes, name) != shapes[name]:
                raise damaged(schema.HEAD, f"the shape of {name} is wrong")
        sizes = [math.prod(shapes[name]) for name in NAMES]
        flat = _floats(schema.WEIGHTS, self._read(schema.WEIGHTS), sum(sizes))
        parts = np.split(flat, np.cumsum(sizes)[:-1])
        weights = Weights(
            *(part.reshape(shapes[name]).copy() for name, part in zip(NAMES, parts, strict=True))
        )
        return Head(
            weights=weights,
            classes=entry.classes,
            settings=HeadSettings(**entry.settings.model_dump()),
            examples=entry.examples,
            history=[Epoch(each.loss, each.accuracy) for each in entry.history],
            norms=entry.norms,
            losses=_floats(schema.TRACE, self._read(schema.TRACE), entry.steps),
        )

    def _picture(self, name: str) -> bytes:
        contents = self._read(name, PROJECT_LIMITS.picture_bytes)
        size = jpeg_size(contents)
        if size is None:
            raise damaged(name, "is not a JPEG")
        if not 0 < min(size) <= max(size) <= PROJECT_LIMITS.picture_edge:
            raise damaged(name, f"is a picture of {size[0]} by {size[1]}")
        return contents


def _not_a_project(path: Path, why: str) -> SourceError:
    return SourceError(
        f"The file is not a project of On-the-Fly: {why}.",
        where=str(path),
        hint="Give a file that the page's Export wrote.",
    )


def _check_version(contents: bytes, path: Path) -> None:
    """Before the schema is checked, since a newer format may have another."""
    document = parse_any(schema.PROJECT, contents)
    if not isinstance(document, dict) or document.get("kind") != PROJECT_KIND:
        raise _not_a_project(path, f"{schema.PROJECT} describes something else")
    version = document.get("format")
    if isinstance(version, int) and not isinstance(version, bool) and version > PROJECT_FORMAT:
        raise SourceError(
            f"The project was made by a newer version (format {version}; this one reads {PROJECT_FORMAT}).",
            where=str(path),
            hint="Upgrade onthefly.",
        )


def _check_references(described: Described) -> None:
    ids, folders = {each.id for each in described.classes}, {each.folder for each in described.classes}
    if not len(ids) == len(folders) == len(described.classes):
        raise damaged(schema.PROJECT, "two classes are the same")
    last = 0
    for example in described.examples:
        if example.class_id not in ids:
            raise damaged(schema.PROJECT, f"photo {example.id} belongs to a class that does not exist")
        if example.id <= last:
            raise damaged(schema.PROJECT, "the photos are not in the order they were taken")
        last = example.id


def _floats(name: str, contents: bytes, count: int) -> Float32:
    if len(contents) != 4 * count:
        raise damaged(name, f"has {len(contents):,} bytes and needs {4 * count:,}")
    values = np.frombuffer(contents, "<f4").astype(np.float32)
    if not np.isfinite(values).all():
        raise damaged(name, f"the number at {int(np.flatnonzero(~np.isfinite(values))[0])} is not finite")
    return values


def jpeg_size(contents: bytes) -> tuple[int, int] | None:
    """Width and height from the header, before anything is decoded; None where it is no JPEG."""
    if len(contents) < 4 or contents[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(contents):
        marker, length = struct.unpack_from(">HH", contents, at)
        if marker >> 8 != 0xFF:
            return None
        # SOF0 to SOF15 without the tables that share their range: DHT, JPG and DAC.
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", contents, at + 5)
            return width, height
        at += 2 + length
    return None
