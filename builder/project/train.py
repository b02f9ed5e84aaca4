"""From a folder of photographs to a project, by the reference: what an hour at the page would give."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydantic import ValidationError

from builder import __version__
from builder.backbone.convert import convert
from builder.backbone.input_range import DEFAULT, InputRange
from builder.backbone.obtain import obtain
from builder.backbone.precision import Precision
from builder.cache import Cache, sha256_tree
from builder.errors import ConfigError, SourceError
from builder.head.head import Float32
from builder.head.preprocess import SIZE, Fit
from builder.head.training import HeadSettings
from builder.project import schema
from builder.project.embed import Embed, find_model
from builder.project.model import Example, Head, Project
from builder.project.pictures import SUFFIXES, open_picture
from builder.project.run import TrainingSet, run
from builder.project.schema import Backbone, Preprocess, ProjectClass, folder_of, printable
from builder.report import Reporter

CHUNK = 256
"""Pictures that are embedded at once: 150 MB of the backbone's inputs on the disk."""
PICTURE_QUALITY = 90
TONES = 8


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
        told: dict[str, Any] = json.loads((site / "site.json").read_text("utf-8"))
        given = {key: told["backbone"][key] for key in ("name", "kind", "sha256", "features")}
        given |= {"modelHash": told["model"]["hash"], "precision": told["precision"]}
        backbone = Backbone.model_validate(given)
        preprocess = Preprocess.model_validate(told["preprocess"])
        settings = schema.Settings.model_validate(told["head"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise ConfigError(
            "The folder holds no site that can be read.",
            where=str(site),
            mend="Build it: onthefly build. Or give --backbone instead of --site.",
        ) from error
    model = find_model(backbone, cache=cache, reporter=reporter, site=site)
    return Target(backbone, preprocess, HeadSettings(**settings.model_dump()), model)


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
    from builder.pipeline import describe_backbone

    source = obtain(value, cache=cache, reporter=reporter, offline=offline, input_range=input_range)
    converted = convert(source, precision, cache=cache, reporter=reporter)
    said = describe_backbone(source, converted.features)
    given = {key: said[key] for key in ("name", "kind", "sha256", "features")}
    model_hash = sha256_tree(converted.folder, converted.model_files())[:16]
    backbone = Backbone.model_validate({**given, "modelHash": model_hash, "precision": precision})
    return Target(backbone, Preprocess(size=SIZE, fit=fit), HeadSettings(), converted.folder)


def photographs(folder: Path) -> dict[str, list[Path]]:
    """The pictures in a folder that has a folder for each class, by class, all in the order of their names.

    Raises:
        ConfigError: there are fewer than two classes with pictures, or too many of either.
    """
    if not folder.is_dir():
        raise ConfigError(
            "There is no such folder.", where=str(folder), mend="Give a folder with one folder per class."
        )
    found: dict[str, list[Path]] = {}
    for place in sorted(folder.iterdir()):
        if place.is_dir() and not place.name.startswith("."):
            files = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES)
            found[place.name] = [path for path in files if not path.name.startswith(".")]
    filled = sum(1 for files in found.values() if files)
    if filled < 2:
        raise ConfigError(
            f"Training takes pictures of two classes or more; {filled} of {len(found)} folders hold some.",
            where=str(folder),
            mend="Give a folder with one folder of pictures per class.",
        )
    count = sum(len(files) for files in found.values())
    if count > schema.EXAMPLES or len(found) > schema.CLASSES:
        raise ConfigError(
            f"A project holds at most {schema.EXAMPLES:,} photos and {schema.CLASSES:,} classes; there are "
            f"{count:,} and {len(found):,}.",
            where=str(folder),
            mend="Give fewer.",
        )
    return found


def teach(
    found: dict[str, list[Path]], target: Target, settings: HeadSettings, embed: Embed, reporter: Reporter
) -> Project:
    """Learn the photographs of each class and train the head on them.

    Args:
        found: see `photographs`.
        target: whose backbone it is.
        settings: of the training.
        embed: the backbone.
        reporter: told how far it is.

    Raises:
        SourceError: a picture cannot be read, or the training ran away.
    """
    names = list(found)
    paths = [path for files in found.values() for path in files]
    labels = np.array([label for label, files in enumerate(found.values()) for _ in files], np.int64)
    features = embedded(paths, embed, lambda done: reporter.step("embed", f"{done} of {len(paths)} pictures"))
    reporter.step("train", f"the head on {len(paths)} pictures of {len(set(labels.tolist()))} classes")
    classes = [
        ProjectClass(id=f"c{i + 1}", name=printable(name), tone=i % TONES, folder=folder_of(name, i))
        for i, name in enumerate(names)
    ]
    taught = sorted(set(labels.tolist()))
    number = {label: i for i, label in enumerate(taught)}
    given = TrainingSet(features, np.array([number[label] for label in labels.tolist()]), len(taught))
    done = run(given, settings)
    if not np.isfinite(done.losses).all():
        raise SourceError(
            "The training ran away: its losses are not finite.",
            where=f"--rate {settings.rate:g}",
            mend="Train with a lower rate.",
        )
    head = Head(
        weights=done.weights,
        classes=[classes[label].id for label in taught],
        settings=settings,
        examples=list(range(1, len(paths) + 1)),
        history=done.history,
        norms=done.norms,
        losses=np.array(done.losses, np.float32),
    )
    pictures = (thumbnail(path, target.preprocess) for path in paths)
    examples = [
        Example(i + 1, classes[label].id, picture)
        for i, (label, picture) in enumerate(zip(labels.tolist(), pictures, strict=True))
    ]
    return Project(
        generator=f"onthefly {__version__}",
        backbone=target.backbone,
        preprocess=target.preprocess,
        settings=settings,
        classes=classes,
        examples=examples,
        features=features,
        head=head,
    )


def embedded(paths: Sequence[Path], embed: Embed, tell: Callable[[int], None]) -> Float32:
    """Features of pictures, `[n, F]`, some at a time."""
    parts = []
    for start in range(0, len(paths), CHUNK):
        parts.append(embed(paths[start : start + CHUNK]))
        tell(min(start + CHUNK, len(paths)))
    return np.concatenate(parts)


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
