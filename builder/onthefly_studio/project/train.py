"""From a folder of photographs to a project, by the reference: what an hour at the page would give."""

from __future__ import annotations

import io
import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import ValidationError

from onthefly_studio import __version__
from onthefly_studio.cache import Cache
from onthefly_studio.contract import CLASS_TONES, PROJECT_LIMITS, Fit, Precision
from onthefly_studio.errors import ConfigError, OnTheFlyError, SourceError
from onthefly_studio.graph.convert import convert
from onthefly_studio.graph.input_range import DEFAULT, InputRange
from onthefly_studio.pictures.open import open_picture
from onthefly_studio.project.embed import Embed, embed_readable, find_model
from onthefly_studio.project.folders import Found, LeftOut, is_picture, sort_out, unreadable
from onthefly_studio.project.format.model import Example, Head, Project
from onthefly_studio.project.format.schema import Backbone, Preprocess, ProjectClass, folder_of
from onthefly_studio.reference.head import Float32
from onthefly_studio.reference.preprocess import SIZE
from onthefly_studio.reference.training import HeadSettings, TrainingSet, run
from onthefly_studio.report import Reporter
from onthefly_studio.site import description
from onthefly_studio.sources import describe_backbone, obtain

CHUNK = 256
"""Pictures that are embedded at once: 150 MB of the backbone's inputs on the disk."""
PICTURE_QUALITY = 90
SPARE_BYTES = PROJECT_LIMITS.json_bytes
"""Kept free in a project for what describes it."""


@dataclass(frozen=True)
class Target:
    """The site that a project is made for, or would be built."""

    backbone: Backbone
    preprocess: Preprocess
    settings: HeadSettings
    model: Path
    """The folder with the backbone's files."""


def of_site(site: Path, *, cache: Cache, reporter: Reporter) -> Target:
    """The target that a built site is.

    Raises:
        ConfigError: the folder holds no site.
    """
    try:
        described = description.read(site)
        backbone = _project_backbone(described.backbone, described.model.hash, described.precision)
        preprocess = Preprocess.model_validate(described.preprocess.model_dump())
    except (ConfigError, ValidationError) as error:
        raise ConfigError(
            "The folder holds no site that can be read.",
            where=str(site),
            hint="Build it: onthefly build. Or give --backbone instead of --site.",
        ) from error
    model = find_model(backbone, cache=cache, reporter=reporter, site=site)
    return Target(backbone, preprocess, HeadSettings(**described.head.model_dump()), model)


def of_backbone(
    value: str,
    precision: Precision,
    fit: Fit,
    *,
    cache: Cache,
    reporter: Reporter,
    offline: bool,
    input_range: InputRange = DEFAULT,
) -> Target:
    """The target that `onthefly build` with this `--backbone` would make.

    Raises:
        OnTheFlyError: those of obtaining and converting it.
    """
    source = obtain(value, cache=cache, reporter=reporter, offline=offline, input_range=input_range)
    converted = convert(source, precision, cache=cache, reporter=reporter)
    described = description.Backbone.model_validate(describe_backbone(source, converted.features))
    backbone = _project_backbone(described, converted.model_hash, precision)
    return Target(backbone, Preprocess(size=SIZE, fit=fit), HeadSettings(), converted.folder)


def _project_backbone(site_s: description.Backbone, model_hash: str, precision: Precision) -> Backbone:
    given = {"name": site_s.name, "kind": site_s.kind, "sha256": site_s.sha256, "features": site_s.features}
    return Backbone.model_validate({**given, "modelHash": model_hash, "precision": precision})


def photographs(folder: Path) -> Found:
    """The pictures in a folder that has a folder for each class; see `folders`.

    Raises:
        ConfigError: there are fewer than two classes with pictures, or too many of either, or two that nobody
            can tell apart.
        SourceError: nothing in so many folders looks like a picture that can be read.
    """
    found = sort_out(folder)
    _require_two(found)
    count = len(found.pictures)
    if count > PROJECT_LIMITS.examples or len(found.classes) > PROJECT_LIMITS.classes:
        raise ConfigError(
            f"A project holds at most {PROJECT_LIMITS.examples:,} photos and "
            f"{PROJECT_LIMITS.classes:,} classes; there are {count:,} and {len(found.classes):,}.",
            where=str(folder),
            hint="Give fewer.",
        )
    # The backbone may have to be downloaded and converted: not for a folder of which nothing can be read.
    readable = (name for name, files in found.classes.items() if any(map(is_picture, files)))
    if len(list(itertools.islice(readable, 2))) < 2:
        _require_two(found.without(unreadable(found.pictures)))
    return found


def _require_two(found: Found) -> None:
    filled = sum(1 for files in found.classes.values() if files)
    if filled < 2:
        lines = [
            f"Training needs pictures of two or more classes; {filled} of {len(found.classes)} folders hold "
            "some.",
            *found.left_out.lines(),
        ]
        kind = SourceError if found.left_out.unreadable else ConfigError
        raise kind(
            "\n".join(lines),
            where=str(found.folder),
            hint="Give a folder with one folder of pictures per class, such as JPEG or PNG files.",
        )


def require_room(photos: int, settings: HeadSettings, bytes_so_far: int = 0) -> None:
    """Check that a project of so many photos can be read again.

    Raises:
        ConfigError: its training has too many steps, or it has too many bytes.
    """
    steps = settings.epochs * math.ceil(photos / settings.batch)
    if steps > PROJECT_LIMITS.steps:
        raise ConfigError(
            f"The training would take {steps:,} steps; a project holds at most {PROJECT_LIMITS.steps:,}.",
            where=f"--epochs {settings.epochs} --batch {settings.batch}",
            hint="Give fewer epochs or larger batches.",
        )
    if bytes_so_far + 4 * steps > PROJECT_LIMITS.total_bytes - SPARE_BYTES:
        raise ConfigError(
            f"The project would have more than {PROJECT_LIMITS.total_bytes:,} bytes, "
            "and could not be read again.",
            where=f"{photos:,} photos",
            hint="Give fewer photos.",
        )


def teach(
    found: Found, target: Target, settings: HeadSettings, embed: Embed, reporter: Reporter
) -> tuple[Project, LeftOut]:
    """Learn the photographs of each class and train the head on them.

    Args:
        found: see `photographs`.
        target: whose backbone it is.
        settings: of the training.
        embed: the backbone.
        reporter: told how far it is.

    Returns:
        The project, and what of the folder is not in it.

    Raises:
        SourceError: too few pictures can be read, or the training diverged.
    """
    learned = _learn(found, target.preprocess, embed, reporter)
    found = learned.found
    _require_two(found)
    names = list(found.classes)
    labels = np.array([label for label, files in enumerate(found.classes.values()) for _ in files], np.int64)
    head_bytes = 4 * settings.hidden * (target.backbone.features + len(names) + 1)
    picture_bytes = sum(map(len, learned.pictures))
    require_room(len(labels), settings, learned.features.nbytes + picture_bytes + head_bytes)
    reporter.step("train", f"the head on {len(labels)} pictures of {len(set(labels.tolist()))} classes")
    classes = [
        ProjectClass(id=f"c{i + 1}", name=name, tone=i % CLASS_TONES, folder=folder_of(name, i))
        for i, name in enumerate(names)
    ]
    taught = sorted(set(labels.tolist()))
    number = {label: i for i, label in enumerate(taught)}
    given = TrainingSet(learned.features, np.array([number[label] for label in labels.tolist()]), len(taught))
    done = run(given, settings)
    if not np.isfinite(done.losses).all():
        raise SourceError(
            "The training diverged: its losses are not finite.",
            where=f"--rate {settings.rate:g}",
            hint="Train with a lower rate.",
        )
    head = Head(
        weights=done.weights,
        classes=[classes[label].id for label in taught],
        settings=settings,
        examples=list(range(1, len(labels) + 1)),
        history=done.history,
        norms=done.norms,
        losses=np.array(done.losses, np.float32),
    )
    examples = [
        Example(i + 1, classes[label].id, picture)
        for i, (label, picture) in enumerate(zip(labels.tolist(), learned.pictures, strict=True))
    ]
    project = Project(
        generator=f"onthefly {__version__}",
        backbone=target.backbone,
        preprocess=target.preprocess,
        settings=settings,
        classes=classes,
        examples=examples,
        features=learned.features,
        head=head,
    )
    return project, found.left_out


@dataclass(frozen=True)
class _Learned:
    """The pictures that could be read, class by class."""

    found: Found
    features: Float32
    """`[n, F]`."""
    pictures: list[bytes]
    """What is kept of each: a small JPEG."""


def _learn(found: Found, preprocess: Preprocess, embed: Embed, reporter: Reporter) -> _Learned:
    """Read and embed the pictures, some at a time; what cannot be read is left out."""
    paths, parts, pictures = found.pictures, list[Float32](), list[bytes]()
    broken: dict[Path, OnTheFlyError] = {}
    for start in range(0, len(paths), CHUNK):
        chunk = paths[start : start + CHUNK]
        features, places, errors = embed_readable(chunk, embed)
        parts.append(features)
        pictures += [thumbnail(chunk[place], preprocess) for place in places]
        broken |= {chunk[place]: error for place, error in errors.items()}
        reporter.step("embed", f"{min(start + CHUNK, len(paths))} of {len(paths)} pictures")
    return _Learned(found.without(broken), np.concatenate(parts), pictures)


def thumbnail(path: Path, settings: Preprocess) -> bytes:
    """The square that is learned from, as a JPEG of the backbone's size: what the page keeps of a photo."""
    image = Image.fromarray(open_picture(path))
    if settings.fit == "crop":
        edge = min(image.size)
        left, top = (image.width - edge) // 2, (image.height - edge) // 2
        image = image.crop((left, top, left + edge, top + edge))
    buffer = io.BytesIO()
    size = (settings.size, settings.size)
    image.resize(size, Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=PICTURE_QUALITY)
    return buffer.getvalue()
