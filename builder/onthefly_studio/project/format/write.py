"""From a `Project` to the bytes of `project.zip`; the twin of `site_template/src/project/export.ts`."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import datetime, timezone
from typing import Any

import numpy as np

from onthefly_studio.contract import PROJECT_FORMAT, PROJECT_KIND, TENSORFLOW_JS
from onthefly_studio.project.format import schema
from onthefly_studio.project.format.archive import pack
from onthefly_studio.project.format.model import Head, Project
from onthefly_studio.project.format.schema import picture_path
from onthefly_studio.reference.head import NAMES, Float32

TM_VERSION = "2.4.10"
"""The version of Teachable Machine whose fields `metadata.json` carries."""


def write(project: Project, *, model_name: str, time_stamp: datetime) -> bytes:
    """The zip; the same project and time give the same bytes.

    Args:
        project: what to write.
        model_name: for `metadata.json`.
        time_stamp: the only time in the file.
    """
    folders = {each.id: each.folder for each in project.classes}
    files = {
        schema.FEATURES: _bytes(project.features),
        schema.METADATA: _json(metadata(project, model_name, time_stamp)),
    }
    if project.head:
        weights = b"".join(_bytes(getattr(project.head.weights, name)) for name in NAMES)
        files[schema.HEAD] = _json(_describe_head(project.head))
        files[schema.WEIGHTS] = weights
        files[schema.TRACE] = _bytes(project.head.losses)
    for example in project.examples:
        files[picture_path(folders[example.class_id], example.id)] = example.picture
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    described = _json(_describe(project, hashes))
    return pack([(schema.PROJECT, described), *sorted(files.items())])


def _describe(project: Project, files: dict[str, str]) -> dict[str, Any]:
    return {
        "format": PROJECT_FORMAT,
        "kind": PROJECT_KIND,
        "generator": project.generator,
        "backbone": project.backbone.model_dump(by_alias=True),
        "preprocess": project.preprocess.model_dump(),
        "settings": dataclasses.asdict(project.settings),
        "classes": [each.model_dump(exclude_defaults=True) for each in project.classes],
        "examples": [{"id": example.id, "class": example.class_id} for example in project.examples],
        "files": files,
    }


def _describe_head(head: Head) -> dict[str, Any]:
    return {
        "format": PROJECT_FORMAT,
        "classes": head.classes,
        "settings": dataclasses.asdict(head.settings),
        "shapes": {name: list(getattr(head.weights, name).shape) for name in NAMES},
        "examples": head.examples,
        "history": [dataclasses.asdict(epoch) for epoch in head.history],
        "norms": head.norms,
        "steps": len(head.losses),
    }


def metadata(project: Project, model_name: str, time_stamp: datetime) -> dict[str, Any]:
    """What Teachable Machine writes beside a model; the labels in the order of the head's outputs."""
    name, _, version = project.generator.partition(" ")
    moment = time_stamp.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return {
        "tfjsVersion": TENSORFLOW_JS,
        "tmVersion": TM_VERSION,
        "packageVersion": version,
        "packageName": name,
        "timeStamp": moment.replace("+00:00", "Z"),
        "userMetadata": {},
        "modelName": model_name,
        "labels": project.labels() if project.head else [each.name for each in project.classes],
        "imageSize": project.preprocess.size,
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _bytes(values: Float32) -> bytes:
    return np.ascontiguousarray(values, "<f4").tobytes()
