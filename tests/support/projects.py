"""A small project, and ways to change the file it is in."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from onthefly_studio.cache import sha256_tree
from onthefly_studio.contract import Precision
from onthefly_studio.graph.convert import Converted
from onthefly_studio.pipeline import Built
from onthefly_studio.project.format.model import Example, Head, Project
from onthefly_studio.project.format.schema import Backbone, Preprocess, ProjectClass, folder_of
from onthefly_studio.project.format.write import write
from onthefly_studio.reference.training import HeadSettings, TrainingSet, run
from tests import support
from tests.support import node

WIDTH, PER_CLASS = 48, 9
SETTINGS = HeadSettings(hidden=24, epochs=6, batch=5, rate=0.003, seed=11)
NAMES = {"c1": "Cup", "c2": "Hand", "c3": "Empty", "c4": "Bottle"}
TAUGHT = ("c1", "c2", "c4")
TRAINED = HeadSettings(hidden=32, epochs=4, batch=5, rate=0.002, seed=7)
"""Of a head on a real backbone."""
TIME = datetime(2024, 5, 6, 7, 8, 9, 10_000, tzinfo=timezone.utc)


def jpeg(seed: int = 0, size: tuple[int, int] = (16, 16)) -> bytes:
    """A small JPEG."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def project(
    settings: HeadSettings = SETTINGS, wide: bool = False, backbone: Backbone | None = None
) -> Project:
    """Three classes that can nearly be told apart, one without photos, and their head."""
    rng = np.random.default_rng(3)
    labels = np.tile(np.arange(len(TAUGHT)), PER_CLASS)  # one of each class in turn
    centres = rng.normal(size=(len(TAUGHT), WIDTH)) * 0.6
    features = np.maximum(centres[labels] + rng.normal(size=(len(labels), WIDTH)), -0.3).astype(np.float32)
    order = np.argsort(labels, kind="stable")
    done = run(TrainingSet(features[order], labels[order], len(TAUGHT)), settings, wide=wide)
    head = Head(
        weights=done.weights,
        classes=list(TAUGHT),
        settings=settings,
        examples=[int(i) + 1 for i in order],
        history=done.history,
        norms=done.norms,
        losses=np.array(done.losses, np.float32),
    )
    classes = [
        ProjectClass(id=class_id, name=name, tone=i, folder=folder_of(name, i))
        for i, (class_id, name) in enumerate(NAMES.items())
    ]
    return Project(
        generator="onthefly 0.1.0",
        backbone=backbone or some_backbone(),
        preprocess=Preprocess(size=224, fit="crop"),
        settings=settings,
        classes=classes,
        examples=[Example(i + 1, TAUGHT[label], jpeg(i)) for i, label in enumerate(labels)],
        features=features,
        head=head,
    )


def some_backbone(**changes: Any) -> Backbone:
    """A backbone that no machine has."""
    told = {
        "name": "MobileNetV3-Small 1.0",
        "kind": "hub",
        "sha256": "ab" * 32,
        "modelHash": "0123456789abcdef",
        "features": WIDTH,
        "precision": "float16",
    }
    return Backbone.model_validate({**told, **changes})


def save(path: Path, given: Project | None = None) -> Path:
    """Write a project to a file."""
    path.write_bytes(write(given or project(), model_name="Test", time_stamp=TIME))
    return path


def members(path: Path) -> dict[str, bytes]:
    """Every file in a zip."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """Write a zip of these files."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return path


Change = Callable[[Any], Any] | bytes | None


def alter(path: Path, changes: dict[str, Change], *, rehash: bool = True) -> Path:
    """Change files in place.

    Args:
        path: of the project.
        changes: by name: a function of the parsed JSON that changes it or returns another, new bytes, or
            None to remove the file.
        rehash: write the checksums anew, as somebody would who means to deceive.
    """
    files = members(path)
    for name, change in sorted(changes.items(), key=lambda item: item[0] == "project.json"):
        if change is None:
            del files[name]
        elif isinstance(change, bytes):
            files[name] = change
        else:
            told = json.loads(files[name])
            changed = change(told)
            files[name] = json.dumps(told if changed is None else changed).encode()
    if rehash and isinstance(described := json.loads(files["project.json"]), dict):
        described["files"] = {
            name: hashlib.sha256(contents).hexdigest()
            for name, contents in files.items()
            if name != "project.json" and name in described["files"]
        }
        files["project.json"] = json.dumps(described).encode()
    return pack(path, files)


def of_backbone(model: Converted, precision: Precision = "float16") -> Project:
    """A project whose head was trained on features of this backbone's width, about as large as its own."""
    width = model.features
    own = np.fromfile(model.folder / "golden.bin", "<f4").reshape(-1, width)
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(3), 6)
    features = (own[labels] * rng.uniform(0.5, 1.5, (18, width))).astype(np.float32)
    done = run(TrainingSet(features, labels, 3), TRAINED)
    given = project()
    hashed = sha256_tree(model.folder, model.model_files())[:16]
    head = Head(
        weights=done.weights,
        classes=["c1", "c2", "c4"],
        settings=TRAINED,
        examples=list(range(1, 19)),
        history=done.history,
        norms=done.norms,
        losses=np.array(done.losses, np.float32),
    )
    backbone = some_backbone(features=width, modelHash=hashed, precision=precision)
    examples = [Example(i + 1, head.classes[label], jpeg(i)) for i, label in enumerate(labels)]
    return replace(given, backbone=backbone, head=head, examples=examples, features=features)


def backbone_of(built: Built) -> Backbone:
    """As a project tells of the backbone of a site."""
    site = built.site.for_page()
    told = {key: site["backbone"][key] for key in ("name", "kind", "sha256", "features")}
    return Backbone.model_validate(
        {**told, "modelHash": site["model"]["hash"], "precision": site["precision"]}
    )


def put(place: str, value: Any) -> Callable[[Any], None]:
    """Set a value in JSON: `classes.0.name`."""

    def change(told: Any) -> None:
        *path, last = [int(part) if part.isdigit() else part for part in place.split(".")]
        for part in path:
            told = told[part]
        told[last] = value

    return change


def unpacked_by_the_page(files: list[Path]) -> list[dict[str, Any]]:
    """What the page's Import makes of each file; see `unpack.ts`."""
    names = "\n".join(map(str, files))
    return [json.loads(line) for line in node.run(support.FOLDER / "unpack.ts", read=names).splitlines()]
